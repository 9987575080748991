package agency

import (
	"context"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/condition"
	"github.com/concordat-hub/concordat/internal/message"
)

// reconcileOfficers looks whether officers can log in at Vault to sign. Only a
// keykeeper may set that up; until then the condition shows the command.
func (r *Reconciler) reconcileOfficers(ctx context.Context, s *scope) {
	const kind = v1alpha1.ConditionOfficersCanSign
	switch {
	case s.agency.Spec.Vault != nil:
		s.set(condition.Unknown(kind, v1alpha1.ReasonOwnVault, "operator_officers_own_vault", nil))
		return
	case s.agency.Spec.OIDC == nil:
		s.set(condition.False(kind, v1alpha1.ReasonNoProvider, "operator_officers_no_provider", nil))
		return
	}
	exists, err := r.loginExists(ctx, s)
	switch {
	case err != nil:
		s.set(condition.Unknown(kind, v1alpha1.ReasonVaultUnavailable, "operator_vault_unavailable",
			message.Params{"Agency": s.name, "Mount": s.name.VaultMount()}))
	case exists:
		s.set(condition.True(kind, v1alpha1.ReasonLoginConfigured, "operator_officers_can_sign", nil))
	default:
		s.set(condition.False(kind, v1alpha1.ReasonAwaitingKeykeeper, "operator_officers_await_keykeeper",
			message.Params{"Agency": s.name, "Command": s.enrolCommand()}))
	}
}

// enrolCommand is what an administrator of Vault runs so that officers can sign.
func (s *scope) enrolCommand() string {
	return "concordat vault enrol " + string(s.name) + " --apply"
}

// loginExists asks Vault, but not more often than each minute once the answer was
// yes: each question is a line in Vault's audit log.
func (r *Reconciler) loginExists(ctx context.Context, s *scope) (bool, error) {
	name := string(s.name)
	if s.agency.Spec.Offboard == nil && r.logins.fresh(name, r.Now()) {
		return true, nil
	}
	exists, err := r.Officers.LoginExists(ctx, name)
	r.logins.note(name, exists && err == nil, r.Now())
	return exists, err
}
