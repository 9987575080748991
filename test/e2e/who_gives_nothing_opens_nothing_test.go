package e2e

import (
	"strings"
	"testing"
)

// Under required reciprocity a party that undertook to give opens once it has given;
// one that undertook to give nothing opens at once, and releases nothing.
func TestWhoGivesNothingOpensNothing(t *testing.T) {
	one := drafted(t, "multilateral-open", []edit{{"reciprocity: reported", "reciprocity: required"}}, a, b).enters(t)
	first := released(t, one, 1)
	arrives(t, b, first)
	said := words(do(t, refused, analyst(b), append(open(first), "--lang", "en")...).Stderr)
	if !strings.Contains(said, "reciprocity") {
		t.Errorf("nobody said why: %s", said)
	}
	if said := one.why(t, b, b); !strings.Contains(said, "(/reciprocity)") {
		t.Errorf("why: %s", said)
	}
	arrives(t, a, releasedBy(t, b, one, 2))
	do(t, ok, analyst(b), open(first)...)

	one.step(t, ok, a, "invite", "--agency", c)
	one.reaches(t, c, "invited")
	one.step(t, ok, c, "accede", "--compared-fingerprints", "--mandate", "Sample mandate: act on border protection",
		"--signatory-office", "Head of the Office", "--authority", "Sample decree 12", "--gives", "nothing", "--receives", "bulletin")
	for _, party := range []string{a, b} {
		eventually(t, "the accession to reach "+party, func() bool {
			result, err := signatory(party).Do(t.Context(), "agreement", "countersign", one.reference, "--agency", c, "--yes", "--compared-fingerprints")
			if err == nil && result.Code == ok && !strings.Contains(words(result.Stderr), c+" gives nothing. It receives: bulletin.") {
				t.Errorf("%s countersigned what it was not shown:\n%s", party, result.Stderr)
			}
			return err == nil && result.Code == ok
		})
	}
	one.reaches(t, c, "in-force")
	after := released(t, one, 3)
	arrives(t, c, after)
	do(t, ok, analyst(c), open(after)...)
	do(t, refused, releaser(c), "bulletin", "release", approved(t, c, 4), "--agreement", one.reference, "--tlp", "TLP:AMBER+STRICT", "--yes")
}
