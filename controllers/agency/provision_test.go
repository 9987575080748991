package agency_test

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/agency"
)

func TestAnAppliedAgencyBecomesANamespaceKeysAndADesk(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("provision"))

	w.step(t, "provision")
	if a := w.get(t, "provision"); !slices.Contains(a.Finalizers, v1alpha1.FinalizerAgency) || len(w.hub.said("provision")) > 0 {
		t.Fatal("something happened outside the object before its finalizer was there")
	}
	a := w.until(t, "provision", v1alpha1.ConditionDeskReady, v1alpha1.ReasonAwaitingAddress)
	condition(t, a, v1alpha1.ConditionNamespaceReady, metav1.ConditionTrue, v1alpha1.ReasonApplied)
	condition(t, a, v1alpha1.ConditionVaultReady, metav1.ConditionTrue, v1alpha1.ReasonKeysPresent, "concordat/agency-provision")
	condition(t, a, v1alpha1.ConditionKeysPublished, metav1.ConditionFalse, v1alpha1.ReasonAwaitingDesk)
	condition(t, a, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonAwaitingDesk)
	condition(t, a, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonProgressing)
	condition(t, a, v1alpha1.ConditionOfficersCanSign, metav1.ConditionFalse, v1alpha1.ReasonAwaitingKeykeeper,
		"`concordat vault enrol provision --apply`")
	if got := w.hub.said("provision"); !slices.Equal(got, []string{"admit managed"}) {
		t.Errorf("the hub was asked %q, want one admission", got)
	}

	w.expose(t, "provision")
	a = w.until(t, "provision", v1alpha1.ConditionDeskReady, v1alpha1.ReasonNotReady)
	condition(t, a, v1alpha1.ConditionDeskReady, metav1.ConditionFalse, v1alpha1.ReasonNotReady, "Vault does not answer.")
	w.enrol(t, "provision")
	w.desk.ready.Store(true)
	a = w.until(t, "provision", v1alpha1.ConditionReady, v1alpha1.ReasonOfficersCannotSign)
	condition(t, a, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonOfficersCannotSign, "concordat vault enrol")
	condition(t, a, v1alpha1.ConditionKeysPublished, metav1.ConditionTrue, v1alpha1.ReasonEnrolled, "index 1")

	w.officersLogIn(t, "provision")
	a = w.until(t, "provision", v1alpha1.ConditionReady, v1alpha1.ReasonWorking)
	condition(t, a, v1alpha1.ConditionOfficersCanSign, metav1.ConditionTrue, v1alpha1.ReasonLoginConfigured)
	want := v1alpha1.AgencyStatus{
		ObservedGeneration: a.Generation, Namespace: "agency-provision", Custody: v1alpha1.CustodyManaged, DeskURL: w.desk.URL,
		EnrolledIndex: new(int64), Conditions: a.Status.Conditions,
	}
	*want.EnrolledIndex = 1
	for _, purpose := range []v1alpha1.Purpose{v1alpha1.OfficerSign, v1alpha1.DeskSign, v1alpha1.WitnessSign} {
		want.Keys = append(want.Keys, v1alpha1.KeyStatus{Purpose: purpose, Thumbprint: w.thumbprints(t, "provision")[purpose]})
	}
	if diff := cmp.Diff(want, a.Status); diff != "" {
		t.Error(diff)
	}
	seesTheObjects(t, w)
}

