package config_test

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
)

// A second server-side apply of everything changes nothing and warns of nothing.
func TestEverythingAppliesTwiceWithoutAWarning(t *testing.T) {
	for _, folder := range []string{"default", "local"} {
		out, err := plane.Kubectl(t, "apply", "--server-side", "-k", folder)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for line := range strings.Lines(out) {
			if !strings.Contains(line, "serverside-applied") {
				t.Errorf("%s: %s", folder, line)
			}
		}
	}
}

// The pods of our own Deployments pass Pod Security "restricted", enforced.
func TestOurPodsAreAdmittedUnderPodSecurityRestricted(t *testing.T) {
	deployments := &appsv1.DeploymentList{}
	if err := kube.List(t.Context(), deployments, client.InNamespace("concordat-system")); err != nil || len(deployments.Items) != 2 {
		t.Fatalf("%d Deployments, %v", len(deployments.Items), err)
	}
	for _, d := range deployments.Items {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: d.Namespace, Name: d.Name + "-probe"}, Spec: d.Spec.Template.Spec}
		if err := kube.Create(t.Context(), pod, client.DryRunAll); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
	privileged := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "concordat-system", Name: "privileged"},
		Spec: corev1.PodSpec{ServiceAccountName: "concordat-hub", Containers: []corev1.Container{{Name: "c", Image: "sample"}}}}
	forbidden(t, "a pod that is not restricted", kube.Create(t.Context(), privileged, client.DryRunAll))
}

func TestTheSixSampleAgenciesAreAccepted(t *testing.T) {
	files := glob(t, "samples/agencies/agency?.yaml")
	if len(files) != 6 {
		t.Errorf("%d samples, want 6", len(files))
	}
	for _, o := range objects(t, files...) {
		if err := kube.Create(t.Context(), o); err != nil {
			t.Errorf("%s: %v", o.GetName(), err)
		}
	}
	list := &v1alpha1.AgencyList{}
	if err := kube.List(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	for _, a := range list.Items {
		if strings.HasPrefix(a.Name, "agency") && len(a.Spec.OIDC.Roles) == 0 {
			t.Errorf("%s gives nobody a role", a.Name)
		}
	}
}
