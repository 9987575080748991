package e2e

import (
	"strings"
	"testing"
	"time"
)

func TestAnOverdueReviewFreezesNewReleases(t *testing.T) {
	// The first review is due a little later than it takes to sign and to release.
	due := time.Now().Add(2 * time.Minute).UTC().Truncate(time.Second)
	one := drafted(t, "bilateral", []edit{
		{"  intervalDays: 365      # counted", "  intervalDays: 365\n  first: " + due.Format(time.RFC3339)},
		{"  onOverdue: warn", "  onOverdue: freeze-new"},
	}, a, b).enters(t)
	item := released(t, one, 1)
	arrives(t, b, item)
	draft := approved(t, a, 2)
	release := []string{"bulletin", "release", draft, "--agreement", one.reference, "--tlp", "TLP:AMBER+STRICT", "--yes"}

	select {
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	case <-time.After(time.Until(due)):
	}
	one.reaches(t, a, "review-overdue")
	do(t, refused, releaser(a), release...)
	do(t, ok, analyst(b), open(item)...)
	if said := one.why(t, b, a); !strings.Contains(said, "its review has been overdue since "+due.Format(time.RFC3339)) || !strings.Contains(said, "/review/onOverdue") {
		t.Errorf("why: %s", said)
	}
	if said := one.step(t, ok, b, "review", "--outcome", "continue"); !strings.Contains(said, "The next review of "+one.reference+" is due on") {
		t.Errorf("nobody said when the next review is due: %s", said)
	}
	one.reaches(t, a, "in-force")
	do(t, ok, releaser(a), release...)
}