func seesTheObjects(t *testing.T, w *world) {
	t.Helper()
	namespace := &corev1.Namespace{}
	read(t, w, client.ObjectKey{Name: "agency-provision"}, namespace)
	if namespace.Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Error("the namespace is not under Pod Security restricted")
	}
	in := func(name string) client.ObjectKey { return client.ObjectKey{Namespace: "agency-provision", Name: name} }
	read(t, w, in("concordat"), &corev1.ResourceQuota{})
	read(t, w, in("concordat-default-deny"), &networkingv1.NetworkPolicy{})
	read(t, w, in("desk-state"), &corev1.PersistentVolumeClaim{})
	admins := &rbacv1.RoleBinding{}
	read(t, w, in("concordat-agency-admins"), admins)
	if admins.RoleRef.Name != "concordat-agency-admin" || len(admins.Subjects) != 1 || admins.Subjects[0].Name != "sample-admins" {
		t.Errorf("administrators are bound by %+v to %+v", admins.RoleRef, admins.Subjects)
	}
	config := &corev1.ConfigMap{}
	read(t, w, in("desk"), config)
	if got, want := config.Data["roles.json"], `{"analysts":["analyst"]}`; got != want {
		t.Errorf("roles.json is %s, want %s", got, want)
	}
	deployment := &appsv1.Deployment{}
	read(t, w, in("desk"), deployment)
	args := strings.Join(deployment.Spec.Template.Spec.Containers[0].Args, " ")
	for _, flag := range []string{
		"--agency=provision", "--hub-token-file=/var/run/secrets/concordat/hub", "--vault-token-file=/var/run/secrets/concordat/vault",
		"--state=/var/lib/concordat", "--vault-ca=/etc/concordat/vault-ca.pem", "--oidc-issuer=https://id.example.org",
		"--oidc-client-id=concordat-desk", "--external-url=" + w.desk.URL,
	} {
		if !strings.Contains(args, flag) {
			t.Errorf("the desk is not started with %s: %s", flag, args)
		}
	}
	if deployment.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType || *deployment.Spec.Replicas != 1 {
		t.Error("the desk's volume could get two writers")
	}
}

func read(t *testing.T, w *world, key client.ObjectKey, into client.Object) {
	t.Helper()
	if err := w.kube.Get(t.Context(), key, into); err != nil {
		t.Error(err)
	}
}

// The pods that become of the Deployment pass Pod Security, the quota and the
// policy on the desk's ServiceAccount: a real controller manager makes them.
func TestTheDesksPodIsAdmitted(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("admitted"))
	w.ready(t, "admitted")
	eventually(t, "a pod under the ServiceAccount desk", func() bool {
		pods := &corev1.PodList{}
		if err := w.kube.List(t.Context(), pods, client.InNamespace("agency-admitted")); err != nil {
			t.Fatal(err)
		}
		return len(pods.Items) == 1 && pods.Items[0].Spec.ServiceAccountName == "desk"
	})
}

// A thousand agencies are looked at every few seconds: where nothing changed,
// nothing may be written, at kube-apiserver, at the hub or in Vault.
func TestASecondReconcileWritesNothing(t *testing.T) {
	w := newWorld(t)
	external := sample("steadyexternal")
	external.Spec.Desk = v1alpha1.Desk{Mode: v1alpha1.DeskExternal, Endpoint: "https://desk.example.org"}
	w.apply(t, sample("steady"))
	w.apply(t, external)
	w.ready(t, "steady")
	w.until(t, "steadyexternal", v1alpha1.ConditionDeskReady, v1alpha1.ReasonAwaitingDesk)
	w.enrol(t, "steadyexternal")
	w.until(t, "steadyexternal", v1alpha1.ConditionReady, v1alpha1.ReasonOfficersCannotSign)

	for _, name := range []string{"steady", "steadyexternal"} {
		w.step(t, name) // whatever kube-apiserver filled in is seen
		writes, asked, changed := w.writes.Load(), len(w.hub.said(name)), vaultWrites(t, w)
		version := w.get(t, name).ResourceVersion
		for range 3 {
			w.step(t, name)
		}
		if n := w.writes.Load() - writes; n != 0 {
			t.Errorf("%s: %d writes at kube-apiserver", name, n)
		}
		if n := len(w.hub.said(name)) - asked; n != 0 {
			t.Errorf("%s: %d requests to the hub", name, n)
		}
		if n := vaultWrites(t, w) - changed; n != 0 {
			t.Errorf("%s: %d writes to Vault", name, n)
		}
		if w.get(t, name).ResourceVersion != version {
			t.Errorf("%s: the object changed", name)
		}
	}
}

