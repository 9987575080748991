package agency

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
)

// conflictError names an object that belongs to somebody else.
type conflictError struct{ kind, name string }

func (e *conflictError) Error() string {
	return fmt.Sprintf("%s %s belongs to somebody else", e.kind, e.name)
}

// fightError names an object that somebody else keeps changing back.
type fightError struct{ kind, name, manager string }

func (e *fightError) Error() string {
	return fmt.Sprintf("%s keeps changing %s %s", e.manager, e.kind, e.name)
}

// applier brings objects to their desired state by server-side apply, and writes
// only when the live object differs from it: a request that changes nothing is
// still a request, and a thousand agencies make many.
type applier struct {
	client client.Client
	live   client.Reader
	now    func() time.Time

	mu          sync.Mutex
	corrections map[string][]time.Time // per object: when something was put back
}

func newApplier(c client.Client, live client.Reader, now func() time.Time) *applier {
	return &applier{client: c, live: live, now: now, corrections: map[string][]time.Time{}}
}

// maxCorrections in a minute is when putting back becomes a fight.
const maxCorrections = 5

// claim says who an object belongs to, from its owner annotation.
type claim func(live client.Object) bool

// ownedBy accepts objects that carry this UID.
func ownedBy(uid string) claim {
	return func(o client.Object) bool { return uid != "" && o.GetAnnotations()[v1alpha1.AnnotationOwnerUID] == uid }
}

// apply makes or mends the object. An existing object that claim does not accept
// is left untouched: *conflictError. After it, desired holds the live object.
func (a *applier) apply(ctx context.Context, desired client.Object, mine claim) error {
	want, err := a.toApply(desired)
	if err != nil {
		return err
	}
	kind, name := want.GetKind(), want.GetName()
	live, err := a.find(ctx, desired, mine)
	if err != nil {
		return fmt.Errorf("read %s %s: %w", kind, name, err)
	}
	if live != nil {
		if !mine(live) {
			return &conflictError{kind, name}
		}
		same, err := a.same(want, live)
		if err != nil {
			return err
		}
		if same {
			reflect.ValueOf(desired).Elem().Set(reflect.ValueOf(live).Elem())
			return nil
		}
		if err := a.count(want, live); err != nil {
			return err
		}
	}
	if err := a.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(want), client.FieldOwner(FieldManager), client.ForceOwnership); err != nil {
		return fmt.Errorf("apply %s %s: %w", kind, name, err)
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(want.Object, desired)
}

// find reads the cached object, and the live one where the cache has none or
// has one that is not ours: the cache holds labelled objects only, so somebody
// else's is not in it.
func (a *applier) find(ctx context.Context, desired client.Object, mine claim) (client.Object, error) {
	readers := []client.Reader{a.client, a.live}
	if _, foreign := desired.(*unstructured.Unstructured); foreign {
		readers = readers[1:] // no watch on kinds that are not ours to know
	}
	for _, reader := range readers {
		live := reflect.New(reflect.TypeOf(desired).Elem()).Interface().(client.Object)
		live.GetObjectKind().SetGroupVersionKind(desired.GetObjectKind().GroupVersionKind())
		err := reader.Get(ctx, client.ObjectKeyFromObject(desired), live)
		switch {
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return nil, err
		case mine(live) || reader == a.live:
			return live, nil
		}
	}
	return nil, nil
}

// toApply turns a typed object into the exact fields that we own, with a digest
// of them.
func (a *applier) toApply(desired client.Object) (*unstructured.Unstructured, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(desired)
	if err != nil {
		return nil, err
	}
	u := &unstructured.Unstructured{Object: fields}
	if u.GetKind() == "" {
		kind, err := a.client.GroupVersionKindFor(desired)
		if err != nil {
			return nil, err
		}
		u.SetGroupVersionKind(kind)
	}
	unstructured.RemoveNestedField(fields, "status")
	prune(fields)
	own(u)
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	annotations := u.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.AnnotationApplied] = hex.EncodeToString(sum[:12])
	u.SetAnnotations(annotations)
	return u, nil
}

// own claims the rules of a NetworkPolicy even where there are none: a field that
// is not applied is not ours, and what somebody else puts there would stay.
func own(u *unstructured.Unstructured) {
	if u.GetKind() != "NetworkPolicy" {
		return
	}
	spec := u.Object["spec"].(map[string]any)
	for _, direction := range []string{"ingress", "egress"} {
		if spec[direction] == nil {
			spec[direction] = []any{}
		}
	}
}

