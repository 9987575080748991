package policy

import (
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
)

func decideReceive(s *ledger.State, r Request, now time.Time) Decision {
	release := s.Release(r.Release)
	if release == nil {
		return deny(UnknownRelease)
	}
	if !r.Described {
		return deny(NotARecipient)
	}
	if step := retracted(release); step != nil {
		return deny(ItemRetracted, string(step.Act))
	}
	if no := decideParties(s, r, release, now); no != nil && !retained(s, release, r.Agency, *no, now) {
		return *no
	}
	if r.Agency != release.Item.Publisher {
		if no := decideReceiver(s, r, release, now); no != nil {
			return *no
		}
	}
	return decideUse(r, release, now)
}

// retracted returns the retraction of the item, or of one that it was made from.
func retracted(release *ledger.Release) *ledger.Step {
	if release.Item.Retracted != nil {
		return release.Item.Retracted
	}
	for _, parent := range release.Parents {
		if step := retracted(parent); step != nil {
			return step
		}
	}
	return nil
}

// decideParties asks whether the agreement still lives between publisher and
// reader.
func decideParties(s *ledger.State, r Request, release *ledger.Release, now time.Time) *Decision {
	revision, publisher := release.Revision, release.Item.Publisher
	if no := lives(s, release, r.Agency, now); no != nil {
		return no
	}
	if standing(s, publisher) != nil || !revision.Binds(publisher, now) {
		return refused(PublisherNotParty, revision.Digest)
	}
	if r.Agency == publisher {
		return nil
	}
	return mayReceive(s, revision, r.Agency, now)
}

// retained reports whether a refusal is one that the agreement lets a holder
// outlive: what it opened before the end it keeps under the terms, which survive.
// An end does not lift a suspension that bit before it.
func retained(s *ledger.State, release *ledger.Release, name act.AgencyName, no Decision, now time.Time) bool {
	publisher := release.Item.Publisher
	governs := governing(s, release.Revision, publisher, name, now)
	document := governs.Document
	if document.Schema != agreement.SchemaV2 || document.Termination.Effect != "retain-under-terms" || release.Reader(name) == nil {
		return false
	}
	switch no.Reason {
	case AgreementExpired, AgreementTerminated, AgreementWithdrawn:
	case PublisherNotParty: // has it left, or is it shut out?
		if standing(s, publisher) != nil {
			return false
		}
	default:
		return false
	}
	// Other refusals may have stood behind this one.
	if standing(s, publisher) != nil || standing(s, name) != nil {
		return false
	}
	end, ended := governs.Ended(name, now)
	if !ended {
		end = now // it ended for the publisher
	}
	if reviewStops(governs, end) != nil {
		return false
	}
	for _, each := range []*ledger.Revision{release.Revision, governs} {
		if wholeStopped(each, release.Time, now) != nil || partStopped(each, name, release.Time, now) != nil || partStopped(each, publisher, release.Time, now) != nil {
			return false
		}
	}
	return true
}

// decideReceiver asks what only a receiver has to answer for.
func decideReceiver(s *ledger.State, r Request, release *ledger.Release, now time.Time) *Decision {
	revision := release.Revision
	if !revision.Sees(r.Agency, release.Index) {
		return refused(BeforeAccession, revision.Digest, "/accessionRule")
	}
	if no := mayTake(revision, r.Agency, release.Item.Kind); no != nil {
		return no
	}
	if step, said := release.CannotComply(r.Agency); said {
		return refused(CannotComply, string(step.Act))
	}
	if no := overdue(s, revision, release.Item.Publisher, r.Agency, release.Time, now); no != nil {
		return no
	}
	for _, parent := range release.Parents {
		if axis, looser := release.Terms(r.Agency).Set.Looser(inherited(parent, release.Item.Publisher)); looser {
			return refused(ParentRestricted, string(release.ID), string(axis))
		}
	}
	if r.Action == ToOpen {
		return owesReciprocity(s, revision, r.Agency)
	}
	return nil
}

