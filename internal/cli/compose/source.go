package compose

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// Error says what is wrong with a source. Code is stable and Place is a JSON
// pointer (RFC 6901); Line and Column count from 1 and are 0 where the fault has
// none.
type Error struct {
	Code   string
	Place  string
	Line   int
	Column int
}

func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s: at %s", e.Line, e.Column, e.Code, e.Place)
}

// MaxSource bounds what is read: a document has at most 128 KiB, and comments
// are welcome.
const MaxSource = 1 << 20

// tree is a source as plain JSON values, with where every place stands.
type tree struct {
	value any
	at    map[string]position
}

type position struct{ line, column int }

// parse reads one YAML document or one JSON object. It refuses what makes one text
// mean two things: duplicate keys, anchors and aliases, merge keys, tags, a second
// document, a byte order mark, and characters that are no text.
func parse(source []byte) (*tree, error) {
	if len(source) > MaxSource {
		return nil, &Error{Code: "source_too_large", Place: "/"}
	}
	if err := checkText(source); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(bytes.TrimLeft(source, " \t\r\n"), []byte("{")) {
		return parseJSON(source)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	var root yaml.Node
	if err := decoder.Decode(&root); err != nil {
		return nil, &Error{Code: "source_not_yaml", Place: "/", Line: lineOf(err)}
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, &Error{Code: "source_has_two_documents", Place: "/"}
	}
	t := &tree{at: map[string]position{}}
	value, err := t.read(root.Content[0], "", 0)
	if err != nil {
		return nil, err
	}
	t.value = value
	return t, nil
}

// checkText refuses bytes that parsers read differently: UTF-16, a byte order
// mark, and controls other than a tab and the end of a line.
func checkText(source []byte) error {
	line, column := 1, 1
	for rest := source; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		code := ""
		switch {
		case r == '\ufeff', len(rest) == len(source) && (bytes.HasPrefix(source, []byte{0xff, 0xfe}) || bytes.HasPrefix(source, []byte{0xfe, 0xff})):
			code = "source_has_bom"
		case r == utf8.RuneError && size == 1, unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t':
			code = "source_not_text"
		}
		if code != "" {
			return &Error{Code: code, Place: "/", Line: line, Column: column}
		}
		if column++; r == '\n' {
			line, column = line+1, 1
		}
		rest = rest[size:]
	}
	return nil
}

// lineOf finds the line in the parser's own words ("yaml: line 3: …").
func lineOf(err error) int {
	_, rest, found := strings.Cut(err.Error(), "line ")
	if !found {
		return 0
	}
	digits, _, _ := strings.Cut(rest, ":")
	line, _ := strconv.Atoi(digits)
	return line
}

func (t *tree) read(n *yaml.Node, place string, depth int) (any, error) {
	t.at[place] = position{n.Line, n.Column}
	refuse := func(code string) error {
		return &Error{Code: code, Place: shown(place), Line: n.Line, Column: n.Column}
	}
	if depth > canonical.MaxDepth {
		return nil, refuse("source_too_deep")
	}
	if n.Anchor != "" || n.Kind == yaml.AliasNode {
		return nil, refuse("source_has_alias")
	}
	if n.Style&yaml.TaggedStyle != 0 {
		return nil, refuse("source_has_tag")
	}
	switch n.Kind {
	case yaml.MappingNode:
		return t.readMapping(n, place, depth)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for i, child := range n.Content {
			value, err := t.read(child, place+"/"+strconv.Itoa(i), depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case yaml.ScalarNode:
		value, ok := scalar(n, place)
		if !ok {
			return nil, refuse("source_scalar_unknown")
		}
		return value, nil
	}
	return nil, refuse("source_not_yaml")
}

func (t *tree) readMapping(n *yaml.Node, place string, depth int) (any, error) {
	object := make(map[string]any, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		at := place + "/" + pointerEscape.Replace(key.Value)
		if key.Kind != yaml.ScalarNode || key.Tag != "!!str" || key.Anchor != "" {
			return nil, &Error{Code: "source_key_not_text", Place: shown(place), Line: key.Line, Column: key.Column}
		}
		if _, twice := object[key.Value]; twice {
			return nil, &Error{Code: "source_key_twice", Place: at, Line: key.Line, Column: key.Column}
		}
		value, err := t.read(n.Content[i+1], at, depth+1)
		if err != nil {
			return nil, err
		}
		t.at[at] = position{key.Line, key.Column}
		object[key.Value] = value
	}
	return object, nil
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

func shown(place string) string {
	if place == "" {
		return "/"
	}
	return place
}

var (
	momentPlace = regexp.MustCompile(`^/(expires|signBy|review/first|entryIntoForce/notBefore|parties/[0-9]+/authority/until|restriction(Floor|Default)/(notBefore|expires|embargo|reviewBy)/0)$`)
	numberTerm  = regexp.MustCompile(`^/restriction(Floor|Default)/[A-Za-z]+/0$`)
)

// scalar keeps texts as they are, and writes a moment, where a clause asks for one,
// in the one spelling that is signed: 2027-12-31 may be written without a time of
// day. A number has one spelling too: what one reader takes for octal another does
// not.
func scalar(n *yaml.Node, place string) (any, bool) {
	switch n.ShortTag() {
	case "!!str":
		if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			return strings.TrimRight(n.Value, "\n"), true // YAML's own end of a block
		}
		return n.Value, true
	case "!!int":
		number, err := strconv.ParseInt(n.Value, 10, 53)
		if err != nil || strconv.FormatInt(number, 10) != n.Value {
			return nil, false
		}
		if numberTerm.MatchString(place) {
			return n.Value, true // a term of a restriction is a text
		}
		return number, true
	case "!!bool":
		return n.Value == "true", n.Value == "true" || n.Value == "false"
	case "!!timestamp":
		if !momentPlace.MatchString(place) {
			return n.Value, true
		}
		var at time.Time
		if err := n.Decode(&at); err != nil || !at.Equal(at.Truncate(time.Second)) {
			return nil, false
		}
		return canonical.At(at).String(), true
	}
	return nil, false
}

// refuse is the error at a place, with where the source has it.
func (t *tree) refuse(code, place string) error {
	at := t.position(place)
	return &Error{Code: code, Place: shown(place), Line: at.line, Column: at.column}
}

// position returns where the place stands, or the nearest place around it.
func (t *tree) position(place string) position {
	for place != "" && place != "/" {
		if at, known := t.at[place]; known {
			return at
		}
		place = place[:strings.LastIndexByte(place, '/')]
	}
	return t.at[""]
}
