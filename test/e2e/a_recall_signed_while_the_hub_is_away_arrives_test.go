package e2e

import (
	"strings"
	"testing"
)

// The hub is killed, and officers take back what they have to: each is told that
// it waits, is done with it, and finds it in the ledger when the hub is back. Who
// cannot comply is closed out by its own desk meanwhile.
func TestARecallSignedWhileTheHubIsAwayArrives(t *testing.T) {
	one := drafted(t, "multilateral-open", nil, a, b, c).enters(t)
	item := shared(t, one)
	if err := control(t.Context(), "kill", "hub"); err != nil {
		t.Fatal(err)
	}
	back := false
	t.Cleanup(func() {
		if !back {
			_ = control(t.Context(), "start", "hub")
		}
	})
	for _, said := range []struct {
		by   []string
		args []string
	}{
		{[]string{a, "releaser-1"}, []string{"bulletin", "recall", item, "--reason", "safety", "--yes"}},
		{[]string{c, "analyst-1"}, []string{"bulletin", "cannot-comply", item, "--axis", "onTermination", "--reason", "domestic-law", "--yes"}},
		{[]string{a, "signatory-1"}, []string{"agreement", "suspend", one.reference, "--reason", "review", "--yes"}},
	} {
		if got := do(t, ok, platform.As(said.by[0], said.by[1]), append(said.args, "--lang", "en")...); !strings.Contains(words(got.Stderr), "waits for the hub") {
			t.Errorf("%v: %s", said.args, got.Stderr)
		}
	}
	do(t, refused, analyst(c), open(item)...)
	if waits := outbox(t, a); len(waits) != 2 || waits[0].Kind != "item.restrict" || waits[1].Kind != "agreement.suspend" {
		t.Errorf("%+v", waits)
	}
	if err := control(t.Context(), "start", "hub"); err != nil {
		t.Fatal(err)
	}
	back = true
	for _, agency := range []string{a, c} {
		eventually(t, agency+" to have delivered what waited", func() bool { return len(outbox(t, agency)) == 0 })
	}
	eventually(t, item+" to be closed at "+b, func() bool {
		got, err := analyst(b).Do(t.Context(), open(item)...)
		return err == nil && got.Code == refused
	})
	reads(t, releaser(a), item, c+" cannot comply")
	becomes(t, releaser(a), item, "destroy", b, "open")
	if state := one.at(t, b).State; state != "suspended" {
		t.Errorf("the agreement is %s", state)
	}
}

type outgoing struct {
	Kind  string `json:"kind"`
	State string `json:"state"`
}

func outbox(t *testing.T, agency string) []outgoing {
	t.Helper()
	return get[[]outgoing](t, releaser(agency), "outbox", "list")
}
