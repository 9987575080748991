package agency

import (
	"context"
	"errors"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/condition"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/vault"
)

// agencyKeys are the four keys of every agency and their types in Vault.
var agencyKeys = []struct {
	purpose v1alpha1.Purpose
	typ     string
}{
	{v1alpha1.OfficerSign, vault.TypeEd25519},
	{v1alpha1.DeskSign, vault.TypeEd25519},
	{v1alpha1.WitnessSign, vault.TypeEd25519},
	{v1alpha1.Wrap, vault.TypeAES},
}

// reconcileKeys makes the mount and the keys of an agency that is new, and only
// looks at those of one that the ledger knows: a key that is lost or replaced is
// reported and never made anew in silence.
func (r *Reconciler) reconcileKeys(ctx context.Context, s *scope) {
	if s.agency.Spec.Vault != nil {
		s.set(condition.True(v1alpha1.ConditionVaultReady, v1alpha1.ReasonOwnVault, "operator_own_vault", nil))
		return
	}
	known := s.knownKeys()
	if !r.keysOK.fresh(known, r.Now()) {
		err := r.keys(ctx, s)
		r.keysOK.note(known, err == nil, r.Now())
		if err != nil {
			ctrl.LoggerFrom(ctx).Info("Vault", "error", err.Error())
			s.soon = true
			s.set(s.keysFailed(err))
			return
		}
	}
	s.set(condition.True(v1alpha1.ConditionVaultReady, v1alpha1.ReasonKeysPresent, "operator_keys_present",
		message.Params{"Mount": s.name.VaultMount()}))
}

// knownKeys names the agency with what the ledger says of its keys: when that
// changes, the keys in Vault are looked at again.
func (s *scope) knownKeys() string {
	if s.standing == nil {
		return string(s.name)
	}
	return fmt.Sprintf("%s %s %v", s.name, s.standing.Status, s.standing.Thumbprints) // maps print sorted
}

func (r *Reconciler) keys(ctx context.Context, s *scope) error {
	mount := s.name.VaultMount()
	isNew := s.standing != nil && s.standing.Enrolled == nil && s.standing.Status == ""
	if isNew {
		return r.makeKeys(ctx, mount)
	}
	if err := r.Keys.CheckMount(ctx, mount); err != nil {
		return err
	}
	for _, key := range agencyKeys {
		var thumbprint string
		if s.standing != nil {
			thumbprint = s.standing.Thumbprints[key.purpose]
		}
		if _, err := r.Keys.CheckKey(ctx, mount, string(key.purpose), key.typ, thumbprint); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reconciler) makeKeys(ctx context.Context, mount string) error {
	if err := r.Keys.EnsureMount(ctx, mount); err != nil {
		return err
	}
	for _, key := range agencyKeys {
		if _, err := r.Keys.EnsureKey(ctx, mount, string(key.purpose), key.typ); err != nil {
			return err
		}
	}
	return nil
}

func (s *scope) keysFailed(err error) condition.Condition {
	failed := func(reason, code string) condition.Condition {
		return condition.False(v1alpha1.ConditionVaultReady, reason, code,
			message.Params{"Agency": s.name, "Mount": s.name.VaultMount()})
	}
	switch {
	case errors.Is(err, vault.ErrSealed):
		return failed(v1alpha1.ReasonVaultSealed, "operator_vault_sealed")
	case errors.Is(err, vault.ErrUnavailable):
		return failed(v1alpha1.ReasonVaultUnavailable, "operator_vault_unavailable")
	case errors.Is(err, vault.ErrDenied):
		return failed(v1alpha1.ReasonVaultDenied, "operator_vault_denied")
	case errors.Is(err, vault.ErrKeyTampered):
		return failed(v1alpha1.ReasonKeyTampered, "operator_key_tampered")
	case errors.Is(err, vault.ErrKeyMissing) && s.standing == nil:
		return failed(v1alpha1.ReasonHubUnavailable, "operator_keys_await_hub")
	case errors.Is(err, vault.ErrKeyMissing):
		return failed(v1alpha1.ReasonKeyMissing, "operator_key_missing")
	case errors.Is(err, vault.ErrRefused):
		return failed(v1alpha1.ReasonNameConflict, "operator_mount_conflict")
	default:
		return failed(v1alpha1.ReasonVaultUnavailable, "operator_vault_unavailable")
	}
}
