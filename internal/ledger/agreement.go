package ledger

import (
	"errors"
	"time"

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
	if proposer.Standing == Suspended {
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
		return nil, refuse("agreement_not_a_party", "the proposer is no party of the document")
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
	agency := c.agencies[party.Agency]
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
	if last.Document.Party(c.issuer()) == nil {
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
		Signatures: map[act.AgencyName]Signature{}, Suspended: map[act.AgencyName]Step{}, Withdrawn: map[act.AgencyName]Step{},
		Last: c.entry.Act.ID, chain: map[act.ID]bool{c.entry.Act.ID: true},
	}
	if c.agreements[document.ID] == nil {
		c.agreements[document.ID] = &Agreement{ID: document.ID}
	}
	all := c.agreements[document.ID]
	all.Revisions = append(all.Revisions, revision)
	c.revisions[digest] = revision
}

// party returns the revision that a step speaks of, for a signer who is a party
// and knew an act of its history.
func (c *cursor) party(p *act.AgreementStep) (*Revision, error) {
	if _, err := c.signer(); err != nil {
		return nil, err
	}
	revision := c.revisions[p.Agreement.Digest]
	if revision == nil || revision.Document.ID != p.Agreement.ID || revision.Document.Party(c.issuer()) == nil {
		return nil, refuse("agreement_unknown", "the signer has no such agreement")
	}
	if !revision.chain[p.Prev] {
		return nil, refuse("prev_unknown", "prev names no act of this agreement")
	}
	if revision.Terminated != nil && !c.now().Before(revision.Terminated.Effective) {
		return nil, refuse("agreement_terminated", "the agreement is terminated")
	}
	if revision.Document.Ended(c.now()) {
		return nil, refuse("agreement_ended", "the agreement has expired")
	}
	return revision, nil
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
	if _, gone := revision.Withdrawn[c.issuer()]; gone {
		return nil, refuse("agreement_withdrawn", "a party that has withdrawn does not sign again")
	}
	if _, signed := revision.Signatures[c.issuer()]; signed {
		return nil, refuse("agreement_signed", "the party has signed already")
	}
	if c.agencies[c.issuer()].Standing == Suspended {
		return nil, refuse("agency_suspended", "a suspended agency signs nothing new")
	}
	if revision.Terminated != nil {
		return nil, refuse("agreement_terminated", "notice of termination has been given")
	}
	return func() {
		revision.Signatures[c.issuer()] = Signature{Step: c.step, Key: c.entry.Act.KeyID.Thumbprint}
		if revision.Complete == nil && len(revision.Signatures) >= revision.Document.SignaturesNeeded() {
			complete := c.step
			revision.Complete = &complete
		}
		c.extendRevision(revision)
	}, nil
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
		return nil, refuse("agreement_withdrawn", "the party has withdrawn from the agreement")
	}
	return revision, nil
}

func (c *cursor) suspend(p *act.AgreementStep) (func(), error) {
	revision, err := c.signed(p)
	if err != nil {
		return nil, err
	}
	if _, already := revision.Suspended[c.issuer()]; already {
		return nil, refuse("agreement_suspended", "the party has suspended the agreement already")
	}
	return func() { revision.Suspended[c.issuer()] = c.step; c.extendRevision(revision) }, nil
}

func (c *cursor) resume(p *act.AgreementStep) (func(), error) {
	revision, err := c.signed(p)
	if err != nil {
		return nil, err
	}
	if _, own := revision.Suspended[c.issuer()]; !own {
		return nil, refuse("agreement_not_suspended", "a party resumes only what it suspended itself")
	}
	return func() { delete(revision.Suspended, c.issuer()); c.extendRevision(revision) }, nil
}

// afterNotice is the step with the moment from which it bites.
func (c *cursor) afterNotice(revision *Revision) Step {
	step := c.step
	step.Effective = c.now().Add(revision.Document.Notice())
	return step
}

func (c *cursor) withdraw(p *act.AgreementStep) (func(), error) {
	revision, err := c.signed(p)
	if err != nil {
		return nil, err
	}
	return func() {
		revision.Withdrawn[c.issuer()] = c.afterNotice(revision)
		// A suspension must not outlive the party that alone could end it.
		delete(revision.Suspended, c.issuer())
		c.extendRevision(revision)
	}, nil
}

func (c *cursor) terminate(p *act.AgreementStep) (func(), error) {
	revision, err := c.signed(p)
	if err != nil {
		return nil, err
	}
	if revision.Terminated != nil {
		return nil, refuse("agreement_terminated", "notice of termination has been given already")
	}
	return func() {
		step := c.afterNotice(revision)
		revision.Terminated = &step
		c.extendRevision(revision)
	}, nil
}

// StateName is the one word that people see for where an agreement stands.
type StateName string

// The states of an agreement revision.
const (
	Proposed   StateName = "proposed"
	Waiting    StateName = "waiting" // complete, before its window
	InForce    StateName = "in-force"
	Halted     StateName = "suspended"
	Terminated StateName = "terminated"
	Expired    StateName = "expired"
)

// RevisionStanding says where a revision stands at a moment, and what changes next by
// itself.
type RevisionStanding struct {
	State      StateName
	Since      act.ID    // the act that made it so, if one did
	NextState  StateName // what time alone will bring, if anything
	NextChange time.Time
}

// At returns where the revision stands at now.
func (r *Revision) At(now time.Time) RevisionStanding {
	begins := r.Document.EntryIntoForce.NotBefore.Time
	ends, ending := r.Document.Expires.Time, Expired
	if r.Terminated != nil && r.Terminated.Effective.Before(ends) {
		ends, ending = r.Terminated.Effective, Terminated
	}
	standing := RevisionStanding{Since: r.Last, NextState: ending, NextChange: ends}
	switch {
	case !now.Before(ends):
		standing.State, standing.NextState, standing.NextChange = ending, "", time.Time{}
	case r.Complete == nil || r.parties(now) < 2:
		standing.State = Proposed
		if r.Complete != nil {
			standing.State = Terminated // fewer than two parties are left
		}
	case now.Before(begins):
		standing.State, standing.NextState, standing.NextChange = Waiting, InForce, begins
	case len(r.Suspended) > 0:
		standing.State = Halted
	default:
		standing.State, standing.Since = InForce, r.Complete.Act
	}
	return standing
}

// parties counts the signatories that have not withdrawn at now.
func (r *Revision) parties(now time.Time) int {
	n := 0
	for name := range r.Signatures {
		if !r.gone(name, now) {
			n++
		}
	}
	return n
}

func (r *Revision) gone(name act.AgencyName, now time.Time) bool {
	step, withdrawn := r.Withdrawn[name]
	return withdrawn && !now.Before(step.Effective)
}

// Binds reports whether the agency has signed and has not withdrawn at now.
func (r *Revision) Binds(name act.AgencyName, now time.Time) bool {
	_, signed := r.Signatures[name]
	return signed && !r.gone(name, now)
}
