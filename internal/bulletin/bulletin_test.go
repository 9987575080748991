package bulletin

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/screen"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func sample(t testing.TB) *Bulletin {
	t.Helper()
	return decode(t, samples(t)["b01-false-job-offers.yaml"])
}

func codes(problems []item.Problem) []string {
	var list []string
	for _, problem := range problems {
		list = append(list, problem.Path+" "+problem.Code)
	}
	return list
}

func TestValidateNamesThePlaceAndTheRule(t *testing.T) {
	cases := map[string]struct {
		change func(*Bulletin)
		want   string
	}{
		"other format":                  {func(b *Bulletin) { b.Format = "concordat-bulletin/v2" }, "/format format_unknown"},
		"no kind":                       {func(b *Bulletin) { b.Kind = "" }, "/kind required"},
		"unknown kind":                  {func(b *Bulletin) { b.Kind = "case-file" }, "/kind unknown_term"},
		"authentic language not read":   {func(b *Bulletin) { b.Authentic = "de" }, "/authentic language_unknown"},
		"authentic text missing":        {func(b *Bulletin) { delete(b.Texts, "en") }, "/texts authentic_missing"},
		"no expiry":                     {func(b *Bulletin) { b.Expires = "" }, "/expires date_invalid"},
		"impossible expiry":             {func(b *Bulletin) { b.Expires = "2028-02-30" }, "/expires date_invalid"},
		"year 9999":                     {func(b *Bulletin) { b.Expires = "9999-01-01" }, "/expires date_invalid"},
		"observed day":                  {func(b *Bulletin) { b.Observed = "2025-03-14" }, "/observed unknown_term"},
		"no act":                        {func(b *Bulletin) { delete(b.Facets, "act") }, "/facets/act facet_required"},
		"no purpose":                    {func(b *Bulletin) { delete(b.Facets, "purpose") }, "/facets/purpose facet_required"},
		"no phase":                      {func(b *Bulletin) { delete(b.Facets, "phase") }, "/facets/phase facet_required"},
		"no means for adults":           {func(b *Bulletin) { delete(b.Facets, "means") }, "/facets/means means_required"},
		"no means, nobody named":        {func(b *Bulletin) { delete(b.Facets, "means"); delete(b.Facets, "affected-group") }, "/facets/means means_required"},
		"no indicator":                  {func(b *Bulletin) { b.Indicators = nil }, "/indicators indicators_required"},
		"no measure":                    {func(b *Bulletin) { b.DetectionMeasures = nil }, "/detectionMeasures measures_required"},
		"unknown term":                  {func(b *Bulletin) { b.Facets["act"] = []string{"x"} }, "/facets/act/0 unknown_term"},
		"two terms in a single facet":   {func(b *Bulletin) { b.Facets["scope"] = []string{"both", "domestic"} }, "/facets/scope facet_single"},
		"derived facet given":           {func(b *Bulletin) { b.Facets["detection-measure"] = []string{"research"} }, "/facets/detection-measure facet_derived"},
		"facet outside the vocabulary":  {func(b *Bulletin) { b.Facets["nationality"] = []string{"x"} }, "/facets facet_unknown"},
		"area finer than a State":       {func(b *Bulletin) { b.Territories = []Territory{{"origin", "ID-JK"}} }, "/territories/0/area area_unknown"},
		"territory twice":               {func(b *Bulletin) { b.Territories = []Territory{{"origin", "ID"}, {"origin", "ID"}} }, "/territories/1 term_twice"},
		"reliability G":                 {func(b *Bulletin) { b.Confidence.SourceReliability = "G" }, "/confidence/sourceReliability unknown_term"},
		"no credibility":                {func(b *Bulletin) { b.Confidence.InformationCredibility = 0 }, "/confidence/informationCredibility required"},
		"credibility 7":                 {func(b *Bulletin) { b.Confidence.InformationCredibility = 7 }, "/confidence/informationCredibility unknown_term"},
		"no analytic confidence":        {func(b *Bulletin) { b.Confidence.AnalyticConfidence = "" }, "/confidence/analyticConfidence required"},
		"no likelihood":                 {func(b *Bulletin) { b.Confidence.Likelihood = "" }, "/confidence/likelihood required"},
		"no title":                      {func(b *Bulletin) { edit(b, "en", func(x *Text) { x.Title = "" }) }, "/texts/en/title required"},
		"title too long":                {func(b *Bulletin) { edit(b, "en", func(x *Text) { x.Title = strings.Repeat("é", 201) }) }, "/texts/en/title too_long"},
		"no sections":                   {func(b *Bulletin) { edit(b, "en", func(x *Text) { x.Sections = nil }) }, "/texts/en/sections required"},
		"section without a role":        {func(b *Bulletin) { b.Texts["en"].Sections[0].Role = "gossip" }, "/texts/en/sections/0/role role_unknown"},
		"translation of other sections": {func(b *Bulletin) { edit(b, "fr", func(x *Text) { x.Sections = x.Sections[1:] }) }, "/texts/fr/sections translation_differs"},
		"no facts":                      {func(b *Bulletin) { b.Texts["en"].Sections[0].Role = "response" }, "/texts/en/sections facts_required"},
		"no assessment":                 {func(b *Bulletin) { b.Texts["en"].Sections[1].Role = "response" }, "/texts/en/sections assessment_required"},
		"indicator not in English":      {func(b *Bulletin) { delete(b.Indicators[0].Text, "en") }, "/indicators/0/text authentic_missing"},
		"measure in an untitled tongue": {func(b *Bulletin) { delete(b.Texts, "id") }, "/detectionMeasures/0/text/id language_unknown"},
		"no reference":                  {func(b *Bulletin) { b.References = nil }, "/references references_required"},
		"reference without a title":     {func(b *Bulletin) { b.References[0].Title = "" }, "/references/0/title required"},
		"no disclaimer":                 {func(b *Bulletin) { b.Disclaimer = nil }, "/disclaimer authentic_missing"},
		"corrects without being one":    {func(b *Bulletin) { b.Corrects = &Target{"itm-aaaaaaaaaaaaaaaaaaaaaaaaaa", 1} }, "/corrects corrects_unexpected"},
		"correction of nothing":         {func(b *Bulletin) { b.Kind = Correction }, "/corrects corrects_required"},
		"correction of a bad id":        {func(b *Bulletin) { b.Kind, b.Corrects = Correction, &Target{"itm-1", 1} }, "/corrects corrects_required"},
		"aid without referral":          {func(b *Bulletin) { b.Kind = DeterminationAid }, "/texts/en/sections aid_needs_referral"},
		"aid without non-punishment": {func(b *Bulletin) { b.Kind = DeterminationAid; b.Texts["en"].Sections[3].Role = "referral" },
			"/texts/en/sections aid_needs_non_punishment"},
		"document note without types": {func(b *Bulletin) { b.Kind = TravelDocumentNote }, "/facets/doc-type document_facets_required"},
	}
	for name, tc := range cases {
		b := sample(t)
		tc.change(b)
		problems := b.Validate()
		if !slices.Contains(codes(problems), tc.want) {
			t.Errorf("%s: %q is not among %q", name, tc.want, codes(problems))
		}
		for _, problem := range problems {
			if !message.Known(problem.Message().Code) || strings.Contains(message.Render("fr", problem.Message()), "<no value>") {
				t.Errorf("%s: no whole sentence for %s", name, problem.Code)
			}
		}
	}
}

