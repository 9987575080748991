package hub

import (
	"log/slog"
	"testing"
	"time"
)

// handClock is set by hand.
type handClock struct {
	now     time.Time
	running time.Duration
}

func (c *handClock) Now() time.Time           { return c.now }
func (c *handClock) Monotonic() time.Duration { return c.running }

func (c *handClock) pass(d time.Duration) { c.now, c.running = c.now.Add(d), c.running+d }

// A Date has whole seconds and is as old as its way was long. What may be within the
// bound is: however slow the answers, they stop nobody, and what is out of bounds for
// certain is found by the slowest.
func TestADateStopsTheHubOnlyIfItIsOutOfBoundsForCertain(t *testing.T) {
	t.Parallel()
	start := time.Date(2031, 5, 6, 7, 8, 9, 999_000_000, time.UTC)
	for name, c := range map[string]struct {
		ahead, took, age time.Duration // of the hub's clock; of the exchange; of the Date in it
		stops            bool
	}{
		"together":                              {0, 0, 0, false},
		"a slow answer":                         {0, 5 * time.Second, 5 * time.Second, false},
		"a slow answer that was written late":   {0, 5 * time.Second, 0, false},
		"a minute in both":                      {time.Minute, time.Minute, time.Minute, false},
		"four minutes and 59 seconds":           {5*time.Minute - time.Second, 0, 0, false},
		"as much and slow":                      {5*time.Minute - time.Second, 5 * time.Second, 5 * time.Second, false},
		"behind by it and slow":                 {-5*time.Minute + time.Second, 5 * time.Second, 0, false},
		"five minutes and two seconds":          {5*time.Minute + 2*time.Second, 0, 0, true},
		"behind by it":                          {-5*time.Minute - 2*time.Second, 0, 0, true},
		"ten minutes in the slowest answer":     {10 * time.Minute, 5 * time.Second, 5 * time.Second, true},
		"ten minutes behind, the slowest there": {-10 * time.Minute, 5 * time.Second, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := &handClock{now: start.Add(c.ahead)}
			w := newWatch(clock, slog.New(slog.DiscardHandler))
			// Answers come for an hour, at every part of a second.
			for range 3600 {
				clock.pass(time.Second + 7*time.Millisecond)
				written := clock.now.Add(-c.ahead - c.age).Truncate(time.Second)
				w.hear(written, c.took)
				if _, trusted := w.now(time.Time{}); trusted == c.stops {
					t.Fatalf("trusted %v: %s", trusted, w.untrusted)
				}
			}
		})
	}
}

// The two clocks move apart by less than a jump at each look. The running clock does
// not show that, and Vault's does.
func TestAClockThatCreepsAwayFromVaultIsFound(t *testing.T) {
	t.Parallel()
	clock := &handClock{now: time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)}
	vault := clock.now
	w := newWatch(clock, slog.New(slog.DiscardHandler))
	for minute := range 10 {
		clock.pass(time.Minute)
		vault = vault.Add(time.Minute)
		clock.now = clock.now.Add(time.Minute)
		w.hear(vault, 0)
		if _, trusted := w.now(time.Time{}); trusted == (minute >= 5) {
			t.Errorf("%d minutes apart: trusted %v", minute+1, trusted)
		}
	}
}

// Steps within the bound that somebody confirms do not move the bound.
func TestConfirmedSmallStepsDoNotAddUp(t *testing.T) {
	t.Parallel()
	clock := &handClock{now: time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)}
	vault := clock.now
	w := newWatch(clock, slog.New(slog.DiscardHandler))
	for _, want := range []bool{true, false} {
		clock.now = clock.now.Add(4 * time.Minute)
		w.hear(vault, 0)
		if _, trusted := w.now(time.Time{}); trusted != want {
			t.Errorf("trusted %v", trusted)
		}
		if want {
			w.confirm(w.acceptable())
		}
	}
}
