package pdf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/agreement/render"
)

func golden(t *testing.T, lang string) []byte {
	t.Helper()
	raw, err := os.ReadFile("../testdata/agreement." + lang + ".md")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

var (
	shown   = regexp.MustCompile(`(?s)BT [0-9. ]+ Td \(((?:[^()\\]|\\.)*)\) ?Tj`)
	escaped = regexp.MustCompile(`(?s)\\(.)`)
)

// words returns every word that the pages show, in their order. The characters on them
// are two bytes each.
func words(t *testing.T, file []byte) []string {
	t.Helper()
	var all []string
	for _, match := range shown.FindAllSubmatch(file, -1) {
		raw := escaped.ReplaceAllFunc(match[1], func(pair []byte) []byte {
			if pair[1] == 'r' {
				return []byte("\r")
			}
			return pair[1:]
		})
		var text []uint16
		for ; len(raw) >= 2; raw = raw[2:] {
			text = append(text, binary.BigEndian.Uint16(raw))
		}
		all = append(all, strings.Fields(string(utf16.Decode(text)))...)
	}
	return all
}

var footers = regexp.MustCompile(`footer\d+/\d+`)

// shows fails unless every word of the text is on the pages, in its order.
func shows(t *testing.T, text []byte) []byte {
	t.Helper()
	file, err := Make(text, "AG-TEST", "footer")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, block := range blocks(string(text)) {
		want.WriteString(block.mark)
		for _, run := range block.runs {
			want.WriteString(run.text)
		}
	}
	got := strings.Join(words(t, file), "")
	if pages := footers.FindAllString(got, -1); len(pages) == 0 || pages[len(pages)-1] != fmt.Sprintf("footer%d/%[1]d", len(pages)) {
		t.Errorf("the footers are %v", pages)
	}
	if diff := cmp.Diff(strings.Join(strings.Fields(want.String()), ""), footers.ReplaceAllString(got, "")); diff != "" {
		t.Error(diff)
	}
	return file
}

// Every word of the text is on the pages: nobody signs a text of which the paper
// shows less.
func TestPagesShowTheWholeText(t *testing.T) {
	for _, lang := range []string{"en", "fr", "id"} {
		t.Run(lang, func(t *testing.T) { shows(t, golden(t, lang)) })
	}
}

// The parties' names and words stand on the pages in the letters that they use.
// All of them are fictional.
func TestPagesShowTheLettersOfTheParties(t *testing.T) {
	for lang, own := range scripts {
		t.Run(lang, func(t *testing.T) {
			text := "# " + own + "\n\n## " + own + "\n\n" + own + "\n\n- " + own + "\n- `" + own + "`\n\n> " + own + "\n"
			shows(t, []byte(text))
		})
	}
}

var scripts = map[string]string{
	"Ukrainian":  "Підрозділ з протидії торгівлі людьми (вигаданий); «їжак, ґанок, єдність, щось»",
	"Vietnamese": "Cục Phòng, chống mua bán người (hư cấu); ữ ợ ẫ ặ ỡ ỹ ọ ị đ Đ",
	"Polish":     "Biuro do walki z handlem ludźmi (fikcyjne); zażółć gęślą jaźń",
	"Romanian":   "Agenția împotriva traficului de persoane (fictivă); ș ț ă â î",
	"Turkish":    "İnsan ticaretiyle mücadele dairesi (kurgusal); ğ ı İ ş ç",
	"Greek":      "Υπηρεσία κατά της εμπορίας ανθρώπων (φανταστική); ΐ ΰ ώ",
	"Bulgarian":  "Комисия за борба с трафика на хора (измислена)",
	"Kazakh":     "Адам саудасына қарсы бөлім (ойдан шығарылған); ә ғ ң ө ұ ү һ і",
	"Georgian":   "ადამიანით ვაჭრობის წინააღმდეგ ბრძოლის სამსახური",
	"Armenian":   "Մարդկանց թրաֆիքինգի դեմ պայքարի վարչություն",
	"Lithuanian": "Kovos su prekyba žmonėmis skyrius (išgalvotas); ąčęėįšųūž",
	"Maltese":    "Taqsima kontra t-traffikar (fittizja); ħ ġ ċ ż",
	"decomposed": "Cu\u0323c Pho\u0300ng, Viê\u0323t, sˇ e\u0301",
	"marks":      "§ 5 – “x” ‘y’ „z” … € № † • → ≤",
}

// An agreement of which one party writes Ukrainian and the other Vietnamese, and the
// record that one of them keeps of it. Both are fictional.
func TestAnAgreementAndItsRecordShowTheirParties(t *testing.T) {
	d := agreementtest.DocumentV2("alpha", "beta", "gamma")
	d.Parties[0].LegalName, d.Parties[0].Jurisdiction = "Підрозділ «Ґанок» з протидії торгівлі людьми (вигаданий)", "UA"
	d.Parties[1].LegalName, d.Parties[1].Jurisdiction = "Cục Phòng, chống mua bán người (hư cấu)", "VN"
	d.Parties[0].Mandate, d.Parties[1].Mandate = "Закон про вигадане", "Luật về điều hư cấu"
	d.Preamble["en"] = "Сторони бажають обмінюватися методами. Các bên mong muốn trao đổi phương pháp."
	d.Retention.DisposalMethod = "Стирання. Xóa vĩnh viễn."
	text, err := render.Text(d, "en")
	if err != nil {
		t.Fatal(err)
	}
	entry := render.NewEntry(d, "sha256:"+strings.Repeat("1", 64), "in force", "alpha", nil)
	record, err := render.Register([]render.Entry{entry}, "alpha", fixed, "en")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text  []byte
		words []string
	}{
		"agreement": {text, []string{"«Ґанок»", "торгівлі", "Phòng,", "người", "обмінюватися", "phương", "вигадане", "điều"}},
		"record":    {record, []string{"Phòng,", "người", "Стирання.", "viễn."}},
	} {
		file := shows(t, c.text)
		all := words(t, file)
		for _, one := range c.words {
			if !slices.ContainsFunc(all, func(word string) bool { return strings.HasPrefix(word, one) }) {
				t.Errorf("no page of the %s shows %s", name, one)
			}
		}
	}
}

