package agency

import (
	"context"
	"errors"
	"strconv"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/condition"
	"github.com/concordat-hub/concordat/internal/message"
)

// reconcileStanding asks the hub where the agency stands, has its name admitted
// and asks for suspension or resumption where spec and ledger differ. Without an
// answer s.standing stays nil, and nothing is made that depends on it.
func (r *Reconciler) reconcileStanding(ctx context.Context, s *scope) {
	standing, err := r.bringStanding(ctx, s)
	if err != nil {
		r.standingFailed(ctx, s, err)
		return
	}
	s.standing = &standing
	s.agency.Status.EnrolledIndex = standing.Enrolled
	s.agency.Status.Agreements = standing.Agreements
	s.agency.Status.Keys = keyStatus(standing.Thumbprints)
	if standing.Enrolled == nil {
		s.soon = true
		s.set(s.awaitingEnrolment())
		return
	}
	s.set(condition.True(v1alpha1.ConditionKeysPublished, v1alpha1.ReasonEnrolled, "operator_enrolled",
		message.Params{"Index": strconv.FormatInt(*standing.Enrolled, 10)}))
}

// bringStanding returns the standing after what the spec asks for was requested.
func (r *Reconciler) bringStanding(ctx context.Context, s *scope) (Standing, error) {
	name := string(s.name)
	standing, err := r.Registrar.Agency(ctx, name)
	if err != nil {
		return Standing{}, err
	}
	changed := false
	// What the registrar will sign at enrolment may still be corrected before it.
	corrected := s.agency.Status.ObservedGeneration != s.agency.Generation
	ending := !s.agency.DeletionTimestamp.IsZero() || standing.Status == statusOffboarded
	admit := !ending && (!standing.Admitted || standing.Enrolled == nil && corrected)
	request := s.wants(standing)
	if admit || request != "" {
		// The registrar signs what is asked for: an older spec from a cache that lags
		// must not resume an agency that an admin has just suspended.
		fresh, err := r.isNewest(ctx, s)
		if err != nil || !fresh {
			s.soon = true
			return standing, err
		}
	}
	if admit {
		if err := r.Registrar.Admit(ctx, name, s.admission()); err != nil {
			return Standing{}, err
		}
		changed = true
	}
	if request != "" {
		if err := r.Registrar.Do(ctx, name, request); err != nil {
			return Standing{}, err
		}
		changed = true
	}
	if !changed {
		return standing, nil
	}
	return r.Registrar.Agency(ctx, name)
}

// isNewest reads the Agency from the apiserver itself and reports whether the
// cache showed this very object with this spec.
func (r *Reconciler) isNewest(ctx context.Context, s *scope) (bool, error) {
	var live v1alpha1.Agency
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(s.agency), &live); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	return live.UID == s.agency.UID && live.Generation == s.agency.Generation, nil
}

// wants is the request that brings the ledger to what the spec asks for, if any.
// An agency that has not enrolled or has left cannot be suspended.
func (s *scope) wants(standing Standing) Request {
	if standing.Enrolled == nil || standing.Status == statusOffboarded {
		return ""
	}
	frozen := s.agency.Spec.Suspended || s.agency.Spec.Offboard != nil
	switch {
	case frozen && standing.Status != statusSuspended:
		return RequestSuspend
	case !frozen && standing.Status == statusSuspended:
		return RequestResume
	}
	return ""
}

func (s *scope) admission() Admission {
	spec := s.agency.Spec
	custody := "managed"
	if !s.managed() {
		custody = "external"
	}
	return Admission{
		LegalName: spec.LegalName, Kind: spec.Kind, Jurisdiction: spec.Jurisdiction, Mandate: spec.Mandate, Custody: custody,
	}
}

func (s *scope) awaitingEnrolment() condition.Condition {
	code := "operator_awaiting_managed_desk"
	if !s.managed() {
		code = "operator_awaiting_external_desk"
	}
	return condition.False(v1alpha1.ConditionKeysPublished, v1alpha1.ReasonAwaitingDesk, code, message.Params{"Agency": s.name})
}

func (r *Reconciler) standingFailed(ctx context.Context, s *scope, err error) {
	s.soon = true
	ctrl.LoggerFrom(ctx).Info("the hub gave no answer that can be used", "error", err.Error())
	var refused *RefusedError
	if errors.As(err, &refused) {
		s.set(condition.False(v1alpha1.ConditionKeysPublished, v1alpha1.ReasonHubRefused, "operator_hub_refused",
			message.Params{"Code": refused.Code, "Title": refused.Title}))
		return
	}
	s.set(condition.Unknown(v1alpha1.ConditionKeysPublished, v1alpha1.ReasonHubUnavailable, "operator_hub_unavailable", nil))
}

// keyStatus lists the public keys in the order of their purposes.
func keyStatus(thumbprints map[v1alpha1.Purpose]string) []v1alpha1.KeyStatus {
	var keys []v1alpha1.KeyStatus
	for _, purpose := range []v1alpha1.Purpose{v1alpha1.OfficerSign, v1alpha1.DeskSign, v1alpha1.WitnessSign} {
		if thumbprint := thumbprints[purpose]; thumbprint != "" {
			keys = append(keys, v1alpha1.KeyStatus{Purpose: purpose, Thumbprint: thumbprint})
		}
	}
	return keys
}
