package ledger

import (
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
)

// StateName is the one word that people see for where an agreement stands.
type StateName string

// The states of an agreement revision.
const (
	Proposed      StateName = "proposed"
	Declined      StateName = "declined"  // too few are left who could sign
	Retracted     StateName = "retracted" // by its proposer
	Countered     StateName = "countered" // by another proposal
	Lapsed        StateName = "lapsed"    // not complete when the time to sign was over
	Waiting       StateName = "waiting"   // complete, before its window
	InForce       StateName = "in-force"
	ReviewOverdue StateName = "review-overdue" // nothing new, until it is reviewed
	Halted        StateName = "suspended"
	Terminated    StateName = "terminated"
	Expired       StateName = "expired"
)

// RevisionStanding says where a revision stands at a moment, and what changes next by
// itself.
type RevisionStanding struct {
	State      StateName
	Since      act.ID    // the act that made it so, if one did
	Clause     string    // the place in the document that made it so, if one did
	NextState  StateName // what time alone will bring, if anything
	NextChange time.Time
	NextClause string
}

// At returns where the revision stands at now.
func (r *Revision) At(now time.Time) RevisionStanding {
	standing := r.Stands(now)
	for _, moment := range r.moments(now) {
		if next := r.Stands(moment); next.State != standing.State {
			standing.NextState, standing.NextChange, standing.NextClause = next.State, moment, next.Clause
			break
		}
	}
	return standing
}

// moments are the instants after now at which time alone may change the state,
// earliest first.
func (r *Revision) moments(now time.Time) []time.Time {
	all := []time.Time{r.Document.End(), r.Document.EntryIntoForce.NotBefore.Time, r.Document.SignBy.Time, r.ReviewDue()}
	if r.Terminated != nil {
		all = append(all, r.Terminated.Effective)
	}
	for _, step := range r.Suspended {
		all = append(all, step.Effective, step.Until)
	}
	for _, step := range r.Withdrawn {
		all = append(all, step.Effective)
	}
	all = slices.DeleteFunc(all, func(t time.Time) bool { return t.IsZero() || !t.After(now) })
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// Stands is At without what comes next.
func (r *Revision) Stands(now time.Time) RevisionStanding {
	ends, ended := r.Document.End(), RevisionStanding{State: Expired, Since: r.Last, Clause: "/expires"}
	if r.Terminated != nil && r.Terminated.Effective.Before(ends) {
		ends, ended = r.Terminated.Effective, RevisionStanding{State: Terminated, Since: r.Terminated.Act}
	}
	switch {
	case r.Complete == nil && r.Retracted != nil:
		return RevisionStanding{State: Retracted, Since: r.Retracted.Act}
	case !now.Before(ends):
		return ended
	case r.Complete == nil:
		return r.standsIncomplete(now)
	case r.bound(now) < 2:
		return RevisionStanding{State: Terminated, Since: r.Last, Clause: "/parties"}
	case !r.Document.Begins(now):
		return RevisionStanding{State: Waiting, Since: r.Complete.Act, Clause: "/entryIntoForce/notBefore"}
	}
	if step, halted := r.halted(now); halted {
		return RevisionStanding{State: Halted, Since: step.Act, Clause: "/suspension"}
	}
	if r.ReviewOverdue(now) {
		switch r.Document.Review.OnOverdue {
		case "freeze-new":
			return RevisionStanding{State: ReviewOverdue, Since: r.Complete.Act, Clause: "/review/onOverdue"}
		case "suspend":
			return RevisionStanding{State: Halted, Since: r.Complete.Act, Clause: "/review/onOverdue"}
		}
	}
	return RevisionStanding{State: InForce, Since: r.Complete.Act, Clause: "/entryIntoForce"}
}

func (r *Revision) standsIncomplete(now time.Time) RevisionStanding {
	last := RevisionStanding{State: Proposed, Since: r.Last, Clause: "/entryIntoForce"}
	switch {
	case r.dead():
		last.State = Declined
	case r.Countered != nil:
		last.State, last.Since = Countered, r.Countered.Act
	case r.signByPassed(now):
		last.State, last.Clause = Lapsed, "/signBy"
	}
	return last
}

// dead reports whether so many have declined a proposal that those who are left can
// never complete it.
func (r *Revision) dead() bool {
	return r.Complete == nil && len(r.Document.Parties)-len(r.Declined) < r.Document.SignaturesNeeded()
}

func (r *Revision) signByPassed(now time.Time) bool {
	by := r.Document.SignBy
	return !by.IsZero() && !now.Before(by.Time)
}

// Ended reports whether the revision has ended for the agency at now, and when:
// for all, or by the agency's own withdrawal.
func (r *Revision) Ended(name act.AgencyName, now time.Time) (time.Time, bool) {
	ends := r.Document.End()
	if r.Terminated != nil && r.Terminated.Effective.Before(ends) {
		ends = r.Terminated.Effective
	}
	if step, withdrawn := r.Withdrawn[name]; withdrawn && step.Effective.Before(ends) {
		ends = step.Effective
	}
	if r.Complete != nil {
		// With fewer than two parties left there is no agreement any more.
		for _, step := range r.Withdrawn {
			if step.Effective.Before(ends) && r.bound(step.Effective) < 2 {
				ends = step.Effective
			}
		}
	}
	return ends, !now.Before(ends)
}
