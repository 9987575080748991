package hub

import "sync/atomic"

// Counters are what the hub tells of its work, for metrics. No label of them
// comes from a request.
type Counters struct {
	Entries, Opened, Aborted, Denied, CheckpointErrors atomic.Uint64
	// BearersOutOfTime counts bearers that are signed as they should be and too old
	// or too young. Of several agencies at a time, they speak against the hub's clock.
	BearersOutOfTime atomic.Uint64
}

// Counters returns the service's counters.
func (s *Service) Counters() *Counters { return &s.counters }

// Sizes returns the number of entries and the size of the latest checkpoint.
func (s *Service) Sizes() (entries, checkpoint uint64) {
	last, _ := s.signed.get()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tree.size, uint64(last.checkpoint.Size)
}
