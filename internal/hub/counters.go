package hub

import "sync/atomic"

// Counters are what the hub tells of its work, for metrics. No label of them
// comes from a request.
type Counters struct {
	Entries, Opened, Aborted, Denied, CheckpointErrors atomic.Uint64
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
