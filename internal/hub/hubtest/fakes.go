package hubtest

import (
	"context"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/store"
)

// Clock is set by a test.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	running time.Duration
}

// NewClock begins at the machine's time.
func NewClock() *Clock { return &Clock{now: time.Now()} }

// Now implements hub.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Monotonic implements hub.Clock.
func (c *Clock) Monotonic() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}

// Pass lets time pass as it does.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.running = c.now.Add(d), c.running+d
}

// Jump sets the clock without time passing.
func (c *Clock) Jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// FailingStore fails updates on purpose: before they begin, or after their
// commit, when the caller does not learn that it succeeded.
type FailingStore struct {
	store.Store
	mu     sync.Mutex
	before error
	after  error
}

// Fail sets the errors of updates from now on; nil lets them through.
func (f *FailingStore) Fail(before, after error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before, f.after = before, after
}

// Update implements store.Store.
func (f *FailingStore) Update(ctx context.Context, do func(store.Tx) error) error {
	f.mu.Lock()
	before, after := f.before, f.after
	f.mu.Unlock()
	if before != nil {
		return before
	}
	if err := f.Store.Update(ctx, do); err != nil {
		return err
	}
	return after
}
