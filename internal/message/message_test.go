package message

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var parameter = regexp.MustCompile(`{{\s*\.(\w+)`)

func parameters(sentence string) []string {
	var names []string
	for _, match := range parameter.FindAllStringSubmatch(sentence, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func read(t *testing.T, name string) map[string]string {
	t.Helper()
	raw, err := catalogue.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var sentences map[string]string
	if err := json.Unmarshal(raw, &sentences); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return sentences
}

// A translation may leave a code out, but may not invent one, and must use the
// same parameters: else an officer would read a sentence with a hole in it.
func TestTranslationsUseTheCodesAndParametersOfEnglish(t *testing.T) {
	files, err := fs.Glob(catalogue, "catalogue/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no catalogue files: %v", err)
	}
	for _, name := range files {
		lang := fileLanguage(name)
		if lang == "en" {
			continue
		}
		english := read(t, strings.TrimSuffix(name, lang+".json")+"en.json")
		for code, sentence := range read(t, name) {
			want, ok := english[code]
			if !ok {
				t.Errorf("%s: code %q is not in English", name, code)
				continue
			}
			if diff := cmp.Diff(parameters(want), parameters(sentence)); diff != "" {
				t.Errorf("%s: code %q has other parameters than English:\n%s", name, code, diff)
			}
		}
	}
}

func TestCodesAreUniqueAcrossAreas(t *testing.T) {
	files, err := fs.Glob(catalogue, "catalogue/*.en.json")
	if err != nil {
		t.Fatal(err)
	}
	owner := map[string]string{}
	for _, name := range files {
		for code := range read(t, name) {
			if other, taken := owner[code]; taken {
				t.Errorf("code %q stands in %s and in %s", code, other, name)
			}
			owner[code] = name
		}
	}
}

func TestUnknownLanguageFallsBackToEnglish(t *testing.T) {
	got := Render("tlh", New("policy_allowed", nil))
	if want := Text("policy_allowed", nil); got != want || got == "policy_allowed" {
		t.Errorf("Render in an unknown language = %q, want the English %q", got, want)
	}
}

func TestUnknownCodeIsReported(t *testing.T) {
	if Known("no_such_code") {
		t.Error("Known says that a code exists which is in no file")
	}
	if !Known("policy_allowed") {
		t.Error("Known misses a code of the catalogue")
	}
}
