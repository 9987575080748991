package e2e

import (
	"os"
	"strings"
	"testing"
)

func TestAnAmendmentBindsOnlyThoseWhoSignedIt(t *testing.T) {
	twoOfThree := edit{"  rule: all-signed", "  rule: n-signed\n  count: 2"}
	one := drafted(t, "multilateral-open", []edit{twoOfThree}, a, b, c).enters(t)
	before := released(t, one, 1)
	for _, reader := range []string{b, c} {
		arrives(t, reader, before)
	}

	// The document that is in force, as JSON, is a source as good as YAML.
	document, err := os.ReadFile(one.file)
	if err != nil {
		t.Fatal(err)
	}
	source := edited(t, "# amended\n"+strings.Replace(string(document), `"noticeDays":30`, `"noticeDays":60`, 1))
	said := words(do(t, ok, signatory(a), "agreement", "amend", one.reference, source, "--yes").Stderr)
	for _, want := range []string{"/termination/noticeDays", "It binds only those who sign it", "/amendment/bindsOnlyConsenting"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q was not said: %s", want, said)
		}
	}
	one.reaches(t, b, "proposed")
	for _, party := range []string{a, b} {
		one.sign(t, party)
	}
	one.reaches(t, c, "in-force")

	shown := get[struct {
		Revisions []struct {
			Bound []string `json:"bound"`
		} `json:"revisions"`
	}](t, signatory(c), "agreement", "show", one.reference)
	if len(shown.Revisions) != 2 || strings.Join(shown.Revisions[0].Bound, " ") != c || strings.Join(shown.Revisions[1].Bound, " ") != a+" "+b {
		t.Fatalf("who is on which revision: %+v", shown.Revisions)
	}
	after := released(t, one, 2)
	arrives(t, b, after)
	do(t, notFound, analyst(c), "bulletin", "show", after)

	// Who stayed on the text before is bound by it as ever, in both directions.
	do(t, ok, analyst(c), open(before)...)
	mine := releasedBy(t, c, one, 3)
	for _, reader := range []string{a, b} {
		arrives(t, reader, mine)
		do(t, ok, analyst(reader), open(mine)...)
	}
	one.sign(t, c)
	eventually(t, "the amendment to bind all", func() bool {
		return strings.Contains(one.why(t, a, c), "in revision 2")
	})
}
