package e2e

import (
	"strings"
	"testing"
)

func TestWhoCannotComplyIsSealedAtOnce(t *testing.T) {
	one := drafted(t, "multilateral-open", nil, a, b, c).enters(t)
	item := shared(t, one)
	do(t, ok, analyst(c), "bulletin", "cannot-comply", item, "--axis", "onTermination", "--reason", "domestic-law", "--yes")
	do(t, refused, analyst(c), open(item)...)
	reads(t, releaser(a), item, c+" cannot comply")
	do(t, ok, analyst(b), open(item)...)
	if said := words(do(t, ok, releaser(a), "bulletin", "why", item, "--agency", c, "--lang", "en").Stdout); !strings.Contains(said, c+" said at") {
		t.Errorf("why: %s", said)
	}
	reads(t, analyst(c), item, "Your agency cannot comply")
}
