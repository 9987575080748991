package ledger

import (
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
)

// Revision is one document and what its parties did with it.
type Revision struct {
	Document   *agreement.Document
	Digest     string
	Bytes      string
	Proposer   act.AgencyName
	Proposed   Step
	Signatures map[act.AgencyName]Signature
	Voided     map[act.AgencyName]Step // signatures that fell with their key before the document was complete
	Declined   map[act.AgencyName]Step
	Retracted  *Step // the proposer took the proposal back
	Countered  *Step // another revision was proposed before this one was complete
	Complete   *Step // the signature that completed the rule
	Suspended  map[act.AgencyName]Step
	Stopped    map[PartySuspension]Step // suspensions of one party, by the party and who asked for it
	Withdrawn  map[act.AgencyName]Step  // Effective says from when
	Terminated *Step
	Reviewed   *Step // the last review
	Invited    map[act.AgencyName]Step
	Accessions map[act.ID]*Accession
	Joined     map[act.AgencyName]*Accession // those that were accepted

	Last  act.ID // the last act of this revision: the next one's prev
	chain map[act.ID]bool
}

// PartySuspension names a suspension of one party: whose part stops, and by whom.
type PartySuspension struct {
	Agency, By act.AgencyName
}

// Accession is an agency's consent to join, and who has countersigned it.
type Accession struct {
	Step
	Party         *agreement.Party
	Commitment    *agreement.Commitment
	Key           act.Thumbprint
	Countersigned map[act.AgencyName]Step
	Accepted      *Step // the countersignature that satisfied the rule
}

// Party returns the party, of the document or acceded, or nil.
func (r *Revision) Party(name act.AgencyName) *agreement.Party {
	if party := r.Document.Party(name); party != nil {
		return party
	}
	if joined := r.Joined[name]; joined != nil {
		return joined.Party
	}
	return nil
}

// Commitment returns what the party undertakes, by the document or by its accession;
// nil if nobody asked it: the document is of schema v1, or it is no party.
func (r *Revision) Commitment(name act.AgencyName) *agreement.Commitment {
	if commitment := r.Document.Commitment(name); commitment != nil {
		return commitment
	}
	if joined := r.Joined[name]; joined != nil {
		return joined.Commitment
	}
	return nil
}

// AllParties returns the parties of the document, in its order, and then those that
// acceded, in the order in which they were accepted.
func (r *Revision) AllParties() []*agreement.Party {
	parties := make([]*agreement.Party, 0, len(r.Document.Parties)+len(r.Joined))
	for i := range r.Document.Parties {
		parties = append(parties, &r.Document.Parties[i])
	}
	joined := make([]*Accession, 0, len(r.Joined))
	for _, accession := range r.Joined {
		joined = append(joined, accession)
	}
	slices.SortFunc(joined, func(a, b *Accession) int { return int(a.Accepted.Index) - int(b.Accepted.Index) })
	for _, accession := range joined {
		parties = append(parties, accession.Party)
	}
	return parties
}

// Audience returns whom the acts of this revision concern: its parties and those
// who are invited to become one.
func (r *Revision) Audience() []act.AgencyName {
	var names []act.AgencyName
	for _, party := range r.AllParties() {
		names = append(names, party.Agency)
	}
	for name := range r.Invited {
		if r.Party(name) == nil {
			names = append(names, name)
		}
	}
	return names
}

// Sees reports whether releases after this index are the agency's to see: an
// agency that acceded sees what was released after it was accepted.
func (r *Revision) Sees(name act.AgencyName, index uint64) bool {
	joined := r.Joined[name]
	return joined == nil || index > joined.Accepted.Index
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

// bound counts the signatories that have not withdrawn at now.
func (r *Revision) bound(now time.Time) int {
	n := 0
	for name := range r.Signatures {
		if !r.gone(name, now) {
			n++
		}
	}
	return n
}

// PartySuspended returns the suspension that stops an agency's part at now, the
// earliest if there are several.
func (r *Revision) PartySuspended(name act.AgencyName, now time.Time) (Step, bool) {
	var found Step
	for which, step := range r.Stopped {
		if which.Agency == name && step.Bites(now) && (found.Act == "" || step.Index < found.Index) {
			found = step
		}
	}
	return found, found.Act != ""
}

// halted returns the suspension of the whole that bites at now, the earliest if
// there are several.
func (r *Revision) halted(now time.Time) (Step, bool) {
	var found Step
	for _, step := range r.Suspended {
		if step.Bites(now) && (found.Act == "" || step.Index < found.Index) {
			found = step
		}
	}
	return found, found.Act != ""
}

// Halted reports whether a suspension of the whole bites at now, also after the end.
func (r *Revision) Halted(now time.Time) bool {
	_, halted := r.halted(now)
	return halted
}

// ReviewDue returns when the next review is due; the zero time means never.
func (r *Revision) ReviewDue() time.Time {
	interval := r.Document.ReviewInterval()
	switch {
	case interval == 0 || r.Complete == nil:
		return time.Time{}
	case r.Reviewed != nil:
		return r.Reviewed.Time.Add(interval)
	case !r.Document.Review.First.IsZero():
		return r.Document.Review.First.Time
	}
	return r.Complete.Time.Add(interval)
}

// ReviewOverdue reports whether a review is due and has not been signed.
func (r *Revision) ReviewOverdue(now time.Time) bool {
	due := r.ReviewDue()
	return !due.IsZero() && !now.Before(due)
}

// AuthorityLapsed reports whether nobody may sign for the party at now: its
// office's authority has ended, or it has no officer-sign key in force. What it
// signed before stands, and it may still suspend, withdraw and end.
func (s *State) AuthorityLapsed(r *Revision, name act.AgencyName, now time.Time) bool {
	party := r.Party(name)
	if party == nil || r.Document.Schema != agreement.SchemaV2 {
		return false
	}
	if party.Authority != nil && !party.Authority.Until.IsZero() && !now.Before(party.Authority.Until.Time) {
		return true
	}
	agency := s.agencies[name]
	return agency == nil || len(agency.CurrentKeys(act.OfficerSign)) == 0
}

// Governing returns the newest revision of the agreement that is complete, has
// begun and binds both agencies at now, or nil. A later treaty governs between
// those who are parties to both (Vienna Convention on the Law of Treaties,
// Articles 30(4) and 40(4)).
func (a *Agreement) Governing(one, other act.AgencyName, now time.Time) *Revision {
	for _, revision := range slices.Backward(a.Revisions) {
		if revision.Complete != nil && revision.Document.Begins(now) && revision.Binds(one, now) && revision.Binds(other, now) {
			return revision
		}
	}
	return nil
}
