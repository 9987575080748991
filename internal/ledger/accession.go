package ledger

import (
	"errors"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
)

// invite shows an agreement that is open to accession to an agency that could
// join it. Until then the text is nobody's but the parties'.
func (c *cursor) invite(p *act.AgreementInvite) (func(), error) {
	revision, err := c.signed(&p.AgreementStep)
	if err != nil {
		return nil, err
	}
	if revision.Document.Accession != "open" || revision.Document.AccessionRule == nil {
		return nil, refuse("agreement_not_open", "the agreement is closed to accession (/accession)")
	}
	if revision.Complete == nil {
		return nil, refuse("agreement_not_complete", "nobody accedes before the agreement is complete (/entryIntoForce)")
	}
	invited := c.agencyAt(p.Agency)
	if invited == nil || invited.Standing != Enrolled && !c.late() {
		return nil, refuse("agreement_party_unknown", "the invited agency takes no part in this hub")
	}
	if _, already := revision.Invited[p.Agency]; already || revision.Party(p.Agency) != nil {
		return nil, refuse("agreement_invited", "the agency is a party or invited already")
	}
	for _, newer := range c.agreements[revision.Document.ID].Revisions {
		// An older text would be a step back for who has a newer one before it.
		if _, known := newer.Invited[p.Agency]; newer.Document.Revision > revision.Document.Revision && (known || newer.Party(p.Agency) != nil) {
			return nil, refuse("agreement_invited", "the agency is a party of a newer revision, or invited to it")
		}
	}
	if err := c.gives(revision); err != nil {
		return nil, err
	}
	return func() { revision.Invited[p.Agency] = c.step; c.extendRevision(revision) }, nil
}

// accede is the joiner's consent to exactly the bytes that the others signed. Its
// party member names its own keys, and its commitment what it gives and receives: the
// others vouch for both by countersigning.
func (c *cursor) accede(p *act.AgreementAccede) (func(), error) {
	revision, err := c.knows(&p.AgreementStep)
	if err != nil {
		return nil, err
	}
	if _, invited := revision.Invited[c.issuer()]; !invited {
		return nil, refuse("agreement_not_invited", "the agency has not been invited (/accession)")
	}
	if revision.Party(c.issuer()) != nil {
		return nil, refuse("agreement_signed", "the agency is a party already")
	}
	for _, accession := range revision.Accessions {
		if accession.Party.Agency == c.issuer() {
			return nil, refuse("agreement_signed", "the agency has acceded already and waits for countersignatures (/accessionRule)")
		}
	}
	switch stands := revision.Stands(c.now()); stands.State {
	case InForce, Waiting:
	default:
		return nil, refuse("agreement_not_in_force", "nobody accedes while the agreement is not in force (%s)", stands.Clause)
	}
	party, err := c.joiner(revision, p.Party)
	if err != nil {
		return nil, err
	}
	commitment, err := c.undertakes(revision, party, p.Commitment)
	if err != nil {
		return nil, err
	}
	if c.agencies[c.issuer()].Standing == Suspended && !c.late() {
		return nil, refuse("agency_suspended", "a suspended agency signs nothing new")
	}
	accession := &Accession{Step: c.step, Party: party, Commitment: commitment, Key: c.entry.Act.KeyID.Thumbprint, Countersigned: map[act.AgencyName]Step{}}
	return func() { revision.Accessions[c.entry.Act.ID] = accession; c.extendRevision(revision) }, nil
}

// joiner reads the party that the signer says it becomes, and holds it against the
// document, the other parties and the signer's own keys.
func (c *cursor) joiner(revision *Revision, raw string) (*agreement.Party, error) {
	party, err := agreement.ParseParty([]byte(raw))
	var wrong *agreement.Error
	if errors.As(err, &wrong) {
		return nil, refuse(wrong.Code, "the party is refused at %s", wrong.Place)
	} else if err != nil {
		return nil, refuse("party_malformed", "the party cannot be read")
	}
	if party.Agency != c.issuer() {
		return nil, refuse("agreement_not_a_party", "an agency accedes for itself only")
	}
	if a := party.Authority; a != nil && !a.Until.IsZero() && !c.now().Before(a.Until.Time) {
		return nil, refuse("authority_lapsed", "the authority of the signatory's office has ended (/parties/authority)")
	}
	acceded := make([]*agreement.Party, 0, len(revision.Joined))
	for _, joined := range revision.Joined {
		acceded = append(acceded, joined.Party)
	}
	if err := revision.Document.Admits(party, acceded...); errors.As(err, &wrong) {
		return nil, refuse(wrong.Code, "the party is refused at %s", wrong.Place)
	} else if err != nil {
		return nil, refuse("party_malformed", "the party cannot be read")
	}
	if err := c.partyKeys(*party); err != nil {
		return nil, err
	}
	return party, nil
}

// undertakes reads what the signer gives and receives as the party that it becomes.
func (c *cursor) undertakes(revision *Revision, party *agreement.Party, raw string) (*agreement.Commitment, error) {
	commitment, err := agreement.ParseCommitment([]byte(raw))
	if err == nil {
		err = revision.Document.AdmitsCommitment(party, commitment)
	}
	var wrong *agreement.Error
	if errors.As(err, &wrong) {
		return nil, refuse(wrong.Code, "the commitment is refused at %s", wrong.Place)
	} else if err != nil {
		return nil, refuse("commitment_malformed", "the commitment cannot be read")
	}
	return commitment, nil
}

// countersign accepts an accession for the signer, and for all once the rule is
// satisfied: from that entry on the joiner is a party.
func (c *cursor) countersign(p *act.AgreementCountersign) (func(), error) {
	revision, err := c.signed(&p.AgreementStep)
	if err != nil {
		return nil, err
	}
	accession := revision.Accessions[p.Accession]
	switch {
	case accession == nil:
		return nil, refuse("accession_unknown", "there is no such accession")
	case accession.Accepted != nil:
		return nil, refuse("accession_accepted", "the accession is accepted already")
	}
	if _, already := accession.Countersigned[c.issuer()]; already {
		return nil, refuse("agreement_signed", "the party has countersigned already")
	}
	rule := revision.Document.AccessionRule
	if rule.Rule == "depositary" && rule.Depositary != c.issuer() {
		return nil, refuse("accession_depositary", "only the depositary countersigns (/accessionRule/depositary)")
	}
	if err := c.gives(revision); err != nil {
		return nil, err
	}
	return func() {
		accession.Countersigned[c.issuer()] = c.step
		if c.satisfied(revision, accession) {
			step := c.step
			accession.Accepted = &step
			revision.Joined[accession.Party.Agency] = accession
			joined := accession.Step
			joined.Effective = c.now()
			revision.Signatures[accession.Party.Agency] = Signature{Step: joined, Key: accession.Key}
		}
		c.extendRevision(revision)
	}, nil
}

func (c *cursor) satisfied(revision *Revision, accession *Accession) bool {
	n, all := 0, 0
	for name := range revision.Signatures {
		// Who has given notice has no say any more, and nobody waits for it.
		if _, leaves := revision.Withdrawn[name]; leaves {
			continue
		}
		all++
		if _, countersigned := accession.Countersigned[name]; countersigned {
			n++
		}
	}
	switch revision.Document.AccessionRule.Rule {
	case "unanimity":
		return n == all
	case "majority":
		return 2*n > all
	}
	return true // the depositary has countersigned, and nobody else could
}
