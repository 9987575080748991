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
	"time"

	"github.com/concordat-hub/concordat/internal/act"
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

	// For ToOpen: what for, and the digest of the restrictions that were accepted;
	// by whom, in which form, and whether a program asks without anybody looking.
	Purpose   string
	Accepted  string
	Officer   string
	Form      string
	Automated bool

	// For ToOpen: what an earlier open handed out, and its lease still lets an officer
	// look at, is not another read.
	Again bool

	// For ToOpen of a part beside cover and body: what restricts this part further.
	// Part is the part's name; empty means the body.
	Part    string
	Section restriction.Set
}

// part is the part that a request to receive or to open is about.
func (r Request) part() string {
	switch {
	case r.Action == ToDeliver:
		return "cover"
	case r.Part == "":
		return "body"
	}
	return r.Part
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
	Code    string // show_again_until, review_overdue
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

	AgreementAmended    = "policy_agreement_amended"
	PartySuspended      = "policy_party_suspended"
	ReviewOverdue       = "policy_review_overdue"
	AuthorityLapsed     = "policy_authority_lapsed"
	ReciprocityOwed     = "policy_reciprocity_owed"
	BeforeAccession     = "policy_before_accession"
	CannotComply        = "policy_cannot_comply"
	PrerequisiteMissing = "policy_prerequisite_missing"
	DutyOverdue         = "policy_duty_overdue"
	OnwardForbidden     = "policy_onward_forbidden"
	ConsentMissing      = "policy_consent_missing"
	ConsentExpired      = "policy_consent_expired"
	DerivationForbidden = "policy_derivation_forbidden"
	ParentRestricted    = "policy_parent_restricted"
	Contradiction       = "policy_contradiction"
	CopyDeleted         = "policy_copy_deleted"
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
		decision := decideReceive(s, r, now)
		if decision.Allow && s.Release(r.Release).Disposed(r.part()) != nil {
			return deny(CopyDeleted, string(r.Release))
		}
		return decision
	}
	return deny(KindUnknown)
}

func standing(s *ledger.State, name act.AgencyName) *Decision {
	agency := s.Agency(name)
	switch {
	case agency == nil:
		return refused(AgencyNotEnrolled)
	case agency.Standing == ledger.Suspended:
		return refused(AgencySuspended, string(agency.Last))
	case agency.Standing != ledger.Enrolled:
		return refused(AgencyOffboarded, string(agency.Last))
	}
	return nil
}

func refused(reason string, evidence ...string) *Decision {
	decision := deny(reason, evidence...)
	return &decision
}
