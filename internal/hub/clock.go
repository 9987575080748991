package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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

// watch notices jumps, and a clock that is not Vault's. After one, nothing is
// appended until an admin has looked at the clock and confirmed it.
type watch struct {
	clock Clock
	log   *slog.Logger

	mu        sync.Mutex
	wall      time.Time
	running   time.Duration
	known     time.Time // the latest that was relied on, also by the process before
	untrusted string    // why, for a person; empty while the clock is trusted
	vault     vaultTime
}

func newWatch(clock Clock, log *slog.Logger) *watch {
	return &watch{clock: clock, log: log, wall: clock.Now(), running: clock.Monotonic()}
}

// now returns the later of the ledger's time and the clock's, in whole
// milliseconds, and whether it may be relied on. Time never runs backwards in
// the ledger, whatever the clock does.
func (w *watch) now(ledger time.Time) (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tell(ledger)
}

func (w *watch) tell(ledger time.Time) (time.Time, bool) {
	if ledger.Before(w.known) {
		ledger = w.known
	}
	now, running := w.clock.Now(), w.clock.Monotonic()
	drift := now.Sub(w.wall) - (running - w.running)
	switch {
	case drift > maxJump || drift < -maxJump:
		w.distrust("the clock has jumped by %v", drift)
	case ledger.Sub(now) > maxJump:
		w.distrust("the clock is %v behind the ledger", ledger.Sub(now))
	case w.untrusted == "":
		// Small corrections are a clock being disciplined: they must not add up to
		// a jump over months.
		w.wall, w.running = now, running
	}
	now = now.UTC().Truncate(time.Millisecond)
	if now.Before(ledger) {
		now = ledger
	}
	if w.untrusted == "" && w.vault.heard {
		w.known = now
	}
	return now, w.untrusted == ""
}

// shown is the time for those who look and decide nothing: it stands still while
// the clock is not trusted or Vault was not heard, so that nobody sees in force
// what is not, or ended what is in force.
func (w *watch) shown(ledger time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now, trusted := w.tell(ledger); trusted && w.vault.heard {
		return now
	}
	if ledger.Before(w.known) {
		return w.known
	}
	return ledger
}

// distrust keeps the first reason until the clock is confirmed.
func (w *watch) distrust(why string, by time.Duration) {
	if w.untrusted != "" {
		return
	}
	w.untrusted = fmt.Sprintf(why, by.Round(time.Second))
	w.log.Error("nothing is decided until an administrator confirms the clock", "reason", w.untrusted)
}

// confirm takes the present time of the clock as right, but for the ledger's.
func (w *watch) confirm(offset time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wall, w.running, w.untrusted = w.clock.Now(), w.clock.Monotonic(), ""
	w.known, w.vault.accepted = time.Time{}, offset
}

const (
	timeKey      = "time"
	offsetKey    = "clockOffset"
	keepTimeEach = time.Minute
)

// recallTime reads what keepTime and ConfirmClock wrote: after a quiet time the
// ledger alone would not show that the clock was set back while the hub was down,
// and what has ended would be in force again.
func (s *Service) recallTime(ctx context.Context) error {
	at, err := s.recall(ctx, timeKey)
	if err != nil {
		return err
	}
	offset, err := s.recall(ctx, offsetKey)
	if err != nil {
		return err
	}
	if at != "" {
		if s.watch.known, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return err
		}
	}
	if offset != "" {
		s.watch.vault.accepted, err = time.ParseDuration(offset)
	}
	return err
}

func (s *Service) recall(ctx context.Context, key string) (string, error) {
	var raw []byte
	err := s.Store.View(ctx, func(r store.Reader) error {
		var err error
		raw, err = r.Meta(key)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return string(raw), err
}

// keepTime writes down a time that is relied on. One that is not, and one that
// Vault's clock was not yet held against, is never written: it would be what the
// next process goes by.
func (s *Service) keepTime(ctx context.Context) {
	now, trusted := s.now()
	if !trusted || !s.watch.heardVault() {
		return
	}
	err := s.Store.Update(ctx, func(tx store.Tx) error { return tx.SetMeta(timeKey, timeText(now)) })
	if err != nil && ctx.Err() == nil {
		s.Log.Warn("the time is not written down", "error", err)
	}
}

func timeText(at time.Time) []byte { return []byte(at.UTC().Format(time.RFC3339Nano)) }

func (s *Service) runTime(ctx context.Context) {
	for {
		if err := s.Vault.Ready(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("the clock was not held against Vault's", "error", err)
		}
		s.keepTime(ctx)
		if !sleep(ctx, keepTimeEach) {
			s.keepTime(context.WithoutCancel(ctx))
			return
		}
	}
}
