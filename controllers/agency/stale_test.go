package agency_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/agency"
)

// An operator that starts again may be served by a kube-apiserver that lags: its
// cache then holds the Agency as it once was and nothing of what was made for it.
// Such an operator may be late; it may not act on what it does not see.
func TestAStaleCacheMakesNothingTwiceAndDeletesNothing(t *testing.T) {
	w := newWorld(t)
	w.apply(t, sample("stale"))
	created := w.get(t, "stale")
	w.step(t, "stale")
	finalized := w.get(t, "stale")
	w.until(t, "stale", v1alpha1.ConditionDeskReady, v1alpha1.ReasonAwaitingAddress)

	// The agency is new to the ledger, so this is where keys may still be made.
	t.Run("before the desk enrolled", func(t *testing.T) {
		cache := w.restartBehind(t, finalized)
		objects, keys := w.made(t, "stale"), w.keysInVault(t, "stale")
		w.step(t, "stale")
		unchanged(t, "objects", objects, w.made(t, "stale"))
		unchanged(t, "keys in Vault", keys, w.keysInVault(t, "stale"))
		cache.neverWrote(t)
		for _, act := range w.hub.said("stale") {
			if act != "admit managed" {
				t.Errorf("the hub was asked to %q", act)
			}
		}
		cache.asOf = nil
	})

	w.ready(t, "stale")
	const others = "example.org/keeps"
	w.edit(t, "stale", func(a *v1alpha1.Agency) { a.Finalizers = append(a.Finalizers, others) })
	t.Cleanup(func() { w.release(t, "stale", others) })
	said := w.hub.said("stale")

	t.Run("the agency as it was without its finalizer", func(t *testing.T) {
		cache := w.restartBehind(t, created)
		before, objects, changed := w.get(t, "stale"), w.made(t, "stale"), vaultWrites(t, w)
		_, err := w.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: "stale"}})
		if !apierrors.IsConflict(err) {
			t.Errorf("the pass ended with %v, want a conflict, which is tried again", err)
		}
		unchanged(t, "the Agency", before, w.get(t, "stale"))
		unchanged(t, "objects", objects, w.made(t, "stale"))
		unchanged(t, "writes to Vault", changed, vaultWrites(t, w))
		cache.neverWrote(t)
	})

	t.Run("the agency as it was without its status", func(t *testing.T) {
		cache := w.restartBehind(t, finalized)
		before, objects, keys, changed := w.get(t, "stale"), w.made(t, "stale"), w.keysInVault(t, "stale"), vaultWrites(t, w)
		for range 2 {
			w.step(t, "stale")
		}
		unchanged(t, "objects", objects, w.made(t, "stale"))
		unchanged(t, "writes to Vault", changed, vaultWrites(t, w))
		unchanged(t, "keys in Vault", keys, w.keysInVault(t, "stale"))
		after := w.get(t, "stale")
		unchanged(t, "spec", before.Spec, after.Spec)
		unchanged(t, "finalizers", before.Finalizers, after.Finalizers)
		cache.neverWrote(t)

		cache.asOf = nil // it has caught up
		writes := w.writes.Load()
		for range 3 {
			w.step(t, "stale")
		}
		unchanged(t, "writes at kube-apiserver once the cache caught up", writes, w.writes.Load())
		unchanged(t, "the Agency", after, w.get(t, "stale"))
		unchanged(t, "objects", objects, w.made(t, "stale"))
		condition(t, w.get(t, "stale"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonOfficersCannotSign)
	})
	unchanged(t, "requests to the hub", said, w.hub.said("stale"))

	// An admin suspends it; the restarted operator still sees the spec from before.
	t.Run("the agency as it was before it was suspended", func(t *testing.T) {
		earlier := w.get(t, "stale")
		w.edit(t, "stale", func(a *v1alpha1.Agency) { a.Spec.Suspended = true })
		w.step(t, "stale")
		suspended := w.hub.said("stale")
		cache := w.restartBehind(t, earlier)
		w.step(t, "stale")
		unchanged(t, "requests to the hub", suspended, w.hub.said("stale"))
		cache.asOf = nil
		w.step(t, "stale")
		unchanged(t, "requests to the hub", suspended, w.hub.said("stale"))
	})
}

// behind is a cache that still answers as of a moment when there was this Agency
// and nothing else. Writes reach kube-apiserver; those of whole objects are noted.
type behind struct {
	asOf  *v1alpha1.Agency // nil once it has caught up
	wrote []string
}

