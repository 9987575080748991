package desk_test

import (
	"context"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk"
)

// faultyHub is the real hub with something going wrong on purpose: each function
// that is set stands before the call of its name.
type faultyHub struct {
	desk.Hub
	mu         sync.Mutex
	release    func(ctx context.Context, r desk.ReleaseRequest, next func(context.Context, desk.ReleaseRequest) (desk.Appended, error)) (desk.Appended, error)
	feed       func(feed desk.Feed) desk.Feed
	deliveries func([]desk.Delivery) []desk.Delivery
	opened     func(desk.Opened) desk.Opened
	info       func(desk.HubInfo) desk.HubInfo
	opens      int // item.open acts that were sent
}

// set changes what goes wrong.
func (f *faultyHub) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *faultyHub) Release(ctx context.Context, r desk.ReleaseRequest) (desk.Appended, error) {
	f.mu.Lock()
	fault := f.release
	f.mu.Unlock()
	if fault == nil {
		return f.Hub.Release(ctx, r)
	}
	return fault(ctx, r, f.Hub.Release)
}

func (f *faultyHub) Feed(ctx context.Context, after uint64, wait time.Duration) (desk.Feed, error) {
	feed, err := f.Hub.Feed(ctx, after, wait)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.feed != nil && err == nil {
		feed = f.feed(feed)
	}
	return feed, err
}

func (f *faultyHub) Deliveries(ctx context.Context, releases []act.ID) ([]desk.Delivery, error) {
	deliveries, err := f.Hub.Deliveries(ctx, releases)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.deliveries != nil && err == nil {
		deliveries = f.deliveries(deliveries)
	}
	return deliveries, err
}

func (f *faultyHub) Open(ctx context.Context, jws string) (desk.Opened, error) {
	f.mu.Lock()
	f.opens++
	f.mu.Unlock()
	opened, err := f.Hub.Open(ctx, jws)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.opened != nil && err == nil {
		opened = f.opened(opened)
	}
	return opened, err
}

func (f *faultyHub) Info(ctx context.Context) (desk.HubInfo, error) {
	info, err := f.Hub.Info(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.info != nil && err == nil {
		info = f.info(info)
	}
	return info, err
}

// opensSent counts the item.open acts that the desk has sent.
func (f *faultyHub) opensSent() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.opens
}
