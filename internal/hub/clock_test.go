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
	for name, jump := range map[string]time.Duration{"forward": 6 * time.Minute, "backward": -2 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := hubtest.NewClock()
			w := newTrio(t, hubtest.Options{Clock: clock})
			released := w.a.Release(t, w.ref, "content", w.b)
			raw := w.b.OpenAct(t, released.Act)
			clock.Jump(jump)
			w.Now = func() time.Time { return clock.Now().Add(max(-jump, 0)) } // bearers are judged by the ledger's time
			_, err := w.b.Client.Open(t.Context(), raw)
			wantCode(t, err, "clock_untrusted", 503)
			_, err = w.a.Client.Submit(t.Context(), w.a.SignAct(t, act.DeskSign, keyAddAfter(t, w.a)))
			wantCode(t, err, "clock_untrusted", 503)
			wantCode(t, w.Public.Ready(t.Context()), "clock_untrusted", 503)
			if err := w.Operator.ConfirmClock(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, err = w.b.Client.Open(t.Context(), raw)
			if jump > 0 && err != nil {
				t.Errorf("confirmed: %v", err)
			}
			if jump < 0 {
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
