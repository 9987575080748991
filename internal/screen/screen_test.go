package screen

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/google/go-cmp/cmp"
)

func newGuard(t testing.TB) *Guard {
	t.Helper()
	guard, err := New(slices.Repeat([]byte{7}, MinKey))
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

func prose(lang, value string) []item.Text {
	return []item.Text{{Path: "/texts/" + lang + "/summary", Lang: lang, Value: value}}
}

// rows reads a tab-separated corpus file; the last column has Go escapes.
func rows(t testing.TB, name string) [][]string {
	t.Helper()
	file, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all [][]string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(line, "\t")
		last := len(columns) - 1
		if name == "refused.tsv" {
			text, err := strconv.Unquote(`"` + columns[last] + `"`)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			columns[last] = text
		}
		all = append(all, columns)
	}
	return all
}

func find(report Report, rule string) *Finding {
	for i := range report.Findings {
		if report.Findings[i].Rule == rule {
			return &report.Findings[i]
		}
	}
	return nil
}

func TestEveryRefusedTextIsFoundByItsRule(t *testing.T) {
	guard := newGuard(t)
	covered := map[string]bool{"link_not_public": true} // has its own test
	for _, row := range rows(t, "refused.tsv") {
		rule, lang, text := row[0], row[1], row[2]
		report := guard.Screen(prose(lang, text))
		finding := find(report, rule)
		if finding == nil {
			t.Errorf("%s %q: not found; found %v", rule, text, ids(report))
			continue
		}
		covered[rule] = true
		if finding.Effect == Block && report.Verdict != Refuse || report.Verdict == Release {
			t.Errorf("%s %q: verdict %s", rule, text, report.Verdict)
		}
	}
	for _, rule := range Rules() {
		if !covered[rule.ID] {
			t.Errorf("rule %s has no text in the corpus", rule.ID)
		}
	}
}

func ids(report Report) []string {
	var list []string
	for _, finding := range report.Findings {
		list = append(list, finding.Rule)
	}
	return list
}

func TestHonestTextsAreReleased(t *testing.T) {
	guard := newGuard(t)
	for _, row := range rows(t, "released.tsv") {
		if report := guard.Screen(prose(row[0], row[1])); report.Verdict != Release {
			t.Errorf("%q: %s by %v", row[1], report.Verdict, ids(report))
		}
	}
}

// The report is what goes to logs, pages and the wire. No form of it may repeat
// what the guard exists to keep out.
func TestNoReportEverCarriesMatchedText(t *testing.T) {
	guard := newGuard(t)
	for _, row := range rows(t, "refused.tsv") {
		report := guard.Screen(prose(row[1], row[2]))
		encoded, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		said := string(encoded) + fmt.Sprintf("%v %+v %#v", report, report, report)
		for _, lang := range message.Languages() {
			said += message.Render(lang, report.Message())
			for _, finding := range report.Findings {
				said += message.Render(lang, finding.Message())
			}
		}
		for _, word := range tellingWords(row[2]) {
			if strings.Contains(said, word) {
				t.Errorf("%s: the report repeats %q", row[0], word)
			}
		}
	}
}

// tellingWords are words with a digit or of at least seven letters that are
// neither rule words nor vocabulary of the sentences about findings.
func tellingWords(text string) []string {
	var words []string
	for _, word := range strings.Fields(text) {
		word = strings.Trim(word, ".,;:()[]\"'")
		if strings.ContainsAny(word, "0123456789@") && len(word) >= 4 || strings.Contains(strings.ToLower(word), "marker") ||
			strings.Contains(word, "Fiction") || strings.Contains(word, "Exemple") || strings.Contains(word, "Example") {
			words = append(words, word)
		}
	}
	return words
}

