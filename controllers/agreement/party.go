package agreement

import (
	"slices"
	"strings"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/policy"
)

// parties fills in where each party stands, and one sentence on what that lets it
// do: the answer to "why can this agency not read this?".
func (s *scope) parties(r Revision) {
	status := &s.object.Status
	status.PartyStates = nil
	var silent []string
	for _, part := range r.Parts {
		code, params := s.sentence(r, part)
		status.PartyStates = append(status.PartyStates, v1alpha1.PartyStatus{
			Agency: v1alpha1.AgencyName(part.Agency), State: partyState(part),
			Reads: part.Read.Allow, Releases: part.Release.Allow, Why: message.Text(code, params),
		})
		if !part.Read.Allow && part.Read.Reason != policy.RoleForbids {
			silent = append(silent, part.Agency) // whose role is not to read misses nothing
		}
	}
	slices.SortFunc(status.PartyStates, func(a, b v1alpha1.PartyStatus) int { return strings.Compare(string(a.Agency), string(b.Agency)) })
	slices.Sort(silent)
	status.NotReading = strings.Join(silent, ", ")
}

func partyState(p Part) v1alpha1.PartyState {
	switch p.Release.Reason {
	case policy.AgencySuspended:
		return v1alpha1.PartyAgencySuspended
	case policy.AgencyOffboarded, policy.AgencyNotEnrolled:
		return v1alpha1.PartyAgencyGone
	}
	switch {
	case p.Withdrawn:
		return v1alpha1.PartyWithdrawn
	case p.Declined:
		return v1alpha1.PartyDeclined
	case p.Voided && !p.Signed:
		return v1alpha1.PartySignatureVoid
	case !p.Signed:
		return v1alpha1.PartyNotSigned
	case len(p.SuspendedBy) > 0:
		return v1alpha1.PartySuspended
	case !p.Leaves.IsZero():
		return v1alpha1.PartyLeaving
	case p.AuthorityLapsed:
		return v1alpha1.PartyAuthorityLapsed
	}
	return v1alpha1.PartyBound
}

// sentence says in one sentence what a party may do, or why it may not.
func (s *scope) sentence(r Revision, p Part) (code string, params message.Params) {
	switch {
	case p.Read.Allow && p.Release.Allow && p.Receive.Allow:
		if !p.Leaves.IsZero() {
			return "operator_party_leaving", message.Params{"Time": clock(p.Leaves)}
		}
		return "operator_party_free", nil
	case p.Read.Allow:
		return s.readsOnly(r, p)
	case p.Read.Reason == policy.RoleForbids && p.Release.Allow:
		return "operator_party_contributor", nil
	case p.Read.Reason == policy.RoleForbids && p.Receive.Allow:
		return "operator_party_observer", nil
	case p.Read.Reason == policy.RoleForbids && p.Release.Reason != policy.RoleForbids:
		// Its role is not to read: what it misses is releasing.
		return s.cannot(r, p, p.Release.Reason)
	}
	return s.cannot(r, p, p.Read.Reason)
}

// readsOnly is about a party that may open what was released before, and for
// which something else is closed.
func (s *scope) readsOnly(r Revision, p Part) (string, message.Params) {
	switch {
	case p.Receive.Allow && p.Release.Reason == policy.RoleForbids:
		return "operator_party_recipient", nil
	case p.Receive.Allow && p.Release.Reason == policy.AuthorityLapsed:
		return "operator_party_authority", nil
	case p.Receive.Allow:
		return "operator_party_nobody_receives", nil
	case p.Release.Allow:
		return "operator_party_nobody_releases", nil
	}
	switch p.Receive.Reason {
	case policy.AgreementSuspended:
		return "operator_party_halted_reads", s.named(r.By)
	case policy.PartySuspended:
		if len(p.SuspendedBy) > 0 {
			return "operator_party_suspended_reads", s.named(p.SuspendedBy)
		}
	case policy.ReviewOverdue:
		return "operator_party_unreviewed_reads", message.Params{"Due": clock(r.ReviewDue), "Reference": s.document.Reference}
	case policy.AgreementAmended:
		return "operator_party_amended", message.Params{"Number": r.Number + 1}
	}
	return "operator_party_old_only", nil
}

func (s *scope) named(by []string) message.Params {
	return message.Params{"Agencies": strings.Join(by, ", "), "Reference": s.document.Reference}
}

// cannot is about a party that can read nothing, for this reason of the policy's.
func (s *scope) cannot(r Revision, p Part, reason string) (string, message.Params) {
	reference := message.Params{"Reference": s.document.Reference}
	switch reason {
	case policy.AgreementNotSigned:
		return s.unsigned(p)
	case policy.AgreementNotYet:
		return "operator_party_not_begun", message.Params{"From": clock(s.document.EntryIntoForce.NotBefore.Time)}
	case policy.AgreementSuspended:
		return "operator_party_halted", s.named(r.By)
	case policy.PartySuspended:
		if len(p.SuspendedBy) == 0 {
			return "operator_party_others_suspended", nil
		}
		params := s.named(p.SuspendedBy)
		params["Agency"] = p.Agency
		return "operator_party_suspended", params
	case policy.ReviewOverdue:
		reference["Due"] = clock(r.ReviewDue)
		return "operator_party_unreviewed", reference
	case policy.AgreementExpired, policy.AgreementTerminated:
		return s.ended(clock(r.Since))
	case policy.AgreementWithdrawn:
		return s.left(clock(p.Leaves))
	case policy.PublisherNotParty:
		return "operator_party_alone", nil
	case policy.AgencySuspended:
		return "operator_party_agency_suspended", message.Params{"Agency": p.Agency}
	case policy.AgencyOffboarded, policy.AgencyNotEnrolled:
		return "operator_party_agency_gone", nil
	case policy.RoleForbids:
		return "operator_party_nobody_contributes", nil
	case policy.KindNotCovered:
		return "operator_party_receives_nothing", nil
	case policy.ReciprocityOwed:
		return "operator_party_owes", nil
	}
	return "operator_party_denied", message.Params{"Code": reason}
}

// unsigned is about an agreement that is not complete, or not for this party.
func (s *scope) unsigned(p Part) (string, message.Params) {
	reference := message.Params{"Reference": s.document.Reference}
	switch s.object.Status.State {
	case v1alpha1.StateDeclined, v1alpha1.StateRetracted, v1alpha1.StateCountered, v1alpha1.StateLapsed:
		return "operator_party_never", nil
	}
	switch {
	case p.Declined:
		return "operator_party_declined", nil
	case p.Signed:
		return "operator_party_waits", message.Params{"Agencies": s.object.Status.WaitingFor}
	case p.Voided:
		return "operator_party_void", reference
	}
	return "operator_party_unsigned", reference
}

// retains reports whether a party keeps, under the terms, what it had opened.
func (s *scope) retains() bool {
	return s.document.Schema == agreement.SchemaV2 && s.document.Termination.Effect == "retain-under-terms"
}

func (s *scope) ended(since string) (string, message.Params) {
	if s.retains() {
		return "operator_party_ended_retains", message.Params{"Time": since}
	}
	return "operator_party_ended", message.Params{"Time": since}
}

func (s *scope) left(since string) (string, message.Params) {
	if s.retains() {
		return "operator_party_left_retains", message.Params{"Time": since}
	}
	return "operator_party_left", message.Params{"Time": since}
}
