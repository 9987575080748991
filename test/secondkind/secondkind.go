// Package secondkind is a kind of item that exists for one test only: that a kind
// can be carried from draft to receipt without touching any package but its own.
package secondkind

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/item"
)

// Name is the kind's name in covers, acts and agreements.
const Name = "checklist-test"

// Kind reads checklists: {"title":"…","steps":["…"]}.
type Kind struct{}

// Name implements item.Kind.
func (Kind) Name() string { return Name }

// Decode implements item.Kind.
func (Kind) Decode(draft []byte) (item.Content, error) {
	var c checklist
	if err := json.Unmarshal(draft, &c, json.RejectUnknownMembers(true)); err != nil {
		return nil, item.Problems{{Code: "malformed"}}
	}
	return c, nil
}

type checklist struct {
	Title string   `json:"title"`
	Steps []string `json:"steps"`
}

func (c checklist) Canonical() []byte {
	b, err := canonical.Marshal(c)
	if err != nil {
		panic(err) // strings that were decoded from JSON have a canonical form
	}
	return b
}

func (c checklist) Cover() item.Cover {
	return item.Cover{
		Format: item.CoverFormat, Kind: Name, Title: map[string]string{"en": c.Title},
		Facets: map[string][]string{"length": {fmt.Sprint(len(c.Steps))}}, Languages: []string{"en"},
	}
}

func (c checklist) Validate() []item.Problem {
	if c.Title == "" || len(c.Steps) == 0 {
		return []item.Problem{{Path: "/steps", Code: "missing"}}
	}
	return nil
}

func (c checklist) Screen() []item.Text {
	texts := []item.Text{{Path: "/title", Lang: "en", Value: c.Title}}
	for i, step := range c.Steps {
		texts = append(texts, item.Text{Path: item.Pointer("/steps", fmt.Sprint(i)), Lang: "en", Value: step})
	}
	return texts
}

func (c checklist) Render(string) string {
	return c.Title + "\n- " + strings.Join(c.Steps, "\n- ") + "\n"
}