// inherited are the terms that a release takes over from one that it was made
// from: all that bind who made it, but for the axes that name the receivers,
// whom the rule on passing on decides instead.
func inherited(parent *ledger.Release, maker act.AgencyName) restriction.Set {
	return parent.Terms(maker).Set.Without(restriction.Audience, restriction.Officers, restriction.Recipients)
}

// decideUse holds the declared use against the restrictions in force.
func decideUse(r Request, release *ledger.Release, now time.Time) Decision {
	own := r.Agency == release.Item.Publisher
	revision := release.Revision
	party := revision.Party(r.Agency)
	if party == nil {
		return deny(NotAParty, revision.Digest)
	}
	if r.Action == ToOpen && !own && !party.MayOpen() {
		return deny(RoleForbids, revision.Digest, string(party.Role))
	}
	use := useOf(revision, r.Agency, now)
	terms := release.Terms(r.Agency)
	if len(r.Section) > 0 {
		terms.Set = restriction.Meet(terms.Set, r.Section)
		terms.Digest, _ = terms.Set.Digest()
	}
	if r.Action == ToOpen {
		// Article 10(3) restricts use, so a use without a purpose cannot be judged.
		if r.Purpose == "" {
			return deny(RestrictionForbids, string(restriction.Purposes))
		}
		use.Purpose, use.Officer, use.Form, use.Automated = r.Purpose, r.Officer, r.Form, r.Automated
		if reader := release.Reader(r.Agency); reader != nil && !r.Again && (r.Part == "" || r.Part == "body") {
			use.Reads = reader.Count
		}
	}
	asked := terms.Set
	if own {
		asked = restriction.ForOriginator(asked)
	}
	ok, axis := asked.Permit(use)
	if r.Action == ToOpen && outlived(release, r.Agency, terms.Set, now) && (ok || axis > restriction.RetentionDays) {
		return deny(RestrictionForbids, string(release.ID), string(restriction.RetentionDays))
	}
	if !ok {
		if (restriction.Set{string(axis): asked[string(axis)]}).Validate() != nil {
			return deny(RestrictionUnknown, string(axis))
		}
		return deny(RestrictionForbids, string(release.ID), string(axis))
	}
	if r.Action == ToOpen {
		if terms.Digest == "" || r.Accepted != terms.Digest {
			return deny(ConditionsNotAccepted, string(release.ID))
		}
		if term := unmet(release, r.Agency, terms); term != "" && !own {
			return deny(PrerequisiteMissing, string(release.ID), string(restriction.Prerequisites), term)
		}
	}
	return allow(release, terms.Set, now)
}

// unmet returns the first prerequisite that the agency has not attested to meet
// for the terms in force, or "".
func unmet(release *ledger.Release, name act.AgencyName, terms ledger.Terms) string {
	said := release.Acknowledged(name)
	for _, term := range terms.Set[string(restriction.Prerequisites)] {
		if said == nil || said.Accepted != release.Terms(name).Digest || !said.Prerequisites[term] {
			return term
		}
	}
	return ""
}

func allow(release *ledger.Release, terms restriction.Set, now time.Time) Decision {
	lease := release.Revision.Document.Lease(terms.Value(restriction.TLP))
	return Decision{
		Allow: true, Reason: Allowed, Evidence: []string{string(release.ID), release.Revision.Digest},
		Obligations: append([]Obligation{{Code: "show_again_until", Seconds: int64(lease.Seconds())}}, reviewObligation(release.Revision, now)...),
	}
}

// reviewObligation reminds where a review is overdue and nothing is stopped for it.
func reviewObligation(revision *ledger.Revision, now time.Time) []Obligation {
	if !revision.ReviewOverdue(now) {
		return nil
	}
	return []Obligation{{Code: "review_overdue", Seconds: int64(now.Sub(revision.ReviewDue()).Seconds())}}
}
