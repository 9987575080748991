package hub

import "sync"

// bell lets many wait for the next change of one thing.
type bell[K comparable] struct {
	mu      sync.Mutex
	waiting map[K]chan struct{}
}

// hear returns a channel that is closed at the next ring. Take it before looking
// at the thing, so that no change falls between.
func (b *bell[K]) hear(key K) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting == nil {
		b.waiting = map[K]chan struct{}{}
	}
	if b.waiting[key] == nil {
		b.waiting[key] = make(chan struct{})
	}
	return b.waiting[key]
}

func (b *bell[K]) ring(key K) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ch := b.waiting[key]; ch != nil {
		close(ch)
		delete(b.waiting, key)
	}
}
