package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// Palermo Protocol, Article 10(3): in force with the next decision, whoever has
// acknowledged it by then.
func TestALaterRestrictionBindsEarlierReaders(t *testing.T) {
	one := drafted(t, "multilateral-open", nil, a, b, c).enters(t)
	item := released(t, one, 2)
	arrives(t, b, item)
	arrives(t, c, item)
	copied := append(open(item), "--out", filepath.Join(t.TempDir(), "copy.md"))
	do(t, ok, analyst(b), copied...)

	plan := do(t, ok, releaser(a), "bulletin", "restrict", item, "--restrict", "accessForm=view-only", "--dry-run", "--lang", "en")
	if !strings.Contains(words(plan.Stderr), "owe an answer") || !strings.Contains(plan.Stderr, b) || strings.Contains(plan.Stderr, c) {
		t.Errorf("who owes an answer:\n%s", plan.Stderr)
	}
	do(t, ok, releaser(a), "bulletin", "restrict", item, "--restrict", "accessForm=view-only", "--yes")
	do(t, refused, analyst(b), copied...)
	do(t, refused, analyst(c), copied...)
	do(t, ok, analyst(c), open(item)...)
	reads(t, analyst(b), item, "Restricted since you opened it")
	if states := owed(t, releaser(a), item, "acknowledge"); len(states) != 1 || states[b] != "open" {
		t.Errorf("owed: %v", states)
	}
	do(t, ok, analyst(b), "bulletin", "acknowledge", item, "--accept", "yes")
	becomes(t, releaser(a), item, "acknowledge", b, "done")
	do(t, ok, analyst(b), open(item)...)

	// It only takes away, and only the originator asks.
	do(t, refused, releaser(a), "bulletin", "restrict", item, "--restrict", "accessForm=download", "--yes")
	do(t, notFound, releaser(b), "bulletin", "restrict", item, "--restrict", "purposes=detection", "--yes")
	do(t, ok, releaser(a), "bulletin", "recall", item, "--yes")
	do(t, refused, analyst(b), open(item)...)
	becomes(t, releaser(a), item, "destroy", b, "open")
	do(t, ok, releaser(b), "bulletin", "attest", item, "--statement", "destroyed", "--method", "crypto-erase", "--yes")
	becomes(t, releaser(a), item, "destroy", b, "done")
}
