package draft

import (
	"bytes"
	"errors"
	"io"

	"github.com/concordat-hub/concordat/internal/message"
	"github.com/go-json-experiment/json/jsontext"
)

// jsonReader builds the tree of a JSON text. jsontext is strict by default:
// duplicate names, invalid UTF-8 and lone surrogates are errors.
type jsonReader struct {
	text    []byte
	decoder *jsontext.Decoder
	counted int // offset up to which lines were counted
	line    int
	start   int // offset at which that line begins
}

func parseJSON(text []byte) (*Node, error) {
	r := &jsonReader{text: text, decoder: jsontext.NewDecoder(bytes.NewReader(text)), line: 1}
	root, err := r.value(1)
	if err != nil {
		return nil, err
	}
	if _, err := r.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		line, column := r.next()
		return nil, refuse("several_documents", line, column, nil)
	}
	return root, nil
}

func (r *jsonReader) value(depth int) (*Node, error) {
	line, column := r.next()
	if depth > MaxDepth {
		return nil, refuse("too_deep", line, column, message.Params{"Limit": MaxDepth})
	}
	token, err := r.decoder.ReadToken()
	if err != nil {
		return nil, r.refuse(err, line, column)
	}
	node := &Node{Line: line, Column: column}
	switch token.Kind() {
	case '{':
		node.Shape = Mapping
		return node, r.fields(node, depth)
	case '[':
		node.Shape = Sequence
		return node, r.items(node, depth)
	case '"':
		node.Form, node.Value = Text, token.String()
	case '0':
		node.Form, node.Value = Number, token.String()
	case 't', 'f':
		node.Form = Truth
	case 'n':
		node.Form = Nothing
	}
	return node, nil
}

func (r *jsonReader) fields(node *Node, depth int) error {
	for r.decoder.PeekKind() != '}' {
		line, column := r.next()
		name, err := r.decoder.ReadToken()
		if err != nil {
			return r.refuse(err, line, column)
		}
		field := Field{Name: name.String(), Line: line, Column: column}
		if field.Value, err = r.value(depth + 1); err != nil {
			return err
		}
		node.Fields = append(node.Fields, field)
	}
	_, err := r.decoder.ReadToken()
	return err
}

func (r *jsonReader) items(node *Node, depth int) error {
	for r.decoder.PeekKind() != ']' {
		value, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		node.Items = append(node.Items, value)
	}
	_, err := r.decoder.ReadToken()
	return err
}

// refuse drops the decoder's words, which may quote the text.
func (r *jsonReader) refuse(err error, line, column int) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return refuse("duplicate_field", line, column, nil)
	}
	return refuse("malformed", line, column, nil)
}

// next is the place of the token that will be read next.
func (r *jsonReader) next() (line, column int) {
	offset := int(r.decoder.InputOffset())
	for offset < len(r.text) && bytes.IndexByte([]byte(" \t\r\n,:"), r.text[offset]) >= 0 {
		offset++
	}
	for ; r.counted < offset; r.counted++ {
		if r.text[r.counted] == '\n' {
			r.line, r.start = r.line+1, r.counted+1
		}
	}
	_, column = place(r.text[r.start:], offset-r.start)
	return r.line, column
}
