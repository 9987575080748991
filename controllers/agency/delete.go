package agency

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/internal/message"
)

// reconcileDelete ends an Agency object. Whether it was confirmed is read past
// the cache: detaching by mistake can be mended, offboarding by mistake cannot.
func (r *Reconciler) reconcileDelete(ctx context.Context, s *scope) (ctrl.Result, error) {
	if !controllerutil.ContainsFinalizer(s.agency, v1alpha1.FinalizerAgency) {
		return ctrl.Result{}, nil // somebody else's finalizer holds it
	}
	fresh := &v1alpha1.Agency{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(s.agency), fresh); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if fresh.UID != s.agency.UID {
		return ctrl.Result{}, nil // a new object of this name; its own event comes
	}
	s = newScope(fresh)
	if fresh.Spec.Offboard == nil {
		return ctrl.Result{}, r.detach(ctx, s)
	}
	done, err := r.offboard(ctx, s)
	if done && err == nil {
		r.event(s, corev1.EventTypeNormal, "Offboarded", message.Text("operator_offboarded",
			message.Params{"Agency": s.name, "Mount": s.name.VaultMount()}))
		return ctrl.Result{}, r.release(ctx, s)
	}
	r.summarise(s)
	return s.result(), errors.Join(err, r.writeStatus(ctx, s))
}

// detach lets go of an agency without touching hub, Vault or desk. It needs
// neither of them to answer. The namespace is marked so that the same manifest
// takes it up again.
func (r *Reconciler) detach(ctx context.Context, s *scope) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.name.Namespace()}}
	err := r.Live.Get(ctx, client.ObjectKeyFromObject(namespace), namespace)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("detach %s: %w", s.name, err)
	}
	mine := ownedBy(string(s.agency.UID))
	if err == nil && mine(namespace) && namespace.DeletionTimestamp.IsZero() {
		if err := r.applier.apply(ctx, r.namespace(s.name, ""), mine); err != nil {
			return fmt.Errorf("detach %s: %w", s.name, err)
		}
	}
	r.event(s, corev1.EventTypeNormal, "Detached", message.Text("operator_detached", message.Params{"Agency": s.name}))
	return r.release(ctx, s)
}

// release removes our finalizer and no other.
func (r *Reconciler) release(ctx context.Context, s *scope) error {
	s.before = s.agency.DeepCopy()
	if controllerutil.RemoveFinalizer(s.agency, v1alpha1.FinalizerAgency) {
		return r.patchMetadata(ctx, s)
	}
	return nil
}

// offboard runs the stages for a deleted and confirmed agency. It waits for the
// hub, whose act is the one thing that cannot be left out. It waits for a
// keykeeper as long as Vault says that officers can log in, and for a Vault that
// does not answer no longer than Patience: after the hub's act no signature of
// the agency counts any more.
func (r *Reconciler) offboard(ctx context.Context, s *scope) (done bool, err error) {
	ours, err := r.ownNamespace(ctx, s)
	if err != nil {
		return false, err
	}
	r.reconcileStanding(ctx, s)
	r.reconcileOfficers(ctx, s)
	r.reconcileOffboarding(ctx, s)
	if s.standing == nil {
		r.reportBlocked(s, "hub")
		return false, nil
	}
	if s.stage == stageClosingVault && r.waitedLong(s) && s.vaultIsAway() {
		s.stage = stageRemoving
		s.set(s.offboardingCondition())
	}
	if ours && s.stage >= stageClosingVault {
		if err := r.closeDesk(ctx, s); err != nil {
			return false, err
		}
	}
	if s.stage != stageRemoving {
		if s.stage == stageClosingVault {
			r.reportBlocked(s, "keykeeper")
		}
		return false, nil
	}
	return r.removeAll(ctx, s, ours)
}

// ownNamespace reports whether the namespace is there and ours, without making it.
func (r *Reconciler) ownNamespace(ctx context.Context, s *scope) (bool, error) {
	namespace := &corev1.Namespace{}
	if err := r.Live.Get(ctx, client.ObjectKey{Name: s.name.Namespace()}, namespace); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	if !claimNamespace(string(s.agency.UID))(namespace) {
		return false, nil
	}
	s.owner = string(namespace.UID)
	return true, nil
}

// removeAll is the stage that cannot be undone: the registrar's act, then the
// namespace. The mount in Vault is left to the keykeepers, with every key in it.
func (r *Reconciler) removeAll(ctx context.Context, s *scope, ours bool) (done bool, err error) {
	s.soon = true
	if s.standing.Enrolled != nil && s.standing.Status != statusOffboarded {
		if err := r.Registrar.Do(ctx, string(s.name), RequestLeave); err != nil {
			r.standingFailed(ctx, s, err)
			r.reportBlocked(s, "hub")
			return false, nil
		}
		// Nothing is believed of the request: the ledger is looked at again soon.
		return false, nil
	}
	if !ours {
		return true, nil
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.name.Namespace()}}
	gone, err := r.applier.remove(ctx, namespace, claimNamespace(string(s.agency.UID)))
	if err == nil && !gone {
		r.reportBlocked(s, "namespace")
	}
	return gone, err
}

func (r *Reconciler) waitedLong(s *scope) bool {
	return r.Now().Sub(s.agency.DeletionTimestamp.Time) >= r.Patience
}

func (s *scope) vaultIsAway() bool {
	c := s.condition(v1alpha1.ConditionOfficersCanSign)
	return c != nil && c.Reason == v1alpha1.ReasonVaultUnavailable
}

// reportBlocked names what the deletion has been waiting for, once it was long.
func (r *Reconciler) reportBlocked(s *scope, on string) {
	if r.waitedLong(s) {
		s.set(offboarding(v1alpha1.ReasonCleanupBlocked, "operator_cleanup_blocked_"+on,
			message.Params{"Agency": s.name, "Command": s.closeCommand(), "Namespace": s.name.Namespace()}))
	}
}
