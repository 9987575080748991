package e2e

import (
	"strings"
	"testing"
)

func TestANewPartySeesOnlyWhatIsReleasedAfterItJoined(t *testing.T) {
	one := drafted(t, "multilateral-open", nil, a, b).enters(t)
	before := released(t, one, 1)
	arrives(t, b, before)
	if one.at(t, c).ID != "" {
		t.Fatal("an agency that nobody invited knows of the agreement")
	}
	one.step(t, ok, a, "invite", "--agency", c)
	one.reaches(t, c, "invited")
	do(t, notFound, analyst(c), "bulletin", "show", before)

	said := one.step(t, ok, c, "accede", "--compared-fingerprints", "--mandate", "Sample mandate: act on border protection",
		"--signatory-office", "Head of the Office", "--authority", "Sample decree 12")
	if !strings.Contains(said, "once every party has countersigned") {
		t.Errorf("nobody said when accession binds: %s", said)
	}
	for i, party := range []string{a, b} {
		eventually(t, "the accession to reach "+party, func() bool {
			result, err := signatory(party).Do(t.Context(), "agreement", "countersign", one.reference, "--agency", c, "--yes", "--compared-fingerprints")
			return err == nil && result.Code == ok
		})
		if state := one.at(t, c).State; i == 0 && state != "invited" {
			t.Errorf("after one of two countersignatures the joiner is in an agreement that is %q", state)
		}
	}
	one.reaches(t, c, "in-force")
	after := released(t, one, 2)
	arrives(t, c, after)
	do(t, ok, analyst(c), open(after)...)
	do(t, notFound, analyst(c), "bulletin", "show", before)

	// The originator extends what came before by releasing it again.
	again := released(t, one, 1)
	arrives(t, c, again)
	arrives(t, a, releasedBy(t, c, one, 3))
}
