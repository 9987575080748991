package draft

import (
	"bytes"
	"unicode/utf8"

	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/message"
)

// Limits of a draft. The longest sample has under 20 KiB and five levels.
const (
	MaxBytes = 256 << 10
	MaxDepth = 64
)

// Shape is the shape of a node.
type Shape int

const (
	// Scalar is one value.
	Scalar Shape = iota
	// Mapping has named fields.
	Mapping
	// Sequence has items in order.
	Sequence
)

// Form says how a scalar was written, as far as it matters for its type.
type Form int

const (
	// Text was written as a string, quoted or as a block.
	Text Form = iota
	// Plain is an unquoted YAML scalar: text, number or date as the field says.
	Plain
	// Number is a JSON number.
	Number
	// Nothing is null.
	Nothing
	// Truth is a JSON true or false.
	Truth
)

// Node is one value with its place.
type Node struct {
	Shape        Shape
	Form         Form    // of a Scalar
	Value        string  // of a Scalar
	Fields       []Field // of a Mapping, in order
	Items        []*Node // of a Sequence
	Line, Column int     // 1-based
}

// Field is one named value of a Mapping. Names are unique.
type Field struct {
	Name         string
	Value        *Node
	Line, Column int
}

// Parse reads one document. A draft whose first character is "{" is JSON, every
// other is YAML. The error is an item.Problems with one entry.
func Parse(draft []byte) (*Node, error) {
	switch {
	case len(draft) > MaxBytes:
		return nil, refuse("too_large", 0, 0, message.Params{"Limit": MaxBytes >> 10})
	case bytes.HasPrefix(draft, []byte("\xef\xbb\xbf")), bytes.HasPrefix(draft, []byte("\xff\xfe")), bytes.HasPrefix(draft, []byte("\xfe\xff")):
		return nil, refuse("byte_order_mark", 1, 1, nil)
	}
	if at := invalidUTF8(draft); at >= 0 {
		line, column := place(draft, at)
		return nil, refuse("not_utf8", line, column, nil)
	}
	parse := parseYAML
	if trimmed := bytes.TrimLeft(draft, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '{' {
		parse = parseJSON
	}
	root, err := parse(draft)
	if err != nil {
		return nil, err // not the part that was read before the fault
	}
	return root, nil
}

func refuse(code string, line, column int, params message.Params) error {
	return item.Problems{{Line: line, Column: column, Code: code, Params: params}}
}

func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// place turns a byte offset into 1-based line and column (in characters).
func place(b []byte, offset int) (line, column int) {
	offset = min(max(offset, 0), len(b))
	start := bytes.LastIndexByte(b[:offset], '\n') + 1
	return bytes.Count(b[:offset], []byte("\n")) + 1, utf8.RuneCount(b[start:offset]) + 1
}
