package agency

import (
	"sync"
	"time"
)

// memory remembers for which agencies something was found in order, and when. It
// saves questions only: without it the same answers are found.
type memory struct {
	lasts time.Duration
	mu    sync.Mutex
	seen  map[string]time.Time
}

func newMemory(lasts time.Duration) *memory {
	return &memory{lasts: lasts, seen: map[string]time.Time{}}
}

func (m *memory) fresh(name string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	seen, ok := m.seen[name]
	return ok && now.Sub(seen) < m.lasts
}

func (m *memory) note(name string, inOrder bool, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if inOrder {
		m.seen[name] = now
	} else {
		delete(m.seen, name)
	}
}

// forget makes every agency be asked about again.
func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.seen)
}
