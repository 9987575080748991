package hub

import (
	"sync"
	"time"
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

// confirm takes the present time of the clock as right.
func (w *watch) confirm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wall, w.running, w.untrusted = w.clock.Now(), w.clock.Monotonic(), false
}
