package policy

import (
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
)

// inForce returns nil exactly if something new may happen under the revision at
// now: every signature that its rule asks for over the same bytes, inside the
// window, reviewed when it had to be, and nothing later that suspends or ends it.
func inForce(revision *ledger.Revision, now time.Time) *Decision {
	at := revision.Stands(now)
	switch at.State {
	case ledger.InForce:
		return nil
	case ledger.Waiting:
		return refused(AgreementNotYet, revision.Digest, at.Clause)
	case ledger.ReviewOverdue:
		return refused(ReviewOverdue, revision.Digest, at.Clause)
	case ledger.Halted:
		if at.Clause == "/review/onOverdue" {
			return refused(ReviewOverdue, revision.Digest, at.Clause)
		}
		return refused(AgreementSuspended, string(at.Since))
	case ledger.Expired:
		return refused(AgreementExpired, revision.Digest, at.Clause)
	case ledger.Terminated:
		return refused(AgreementTerminated, string(at.Since))
	}
	return refused(AgreementNotSigned, revision.Digest)
}

// readable is inForce for what was released before: a review that is overdue
// freezes only what is new, and a suspension stops reading unless the agreement
// says that it goes on for what came before the suspension.
func readable(revision *ledger.Revision, released, now time.Time) *Decision {
	no := inForce(revision, now)
	switch {
	case no == nil || revision.Stands(now).State == ledger.ReviewOverdue:
		return nil
	case no.Reason == AgreementSuspended && wholeStopped(revision, released, now) == nil:
		// A suspension that lets reading go on lifts no other.
		return reviewStops(revision, now)
	}
	return no
}

// wholeStopped says that a suspension of the whole stops reading what was
// released then.
func wholeStopped(revision *ledger.Revision, released, now time.Time) *Decision {
	for _, step := range revision.Suspended {
		if step.Bites(now) && !goesOn(revision, step, released) {
			return refused(AgreementSuspended, string(step.Act))
		}
	}
	return nil
}

// partStopped is wholeStopped for the suspensions of one party.
func partStopped(revision *ledger.Revision, name act.AgencyName, released, now time.Time) *Decision {
	for which, step := range revision.Stopped {
		if which.Agency == name && step.Bites(now) && !goesOn(revision, step, released) {
			return refused(PartySuspended, string(step.Act))
		}
	}
	return nil
}

// goesOn reports whether what was released then is read on in spite of a
// suspension that bites: only what came before it.
func goesOn(revision *ledger.Revision, step ledger.Step, released time.Time) bool {
	return revision.Document.ReadingContinues() && released.Before(step.Effective)
}

// reviewStops says that everything stops for a review that is overdue.
func reviewStops(revision *ledger.Revision, now time.Time) *Decision {
	if revision.ReviewOverdue(now) && revision.Document.Review.OnOverdue == "suspend" {
		return refused(ReviewOverdue, revision.Digest, "/review/onOverdue")
	}
	return nil
}

// notBound says why the agency is not bound by the revision.
func notBound(revision *ledger.Revision, name act.AgencyName) *Decision {
	if step, gone := revision.Withdrawn[name]; gone {
		return refused(AgreementWithdrawn, string(step.Act))
	}
	return refused(AgreementNotSigned, revision.Digest)
}

// stopped says that the agency's own part is suspended.
func stopped(revision *ledger.Revision, name act.AgencyName, now time.Time) *Decision {
	if step, is := revision.PartySuspended(name, now); is {
		return refused(PartySuspended, string(step.Act))
	}
	return nil
}

// mayReceive asks of an agency that it is a party which this revision binds and
// whose role lets it receive.
func mayReceive(s *ledger.State, revision *ledger.Revision, name act.AgencyName, now time.Time) *Decision {
	party := revision.Party(name)
	switch {
	case party == nil:
		return refused(NotAParty, revision.Digest)
	case !revision.Binds(name, now):
		return notBound(revision, name)
	case !party.MayReceiveCovers():
		return refused(RoleForbids, revision.Digest, string(party.Role))
	}
	return standing(s, name)
}

// governing returns the revision by whose life what was released under revision
// is judged between two agencies: itself, or a newer one that binds both. Its
// terms stay those under which it was released.
func governing(s *ledger.State, revision *ledger.Revision, one, other act.AgencyName, now time.Time) *ledger.Revision {
	newest := s.Agreement(revision.Document.ID).Governing(one, other, now)
	if newest == nil || newest.Document.Revision <= revision.Document.Revision {
		return revision
	}
	return newest
}

// lives says why what was released under a revision cannot be read any more
// between its publisher and a reader, or nil.
func lives(s *ledger.State, release *ledger.Release, reader act.AgencyName, now time.Time) *Decision {
	revision, publisher := release.Revision, release.Item.Publisher
	governs := governing(s, revision, publisher, reader, now)
	if no := readable(governs, release.Time, now); no != nil {
		return no
	}
	if governs != revision && revision.Complete == nil {
		return refused(AgreementNotSigned, revision.Digest)
	}
	if governs != revision {
		// The older text is not judged by its window, and nobody reviews it any more; but
		// a step that stopped or ended it is a step about what was released under it.
		if no := readable(revision, release.Time, now); no != nil && no.Reason != AgreementExpired && no.Reason != ReviewOverdue {
			return no
		}
	}
	for _, each := range []*ledger.Revision{revision, governs} {
		for _, name := range []act.AgencyName{publisher, reader} {
			if no := partStopped(each, name, release.Time, now); no != nil {
				return no
			}
		}
	}
	return nil
}
