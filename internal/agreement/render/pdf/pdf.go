// Package pdf lays the Markdown of package render out on A4 pages.
//
// It reads exactly the Markdown that render writes: headings, paragraphs, lists,
// quotes, escaped punctuation and code spans. The same text gives the same bytes:
// nothing in the file depends on the day, the machine or chance. The fonts are in the
// file, so that it is read alike everywhere and in fifty years. A text with a character
// that they cannot show as it is written, a script that joins its letters or goes from
// the right above all, is refused rather than printed with a hole: the Markdown text
// has it, and that is what the digest is of.
//
// Only the command line imports it.
package pdf

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/text/unicode/norm"
)

// fixed is the day that every file carries: a text that is rendered again is the
// same file.
var fixed = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Sizes in points and millimetres.
const (
	margin   = 22.0
	body     = 10.0
	line     = 5.2
	indent   = 7.0
	footSize = 6.5
)

// Make returns the file. The title is only in what the file says of itself. The footer
// stands on every page beside its number: the digest of the text, so that paper can be
// compared with what is signed. Error: LetterError.
func Make(markdown []byte, title, footer string) ([]byte, error) {
	s := &sheet{blocks: blocks(string(markdown)), title: title, footer: norm.NFC.String(footer)}
	if err := s.check(); err != nil {
		return nil, err
	}
	// Every footer says how many pages there are: they are set once to be counted.
	pages := s.set(0).PageCount()
	var out bytes.Buffer
	if err := s.set(pages).Output(&out); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	return out.Bytes(), nil
}

// sheet is a text on its way to pages.
type sheet struct {
	blocks        []block
	title, footer string
}

func (s *sheet) check() error {
	if err := check(mono, "", s.footer); err != nil {
		return err
	}
	for i := range s.blocks {
		one := &s.blocks[i]
		if err := check(serif, "", one.mark); err != nil {
			return err
		}
		for n := range one.runs {
			family, style := one.runs[n].font(one)
			if err := check(family, style, one.runs[n].text); err != nil {
				return err
			}
		}
	}
	return nil
}

// set lays everything out, with this many pages in the footers.
func (s *sheet) set(pages int) *fpdf.Fpdf {
	file := fpdf.New("P", "mm", "A4", "")
	for _, one := range fonts {
		file.AddUTF8FontFromBytes(one.family, one.style, one.bytes)
	}
	file.SetCatalogSort(true)
	file.SetCompression(false)
	file.SetCreationDate(fixed)
	file.SetModificationDate(fixed)
	file.SetProducer("concordat", false)
	file.SetTitle(s.title, true)
	file.SetMargins(margin, margin, margin)
	file.SetAutoPageBreak(true, margin)
	file.SetFooterFunc(func() {
		file.SetY(-margin + line)
		file.SetLeftMargin(margin)
		file.SetX(margin)
		file.SetFont(mono, "", footSize)
		file.CellFormat(0, line, s.footer, "", 0, "L", false, 0, "")
		file.SetX(margin)
		file.CellFormat(0, line, fmt.Sprintf("%d/%d", file.PageNo(), pages), "", 0, "R", false, 0, "")
	})
	file.AddPage()
	for i := range s.blocks {
		s.blocks[i].print(file)
	}
	return file
}

// block is one heading, paragraph, item of a list or quote.
type block struct {
	heading int    // 1 to 3, or 0
	mark    string // what stands before an item of a list
	quote   bool
	runs    []run
}

// run is text in one font. Its characters are composed (Unicode, NFC): a letter and its
// accents are one.
type run struct {
	text string
	code bool
}

// font is the one that shows the run in its block. Code that the narrow font cannot
// show is set as text: what it says comes before how it looks.
func (r *run) font(in *block) (family, style string) {
	if r.code && check(mono, "", r.text) == nil {
		return mono, ""
	}
	switch {
	case in.heading > 0:
		return serif, "B"
	case in.quote:
		return serif, "I"
	}
	return serif, ""
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
			one.mark, text = "•", text[2:]
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
			// Not before: there are characters that become a backtick.
			all = append(all, run{norm.NFC.String(current.String()), code})
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
	size, left := body, margin
	switch {
	case b.heading > 0:
		size = []float64{15, 11.5, 10}[min(b.heading, 3)-1]
		file.Ln(float64(4-min(b.heading, 3)) + 1)
		if file.GetY() > 297-margin-4*line {
			file.AddPage() // no heading alone at the foot of a page
		}
	case b.mark != "":
		left += indent
		file.SetX(margin + 2)
		file.SetFont(serif, "", body)
		file.CellFormat(indent-2, line, b.mark, "", 0, "L", false, 0, "")
	case b.quote:
		left += indent
	}
	file.SetLeftMargin(left)
	file.SetX(left)
	for i := range b.runs {
		family, style := b.runs[i].font(b)
		if family == mono {
			file.SetFont(family, style, size-1.5)
		} else {
			file.SetFont(family, style, size)
		}
		file.Write(line*size/body, b.runs[i].text)
	}
	file.SetLeftMargin(margin)
	file.Ln(line*size/body + 1.6)
}
