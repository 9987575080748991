package agency

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/condition"
	"github.com/concordat-hub/concordat/internal/message"
)

// set writes a condition into the status that is being computed.
func (s *scope) set(c condition.Condition) {
	condition.Set(&s.agency.Status.Conditions, s.agency.Generation, c)
}

func (s *scope) condition(kind string) *metav1.Condition {
	return meta.FindStatusCondition(s.agency.Status.Conditions, kind)
}

// waitsForPeople are the reasons after which nothing moves until a person acts.
var waitsForPeople = []string{
	v1alpha1.ReasonNameConflict, v1alpha1.ReasonNameRetired, v1alpha1.ReasonDriftFight, v1alpha1.ReasonHubRefused,
	v1alpha1.ReasonVaultDenied, v1alpha1.ReasonVaultSealed, v1alpha1.ReasonKeyMissing, v1alpha1.ReasonKeyTampered,
	v1alpha1.ReasonCleanupBlocked,
}

// summarise derives Ready, Reconciling and Stalled from the other conditions.
func (r *Reconciler) summarise(s *scope) {
	s.agency.Status.Custody = custody(s.agency.Spec)
	ready := s.ready()
	condition.Set(&s.agency.Status.Conditions, s.agency.Generation, ready)

	stalled := ready.Status != metav1.ConditionTrue && slices.Contains(waitsForPeople, ready.Reason)
	if stalled {
		s.set(condition.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: ready.Reason, Message: ready.Message})
	} else {
		condition.Remove(&s.agency.Status.Conditions, v1alpha1.ConditionStalled)
	}
	settled := stalled || ready.Status == metav1.ConditionTrue || ready.Reason == v1alpha1.ReasonSuspended
	if settled {
		condition.Remove(&s.agency.Status.Conditions, v1alpha1.ConditionReconciling)
	} else {
		s.set(condition.Condition{Type: v1alpha1.ConditionReconciling, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonProgressing, Message: ready.Message})
	}
}

// neededForReady are the conditions that Ready takes together, in the order in
// which a person would mend them.
var neededForReady = []string{
	v1alpha1.ConditionNamespaceReady, v1alpha1.ConditionVaultReady, v1alpha1.ConditionKeysPublished, v1alpha1.ConditionDeskReady,
}

// ready sums up in one sentence what a person should know first.
func (s *scope) ready() condition.Condition {
	const kind = v1alpha1.ConditionReady
	if s.standing != nil && s.standing.Status == statusOffboarded && s.agency.Spec.Offboard == nil {
		return condition.False(kind, v1alpha1.ReasonNameRetired, "operator_name_retired", message.Params{"Agency": s.name})
	}
	if c := s.condition(v1alpha1.ConditionOffboarding); c != nil {
		return said(kind, metav1.ConditionFalse, c)
	}
	for _, needed := range neededForReady {
		if c := s.condition(needed); c == nil {
			return condition.Unknown(kind, v1alpha1.ReasonNotYetObserved, "operator_not_yet_observed", nil)
		} else if c.Status != metav1.ConditionTrue {
			return said(kind, c.Status, c)
		}
	}
	if s.standing != nil && s.standing.Status == statusSuspended {
		return condition.False(kind, v1alpha1.ReasonSuspended, "operator_suspended", nil)
	}
	officers := s.condition(v1alpha1.ConditionOfficersCanSign)
	if officers != nil && officers.Reason == v1alpha1.ReasonAwaitingKeykeeper {
		return condition.True(kind, v1alpha1.ReasonOfficersCannotSign, "operator_working_without_signatures",
			message.Params{"Command": s.enrolCommand()})
	}
	return condition.True(kind, v1alpha1.ReasonWorking, "operator_working", nil)
}

// said repeats another condition's reason and sentence.
func said(kind string, status metav1.ConditionStatus, c *metav1.Condition) condition.Condition {
	return condition.Condition{Type: kind, Status: status, Reason: c.Reason, Message: message.New("operator_said", message.Params{"Text": c.Message})}
}

// custody says who besides the agency must be trusted not to read.
func custody(spec v1alpha1.AgencySpec) v1alpha1.Custody {
	own := spec.Vault != nil
	switch {
	case spec.Desk.Mode == v1alpha1.DeskExternal && own:
		return v1alpha1.CustodyOwn
	case spec.Desk.Mode == v1alpha1.DeskExternal:
		return v1alpha1.CustodyExternal
	case own:
		return v1alpha1.CustodyManagedOwnVault
	default:
		return v1alpha1.CustodyManaged
	}
}

// writeStatus writes what changed, once, and tells of it in an Event when Ready
// has turned.
func (r *Reconciler) writeStatus(ctx context.Context, s *scope) error {
	s.agency.Status.ObservedGeneration = s.agency.Generation
	if equality.Semantic.DeepEqual(s.before.Status, s.agency.Status) {
		return nil
	}
	was := meta.FindStatusCondition(s.before.Status.Conditions, v1alpha1.ConditionReady)
	patch := client.MergeFrom(s.before)
	if err := r.Client.Status().Patch(ctx, s.agency.DeepCopy(), patch, client.FieldOwner(FieldManager)); err != nil {
		return client.IgnoreNotFound(fmt.Errorf("status of %s: %w", s.name, err))
	}
	r.announce(s, was)
	return nil
}

// announce tells people when Ready turned or got stuck for another reason. What
// comes and goes by itself while an agency is made is no news.
func (r *Reconciler) announce(s *scope, was *metav1.Condition) {
	now := s.condition(v1alpha1.ConditionReady)
	if now == nil || was != nil && was.Status == now.Status && was.Reason == now.Reason {
		return
	}
	switch {
	case now.Status == metav1.ConditionTrue && (was == nil || was.Status != metav1.ConditionTrue):
		r.event(s, corev1.EventTypeNormal, now.Reason, now.Message)
	case now.Status != metav1.ConditionTrue && was != nil && was.Status == metav1.ConditionTrue,
		slices.Contains(waitsForPeople, now.Reason):
		r.event(s, corev1.EventTypeWarning, now.Reason, now.Message)
	}
}

// event notes are at most 1 KiB (events.k8s.io/v1).
func (r *Reconciler) event(s *scope, kind, reason, note string) {
	if len(note) > 1000 {
		note = note[:1000]
	}
	r.Events.Eventf(s.agency, nil, kind, reason, "Reconcile", "%s", note)
}
