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

// Feed keeps the hub's latest answer and tells which objects it concerns. It is a
// manager.Runnable.
type Feed struct {
	ledger Ledger
	pause  time.Duration
	wake   chan event.TypedGenericEvent[*v1alpha1.SharingAgreement]

	mu        sync.Mutex
	tag       string
	breakOff  context.CancelFunc  // ends the question that is being waited for
	revisions map[string]Revision // by digest
	reachable bool
	objects   map[string]string // name → digest, of objects seen by the reconciler
}

// NewFeed asks the ledger, which answers when there is something new. After a
// failure, and of a hub that cannot wait, it asks again after pause.
func NewFeed(ledger Ledger, pause time.Duration) *Feed {
	return &Feed{
		ledger: ledger, pause: pause, wake: make(chan event.TypedGenericEvent[*v1alpha1.SharingAgreement]),
		revisions: map[string]Revision{}, objects: map[string]string{},
	}
}

// settle is how long the Feed lets further changes gather after one, so that a
// burst of acts is not a burst of questions.
const settle = 50 * time.Millisecond

// NeedLeaderElection implements manager.LeaderElectionRunnable: one operator
// writes status, so one asks.
func (f *Feed) NeedLeaderElection() bool { return true }

// Start asks until the context ends.
func (f *Feed) Start(ctx context.Context) error {
	log := ctrl.LoggerFrom(ctx).WithName("agreement-feed")
	for ctx.Err() == nil {
		began := time.Now()
		overview, brokenOff, err := f.ask(ctx)
		if brokenOff {
			continue
		}
		names, turned := f.take(overview, err)
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
		wait := settle
		if err != nil || overview.Tag == "" || overview.Unchanged && time.Since(began) < f.pause {
			wait = f.pause // it does not answer, or does not wait
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	return nil
}

// ask puts one question; brokenOff says that Refresh wants another instead.
func (f *Feed) ask(ctx context.Context) (overview Overview, brokenOff bool, err error) {
	question, cancel := context.WithCancel(ctx)
	defer cancel()
	f.mu.Lock()
	tag := f.tag
	f.breakOff = cancel
	f.mu.Unlock()
	overview, err = f.ledger.Overview(question, tag)
	return overview, err != nil && question.Err() != nil && ctx.Err() == nil, err
}

// Refresh has the Feed ask for everything at once, without waiting for a change.
func (f *Feed) Refresh() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tag = ""
	if f.breakOff != nil {
		f.breakOff()
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
func (f *Feed) take(overview Overview, err error) (names []string, turned bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.revisions
	turned = f.reachable != (err == nil)
	f.reachable = err == nil
	if err != nil {
		f.tag = "" // whoever answers next may be another hub process
	} else if !overview.Unchanged {
		f.tag = overview.Tag
		f.revisions = make(map[string]Revision, len(overview.Revisions))
		for _, revision := range overview.Revisions {
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
