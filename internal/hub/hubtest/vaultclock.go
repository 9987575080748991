package hubtest

import (
	"sync/atomic"
	"time"

	"github.com/concordat-hub/concordat/internal/hub"
)

// vaultClock has a real Vault tell the time of a test: that of the hub's clock when
// the hub starts, which passes as the clock's monotonic time does. What a test sets
// the hub's clock to does not move it.
type vaultClock struct {
	hub.Vault
	clock   hub.Clock
	start   time.Time
	running time.Duration
	ahead   atomic.Int64
}

func newVaultClock(real hub.Vault, clock hub.Clock) *vaultClock {
	return &vaultClock{Vault: real, clock: clock, start: clock.Now(), running: clock.Monotonic()}
}

func (v *vaultClock) set(ahead time.Duration) { v.ahead.Store(int64(ahead)) }

// OnTime implements hub.Vault. The Date is the real answer's, moved by as much as the
// test's time is from the machine's: it stays as coarse and as old as it was.
func (v *vaultClock) OnTime(f func(time.Time, time.Duration)) {
	v.Vault.OnTime(func(date time.Time, took time.Duration) {
		passed := v.start.Add(v.clock.Monotonic() - v.running)
		f(date.Add(time.Until(passed)+time.Duration(v.ahead.Load())), took)
	})
}
