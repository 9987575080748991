package agency

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/condition"
	"github.com/concordat-hub/concordat/internal/message"
)

// The ClusterRoles that the operator may bind, and nothing else (verb bind with
// these names in config/rbac).
const (
	adminRole    = "concordat-agency-admin"
	operatorRole = "concordat-operator-agency"
)

// reconcileNamespace makes the agency's namespace and what keeps it apart from
// others. ours is false where the namespace is not the agency's: nothing else may
// happen then.
func (r *Reconciler) reconcileNamespace(ctx context.Context, s *scope) (ours bool, err error) {
	namespace := r.namespace(s.name, s.agency.UID)
	err = r.applier.apply(ctx, namespace, claimNamespace(string(s.agency.UID)))
	if err == nil && namespace.DeletionTimestamp != nil {
		s.soon = true
		s.set(condition.False(v1alpha1.ConditionNamespaceReady, v1alpha1.ReasonTerminating, "operator_namespace_terminating",
			message.Params{"Namespace": namespace.Name}))
		return false, nil
	}
	if err != nil {
		return false, r.namespaceFailed(s, err)
	}
	s.owner = string(namespace.UID)
	s.agency.Status.Namespace = namespace.Name
	if err := r.applyFences(ctx, s, namespace); err != nil {
		return true, r.namespaceFailed(s, err)
	}
	s.set(condition.True(v1alpha1.ConditionNamespaceReady, v1alpha1.ReasonApplied, "operator_namespace_ready",
		message.Params{"Namespace": namespace.Name}))
	return true, nil
}

// namespaceFailed says why. What a person must settle is no error to retry fast.
func (r *Reconciler) namespaceFailed(s *scope, err error) error {
	c, retry := applyFailure(v1alpha1.ConditionNamespaceReady, s.name.Namespace(), err)
	s.set(c)
	if !retry {
		return nil
	}
	return err
}

// applyFailure turns the failure to apply an object into a condition, and says
// whether trying again soon can help.
func applyFailure(kind, namespace string, err error) (c condition.Condition, retry bool) {
	var conflict *conflictError
	var fight *fightError
	switch {
	case errors.As(err, &conflict):
		return condition.False(kind, v1alpha1.ReasonNameConflict, "operator_name_conflict",
			message.Params{"Kind": conflict.kind, "Name": conflict.name, "Namespace": namespace}), false
	case errors.As(err, &fight):
		code := "operator_drift_fight"
		if fight.manager == "" {
			code = "operator_drift_fight_unnamed"
		}
		return condition.False(kind, v1alpha1.ReasonDriftFight, code,
			message.Params{"Kind": fight.kind, "Name": fight.name, "Namespace": namespace, "Manager": fight.manager}), false
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		return condition.False(kind, v1alpha1.ReasonAPIError, "operator_api_refused",
			message.Params{"Error": apiMessage(err)}), true
	default:
		return condition.False(kind, v1alpha1.ReasonAPIError, "operator_api_unavailable", nil), true
	}
}

// apiMessage is kube-apiserver's own sentence, without what was tried in front.
func apiMessage(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return status.Status().Message
	}
	return err.Error()
}

// claimNamespace accepts the namespace that this Agency made, and one whose
// Agency was deleted without offboarding: it was marked so by the operator, which
// alone may write there.
func claimNamespace(uid string) claim {
	return func(o client.Object) bool {
		owner := o.GetAnnotations()[v1alpha1.AnnotationOwnerUID]
		return owner == uid || owner == "" && o.GetAnnotations()[v1alpha1.AnnotationDetached] == "true"
	}
}

func labels(name v1alpha1.AgencyName) map[string]string {
	return map[string]string{
		v1alpha1.LabelAgency:           string(name),
		"app.kubernetes.io/managed-by": FieldManager,
		"app.kubernetes.io/part-of":    "concordat",
	}
}

// namespace is the agency's, under Pod Security "restricted". An empty uid gives
// the namespace of an agency that was detached.
func (r *Reconciler) namespace(name v1alpha1.AgencyName, uid types.UID) *corev1.Namespace {
	n := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name.Namespace(), Labels: labels(name), Annotations: map[string]string{}}}
	for _, mode := range []string{"enforce", "audit", "warn"} {
		n.Labels["pod-security.kubernetes.io/"+mode] = "restricted"
		n.Labels["pod-security.kubernetes.io/"+mode+"-version"] = "latest"
	}
	if uid != "" {
		n.Annotations[v1alpha1.AnnotationOwnerUID] = string(uid)
	} else {
		n.Annotations[v1alpha1.AnnotationDetached] = "true"
	}
	return n
}

