package ledger

import (
	"errors"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
)

// propose puts a document before its parties. All that the document says of
// keys and of this hub must be true in the ledger: a document with a stranger's
// thumbprint would let him sign for a party.
func (c *cursor) propose(p *act.AgreementPropose) (func(), error) {
	proposer, err := c.signer()
	if err != nil {
		return nil, err
	}
	if proposer.Standing == Suspended && !c.late() {
		return nil, refuse("agency_suspended", "a suspended agency proposes nothing new")
	}
	document, digest, err := agreement.Parse([]byte(p.Document))
	var wrong *agreement.Error
	if errors.As(err, &wrong) {
		return nil, refuse(wrong.Code, "the document is refused at %s", wrong.Place)
	} else if err != nil {
		return nil, refuse("document_malformed", "the document cannot be read")
	}
	switch {
	case document.Hub.ID != c.Genesis.Hub || document.Hub.LogKey != c.Genesis.LogKey || document.Hub.Registrar != c.Genesis.Registrar.Thumbprint():
		return nil, refuse("agreement_other_hub", "the document names another hub, or other keys of this one")
	case c.revisions[digest] != nil:
		return nil, refuse("agreement_exists", "exactly this document has been proposed before")
	case document.Party(c.issuer()) == nil:
		return nil, refuse("agreement_not_a_party", "the proposer is no party of the document (/parties)")
	case document.Ended(c.now()):
		return nil, refuse("agreement_ended", "the window of the document has ended already")
	}
	for _, party := range document.Parties {
		if err := c.partyKeys(party); err != nil {
			return nil, err
		}
	}
	if err := c.follows(document); err != nil {
		return nil, err
	}
	return func() { c.addRevision(document, digest, p.Document) }, nil
}

func (c *cursor) partyKeys(party agreement.Party) error {
	agency := c.agencyAt(party.Agency)
	if agency == nil || agency.Standing == Offboarded {
		return refuse("agreement_party_unknown", "the document names an agency that takes no part in this hub")
	}
	officer, desk := agency.key(party.OfficerSign), agency.key(party.DeskSign)
	if officer == nil || officer.Purpose != act.OfficerSign || officer.Revoked != nil ||
		desk == nil || desk.Purpose != act.DeskSign || desk.Revoked != nil {
		return refuse("agreement_key_unknown", "a thumbprint in the document is not that party's key")
	}
	return nil
}

// follows checks that a revision continues its agreement: numbers rise by one
// and the proposer was a party before. An outsider could otherwise take over an
// id, or bring an older text back.
func (c *cursor) follows(document *agreement.Document) error {
	existing := c.agreements[document.ID]
	if existing == nil {
		if document.Revision != 1 && !c.Partial {
			return refuse("revision_out_of_order", "the first revision of an agreement is 1")
		}
		return nil
	}
	last := existing.Revisions[len(existing.Revisions)-1]
	if last.Party(c.issuer()) == nil {
		return refuse("agreement_not_a_party", "only a party of the last revision proposes the next")
	}
	if document.Revision != last.Document.Revision+1 || document.Supersedes != last.Digest {
		return refuse("revision_out_of_order", "the next revision has the next number and supersedes the last")
	}
	return nil
}

func (c *cursor) addRevision(document *agreement.Document, digest, bytes string) {
	revision := &Revision{
		Document: document, Digest: digest, Bytes: bytes, Proposer: c.issuer(), Proposed: c.step,
		Signatures: map[act.AgencyName]Signature{}, Voided: map[act.AgencyName]Step{}, Declined: map[act.AgencyName]Step{},
		Suspended: map[act.AgencyName]Step{}, Stopped: map[PartySuspension]Step{}, Withdrawn: map[act.AgencyName]Step{},
		Invited: map[act.AgencyName]Step{}, Accessions: map[act.ID]*Accession{}, Joined: map[act.AgencyName]*Accession{},
		Last: c.entry.Act.ID, chain: map[act.ID]bool{c.entry.Act.ID: true},
	}
	if c.agreements[document.ID] == nil {
		c.agreements[document.ID] = &Agreement{
			ID: document.ID, opened: map[act.AgencyName][]*Release{}, given: map[act.AgencyName]map[string]bool{},
		}
	}
	all := c.agreements[document.ID]
	if n := len(all.Revisions); n > 0 && document.Schema == agreement.SchemaV2 && all.Revisions[n-1].Complete == nil {
		step := c.step
		all.Revisions[n-1].Countered = &step
	}
	all.Revisions = append(all.Revisions, revision)
	c.revisions[digest] = revision
}

// Signature is a party's consent.
type Signature struct {
	Step
	Key act.Thumbprint
}

// knows returns the revision that a step speaks of, for a signer who may know of
// it and knew an act of its history.
func (c *cursor) knows(p *act.AgreementStep) (*Revision, error) {
	if _, err := c.signer(); err != nil {
		return nil, err
	}
	revision := c.revisions[p.Agreement.Digest]
	if revision == nil || revision.Document.ID != p.Agreement.ID {
		return nil, refuse("agreement_unknown", "the signer has no such agreement")
	}
	if _, invited := revision.Invited[c.issuer()]; !invited && revision.Party(c.issuer()) == nil {
		return nil, refuse("agreement_unknown", "the signer has no such agreement")
	}
	if !revision.chain[p.Prev] {
		return nil, refuse("prev_unknown", "prev names no act of this agreement")
	}
	return revision, nil
}