// A letter and its accent are one letter, however they were typed: the pages show it,
// and it can be searched.
func TestAnAccentIsOnItsLetter(t *testing.T) {
	composed, err := Make([]byte("Cục Phòng\n"), "AG", "x")
	if err != nil {
		t.Fatal(err)
	}
	apart, err := Make([]byte("Cu\u0323c Pho\u0300ng\n"), "AG", "x")
	if err != nil || !bytes.Equal(composed, apart) {
		t.Errorf("another file, %v", err)
	}
}

func TestTheSameTextIsTheSameFile(t *testing.T) {
	text := golden(t, "fr")
	for _, lang := range slices.Sorted(maps.Keys(scripts)) {
		text = append(text, "\n"+scripts[lang]+"\n"...)
	}
	first, err := Make(text, "AG", "x")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := Make(text, "AG", "x")
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("another file, %v", err)
		}
	}
	if !bytes.HasPrefix(first, []byte("%PDF-1.")) || !bytes.Contains(first, []byte("D:20000101000000")) {
		t.Errorf("the file begins with %q", first[:40])
	}
}

// Only the letters that are used are in the file.
func TestTheFileHoldsNoWholeFont(t *testing.T) {
	file, err := Make(golden(t, "en"), "AG", "x")
	if err != nil || len(file) > 250_000 {
		t.Errorf("%d bytes, %v", len(file), err)
	}
}

// What the fonts lack, and what would be shown as something else than it is, is
// refused: a legal text has no boxes.
func TestACharacterThatCannotBeShownIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		letter rune
	}{
		"Thai":                        {"สำนักงาน", 'ส'},
		"Arabic":                      {"مكتب", 'م'},
		"Arabic as code":              {"`مكتب`", 'م'},
		"Hebrew":                      {"משרד", 'מ'},
		"Chinese":                     {"協定", '協'},
		"Khmer":                       {"ការិយាល័យ", 'ក'},
		"Hindi":                       {"कार्यालय", 'क'},
		"a lone accent":               {"x\u0323\u0307\u0323", '\u0323'},
		"a letter that no accent has": {"б\u0301", '\u0301'},
		"a picture":                   {"x 🙂", '🙂'},
		"a turn to the left":          {"x\u202ey", '\u202e'},
		"a soft hyphen":               {"x\u00ady", '\u00ad'},
		"a joiner":                    {"x\u200dy", '\u200d'},
		"a control":                   {"x\u0007y", '\a'},
		"broken UTF-8":                {"x\xffy", '\ufffd'},
		"in a heading":                {"# 協", '協'},
		"in a list":                   {"- x\n- 協", '協'},
		"in a quote":                  {"> x\n> 協", '協'},
	} {
		t.Run(name, func(t *testing.T) {
			var missing *LetterError
			if _, err := Make([]byte(c.text+"\n"), "x", "x"); !errors.As(err, &missing) || missing.Letter != c.letter {
				t.Errorf("Make = %v", err)
			}
		})
	}
	var missing *LetterError
	if _, err := Make([]byte("# x\n"), "x", "協定"); !errors.As(err, &missing) {
		t.Errorf("Make = %v", err)
	}
	if _, err := Make([]byte("# x\n"), "協定", "x"); err != nil { // no page shows the title
		t.Error(err)
	}
}

// What has no meaning of its own in the text gets none on the way to the pages, though
// a character of Greek is another way to write a backtick.
func TestNoCharacterBecomesCode(t *testing.T) {
	all := blocks("a \u1fef b \u1fef c")
	if len(all) != 1 || len(all[0].runs) != 1 || all[0].runs[0].code {
		t.Errorf("%+v", all)
	}
}

func TestEscapesAndCodeAreRead(t *testing.T) {
	got := blocks("# A \\# b\n\n- x `y_z\\` w\n> \\- q\n>\n12. e\n2026\\. f")
	want := []string{"1 [{A # b false}]", "• [{x  false} {y_z\\ true} { w false}]", "> [{- q false}]", "12. [{e false}]", " [{2026. f false}]"}
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
