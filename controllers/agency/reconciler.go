package agency

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/concordat-hub/concordat/api/v1alpha1"
)

// FieldManager is the one name under which the operator applies objects.
const FieldManager = "concordat-operator"

// Options are what the reconciler needs from its surroundings. All are required
// but Now.
type Options struct {
	// Client reads through the manager's cache and writes.
	Client client.Client
	// Live reads past the cache, before anything is made or ended.
	Live      client.Reader
	Keys      Keys
	Officers  Officers
	Registrar Registrar
	Desks     Desks
	Events    events.EventRecorder
	// Pulse are questions that are asked each second; when an answer turns, every
	// agency is looked at.
	Pulse map[string]func(context.Context) error
	// Desk is how Managed desks are run.
	Desk DeskOptions
	// ServiceAccount is the operator's own, which is bound to its rights in each
	// agency's namespace.
	ServiceAccount client.ObjectKey
	// Patience is how long confirmed offboarding waits for Vault before it goes
	// on without (default 15 min).
	Patience time.Duration
	Now      func() time.Time
}

// Reconciler brings the world to what Agency objects ask for.
type Reconciler struct {
	Options
	applier *applier
	logins  *memory // officers' logins that were there
	keysOK  *memory // keys that were in order
}

// How soon to look again at what no watch tells about.
const (
	resync = 5 * time.Second // all is well
	again  = 2 * time.Second // something is missing that may come by itself
)

// New returns a Reconciler; SetupWithManager starts it.
func New(o Options) *Reconciler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Patience == 0 {
		o.Patience = 15 * time.Minute
	}
	return &Reconciler{
		Options: o, applier: newApplier(o.Client, o.Live, o.Now),
		logins: newMemory(time.Minute), keysOK: newMemory(30 * time.Second),
	}
}

// SetupWithManager watches Agencies and everything that is made for them.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	toAgency := handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		name := o.GetLabels()[v1alpha1.LabelAgency]
		if name == "" {
			return nil
		}
		return []reconcile.Request{{NamespacedName: client.ObjectKey{Name: name}}}
	})
	b := ctrl.NewControllerManagedBy(mgr).Named("agency").For(&v1alpha1.Agency{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: 4})
	for _, owned := range []client.Object{
		&corev1.Namespace{}, &corev1.ServiceAccount{}, &corev1.ResourceQuota{}, &corev1.Service{},
		&corev1.PersistentVolumeClaim{}, &rbacv1.RoleBinding{}, &networkingv1.NetworkPolicy{}, &appsv1.Deployment{},
	} {
		b = b.Watches(owned, toAgency)
	}
	pulse := &Pulse{
		Questions: r.Pulse, every: time.Second, client: r.Client, turned: r.keysOK.forget,
		wake: make(chan event.TypedGenericEvent[*v1alpha1.Agency]),
	}
	if err := mgr.Add(pulse); err != nil {
		return err
	}
	return b.WatchesRawSource(source.Channel(pulse.wake, &handler.TypedEnqueueRequestForObject[*v1alpha1.Agency]{})).Complete(r)
}

// scope is one reconciliation: the object, what was observed, what to say of it.
type scope struct {
	agency   *v1alpha1.Agency
	before   *v1alpha1.Agency // as read, to write only what changed
	name     v1alpha1.AgencyName
	owner    string // the namespace's UID, once it is ours
	standing *Standing
	// stage is how far offboarding is; stageNone when it is not asked for.
	stage stage
	soon  bool // look again soon
}

func newScope(a *v1alpha1.Agency) *scope {
	return &scope{agency: a, before: a.DeepCopy(), name: v1alpha1.AgencyName(a.Name)}
}

func (s *scope) managed() bool { return s.agency.Spec.Desk.Mode != v1alpha1.DeskExternal }

// Reconcile is called for each Agency that may need work.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	agency := &v1alpha1.Agency{}
	if err := r.Client.Get(ctx, request.NamespacedName, agency); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	s := newScope(agency)
	if !agency.DeletionTimestamp.IsZero() {
		return r.reconcileDelete(ctx, s)
	}
	if controllerutil.AddFinalizer(agency, v1alpha1.FinalizerAgency) {
		// The finalizer comes before the first effect outside the object. The
		// write wakes this reconciler again.
		return ctrl.Result{}, r.patchMetadata(ctx, s)
	}
	err := r.reconcileNormal(ctx, s)
	r.summarise(s)
	return s.result(), errors.Join(err, r.writeStatus(ctx, s))
}

// reconcileNormal runs the phases. Only the first two hold the others up: without
// a namespace of our own nothing may be made, and without the hub's word it is
// unknown whether an agency is new or has keys already.
func (r *Reconciler) reconcileNormal(ctx context.Context, s *scope) error {
	ours, err := r.reconcileNamespace(ctx, s)
	if err != nil || !ours {
		return err
	}
	r.reconcileStanding(ctx, s)
	r.reconcileKeys(ctx, s)
	r.reconcileOfficers(ctx, s)
	r.reconcileOffboarding(ctx, s)
	return r.reconcileDesk(ctx, s)
}

func (s *scope) result() ctrl.Result {
	if s.soon {
		return ctrl.Result{RequeueAfter: again}
	}
	return ctrl.Result{RequeueAfter: resync}
}

// patchMetadata writes finalizers, and fails where the object has changed.
func (r *Reconciler) patchMetadata(ctx context.Context, s *scope) error {
	patch := client.MergeFromWithOptions(s.before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, s.agency, patch, client.FieldOwner(FieldManager)); err != nil {
		return client.IgnoreNotFound(fmt.Errorf("finalizer of %s: %w", s.name, err))
	}
	return nil
}
