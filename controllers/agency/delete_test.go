package agency_test

import (
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/agency"
	"github.com/concordat-hub/concordat/internal/vault/vaulttest"
	"github.com/concordat-hub/concordat/test/cluster"
)

func (w *world) delete(t *testing.T, name string) {
	t.Helper()
	if err := w.kube.Delete(t.Context(), w.get(t, name)); err != nil {
		t.Fatal(err)
	}
}

// gone reconciles until the object is no more.
func (w *world) gone(t *testing.T, name string) {
	t.Helper()
	eventually(t, "an end of "+name, func() bool {
		_, _ = w.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: name}})
		return w.absent(t, client.ObjectKey{Name: name}, &v1alpha1.Agency{})
	})
}

func (w *world) absent(t *testing.T, key client.ObjectKey, object client.Object) bool {
	t.Helper()
	err := w.kube.Get(t.Context(), key, object)
	if client.IgnoreNotFound(err) != nil {
		t.Fatal(err)
	}
	return err != nil
}

// A stray kubectl delete, a GitOps prune and an uninstalled chart all come this
// way: nothing may be lost by them, whatever else is down.
func TestDeletionWithoutConfirmationOnlyDetaches(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("detach"))
	w.ready(t, "detach")
	asked, keys := w.hub.said("detach"), w.thumbprints(t, "detach")
	deployment := &appsv1.Deployment{}
	desk := client.ObjectKey{Namespace: "agency-detach", Name: "desk"}
	read(t, w, desk, deployment)

	w.hub.fail(errAway)
	w.delete(t, "detach")
	w.step(t, "detach")
	if !w.absent(t, client.ObjectKey{Name: "detach"}, &v1alpha1.Agency{}) {
		t.Fatal("the object is still there")
	}
	w.hub.fail(nil)
	if got := w.hub.said("detach"); !slices.Equal(got, asked) {
		t.Errorf("the hub was asked %q besides %q", got, asked)
	}
	after := &appsv1.Deployment{}
	read(t, w, desk, after)
	if after.UID != deployment.UID || after.Generation != deployment.Generation || after.DeletionTimestamp != nil {
		t.Error("the desk was touched")
	}

	// The same manifest takes up the same namespace, desk and keys.
	w.apply(t, sample("detach"))
	w.until(t, "detach", v1alpha1.ConditionReady, v1alpha1.ReasonOfficersCannotSign)
	read(t, w, desk, after)
	if after.UID != deployment.UID {
		t.Error("the desk was made anew")
	}
	if diff := cmp.Diff(keys, w.thumbprints(t, "detach")); diff != "" {
		t.Errorf("keys changed: %s", diff)
	}
	if got := w.hub.said("detach"); !slices.Equal(got, asked) {
		t.Errorf("the hub was asked %q besides %q", got, asked)
	}
}

// The cluster burns down. Applied to an empty one, the same manifest attaches the
// agency to its identity in the ledger and to its mount in Vault.
func TestTheSameManifestInAnEmptyClusterTakesUpTheSameKeys(t *testing.T) {
	server, hub := vaulttest.Start(t), newHub()
	bootstrapVault(t, server)
	w := newWorldAt(t, plane, server, hub)
	w.apply(t, sample("phoenix"))
	before := w.ready(t, "phoenix")
	keys, asked := w.thumbprints(t, "phoenix"), hub.said("phoenix")

	empty, err := cluster.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(empty.Stop)
	if err := empty.Install("config/system", "config/rbac", "config/policies"); err != nil {
		t.Fatal(err)
	}
	again := newWorldAt(t, empty, server, hub)
	written := vaultWrites(t, again)
	again.apply(t, sample("phoenix"))
	after := again.ready(t, "phoenix")

	if diff := cmp.Diff(keys, again.thumbprints(t, "phoenix")); diff != "" {
		t.Errorf("keys changed: %s", diff)
	}
	if n := vaultWrites(t, again) - written; n != 0 {
		t.Errorf("%d writes to Vault", n)
	}
	if got := hub.said("phoenix"); !slices.Equal(got, asked) {
		t.Errorf("the hub was asked %q besides %q", got, asked)
	}
	if *after.Status.EnrolledIndex != *before.Status.EnrolledIndex {
		t.Error("the agency is another one in the ledger")
	}
}

