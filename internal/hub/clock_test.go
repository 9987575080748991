package hub_test

import (
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
)

// A clock that was set decides nothing until somebody has looked at it: forward
// it would end agreements, backward it would revive them.
func TestAClockThatJumpsStopsDecisionsUntilItIsConfirmed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		quiet, jump time.Duration // without an entry before the jump
		mends       bool          // by confirming the clock
	}{
		"forward":                          {0, 6 * time.Minute, true},
		"back within a quiet hour":         {time.Hour, -10 * time.Minute, true},
		"back behind the ledger":           {0, -2 * time.Hour, false},
		"back behind it after a quiet day": {24 * time.Hour, -26 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := hubtest.NewClock()
			w := newTrio(t, hubtest.Options{Clock: clock})
			released := w.a.Release(t, w.ref, "content", w.b)
			raw, other := w.b.OpenAct(t, released.Act), w.a.SignAct(t, act.DeskSign, keyAddAfter(t, w.a))
			ledger := clock.Now()
			clock.Pass(c.quiet)
			clock.Jump(c.jump)
			w.Now = func() time.Time { // bearers are judged by the later of both times
				if now := clock.Now(); now.After(ledger) {
					return now
				}
				return ledger
			}
			_, err := w.b.Client.Open(t.Context(), raw)
			wantCode(t, err, "clock_untrusted", 503)
			_, err = w.a.Client.Submit(t.Context(), other)
			wantCode(t, err, "clock_untrusted", 503)
			wantCode(t, w.Public.Ready(t.Context()), "clock_untrusted", 503)
			if err := w.Operator.ConfirmClock(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, err = w.b.Client.Open(t.Context(), raw)
			if c.mends && err != nil {
				t.Errorf("confirmed: %v", err)
			}
			if !c.mends {
				// The ledger knows a later time than the clock: confirming does not
				// make the clock right.
				wantCode(t, err, "clock_untrusted", 503)
			}
		})
	}
}

// Time that passes is no jump, however much of it.
func TestADayThatPassesIsNoJump(t *testing.T) {
	t.Parallel()
	clock := hubtest.NewClock()
	w := newTrio(t, hubtest.Options{Clock: clock})
	released := w.a.Release(t, w.ref, "content", w.b)
	clock.Pass(24 * time.Hour)
	if got := w.b.Read(t, released.Act); got != "content" {
		t.Errorf("read %q", got)
	}
}

// The clock is set back while the hub is down. What had ended stays ended, also if
// the ledger was quiet for long: the hub wrote down which time it relied on.
func TestAClockThatIsSetBackWhileTheHubIsDownRevivesNothing(t *testing.T) {
	t.Parallel()
	clock := hubtest.NewClock()
	w := newTrio(t, hubtest.Options{Clock: clock})
	released := w.a.Release(t, w.ref, "content", w.b)
	raw := w.b.OpenAct(t, released.Act)
	clock.Pass(241 * time.Hour) // the agreement has ended, and nothing was appended since
	w.Stop()
	back := hubtest.NewClock() // ten days ago, when it was in force
	again := w.Restart(t, hubtest.Options{Clock: back})
	w.b.Move(t, again.World)
	again.Now = clock.Now // the bearer is of the true time
	_, err := w.b.Client.Open(t.Context(), raw)
	wantCode(t, err, "clock_untrusted", 503)
	wantCode(t, again.Public.Ready(t.Context()), "clock_untrusted", 503)

	again.Stop()
	right := hubtest.NewClock()
	right.Pass(241 * time.Hour)
	last := again.Restart(t, hubtest.Options{Clock: right})
	w.b.Move(t, last.World)
	_, err = w.b.Client.Open(t.Context(), raw)
	wantDenied(t, err, "policy_agreement_expired")
	if report := last.Verify(t); report.Allows != 0 {
		t.Errorf("%d allows are stored", report.Allows)
	}
}
