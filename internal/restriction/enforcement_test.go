package restriction

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func catalogue(t *testing.T, lang string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("../message/catalogue/restriction." + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var sentences map[string]string
	if err := json.Unmarshal(raw, &sentences); err != nil {
		t.Fatal(err)
	}
	return sentences
}

// lines returns what people are shown of every axis and every value.
func everyLine() []Line {
	var all []Line
	for _, axis := range Axes() {
		values := Values(axis)
		if values == nil {
			all = append(all, Set{string(axis): everyTerms(axis)[1]}.Lines()...)
		}
		for _, value := range values {
			all = append(all, Set{string(axis): {value}}.Lines()...)
		}
	}
	all = append(all, Set{"altitude": {"low"}}.Lines()...)
	return append(all, Set{"purposes": {}}.Lines()...)
}

// Every sentence that Lines names, and every code of an error, is there in each
// language of the officer; and no language says what nobody names.
func TestEveryRestrictionIsSaidInEveryLanguage(t *testing.T) {
	named := map[string]bool{
		"restriction_at_column": true, "restriction_empty": true, // said by the command line
		"restriction_enforced_traceable": true, // nothing inside is only traceable; explained all the same
	}
	for _, line := range everyLine() {
		for _, sentence := range append([]Sentence{line.Name, line.Means, line.How, line.AfterExport}, line.Says...) {
			if sentence.Code != "" {
				named[sentence.Code] = true
			}
		}
	}
	for _, file := range []string{"restriction.go", "contradiction.go", "presets.go", "iep.go", "expression.go", "export.go", "odrl.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`"((?:restriction|preset|iep|odrl|expression)_[a-z_]+)"`).FindAllStringSubmatch(string(source), -1) {
			if !strings.HasSuffix(match[1], "_version") {
				named[match[1]] = true
			}
		}
	}
	for _, lang := range []string{"en", "fr", "id"} {
		sentences := catalogue(t, lang)
		for code := range named {
			if sentences[code] == "" {
				t.Errorf("%s has no sentence %s", lang, code)
			}
		}
		for code := range sentences {
			if !named[code] {
				t.Errorf("%s says %s, which nobody names", lang, code)
			}
		}
	}
}

func TestEveryAxisSaysHonestlyWhatStandsBehindIt(t *testing.T) {
	kinds := []Enforcement{Prevented, Gated, Traceable, Recorded}
	for _, axis := range Axes() {
		before, after := slices.Index(kinds, EnforcementOf(axis)), slices.Index(kinds, EnforcementAfterExport(axis))
		if before < 0 || after < 0 {
			t.Errorf("%s: nothing is said of what stands behind it", axis)
		}
		if after < slices.Index(kinds, Traceable) || after < before {
			t.Errorf("%s: a copy that has left is said to be %s", axis, EnforcementAfterExport(axis))
		}
		if !slices.Contains(Shown(), axis) {
			t.Errorf("%s is never shown", axis)
		}
	}
	if len(Shown()) != len(Axes()) || len(enforcement) != len(axes) {
		t.Errorf("%d axes, %d shown, %d with their enforcement", len(Axes()), len(Shown()), len(enforcement))
	}
	if EnforcementOf("altitude") != "" {
		t.Error("an unknown axis is said to be enforced in some way")
	}
}

// Nothing that Permit lets pass for every use is called prevented, but for what
// is decided where agreement and history are known.
func TestOnlyWhatIsDecidedIsCalledPrevented(t *testing.T) {
	decidedByPolicy := []Axis{Derivation, Embargo, OnwardConsent, OnwardScope, RetentionDays}
	for _, axis := range Axes() {
		terms := everyTerms(axis)[1] // the strictest, or the first of a list
		forbids := false
		for _, use := range []Use{
			{}, opening(func(u *Use) { u.Agency, u.Kind, u.Jurisdiction = "", "", "" }),
			opening(func(u *Use) { u.Officer, u.Reads, u.Automated, u.Form = "", 1000, true, "download" }),
			opening(func(u *Use) { u.At = noon.AddDate(100, 0, 0) }), opening(func(u *Use) { u.Purpose = "no-such" }),
		} {
			permitted, _ := Set{string(axis): terms}.Permit(use)
			forbids = forbids || !permitted
		}
		switch EnforcementOf(axis) {
		case Prevented:
			if !forbids && !slices.Contains(decidedByPolicy, axis) {
				t.Errorf("%s is called prevented and forbids nothing", axis)
			}
		case Recorded:
			if forbids {
				t.Errorf("%s is called recorded only and forbids something", axis)
			}
		}
	}
}

func TestLinesSayWhatIsNotUnderstood(t *testing.T) {
	lines := Set{"altitude": {"low"}, "purposes": {}, "maxReads": {"3"}, "tlp": {"TLP:RED"}}.Lines()
	var got []string
	for _, line := range lines {
		for _, said := range line.Says {
			got = append(got, strings.Join([]string{string(line.Axis), said.Code, said.Terms}, " "))
		}
	}
	want := []string{
		"tlp restriction_value_tlp_red ", "purposes restriction_permits_nothing ",
		"maxReads restriction_terms_max_reads 3", "altitude restriction_permits_nothing ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("said %q, want %q", got, want)
	}
}
