package draft

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/concordat-hub/concordat/internal/message"
)

// parseYAML builds the tree of one YAML 1.2 document. It reads the parser's node
// tree and never lets the library expand an alias or resolve a type.
func parseYAML(text []byte) (root *Node, err error) {
	defer func() {
		if recover() != nil { // the parser panics on some broken input
			root, err = nil, refuse("malformed", 0, 0, nil)
		}
	}()
	// The parser recurses: refuse deep flow nesting before it does.
	if line := deepFlow(text); line > 0 {
		return nil, refuse("too_deep", line, 1, message.Params{"Limit": MaxDepth})
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, refuse("empty", 1, 1, nil)
	case err != nil:
		return nil, refuse("malformed", errorLine(err), 0, nil)
	}
	var next yaml.Node
	switch err := decoder.Decode(&next); {
	case err == nil:
		return nil, refuse("several_documents", next.Line, next.Column, nil)
	case !errors.Is(err, io.EOF):
		return nil, refuse("malformed", errorLine(err), 0, nil)
	}
	if len(document.Content) != 1 {
		return nil, refuse("malformed", document.Line, document.Column, nil)
	}
	return fromYAML(document.Content[0], 1)
}

// deepFlow returns the line at which brackets first nest beyond MaxDepth, or 0.
// It also counts brackets inside texts that close later; a sentence with 64 open
// brackets is no loss.
func deepFlow(text []byte) int {
	depth, line := 0, 1
	for _, c := range text {
		switch c {
		case '\n':
			line++
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(0, depth-1)
		}
		if depth > MaxDepth {
			return line
		}
	}
	return 0
}

// The library's errors name anchors and keys; only their line is used.
var yamlLine = regexp.MustCompile(`line (\d+)`)

func errorLine(err error) int {
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ := strconv.Atoi(m[1])
		return line
	}
	return 0
}

func fromYAML(n *yaml.Node, depth int) (*Node, error) {
	switch {
	case depth > MaxDepth:
		return nil, refuse("too_deep", n.Line, n.Column, message.Params{"Limit": MaxDepth})
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return nil, refuse("alias", n.Line, n.Column, nil)
	case n.Style&yaml.TaggedStyle != 0:
		return nil, refuse("tag", n.Line, n.Column, nil)
	}
	node := &Node{Line: n.Line, Column: n.Column}
	switch n.Kind {
	case yaml.ScalarNode:
		node.Value = n.Value
		switch {
		case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0:
			node.Form = Text
		case n.Tag == "!!null":
			node.Form = Nothing
		default:
			node.Form = Plain
		}
		return node, nil
	case yaml.SequenceNode:
		node.Shape = Sequence
		for _, child := range n.Content {
			value, err := fromYAML(child, depth+1)
			if err != nil {
				return nil, err
			}
			node.Items = append(node.Items, value)
		}
		return node, nil
	case yaml.MappingNode:
		node.Shape = Mapping
		return node, yamlFields(node, n, depth)
	}
	return nil, refuse("malformed", n.Line, n.Column, nil)
}

func yamlFields(node *Node, n *yaml.Node, depth int) error {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, child := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind == yaml.AliasNode || key.Anchor != "":
			return refuse("alias", key.Line, key.Column, nil)
		case key.Kind != yaml.ScalarNode || key.Style&yaml.TaggedStyle != 0:
			return refuse("malformed", key.Line, key.Column, nil)
		case seen[key.Value]:
			return refuse("duplicate_field", key.Line, key.Column, nil)
		}
		seen[key.Value] = true
		value, err := fromYAML(child, depth+1)
		if err != nil {
			return err
		}
		node.Fields = append(node.Fields, Field{Name: key.Value, Value: value, Line: key.Line, Column: key.Column})
	}
	return nil
}
