package bench

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// samples are durations of several things that were done in turn, round after
// round: whatever else the machine did meanwhile fell on all of them.
type samples struct {
	names []string
	took  map[string][]time.Duration
}

// time runs f and keeps how long it took.
func (s *samples) time(b *testing.B, name string, f func() error) {
	b.Helper()
	began := time.Now()
	err := f()
	took := time.Since(began)
	if err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	s.keep(name, took)
}

// keep adds a duration that was measured elsewhere.
func (s *samples) keep(name string, took time.Duration) {
	if s.took == nil {
		s.took = map[string][]time.Duration{}
	}
	if s.took[name] == nil {
		s.names = append(s.names, name)
	}
	s.took[name] = append(s.took[name], took)
}

// at is a quantile, the median being 0.5, between two samples in proportion.
func (s *samples) at(name string, quantile float64) time.Duration {
	sorted := slices.Sorted(slices.Values(s.took[name]))
	position := quantile * float64(len(sorted)-1)
	below := int(position)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + time.Duration((position-float64(below))*float64(sorted[above]-sorted[below]))
}

func (s *samples) median(names ...string) time.Duration {
	var sum time.Duration
	for _, name := range names {
		sum += s.at(name, 0.5)
	}
	return sum
}

// tables are printed after all results, which the testing package keeps short.
var tables strings.Builder

// show adds a table to what is printed at the end.
func show(b *testing.B, title, table string) {
	fmt.Fprintf(&tables, "\n%s: %s\n%s", b.Name(), title, table)
}

// table lists what was measured, for people.
func (s *samples) table() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-44s %8s %12s %12s\n", "", "rounds", "median", "90 %")
	for _, name := range s.names {
		fmt.Fprintf(&out, "%-44s %8d %12s %12s\n", name, len(s.took[name]),
			s.at(name, 0.5).Round(time.Microsecond), s.at(name, 0.9).Round(time.Microsecond))
	}
	return out.String()
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }
