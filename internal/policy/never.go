package policy

import (
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// The reasons for which nobody opens a release any more. Each is also the code of
// a sentence in the message catalogue.
const (
	GoneRetracted = "disposal_retracted"       // the item, or one that it was made from
	GoneRecalled  = "disposal_recalled"        // from every receiver
	GoneExpired   = "disposal_expired"         // its last moment has passed
	GoneEnded     = "disposal_agreement_ended" // and it lets nobody keep reading
	GoneRetention = "disposal_retention_over"  // every receiver's period
	GoneReaders   = "disposal_nobody_left"     // each receiver is out, for reasons of its own
)

// Gone says what of a release nobody gets any more.
type Gone struct {
	Reason string
	// Cover says that nobody receives the cover any more either. A period that is
	// over ends the opening, and a receiver may still be told what it had.
	Cover bool
}

// NeverAgain reports whether no receiver of a release may ever open it again,
// whatever anybody does from now on: what the hub has of it is of no use any more.
// described are the agencies whom a descriptor of the release names.
//
// What can end does not count: a suspension, an overdue review or duty, a
// condition that somebody has not met. What cannot does: a retraction, a recall,
// the last moment, the end of an agreement with every renewal that happens by
// itself, the end of a period, that somebody cannot comply or has left. After the
// end only a revision that is newer could let anybody read again, so a release is
// kept as long as one is on the way; one that is proposed afterwards comes too
// late, and what was deleted stays denied, see CopyDeleted.
//
// The publisher is not asked for: it has the item at its own desk.
func NeverAgain(s *ledger.State, release *ledger.Release, described []act.AgencyName, now time.Time) (Gone, bool) {
	if s.Unknown {
		return Gone{}, false // an entry of a later version may say otherwise
	}
	if retracted(release) != nil {
		return Gone{GoneRetracted, true}, true
	}
	publisher := release.Item.Publisher
	gone, openers := Gone{Cover: true}, 0
	for _, name := range described {
		if name == publisher {
			continue
		}
		why, cover := out(s, release, name, now)
		gone.Cover = gone.Cover && cover
		switch {
		case why == "":
			return Gone{}, false
		case why == observes:
			continue
		case openers > 0 && why != gone.Reason:
			why = GoneReaders
		}
		gone.Reason = why
		openers++
	}
	if openers == 0 {
		// What nobody else was to open is there for its publisher.
		why, cover := out(s, release, publisher, now)
		gone.Reason, gone.Cover = why, gone.Cover && cover
	}
	return gone, gone.Reason != ""
}

// observes stands for a receiver that gets covers and never opens.
const observes = "observes"

// out says why one agency can never open the release again, or "", and whether it
// can never receive the cover either.
func out(s *ledger.State, release *ledger.Release, name act.AgencyName, now time.Time) (string, bool) {
	own := name == release.Item.Publisher
	party := release.Revision.Party(name)
	if party == nil {
		return "", false
	}
	terms := release.Terms(name).Set
	if own {
		terms = restriction.ForOriginator(terms)
	}
	if axis, forbids := terms.ForbidsForGood(useOf(release.Revision, name, now)); forbids {
		switch axis {
		case restriction.Recall:
			return GoneRecalled, true
		case restriction.Expires:
			return GoneExpired, true
		}
		return GoneReaders, true
	}
	if ended(s, release, name, now) {
		return GoneEnded, true
	}
	if left(s, name) {
		return GoneReaders, true
	}
	if own {
		return "", false
	}
	if _, said := release.CannotComply(name); said {
		return GoneReaders, true
	}
	if outlived(release, name, terms, now) {
		return GoneRetention, false
	}
	if !party.MayOpen() {
		return observes, false
	}
	return "", false
}

// left: an agency that was taken out of the hub never comes back under its name.
func left(s *ledger.State, name act.AgencyName) bool {
	agency := s.Agency(name)
	return agency != nil && agency.Standing == ledger.Offboarded
}

// ended reports whether the agreement between publisher and reader is over for
// good, and does not let the reader keep what it had.
func ended(s *ledger.State, release *ledger.Release, name act.AgencyName, now time.Time) bool {
	revision, publisher := release.Revision, release.Item.Publisher
	if left(s, publisher) {
		return true
	}
	for _, each := range s.Agreement(revision.Document.ID).Revisions {
		if each.Document.Revision > revision.Document.Revision && !dead(each, now) {
			return false
		}
		if each.Document.Revision >= revision.Document.Revision && release.Reader(name) != nil && retains(each.Document) {
			return false
		}
	}
	governs := governing(s, revision, publisher, name, now)
	return dead(revision, now) || withdrew(revision, publisher, now) || withdrew(revision, name, now) ||
		governs != revision && !leaves(governs, publisher) && !leaves(governs, name)
}

// retains: who opened something before the end keeps it under the terms.
func retains(document *agreement.Document) bool {
	return document.Schema == agreement.SchemaV2 && document.Termination.Effect == "retain-under-terms"
}

// leaves: with a notice that has still to take effect, an older text may come to
// govern again.
func leaves(revision *ledger.Revision, name act.AgencyName) bool {
	_, notice := revision.Withdrawn[name]
	return notice
}

// dead reports whether nothing will ever be read under the revision: its window is
// over, it was terminated, or it can never be complete. That too few parties are
// left is no end by itself: another one may still sign.
func dead(revision *ledger.Revision, now time.Time) bool {
	if revision.Complete != nil && !revision.Document.Begins(now) {
		return false // even an ended text governs from its first moment on
	}
	if revision.Document.Ended(now) || revision.Terminated != nil && !now.Before(revision.Terminated.Effective) {
		return true
	}
	switch revision.Stands(now).State {
	case ledger.Retracted, ledger.Countered, ledger.Declined, ledger.Lapsed:
		return true
	}
	return false
}

// withdrew: who has left a revision never signs it again.
func withdrew(revision *ledger.Revision, name act.AgencyName, now time.Time) bool {
	return leaves(revision, name) && !revision.Binds(name, now)
}

// MayBeOver is a quick no: without it NeverAgain says so too, whoever was described.
func MayBeOver(s *ledger.State, release *ledger.Release, now time.Time) bool {
	if retracted(release) != nil {
		return true
	}
	for _, party := range release.Revision.AllParties() {
		if why, _ := out(s, release, party.Agency, now); why != "" && why != observes {
			return true
		}
	}
	return false
}
