package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
)

// A suspension that was taken back is delivered again and again, by whoever kept
// it. It stands in the ledger once, and suspends nothing any more.
func TestAReplayedActChangesNothing(t *testing.T) {
	one := inForce(t, a, b)
	item := released(t, one, 1)
	arrives(t, b, item)
	kept := filepath.Join(t.TempDir(), "suspension.jws")
	type appended struct {
		Act   string `json:"act"`
		Index uint64 `json:"index"`
	}
	first := get[appended](t, signatory(a), "agreement", "suspend", one.reference, "--save", kept, "--yes")
	do(t, refused, analyst(b), open(item)...)
	do(t, ok, signatory(a), "agreement", "resume", one.reference, "--yes")
	for range 3 {
		if again := get[appended](t, signatory(a), "agreement", "submit", kept); again != first {
			t.Errorf("delivered again it is %v, and was %v", again, first)
		}
	}
	do(t, ok, analyst(b), open(item)...)
	if state := one.at(t, a).State; state != "in-force" {
		t.Errorf("the agreement is %s", state)
	}
}

// Another act under a number that its issuer has used is no new act either.
func TestANumberIsUsedOnce(t *testing.T) {
	one, two := document(t, a, b), document(t, a, b)
	forged := newForger(t, a)
	common := forged.common()
	var signed []string
	for _, file := range []string{one.file, two.file} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		signed = append(signed, forged.sign(t, act.OfficerSign, forged.kid(act.OfficerSign), &act.AgreementPropose{Common: common, Document: string(raw)}))
	}
	if _, err := forged.hub.Submit(t.Context(), signed[0]); err != nil {
		t.Fatal(err)
	}
	forged.refuses(t, signed[1], "act_replayed")
}