func TestEveryRuleHasASentenceInEveryLanguage(t *testing.T) {
	for _, rule := range Rules() {
		code := "screen_" + rule.ID
		english := message.Text(code, nil)
		if !message.Known(code) {
			t.Errorf("no sentence %s", code)
		}
		for _, lang := range []string{"fr", "id"} {
			if message.Render(lang, message.New(code, nil)) == english {
				t.Errorf("%s has no sentence of its own in %s", code, lang)
			}
		}
	}
	for _, verdict := range []Verdict{Release, Hold, Refuse} {
		if r := (Report{Verdict: verdict}); !message.Known(r.Message().Code) {
			t.Errorf("no sentence for verdict %s", verdict)
		}
	}
	for _, rule := range Rules() {
		if !message.Known("screen_class_" + string(rule.Class)) {
			t.Errorf("no sentence for class %s", rule.Class)
		}
	}
}

func TestFindingTellsThePlaceInTheOriginal(t *testing.T) {
	guard := newGuard(t)
	// Two-byte letters and a ligature before the match, which grow or shrink when folded.
	text := "Première ligne, eﬃcace.\r\n\nTroisième : ｄesk@example.org fin."
	report := guard.Screen(prose("fr", text))
	finding := find(report, "email")
	if finding == nil || finding.Line != 3 || finding.Length != len([]rune("ｄesk@example.org")) || finding.Path != "/texts/fr/summary" {
		t.Errorf("finding = %+v", finding)
	}
}

func TestMarkIsEqualForRepeatsAndOnlyUnderTheSameKey(t *testing.T) {
	guard := newGuard(t)
	first := find(guard.Screen(prose("en", "Write to desk@example.org now.")), "email")
	again := find(guard.Screen(prose("en", "Or so: desk@example.org.")), "email")
	other := find(guard.Screen(prose("en", "Write to desk2@example.org now.")), "email")
	if first.Mark != again.Mark || first.Mark == other.Mark {
		t.Errorf("marks: %s %s %s", first.Mark, again.Mark, other.Mark)
	}
	second, err := New(slices.Repeat([]byte{8}, MinKey))
	if err != nil {
		t.Fatal(err)
	}
	if find(second.Screen(prose("en", "Write to desk@example.org now.")), "email").Mark == first.Mark {
		t.Error("another key gives the same mark: it could be recomputed from a guess")
	}
}

func TestNewRefusesAShortKey(t *testing.T) {
	if _, err := New(make([]byte, MinKey-1)); err == nil {
		t.Error("a short key was accepted")
	}
}

