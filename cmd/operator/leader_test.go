package main

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/agency"
)

// holder is who the Lease names.
func (h *house) holder(t *testing.T) string {
	t.Helper()
	lease := &coordinationv1.Lease{}
	err := h.kube.Get(t.Context(), client.ObjectKey{Namespace: "concordat-system", Name: "concordat-operator"}, lease)
	if err != nil {
		t.Fatal(err)
	}
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// written is what the operator last applied of an agency's namespace, and when.
// Kubernetes itself writes the quota's status, so resourceVersion counts only
// where nobody else writes.
func (h *house) written(t *testing.T, name string) map[string]string {
	t.Helper()
	namespace := "agency-" + name
	found := map[string]string{}
	note := func(kind string, o client.Object, alone bool) {
		if alone {
			found[kind+" "+o.GetName()+" version"] = o.GetResourceVersion()
		}
		for _, m := range o.GetManagedFields() {
			if m.Manager == agency.FieldManager {
				found[kind+" "+o.GetName()+" applied"] = m.Time.UTC().String() + " " + m.FieldsV1.String()
			}
		}
	}
	ns, quotas, policies := &corev1.Namespace{}, &corev1.ResourceQuotaList{}, &networkingv1.NetworkPolicyList{}
	if err := h.kube.Get(t.Context(), client.ObjectKey{Name: namespace}, ns); err != nil {
		t.Fatal(err)
	}
	for _, list := range []client.ObjectList{quotas, policies} {
		if err := h.kube.List(t.Context(), list, client.InNamespace(namespace)); err != nil {
			t.Fatal(err)
		}
	}
	if len(quotas.Items) == 0 || len(policies.Items) == 0 {
		t.Fatalf("%d quotas and %d network policies in %s", len(quotas.Items), len(policies.Items), namespace)
	}
	note("Namespace", ns, true)
	for i := range quotas.Items {
		note("ResourceQuota", &quotas.Items[i], false)
	}
	for i := range policies.Items {
		note("NetworkPolicy", &policies.Items[i], true)
	}
	return found
}

// A leader that slept through its Lease wakes believing that it still leads. Its
// successor has other flags, as after a rollout, so that anything which the old
// one applied would show.
func TestAPausedLeaderThatComesBackWritesNothing(t *testing.T) {
	first := newHouse(t)
	first.agency(t, "before")
	within(t, 20*time.Second, first.says(t, "before", metav1.ConditionTrue, v1alpha1.ReasonWorking))
	old := first.holder(t)
	if old == "" {
		t.Fatal("the first operator works without the Lease")
	}
	process := first.cmd.Process
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Signal(syscall.SIGCONT) }) // else it cannot be ended

	second := *first
	second.args = append(slices.Clone(first.args), "--desk-egress", "192.0.2.0/24:8200")
	second.start(t)
	within(t, time.Minute, func() string {
		if now := second.holder(t); now == "" || now == old {
			return "the Lease names " + now
		}
		return ""
	})
	second.agency(t, "after")
	within(t, 20*time.Second, second.says(t, "after", metav1.ConditionTrue, v1alpha1.ReasonWorking))
	successor, before := second.holder(t), second.written(t, "after")

	late := time.AfterFunc(30*time.Second, func() { _ = process.Kill() })
	defer late.Stop()
	first.end(syscall.SIGCONT)
	if code := first.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("the old leader ended with %d, want 1 by itself within 30 s", code)
	}
	if diff := cmp.Diff(before, second.written(t, "after")); diff != "" {
		t.Errorf("written after the old leader came back (-before +after):\n%s", diff)
	}
	if now := second.holder(t); now != successor {
		t.Errorf("the Lease names %s, want %s still", now, successor)
	}
}
