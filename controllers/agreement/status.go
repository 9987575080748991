package agreement

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/condition"
	"github.com/concordat-hub/concordat/internal/message"
)

func (s *scope) set(c condition.Condition) {
	condition.Set(&s.object.Status.Conditions, s.object.Generation, c)
}

// ready sets Ready to say what another condition says.
func (s *scope) ready(c condition.Condition) {
	c.Type = v1alpha1.ConditionReady
	s.set(c)
}

func (s *scope) readyMessage() string {
	if c := meta.FindStatusCondition(s.object.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		return c.Message
	}
	return ""
}

// invalid says that nobody can sign this, and what to do instead.
func (s *scope) invalid(reason, code string, params message.Params) {
	s.object.Status = v1alpha1.SharingAgreementStatus{State: v1alpha1.StateInvalid, Conditions: s.object.Status.Conditions}
	c := condition.False(v1alpha1.ConditionValid, reason, code, params)
	s.stuck(c)
	for _, kind := range []string{v1alpha1.ConditionSigned, v1alpha1.ConditionInForce} {
		condition.Remove(&s.object.Status.Conditions, kind)
	}
}

// stuck is an invalid request: nothing moves until a person acts (kstatus).
func (s *scope) stuck(c condition.Condition) {
	s.set(c)
	s.ready(c)
	c.Type, c.Status = v1alpha1.ConditionStalled, metav1.ConditionTrue
	s.set(c)
}

// describe fills in what the document itself says.
func (s *scope) describe() {
	status := &s.object.Status
	status.Digest, status.AgreementID = s.digest, s.document.ID
	status.Revision, status.Reference = int64(s.document.Revision), s.document.Reference
	status.Parties = nil
	for _, party := range s.document.Parties {
		status.Parties = append(status.Parties, v1alpha1.AgencyName(party.Agency))
	}
	slices.Sort(status.Parties)
}

// hubAway keeps what was last seen and says that it may be old.
func (s *scope) hubAway() {
	c := condition.Unknown(v1alpha1.ConditionReady, v1alpha1.ReasonHubUnavailable, "operator_agreement_hub_unavailable", nil)
	s.set(c)
	condition.Remove(&s.object.Status.Conditions, v1alpha1.ConditionStalled)
}

// requested is a revision that the ledger does not have: it waits for the
// proposer. It reports whether the parties are known to be in order.
func (s *scope) requested(flaw *condition.Condition) (settled bool) {
	name, proposer := s.object.Name, s.object.Spec.ProposedBy
	status := &s.object.Status
	status.State, status.EntryIndex, status.NextChange = v1alpha1.StateRequested, nil, ""
	s.signatures(nil, []v1alpha1.AgencyName{proposer})
	waits := condition.False(v1alpha1.ConditionSigned, v1alpha1.ReasonAwaitingProposer, "operator_agreement_awaits_proposer",
		message.Params{"Agency": proposer, "Name": name})
	s.set(waits)
	waits.Type = v1alpha1.ConditionInForce
	s.set(waits)
	condition.Remove(&status.Conditions, v1alpha1.ConditionStalled)
	switch {
	case flaw == nil:
		s.set(condition.True(v1alpha1.ConditionValid, v1alpha1.ReasonDocumentAccepted, "operator_agreement_valid", nil))
		s.ready(waits)
		return true
	case flaw.Status == metav1.ConditionFalse:
		s.stuck(*flaw)
	default:
		s.set(*flaw)
		s.ready(waits)
	}
	return false
}

// signatures fills in who has signed and whose turn it is.
func (s *scope) signatures(signed, pending []v1alpha1.AgencyName) {
	status := &s.object.Status
	slices.Sort(signed)
	slices.Sort(pending)
	status.SignedBy = signed
	status.Signed = fmt.Sprintf("%d of %d", len(signed), s.document.SignaturesNeeded())
	status.WaitingFor = strings.Join(names(pending), ", ")
}

func names(agencies []v1alpha1.AgencyName) []string {
	list := make([]string, len(agencies))
	for i, agency := range agencies {
		list[i] = string(agency)
	}
	return list
}

func agencies(list []string) []v1alpha1.AgencyName {
	var names []v1alpha1.AgencyName
	for _, name := range list {
		names = append(names, v1alpha1.AgencyName(name))
	}
	return names
}

// states are the ledger's words for where a revision stands.
var states = map[string]v1alpha1.AgreementState{
	"proposed": v1alpha1.StateProposed, "waiting": v1alpha1.StateSigned, "in-force": v1alpha1.StateInForce,
	"suspended": v1alpha1.StateSuspended, "terminated": v1alpha1.StateTerminated, "expired": v1alpha1.StateExpired,
}

// stands projects a revision that the ledger has. A word that this version does
// not know is shown as Unknown: it is for a newer operator to understand.
func (s *scope) stands(r Revision) {
	status := &s.object.Status
	status.State = v1alpha1.StateUnknown
	if state, ok := states[r.State]; ok {
		status.State = state
	}
	status.EntryIndex = &r.Index
	pending := agencies(r.Pending)
	if status.State != v1alpha1.StateProposed {
		pending = nil // complete or over: nobody is waited for
	}
	s.signatures(agencies(r.Signed), pending)
	status.NextChange = nextChange(status.State, r.NextChange)
	condition.Remove(&status.Conditions, v1alpha1.ConditionStalled)
	s.set(condition.True(v1alpha1.ConditionValid, v1alpha1.ReasonDocumentAccepted, "operator_agreement_valid", nil))
	s.set(s.signedCondition(r))
	inForce := s.inForceCondition(r)
	s.set(inForce)
	s.ready(readiness(status.State, inForce))
}

func (s *scope) signedCondition(r Revision) condition.Condition {
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
	switch s.object.Status.State {
	case v1alpha1.StateInForce:
		return condition.True(kind, v1alpha1.ReasonInForce, "operator_agreement_in_force", message.Params{"Until": clock(r.NextChange)})
	case v1alpha1.StateProposed:
		return s.awaits(kind, v1alpha1.ReasonNotSigned)
	case v1alpha1.StateSigned:
		return condition.False(kind, v1alpha1.ReasonNotBegun, "operator_agreement_not_begun", message.Params{"From": clock(r.NextChange)})
	case v1alpha1.StateSuspended:
		return condition.False(kind, v1alpha1.ReasonSuspended, "operator_agreement_suspended", nil)
	case v1alpha1.StateTerminated:
		return condition.False(kind, v1alpha1.ReasonTerminated, "operator_agreement_terminated", nil)
	case v1alpha1.StateExpired:
		return condition.False(kind, v1alpha1.ReasonExpired, "operator_agreement_expired", nil)
	default:
		return condition.Unknown(kind, v1alpha1.ReasonNotYetObserved, "operator_agreement_state_unknown", message.Params{"State": r.State})
	}
}

// readiness follows InForce, but what has ended as agreed is done, not broken.
func readiness(state v1alpha1.AgreementState, inForce condition.Condition) condition.Condition {
	if state == v1alpha1.StateTerminated || state == v1alpha1.StateExpired {
		inForce.Status, inForce.Reason = metav1.ConditionTrue, v1alpha1.ReasonEnded
	}
	return inForce
}

// nextChange says what time alone will do, and when.
func nextChange(state v1alpha1.AgreementState, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	code := "operator_agreement_ends"
	if state == v1alpha1.StateSigned {
		code = "operator_agreement_begins"
	}
	return message.Text(code, message.Params{"Time": clock(at)})
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }
