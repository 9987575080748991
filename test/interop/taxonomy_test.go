package interop

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/bulletin"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/vocabulary"
)

// taxonomy is a MISP taxonomy: predicates, and values of some of them.
type taxonomy struct {
	Namespace  string `json:"namespace"`
	Predicates []struct {
		Value string `json:"value"`
	} `json:"predicates"`
	Values []struct {
		Predicate string         `json:"predicate"`
		Entry     []taxonomyTerm `json:"entry"`
	} `json:"values"`
}

type taxonomyTerm struct {
	Value    string `json:"value"`
	Expanded string `json:"expanded"`
}

func readTaxonomy(tb testing.TB, file string) taxonomy {
	tb.Helper()
	var read taxonomy
	load(tb, &read, "misp-taxonomies", file)
	return read
}

func (x taxonomy) entries(tb testing.TB, predicate string) []taxonomyTerm {
	tb.Helper()
	for _, values := range x.Values {
		if values.Predicate == predicate {
			return values.Entry
		}
	}
	tb.Fatalf("taxonomy %s has no values of %s", x.Namespace, predicate)
	return nil
}

// The taxonomy carries three tags that are no labels of TLP 2.0: WHITE is of
// version 1, EX:CHR and UNCLEAR are of nobody. They are refused, not guessed at.
func TestLabelsAreThoseOfTLP2(t *testing.T) {
	foreign := []string{"TLP:EX:CHR", "TLP:UNCLEAR", "TLP:WHITE"}
	var labels, refused []string
	for _, predicate := range readTaxonomy(t, "tlp.json").Predicates {
		label := "TLP:" + strings.ToUpper(predicate.Value)
		if err := (restriction.Set{"tlp": {label}}).Validate(); err != nil {
			refused = append(refused, label)
			continue
		}
		labels = append(labels, label)
	}
	slices.Sort(refused)
	if diff := cmp.Diff(foreign, refused); diff != "" {
		t.Errorf("tags of the taxonomy that are refused (-want +got):\n%s", diff)
	}
	ours := restriction.Labels()
	slices.Sort(ours)
	slices.Sort(labels)
	if diff := cmp.Diff(labels, ours); diff != "" {
		t.Errorf("labels (-taxonomy +ours):\n%s", diff)
	}
}

// FIRST TLP 2.0: who may read shrinks from CLEAR to RED, and of two labels the
// narrower one holds.
func TestTheStricterLabelHolds(t *testing.T) {
	order := []string{"TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"}
	for i, strict := range order {
		for _, loose := range order[i:] {
			met := restriction.Meet(restriction.Set{"tlp": {loose}}, restriction.Set{"tlp": {strict}})
			if got := met["tlp"]; len(got) != 1 || got[0] != strict {
				t.Errorf("%s with %s is %v", loose, strict, got)
			}
		}
	}
}

// The Permissible Actions Protocol and IEP's statements have axes of ours, under
// our names. Their own tags are refused whole and not guessed at, but for the one
// axis that has the same name and the same words in both.
func TestPAPAndIEPAreRefusedRatherThanIgnored(t *testing.T) {
	use := restriction.Use{Agency: "agencya", Purpose: "training", At: moment}
	refuse := func(axis, term string) {
		t.Helper()
		set := restriction.Set{axis: {term}}
		var unknown *restriction.Error
		if err := set.Validate(); !errors.As(err, &unknown) {
			t.Errorf("%s %s is taken for a restriction of ours", axis, term)
		}
		if permitted, _ := set.Permit(use); permitted {
			t.Errorf("%s %s permits a use", axis, term)
		}
	}
	for _, predicate := range readTaxonomy(t, "PAP.json").Predicates {
		refuse("pap", "PAP:"+predicate.Value)
		refuse("tlp", "PAP:"+predicate.Value)
	}
	iep := readTaxonomy(t, "iep2-policy.json")
	for _, values := range iep.Values {
		if values.Predicate == "tlp" || values.Predicate == "attribution" {
			continue
		}
		for _, term := range values.Entry {
			refuse(values.Predicate, term.Value)
		}
	}
	for _, term := range iep.entries(t, "attribution") {
		if !slices.Contains(restriction.Values(restriction.Attribution), term.Value) {
			t.Errorf("attribution %s has no value of ours", term.Value)
		}
	}
}

// A policy document of IEP 2.0 is read word by word as the taxonomy has them, and
// no word of it is lost in silence: it has an axis, or is listed as left out. In
// transit everything is encrypted, so that statement is always kept.
func TestEveryWordOfAnIEPPolicyIsRead(t *testing.T) {
	for _, values := range readTaxonomy(t, "iep2-policy.json").Values {
		for _, term := range values.Entry {
			if term.Value == "$text" || values.Predicate == "iep_version" {
				continue
			}
			header := `{"id":"i","name":"n","iep_version":2.0,"start_date":"2026-01-01T00:00:00Z","end_date":null`
			policy, err := restriction.ReadIEP([]byte(header + `,"` + values.Predicate + `":"` + term.Value + `"}`))
			if err != nil {
				t.Errorf("%s %s: %v", values.Predicate, term.Value, err)
				continue
			}
			silent := len(policy.Terms) == 1 && !slices.Contains(policy.Left, values.Predicate) // notBefore is there always
			if kept := values.Predicate == "encrypt_in_transit" || values.Predicate == "unmodified_resale" && term.Value == "may"; silent != kept {
				t.Errorf("%s %s is lost in silence: %t, want %t", values.Predicate, term.Value, silent, kept)
			}
		}
	}
}

