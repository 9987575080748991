package compose

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// parseJSON reads a source that begins like a JSON object, by the rules of JSON
// alone: what looks like JSON is never read as something else.
func parseJSON(source []byte) (*tree, error) {
	r := &jsonReader{source: source, decoder: jsontext.NewDecoder(bytes.NewReader(source)), tree: &tree{at: map[string]position{}}}
	value, err := r.value("", 0)
	if err != nil {
		return nil, err
	}
	if _, err := r.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, r.refuse("source_has_two_documents", "")
	}
	r.tree.value = value
	return r.tree, nil
}

type jsonReader struct {
	source  []byte
	decoder *jsontext.Decoder
	tree    *tree
}

// here is where the decoder stands: at the end of what it read last.
func (r *jsonReader) here() position {
	read := r.source[:r.decoder.InputOffset()]
	return position{bytes.Count(read, []byte("\n")) + 1, len(read) - bytes.LastIndexByte(read, '\n')}
}

func (r *jsonReader) refuse(code, place string) error {
	at := r.here()
	return &Error{Code: code, Place: shown(place), Line: at.line, Column: at.column}
}

// malformed tells a member that is given twice from what is no JSON.
func (r *jsonReader) malformed(err error, place string) error {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		place = string(syntactic.JSONPointer)
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return r.refuse("source_key_twice", place)
	}
	return r.refuse("source_not_json", place)
}

func (r *jsonReader) value(place string, depth int) (any, error) {
	if depth > canonical.MaxDepth {
		return nil, r.refuse("source_too_deep", place)
	}
	token, err := r.decoder.ReadToken()
	if err != nil {
		return nil, r.malformed(err, place)
	}
	if _, known := r.tree.at[place]; !known {
		r.tree.at[place] = r.here()
	}
	switch token.Kind() {
	case '{':
		return r.object(place, depth)
	case '[':
		list := []any{}
		for r.decoder.PeekKind() != ']' {
			value, err := r.value(place+"/"+strconv.Itoa(len(list)), depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		if _, err := r.decoder.ReadToken(); err != nil {
			return nil, r.malformed(err, place)
		}
		return list, nil
	case '"':
		return token.String(), nil
	case 't', 'f':
		return token.Bool(), nil
	case '0':
		number, err := strconv.ParseInt(token.String(), 10, 53)
		if err == nil {
			return number, nil
		}
	}
	return nil, r.refuse("source_scalar_unknown", place)
}

func (r *jsonReader) object(place string, depth int) (any, error) {
	object := map[string]any{}
	for r.decoder.PeekKind() != '}' {
		name, err := r.decoder.ReadToken()
		if err != nil {
			return nil, r.malformed(err, place)
		}
		key := name.String()
		at := place + "/" + pointerEscape.Replace(key)
		r.tree.at[at] = r.here()
		if object[key], err = r.value(at, depth+1); err != nil {
			return nil, err
		}
	}
	if _, err := r.decoder.ReadToken(); err != nil {
		return nil, r.malformed(err, place)
	}
	return object, nil
}
