package pdf

import (
	"fmt"
	"sync"
	"unicode"

	"github.com/go-fonts/dejavu/dejavusansmono"
	"github.com/go-fonts/dejavu/dejavuserif"
	"github.com/go-fonts/dejavu/dejavuserifbold"
	"github.com/go-fonts/dejavu/dejavuserifitalic"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/bidi"
)

// The fonts are DejaVu's: they have every letter of the languages that are written in
// the Latin (Vietnamese too), Cyrillic, Greek, Armenian and Georgian scripts. Only the
// letters that a text uses go into its file.
const (
	serif = "serif"
	mono  = "mono"
)

// font is one face as the file knows it.
type font struct {
	family, style string
	bytes         []byte
}

var fonts = []font{
	{serif, "", dejavuserif.TTF}, {serif, "B", dejavuserifbold.TTF}, {serif, "I", dejavuserifitalic.TTF}, {mono, "", dejavusansmono.TTF},
}

// LetterError names a character that the pages could not show as it is written.
type LetterError struct{ Letter rune }

func (e *LetterError) Error() string {
	return fmt.Sprintf("the fonts of the PDF cannot show %q (%U)", e.Letter, e.Letter)
}

// parsed are the fonts by family and style.
var parsed = sync.OnceValues(func() (map[string]*sfnt.Font, error) {
	all := map[string]*sfnt.Font{}
	for _, one := range fonts {
		face, err := sfnt.Parse(one.bytes)
		if err != nil {
			return nil, fmt.Errorf("font %s %s: %w", one.family, one.style, err)
		}
		all[one.family+one.style] = face
	}
	return all, nil
})

// check returns a LetterError for the first character of the text that the font
// cannot show. No page has a box or a gap where the text has a letter.
func check(family, style, text string) error {
	all, err := parsed()
	if err != nil {
		return err
	}
	var buffer sfnt.Buffer
	for _, r := range text {
		if !plain(r) {
			return &LetterError{r}
		}
		if glyph, err := all[family+style].GlyphIndex(&buffer, r); err != nil || glyph == 0 {
			return &LetterError{r}
		}
	}
	return nil
}

// plain reports whether a character stands on a line by itself, one after the other
// from the left: the pages are set without shaping. What joins, what goes from the
// right and what cannot be seen would be shown as something else, whatever glyph a
// font has for it. Nor does the layout know characters beyond the basic plane.
func plain(r rune) bool {
	if r > 0xffff || r == unicode.ReplacementChar || !unicode.IsGraphic(r) || unicode.Is(unicode.M, r) {
		return false
	}
	properties, _ := bidi.LookupRune(r)
	switch properties.Class() {
	case bidi.R, bidi.AL, bidi.AN:
		return false
	}
	return true
}
