package agency

import (
	"context"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/condition"
	"github.com/concordat-hub/concordat/internal/message"
)

// stage is how far offboarding has come. Stages are computed anew at each pass
// from what hub and Vault say, so that a restart in between changes nothing.
type stage int

const (
	stageNone stage = iota
	// stageFreezing: the hub is asked to suspend the agency.
	stageFreezing
	// stageEndingAgreements: it still is a party to agreements. A suspended agency
	// can withdraw; it signs nothing new.
	stageEndingAgreements
	// stageClosingVault: the desk is stopped and its ServiceAccount gone; officers
	// can still log in at Vault, which a keykeeper ends.
	stageClosingVault
	// stageAwaitingDeletion: all that can be undone is done.
	stageAwaitingDeletion
	// stageRemoving: the object is deleted, so the last, irreversible stage runs.
	stageRemoving
)

// leaving is everything that decides the stage.
type leaving struct {
	confirmed bool
	deleted   bool
	external  bool // desk or Vault of its own: nothing of ours to close
	ending    v1alpha1.EndingOfAgreements
	enrolled  bool
	frozen    bool // suspended or offboarded at the hub
	gone      bool // offboarded at the hub
	parties   int32
	officers  bool // officers can still log in at Vault
}

// stageOf is the first stage that is not over. It is pure.
func stageOf(l leaving) stage {
	switch {
	case !l.confirmed:
		return stageNone
	case l.gone && l.deleted:
		return stageRemoving
	case l.enrolled && !l.frozen:
		return stageFreezing
	case l.enrolled && l.parties > 0 && l.ending != v1alpha1.EndingRegistrar:
		return stageEndingAgreements
	case l.officers && !l.external:
		return stageClosingVault
	case !l.deleted:
		return stageAwaitingDeletion
	default:
		return stageRemoving
	}
}

// reconcileOffboarding finds the stage and says what a person must do next. The
// request to suspend was already made with the standing.
func (r *Reconciler) reconcileOffboarding(_ context.Context, s *scope) {
	offboard := s.agency.Spec.Offboard
	if offboard == nil {
		condition.Remove(&s.agency.Status.Conditions, v1alpha1.ConditionOffboarding)
		return
	}
	if s.standing == nil {
		// Without the hub's word nothing more is closed; what is, stays closed.
		s.set(offboarding(v1alpha1.ReasonHubUnavailable, "operator_offboarding_waits_for_hub", nil))
		return
	}
	s.stage = stageOf(s.leaving())
	s.soon = s.soon || s.stage != stageAwaitingDeletion
	s.set(s.offboardingCondition())
}

func (s *scope) leaving() leaving {
	officers := s.condition(v1alpha1.ConditionOfficersCanSign)
	return leaving{
		confirmed: s.agency.Spec.Offboard != nil,
		deleted:   !s.agency.DeletionTimestamp.IsZero(),
		external:  s.agency.Spec.Vault != nil,
		ending:    s.agency.Spec.Offboard.Agreements,
		enrolled:  s.standing.Enrolled != nil,
		frozen:    s.standing.Status == statusSuspended || s.standing.Status == statusOffboarded,
		gone:      s.standing.Status == statusOffboarded,
		parties:   s.standing.Agreements,
		// Unknown counts as still there: closing Vault is not over until Vault says so.
		officers: officers != nil && (officers.Status == "True" || officers.Reason == v1alpha1.ReasonVaultUnavailable),
	}
}

func (s *scope) offboardingCondition() condition.Condition {
	name := s.name
	switch s.stage {
	case stageFreezing:
		return offboarding(v1alpha1.ReasonFreezing, "operator_offboarding_freezing", nil)
	case stageEndingAgreements:
		return offboarding(v1alpha1.ReasonEndingAgreements, "operator_offboarding_agreements",
			message.Params{"Agency": name, "Count": s.standing.Agreements})
	case stageClosingVault:
		return offboarding(v1alpha1.ReasonClosingVault, "operator_offboarding_vault",
			message.Params{"Command": s.closeCommand()})
	case stageAwaitingDeletion:
		return offboarding(v1alpha1.ReasonAwaitingDeletion, "operator_offboarding_awaits_deletion", message.Params{"Agency": name})
	default:
		return offboarding(v1alpha1.ReasonRemoving, "operator_offboarding_removing", message.Params{"Mount": name.VaultMount()})
	}
}

func offboarding(reason, code string, params message.Params) condition.Condition {
	return condition.True(v1alpha1.ConditionOffboarding, reason, code, params)
}

// closeCommand is what an administrator of Vault runs to end the officers' login. It takes no
// key away: signatures made so far go on being verified from the ledger.
func (s *scope) closeCommand() string { return "vault auth disable idp-" + string(s.name) }
