package agreement

import (
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/condition"
	"github.com/concordat-hub/concordat/internal/message"
)

// states are the ledger's words for where a revision stands.
var states = map[string]v1alpha1.AgreementState{
	"proposed": v1alpha1.StateProposed, "declined": v1alpha1.StateDeclined, "retracted": v1alpha1.StateRetracted,
	"countered": v1alpha1.StateCountered, "lapsed": v1alpha1.StateLapsed, "waiting": v1alpha1.StateSigned,
	"in-force": v1alpha1.StateInForce, "review-overdue": v1alpha1.StateReviewOverdue, "suspended": v1alpha1.StateSuspended,
	"terminated": v1alpha1.StateTerminated, "expired": v1alpha1.StateExpired,
}

// stateOf translates the ledger's word. One that this version does not know is
// shown as Unknown: it is for a newer operator to understand.
func stateOf(word string) v1alpha1.AgreementState {
	if state, ok := states[word]; ok || word == "" {
		return state
	}
	return v1alpha1.StateUnknown
}

// stands projects a revision that the ledger has.
func (s *scope) stands(r Revision) {
	status := &s.object.Status
	status.State = stateOf(r.State)
	status.Since, status.EntryIndex = moment(r.Since), &r.Index
	if r.SinceIndex > 0 {
		status.EntryIndex = &r.SinceIndex
	}
	status.NextState, status.NextChange, status.ReviewDue = stateOf(r.NextState), "", moment(r.ReviewDue)
	if !r.NextChange.IsZero() {
		status.NextChange = clock(r.NextChange)
	}
	status.SupersededBy, status.Governs = r.SupersededBy, r.Governs
	if len(r.Parties) > 0 {
		status.Parties = agencies(r.Parties) // with those that acceded
		slices.Sort(status.Parties)
	}
	pending := agencies(r.Pending)
	if status.State != v1alpha1.StateProposed {
		pending = nil // complete or over: nobody is waited for
	}
	s.signatures(agencies(r.Signed), pending)
	s.parties(r)
	status.Why = s.why(r)
	s.judge(r)
}

// judge writes the conditions.
func (s *scope) judge(r Revision) {
	list := &s.object.Status.Conditions
	condition.Remove(list, v1alpha1.ConditionStalled)
	s.set(condition.True(v1alpha1.ConditionValid, v1alpha1.ReasonDocumentAccepted, "operator_agreement_valid", nil))
	if dead, ok := s.dead(r); ok {
		// Nobody can sign it any more, and it never bound anybody: what is asked for
		// here cannot come about until a person applies another object (kstatus).
		for _, kind := range []string{v1alpha1.ConditionSigned, v1alpha1.ConditionInForce, v1alpha1.ConditionReady} {
			dead.Type = kind
			s.set(dead)
		}
		dead.Type, dead.Status = v1alpha1.ConditionStalled, metav1.ConditionTrue
		s.set(dead)
		return
	}
	s.set(s.signedCondition())
	inForce := s.inForceCondition(r)
	s.set(inForce)
	s.ready(readiness(s.object.Status.State, inForce))
}

// dead is the condition of a proposal that came to nothing.
func (s *scope) dead(r Revision) (condition.Condition, bool) {
	const kind = v1alpha1.ConditionSigned
	by := strings.Join(r.By, ", ")
	switch s.object.Status.State {
	case v1alpha1.StateDeclined:
		return condition.False(kind, v1alpha1.ReasonDeclined, "operator_agreement_declined", message.Params{"Agencies": declined(r)}), true
	case v1alpha1.StateRetracted:
		return condition.False(kind, v1alpha1.ReasonRetracted, "operator_agreement_retracted", message.Params{"Agency": by}), true
	case v1alpha1.StateCountered:
		return condition.False(kind, v1alpha1.ReasonCountered, "operator_agreement_countered",
			message.Params{"Agency": by, "Reference": s.document.Reference}), true
	case v1alpha1.StateLapsed:
		return condition.False(kind, v1alpha1.ReasonLapsed, "operator_agreement_lapsed", message.Params{"Time": clock(s.document.SignBy.Time)}), true
	}
	return condition.Condition{}, false
}

