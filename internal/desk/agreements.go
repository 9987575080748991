package desk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/fingerprint"
	"github.com/concordat-hub/concordat/internal/ledger"
)

// Agreements lists the newest revision of every agreement of which this agency
// is a party, or which it is invited to join, by reference.
func (d *Desk) Agreements(ctx context.Context, o *Officer) ([]deskapi.AgreementSummary, error) {
	if err := o.need(ReadAgreements); err != nil {
		return nil, err
	}
	newest := map[string]*ledger.Revision{}
	out := []deskapi.AgreementSummary{}
	err := d.view(func(s *ledger.State, now time.Time) error {
		s.Revisions(func(r *ledger.Revision) {
			known := newest[r.Document.ID]
			if d.knows(r) && (known == nil || r.Document.Revision > known.Document.Revision) {
				newest[r.Document.ID] = r
			}
		})
		for _, r := range newest {
			out = append(out, d.summarise(r, now))
		}
		return nil
	})
	slices.SortFunc(out, func(a, b deskapi.AgreementSummary) int {
		return cmp.Or(cmp.Compare(a.Reference, b.Reference), cmp.Compare(a.ID, b.ID))
	})
	return out, err
}

func (d *Desk) summarise(r *ledger.Revision, now time.Time) deskapi.AgreementSummary {
	out := deskapi.AgreementSummary{
		ID: r.Document.ID, Reference: r.Document.Reference, Title: r.Document.Title, Revision: r.Document.Revision, Digest: r.Digest,
		Signed: []string{}, Pending: []string{},
	}
	d.summariseLife(&out, r, now)
	for _, party := range r.AllParties() {
		_, signed := r.Signatures[party.Agency]
		_, declined := r.Declined[party.Agency]
		switch {
		case signed:
			out.Signed = append(out.Signed, string(party.Agency))
		case !declined:
			out.Pending = append(out.Pending, string(party.Agency))
		}
	}
	return out
}

// Agreement returns one revision, by the agreement's id (the newest) or by the
// digest of the document, with everything that an officer reads before signing.
func (d *Desk) Agreement(ctx context.Context, o *Officer, lang, id, digest string) (deskapi.Agreement, error) {
	if err := o.need(ReadAgreements); err != nil {
		return deskapi.Agreement{}, err
	}
	var out deskapi.Agreement
	err := d.view(func(s *ledger.State, now time.Time) error {
		all := s.Agreement(id)
		if all == nil {
			return notFound
		}
		var chosen *ledger.Revision
		others := []string{}
		for _, r := range slices.Backward(all.Revisions) {
			switch {
			case !d.knows(r):
			case chosen == nil && (digest == "" || digest == r.Digest):
				chosen = r
			default:
				others = append(others, r.Digest)
			}
		}
		if chosen == nil {
			return notFound
		}
		out = d.describeAgreement(s, chosen, now)
		out.OtherDigest = others
		out.Outgoing = d.outgoingOf(s, lang, id)
		return nil
	})
	if err != nil {
		return deskapi.Agreement{}, err
	}
	return out, d.verbatim(ctx, out.Accessions)
}

func (d *Desk) describeAgreement(s *ledger.State, r *ledger.Revision, now time.Time) deskapi.Agreement {
	document := r.Document
	out := deskapi.Agreement{
		AgreementSummary: d.summarise(r, now), Document: r.Bytes, ProposedBy: string(r.Proposer), Index: r.Proposed.Index,
		Suspended: sortedNames(r.Suspended), Withdrawn: sortedNames(r.Withdrawn), Prev: string(r.Last),
		Hub: document.Hub.ID, LogKey: document.Hub.LogKey, Registrar: words(document.Hub.Registrar),
		HubIsOurs: document.Hub.ID == s.Genesis.Hub && document.Hub.LogKey == s.Genesis.LogKey &&
			document.Hub.Registrar == s.Genesis.Registrar.Thumbprint(),
	}
	for _, party := range r.AllParties() {
		out.Parties = append(out.Parties, describeParty(s, party))
		if !inForceKey(s, party.Agency, act.OfficerSign, party.OfficerSign) || !inForceKey(s, party.Agency, act.DeskSign, party.DeskSign) {
			out.KeysDiffer = true
		}
	}
	d.describeLife(&out, s, r, now)
	return out
}

func inForceKey(s *ledger.State, name act.AgencyName, purpose act.Purpose, thumbprint act.Thumbprint) bool {
	agency := s.Agency(name)
	return agency != nil && slices.ContainsFunc(agency.CurrentKeys(purpose), func(k ledger.Key) bool { return k.Thumbprint == thumbprint })
}

