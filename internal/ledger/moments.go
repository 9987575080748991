package ledger

import (
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
)

// Since returns from when the revision's state at now has been so. In force means
// since it entered into force: a suspension that is over does not begin it anew.
func (r *Revision) Since(now time.Time) time.Time {
	standing := r.Stands(now)
	switch standing.State {
	case Retracted:
		return r.Retracted.Time
	case Countered:
		return r.Countered.Time
	case Declined:
		return r.hopeless()
	case Lapsed:
		return r.Document.SignBy.Time
	case Waiting:
		return r.Complete.Time
	case InForce:
		return r.begun()
	case ReviewOverdue:
		return later(r.ReviewDue(), r.begun())
	case Halted:
		if step, halted := r.halted(now); halted {
			return later(step.Effective, r.begun())
		}
		return later(r.ReviewDue(), r.begun())
	case Terminated:
		return r.terminated()
	case Expired:
		return r.Document.End()
	}
	return r.Proposed.Time
}

// begun is when a complete revision entered into force.
func (r *Revision) begun() time.Time {
	return later(r.Complete.Time, r.Document.EntryIntoForce.NotBefore.Time)
}

// hopeless is when so many had declined that the rest were too few.
func (r *Revision) hopeless() time.Time {
	var times []time.Time
	for _, step := range r.Declined {
		times = append(times, step.Time)
	}
	slices.SortFunc(times, time.Time.Compare)
	return times[len(r.Document.Parties)-r.Document.SignaturesNeeded()]
}

// terminated is when notice of termination took effect, or when a withdrawal left
// fewer than two parties.
func (r *Revision) terminated() time.Time {
	var ends time.Time
	if r.Terminated != nil {
		ends = r.Terminated.Effective
	}
	if r.Complete == nil {
		return ends
	}
	for _, step := range r.Withdrawn {
		if r.bound(step.Effective) < 2 && (ends.IsZero() || step.Effective.Before(ends)) {
			ends = step.Effective
		}
	}
	return ends
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// StoppedBy returns, in their order, who has suspended the agency's part at now.
func (r *Revision) StoppedBy(name act.AgencyName, now time.Time) []act.AgencyName {
	var by []act.AgencyName
	for which, step := range r.Stopped {
		if which.Agency == name && step.Bites(now) {
			by = append(by, which.By)
		}
	}
	slices.Sort(by)
	return by
}

// HaltedBy returns, in their order, who has suspended the whole at now.
func (r *Revision) HaltedBy(now time.Time) []act.AgencyName {
	var by []act.AgencyName
	for name, step := range r.Suspended {
		if step.Bites(now) {
			by = append(by, name)
		}
	}
	slices.Sort(by)
	return by
}

// NextMoment returns the next instant after now at which time alone may change
// what anybody may do under the revision, for all or for one party; the zero time
// means never.
func (r *Revision) NextMoment(now time.Time) time.Time {
	var next time.Time
	if moments := r.moments(now); len(moments) > 0 {
		next = moments[0]
	}
	consider := func(at time.Time) {
		if at.After(now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	for _, step := range r.Stopped {
		consider(step.Effective)
		consider(step.Until)
	}
	for _, party := range r.AllParties() {
		if party.Authority != nil {
			consider(party.Authority.Until.Time)
		}
	}
	return next
}
