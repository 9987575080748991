package hub

import (
	"context"
	"sync"
	"time"
)

// flights are the responses that may still hand out a header: each has an allow
// in the ledger at its index. An act that takes rights away waits for those with
// a lower index, and cuts what takes too long.
type flights struct {
	mu  sync.Mutex
	all map[*flight]bool
}

type flight struct {
	index uint64
	ctx   context.Context
	cut   context.CancelCauseFunc
	done  chan struct{}
}

const (
	settleWait = 700 * time.Millisecond // then responses are cut
	settleCut  = 250 * time.Millisecond // for the cut ones to notice
)

// begin is called inside the write transaction, so that every later one sees it.
func (f *flights) begin(ctx context.Context, index uint64) *flight {
	one := &flight{index: index, done: make(chan struct{})}
	one.ctx, one.cut = context.WithCancelCause(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == nil {
		f.all = map[*flight]bool{}
	}
	f.all[one] = true
	return one
}

func (f *flights) end(one *flight) {
	if one == nil {
		return
	}
	f.mu.Lock()
	delete(f.all, one)
	f.mu.Unlock()
	one.cut(nil)
	close(one.done)
}

// settle returns when every response with a lower index has been written or cut,
// at most a second later.
func (f *flights) settle(before uint64) {
	f.mu.Lock()
	var open []*flight
	for one := range f.all {
		if one.index < before {
			open = append(open, one)
		}
	}
	f.mu.Unlock()
	wait := time.NewTimer(settleWait)
	defer wait.Stop()
	for n, one := range open {
		select {
		case <-one.done:
		case <-wait.C:
			for _, slow := range open[n:] {
				slow.cut(errCut)
			}
			f.awaitCut(open[n:])
			return
		}
	}
}

func (f *flights) awaitCut(open []*flight) {
	wait := time.NewTimer(settleCut)
	defer wait.Stop()
	for _, one := range open {
		select {
		case <-one.done:
		case <-wait.C:
			return // a cut response writes nothing more, whether it noticed or not
		}
	}
}
