package restriction

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// MaxExpression bounds an expression, in bytes.
const MaxExpression = 64 << 10

// ParseError says what is wrong with an expression. Code is stable. Column counts
// bytes from 1, at the word or term at fault; the expression is never repeated.
// Axis is "" where the fault is of none.
type ParseError struct {
	Code   string // expression_malformed, expression_too_long, expression_axis_twice, restriction_*, preset_*
	Column int
	Axis   Axis
}

func (e *ParseError) Error() string { return fmt.Sprintf("%s: at column %d", e.Code, e.Column) }

// Parse reads restrictions as they are typed on a command line: words between
// spaces, each either an axis with its terms or a handling code.
//
//	judicialUse=consent purposes=detection,training expires=2027-01-01T00:00:00Z preset:TLP:AMBER
//
// Terms may come in any order; an axis or a term given twice is a mistake and is
// refused, and so is every unknown one. Handling codes are expanded and met with
// the rest, so that none of them loosens another. What leaves nothing is refused
// where it happens. The error is a *ParseError.
func Parse(expression string) (Set, error) {
	if len(expression) > MaxExpression {
		return nil, &ParseError{Code: "expression_too_long", Column: MaxExpression + 1}
	}
	for i := range len(expression) {
		if c := expression[i]; c < ' ' || c > '~' {
			return nil, &ParseError{Code: "expression_malformed", Column: i + 1}
		}
	}
	p := parser{typed: Set{}, presets: Set{}}
	for word := range words(expression) {
		if err := p.word(word); err != nil {
			return nil, err
		}
	}
	return p.finish()
}

// placed is a piece of an expression, and where it begins.
type placed struct {
	text   string
	column int
}

func words(expression string) func(func(placed) bool) {
	return func(yield func(placed) bool) {
		for from := 0; from < len(expression); {
			if expression[from] == ' ' {
				from++
				continue
			}
			length := strings.IndexByte(expression[from:], ' ')
			if length < 0 {
				length = len(expression) - from
			}
			if !yield(placed{expression[from : from+length], from + 1}) {
				return
			}
			from += length
		}
	}
}

type parser struct {
	typed      Set // axes that were typed themselves
	presets    Set // what the handling codes mean together
	needsTerms int // column of a code that means nothing by itself
}

const presetWord = "preset:"

func (p *parser) word(word placed) error {
	if name, ok := strings.CutPrefix(word.text, presetWord); ok {
		return p.preset(placed{name, word.column + len(presetWord)})
	}
	name, list, ok := strings.Cut(word.text, "=")
	if !ok {
		return &ParseError{Code: "expression_malformed", Column: word.column}
	}
	axis, known := axes[Axis(name)]
	if !known {
		return &ParseError{Code: "restriction_unknown", Column: word.column}
	}
	if _, twice := p.typed[name]; twice {
		return &ParseError{Code: "expression_axis_twice", Column: word.column, Axis: Axis(name)}
	}
	terms, err := readTerms(Axis(name), axis, placed{list, word.column + len(name) + 1})
	if err != nil {
		return err
	}
	p.typed[name] = terms
	return p.met(word.column)
}

func readTerms(name Axis, axis rule, list placed) ([]string, error) {
	var terms []string
	column := list.column
	for term := range strings.SplitSeq(list.text, ",") {
		fits := axis.valid([]string{term}) && (name != Recipients || slugForm.MatchString(term))
		if !fits || slices.Contains(terms, term) || len(terms) == maxList || !axis.valid(append(slices.Clone(terms), term)) {
			return nil, &ParseError{Code: "restriction_malformed", Column: column, Axis: name}
		}
		terms = append(terms, term)
		column += len(term) + 1
	}
	slices.Sort(terms)
	return terms, nil
}

func (p *parser) preset(name placed) error {
	meaning, err := Expand(name.text)
	var refused *PresetError
	switch {
	case errors.As(err, &refused) && refused.Code == "preset_needs_terms":
		p.needsTerms = name.column
		return nil
	case err != nil:
		return &ParseError{Code: "preset_unknown", Column: name.column}
	}
	p.presets = Meet(p.presets, meaning)
	return p.met(name.column)
}

// met refuses the word after which nothing is left on some axis.
func (p *parser) met(column int) error {
	met := Meet(p.typed, p.presets)
	for _, name := range slices.Sorted(maps.Keys(met)) {
		if len(met[name]) == 0 {
			return &ParseError{Code: "restriction_empty", Column: column, Axis: Axis(name)}
		}
	}
	return nil
}

func (p *parser) finish() (Set, error) {
	if p.needsTerms > 0 && len(p.typed) == 0 {
		return nil, &ParseError{Code: "preset_needs_terms", Column: p.needsTerms}
	}
	return Meet(p.typed, p.presets), nil
}

// String writes s as Parse reads it, axes in alphabetical order. Parse returns s
// again for every set that is valid when it is declared.
func (s Set) String() string {
	written := make([]string, 0, len(s))
	for _, name := range slices.Sorted(maps.Keys(s)) {
		written = append(written, name+"="+strings.Join(s[name], ","))
	}
	return strings.Join(written, " ")
}
