package config_test

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
)

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// agencyNamespace is one with its desk's ServiceAccount, made by the operator.
func agencyNamespace(t *testing.T, slug string) string {
	t.Helper()
	operator := as(t, operatorUser)
	name := "agency-" + slug
	if err := operator.Create(t.Context(), namespace(name)); err != nil {
		t.Fatal(err)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: "desk"}}
	if err := kube.Create(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestOnlyTheOperatorMakesAgenciesNamespaces(t *testing.T) {
	err := kube.Create(t.Context(), namespace("agency-mine"))
	forbidden(t, "an administrator of the cluster", err)
	if err != nil && !strings.Contains(err.Error(), "ReservedName") {
		t.Errorf("the refusal says %v", err)
	}
	if err := as(t, operatorUser).Create(t.Context(), namespace("agency-theirs")); err != nil {
		t.Errorf("the operator: %v", err)
	}
	if err := kube.Create(t.Context(), namespace("agencies")); err != nil {
		t.Errorf("a namespace that only begins alike: %v", err)
	}
}

func TestAnAgreementInForceIsNotDeleted(t *testing.T) {
	for state, refused := range map[v1alpha1.AgreementState]bool{
		v1alpha1.StateInForce: true, v1alpha1.StateReviewOverdue: true, v1alpha1.StateSuspended: true,
		v1alpha1.StateProposed: false, v1alpha1.StateDeclined: false, v1alpha1.StateTerminated: false, v1alpha1.StateExpired: false, "": false,
	} {
		a := &v1alpha1.SharingAgreement{
			ObjectMeta: metav1.ObjectMeta{Name: "state" + strings.ToLower(string(state))},
			Spec:       v1alpha1.SharingAgreementSpec{Document: "{}", ProposedBy: "agencya"},
		}
		if err := kube.Create(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if state != "" {
			a.Status.State = state
			if err := kube.Status().Update(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		err := kube.Delete(t.Context(), a)
		if refused {
			forbidden(t, "deleting it in force", err)
		} else if err != nil {
			t.Errorf("deleting it in state %q: %v", state, err)
		}
	}
}

// restricted is a pod that Pod Security lets in, under this ServiceAccount.
func restricted(account string) corev1.PodSpec {
	yes, no, user := true, false, int64(65532)
	return corev1.PodSpec{
		ServiceAccountName: account,
		SecurityContext:    &corev1.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &user, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
		Containers: []corev1.Container{{Name: "c", Image: "sample", SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		}}},
		RestartPolicy: corev1.RestartPolicyAlways,
	}
}

// Whatever makes pods is a way to run as the desk: each is refused to everybody,
// administrators of the cluster and the operator's own Deployments apart.
func TestNobodyRunsAsADesk(t *testing.T) {
	in := agencyNamespace(t, "reserved")
	meta := metav1.ObjectMeta{Namespace: in, Name: "impostor"}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}}, Spec: restricted("desk")}
	job := template
	job.Spec.RestartPolicy = corev1.RestartPolicyNever
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}}
	for kind, object := range map[string]client.Object{
		"Pod":                   &corev1.Pod{ObjectMeta: meta, Spec: restricted("desk")},
		"Deployment":            &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{Selector: selector, Template: template}},
		"ReplicaSet":            &appsv1.ReplicaSet{ObjectMeta: meta, Spec: appsv1.ReplicaSetSpec{Selector: selector, Template: template}},
		"StatefulSet":           &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Selector: selector, Template: template}},
		"DaemonSet":             &appsv1.DaemonSet{ObjectMeta: meta, Spec: appsv1.DaemonSetSpec{Selector: selector, Template: template}},
		"Job":                   &batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{Template: job}},
		"CronJob":               &batchv1.CronJob{ObjectMeta: meta, Spec: batchv1.CronJobSpec{Schedule: "* * * * *", JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: job}}}},
		"ReplicationController": &corev1.ReplicationController{ObjectMeta: meta, Spec: corev1.ReplicationControllerSpec{Selector: map[string]string{"a": "b"}, Template: &template}},
		"PodTemplate":           &corev1.PodTemplate{ObjectMeta: meta, Template: template},
	} {
		err := kube.Create(t.Context(), object)
		forbidden(t, kind, err)
		if err != nil && !strings.Contains(err.Error(), "ReservedServiceAccount") {
			t.Errorf("%s: the refusal says %v", kind, err)
		}
	}
	if err := kube.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: in, Name: "own"}}); err != nil {
		t.Fatal(err)
	}
	own := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: in, Name: "own"}, Spec: appsv1.DeploymentSpec{Selector: selector, Template: template}}
	own.Spec.Template.Spec.ServiceAccountName = "own"
	if err := kube.Create(t.Context(), own); err != nil {
		t.Fatalf("a Deployment under another account: %v", err)
	}
	own.Spec.Template.Spec.ServiceAccountName, own.Spec.Template.Spec.DeprecatedServiceAccount = "desk", "desk"
	forbidden(t, "changing it to the desk's", kube.Update(t.Context(), own))
}

