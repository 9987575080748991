// Package pdf lays the Markdown of package render out on A4 pages.
//
// It reads exactly the Markdown that render writes: headings, paragraphs, lists,
// quotes, escaped punctuation and code spans. The same text gives the same bytes:
// nothing in the file depends on the day, the machine or chance. The fonts are the
// ones that every reader has; they know the letters of Windows-1252, which covers
// the languages of the catalogue, and a text with another letter is refused rather
// than printed with a hole.
//
// Only the command line imports it.
package pdf

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/text/encoding/charmap"
)

// LetterError names a letter that the fonts do not have.
type LetterError struct{ Letter rune }

func (e *LetterError) Error() string { return fmt.Sprintf("no font has the letter %q", e.Letter) }

// fixed is the day that every file carries: a text that is rendered again is the
// same file.
var fixed = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Sizes in points and millimetres.
const (
	margin   = 22.0
	body     = 11.0
	line     = 5.4
	indent   = 7.0
	footSize = 7.5
)

// Make returns the file. The footer stands on every page beside its number: the
// digest of the text, so that paper can be compared with what is signed.
func Make(markdown []byte, title, footer string) ([]byte, error) {
	encoded, err := encode(string(markdown))
	if err != nil {
		return nil, err
	}
	head, err := encode(title)
	if err != nil {
		return nil, err
	}
	foot, err := encode(footer)
	if err != nil {
		return nil, err
	}
	file := fpdf.New("P", "mm", "A4", "")
	file.SetCatalogSort(true)
	file.SetCompression(false)
	file.SetCreationDate(fixed)
	file.SetModificationDate(fixed)
	file.SetProducer("concordat", false)
	file.SetTitle(head, false)
	file.SetMargins(margin, margin, margin)
	file.SetAutoPageBreak(true, margin)
	file.AliasNbPages("{pages}")
	file.SetFooterFunc(func() {
		file.SetY(-margin + line)
		file.SetLeftMargin(margin)
		file.SetX(margin)
		file.SetFont("Courier", "", footSize)
		file.CellFormat(0, line, foot, "", 0, "L", false, 0, "")
		file.SetX(margin)
		file.CellFormat(0, line, fmt.Sprintf("%d/{pages}", file.PageNo()), "", 0, "R", false, 0, "")
	})
	file.AddPage()
	for _, block := range blocks(encoded) {
		block.print(file)
	}
	var out bytes.Buffer
	if err := file.Output(&out); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	return out.Bytes(), nil
}

// encode turns UTF-8 into the one byte per letter of Windows-1252.
func encode(text string) (string, error) {
	var out strings.Builder
	for _, r := range text {
		b, ok := charmap.Windows1252.EncodeRune(r)
		if !ok || r == utf8.RuneError {
			return "", &LetterError{r}
		}
		out.WriteByte(b)
	}
	return out.String(), nil
}

// block is one heading, paragraph, item of a list or quote.
type block struct {
	heading int    // 1 to 3, or 0
	mark    string // what stands before an item of a list
	quote   bool
	runs    []run
}

// run is text in one font.
type run struct {
	text string
	code bool
}

// blocks reads the Markdown line by line: render writes every block on a line of
// its own, and parts quotes of several lines by their mark.
func blocks(markdown string) []block {
	var all []block
	for _, text := range strings.Split(markdown, "\n") {
		var one block
		switch digits := len(text) - len(strings.TrimLeft(text, "0123456789")); {
		case text == "" || text == ">":
			continue
		case strings.HasPrefix(text, "#"):
			one.heading = strings.IndexByte(text, ' ')
			text = text[one.heading+1:]
		case strings.HasPrefix(text, "- "):
			one.mark, text = "\x95", text[2:] // a bullet
		case strings.HasPrefix(text, "> "):
			one.quote, text = true, text[2:]
		case digits > 0 && strings.HasPrefix(text[digits:], ". "):
			one.mark, text = text[:digits+1], text[digits+2:]
		}
		one.runs = runs(text)
		all = append(all, one)
	}
	return all
}

// runs takes the escapes away and tells code from text.
func runs(text string) []run {
	var all []run
	var current strings.Builder
	code := false
	end := func() {
		if current.Len() > 0 {
			all = append(all, run{current.String(), code})
		}
		current.Reset()
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '`':
			end()
			code = !code
		case c == '\\' && !code && i+1 < len(text):
			i++
			current.WriteByte(text[i])
		default:
			current.WriteByte(c)
		}
	}
	end()
	return all
}

func (b *block) print(file *fpdf.Fpdf) {
	style, size, left := "", body, margin
	switch {
	case b.heading > 0:
		style, size = "B", []float64{16, 12.5, 11}[min(b.heading, 3)-1]
		file.Ln(float64(4-min(b.heading, 3)) + 1)
		if file.GetY() > 297-margin-4*line {
			file.AddPage() // no heading alone at the foot of a page
		}
	case b.mark != "":
		left += indent
		file.SetX(margin + 2)
		file.SetFont("Times", "", body)
		file.CellFormat(indent-2, line, b.mark, "", 0, "L", false, 0, "")
	case b.quote:
		style, left = "I", left+indent
	}
	file.SetLeftMargin(left)
	file.SetX(left)
	for _, one := range b.runs {
		if one.code {
			file.SetFont("Courier", "", size-2)
		} else {
			file.SetFont("Times", style, size)
		}
		file.Write(line*size/body, one.text)
	}
	file.SetLeftMargin(margin)
	file.Ln(line*size/body + 1.6)
}
