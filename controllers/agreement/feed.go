package agreement

import (
	"context"
	"reflect"
	"sync"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/event"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/concordat-hub/concordat/api/v1alpha1"
)

// Revision is one revision of an agreement as the ledger has it.
type Revision struct {
	Digest  string
	ID      string
	Number  int64
	State   string // proposed, waiting, in-force, suspended, terminated or expired
	Parties []string
	Signed  []string
	Pending []string
	// NextChange is when time alone changes the state; zero if never.
	NextChange time.Time
	// Index is the ledger index of the act that last changed it.
	Index int64
}

// Ledger lists all revisions that the hub knows, as they stand now.
type Ledger interface {
	Revisions(ctx context.Context) ([]Revision, error)
}

// Feed keeps the hub's latest answer and tells which objects it concerns. It is a
// manager.Runnable.
type Feed struct {
	ledger Ledger
	every  time.Duration
	wake   chan event.TypedGenericEvent[*v1alpha1.SharingAgreement]

	mu        sync.Mutex
	revisions map[string]Revision // by digest
	reachable bool
	objects   map[string]string // name → digest, of objects seen by the reconciler
}

// NewFeed looks at the ledger every so often; a second is what people notice.
func NewFeed(ledger Ledger, every time.Duration) *Feed {
	return &Feed{
		ledger: ledger, every: every, wake: make(chan event.TypedGenericEvent[*v1alpha1.SharingAgreement]),
		revisions: map[string]Revision{}, objects: map[string]string{},
	}
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: one operator
// writes status, so one asks.
func (f *Feed) NeedLeaderElection() bool { return true }

// Start polls until the context ends.
func (f *Feed) Start(ctx context.Context) error {
	log := ctrl.LoggerFrom(ctx).WithName("agreement-feed")
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	for {
		list, err := f.ledger.Revisions(ctx)
		names, turned := f.take(list, err)
		if turned {
			log.Info("the hub turned", "reachable", err == nil, "error", text(err))
		}
		for _, name := range names {
			object := &v1alpha1.SharingAgreement{ObjectMeta: metav1.ObjectMeta{Name: name}}
			select {
			case f.wake <- event.TypedGenericEvent[*v1alpha1.SharingAgreement]{Object: object}:
			case <-ctx.Done():
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// take stores an answer and names the objects that it changes: those whose
// revision is another, or all when the hub came or went.
func (f *Feed) take(list []Revision, err error) (names []string, turned bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.revisions
	turned = f.reachable != (err == nil)
	f.reachable = err == nil
	if err == nil {
		f.revisions = make(map[string]Revision, len(list))
		for _, revision := range list {
			f.revisions[revision.Digest] = revision
		}
	}
	for name, digest := range f.objects {
		if turned || !reflect.DeepEqual(before[digest], f.revisions[digest]) {
			names = append(names, name)
		}
	}
	return names, turned
}

// look returns what the ledger says of the digest, and notes that the object is
// to be woken when that changes.
func (f *Feed) look(name, digest string) (revision Revision, known, reachable bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.objects[name] = digest
	revision, known = f.revisions[digest]
	return revision, known, f.reachable
}

// forget ends waking an object that is gone or that has no digest.
func (f *Feed) forget(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.objects, name)
}
