package agency_test

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
)

// tamper changes an object in the agency's namespace as an administrator of the
// cluster with another tool might.
func tamper[T client.Object](t *testing.T, w *world, agency, name string, object T, change func(T)) {
	t.Helper()
	namespace := "agency-" + agency
	if _, cluster := any(object).(*corev1.Namespace); cluster {
		namespace = ""
	}
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if err := w.kube.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, object); err != nil {
			return err
		}
		change(object)
		return w.kube.Update(t.Context(), object, client.FieldOwner("other-tool"))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatSomebodyChangedIsPutBack(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("drift"))
	w.ready(t, "drift")
	in := func(name string) client.ObjectKey { return client.ObjectKey{Namespace: "agency-drift", Name: name} }

	tamper(t, w, "drift", "agency-drift", &corev1.Namespace{}, func(n *corev1.Namespace) {
		n.Labels["pod-security.kubernetes.io/enforce"] = "privileged"
	})
	tamper(t, w, "drift", "concordat-agency-admins", &rbacv1.RoleBinding{}, func(b *rbacv1.RoleBinding) {
		b.Subjects = append(b.Subjects, rbacv1.Subject{Kind: "Group", APIGroup: rbacv1.GroupName, Name: "system:authenticated"})
	})
	tamper(t, w, "drift", "concordat-default-deny", &networkingv1.NetworkPolicy{}, func(p *networkingv1.NetworkPolicy) {
		p.Spec.Egress = []networkingv1.NetworkPolicyEgressRule{{}}
	})
	tamper(t, w, "drift", "concordat", &corev1.ResourceQuota{}, func(q *corev1.ResourceQuota) {
		delete(q.Spec.Hard, corev1.ResourcePods)
	})
	tamper(t, w, "drift", "desk", &appsv1.Deployment{}, func(d *appsv1.Deployment) {
		two := int32(2)
		d.Spec.Replicas = &two
		d.Spec.Template.Spec.Containers[0].Image = "elsewhere/desk:latest"
	})
	tamper(t, w, "drift", "desk", &corev1.ConfigMap{}, func(c *corev1.ConfigMap) {
		c.Data["roles.json"] = `{"everybody":["signatory"]}`
	})
	if err := w.kube.Delete(t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "agency-drift", Name: "desk"}}); err != nil {
		t.Fatal(err)
	}

	w.step(t, "drift")
	w.expose(t, "drift")
	w.step(t, "drift")

	namespace, admins, deny := &corev1.Namespace{}, &rbacv1.RoleBinding{}, &networkingv1.NetworkPolicy{}
	quota, deployment, config := &corev1.ResourceQuota{}, &appsv1.Deployment{}, &corev1.ConfigMap{}
	read(t, w, client.ObjectKey{Name: "agency-drift"}, namespace)
	read(t, w, in("concordat-agency-admins"), admins)
	read(t, w, in("concordat-default-deny"), deny)
	read(t, w, in("concordat"), quota)
	read(t, w, in("desk"), deployment)
	read(t, w, in("desk"), config)
	for what, restored := range map[string]bool{
		"Pod Security":    namespace.Labels["pod-security.kubernetes.io/enforce"] == "restricted",
		"administrators":  len(admins.Subjects) == 1,
		"quota":           !quota.Spec.Hard.Pods().IsZero(),
		"replicas":        *deployment.Spec.Replicas == 1,
		"image":           deployment.Spec.Template.Spec.Containers[0].Image == "concordat/desk:test",
		"role mapping":    config.Data["roles.json"] == `{"analysts":["analyst"]}`,
		"closed networks": len(deny.Spec.Egress) == 0,
	} {
		if !restored {
			t.Errorf("%s: not put back", what)
		}
	}
}

// Others may add what the operator does not own, and it stays.
func TestWhatIsNotOursIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("foreign"))
	w.ready(t, "foreign")
	tamper(t, w, "foreign", "desk", &appsv1.Deployment{}, func(d *appsv1.Deployment) {
		d.Labels["team.example.org/owner"] = "sample"
	})
	w.step(t, "foreign")
	writes := w.writes.Load()
	w.step(t, "foreign")
	if n := w.writes.Load() - writes; n != 0 {
		t.Errorf("%d writes because of a label that is not ours", n)
	}
	deployment := &appsv1.Deployment{}
	read(t, w, client.ObjectKey{Namespace: "agency-foreign", Name: "desk"}, deployment)
	if deployment.Labels["team.example.org/owner"] != "sample" {
		t.Error("the label is gone")
	}
}

