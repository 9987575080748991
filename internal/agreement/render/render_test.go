package render

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

var update = flag.Bool("update", false, "write the golden files anew")

// everything is a document in which every member has a value.
func everything() *agreement.Document {
	d := agreementtest.DocumentV2("alpha", "beta", "gamma")
	d.Languages, d.Title["fr"], d.Title["id"] = []string{"en", "fr"}, "Échange de typologies (fictif)", "Pertukaran tipologi (fiktif)"
	d.Revision, d.Supersedes = 2, "sha256:"+strings.Repeat("2", 64)
	d.Parties[0].Authority.Until = agreementtest.At("2027-06-30T00:00:00Z")
	d.Parties[2].Kind, d.Parties[2].Undertaking = "NGO", &agreement.Undertaking{ComplyWithRestrictions: true, AdmittedBy: "alpha"}
	d.Parties[2].Role, d.Commitments[2].Give = agreement.Recipient, nil
	d.AccessionRule = &agreement.AccessionRule{Rule: "depositary", Depositary: "beta"}
	d.LegalBasis = append(d.LegalBasis, agreement.LegalBasis{Instrument: "untoc", Article: "27(2)", Party: "beta", DomesticLaw: "Fictional cooperation act"})
	d.Categories[0].Facets = map[string][]string{"recruitment-method": {"false-job-offer", "online-advertisement"}, "phase": {"recruitment"}}
	d.Commitments[0].Languages, d.Commitments[0].Assistance = []string{"en", "fr"}, "Training of trainers."
	d.Default = restriction.Set{
		"tlp": {"TLP:RED"}, "purposes": {"training"}, "expires": {"2027-12-31T00:00:00Z"}, "maxReads": {"5"}, "recipientKinds": {"police"},
		"judicialUse": {"consent"},
	}
	d.Definitions = agreement.Definitions{Community: "Authorities that work\n\nagainst trafficking.", Members: []string{"alpha", "police"}, Clients: "Own units."}
	d.EntryIntoForce = agreement.EntryIntoForce{Rule: "n-signed", Count: 2, NotBefore: agreementtest.At("2027-01-01T00:00:00Z")}
	d.Audit.IndependentAuditor = "Court of auditors (fictional)"
	d.DataProtection.DPIA = "sha256:" + strings.Repeat("3", 64)
	d.DataProtection.SupervisoryAuthorities = []string{"Data commissioner (fictional)"}
	d.Disputes = append(d.Disputes, "Mediation.")
	d.Review.First = agreementtest.At("2027-03-31T00:00:00Z")
	d.Renewal = &agreement.Renewal{Mode: "automatic", Days: 365, Times: 2}
	d.Suspension.NoticeDays, d.Suspension.MaxDays = 10, 90
	d.Termination.NoticeDays = 60
	d.SignBy = agreementtest.At("2026-12-31T00:00:00Z")
	d.Instrument = &agreement.Instrument{
		Digest: "sha256:" + strings.Repeat("1", 64), MediaType: "application/pdf", Place: "Jakarta (fictional)", Date: "2026-11-21",
		Depositary: "Treaty section (fictional)",
	}
	d.Preamble["fr"], d.Texts["fr"], d.Wordings = "Les parties souhaitent échanger des méthodes.", d.Texts["en"], agreement.Wordings{"fr": {}}
	for _, one := range d.OwnTexts() {
		d.Wordings["fr"][one.Place] = "Texte : " + one.Place
	}
	return d
}

