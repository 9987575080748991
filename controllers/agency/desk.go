package agency

import (
	"context"
	"errors"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/condition"
	"github.com/concordat-hub/concordat/internal/message"
)

// reconcileDesk makes the desk of a Managed agency and asks it whether it is
// ready. A desk that the agency runs itself is never called from here: it may
// listen in the agency's own network only.
func (r *Reconciler) reconcileDesk(ctx context.Context, s *scope) error {
	const kind = v1alpha1.ConditionDeskReady
	switch {
	case s.standing != nil && s.standing.Status == statusOffboarded, s.stage >= stageClosingVault:
		s.set(condition.False(kind, v1alpha1.ReasonOffboarding, "operator_desk_closed", nil))
		return r.closeDesk(ctx, s)
	case !s.managed():
		s.agency.Status.DeskURL = s.agency.Spec.Desk.Endpoint
		s.set(s.externalDesk())
		return nil
	}
	deployment, service, err := r.applyDesk(ctx, s)
	if err != nil {
		s.soon = true
		c, retry := applyFailure(kind, s.name.Namespace(), err)
		s.set(c)
		if retry {
			return err
		}
		return nil
	}
	if deployment == nil {
		s.soon = true // its Service's watch wakes us as well
		s.set(condition.False(kind, v1alpha1.ReasonAwaitingAddress, "operator_desk_awaits_address",
			message.Params{"Namespace": s.name.Namespace(), "Annotation": v1alpha1.AnnotationDeskURL}))
		return nil
	}
	r.askDesk(ctx, s, deployment, service)
	return nil
}

func (s *scope) externalDesk() condition.Condition {
	if s.standing != nil && s.standing.Enrolled != nil {
		return condition.True(v1alpha1.ConditionDeskReady, v1alpha1.ReasonRunByAgency, "operator_desk_external", nil)
	}
	return condition.False(v1alpha1.ConditionDeskReady, v1alpha1.ReasonAwaitingDesk, "operator_awaiting_external_desk",
		message.Params{"Agency": s.name})
}

// applyDesk makes everything that the desk consists of, and returns nothing
// where the desk's address is not known yet.
func (r *Reconciler) applyDesk(ctx context.Context, s *scope) (*appsv1.Deployment, *corev1.Service, error) {
	bundles, err := r.Desk.bundles(s.agency.Spec)
	if err != nil {
		return nil, nil, err
	}
	service := deskService(s)
	config := deskConfig(s, bundles)
	claim := deskClaim(s, r.Desk)
	objects := []client.Object{deskAccount(s), config, claim, service, deskNetwork(s, r.Desk)}
	if r.Desk.Issuer != "" {
		objects = append(objects, deskCertificate(s, r.Desk))
	}
	for _, object := range objects {
		if err := r.applier.apply(ctx, object, ownedBy(s.owner)); err != nil {
			return nil, nil, err
		}
	}
	url := r.deskURL(s, service)
	if url == "" {
		return nil, service, nil
	}
	s.agency.Status.DeskURL = url
	deployment := deskDeployment(s, r.Desk, config, url)
	return deployment, service, r.applier.apply(ctx, deployment, ownedBy(s.owner))
}

// deskURL is where officers reach the desk: what the spec says, what whoever
// exposes the Service noted on it, or the name that the operator was told to use.
func (r *Reconciler) deskURL(s *scope, service *corev1.Service) string {
	if endpoint := s.agency.Spec.Desk.Endpoint; endpoint != "" {
		return endpoint
	}
	if noted := service.Annotations[v1alpha1.AnnotationDeskURL]; noted != "" {
		return noted
	}
	return strings.NewReplacer("{namespace}", s.name.Namespace(), "{agency}", string(s.name)).Replace(r.Desk.URL)
}

// probeURL is where the operator itself reaches the desk.
func probeURL(s *scope, service *corev1.Service) string {
	if noted := service.Annotations[v1alpha1.AnnotationDeskURL]; noted != "" {
		return noted
	}
	return "https://" + deskName + "." + s.name.Namespace() + ".svc"
}

// askDesk believes nobody but the desk: a Deployment can be available while its
// desk cannot reach Vault.
func (r *Reconciler) askDesk(ctx context.Context, s *scope, deployment *appsv1.Deployment, service *corev1.Service) {
	const kind = v1alpha1.ConditionDeskReady
	err := r.Desks.Ready(ctx, probeURL(s, service))
	if err == nil {
		s.set(condition.True(kind, v1alpha1.ReasonAnswers, "operator_desk_answers", nil))
		return
	}
	s.soon = true
	params := message.Params{"Namespace": s.name.Namespace(), "Secret": r.Desk.TLSSecret}
	var notReady *NotReadyError
	switch {
	case errors.As(err, &notReady):
		params["Says"] = notReady.Says
		s.set(condition.False(kind, v1alpha1.ReasonNotReady, "operator_desk_not_ready", params))
	case deployment.Status.AvailableReplicas == 0:
		s.set(condition.False(kind, v1alpha1.ReasonStarting, "operator_desk_starting", params))
	default:
		ctrl.LoggerFrom(ctx).Info("the desk does not answer", "error", err.Error())
		s.set(condition.False(kind, v1alpha1.ReasonNotAnswering, "operator_desk_not_answering", params))
	}
}

// closeDesk stops the desk and takes its ServiceAccount, and with it its way into
// Vault and hub. Its volume stays: taking offboarding back makes it as it was.
func (r *Reconciler) closeDesk(ctx context.Context, s *scope) error {
	if !s.managed() {
		return nil
	}
	var errs []error
	for _, object := range []client.Object{
		&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: deskName, Namespace: s.name.Namespace()}},
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: deskName, Namespace: s.name.Namespace()}},
	} {
		// Looked up in the cache first, so that a closed desk costs no requests.
		if err := r.Client.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			errs = append(errs, client.IgnoreNotFound(err))
			continue
		}
		_, err := r.applier.remove(ctx, object, ownedBy(s.owner))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
