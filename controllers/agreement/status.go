package agreement

import (
	"fmt"
	"slices"
	"strings"

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
	s.object.Status = v1alpha1.SharingAgreementStatus{
		State: v1alpha1.StateInvalid, Why: message.Text("operator_why_invalid", nil), Conditions: s.object.Status.Conditions,
	}
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
	status.Revision, status.Reference, status.Supersedes = int64(s.document.Revision), s.document.Reference, s.document.Supersedes
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
	s.forget()
	status.State, status.Why = v1alpha1.StateRequested, message.Text("operator_why_requested", message.Params{"Agency": proposer})
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

// forget takes out what only the ledger can say.
func (s *scope) forget() {
	status := &s.object.Status
	status.Since, status.EntryIndex, status.NextState, status.NextChange, status.ReviewDue = nil, nil, "", "", nil
	status.SupersededBy, status.Governs, status.PartyStates, status.NotReading = "", false, nil, ""
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