// describeParty shows the keys that the document names, with the public keys that
// the ledger has for them.
func describeParty(s *ledger.State, p *agreement.Party) deskapi.Party {
	out := deskapi.Party{
		Agency: string(p.Agency), LegalName: p.LegalName, Jurisdiction: p.Jurisdiction, Role: string(p.Role),
		OfficerSign: words(p.OfficerSign), DeskSign: words(p.DeskSign),
	}
	agency := s.Agency(p.Agency)
	if agency == nil {
		return out
	}
	for _, key := range agency.Keys {
		switch key.Thumbprint {
		case p.OfficerSign:
			out.OfficerSign = keyFingerprint(key)
		case p.DeskSign:
			out.DeskSign = keyFingerprint(key)
		}
	}
	return out
}

func keyFingerprint(key ledger.Key) deskapi.Fingerprint {
	out := words(key.Thumbprint)
	if key.Public != nil {
		out.PublicKey = act.NewJWK(key.Public).X
	}
	return out
}

func words(thumbprint act.Thumbprint) deskapi.Fingerprint {
	return deskapi.Fingerprint{Thumbprint: string(thumbprint), Words: fingerprint.Text(string(thumbprint))}
}

func sortedNames(steps map[act.AgencyName]ledger.Step) []string {
	out := []string{}
	for name := range steps {
		out = append(out, string(name))
	}
	slices.Sort(out)
	return out
}

// Describe says who this agency is at its hub, with fingerprints as words.
func (d *Desk) Describe(o *Officer) (deskapi.Agency, error) {
	if o == nil {
		return deskapi.Agency{}, refuse(CodeLoginRequired)
	}
	var out deskapi.Agency
	err := d.view(func(s *ledger.State, _ time.Time) error {
		agency := s.Agency(d.Agency)
		if agency == nil {
			return refuse(CodeNotEnrolled)
		}
		out = deskapi.Agency{
			Agency: string(d.Agency), LegalName: agency.LegalName, Kind: agency.Kind, Jurisdiction: agency.Jurisdiction, Standing: string(agency.Standing), Prev: string(agency.Last),
			OfficerSign: keyWords(agency, act.OfficerSign), DeskSign: keyWords(agency, act.DeskSign),
			WitnessSign: keyWords(agency, act.WitnessSign), Sealing: keyWords(agency, act.Sealing),
			Hub: s.Genesis.Hub, LogKey: s.Genesis.LogKey, Registrar: words(s.Genesis.Registrar.Thumbprint()),
		}
		if keys := agency.CurrentKeys(act.OfficerSign); len(keys) > 0 {
			out.OfficerKeyID = act.KeyID{Agency: d.Agency, Purpose: act.OfficerSign, Thumbprint: keys[0].Thumbprint}.String()
		}
		return nil
	})
	return out, err
}

func keyWords(agency *ledger.Agency, purpose act.Purpose) []deskapi.Fingerprint {
	out := []deskapi.Fingerprint{}
	for _, key := range agency.CurrentKeys(purpose) {
		out = append(out, keyFingerprint(key))
	}
	return out
}

// Relay passes an act on that an officer of this agency signed with officer-sign.
// The desk adds nothing to it and could not: what it checks here only spares the
// hub, and keeps one officer from sending an act in another's name. With the hub
// away, an act that takes something away waits here.
func (d *Desk) Relay(ctx context.Context, o *Officer, jws string) (deskapi.Appended, error) {
	if err := o.need(RelayActs); err != nil {
		return deskapi.Appended{}, err
	}
	var signed *act.Act
	err := d.view(func(s *ledger.State, _ time.Time) error {
		var err error
		signed, err = act.Verify([]byte(jws), s.Genesis.Hub, s)
		return err
	})
	var bad *act.Error
	if errors.As(err, &bad) {
		return deskapi.Appended{}, &Error{Code: CodeActRefused, Reason: bad.Code, cause: err}
	}
	if err != nil {
		return deskapi.Appended{}, err
	}
	if signed.KeyID.Agency != d.Agency || signed.KeyID.Purpose != act.OfficerSign {
		return deskapi.Appended{}, refuse(CodeActNotOwn)
	}
	if step, ok := act.StepOf(signed.Payload); ok && step.Officer != o.Name {
		return deskapi.Appended{}, refuse(CodeActNotOwn)
	}
	return d.pass(ctx, jws, signed.Kind)
}
