package policy_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// The ledgers that versions wrote, and what they decided. Each later version
// folds them to the same decisions: a rule changes from an entry on, never before.
var goldenLedgers = map[string]struct {
	write    func(t *testing.T) *ledgertest.World
	describe func(s *ledger.State) string
}{
	"v0.1": {writeFirst, describe},
	"v0.2": {writeLives, describeLives},
}

func TestTheLedgersOfEveryVersionFoldToTheSameDecisions(t *testing.T) {
	dir := filepath.Join("..", "..", "test", "golden", "ledger")
	for version, golden := range goldenLedgers {
		t.Run(version, func(t *testing.T) {
			entries, decisions := filepath.Join(dir, version+".entries"), filepath.Join(dir, version+".decisions")
			if os.Getenv("UPDATE_GOLDEN") == version {
				w := golden.write(t)
				for path, b := range map[string][]byte{
					entries: append(bytes.Join(w.Entries, []byte("\n")), '\n'), decisions: []byte(golden.describe(w.State)),
				} {
					if err := os.WriteFile(path, b, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			raw, err := os.ReadFile(entries)
			if err != nil {
				t.Fatal(err)
			}
			s, err := ledger.New(ledgertest.Genesis())
			if err != nil {
				t.Fatal(err)
			}
			if err := ledger.Fold(s, bytes.Split(bytes.TrimSpace(raw), []byte("\n"))); err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(decisions)
			if err != nil {
				t.Fatal(err)
			}
			if got := golden.describe(s); got != string(want) {
				t.Errorf("decisions changed:\n got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func writeFirst(t *testing.T) *ledgertest.World {
	t.Helper()
	w, digest := inForce(t, nil)
	steps := []func() error{
		func() error {
			_, err := w.By("alpha", act.DeskSign, w.Release("alpha", ledgertest.ItemID(1), 1, digest, nil))
			return err
		},
		func() error {
			_, err := w.By("beta", act.DeskSign, w.Release("beta", ledgertest.ItemID(2), 1, digest, restriction.Set{"recipients": {"gamma"}}))
			return err
		},
		func() error { _, err := w.Step("gamma", act.AgreementWithdrawKind, digest); return err },
		func() error { _, err := w.Step("alpha", act.AgreementSuspendKind, digest); return err },
		func() error { _, err := w.Step("alpha", act.AgreementResumeKind, digest); return err },
		func() error {
			_, err := w.By("beta", act.DeskSign, &act.ItemRetract{
				Common: w.Common("beta"), Item: ledgertest.ItemID(2), Officer: ledgertest.Officer("beta", 1), Reason: "error",
			})
			return err
		},
	}
	for _, step := range steps {
		w.Now = w.Now.Add(time.Minute)
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// describe asks who may open what for training, one line each, in a fixed order.
func describe(s *ledger.State) string {
	var out bytes.Buffer
	for n := 1; n <= 2; n++ {
		release := s.Item(ledgertest.ItemID(n)).Releases[0]
		for _, reader := range names {
			d := policy.Decide(s, policy.Request{
				Action: policy.ToOpen, Agency: act.AgencyName(reader), Release: release.ID, Described: true, Purpose: "training", Accepted: release.EffectiveDigest,
			}, s.Time)
			fmt.Fprintf(&out, "item %d %s %v %s %v\n", n, reader, d.Allow, d.Reason, d.Evidence)
		}
	}
	return out.String()
}
