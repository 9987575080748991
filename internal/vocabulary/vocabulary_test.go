package vocabulary

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/ids.txt after adding terms")

var stableID = regexp.MustCompile(`^([a-z0-9]+(-[a-z0-9]+)*|[A-F])$`)

func TestEveryTermIsComplete(t *testing.T) {
	facets := map[string]bool{}
	for _, facet := range Facets() {
		if facets[facet.ID] || !stableID.MatchString(facet.ID) {
			t.Errorf("facet id %q is used twice or not kebab-case", facet.ID)
		}
		facets[facet.ID] = true
		if facet.Source == "" || (len(facet.Terms) == 0) == (facet.Pattern == "") {
			t.Errorf("facet %s needs a source, and either terms or a pattern", facet.ID)
		}
		checkLabels(t, facet.ID, facet.Labels)
		terms := map[string]bool{}
		for _, term := range facet.Terms {
			place := facet.ID + "/" + term.ID
			if terms[term.ID] || !stableID.MatchString(term.ID) {
				t.Errorf("%s: id used twice or not kebab-case", place)
			}
			terms[term.ID] = true
			checkLabels(t, place, term.Labels)
			if term.Source == "" || term.Definition == "" || utf8.RuneCountInString(term.Definition) > MaxDefinition {
				t.Errorf("%s: needs a source and a definition of at most %d characters", place, MaxDefinition)
			}
			checkStatus(t, facet, term)
		}
	}
}

func checkLabels(t *testing.T, place string, labels map[string]string) {
	t.Helper()
	if len(labels) != len(Languages()) {
		t.Errorf("%s: %d labels, want one per language", place, len(labels))
	}
	for _, lang := range Languages() {
		if strings.TrimSpace(labels[lang]) == "" {
			t.Errorf("%s: no label in %s", place, lang)
		}
	}
}

func checkStatus(t *testing.T, facet Facet, term Term) {
	t.Helper()
	_, successor := facet.Term(term.ReplacedBy)
	switch {
	case term.Status == Retired && !successor:
		t.Errorf("%s/%s is retired and names no successor", facet.ID, term.ID)
	case term.Status != Retired && term.ReplacedBy != "":
		t.Errorf("%s/%s is replaced but not retired", facet.ID, term.ID)
	case term.Status != Draft && term.Status != Active && term.Status != Retired:
		t.Errorf("%s/%s has no known status", facet.ID, term.ID)
	}
}

// An id that vanished or changed would make old content unreadable.
func TestNoIDEverVanishes(t *testing.T) {
	var b strings.Builder
	for _, facet := range Facets() {
		b.WriteString(facet.ID + "\n")
		for _, term := range facet.Terms {
			b.WriteString(facet.ID + "/" + term.ID + "\n")
		}
	}
	const file = "testdata/ids.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("ids differ from %s (run with -update after adding, never after removing):\n%s", file, diff)
	}
}

func TestRequiredFacetsAreThoseOfTheProtocol(t *testing.T) {
	var got []string
	for _, facet := range Facets() {
		if facet.Required {
			got = append(got, facet.ID)
		}
	}
	want := []string{"act", "means", "purpose", "phase", "indicator-class", "detection-measure", "bulletin-kind"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLabelFallsBackToEnglishAndThenToTheID(t *testing.T) {
	for _, tc := range []struct{ facet, term, lang, want string }{
		{"act", "harbouring", "fr", "Hébergement"},
		{"means", "abuse-of-power", "id", "Penyalahgunaan kekuasaan"},
		{"act", "harbouring", "tlh", "Harbouring"},
		{"observed-period", "2025-Q3", "fr", "2025-Q3"},
		{"act", "no-such-term", "en", "no-such-term"},
		{"no-such-facet", "x", "en", "x"},
	} {
		if got := Label(tc.facet, tc.term, tc.lang); got != tc.want {
			t.Errorf("Label(%s, %s, %s) = %q, want %q", tc.facet, tc.term, tc.lang, got, tc.want)
		}
	}
}

func TestAccepts(t *testing.T) {
	for _, tc := range []struct {
		facet, value string
		want         bool
	}{
		{"act", "receipt", true},
		{"act", "Receipt", false},
		{"act", "", false},
		{"observed-period", "2025", true},
		{"observed-period", "2025-Q4", true},
		{"observed-period", "2025-Q5", false},
		{"observed-period", "2025-03-14", false}, // a day can point at an event and so at a person
	} {
		facet, _ := Lookup(tc.facet)
		if got := facet.Accepts(tc.value); got != tc.want {
			t.Errorf("%s accepts %q = %t, want %t", tc.facet, tc.value, got, tc.want)
		}
	}
	retired := Facet{Terms: []Term{{ID: "old", Status: Retired}, {ID: "new", Status: Draft}}}
	if retired.Accepts("old") || retired.Accepts("new") {
		t.Error("a retired or draft term is accepted in new content")
	}
}

func TestAreaIsNeverFinerThanAState(t *testing.T) {
	for _, code := range []string{"ID", "FR", "m49-035", "m49-150"} {
		if !Area(code) {
			t.Errorf("%s refused", code)
		}
	}
	for _, code := range []string{"", "id", "XX", "ID-JK", "FR-75", "m49-999", "m49-", "m49- 01", "D ", " I", "035"} {
		if Area(code) {
			t.Errorf("%q accepted", code)
		}
	}
}

func TestDigestNamesTheEdition(t *testing.T) {
	if got := Digest(); !strings.HasPrefix(got, "sha256:") || len(got) != 71 {
		t.Errorf("Digest = %s", got)
	}
}