// restartBehind is the operator started anew, remembering nothing, with a cache
// that lags. It still reads past its cache where it chooses to.
func (w *world) restartBehind(t *testing.T, asOf *v1alpha1.Agency) *behind {
	t.Helper()
	config := plane.As(t, operatorUser, "system:serviceaccounts", "system:serviceaccounts:concordat-system")
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return counting{next, w.writes} })
	operator, err := client.NewWithWatch(config, client.Options{Scheme: scheme(t)})
	if err != nil {
		t.Fatal(err)
	}
	b := &behind{asOf: asOf}
	options := w.Options
	options.Client, options.Live = interceptor.NewClient(operator, b.funcs()), operator
	w.Reconciler = agency.New(options)
	return b
}

func (b *behind) funcs() interceptor.Funcs {
	note := func(verb string, o any) { b.wrote = append(b.wrote, fmt.Sprintf("%s %T", verb, o)) }
	return interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if b.asOf == nil {
				return c.Get(ctx, key, o, opts...)
			}
			if a, ok := o.(*v1alpha1.Agency); ok && key.Name == b.asOf.Name {
				b.asOf.DeepCopyInto(a)
				return nil
			}
			return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if b.asOf == nil {
				return c.List(ctx, list, opts...)
			}
			if agencies, ok := list.(*v1alpha1.AgencyList); ok {
				agencies.Items = []v1alpha1.Agency{*b.asOf.DeepCopy()}
			}
			return nil
		},
		Apply: func(ctx context.Context, c client.WithWatch, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			note("apply", o)
			return c.Apply(ctx, o, opts...)
		},
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			note("create", o)
			return c.Create(ctx, o, opts...)
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			note("delete", o)
			return c.Delete(ctx, o, opts...)
		},
		DeleteAllOf: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteAllOfOption) error {
			note("delete all", o)
			return c.DeleteAllOf(ctx, o, opts...)
		},
	}
}

func (b *behind) neverWrote(t *testing.T) {
	t.Helper()
	for _, wrote := range b.wrote {
		t.Errorf("on the word of a stale cache: %s", wrote)
	}
}

// made is what exists for the agency: each object with its UID, its generation
// and whether it is being deleted.
func (w *world) made(t *testing.T, name string) map[string]string {
	t.Helper()
	made := map[string]string{}
	for _, list := range []client.ObjectList{
		&corev1.NamespaceList{}, &corev1.ServiceAccountList{}, &corev1.ResourceQuotaList{}, &corev1.ServiceList{},
		&corev1.ConfigMapList{}, &corev1.PersistentVolumeClaimList{}, &rbacv1.RoleBindingList{},
		&networkingv1.NetworkPolicyList{}, &appsv1.DeploymentList{},
	} {
		if err := w.kube.List(t.Context(), list, client.MatchingLabels{v1alpha1.LabelAgency: name}); err != nil {
			t.Fatal(err)
		}
		if meta.LenList(list) == 0 {
			if _, later := list.(*appsv1.DeploymentList); !later { // it waits for the desk's address
				t.Fatalf("%T of %s is empty: this would guard nothing", list, name)
			}
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			o := item.(client.Object)
			made[fmt.Sprintf("%T %s", o, client.ObjectKeyFromObject(o))] =
				fmt.Sprintf("%s generation %d deleted %v", o.GetUID(), o.GetGeneration(), o.GetDeletionTimestamp())
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return made
}

// keysInVault is all that Vault says of the agency's four keys: versions, when
// they were made, and the public ones themselves.
func (w *world) keysInVault(t *testing.T, name string) map[v1alpha1.Purpose]map[string]any {
	t.Helper()
	keys := map[v1alpha1.Purpose]map[string]any{}
	for _, purpose := range []v1alpha1.Purpose{v1alpha1.OfficerSign, v1alpha1.DeskSign, v1alpha1.WitnessSign, v1alpha1.Wrap} {
		key, err := w.vault.Root().Read(t.Context(), "concordat/agency-"+name+"/keys/"+string(purpose), nil)
		if err != nil {
			t.Fatal(err)
		}
		keys[purpose] = key
	}
	return keys
}

// release takes somebody else's finalizer away again.
func (w *world) release(t *testing.T, name, finalizer string) {
	before := &v1alpha1.Agency{}
	if err := w.kube.Get(context.Background(), client.ObjectKey{Name: name}, before); err != nil {
		t.Error(err)
		return
	}
	after := before.DeepCopy()
	after.Finalizers = nil
	for _, f := range before.Finalizers {
		if f != finalizer {
			after.Finalizers = append(after.Finalizers, f)
		}
	}
	if err := w.kube.Patch(context.Background(), after, client.MergeFrom(before)); err != nil {
		t.Error(err)
	}
}

// unchanged fails the test where something is not as it was.
func unchanged(t *testing.T, what string, before, after any) {
	t.Helper()
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("%s changed:\n%s", what, diff)
	}
}
