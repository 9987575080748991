package e2e

import (
	"strings"
	"testing"
	"time"
)

func TestAnOverdueAnswerHoldsWhatComesNextUntilItIsGiven(t *testing.T) {
	one := drafted(t, "multilateral-open", []edit{{"  holdNewReleases:", "  holdNewReleases: true"}}, a, b, c).enters(t)
	item := released(t, one, 1)
	arrives(t, b, item)
	arrives(t, c, item)
	do(t, ok, analyst(b), open(item)...)
	due := time.Now().Add(12 * time.Second).UTC().Truncate(time.Second)
	do(t, ok, releaser(a), "bulletin", "restrict", item, "--restrict", "accessForm=view-only", "--acknowledge-by", due.Format(time.RFC3339), "--yes")
	becomes(t, releaser(a), item, "acknowledge", b, "overdue")

	// It is sealed for everybody, and waits for the one that owes an answer.
	result := do(t, ok, releaser(a), "bulletin", "release", approved(t, a, 2), "--agreement", one.reference, "--tlp", "TLP:AMBER+STRICT", "--yes", "-o", "name", "--lang", "en")
	held := strings.TrimPrefix(strings.TrimSpace(result.Stdout), "item/")
	if !strings.Contains(words(result.Stderr), "Held for "+b+" until it answers") {
		t.Errorf("nobody said that it is held: %s", result.Stderr)
	}
	arrives(t, c, held)
	do(t, ok, analyst(c), open(held)...)
	do(t, notFound, analyst(b), "bulletin", "show", held)
	reads(t, releaser(a), held, "Held for "+b)

	do(t, ok, analyst(b), "bulletin", "acknowledge", item, "--accept", "yes")
	arrives(t, b, held)
	do(t, ok, analyst(b), open(held)...)
}