func TestWaivers(t *testing.T) {
	guard := newGuard(t)
	waive := func(f Finding) Waiver {
		return Waiver{Rule: f.Rule, Path: f.Path, Mark: f.Mark, Reason: InstitutionName}
	}
	name := guard.Screen(prose("en", "The flat was let by Marker Fiction for a year."))
	card := guard.Screen(prose("en", "The card 4111 1111 1111 1111 was used."))
	cases := map[string]struct {
		report  Report
		waivers []Waiver
		want    Verdict
	}{
		"a lone name is held":         {name, nil, Hold},
		"a waived name is released":   {name, []Waiver{waive(name.Findings[0])}, Release},
		"of another field":            {name, []Waiver{{Rule: "name", Path: "/other", Mark: name.Findings[0].Mark, Reason: InstitutionName}}, Hold},
		"of another text":             {name, []Waiver{{Rule: "name", Path: name.Findings[0].Path, Mark: "x", Reason: InstitutionName}}, Hold},
		"without a known reason":      {name, []Waiver{{Rule: "name", Path: name.Findings[0].Path, Mark: name.Findings[0].Mark, Reason: "because"}}, Hold},
		"a card number cannot be":     {card, []Waiver{waive(card.Findings[0])}, Refuse},
		"nothing found needs nothing": {Report{}, nil, Release},
		"too many findings refuse":    {Report{Truncated: true}, nil, Refuse},
		"an unknown effect refuses":   {Report{Findings: []Finding{{Effect: "later"}}}, nil, Refuse},
	}
	for name, tc := range cases {
		if got := tc.report.After(tc.waivers); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

func TestWhatCannotBeWaived(t *testing.T) {
	for _, rule := range Rules() {
		switch rule.Class {
		case IdentityDocument, Payment, Fingerprint, Markup, CaseRecord:
			if rule.Waivable {
				t.Errorf("%s can be waived", rule.ID)
			}
		case Person:
			if rule.Waivable == (rule.Effect == Block) {
				t.Errorf("%s: only held findings about persons can be waived", rule.ID)
			}
		}
	}
}

func TestReportIsBounded(t *testing.T) {
	guard := newGuard(t)
	report := guard.Screen(prose("en", strings.Repeat("desk@example.org ", MaxFindings+10)))
	if len(report.Findings) != MaxFindings || !report.Truncated || report.Verdict != Refuse {
		t.Errorf("%d findings, truncated %t, %s", len(report.Findings), report.Truncated, report.Verdict)
	}
}

func TestLinksOfReferencesLeadToPublicInstitutions(t *testing.T) {
	guard := newGuard(t)
	cases := map[string]Verdict{
		"https://www.ohchr.org/en/instruments-mechanisms":              Release,
		"https://undocs.org/A/RES/55/25":                               Release,
		"https://www.coe.int/en/web/conventions/full-list?treatynum=1": Release,
		"https://www.legifrance.gouv.fr/loda/id":                       Release,
		"http://www.ohchr.org/en":                                      Refuse,
		"https://ohchr.org.example.com/":                               Refuse,
		"https://evilohchr.org/":                                       Refuse,
		"https://user@www.ohchr.org/":                                  Refuse,
		"https://www.ohchr.org:8443/":                                  Refuse,
		"https://www.ohchr.org/#part":                                  Refuse,
		"https://www.ohchr.org/a%40b":                                  Refuse,
		"https://www.ohchr.org/?to=desk@example.org":                   Refuse,
		"https://оhchr.org/":                                           Refuse, // first letter is Cyrillic
		"javascript:alert(1)":                                          Refuse,
		"not an address":                                               Refuse,
	}
	for link, want := range cases {
		report := guard.Screen([]item.Text{{Path: "/references/0/url", Use: item.PublicLink, Value: link}})
		if report.Verdict != want {
			t.Errorf("%s: %s by %v, want %s", link, report.Verdict, ids(report), want)
		}
	}
}

func TestCitationsKeepOfficialWordsNumbersAndDates(t *testing.T) {
	guard := newGuard(t)
	title := "Optional Protocol to the CRC on the sale of children, child prostitution and child pornography, New York, 25 May 2000"
	citation := []item.Text{{Path: "/references/0/title", Lang: "en", Use: item.Citation, Value: title}}
	if report := guard.Screen(citation); report.Verdict != Release {
		t.Errorf("citation: %s by %v", report.Verdict, ids(report))
	}
	if report := guard.Screen(prose("en", title)); report.Verdict == Release {
		t.Errorf("the same words in prose: %s", report.Verdict)
	}
	citation[0].Value = "Report, contact desk@example.org"
	if report := guard.Screen(citation); report.Verdict != Refuse {
		t.Errorf("an address in a citation: %s", report.Verdict)
	}
}

// An attestation names the rules by digest: a change of the rules that keeps the
// version would make two publishers attest to different things in one word.
func TestRulesetIsPinned(t *testing.T) {
	got := Tool() + " " + Digest() + "\n"
	const file = "testdata/ruleset.txt"
	if os.Getenv("UPDATE_RULESET") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the rules changed: raise Version and run with UPDATE_RULESET=1\n%s", diff)
	}
}

func FuzzScreen(f *testing.F) {
	for _, row := range rows(f, "refused.tsv") {
		f.Add(row[2])
	}
	f.Add("\xff\xfe\x00")
	guard := newGuard(f)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return
		}
		report := guard.Screen(prose("en", text))
		lines, runes := strings.Count(text, "\n")+1, len([]rune(text))
		for _, finding := range report.Findings {
			if finding.Line < 1 || finding.Line > lines || finding.Length < 1 || finding.Length > max(1, runes) {
				t.Errorf("place outside the text: %+v of %d lines and %d characters", finding, lines, runes)
			}
		}
		if (report.Verdict == Release) != (len(report.Findings) == 0) {
			t.Errorf("verdict %s with %d findings", report.Verdict, len(report.Findings))
		}
	})
}
