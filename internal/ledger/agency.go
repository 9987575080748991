package ledger

import (
	"github.com/concordat-hub/concordat/internal/act"
)

// enrol admits an agency once. A slug is never reused, also not by the same
// agency: a lost officer-sign key means another name and signing anew.
func (c *cursor) enrol(p *act.AgencyEnrol) (func(), error) {
	if c.agencies[p.Agency] != nil {
		return nil, refuse("agency_exists", "the name is taken, for ever")
	}
	proof, err := act.VerifyEnrolment([]byte(p.Proof), c.Genesis.Hub)
	if err != nil || proof.Issuer != p.Agency || proof.Keys != p.Keys {
		return nil, refuse("enrolment_proof_invalid", "the proof does not show that the desk holds exactly these keys")
	}
	agency := &Agency{
		Name: p.Agency, LegalName: p.LegalName, Kind: p.AgencyKind, Jurisdiction: p.Jurisdiction, Custody: p.Custody,
		Enrolled: c.entry.Index, Standing: Enrolled, Last: c.entry.Act.ID, chain: map[act.ID]bool{c.entry.Act.ID: true},
	}
	for _, first := range []struct {
		purpose act.Purpose
		jwk     act.JWK
	}{{act.OfficerSign, p.Keys.OfficerSign}, {act.DeskSign, p.Keys.DeskSign}, {act.WitnessSign, p.Keys.WitnessSign}} {
		public, err := first.jwk.PublicKey()
		if err != nil {
			return nil, err
		}
		key := Key{Purpose: first.purpose, Thumbprint: first.jwk.Thumbprint(), Public: public, Added: c.entry.Index}
		if _, taken := c.owners[key.Thumbprint]; taken || agency.key(key.Thumbprint) != nil {
			return nil, refuse("key_taken", "a key serves one agency for one purpose")
		}
		agency.Keys = append(agency.Keys, key)
	}
	return func() {
		c.agencies[agency.Name] = agency
		for _, key := range agency.Keys {
			c.owners[key.Thumbprint] = agency.Name
		}
	}, nil
}

// subject returns the agency of an act about standing or keys, having checked
// that the signer knew an act of its history: a hub that hides one is caught by
// the desks, which see a prev that they do not know.
func (c *cursor) subject(name act.AgencyName, prev act.ID) (*Agency, error) {
	agency := c.agencies[name]
	if agency == nil || agency.Standing == Offboarded {
		return nil, refuse("agency_not_enrolled", "the agency takes no part in this hub")
	}
	if !agency.chain[prev] {
		return nil, refuse("prev_unknown", "prev names no act about this agency")
	}
	return agency, nil
}

func (c *cursor) extend(agency *Agency) {
	agency.Last = c.entry.Act.ID
	agency.chain[c.entry.Act.ID] = true
}

func (c *cursor) standing(p *act.AgencyStanding, from, to Standing) (func(), error) {
	agency, err := c.subject(p.Agency, p.Prev)
	if err != nil {
		return nil, err
	}
	if agency.Standing != from {
		return nil, refuse("standing_unchanged", "the agency is %s", agency.Standing)
	}
	return func() { agency.Standing = to; c.extend(agency) }, nil
}

func (c *cursor) offboard(p *act.AgencyStanding) (func(), error) {
	agency, err := c.subject(p.Agency, p.Prev)
	if err != nil {
		return nil, err
	}
	return func() {
		index := c.entry.Index
		agency.Standing, agency.Left = Offboarded, &index
		c.extend(agency)
	}, nil
}

// keyAuthority enforces who speaks for a key: signing keys are officer-sign's to
// add and end, sealing identities desk-sign's.
func (c *cursor) keyAuthority(purpose act.Purpose) error {
	want := act.OfficerSign
	if purpose == act.Sealing {
		want = act.DeskSign
	}
	if c.entry.Act.KeyID.Purpose != want {
		return refuse("key_authority", "a %s key is added and ended by %s", purpose, want)
	}
	return nil
}

func (c *cursor) keyAdd(p *act.KeyAdd) (func(), error) {
	agency, err := c.subject(c.issuer(), p.Prev)
	if err != nil {
		return nil, err
	}
	if err := c.keyAuthority(p.Purpose); err != nil {
		return nil, err
	}
	if agency.Standing == Suspended {
		return nil, refuse("agency_suspended", "a suspended agency publishes no new key; it may end old ones")
	}
	key := Key{Purpose: p.Purpose, Thumbprint: p.Thumbprint(), Recipient: p.Recipient, Added: c.entry.Index}
	if p.Key != nil {
		if key.Public, err = p.Key.PublicKey(); err != nil {
			return nil, err
		}
	}
	if _, taken := c.owners[key.Thumbprint]; taken {
		return nil, refuse("key_taken", "a key serves one agency for one purpose, once")
	}
	return func() {
		agency.Keys = append(agency.Keys, key)
		c.owners[key.Thumbprint] = agency.Name
		c.extend(agency)
	}, nil
}

func (c *cursor) keyEnd(p *act.KeyEnd, revoke bool) (func(), error) {
	agency, err := c.subject(c.issuer(), p.Prev)
	if err != nil {
		return nil, err
	}
	if err := c.keyAuthority(p.Purpose); err != nil {
		return nil, err
	}
	key := agency.key(p.Thumbprint)
	switch {
	case key == nil || key.Purpose != p.Purpose:
		return nil, refuse("key_unknown", "the agency has no such key")
	case key.Revoked != nil, key.Retired != nil && !revoke:
		return nil, refuse("key_ended", "the key has ended already")
	case !revoke && p.Purpose == act.OfficerSign && len(agency.CurrentKeys(act.OfficerSign)) == 1:
		return nil, refuse("key_last", "retiring the last officer-sign key would leave nobody who can add another")
	}
	index := c.entry.Index
	return func() {
		if revoke {
			key.Revoked = &index
			c.voidSignatures(agency.Name, key.Thumbprint)
		} else {
			key.Retired = &index
		}
		c.extend(agency)
	}, nil
}

// voidSignatures takes back what a revoked key signed in agreements that were
// not complete yet. A complete agreement stands: a signature counts if its act
// comes before the revocation in the ledger.
func (c *cursor) voidSignatures(agency act.AgencyName, key act.Thumbprint) {
	for _, revision := range c.revisions {
		if signature, signed := revision.Signatures[agency]; signed && signature.Key == key && revision.Complete == nil {
			delete(revision.Signatures, agency)
			revision.Voided[agency] = c.step
		}
	}
}
