package hub

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/store"
)

// Clock tells the time twice: as people set it, and as it runs.
type Clock interface {
	Now() time.Time
	// Monotonic is the time since some moment, untouched by whoever sets the clock.
	Monotonic() time.Duration
}

// SystemClock is the machine's.
func SystemClock() Clock { return systemClock{time.Now()} }

type systemClock struct{ start time.Time }

func (c systemClock) Now() time.Time           { return time.Now().UTC() }
func (c systemClock) Monotonic() time.Duration { return time.Since(c.start) }

// maxJump is how far the clock may move against the monotonic one. A clock that
// jumps forward would end agreements, one that jumps back would revive them.
const maxJump = 5 * time.Minute

// watch notices jumps. After one, nothing is appended until an admin has looked
// at the clock and confirmed it.
type watch struct {
	clock Clock

	mu        sync.Mutex
	wall      time.Time
	running   time.Duration
	known     time.Time // the latest that was relied on, also by the process before
	untrusted bool
}

func newWatch(clock Clock) *watch {
	return &watch{clock: clock, wall: clock.Now(), running: clock.Monotonic()}
}

// now returns the later of the ledger's time and the clock's, in whole
// milliseconds, and whether it may be relied on. Time never runs backwards in
// the ledger, whatever the clock does.
func (w *watch) now(ledger time.Time) (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ledger.Before(w.known) {
		ledger = w.known
	}
	now, running := w.clock.Now(), w.clock.Monotonic()
	drift := now.Sub(w.wall) - (running - w.running)
	if drift > maxJump || drift < -maxJump || ledger.Sub(now) > maxJump {
		w.untrusted = true
	} else if !w.untrusted {
		// Small corrections are a clock being disciplined: they must not add up to
		// a jump over months.
		w.wall, w.running = now, running
	}
	now = now.UTC().Truncate(time.Millisecond)
	if now.Before(ledger) {
		now = ledger
	}
	return now, !w.untrusted
}

// remember takes over the latest time on which the process before relied.
func (w *watch) remember(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.known = at
}

// confirm takes the present time of the clock as right, but for the ledger's.
func (w *watch) confirm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wall, w.running, w.untrusted = w.clock.Now(), w.clock.Monotonic(), false
	w.known = time.Time{}
}

const (
	timeKey      = "time"
	keepTimeEach = time.Minute
)

// recallTime reads what keepTime wrote: after a quiet time the ledger alone would
// not show that the clock was set back while the hub was down, and what has ended
// would be in force again.
func (s *Service) recallTime(ctx context.Context) error {
	var raw []byte
	err := s.Store.View(ctx, func(r store.Reader) error {
		var err error
		raw, err = r.Meta(timeKey)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, string(raw))
	if err == nil {
		s.watch.remember(at)
	}
	return err
}

// keepTime writes down a time that is relied on. One that is not is never written.
func (s *Service) keepTime(ctx context.Context) {
	now, trusted := s.now()
	if !trusted {
		return
	}
	raw := []byte(now.Format(time.RFC3339Nano))
	if err := s.Store.Update(ctx, func(tx store.Tx) error { return tx.SetMeta(timeKey, raw) }); err != nil && ctx.Err() == nil {
		s.Log.Warn("the time is not written down", "error", err)
	}
}

func (s *Service) runTime(ctx context.Context) {
	for {
		s.keepTime(ctx)
		if !sleep(ctx, keepTimeEach) {
			s.keepTime(context.WithoutCancel(ctx))
			return
		}
	}
}