// IEP 2.0 was written against TLP 1: its tlp statement maps onto our labels but
// for WHITE, which a person has to decide.
func TestLabelsOfIEPAreOurs(t *testing.T) {
	for _, term := range readTaxonomy(t, "iep2-policy.json").entries(t, "tlp") {
		label := "TLP:" + strings.ToUpper(term.Value)
		if got, want := slices.Contains(restriction.Labels(), label), label != "TLP:WHITE"; got != want {
			t.Errorf("%s is a label: %t, want %t", label, got, want)
		}
	}
}

func facet(tb testing.TB, id string) vocabulary.Facet {
	tb.Helper()
	found, known := vocabulary.Lookup(id)
	if !known {
		tb.Fatalf("the vocabulary has no facet %s", id)
	}
	return found
}

// The Admiralty Code has A to F and 1 to 6. The taxonomy's G, deliberately
// deceptive, is not of the code.
func TestAdmiraltyCodeHasTheSameGrades(t *testing.T) {
	scale := readTaxonomy(t, "admiralty-scale.json")
	for _, test := range []struct{ predicate, facet string }{
		{"source-reliability", "source-reliability"}, {"information-credibility", "information-credibility"},
	} {
		want := map[string]string{}
		for _, term := range scale.entries(t, test.predicate) {
			if term.Value != "g" {
				want[strings.ToUpper(term.Value)] = term.Expanded
			}
		}
		got := map[string]string{}
		for _, term := range facet(t, test.facet).Terms {
			got[term.ID] = term.Labels["en"]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-taxonomy +ours):\n%s", test.predicate, diff)
		}
	}
}

var percentages = regexp.MustCompile(`(\d+)\D+(\d+)\s?(?:%|per cent)`)

func span(tb testing.TB, text string) [2]int {
	tb.Helper()
	match := percentages.FindStringSubmatch(text)
	if match == nil {
		tb.Fatalf("no percentages in %q", text)
	}
	from, _ := strconv.Atoi(match[1])
	to, _ := strconv.Atoi(match[2])
	return [2]int{from, to}
}

// Estimative language (ICD 203): the same seven degrees, each over the same
// percentages. One has a shorter id here.
func TestLikelihoodsMeanTheSamePercentages(t *testing.T) {
	renamed := map[string]string{"roughly-even-chance": "roughly-even"}
	want := map[string][2]int{}
	language := readTaxonomy(t, "estimative-language.json")
	for _, term := range language.entries(t, "likelihood-probability") {
		id := term.Value
		if short, ok := renamed[id]; ok {
			id = short
		}
		want[id] = span(t, term.Expanded)
	}
	got := map[string][2]int{}
	for _, term := range facet(t, "likelihood").Terms {
		got[term.ID] = span(t, term.Definition)
		if label := span(t, term.Labels["en"]); label != got[term.ID] {
			t.Errorf("%s: the label says %v, the definition %v", term.ID, label, got[term.ID])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("likelihoods (-taxonomy +ours):\n%s", diff)
	}
	var levels, ours []string
	for _, term := range language.entries(t, "confidence-in-analytic-judgment") {
		levels = append(levels, term.Value)
	}
	for _, term := range facet(t, "analytic-confidence").Terms {
		ours = append(ours, term.ID)
	}
	if diff := cmp.Diff(levels, ours); diff != "" {
		t.Errorf("levels of confidence (-taxonomy +ours):\n%s", diff)
	}
}

// What the taxonomies allow can be said in a bulletin, and only that.
func TestABulletinTakesEveryGradeOfTheTaxonomies(t *testing.T) {
	scale, language := readTaxonomy(t, "admiralty-scale.json"), readTaxonomy(t, "estimative-language.json")
	grade := func(set func(*bulletin.Confidence), accepted bool) {
		t.Helper()
		b := &bulletin.Bulletin{Kind: bulletin.MethodBulletin, Confidence: bulletin.Confidence{
			SourceReliability: "B", InformationCredibility: 2, AnalyticConfidence: "moderate", Likelihood: "likely",
		}}
		set(&b.Confidence)
		var problems []string
		for _, problem := range b.Validate() {
			if strings.HasPrefix(problem.Path, "/confidence") {
				problems = append(problems, problem.Path+" "+problem.Code)
			}
		}
		if (len(problems) == 0) != accepted {
			t.Errorf("%+v: problems %v, accepted should be %t", b.Confidence, problems, accepted)
		}
	}
	for _, term := range scale.entries(t, "source-reliability") {
		grade(func(c *bulletin.Confidence) { c.SourceReliability = strings.ToUpper(term.Value) }, term.Value != "g")
		grade(func(c *bulletin.Confidence) { c.SourceReliability = term.Value }, false)
	}
	for _, term := range scale.entries(t, "information-credibility") {
		number, err := strconv.Atoi(term.Value)
		if err != nil {
			t.Fatal(err)
		}
		grade(func(c *bulletin.Confidence) { c.InformationCredibility = number }, true)
	}
	for _, term := range language.entries(t, "likelihood-probability") {
		grade(func(c *bulletin.Confidence) { c.Likelihood = term.Value }, term.Value != "roughly-even-chance")
	}
	for _, term := range language.entries(t, "confidence-in-analytic-judgment") {
		grade(func(c *bulletin.Confidence) { c.AnalyticConfidence = term.Value }, true)
	}
}