func edit(b *Bulletin, lang string, change func(*Text)) {
	text := b.Texts[lang]
	change(&text)
	b.Texts[lang] = text
}

// Palermo Protocol article 3(c): for a child the means are not needed.
func TestMeansMayBeAbsentWhereAllAffectedAreChildren(t *testing.T) {
	b := sample(t)
	delete(b.Facets, "means")
	b.Facets["affected-group"] = []string{"boys", "children-age-unknown", "girls"}
	if problems := b.Validate(); len(problems) != 0 {
		t.Errorf("problems: %q", codes(problems))
	}
	b.Facets["affected-group"] = append(b.Facets["affected-group"], "women")
	if problems := b.Validate(); len(problems) != 1 {
		t.Errorf("with women among the affected: %q", codes(problems))
	}
}

func TestARetractionNeedsOnlyItsReasonAndTarget(t *testing.T) {
	b := decode(t, []byte(`{"format":"concordat-bulletin/v1","kind":"retraction","authentic":"en","expires":"2030-01-01",
		"corrects":{"item":"itm-aaaaaaaaaaaaaaaaaaaaaaaaaa","version":2},
		"texts":{"en":{"title":"Retraction","summary":"The figures were wrong."}},"disclaimer":{"en":"Sample."}}`))
	if problems := b.Validate(); len(problems) != 0 {
		t.Errorf("problems: %q", codes(problems))
	}
}