func offboarding(a *v1alpha1.Agency) {
	a.Spec.Offboard = &v1alpha1.Offboard{Confirm: v1alpha1.AgencyName(a.Name)}
}

func TestConfirmedOffboardingGoesByStages(t *testing.T) {
	t.Parallel() // a namespace takes ten seconds to end
	w := newWorld(t)
	w.apply(t, sample("leave"))
	w.ready(t, "leave")
	w.officersLogIn(t, "leave")
	w.hub.set("leave", func(s *agency.Standing) { s.Agreements = 2 })
	deskAccount := client.ObjectKey{Namespace: "agency-leave", Name: "desk"}
	const kind = v1alpha1.ConditionOffboarding

	// Freeze, then wait for the agreements to end. The desk still runs: its
	// signatories withdraw through it.
	w.edit(t, "leave", offboarding)
	a := w.until(t, "leave", kind, v1alpha1.ReasonEndingAgreements)
	condition(t, a, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonEndingAgreements, "2 agreements", "concordat agreement withdraw")
	if asked := w.hub.said("leave"); asked[len(asked)-1] != "suspend" {
		t.Errorf("the hub was asked %q, want a suspension", asked)
	}
	if w.absent(t, deskAccount, &corev1.ServiceAccount{}) {
		t.Fatal("the desk was closed while its agreements have not ended")
	}

	// Vault access off: the desk and its identity go, the officers' login is ended
	// by a keykeeper.
	w.hub.set("leave", func(s *agency.Standing) { s.Agreements = 0 })
	a = w.until(t, "leave", kind, v1alpha1.ReasonClosingVault)
	condition(t, a, kind, metav1.ConditionTrue, v1alpha1.ReasonClosingVault, "`vault auth disable idp-leave`")
	eventually(t, "an end of the desk's ServiceAccount", func() bool { return w.absent(t, deskAccount, &corev1.ServiceAccount{}) })
	if w.absent(t, client.ObjectKey{Namespace: "agency-leave", Name: "desk-state"}, &corev1.PersistentVolumeClaim{}) {
		t.Error("the desk's volume is gone before the last stage")
	}
	if err := w.vault.Root().Delete(t.Context(), "sys/auth/idp-leave"); err != nil {
		t.Fatal(err)
	}
	a = w.until(t, "leave", kind, v1alpha1.ReasonAwaitingDeletion)
	condition(t, a, kind, metav1.ConditionTrue, v1alpha1.ReasonAwaitingDeletion, "kubectl delete agency leave")

	// Everything so far can be taken back.
	w.edit(t, "leave", func(a *v1alpha1.Agency) { a.Spec.Offboard = nil })
	a = w.until(t, "leave", v1alpha1.ConditionReady, v1alpha1.ReasonOfficersCannotSign)
	if w.absent(t, deskAccount, &corev1.ServiceAccount{}) || w.hub.standing["leave"].Status != "enrolled" {
		t.Errorf("taking offboarding back left:\n%s", describe(a))
	}

	// The last stage, which cannot.
	w.edit(t, "leave", offboarding)
	w.until(t, "leave", kind, v1alpha1.ReasonAwaitingDeletion)
	keys := w.thumbprints(t, "leave")
	w.delete(t, "leave")
	w.gone(t, "leave")
	if got := w.hub.standing["leave"].Status; got != "offboarded" {
		t.Errorf("the hub says %q", got)
	}
	if !w.absent(t, client.ObjectKey{Name: "agency-leave"}, &corev1.Namespace{}) {
		t.Error("the namespace is still there")
	}
	if diff := cmp.Diff(keys, w.thumbprints(t, "leave")); diff != "" {
		t.Errorf("keys were touched: %s", diff)
	}

	// Names are never given again.
	w.apply(t, sample("leave"))
	a = w.until(t, "leave", v1alpha1.ConditionReady, v1alpha1.ReasonNameRetired)
	condition(t, a, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonNameRetired, "never given again")
}

