package draft

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/message"
)

// Binder fills typed fields from a tree and collects problems of shape. What is
// required, and which values are allowed, is for the kind's own validation.
type Binder struct{ problems item.Problems }

// Into takes one node at a path.
type Into func(n *Node, path string)

// Problems returns what was found, nil if nothing was.
func (b *Binder) Problems() item.Problems { return b.problems }

// Refuse records a problem at the node.
func (b *Binder) Refuse(n *Node, path, code string, params message.Params) {
	b.problems = append(b.problems, item.Problem{Path: path, Line: n.Line, Column: n.Column, Code: code, Params: params})
}

// Object takes a mapping with the given fields and no other. The problem of an
// unknown field is placed at its parent's path: its name is not repeated, the
// names that are accepted are.
func (b *Binder) Object(fields map[string]Into) Into {
	return func(n *Node, path string) {
		if !b.shaped(n, path, Mapping) {
			return
		}
		for _, field := range n.Fields {
			into, known := fields[field.Name]
			if !known {
				b.Refuse(&Node{Line: field.Line, Column: field.Column}, path, "unknown_field", message.Params{"Fields": names(fields)})
				continue
			}
			into(field.Value, item.Pointer(path, field.Name))
		}
	}
}

func names(fields map[string]Into) string {
	list := make([]string, 0, len(fields))
	for name := range fields {
		list = append(list, name)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// Map takes a mapping whose field names are values themselves, such as
// languages; allowed says which. An unknown name is refused like an unknown field.
func (b *Binder) Map(allowed []string, each func(name string) Into) Into {
	return func(n *Node, path string) {
		if !b.shaped(n, path, Mapping) {
			return
		}
		for _, field := range n.Fields {
			if !slices.Contains(allowed, field.Name) {
				b.Refuse(&Node{Line: field.Line, Column: field.Column}, path, "unknown_field", message.Params{"Fields": strings.Join(allowed, ", ")})
				continue
			}
			each(field.Name)(field.Value, item.Pointer(path, field.Name))
		}
	}
}

// List takes a sequence of at most limit items.
func (b *Binder) List(limit int, each Into) Into {
	return func(n *Node, path string) {
		if !b.shaped(n, path, Sequence) {
			return
		}
		if len(n.Items) > limit {
			b.Refuse(n, path, "too_many", message.Params{"Limit": limit})
			return
		}
		for i, child := range n.Items {
			each(child, item.Pointer(path, strconv.Itoa(i)))
		}
	}
}

// String takes text, without white space around it.
func (b *Binder) String(target *string) Into {
	return func(n *Node, path string) {
		if !b.shaped(n, path, Scalar) {
			return
		}
		if n.Form != Text && n.Form != Plain {
			b.Refuse(n, path, "not_text", nil)
			return
		}
		*target = strings.TrimSpace(n.Value)
	}
}

var integer = regexp.MustCompile(`^(?:0|[1-9][0-9]{0,8})$`)

// Int takes a whole number from 0 to 999 999 999, not in quotes.
func (b *Binder) Int(target *int) Into {
	return func(n *Node, path string) {
		if !b.shaped(n, path, Scalar) {
			return
		}
		if n.Form != Number && n.Form != Plain || !integer.MatchString(n.Value) {
			b.Refuse(n, path, "not_number", nil)
			return
		}
		*target, _ = strconv.Atoi(n.Value)
	}
}

func (b *Binder) shaped(n *Node, path string, want Shape) bool {
	if n.Shape == want {
		return true
	}
	b.Refuse(n, path, [...]string{"not_text", "not_fields", "not_list"}[want], nil)
	return false
}