func TestDecodeRefusesWhatIsNotABulletin(t *testing.T) {
	cases := map[string]struct{ draft, want string }{
		"a field for a person":    {"kind: method-bulletin\nvictims:\n  - marker\n", "line 2, column 1, /: unknown_field"},
		"a case field in a text":  {"texts:\n  en:\n    prs_name: marker\n", "line 3, column 5, /texts/en: unknown_field"},
		"an unknown facet":        {"facets:\n  nationality: [marker]\n", "line 2, column 3, /facets: unknown_field"},
		"an unknown language":     {"texts:\n  xx: {title: marker}\n", "line 2, column 3, /texts: unknown_field"},
		"a term twice":            {"facets:\n  act: [receipt, receipt]\n", "line 2, column 18, /facets/act/1: term_twice"},
		"a number for a title":    {`{"texts":{"en":{"title":7}}}`, "line 1, column 25, /texts/en/title: not_text"},
		"a word for a number":     {"confidence: {informationCredibility: marker}\n", "line 1, column 38, /confidence/informationCredibility: not_number"},
		"a case variant of Kind":  {`{"Kind":"method-bulletin"}`, "line 1, column 2, /: unknown_field"},
		"a list at the top":       {"- marker\n", "line 1, column 1, /: not_fields"},
		"too many references":     {"references: [" + strings.Repeat("{},", maxReferences+1) + "]\n", "line 1, column 13, /references: too_many"},
		"a byte order mark":       {"\ufeffkind: method-bulletin\n", "line 1, column 1, /: byte_order_mark"},
		"an alias bomb":           {"kind: &a marker\n", "line 1, column 7, /: alias"},
		"more than 256 KiB":       {strings.Repeat("# marker\n", 40000), "/: too_large"},
		"deeper than sixty-four":  {strings.Repeat("[", 65), "line 1, column 1, /: too_deep"},
		"a field given twice":     {"kind: a\nkind: b\n", "line 2, column 1, /: duplicate_field"},
		"a page of a web article": {"Once a marker went to town.", "line 1, column 1, /: not_fields"},
	}
	for name, tc := range cases {
		content, err := New().Decode([]byte(tc.draft))
		var problems item.Problems
		if content != nil || !errors.As(err, &problems) {
			t.Errorf("%s: content %v, error %v", name, content, err)
			continue
		}
		if err.Error() != tc.want {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
		said := fmt.Sprintf("%v %+v %#v", err, problems, problems)
		for _, problem := range problems {
			said += message.Text(problem.Message().Code, problem.Params)
			if !message.Known(problem.Message().Code) {
				t.Errorf("%s: no sentence for %s", name, problem.Code)
			}
		}
		if strings.Contains(said, "marker") {
			t.Errorf("%s: the refusal repeats the draft: %s", name, said)
		}
	}
}

// genDraft draws bulletins of any completeness, with any text.
func genDraft(t *rapid.T) *Bulletin {
	text := rapid.StringN(0, 40, 160).Filter(func(s string) bool { return s == strings.TrimSpace(s) })
	byLang := func(label string) map[string]string {
		m := rapid.MapOfN(rapid.SampledFrom(languages()), text, 0, 3).Draw(t, label)
		return present(m)
	}
	b := &Bulletin{Format: Format, Kind: text.Draw(t, "kind"), Authentic: "en", Expires: text.Draw(t, "expires"), Disclaimer: byLang("disclaimer")}
	b.Facets = present(rapid.MapOfN(rapid.SampledFrom([]string{"act", "means", "form"}),
		rapid.SliceOfNDistinct(text, 1, 4, rapid.ID[string]), 0, 3).Draw(t, "facets"))
	for _, terms := range b.Facets {
		slices.Sort(terms)
	}
	for range rapid.IntRange(0, 3).Draw(t, "indicators") {
		b.Indicators = append(b.Indicators, Indicator{Class: text.Draw(t, "class"), Text: byLang("indicator")})
	}
	if rapid.Bool().Draw(t, "texts") {
		b.Texts = map[string]Text{"en": {Title: text.Draw(t, "title"), Sections: []Section{{Body: text.Draw(t, "body")}}}}
	}
	b.Confidence.InformationCredibility = rapid.IntRange(0, 999_999_999).Draw(t, "credibility")
	return b
}

func TestDecodeOfCanonicalIsTheSameForAnyContent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genDraft(t)
		body := want.Canonical()
		got, err := Decode(body)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		if !bytes.Equal(got.Canonical(), body) {
			t.Fatal("canonical bytes are not stable")
		}
	})
}