// prune removes what typed objects print for "not set": nulls and the empty
// strategy of a Deployment and the like would claim fields that we do not own.
func prune(value any) {
	fields, ok := value.(map[string]any)
	if !ok {
		if list, ok := value.([]any); ok {
			for _, element := range list {
				prune(element)
			}
		}
		return
	}
	for name, field := range fields {
		prune(field)
		if field == nil || name == "creationTimestamp" {
			delete(fields, name)
		} else if m, ok := field.(map[string]any); ok && len(m) == 0 && name == "resources" {
			delete(fields, name)
		}
	}
}

// same reports whether the live object has every field that we want, with the
// same value, and nothing left over from what we wanted before.
func (a *applier) same(want *unstructured.Unstructured, live client.Object) (bool, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(live)
	if err != nil {
		return false, err
	}
	delete(fields, "apiVersion") // typed reads leave both out
	delete(fields, "kind")
	for name, value := range want.Object {
		if name != "apiVersion" && name != "kind" && !holds(name, value, fields[name]) {
			return false, nil
		}
	}
	return true, nil
}

// mapLists are the lists in which other managers may have elements of their own
// (x-kubernetes-list-type=map), with the field that tells elements apart. All
// other lists are ours as a whole.
var mapLists = map[string]string{
	"containers": "name", "volumes": "name", "env": "name", "volumeMounts": "mountPath",
}

// holds reports whether live has everything that want says.
func holds(name string, want, live any) bool {
	switch want := want.(type) {
	case map[string]any:
		have, ok := live.(map[string]any)
		if !ok {
			return len(want) == 0 && live == nil
		}
		for field, value := range want {
			if !holds(field, value, have[field]) {
				return false
			}
		}
		return true
	case []any:
		have, ok := live.([]any)
		if !ok {
			return len(want) == 0 && live == nil
		}
		if key := mapLists[name]; key != "" {
			return holdsEach(key, want, have)
		}
		return len(want) == len(have) && slices.EqualFunc(want, have, func(w, h any) bool { return holds("", w, h) })
	default:
		return reflect.DeepEqual(want, live) || sameQuantity(want, live)
	}
}

func holdsEach(key string, want, live []any) bool {
	for _, w := range want {
		id := w.(map[string]any)[key]
		found := slices.ContainsFunc(live, func(h any) bool {
			element, ok := h.(map[string]any)
			return ok && element[key] == id && holds("", w, h)
		})
		if !found {
			return false
		}
	}
	return true
}

// sameQuantity holds for two spellings of one amount, such as 1000m and 1.
func sameQuantity(want, live any) bool {
	w, ok1 := want.(string)
	l, ok2 := live.(string)
	if !ok1 || !ok2 {
		return false
	}
	wq, err1 := resource.ParseQuantity(w)
	lq, err2 := resource.ParseQuantity(l)
	return err1 == nil && err2 == nil && wq.Cmp(lq) == 0
}

// count notes that something of ours was changed by somebody else and is about
// to be put back. Too often in a minute is a fight, which nobody wins by writing.
func (a *applier) count(want *unstructured.Unstructured, live client.Object) error {
	if live.GetAnnotations()[v1alpha1.AnnotationApplied] != want.GetAnnotations()[v1alpha1.AnnotationApplied] {
		return nil // our own change of mind
	}
	key := want.GetKind() + "/" + want.GetNamespace() + "/" + want.GetName()
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	recent := slices.DeleteFunc(a.corrections[key], func(t time.Time) bool { return now.Sub(t) > time.Minute })
	if len(recent) >= maxCorrections {
		a.corrections[key] = recent
		return &fightError{want.GetKind(), want.GetName(), otherManagers(live)}
	}
	a.corrections[key] = append(recent, now)
	return nil
}

// otherManagers names who else writes the object, most recent first.
func otherManagers(o client.Object) string {
	var names []string
	fields := slices.Clone(o.GetManagedFields())
	slices.Reverse(fields)
	for _, entry := range fields {
		if entry.Manager != FieldManager && entry.Subresource == "" && !slices.Contains(names, entry.Manager) {
			names = append(names, entry.Manager)
		}
	}
	return strings.Join(names, ", ")
}

// remove deletes the object if it is ours, and only the very object that was
// looked at. It reports whether it is gone.
func (a *applier) remove(ctx context.Context, o client.Object, mine claim) (gone bool, err error) {
	if err := a.live.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	}
	if !mine(o) {
		return true, nil // somebody else's: ours is gone
	}
	if !o.GetDeletionTimestamp().IsZero() {
		return false, nil
	}
	uid := o.GetUID()
	err = a.client.Delete(ctx, o, client.Preconditions{UID: &uid}, client.PropagationPolicy("Background"))
	return false, client.IgnoreNotFound(err)
}