// party is knows for a party of an agreement that has not ended.
func (c *cursor) party(p *act.AgreementStep) (*Revision, error) {
	revision, err := c.knows(p)
	if err != nil {
		return nil, err
	}
	switch {
	case revision.Party(c.issuer()) == nil:
		return nil, refuse("agreement_unknown", "the signer has no such agreement")
	case revision.Retracted != nil:
		return nil, refuse("agreement_retracted", "its proposer has taken the proposal back")
	case revision.Terminated != nil && !c.now().Before(revision.Terminated.Effective):
		return nil, refuse("agreement_terminated", "the agreement is terminated (/termination)")
	case revision.Document.Ended(c.now()):
		return nil, refuse("agreement_ended", "the agreement has expired (/expires)")
	}
	return revision, nil
}

// signed is party for the steps that only a signatory takes.
func (c *cursor) signed(p *act.AgreementStep) (*Revision, error) {
	revision, err := c.party(p)
	if err != nil {
		return nil, err
	}
	if _, signed := revision.Signatures[c.issuer()]; !signed {
		return nil, refuse("agreement_not_signed", "the party has not signed the agreement")
	}
	if _, gone := revision.Withdrawn[c.issuer()]; gone {
		return nil, refuse("agreement_withdrawn", "the party has withdrawn from the agreement (/termination)")
	}
	return revision, nil
}

// gives refuses an act that gives something from a signer who may give nothing:
// a suspended agency, or an office whose authority has lapsed. What takes away is
// never refused for that.
func (c *cursor) gives(revision *Revision) error {
	switch {
	case c.late():
		return nil
	case c.agencies[c.issuer()].Standing == Suspended:
		return refuse("agency_suspended", "a suspended agency signs nothing new")
	case c.AuthorityLapsed(revision, c.issuer(), c.now()):
		return refuse("authority_lapsed", "the authority of the signatory's office has ended (/parties/authority)")
	}
	return nil
}

func (c *cursor) extendRevision(revision *Revision) {
	revision.Last = c.entry.Act.ID
	revision.chain[c.entry.Act.ID] = true
}

func (c *cursor) sign(p *act.AgreementStep) (func(), error) {
	revision, err := c.party(p)
	if err != nil {
		return nil, err
	}
	if err := c.signable(revision); err != nil {
		return nil, err
	}
	if err := c.gives(revision); err != nil {
		return nil, err
	}
	return func() {
		c.dropFallen(revision)
		revision.Signatures[c.issuer()] = Signature{Step: c.step, Key: c.entry.Act.KeyID.Thumbprint}
		delete(revision.Voided, c.issuer())
		if revision.Complete == nil && len(revision.Signatures) >= revision.Document.SignaturesNeeded() {
			complete := c.step
			revision.Complete = &complete
		}
		c.extendRevision(revision)
	}, nil
}

func (c *cursor) signable(revision *Revision) error {
	// Who signs believes that it will bind.
	if revision.dead() {
		return refuse("agreement_declined", "so many have declined that the proposal can never be complete (/entryIntoForce)")
	}
	if _, gone := revision.Withdrawn[c.issuer()]; gone {
		return refuse("agreement_withdrawn", "a party that has withdrawn does not sign again (/termination)")
	}
	if _, signed := c.stands(revision, c.issuer()); signed {
		return refuse("agreement_signed", "the party has signed already")
	}
	if _, declined := revision.Declined[c.issuer()]; declined {
		return refuse("agreement_declined", "a party that has declined signs another revision or none")
	}
	switch {
	case revision.Terminated != nil:
		return refuse("agreement_terminated", "notice of termination has been given (/termination)")
	case revision.Complete != nil:
		return nil
	case revision.Countered != nil:
		return refuse("agreement_countered", "another revision was proposed before this one was complete")
	case revision.signByPassed(c.now()):
		return refuse("agreement_proposal_expired", "the time in which the proposal could be signed is over (/signBy)")
	}
	return nil
}

func (c *cursor) decline(p *act.AgreementStep) (func(), error) {
	revision, err := c.party(p)
	if err != nil {
		return nil, err
	}
	if err := c.proposal(revision); err != nil {
		return nil, err
	}
	if _, signed := c.stands(revision, c.issuer()); signed {
		return nil, refuse("agreement_signed", "the party has signed; before the agreement is in force the proposer can take it back")
	}
	if _, declined := revision.Declined[c.issuer()]; declined {
		return nil, refuse("agreement_declined", "the party has declined already")
	}
	return func() { revision.Declined[c.issuer()] = c.step; c.extendRevision(revision) }, nil
}

// proposal refuses what is only for a proposal that nobody is bound by yet.
func (c *cursor) proposal(revision *Revision) error {
	if revision.Complete != nil {
		return refuse("agreement_complete", "the agreement is complete; a party leaves it by withdrawal (/entryIntoForce)")
	}
	if revision.Countered != nil {
		return refuse("agreement_countered", "another revision was proposed before this one was complete")
	}
	return nil
}

func (c *cursor) retractProposal(p *act.AgreementStep) (func(), error) {
	revision, err := c.party(p)
	if err != nil {
		return nil, err
	}
	if err := c.proposal(revision); err != nil {
		return nil, err
	}
	if revision.Proposer != c.issuer() {
		return nil, refuse("agreement_not_proposer", "only the proposer takes a proposal back")
	}
	return func() { step := c.step; revision.Retracted = &step; c.extendRevision(revision) }, nil
}
