package screen

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// span is a half-open byte range of a view's folded text.
type span struct{ start, end int }

// view is a text as the rules see it, with the way back to the original. Rules
// never see the original: a digit in another script, a full-width letter or a
// Cyrillic look-alike would pass by every pattern.
type view struct {
	text string // folded
	// origins maps folded offsets to places of the original; sorted by folded.
	origins []origin
	runes   int      // length of the original in characters
	hidden  []hidden // what folding removed or replaced, as positions of the original
}

type origin struct {
	folded int // byte offset in text from which this origin holds
	rune   int // character offset in the original
	line   int // 1-based line of the original
}

type hidden struct {
	at   span // where it stood in the folded text; may be empty
	kind string
}

// Kinds of hidden text.
const (
	invisible = "invisible" // characters that are not seen
	control   = "control"   // control characters, invalid UTF-8, private use
	lookalike = "lookalike" // a word of Latin and look-alike letters
	script    = "script"    // a letter of a script that the guard cannot read
)

// fold normalises s to NFKC (UAX #15), turns look-alike letters into Latin
// (a small part of UTS #39), digits of every script into ASCII digits, and drops
// what is not seen. Each change that honest text never needs is also reported.
func fold(s string) *view {
	v := &view{}
	var b strings.Builder
	b.Grow(len(s))
	var iter norm.Iter
	iter.InitString(norm.NFKC, s)
	runes, line, from := 0, 1, 0
	for !iter.Done() {
		segment := iter.Next()
		v.origins = append(v.origins, origin{folded: b.Len(), rune: runes, line: line})
		v.foldSegment(&b, segment)
		original := s[from:iter.Pos()]
		runes += utf8.RuneCountInString(original)
		line += strings.Count(original, "\n")
		from = iter.Pos()
	}
	v.text, v.runes = b.String(), runes
	v.mixedScripts()
	return v
}

func (v *view) foldSegment(b *strings.Builder, segment []byte) {
	for len(segment) > 0 {
		r, size := utf8.DecodeRune(segment)
		broken := r == utf8.RuneError
		segment = segment[size:]
		start := b.Len()
		folded, kind := foldRune(r)
		if broken {
			folded, kind = " ", control
		}
		b.WriteString(folded)
		if kind != "" {
			v.hidden = append(v.hidden, hidden{span{start, b.Len()}, kind})
		}
	}
}

// foldRune returns what a rune becomes, and the kind of hidden text it is.
func foldRune(r rune) (string, string) {
	switch {
	case r == '\n' || r == '\t' || r >= ' ' && r < 0x7f:
		return string(r), ""
	case r == '\r':
		return " ", ""
	case r == '\u2028' || r == '\u2029':
		return "\n", invisible
	case isInvisible(r):
		return "", invisible
	case unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Cs, r):
		return " ", control
	case unicode.Is(unicode.M, r):
		// After NFKC no letter of the supported languages needs a loose mark:
		// what is left overlays or hides.
		return "", invisible
	case unicode.IsSpace(r):
		return " ", ""
	case unicode.Is(unicode.Nd, r):
		return string(rune('0' + digitValue(r))), script
	case unicode.Is(unicode.Pd, r) || r == '\u2212':
		return "-", ""
	}
	if plain, found := punctuation[r]; found {
		return plain, ""
	}
	if latin, found := confusables[r]; found {
		return string(latin), lookalike
	}
	if unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) && !unicode.Is(unicode.Common, r) {
		return string(r), script
	}
	return string(r), ""
}

func isInvisible(r rune) bool {
	switch r {
	case '\u034f', '\u115f', '\u1160', '\u17b4', '\u17b5', '\u2800', '\u3164', '\uffa0':
		return true
	}
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r)
}

// digitValue relies on Unicode's promise that decimal digits of a script are
// ten consecutive code points that begin with zero.
func digitValue(r rune) int {
	value := 0
	for value < 9 && unicode.Is(unicode.Nd, r-1) {
		r--
		value++
	}
	return value
}

// mixedScripts keeps of the look-alike letters only those that stand in a word
// with Latin letters, and calls the others a foreign script. Both are reported.
func (v *view) mixedScripts() {
	foreign := map[int]bool{}
	for _, h := range v.hidden {
		if h.kind == lookalike {
			foreign[h.at.start] = true
		}
	}
	for i, h := range v.hidden {
		if h.kind == lookalike && !v.latinNeighbour(h.at, foreign) {
			v.hidden[i].kind = script
		}
	}
}

func (v *view) latinNeighbour(at span, foreign map[int]bool) bool {
	for i := at.end; i < len(v.text); {
		r, size := utf8.DecodeRuneInString(v.text[i:])
		if !unicode.IsLetter(r) {
			break
		}
		if !foreign[i] && unicode.Is(unicode.Latin, r) {
			return true
		}
		i += size
	}
	for i := at.start; i > 0; {
		r, size := utf8.DecodeLastRuneInString(v.text[:i])
		if !unicode.IsLetter(r) {
			break
		}
		i -= size
		if !foreign[i] && unicode.Is(unicode.Latin, r) {
			return true
		}
	}
	return false
}

func (v *view) at(offset int) origin {
	i := sort.Search(len(v.origins), func(i int) bool { return v.origins[i].folded > offset }) - 1
	if i < 0 {
		return origin{line: 1}
	}
	return v.origins[i]
}

// line is the 1-based line of the original on which the span begins.
func (v *view) line(s span) int { return v.at(s.start).line }

// length is the span's length in characters of the original, at least 1.
func (v *view) length(s span) int {
	end := v.runes
	if i := sort.Search(len(v.origins), func(i int) bool { return v.origins[i].folded >= s.end }); i < len(v.origins) {
		end = v.origins[i].rune
	}
	return max(1, end-v.at(s.start).rune)
}

// match is the folded text of the span; it goes into the HMAC and nowhere else.
func (v *view) match(s span) string { return v.text[s.start:s.end] }
