// Package policy decides. Decide is a pure, total and deterministic function of
// the folded ledger, a request and the time: no clock, no network, no cache, and
// no answer but allow or deny. What it does not know, it denies.
//
// Palermo Protocol, Article 10(1): authorities exchange "in accordance with their
// domestic law", which here is the agreement that they signed; Article 10(3): a
// receiver "shall comply with any request [...] that places restrictions on its
// use", which here are the restrictions that every decision reads.
//
// It imports ledger, agreement, restriction and act, and nothing imports it but services.
package policy

import (
	"errors"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// Action is what somebody asks to do.
type Action string

// The actions.
const (
	ToRelease Action = "release" // put an item version before recipients
	ToDeliver Action = "deliver" // hand out a cover
	ToOpen    Action = "open"    // hand out the header of a part
)

// Request is one question. Which members count depends on the action.
type Request struct {
	Action Action
	Agency act.AgencyName // who asks

	// For ToRelease: the act, and the recipients for whom it carries descriptors.
	Payload    *act.ItemRelease
	Recipients []act.AgencyName

	// For ToDeliver and ToOpen. Described says that a descriptor of the release
	// names the agency: the ledger itself carries only salted hashes of them.
	Release   act.ID
	Described bool

	// For ToOpen: what for, and the digest of the restrictions that were accepted.
	Purpose  string
	Accepted string
}

// Decision is the answer. Reason is a stable code, also when Allow is true;
// Evidence names in order what decided: act ids, places in the document, axes.
type Decision struct {
	Allow       bool
	Reason      string
	Evidence    []string
	Obligations []Obligation
}

// Obligation is what the asker must do if it goes on.
type Obligation struct {
	Code    string // show_again_until
	Seconds int64
}

// The reasons. Each is also the code of a sentence in the message catalogue.
const (
	Allowed               = "policy_allowed"
	UnknownRelease        = "policy_unknown_release"
	NotARecipient         = "policy_not_a_recipient"
	AgencyNotEnrolled     = "policy_agency_not_enrolled"
	AgencySuspended       = "policy_agency_suspended"
	AgencyOffboarded      = "policy_agency_offboarded"
	AgreementUnknown      = "policy_agreement_unknown"
	NotAParty             = "policy_not_a_party"
	AgreementNotSigned    = "policy_agreement_not_signed"
	AgreementNotYet       = "policy_agreement_not_yet"
	AgreementExpired      = "policy_agreement_expired"
	AgreementSuspended    = "policy_agreement_suspended"
	AgreementWithdrawn    = "policy_agreement_withdrawn"
	AgreementTerminated   = "policy_agreement_terminated"
	RoleForbids           = "policy_role_forbids"
	KindNotCovered        = "policy_kind_not_covered"
	PublisherNotParty     = "policy_publisher_not_party"
	ItemRetracted         = "policy_item_retracted"
	RestrictionForbids    = "policy_restriction_forbids"
	RestrictionUnknown    = "policy_restriction_unknown"
	RestrictionLooser     = "policy_restriction_looser"
	ConditionsNotAccepted = "policy_conditions_not_accepted"
	AttestationMissing    = "policy_attestation_missing"
	TwoPersonRequired     = "policy_two_person_required"
	LabelUndefined        = "policy_label_undefined"
	KindUnknown           = "policy_kind_unknown"
)

func deny(reason string, evidence ...string) Decision {
	return Decision{Reason: reason, Evidence: evidence}
}

// Decide answers a request at now, which the caller takes as the later of the
// last ledger time and its own clock.
func Decide(s *ledger.State, r Request, now time.Time) Decision {
	// An entry of a later version may have suspended or restricted what is asked for.
	if s.Unknown {
		return deny(KindUnknown)
	}
	if refused := standing(s, r.Agency); refused != nil {
		return *refused
	}
	switch r.Action {
	case ToRelease:
		return decideRelease(s, r, now)
	case ToDeliver, ToOpen:
		return decideReceive(s, r, now)
	}
	return deny(KindUnknown)
}

func standing(s *ledger.State, name act.AgencyName) *Decision {
	agency := s.Agency(name)
	var refused Decision
	switch {
	case agency == nil:
		refused = deny(AgencyNotEnrolled)
	case agency.Standing == ledger.Suspended:
		refused = deny(AgencySuspended, string(agency.Last))
	case agency.Standing != ledger.Enrolled:
		refused = deny(AgencyOffboarded, string(agency.Last))
	default:
		return nil
	}
	return &refused
}

// inForce returns nil exactly if the revision is in force at now: every
// signature that its rule asks for over the same bytes, inside the window, and
// nothing later that suspends or ends it.
func inForce(revision *ledger.Revision, now time.Time) *Decision {
	var refused Decision
	at := revision.At(now)
	switch at.State {
	case ledger.InForce:
		return nil
	case ledger.Proposed:
		refused = deny(AgreementNotSigned, revision.Digest)
	case ledger.Waiting:
		refused = deny(AgreementNotYet, revision.Digest, "/entryIntoForce/notBefore")
	case ledger.Halted:
		refused = deny(AgreementSuspended, string(at.Since))
	case ledger.Expired:
		refused = deny(AgreementExpired, revision.Digest, "/expires")
	default:
		refused = deny(AgreementTerminated, string(at.Since))
	}
	return &refused
}

func decideRelease(s *ledger.State, r Request, now time.Time) Decision {
	p := r.Payload
	revision := s.Revision(p.Agreement.Digest)
	if revision == nil || revision.Document.ID != p.Agreement.ID || revision.Document.Party(r.Agency) == nil {
		return deny(AgreementUnknown)
	}
	if refused := inForce(revision, now); refused != nil {
		return *refused
	}
	document := revision.Document
	party := document.Party(r.Agency)
	switch {
	case !revision.Binds(r.Agency, now):
		return notBound(revision, r.Agency)
	case !party.MayRelease():
		return deny(RoleForbids, revision.Digest, string(party.Role))
	case !document.Covers(p.ItemKind):
		return deny(KindNotCovered, revision.Digest, "/itemKinds")
	}
	if item := s.Item(p.Item); item != nil && item.Retracted != nil {
		return deny(ItemRetracted, string(item.Retracted.Act))
	}
	if refused := screenedAndApproved(p); refused != nil {
		return *refused
	}
	return decideTerms(s, r, revision, now)
}

// screenedAndApproved asks for the attestation and for a second person's word
// on exactly this content.
func screenedAndApproved(p *act.ItemRelease) *Decision {
	if p.Attestation.Verdict != "release" || p.Attestation.Content != p.Content {
		refused := deny(AttestationMissing)
		return &refused
	}
	for _, approval := range p.Approvals {
		if approval.Officer != p.Author && approval.Content == p.Content {
			return nil
		}
	}
	refused := deny(TwoPersonRequired)
	return &refused
}

// decideTerms holds the restrictions of a release against the agreement's floor
// and its recipients against both.
func decideTerms(s *ledger.State, r Request, revision *ledger.Revision, now time.Time) Decision {
	asked := restriction.Set(r.Payload.Restrictions)
	if err := asked.Validate(); err != nil {
		return deny(RestrictionUnknown, axisOf(err))
	}
	floor := restriction.Meet(revision.Document.Floor, restriction.Set{string(restriction.Purposes): revision.Document.Purposes})
	if axis, looser := asked.Looser(floor); looser {
		return deny(RestrictionLooser, revision.Digest, string(axis))
	}
	if !labelDefined(asked, revision.Document.Definitions) {
		return deny(LabelUndefined, revision.Digest, "/definitions")
	}
	for _, recipient := range r.Recipients {
		if recipient == r.Agency {
			continue // the publisher's own identity is always among the recipients
		}
		if refused := mayReceive(s, revision, recipient, now); refused != nil {
			return *refused
		}
		if ok, axis := asked.Permit(restriction.Use{Agency: string(recipient), At: now}); !ok {
			return deny(RestrictionForbids, string(axis))
		}
	}
	return Decision{Allow: true, Reason: Allowed, Evidence: []string{revision.Digest}}
}

// labelDefined refuses a label whose words the agreement leaves open. FIRST TLP
// 2.0: "when 'community' is not defined, assume the cybersecurity/defense
// community"; the clients of TLP:AMBER are those of cybersecurity services.
func labelDefined(asked restriction.Set, words agreement.Definitions) bool {
	for _, label := range asked[string(restriction.TLP)] {
		if label == "TLP:GREEN" && words.Community == "" || label == "TLP:AMBER" && words.Clients == "" {
			return false
		}
	}
	return true
}

func axisOf(err error) string {
	var wrong *restriction.Error
	if errors.As(err, &wrong) {
		return string(wrong.Axis)
	}
	return ""
}

func notBound(revision *ledger.Revision, name act.AgencyName) Decision {
	if step, gone := revision.Withdrawn[name]; gone {
		return deny(AgreementWithdrawn, string(step.Act))
	}
	return deny(AgreementNotSigned, revision.Digest)
}

// mayReceive asks of an agency that it is a party which this revision binds and
// whose role lets it receive.
func mayReceive(s *ledger.State, revision *ledger.Revision, name act.AgencyName, now time.Time) *Decision {
	party := revision.Document.Party(name)
	var refused Decision
	switch {
	case party == nil:
		refused = deny(NotAParty, revision.Digest)
	case !revision.Binds(name, now):
		refused = notBound(revision, name)
	case !party.MayReceiveCovers():
		refused = deny(RoleForbids, revision.Digest, string(party.Role))
	default:
		return standing(s, name)
	}
	return &refused
}

func decideReceive(s *ledger.State, r Request, now time.Time) Decision {
	release := s.Release(r.Release)
	if release == nil {
		return deny(UnknownRelease)
	}
	if !r.Described {
		return deny(NotARecipient)
	}
	revision, item := release.Revision, release.Item
	if item.Retracted != nil {
		return deny(ItemRetracted, string(item.Retracted.Act))
	}
	if refused := inForce(revision, now); refused != nil {
		return *refused
	}
	if standing(s, item.Publisher) != nil || !revision.Binds(item.Publisher, now) {
		return deny(PublisherNotParty, revision.Digest)
	}
	own := r.Agency == item.Publisher
	if !own {
		if refused := mayReceive(s, revision, r.Agency, now); refused != nil {
			return *refused
		}
	}
	return decideUse(r, release, own, now)
}

// decideUse holds the declared use against the restrictions in force.
func decideUse(r Request, release *ledger.Release, own bool, now time.Time) Decision {
	party := release.Revision.Document.Party(r.Agency)
	if r.Action == ToOpen && !own && !party.MayOpen() {
		return deny(RoleForbids, release.Revision.Digest, string(party.Role))
	}
	use := restriction.Use{Agency: string(r.Agency), At: now}
	if r.Action == ToOpen {
		// Article 10(3) restricts use, so a use without a purpose cannot be judged.
		if r.Purpose == "" {
			return deny(RestrictionForbids, string(restriction.Purposes))
		}
		use.Purpose = r.Purpose
	}
	terms := release.Effective
	if own {
		use.Agency = string(release.Item.Publisher)
		terms = withoutRecipients(terms)
	}
	if ok, axis := terms.Permit(use); !ok {
		if (restriction.Set{string(axis): terms[string(axis)]}).Validate() != nil {
			return deny(RestrictionUnknown, string(axis))
		}
		return deny(RestrictionForbids, string(release.ID), string(axis))
	}
	if r.Action == ToOpen && r.Accepted != release.EffectiveDigest {
		return deny(ConditionsNotAccepted, string(release.ID))
	}
	return allow(release)
}

// withoutRecipients leaves out the one axis that does not bind the originator:
// it names whom the originator chose.
func withoutRecipients(terms restriction.Set) restriction.Set {
	kept := restriction.Set{}
	for axis, values := range terms {
		if axis != string(restriction.Recipients) {
			kept[axis] = values
		}
	}
	return kept
}

func allow(release *ledger.Release) Decision {
	label := ""
	if labels := release.Effective[string(restriction.TLP)]; len(labels) == 1 {
		label = labels[0]
	}
	lease := release.Revision.Document.Lease(label)
	return Decision{
		Allow: true, Reason: Allowed, Evidence: []string{string(release.ID), release.Revision.Digest},
		Obligations: []Obligation{{Code: "show_again_until", Seconds: int64(lease.Seconds())}},
	}
}
