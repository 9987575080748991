package bulletin

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/screen"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files after a deliberate change of schema")

const (
	samplesDir = "../../config/samples/bulletins"
	goldenDir  = "../../test/golden/bulletin"
)

func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(samplesDir + "/b*.yaml")
	if err != nil || len(files) != 10 {
		t.Fatalf("%d samples, %v; want ten", len(files), err)
	}
	drafts := map[string][]byte{}
	for _, file := range files {
		if drafts[filepath.Base(file)], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return drafts
}

func decode(t testing.TB, draft []byte) *Bulletin {
	t.Helper()
	b, err := Decode(draft)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newGuard(t testing.TB) *screen.Guard {
	t.Helper()
	guard, err := screen.New(bytes.Repeat([]byte{1}, screen.MinKey))
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

func TestEverySampleIsValidAndReleasedByTheGuard(t *testing.T) {
	guard := newGuard(t)
	for name, draft := range samples(t) {
		b := decode(t, draft)
		for _, problem := range b.Validate() {
			t.Errorf("%s: %s", name, problem)
		}
		report := guard.Screen(b.Screen())
		if report.Verdict != screen.Release {
			t.Errorf("%s: %s", name, report.Verdict)
		}
		for _, finding := range report.Findings {
			t.Errorf("%s: %+v", name, finding)
		}
	}
}

func TestSamplesCoverEveryLetterOfArticle10(t *testing.T) {
	var kinds []string
	for _, draft := range samples(t) {
		kinds = append(kinds, decode(t, draft).Kind)
	}
	for letter, count := range Coverage(kinds) {
		if count == 0 {
			t.Errorf("no sample under article 10(1)(%s)", letter)
		}
	}
}

func TestCanonicalFormIsStableAndDecodesToTheSame(t *testing.T) {
	for name, draft := range samples(t) {
		first := decode(t, draft)
		body := first.Canonical()
		second := decode(t, body)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("%s: decoding the canonical bytes gives another bulletin:\n%s", name, diff)
		}
		if !bytes.Equal(body, second.Canonical()) {
			t.Errorf("%s: canonical bytes are not stable", name)
		}
	}
}

// Approvals, receipts and signatures of released versions bind to these bytes.
// They change only with a new Format.
func TestCanonicalBytesOfASampleAreGolden(t *testing.T) {
	b := decode(t, samples(t)["b02-payments-and-live-streamed-abuse.yaml"])
	cover, err := b.Cover().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	for file, got := range map[string][]byte{
		"b02.canonical.json": b.Canonical(),
		"b02.cover.json":     cover,
		"b02.en.txt":         []byte(b.Render("en")),
		"b02.fr.txt":         []byte(b.Render("fr")),
		"b02.id.txt":         []byte(b.Render("id")),
	} {
		file = filepath.Join(goldenDir, file)
		if *update {
			if err := os.MkdirAll(goldenDir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

func TestCoverNeverCarriesAPassage(t *testing.T) {
	for name, draft := range samples(t) {
		b := decode(t, draft)
		cover, err := b.Cover().Canonical()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range b.Screen() {
			isTitle := strings.HasPrefix(text.Path, "/texts/") && strings.HasSuffix(text.Path, "/title")
			if !isTitle && bytes.Contains(cover, []byte(text.Value)) {
				t.Errorf("%s: the cover repeats %s", name, text.Path)
			}
		}
		for _, facet := range []string{"bulletin-kind", "act", "purpose", "phase", "indicator-class", "detection-measure"} {
			if len(b.Cover().Facets[facet]) == 0 {
				t.Errorf("%s: the cover has no %s", name, facet)
			}
		}
	}
}

func TestRenderShowsEveryTextInEachLanguage(t *testing.T) {
	for name, draft := range samples(t) {
		b := decode(t, draft)
		for _, lang := range languages() {
			shown := b.Render(lang)
			for _, text := range b.Screen() {
				if (text.Lang == lang || text.Lang == "") && !strings.Contains(shown, text.Value) {
					t.Errorf("%s in %s: %s is not shown", name, lang, text.Path)
				}
			}
			if strings.Contains(shown, "kind_") || strings.Contains(shown, "<no value>") {
				t.Errorf("%s in %s: a sentence of the catalogue is missing", name, lang)
			}
		}
	}
}

func TestRenderFallsBackToTheAuthenticLanguageAndSaysSo(t *testing.T) {
	b := decode(t, samples(t)["b05-not-seeing-oneself-as-a-victim.yaml"])
	delete(b.Texts, "id")
	shown := b.Render("id")
	notice := message.Render("id", message.New("kind_render_not_translated", message.Params{"Authentic": "Inggris"}))
	if !strings.Contains(shown, b.Texts["en"].Summary) || !strings.Contains(shown, notice) {
		t.Errorf("rendered:\n%s", shown)
	}
}

func TestDeterminationAidsAlwaysRemindOfReferralAndNonPunishment(t *testing.T) {
	reminder := message.Text("kind_render_remember_person", nil)
	for name, draft := range samples(t) {
		b := decode(t, draft)
		want := slices.Contains([]string{DeterminationAid, TravelDocumentNote}, b.Kind)
		if got := strings.Contains(b.Render("en"), reminder); got != want {
			t.Errorf("%s: reminder shown %t, want %t", name, got, want)
		}
	}
}
