package agency_test

import (
	"errors"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/agency"
	"github.com/concordat-hub/concordat/internal/vault"
)

// A key that the ledger knows and Vault has lost is a matter for people: another
// key under its name would be a silent change of identity.
func TestALostKeyIsReportedAndNotMadeAnew(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("lost"))
	w.ready(t, "lost")
	root := w.vault.Root()
	if _, err := root.Write(t.Context(), "concordat/agency-lost/keys/desk-sign/config", map[string]any{"deletion_allowed": true}); err != nil {
		t.Fatal(err)
	}
	if err := root.Delete(t.Context(), "concordat/agency-lost/keys/desk-sign"); err != nil {
		t.Fatal(err)
	}
	w.clock.Pass(time.Minute)
	a := w.until(t, "lost", v1alpha1.ConditionVaultReady, v1alpha1.ReasonKeyMissing)
	condition(t, a, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonKeyMissing, "not made anew")
	_, err := w.vault.Client(w.vault.RootToken).CheckKey(t.Context(), "concordat/agency-lost", "desk-sign", vault.TypeEd25519, "")
	if !errors.Is(err, vault.ErrKeyMissing) {
		t.Errorf("the key was made anew: %v", err)
	}
}

func TestAReplacedKeyIsReported(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("replaced"))
	w.ready(t, "replaced")
	w.hub.set("replaced", func(s *agency.Standing) {
		s.Thumbprints = map[v1alpha1.Purpose]string{v1alpha1.OfficerSign: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
	})
	w.clock.Pass(time.Minute)
	a := w.until(t, "replaced", v1alpha1.ConditionVaultReady, v1alpha1.ReasonKeyTampered)
	condition(t, a, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonKeyTampered, "audit log")
}

// Without the hub's word nobody can tell a new agency from one whose keys are
// lost: nothing is made.
func TestNoKeyIsMadeWhileTheHubIsAway(t *testing.T) {
	w := newWorld(t)
	w.hub.fail(errAway)
	w.apply(t, sample("hubaway"))
	a := w.until(t, "hubaway", v1alpha1.ConditionKeysPublished, v1alpha1.ReasonHubUnavailable)
	condition(t, a, v1alpha1.ConditionVaultReady, metav1.ConditionFalse, v1alpha1.ReasonHubUnavailable)
	if _, err := w.vault.Root().Read(t.Context(), "sys/mounts/concordat/agency-hubaway", nil); err == nil {
		t.Error("a mount was made")
	}
	w.hub.fail(nil)
	w.until(t, "hubaway", v1alpha1.ConditionVaultReady, v1alpha1.ReasonKeysPresent)
}

func TestARefusalOfTheHubIsShownAsItSaysIt(t *testing.T) {
	w := newWorld(t)
	w.hub.fail(&agency.RefusedError{Code: "name_retired", Title: "The name was given before."})
	w.apply(t, sample("refused"))
	a := w.until(t, "refused", v1alpha1.ConditionKeysPublished, v1alpha1.ReasonHubRefused)
	condition(t, a, v1alpha1.ConditionKeysPublished, metav1.ConditionFalse, v1alpha1.ReasonHubRefused, "name_retired", "The name was given before.")
}

// What Vault is not ready for is said, and mended by itself when it is.
func TestVaultSealedAndAwayAreToldApart(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("vaultdown"))
	w.ready(t, "vaultdown")
	w.vault.Seal()
	w.clock.Pass(time.Minute)
	a := w.until(t, "vaultdown", v1alpha1.ConditionVaultReady, v1alpha1.ReasonVaultSealed)
	condition(t, a, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonVaultSealed, "unseal")
	w.vault.Unseal()
	w.until(t, "vaultdown", v1alpha1.ConditionReady, v1alpha1.ReasonOfficersCannotSign)
	w.vault.Kill()
	w.clock.Pass(time.Minute)
	w.until(t, "vaultdown", v1alpha1.ConditionVaultReady, v1alpha1.ReasonVaultUnavailable)
	w.vault.Restart()
	w.until(t, "vaultdown", v1alpha1.ConditionReady, v1alpha1.ReasonOfficersCannotSign)
}

// A mount that serves something else is not taken over.
func TestAForeignMountIsNeverAdopted(t *testing.T) {
	w := newWorld(t)
	if _, err := w.vault.Root().Write(t.Context(), "sys/mounts/concordat/agency-kvmount", map[string]any{"type": "kv"}); err != nil {
		t.Fatal(err)
	}
	w.apply(t, sample("kvmount"))
	w.until(t, "kvmount", v1alpha1.ConditionVaultReady, v1alpha1.ReasonNameConflict)
}
