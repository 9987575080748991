package agency_test

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
)

// What it costs to make an agency (namespace, fences, keys in Vault, admission at
// the hub and a desk) beside the plain creation of the same objects by the same
// client, in one run:
//
//	go test -run '^$' -bench Provision ./controllers/agency
func BenchmarkProvision(b *testing.B) {
	w := newWorld(b)
	w.Desk.URL = "https://desk.{namespace}.svc"
	run := fmt.Sprintf("x%d", time.Now().Unix()%1e6)
	var made []client.Object
	b.Run("agency", func(b *testing.B) {
		n := 0
		for b.Loop() {
			name := fmt.Sprintf("%sn%d", run, n)
			n++
			if err := w.kube.Create(b.Context(), sample(name)); err != nil {
				b.Fatal(err)
			}
			provision(b, w, name)
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "agencies/s")
		made = objectsOf(b, w, fmt.Sprintf("%sn0", run))
	})
	b.Run("plain", func(b *testing.B) {
		n := 0
		for b.Loop() {
			create(b, w, made, fmt.Sprintf("%sp%d", run, n))
			n++
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "agencies/s")
	})
}

// provision reconciles until the desk is deployed.
func provision(b *testing.B, w *world, name string) {
	b.Helper()
	for range 10 {
		_, err := w.Reconcile(b.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: name}})
		if err == nil && w.kube.Get(b.Context(), client.ObjectKey{Namespace: "agency-" + name, Name: "desk"}, &appsv1.Deployment{}) == nil {
			return
		}
	}
	b.Fatalf("%s was not provisioned", name)
}

// objectsOf reads what was made for an agency, stripped to what a client sends.
func objectsOf(b *testing.B, w *world, name string) []client.Object {
	b.Helper()
	in := "agency-" + name
	all := []client.Object{&v1alpha1.Agency{}, &corev1.Namespace{}}
	keys := []client.ObjectKey{{Name: name}, {Name: in}}
	for object, names := range map[client.Object][]string{
		&rbacv1.RoleBinding{}: {"concordat-operator", "concordat-agency-admins"}, &corev1.ResourceQuota{}: {"concordat"},
		&networkingv1.NetworkPolicy{}: {"concordat-default-deny", "concordat-desk"}, &corev1.ServiceAccount{}: {"desk"},
		&corev1.ConfigMap{}: {"desk"}, &corev1.PersistentVolumeClaim{}: {"desk-state"}, &corev1.Service{}: {"desk"}, &appsv1.Deployment{}: {"desk"},
	} {
		for _, n := range names {
			all = append(all, object.DeepCopyObject().(client.Object))
			keys = append(keys, client.ObjectKey{Namespace: in, Name: n})
		}
	}
	for i, object := range all {
		if err := w.kube.Get(b.Context(), keys[i], object); err != nil {
			b.Fatal(err)
		}
		object.SetUID("")
		object.SetResourceVersion("")
		object.SetManagedFields(nil)
		object.SetFinalizers(nil)
		if service, ok := object.(*corev1.Service); ok {
			service.Spec.ClusterIP, service.Spec.ClusterIPs = "", nil
		}
	}
	return all
}

// create makes the same objects under another name, as plainly as can be. The
// namespace and the Deployment are the operator's to make, so it is its client.
func create(b *testing.B, w *world, objects []client.Object, name string) {
	b.Helper()
	for _, object := range objects {
		fresh := object.DeepCopyObject().(client.Object)
		c := w.Client
		switch fresh.(type) {
		case *v1alpha1.Agency:
			c = w.kube
			fresh.SetName(name)
		case *corev1.Namespace:
			fresh.SetName("agency-" + name)
		default:
			fresh.SetNamespace("agency-" + name)
			if _, deployment := fresh.(*appsv1.Deployment); !deployment {
				c = w.kube
			}
		}
		err := c.Create(b.Context(), fresh)
		for try := 0; err != nil && try < 50; try++ { // its RoleBinding is a moment old
			time.Sleep(10 * time.Millisecond)
			err = c.Create(b.Context(), fresh)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
