package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func golden(t *testing.T, lang string) []byte {
	t.Helper()
	raw, err := os.ReadFile("../testdata/agreement." + lang + ".md")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

var shown = regexp.MustCompile(`\(((?:[^()\\]|\\.)*)\) ?Tj`)

// words returns every word that the pages show, in their order.
func words(t *testing.T, file []byte) []string {
	t.Helper()
	var all []string
	for _, match := range shown.FindAllSubmatch(file, -1) {
		text := regexp.MustCompile(`\\(.)`).ReplaceAll(match[1], []byte("$1"))
		all = append(all, strings.Fields(string(text))...)
	}
	return all
}

// Every word of the text is on the pages: nobody signs a text of which the paper
// shows less.
func TestPagesShowTheWholeText(t *testing.T) {
	for _, lang := range []string{"en", "fr", "id"} {
		text := golden(t, lang)
		file, err := Make(text, "AG-TEST", "footer")
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := encode(string(text))
		if err != nil {
			t.Fatal(err)
		}
		var want strings.Builder
		for _, block := range blocks(encoded) {
			want.WriteString(block.mark)
			for _, run := range block.runs {
				want.WriteString(run.text)
			}
		}
		got := strings.Join(words(t, file), "")
		got = regexp.MustCompile(`footer\d+/\d+`).ReplaceAllString(strings.ReplaceAll(got, "{pages}", "0"), "")
		if diff := cmp.Diff(strings.ReplaceAll(want.String(), " ", ""), got); diff != "" {
			t.Errorf("%s:\n%s", lang, diff)
		}
	}
}

func TestTheSameTextIsTheSameFile(t *testing.T) {
	first, err := Make(golden(t, "fr"), "AG", "x")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := Make(golden(t, "fr"), "AG", "x")
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("another file, %v", err)
		}
	}
	if !bytes.HasPrefix(first, []byte("%PDF-1.")) || !bytes.Contains(first, []byte("D:20000101000000")) {
		t.Errorf("the file begins with %q", first[:40])
	}
}

func TestALetterThatNoFontHasIsRefused(t *testing.T) {
	var missing *LetterError
	if _, err := Make([]byte("# Ł\n"), "x", "x"); !errors.As(err, &missing) || missing.Letter != 'Ł' {
		t.Errorf("Make = %v", err)
	}
	if _, err := Make([]byte("# x\n"), "協定", "x"); !errors.As(err, &missing) {
		t.Errorf("Make = %v", err)
	}
}

func TestEscapesAndCodeAreRead(t *testing.T) {
	got := blocks("# A \\# b\n\n- x `y_z\\` w\n> \\- q\n>\n12. e\n2026\\. f")
	want := []string{"1 [{A # b false}]", "\x95 [{x  false} {y_z\\ true} { w false}]", "> [{- q false}]", "12. [{e false}]", " [{2026. f false}]"}
	for i, block := range got {
		head := block.mark
		if block.heading > 0 {
			head = fmt.Sprint(block.heading)
		}
		if block.quote {
			head = ">"
		}
		if line := fmt.Sprintf("%s %v", head, block.runs); line != want[i] {
			t.Errorf("block %d is %q, want %q", i, line, want[i])
		}
	}
}
