package e2e

import (
	"strings"
	"testing"
)

func TestASuspendedPartyReadsNothingWhileTheOthersGoOn(t *testing.T) {
	one := drafted(t, "multilateral-open", nil, a, b, c).enters(t)
	item := released(t, one, 1)
	for _, reader := range []string{b, c} {
		arrives(t, reader, item)
		do(t, ok, analyst(reader), open(item)...)
	}
	one.step(t, ok, a, "suspend", "--party", b, "--reason", "breach")
	do(t, refused, analyst(b), open(item)...)
	do(t, ok, analyst(c), open(item)...)
	if said := one.why(t, c, b); !strings.Contains(said, "because "+a+" has suspended its part") || !strings.Contains(said, "/suspension/parties") {
		t.Errorf("why: %s", said)
	}
	// Nobody but the one who suspended ends it, and a ground that the agreement does
	// not name suspends nobody else.
	one.step(t, refused, b, "resume", "--party", b)
	if said := one.step(t, refused, c, "suspend", "--party", a, "--reason", "resources"); !strings.Contains(said, "/suspension/grounds") {
		t.Errorf("the clause was not named: %s", said)
	}
	later := released(t, one, 2)
	arrives(t, c, later)
	do(t, notFound, analyst(b), "bulletin", "show", later)
	one.step(t, ok, a, "resume", "--party", b)
	eventually(t, "reading to go on", func() bool {
		result, err := analyst(b).Do(t.Context(), open(item)...)
		return err == nil && result.Code == ok
	})
}