// meta is that of every object made in the agency's namespace.
func (s *scope) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: s.name.Namespace(), Labels: labels(s.name),
		Annotations: map[string]string{v1alpha1.AnnotationOwnerUID: s.owner},
	}
}

// applyFences makes what keeps the namespace apart: who may do what in it, how
// much it may use, and that nothing talks to it or from it unless opened.
func (r *Reconciler) applyFences(ctx context.Context, s *scope, namespace *corev1.Namespace) error {
	// Our own rights in the namespace come first: the rest is made with them.
	if err := r.applier.apply(ctx, r.operatorBinding(s), ownedBy(s.owner)); err != nil {
		return err
	}
	if err := r.applyAdmins(ctx, s); err != nil {
		return err
	}
	young := r.Now().Sub(namespace.CreationTimestamp.Time) < time.Minute
	for _, object := range []client.Object{quota(s), defaultDeny(s)} {
		if err := r.applyOwned(ctx, s, object, young); err != nil {
			return err
		}
	}
	return nil
}

// applyOwned applies an object in a namespace of ours. kube-apiserver learns of a
// new RoleBinding a moment after it is made: in a young namespace a refusal is
// tried again for two seconds.
func (r *Reconciler) applyOwned(ctx context.Context, s *scope, object client.Object, young bool) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 2*time.Second, true, func(ctx context.Context) (bool, error) {
		last = r.applier.apply(ctx, object.DeepCopyObject().(client.Object), ownedBy(s.owner))
		lag := young && apierrors.IsForbidden(last) && !strings.Contains(last.Error(), "exceeded quota")
		if lag {
			return false, nil
		}
		return true, last
	})
	if wait.Interrupted(err) && last != nil {
		return last
	}
	return err
}

func (r *Reconciler) operatorBinding(s *scope) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{
		ObjectMeta: s.meta("concordat-operator"),
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: operatorRole},
		Subjects: []rbacv1.Subject{{
			Kind: rbacv1.ServiceAccountKind, Name: r.ServiceAccount.Name, Namespace: r.ServiceAccount.Namespace,
		}},
	}
}

// applyAdmins binds the agency's administrators, or nobody where the spec names
// no group.
func (r *Reconciler) applyAdmins(ctx context.Context, s *scope) error {
	binding := &rbacv1.RoleBinding{
		ObjectMeta: s.meta("concordat-agency-admins"),
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: adminRole},
	}
	groups := slices.Sorted(slices.Values(s.agency.Spec.AdminGroups))
	for _, group := range groups {
		binding.Subjects = append(binding.Subjects, rbacv1.Subject{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: string(group)})
	}
	if len(groups) > 0 {
		return r.applier.apply(ctx, binding, ownedBy(s.owner))
	}
	if err := r.Client.Get(ctx, client.ObjectKeyFromObject(binding), binding); err != nil {
		return client.IgnoreNotFound(err)
	}
	_, err := r.applier.remove(ctx, binding, ownedBy(s.owner))
	return err
}

func quota(s *scope) *corev1.ResourceQuota {
	q := s.agency.Spec.Quotas
	pods := int64(10)
	if q.Pods != nil {
		pods = int64(*q.Pods)
	}
	return &corev1.ResourceQuota{
		ObjectMeta: s.meta("concordat"),
		Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{
			corev1.ResourcePods:                   *resource.NewQuantity(pods, resource.DecimalSI),
			corev1.ResourceRequestsCPU:            orElse(q.CPU, "4"),
			corev1.ResourceRequestsMemory:         orElse(q.Memory, "8Gi"),
			corev1.ResourceRequestsStorage:        orElse(q.Storage, "50Gi"),
			corev1.ResourcePersistentVolumeClaims: resource.MustParse("10"),
			corev1.ResourceServicesLoadBalancers:  resource.MustParse("0"),
			corev1.ResourceServicesNodePorts:      resource.MustParse("0"),
		}},
	}
}

func orElse(q *resource.Quantity, otherwise string) resource.Quantity {
	if q != nil {
		return *q
	}
	return resource.MustParse(otherwise)
}

// defaultDeny closes the namespace to and from everything; desk.go opens what
// the desk needs.
func defaultDeny(s *scope) *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{
		ObjectMeta: s.meta("concordat-default-deny"),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
		},
	}
}