// Status is output: what is deleted of it comes back from the world.
func TestADeletedStatusIsObservedAnew(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("recompute"))
	before := w.ready(t, "recompute").Status
	a := w.get(t, "recompute")
	a.Status = v1alpha1.AgencyStatus{}
	if err := w.kube.Status().Update(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	after := w.until(t, "recompute", v1alpha1.ConditionReady, v1alpha1.ReasonOfficersCannotSign).Status
	for i := range after.Conditions {
		after.Conditions[i].LastTransitionTime = before.Conditions[min(i, len(before.Conditions)-1)].LastTransitionTime
	}
	byType := func(a, b metav1.Condition) int { return strings.Compare(a.Type, b.Type) }
	slices.SortFunc(before.Conditions, byType)
	slices.SortFunc(after.Conditions, byType)
	ignoreTimes := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".LastTransitionTime" }, cmp.Ignore())
	if diff := cmp.Diff(before, after, ignoreTimes); diff != "" {
		t.Error(diff)
	}
}

// An External agency has its namespace, so that nobody takes the name, and no
// desk: nothing here can act as it.
func TestAnExternalAgencyHasNoDeskAccount(t *testing.T) {
	w := newWorld(t)
	a := sample("external")
	a.Spec.Desk = v1alpha1.Desk{Mode: v1alpha1.DeskExternal, Endpoint: "https://desk.example.org"}
	a.Spec.Vault = &v1alpha1.OwnVault{Address: "https://vault.example.org"}
	w.apply(t, a)
	seen := w.until(t, "external", v1alpha1.ConditionKeysPublished, v1alpha1.ReasonAwaitingDesk)
	condition(t, seen, v1alpha1.ConditionKeysPublished, metav1.ConditionFalse, v1alpha1.ReasonAwaitingDesk, "concordat agency admit external")
	condition(t, seen, v1alpha1.ConditionVaultReady, metav1.ConditionTrue, v1alpha1.ReasonOwnVault)
	w.hub.set("external", func(s *agency.Standing) { index := int64(7); s.Enrolled, s.Status = &index, "enrolled" })
	seen = w.until(t, "external", v1alpha1.ConditionReady, v1alpha1.ReasonWorking)
	if seen.Status.Custody != v1alpha1.CustodyOwn || seen.Status.DeskURL != "https://desk.example.org" {
		t.Errorf("status is %+v", seen.Status)
	}
	account := &corev1.ServiceAccount{}
	if err := w.kube.Get(t.Context(), client.ObjectKey{Namespace: "agency-external", Name: "desk"}, account); client.IgnoreNotFound(err) != nil || err == nil {
		t.Errorf("the ServiceAccount desk: %v, want none", err)
	}
	if _, err := w.vault.Root().Read(t.Context(), "sys/mounts/concordat/agency-external", nil); err == nil {
		t.Error("a mount was made in the hub's Vault for an agency with its own")
	}
	if got := w.hub.said("external"); !slices.Equal(got, []string{"admit external"}) {
		t.Errorf("the hub was asked %q", got)
	}
}

func TestSuspensionIsAskedForAndTakenBack(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("suspend"))
	w.ready(t, "suspend")
	w.edit(t, "suspend", func(a *v1alpha1.Agency) { a.Spec.Suspended = true })
	a := w.until(t, "suspend", v1alpha1.ConditionReady, v1alpha1.ReasonSuspended)
	condition(t, a, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended, "spec.suspended")
	w.edit(t, "suspend", func(a *v1alpha1.Agency) { a.Spec.Suspended = false })
	w.until(t, "suspend", v1alpha1.ConditionReady, v1alpha1.ReasonOfficersCannotSign)
	if got, want := w.hub.said("suspend"), []string{"admit managed", "suspend", "resume"}; !slices.Equal(got, want) {
		t.Errorf("the hub was asked %q, want %q", got, want)
	}
}