// Two tools that each put an object right for ever help nobody: after five times
// in a minute the operator stops and names the other.
func TestAFightOverAnObjectIsReportedAndNotFought(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("fight"))
	w.ready(t, "fight")
	change := func() {
		tamper(t, w, "fight", "concordat", &corev1.ResourceQuota{}, func(q *corev1.ResourceQuota) {
			q.Spec.Hard[corev1.ResourcePods] = resource.MustParse("999")
		})
	}
	for range 5 {
		change()
		w.step(t, "fight")
	}
	change()
	w.step(t, "fight")
	condition(t, w.get(t, "fight"), v1alpha1.ConditionNamespaceReady, metav1.ConditionFalse, v1alpha1.ReasonDriftFight, "other-tool", "ResourceQuota")
	condition(t, w.get(t, "fight"), v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonDriftFight)

	w.clock.Pass(2 * time.Minute)
	w.step(t, "fight")
	condition(t, w.get(t, "fight"), v1alpha1.ConditionNamespaceReady, metav1.ConditionTrue, v1alpha1.ReasonApplied)
}

// A namespace that somebody made first is somebody's: nothing in it is touched,
// and nothing is done elsewhere in its name.
func TestAForeignNamespaceIsNeverAdopted(t *testing.T) {
	w := newWorld(t)
	// Made by the operator's own user, as an earlier version or another operator
	// might have: the policy refuses everybody else.
	theirs := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "agency-taken", Labels: map[string]string{"who": "somebody"}}}
	if err := w.Client.Create(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	w.apply(t, sample("taken"))
	a := w.until(t, "taken", v1alpha1.ConditionReady, v1alpha1.ReasonNameConflict)
	condition(t, a, v1alpha1.ConditionNamespaceReady, metav1.ConditionFalse, v1alpha1.ReasonNameConflict, "Namespace agency-taken")
	condition(t, a, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonNameConflict)

	now := &corev1.Namespace{}
	read(t, w, client.ObjectKey{Name: "agency-taken"}, now)
	if now.ResourceVersion != theirs.ResourceVersion {
		t.Error("the namespace was touched")
	}
	if asked := w.hub.said("taken"); len(asked) > 0 {
		t.Errorf("the hub was asked %q", asked)
	}
	if _, err := w.vault.Root().Read(t.Context(), "sys/mounts/concordat/agency-taken", nil); err == nil {
		t.Error("a mount was made")
	}
	bindings := &rbacv1.RoleBindingList{}
	if err := w.kube.List(t.Context(), bindings, client.InNamespace("agency-taken")); err != nil || len(bindings.Items) > 0 {
		t.Errorf("%d role bindings in it, %v", len(bindings.Items), err)
	}

	// Its end: the Agency goes, the namespace stays as it was.
	if err := w.kube.Delete(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	w.step(t, "taken")
	if err := w.kube.Get(t.Context(), client.ObjectKey{Name: "taken"}, a); !apierrors.IsNotFound(err) {
		t.Errorf("the Agency is still there: %v", err)
	}
	read(t, w, client.ObjectKey{Name: "agency-taken"}, now)
	if now.ResourceVersion != theirs.ResourceVersion {
		t.Error("the namespace was touched at the end")
	}
}

func TestAForeignObjectInTheNamespaceIsNeverAdopted(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("squatter"))
	w.until(t, "squatter", v1alpha1.ConditionNamespaceReady, v1alpha1.ReasonApplied)
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "agency-squatter", Name: "desk"}}
	if err := w.kube.Delete(t.Context(), service); client.IgnoreNotFound(err) != nil {
		t.Fatal(err)
	}
	theirs := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "agency-squatter", Name: "desk", Labels: map[string]string{v1alpha1.LabelAgency: "squatter"}},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 443}}},
	}
	if err := w.kube.Create(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	a := w.until(t, "squatter", v1alpha1.ConditionDeskReady, v1alpha1.ReasonNameConflict)
	condition(t, a, v1alpha1.ConditionDeskReady, metav1.ConditionFalse, v1alpha1.ReasonNameConflict, "Service desk")
	now := &corev1.Service{}
	read(t, w, client.ObjectKeyFromObject(theirs), now)
	if now.ResourceVersion != theirs.ResourceVersion {
		t.Error("the Service was touched")
	}
}