// An agency that no longer answers cannot withdraw: the administrators may have
// the registrar's act end its part.
func TestTheRegistrarMayEndTheAgreementsOfAnAgencyThatIsGone(t *testing.T) {
	t.Parallel() // a namespace takes ten seconds to end
	w := newWorld(t)
	w.apply(t, sample("silent"))
	w.ready(t, "silent")
	w.hub.set("silent", func(s *agency.Standing) { s.Agreements = 3 })
	w.edit(t, "silent", func(a *v1alpha1.Agency) {
		offboarding(a)
		a.Spec.Offboard.Agreements = v1alpha1.EndingRegistrar
	})
	w.until(t, "silent", v1alpha1.ConditionOffboarding, v1alpha1.ReasonAwaitingDeletion)
	w.delete(t, "silent")
	w.gone(t, "silent")
	if asked := w.hub.said("silent"); asked[len(asked)-1] != "offboard" {
		t.Errorf("the hub was asked %q", asked)
	}
}

// Deleted at once with the confirmation, all stages run behind the finalizer, and
// taking the confirmation out again lets go of everything.
func TestADeletedAgencyWaitsForItsStagesAndCanStillBeDetached(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("regret"))
	w.ready(t, "regret")
	w.hub.set("regret", func(s *agency.Standing) { s.Agreements = 1 })
	w.edit(t, "regret", offboarding)
	w.delete(t, "regret")
	w.until(t, "regret", v1alpha1.ConditionOffboarding, v1alpha1.ReasonEndingAgreements)
	w.edit(t, "regret", func(a *v1alpha1.Agency) { a.Spec.Offboard = nil })
	w.gone(t, "regret")
	if got := w.hub.standing["regret"].Status; got == "offboarded" {
		t.Error("the agency has left the hub")
	}
	w.apply(t, sample("regret"))
	w.until(t, "regret", v1alpha1.ConditionReady, v1alpha1.ReasonOfficersCannotSign)
	if got := w.hub.standing["regret"].Status; got != "enrolled" {
		t.Errorf("the hub says %q after the agency was applied again", got)
	}
}

// No finalizer waits for Vault for ever.
func TestOffboardingEndsWithoutVault(t *testing.T) {
	t.Parallel() // a namespace takes ten seconds to end
	w := newWorld(t)
	w.apply(t, sample("novault"))
	w.ready(t, "novault")
	w.vault.Kill()
	w.edit(t, "novault", offboarding)
	w.delete(t, "novault")
	a := w.until(t, "novault", v1alpha1.ConditionOffboarding, v1alpha1.ReasonClosingVault)
	condition(t, a, v1alpha1.ConditionOfficersCanSign, metav1.ConditionUnknown, v1alpha1.ReasonVaultUnavailable)
	w.clock.Pass(16 * time.Minute)
	w.gone(t, "novault")
	if got := w.hub.standing["novault"].Status; got != "offboarded" {
		t.Errorf("the hub says %q", got)
	}
}

// The hub's act is the one thing that cannot be left out; the condition says so,
// and how to let go without it.
func TestOffboardingWaitsForTheHubAndSaysSo(t *testing.T) {
	t.Parallel() // a namespace takes ten seconds to end
	w := newWorld(t)
	w.apply(t, sample("nohub"))
	w.ready(t, "nohub")
	w.edit(t, "nohub", offboarding)
	w.hub.fail(errAway)
	w.delete(t, "nohub")
	w.until(t, "nohub", v1alpha1.ConditionOffboarding, v1alpha1.ReasonHubUnavailable)
	w.clock.Pass(16 * time.Minute)
	a := w.until(t, "nohub", v1alpha1.ConditionOffboarding, v1alpha1.ReasonCleanupBlocked)
	condition(t, a, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonCleanupBlocked, "remove spec.offboard")
	w.hub.fail(nil)
	w.gone(t, "nohub")
}

// The namespace may go first, by somebody else's hand.
func TestDeletionEndsWhenTheNamespaceWentFirst(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("nsfirst"))
	w.ready(t, "nsfirst")
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "agency-nsfirst"}}
	if err := w.kube.Delete(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	w.delete(t, "nsfirst")
	w.gone(t, "nsfirst")
	if err := w.kube.Get(t.Context(), client.ObjectKeyFromObject(namespace), namespace); err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
}