// Whatever string a bulletin holds is either a word that Validate knows or a
// text that the guard sees. A field that is neither would be a hole.
func TestNoFieldEscapesValidationAndTheGuard(t *testing.T) {
	guard := newGuard(t)
	const marker = "desk@example.org"
	for i := 0; ; i++ {
		b := sample(t)
		b.Territories = []Territory{{Role: "origin", Area: "ID"}}
		b.Corrects = &Target{Item: "itm-aaaaaaaaaaaaaaaaaaaaaaaaaa", Version: 1}
		b.Kind = Correction
		if problems := b.Validate(); len(problems) != 0 {
			t.Fatalf("the base is not valid: %q", codes(problems))
		}
		seen := 0
		path := plant(reflect.ValueOf(b).Elem(), "", i, &seen, marker)
		if path == "" {
			if i < 60 {
				t.Fatalf("only %d strings were reached", i)
			}
			return
		}
		if len(b.Validate()) == 0 && guard.Screen(b.Screen()).Verdict == screen.Release {
			t.Errorf("a text in %s goes past validation and guard", path)
		}
	}
}

// plant puts the marker into the n-th string of v, in a fixed order, and returns
// its path.
func plant(v reflect.Value, path string, n int, seen *int, marker string) string {
	switch v.Kind() {
	case reflect.String:
		if *seen++; *seen-1 == n {
			v.SetString(marker)
			return path
		}
	case reflect.Pointer:
		return plant(v.Elem(), path, n, seen, marker)
	case reflect.Struct:
		for i := range v.NumField() {
			if found := plant(v.Field(i), path+"."+v.Type().Field(i).Name, n, seen, marker); found != "" {
				return found
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if found := plant(v.Index(i), fmt.Sprintf("%s[%d]", path, i), n, seen, marker); found != "" {
				return found
			}
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			found := plant(value, path+"["+key.String()+"]", n, seen, marker)
			v.SetMapIndex(key, value)
			if found != "" {
				return found
			}
		}
	}
	return ""
}

func TestArticle10(t *testing.T) {
	want := map[string][]string{
		MethodBulletin: {"c"}, DeterminationAid: {"a"}, TravelDocumentNote: {"b"}, DetectionMeasureNote: {"c"},
		TrendAssessment: nil, LawPolicyNote: nil, PreventionPack: nil, Correction: nil, Retraction: nil,
	}
	for kind, letters := range want {
		if diff := cmp.Diff(letters, Article10(kind)); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
	got := Coverage([]string{MethodBulletin, DetectionMeasureNote, DeterminationAid, LawPolicyNote, "unknown"})
	if diff := cmp.Diff(map[string]int{"a": 1, "b": 0, "c": 2}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzDecode(f *testing.F) {
	for _, draft := range samples(f) {
		b := decode(f, draft)
		f.Add(draft)
		f.Add(b.Canonical())
	}
	f.Fuzz(func(t *testing.T, draft []byte) {
		b, err := Decode(draft)
		if err != nil {
			var problems item.Problems
			if b != nil || !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("bulletin %v with error %T", b, err)
			}
			return
		}
		body := b.Canonical()
		again, err := Decode(body)
		if err != nil || !bytes.Equal(again.Canonical(), body) {
			t.Fatalf("canonical bytes do not decode to themselves: %v", err)
		}
		b.Validate()
		b.Render("fr")
	})
}
