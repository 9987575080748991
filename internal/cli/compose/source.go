package compose

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// Error says what is wrong with a source. Code is stable and Place is a JSON
// pointer (RFC 6901); Line is 0 where the fault has none.
type Error struct {
	Code  string
	Place string
	Line  int
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s: at %s", e.Line, e.Code, e.Place) }

// MaxSource bounds what is read: a document has at most 128 KiB, and comments
// are welcome.
const MaxSource = 1 << 20

// tree is a YAML document as plain JSON values, with the line of every place.
type tree struct {
	value any
	lines map[string]int
}

// parse reads one YAML document. It refuses what makes one text mean two things:
// duplicate keys, anchors and aliases, merge keys, custom tags, a second
// document.
func parse(source []byte) (*tree, error) {
	if len(source) > MaxSource {
		return nil, &Error{Code: "source_too_large", Place: "/"}
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(source)))
	var root yaml.Node
	if err := decoder.Decode(&root); err != nil {
		return nil, &Error{Code: "source_not_yaml", Place: "/", Line: lineOf(err)}
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, &Error{Code: "source_has_two_documents", Place: "/"}
	}
	t := &tree{lines: map[string]int{}}
	value, err := t.read(root.Content[0], "", 0)
	if err != nil {
		return nil, err
	}
	t.value = value
	return t, nil
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
	t.lines[place] = n.Line
	refuse := func(code string) error { return &Error{Code: code, Place: shown(place), Line: n.Line} }
	if depth > canonical.MaxDepth {
		return nil, refuse("source_too_deep")
	}
	if n.Anchor != "" || n.Kind == yaml.AliasNode {
		return nil, refuse("source_has_alias")
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
		value, ok := scalar(n)
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
		if key.Kind != yaml.ScalarNode || key.Tag != "!!str" {
			return nil, &Error{Code: "source_key_not_text", Place: shown(place), Line: key.Line}
		}
		if _, twice := object[key.Value]; twice {
			return nil, &Error{Code: "source_key_twice", Place: at, Line: key.Line}
		}
		value, err := t.read(n.Content[i+1], at, depth+1)
		if err != nil {
			return nil, err
		}
		t.lines[at] = key.Line
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

// scalar keeps texts as they are and writes moments in the one spelling that is
// signed, so that 2027-12-31 may be written without a time of day.
func scalar(n *yaml.Node) (any, bool) {
	switch n.ShortTag() {
	case "!!str":
		return n.Value, true
	case "!!int":
		number, err := strconv.ParseInt(n.Value, 10, 53)
		return number, err == nil
	case "!!bool":
		return n.Value == "true", n.Value == "true" || n.Value == "false"
	case "!!timestamp":
		var at time.Time
		if err := n.Decode(&at); err != nil {
			return nil, false
		}
		return canonical.At(at).String(), true
	}
	return nil, false
}

// line returns the line of the place, or of the nearest place around it.
func (t *tree) line(place string) int {
	for place != "" && place != "/" {
		if line, known := t.lines[place]; known {
			return line
		}
		place = place[:strings.LastIndexByte(place, '/')]
	}
	return t.lines[""]
}
