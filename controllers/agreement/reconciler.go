package agreement

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/condition"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/message"
)

// FieldManager is the name under which status is written.
const FieldManager = "concordat-operator"

// Parties says what the hub knows of an agency that a document names.
type Parties interface {
	// Keys returns the thumbprints of an enrolled agency by purpose; enrolled is
	// false for one that the hub does not know.
	Keys(ctx context.Context, agency string) (thumbprints map[v1alpha1.Purpose]string, enrolled bool, err error)
}

// Options are what the reconciler needs. All are required.
type Options struct {
	Client  client.Client
	Feed    *Feed
	Parties Parties
	Events  events.EventRecorder
}

// Reconciler projects the ledger into the status of SharingAgreements.
type Reconciler struct{ Options }

// New returns a Reconciler; SetupWithManager starts it and its Feed.
func New(o Options) *Reconciler { return &Reconciler{o} }

// SetupWithManager watches SharingAgreements and the Feed.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	if err := mgr.Add(r.Feed); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).Named("sharingagreement").For(&v1alpha1.SharingAgreement{}).
		WatchesRawSource(source.Channel(r.Feed.wake, &handler.TypedEnqueueRequestForObject[*v1alpha1.SharingAgreement]{})).
		Complete(r)
}

// scope is one reconciliation.
type scope struct {
	object   *v1alpha1.SharingAgreement
	before   *v1alpha1.SharingAgreement
	document *agreement.Document
	digest   string
}

// Reconcile is called for an object that changed or whose revision did.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := &v1alpha1.SharingAgreement{}
	if err := r.Client.Get(ctx, request.NamespacedName, object); err != nil {
		r.Feed.forget(request.Name)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !object.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil // somebody else's finalizer holds it; there is nothing of ours to end
	}
	s := &scope{object: object, before: object.DeepCopy()}
	result := ctrl.Result{} // the object and the Feed wake us
	if s.parse(); s.document == nil {
		r.Feed.forget(object.Name)
	} else {
		result = r.project(ctx, s)
	}
	s.object.Status.ObservedGeneration = object.Generation
	return result, r.writeStatus(ctx, s)
}

// parse judges the document by the function that hub and desks use.
func (s *scope) parse() {
	document, digest, err := agreement.Parse([]byte(s.object.Spec.Document))
	var wrong *agreement.Error
	if errors.As(err, &wrong) {
		s.invalid(v1alpha1.ReasonDocumentInvalid, "operator_agreement_invalid",
			message.Params{"Code": wrong.Code, "Place": wrong.Place})
		return
	}
	proposer := s.object.Spec.ProposedBy
	isParty := false
	for _, party := range document.Parties {
		isParty = isParty || string(party.Agency) == string(proposer)
	}
	if !isParty {
		s.invalid(v1alpha1.ReasonProposerNotParty, "operator_agreement_proposer", message.Params{"Agency": proposer})
		return
	}
	s.document, s.digest = document, digest
}

// project writes what document and ledger say into the status.
func (r *Reconciler) project(ctx context.Context, s *scope) ctrl.Result {
	revision, known, reachable := r.Feed.look(s.object.Name, s.digest)
	s.describe()
	switch {
	case !reachable:
		s.hubAway()
		return ctrl.Result{} // the Feed wakes us when the hub answers
	case known:
		s.stands(revision)
		return r.awaitTime(revision) // the Feed wakes us when the revision changes
	}
	settled := s.requested(r.checkParties(ctx, s))
	if !settled {
		// Agencies enrol without this object hearing of it.
		return ctrl.Result{RequeueAfter: 5 * time.Second}
	}
	return ctrl.Result{} // the Feed wakes us when it is proposed
}

// late is how long after its moment a change by time alone may be told.
const late = 500 * time.Millisecond

// awaitTime wakes the object when time alone changes its state. The hub tells of
// that by itself; should it not have, it is asked anew.
func (r *Reconciler) awaitTime(revision Revision) ctrl.Result {
	if revision.NextChange.IsZero() {
		return ctrl.Result{}
	}
	wait := time.Until(revision.NextChange) + late
	if wait <= 0 {
		r.Feed.Refresh()
		wait = 2 * time.Second // as the clocks may differ
	}
	return ctrl.Result{RequeueAfter: wait}
}

// checkParties finds what would make the hub refuse the proposal, so that people
// learn of it before anybody signs. nil: nothing was found.
func (r *Reconciler) checkParties(ctx context.Context, s *scope) *condition.Condition {
	for _, party := range s.document.Parties {
		keys, enrolled, err := r.Parties.Keys(ctx, string(party.Agency))
		var c condition.Condition
		switch {
		case err != nil:
			c = condition.Unknown(v1alpha1.ConditionValid, v1alpha1.ReasonHubUnavailable, "operator_agreement_parties_unchecked", nil)
		case !enrolled:
			c = condition.False(v1alpha1.ConditionValid, v1alpha1.ReasonUnknownParty, "operator_agreement_unknown_party",
				message.Params{"Agency": party.Agency})
		case keys[v1alpha1.OfficerSign] != string(party.OfficerSign):
			c = mismatch(party, v1alpha1.OfficerSign)
		case keys[v1alpha1.DeskSign] != string(party.DeskSign):
			c = mismatch(party, v1alpha1.DeskSign)
		default:
			continue
		}
		return &c
	}
	return nil
}

func mismatch(party agreement.Party, purpose v1alpha1.Purpose) condition.Condition {
	return condition.False(v1alpha1.ConditionValid, v1alpha1.ReasonKeyMismatch, "operator_agreement_key_mismatch",
		message.Params{"Agency": party.Agency, "Purpose": purpose})
}

// writeStatus writes what changed, once, and tells of a new state in an Event.
func (r *Reconciler) writeStatus(ctx context.Context, s *scope) error {
	if equality.Semantic.DeepEqual(s.before.Status, s.object.Status) {
		return nil
	}
	err := r.Client.Status().Patch(ctx, s.object.DeepCopy(), client.MergeFrom(s.before), client.FieldOwner(FieldManager))
	if err != nil {
		return client.IgnoreNotFound(fmt.Errorf("status of %s: %w", s.object.Name, err))
	}
	if state := s.object.Status.State; state != s.before.Status.State && state != v1alpha1.StateUnknown {
		kind := corev1.EventTypeNormal
		if state == v1alpha1.StateInvalid {
			kind = corev1.EventTypeWarning
		}
		r.Events.Eventf(s.object, nil, kind, string(state), "Project", "%s", s.readyMessage())
	}
	return nil
}
