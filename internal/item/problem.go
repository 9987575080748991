package item

import (
	"fmt"
	"strings"

	"github.com/concordat-hub/concordat/internal/message"
)

// Problem is one reason why a draft is refused or cannot be released yet. It
// names a place and a rule and never the text found there: a draft may hold
// what must not be repeated into a log, a reply or a terminal.
type Problem struct {
	Path   string         // RFC 6901 pointer to the place, or to the nearest known parent
	Line   int            // 1-based line of the draft, 0 when unknown
	Column int            // 1-based column, 0 when unknown
	Code   string         // snake_case, stable; a sentence of the catalogue's area "kind"
	Params message.Params // only words of the schema, limits and counts
}

// Message is the sentence for a person.
func (p Problem) Message() message.Message { return message.New("kind_"+p.Code, p.Params) }

// String is the place and code, for operators.
func (p Problem) String() string {
	place := p.Path
	if place == "" {
		place = "/"
	}
	if p.Line > 0 {
		place = fmt.Sprintf("line %d, column %d, %s", p.Line, p.Column, place)
	}
	return place + ": " + p.Code
}

// Problems is the error of a refused draft.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, 0, len(p))
	for _, problem := range p {
		lines = append(lines, problem.String())
	}
	return strings.Join(lines, "; ")
}

// Pointer appends reference tokens to an RFC 6901 pointer, escaping them.
func Pointer(parent string, tokens ...string) string {
	var b strings.Builder
	b.WriteString(parent)
	for _, token := range tokens {
		b.WriteByte('/')
		b.WriteString(pointerEscape.Replace(token))
	}
	return b.String()
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")