func TestTokensOfADeskAreForItsNode(t *testing.T) {
	in := agencyNamespace(t, "tokens")
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: in, Name: "desk"}}
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: in, Name: "minter"},
		Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"serviceaccounts/token"}, Verbs: []string{"create"}}}}
	binding := &rbacv1.RoleBinding{ObjectMeta: role.ObjectMeta,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "minter"}, Subjects: []rbacv1.Subject{{Kind: "Group", APIGroup: rbacv1.GroupName, Name: "minters"}}}
	for _, o := range []client.Object{role, binding} {
		if err := kube.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	mint := func(c client.Client) error {
		return c.SubResource("token").Create(t.Context(), account, &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: []string{"concordat-vault"}}})
	}
	err := mint(as(t, "somebody", "minters"))
	forbidden(t, "somebody whom RBAC would let", err)
	if err != nil && !strings.Contains(err.Error(), "ReservedServiceAccount") {
		t.Errorf("the refusal says %v", err)
	}
}

// A compromised operator cannot leave agencies' namespaces with its two roles.
func TestTheOperatorStaysInAgenciesNamespaces(t *testing.T) {
	operator := as(t, operatorUser)
	in := agencyNamespace(t, "home")
	binding := func(namespace, role string) *rbacv1.RoleBinding {
		return &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "b-" + role},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "concordat-system", Name: "concordat-operator"}},
		}
	}
	if err := operator.Create(t.Context(), binding(in, "concordat-operator-agency")); err != nil {
		t.Errorf("its own role in an agency's namespace: %v", err)
	}
	forbidden(t, "its own role in kube-system", operator.Create(t.Context(), binding("kube-system", "concordat-operator-agency")))
	forbidden(t, "the role admin in an agency's namespace", operator.Create(t.Context(), binding(in, "admin")))
	forbidden(t, "a namespace of another name", operator.Create(t.Context(), namespace("elsewhere")))
	forbidden(t, "the end of kube-system", operator.Delete(t.Context(), namespace("kube-system")))
	forbidden(t, "a Deployment outside", operator.Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "concordat-system", Name: "d"},
		Spec: appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}}, Spec: restricted("concordat-hub")}},
	}))
	forbidden(t, "a Secret", operator.Get(t.Context(), client.ObjectKey{Namespace: "concordat-system", Name: "concordat-vault-reviewer"}, &corev1.Secret{}))
}

// An agency's administrators look after their desk; they can neither become it
// nor widen what they may.
func TestAnAgencysAdministratorsStayWithinTheirRole(t *testing.T) {
	in := agencyNamespace(t, "admins")
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: in, Name: "concordat-agency-admins"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "concordat-agency-admin"},
		Subjects:   []rbacv1.Subject{{Kind: "Group", APIGroup: rbacv1.GroupName, Name: "admins-operations"}},
	}
	if err := as(t, operatorUser).Create(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
	a := &v1alpha1.Agency{ObjectMeta: metav1.ObjectMeta{Name: "admins"}, Spec: v1alpha1.AgencySpec{
		LegalName: "Sample", Kind: "police", Jurisdiction: "FR", Mandate: "Sample Act",
	}}
	if err := kube.Create(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	admin, ctx := as(t, "operations-1", "admins-operations"), t.Context()
	if err := admin.List(ctx, &corev1.PodList{}, client.InNamespace(in)); err != nil {
		t.Errorf("listing pods of their desk: %v", err)
	}
	meta := metav1.ObjectMeta{Namespace: in, Name: "x"}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: in, Name: "desk"}}
	label := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"x":"y"}}}`))
	forbidden(t, "writing their Agency's status", admin.Status().Patch(ctx, a, client.RawPatch("application/merge-patch+json", []byte(`{"status":{"custody":"Own"}}`))))
	forbidden(t, "reading agencies", admin.List(ctx, &v1alpha1.AgencyList{}))
	forbidden(t, "reading agreements", admin.List(ctx, &v1alpha1.SharingAgreementList{}))
	forbidden(t, "a pod as the desk", admin.Create(ctx, &corev1.Pod{ObjectMeta: meta, Spec: restricted("desk")}))
	forbidden(t, "any pod: it could mount the desk's volume", admin.Create(ctx, &corev1.Pod{ObjectMeta: meta, Spec: restricted("default")}))
	forbidden(t, "a token of the desk", admin.SubResource("token").Create(ctx, account, &authenticationv1.TokenRequest{}))
	forbidden(t, "reading Secrets", admin.List(ctx, &corev1.SecretList{}, client.InNamespace(in)))
	forbidden(t, "a stronger role", admin.Create(ctx, &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "admin"}}))
	forbidden(t, "labels of the namespace", admin.Patch(ctx, namespace(in), label))
	forbidden(t, "the desk's ServiceAccount", admin.Patch(ctx, account, label))
	forbidden(t, "another agency's namespace", admin.List(ctx, &corev1.PodList{}, client.InNamespace("agency-other")))
}