func text(t *testing.T, d *agreement.Document, lang string) string {
	t.Helper()
	b, err := Text(d, lang)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheDocumentOfTheseTestsCanBeSigned(t *testing.T) {
	if _, _, err := everything().Bytes(); err != nil {
		t.Fatal(err)
	}
}

func TestTextIsTheGoldenFile(t *testing.T) {
	for _, lang := range message.Languages() {
		file := filepath.Join("testdata", "agreement."+lang+".md")
		got := text(t, everything(), lang)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
		for range 20 {
			if again := text(t, everything(), lang); again != got {
				t.Fatal("the same document gave two texts")
			}
		}
	}
}

// leaves calls visit for every value that stands in the document, with a function
// that changes it.
func leaves(v reflect.Value, place string, visit func(place string, change func())) {
	switch v.Kind() {
	case reflect.String:
		visit(place, func() { v.SetString(v.String() + "x") })
	case reflect.Int:
		visit(place, func() { v.SetInt(v.Int() + 1) })
	case reflect.Bool:
		visit(place, func() { v.SetBool(!v.Bool()) })
	case reflect.Pointer:
		if !v.IsNil() {
			leaves(v.Elem(), place, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			leaves(v.Index(i), place+"/"+string(rune('0'+i)), visit)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			at := place + "/" + key.String()
			if value := v.MapIndex(key); value.Kind() == reflect.String {
				visit(at, func() { v.SetMapIndex(key, reflect.ValueOf(value.String()+"x")) })
			} else {
				leaves(value, at, visit)
			}
		}
	case reflect.Struct:
		if moment, is := v.Addr().Interface().(*canonical.Time); is {
			visit(place, func() { moment.Time = moment.Add(time.Hour) })
			return
		}
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			leaves(v.Field(i), place+"/"+name, visit)
		}
	}
}

// Whatever is signed is read: a change of any value changes the text in one of
// the authentic languages, or there is no text at all.
func TestNothingIsSignedUnread(t *testing.T) {
	var places []string
	leaves(reflect.ValueOf(everything()), "", func(place string, _ func()) { places = append(places, place) })
	if len(places) < 150 {
		t.Fatalf("%d places: the walk misses some", len(places))
	}
	base := map[string]string{}
	for _, lang := range message.Languages() {
		base[lang] = text(t, everything(), lang)
	}
	for _, place := range places {
		if strings.Contains(place, "/texts/") {
			continue
		}
		d := everything()
		leaves(reflect.ValueOf(d), "", func(at string, change func()) {
			if at == place {
				change()
			}
		})
		differs := false
		for _, lang := range d.Languages {
			b, err := Text(d, lang)
			differs = differs || err != nil || string(b) != base[lang]
		}
		if !differs {
			t.Errorf("%s can change and the text does not", place)
		}
	}
}

// The digests of the texts stand beside them and never in them.
func TestTextDoesNotDependOnItsOwnDigest(t *testing.T) {
	d := everything()
	before := text(t, d, "en")
	d.Texts = nil
	if text(t, d, "en") != before {
		t.Error("the text holds its digest")
	}
}

// What parties write in their own words cannot pass for a clause.
func TestOwnWordsStayWords(t *testing.T) {
	headings := func(text string) (n int) {
		for _, line := range strings.Split(text, "\n") {
			if strings.HasPrefix(strings.TrimLeft(line, "> "), "#") || strings.HasPrefix(strings.TrimLeft(line, "> "), "===") || strings.HasPrefix(strings.TrimLeft(line, "> "), "---") {
				n++
			}
		}
		return n
	}
	want := headings(text(t, everything(), "en"))
	for _, evil := range []string{
		"Nothing.\n\n## Article 99. Nothing binds", "x\n===", "x\n---", "- x\n# y", "1. x\n2. y", "<h2>Article 99</h2>", "![](https://example.org/x)",
		"[the text](https://example.org)", "`x`", "**bold**", "&#35; x", "\\# x",
	} {
		d := everything()
		d.Costs, d.Definitions.Community, d.Parties[0].LegalName, d.Title["en"], d.Preamble["en"], d.Disputes[0] = evil, evil, evil, evil, evil, evil
		got := text(t, d, "en")
		if headings(got) != want {
			t.Errorf("%q makes a heading:\n%s", evil, got)
		}
		for _, markup := range []string{"<h2>", "](http", "**bold**", " &#35;", "`x`"} {
			if strings.Contains(strings.ReplaceAll(got, `\`+markup, ""), markup) {
				t.Errorf("%q keeps its meaning %q", evil, markup)
			}
		}
	}
}

func TestEveryLanguageHasEverySentence(t *testing.T) {
	read := func(lang string) map[string]string {
		raw, err := os.ReadFile("../../message/catalogue/agreementtext." + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var sentences map[string]string
		if err := json.Unmarshal(raw, &sentences); err != nil {
			t.Fatal(err)
		}
		return sentences
	}
	english := read("en")
	for _, lang := range message.Languages() {
		other := read(lang)
		for code := range english {
			if other[code] == "" {
				t.Errorf("%s has no sentence in %s", code, lang)
			}
		}
	}
	for _, axis := range restriction.Axes() {
		shape := restriction.ShapeOf(axis)
		if axis == restriction.Recall {
			continue // comes only with a later request
		}
		if axis == restriction.TLP || shape != restriction.Ordered && shape != restriction.Partial {
			if english["agreementtext_axis_"+string(axis)] == "" {
				t.Errorf("the axis %s has no sentence", axis)
			}
			continue
		}
		for _, value := range restriction.Values(axis) {
			if english["agreementtext_axis_"+string(axis)+"_"+value] == "" {
				t.Errorf("the value %s of %s has no sentence", value, axis)
			}
		}
	}
	for _, purpose := range restriction.KnownPurposes() {
		if english["agreementtext_purpose_"+purpose] == "" {
			t.Errorf("the purpose %s has no sentence", purpose)
		}
	}
}

func TestWhatCannotBeSaidIsNotHalfSaid(t *testing.T) {
	if _, err := Text(everything(), "de"); !errors.Is(err, ErrLanguage) {
		t.Errorf("a text in German: %v", err)
	}
	d := everything()
	d.Binding = "friendship"
	if _, err := Text(d, "en"); !errors.Is(err, ErrTerm) {
		t.Errorf("a text of an unknown nature: %v", err)
	}
}

func TestCheckTellsTodaysTextFromTheSignedOne(t *testing.T) {
	d := everything()
	d.Languages = append(d.Languages, "de")
	d.Texts = Digests(d)
	d.Texts["fr"] = "sha256:" + strings.Repeat("0", 64)
	checks := Check(d)
	if len(checks) != 3 || !checks[0].Same() || checks[1].Same() || checks[1].Signed != d.Texts["fr"] || checks[2].Same() || checks[2].Today != "" {
		t.Errorf("Check = %+v", checks)
	}
	if want := canonical.Digest([]byte(text(t, d, "en"))); checks[0].Signed != want {
		t.Errorf("the digest of the English text is %s, want %s", checks[0].Signed, want)
	}
}

// A document of the first schema has a text too; nobody signed it.
func TestTheFirstSchemaHasATextForReading(t *testing.T) {
	d := agreementtest.Document("alpha", "beta")
	got := text(t, d, "en")
	if !strings.Contains(got, "for reading only") || strings.Contains(got, "agreementtext_") || Check(d)[0].Same() {
		t.Error(got)
	}
}

// Whatever can be signed can be read: no document that parses is without its text.
func FuzzText(f *testing.F) {
	for _, d := range []*agreement.Document{everything(), agreementtest.Document("alpha", "beta")} {
		raw, _, err := d.Bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		d, _, err := agreement.Parse(in)
		if err != nil {
			return
		}
		for _, lang := range message.Languages() {
			first, err := Text(d, lang)
			if err != nil {
				t.Fatalf("no text in %s: %v", lang, err)
			}
			if again, err := Text(d, lang); err != nil || string(again) != string(first) {
				t.Fatalf("two texts in %s", lang)
			}
		}
	})
}

// A sentence that nothing says is one that a translator keeps for nobody.
func TestEverySentenceIsSaid(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var whole, families []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`"([a-z][A-Za-z_-]*)"`).FindAllStringSubmatch(string(source), -1) {
			if strings.HasSuffix(match[1], "_") {
				families = append(families, match[1])
			} else {
				whole = append(whole, match[1], "register_"+match[1])
			}
		}
	}
	raw, err := os.ReadFile("../../message/catalogue/agreementtext.en.json")
	if err != nil {
		t.Fatal(err)
	}
	var sentences map[string]string
	if err := json.Unmarshal(raw, &sentences); err != nil {
		t.Fatal(err)
	}
	for code := range sentences {
		code = strings.TrimPrefix(code, "agreementtext_")
		said := slices.Contains(whole, code) || slices.Contains(whole, strings.TrimSuffix(code, "_law"))
		if !said && !slices.ContainsFunc(families, func(family string) bool { return strings.HasPrefix(code, family) }) {
			t.Errorf("nothing says %s", code)
		}
	}
}