func declined(r Revision) string {
	var names []string
	for _, part := range r.Parts {
		if part.Declined {
			names = append(names, part.Agency)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (s *scope) signedCondition() condition.Condition {
	if s.object.Status.State == v1alpha1.StateProposed {
		return s.awaits(v1alpha1.ConditionSigned, v1alpha1.ReasonAwaitingSignatures)
	}
	return condition.True(v1alpha1.ConditionSigned, v1alpha1.ReasonAllSigned, "operator_agreement_signed", nil)
}

func (s *scope) awaits(kind, reason string) condition.Condition {
	return condition.False(kind, reason, "operator_agreement_awaits_signatures",
		message.Params{"Agencies": s.object.Status.WaitingFor, "Reference": s.document.Reference})
}

func (s *scope) inForceCondition(r Revision) condition.Condition {
	const kind = v1alpha1.ConditionInForce
	review := message.Params{"Due": clock(r.ReviewDue), "Reference": s.document.Reference}
	switch s.object.Status.State {
	case v1alpha1.StateInForce:
		return condition.True(kind, v1alpha1.ReasonInForce, "operator_agreement_in_force", message.Params{"Until": clock(s.until(r))})
	case v1alpha1.StateProposed:
		return s.awaits(kind, v1alpha1.ReasonNotSigned)
	case v1alpha1.StateSigned:
		return condition.False(kind, v1alpha1.ReasonNotBegun, "operator_agreement_not_begun", message.Params{"From": clock(r.NextChange)})
	case v1alpha1.StateReviewOverdue:
		return condition.False(kind, v1alpha1.ReasonReviewOverdue, "operator_agreement_review_overdue", review)
	case v1alpha1.StateSuspended:
		if len(r.By) == 0 && r.ReviewOverdue {
			return condition.False(kind, v1alpha1.ReasonReviewOverdue, "operator_agreement_review_overdue_stops", review)
		}
		return condition.False(kind, v1alpha1.ReasonSuspended, "operator_agreement_suspended", s.named(r.By))
	case v1alpha1.StateTerminated:
		return condition.False(kind, v1alpha1.ReasonTerminated, "operator_agreement_terminated", nil)
	case v1alpha1.StateExpired:
		return condition.False(kind, v1alpha1.ReasonExpired, "operator_agreement_expired", nil)
	default:
		return condition.Unknown(kind, v1alpha1.ReasonNotYetObserved, "operator_agreement_state_unknown", message.Params{"State": r.State})
	}
}

// until is when an agreement in force ends: by notice, or with its term.
func (s *scope) until(r Revision) time.Time {
	if stateOf(r.NextState) == v1alpha1.StateTerminated {
		return r.NextChange
	}
	return s.document.End()
}

// readiness follows InForce, but what has ended as agreed is done, not broken.
func readiness(state v1alpha1.AgreementState, inForce condition.Condition) condition.Condition {
	if state == v1alpha1.StateTerminated || state == v1alpha1.StateExpired {
		inForce.Status, inForce.Reason = metav1.ConditionTrue, v1alpha1.ReasonEnded
	}
	return inForce
}

// why is the short sentence for the printed column; what to do stands in Ready.
func (s *scope) why(r Revision) string {
	by, due := strings.Join(r.By, ", "), r.ReviewDue.UTC().Format(time.DateOnly)
	status := &s.object.Status
	switch status.State {
	case v1alpha1.StateProposed:
		return message.Text("operator_why_proposed", message.Params{"Agencies": status.WaitingFor})
	case v1alpha1.StateDeclined:
		return message.Text("operator_why_declined", message.Params{"Agencies": declined(r)})
	case v1alpha1.StateRetracted:
		return message.Text("operator_why_retracted", message.Params{"Agency": by})
	case v1alpha1.StateCountered:
		return message.Text("operator_why_countered", message.Params{"Agency": by})
	case v1alpha1.StateLapsed:
		return message.Text("operator_why_lapsed", nil)
	case v1alpha1.StateSigned:
		return message.Text("operator_why_signed", nil)
	case v1alpha1.StateInForce:
		return s.whyInForce(r)
	case v1alpha1.StateReviewOverdue:
		return message.Text("operator_why_review_overdue", message.Params{"Due": due})
	case v1alpha1.StateSuspended:
		if by == "" && r.ReviewOverdue {
			return message.Text("operator_why_review_overdue_stops", message.Params{"Due": due})
		}
		return message.Text("operator_why_suspended", message.Params{"Agencies": by})
	case v1alpha1.StateTerminated:
		if r.Clause == "/parties" {
			return message.Text("operator_why_deserted", nil)
		}
		return message.Text("operator_why_terminated", nil)
	case v1alpha1.StateExpired:
		return message.Text("operator_why_expired", nil)
	default:
		return message.Text("operator_why_unknown", message.Params{"State": r.State})
	}
}

// whyInForce says what weighs most of what is not plain about an agreement that is
// in force.
func (s *scope) whyInForce(r Revision) string {
	newer := message.Params{"Number": r.Number + 1}
	switch {
	case stateOf(r.NextState) == v1alpha1.StateTerminated:
		return message.Text("operator_why_ending", nil)
	case r.SupersededBy != "" && !r.Governs:
		return message.Text("operator_why_replaced", newer)
	case s.object.Status.NotReading != "":
		return message.Text("operator_why_without", message.Params{"Agencies": s.object.Status.NotReading})
	case r.ReviewOverdue:
		return message.Text("operator_why_unreviewed", message.Params{"Due": r.ReviewDue.UTC().Format(time.DateOnly)})
	case stateOf(r.NewerState) == v1alpha1.StateProposed:
		return message.Text("operator_why_amending", newer)
	case stateOf(r.NewerState) == v1alpha1.StateInForce:
		return message.Text("operator_why_beside", newer)
	}
	return message.Text("operator_why_in_force", nil)
}

func moment(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t.UTC()}
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }
