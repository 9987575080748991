package diff

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/canonical"
)

// leafID names a value in a way that two revisions share: a party by its agency
// and never by its number in the list.
type leafID struct{ pattern, key string }

type leaf struct {
	place string // JSON pointer in its own document
	terms []string
}

var ignored = map[string]bool{"/id": true, "/revision": true, "/supersedes": true, "/texts": true}

// leavesOf takes a document apart. It reads the canonical JSON, so that a member
// that is added to the schema is a place here too.
func leavesOf(d *agreement.Document) (map[leafID]leaf, error) {
	raw, err := canonical.Marshal(d)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	t := taker{out: map[leafID]leaf{}}
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		if !ignored["/"+name] {
			t.take("/"+name, "", "/"+name, tree[name])
		}
	}
	return t.out, nil
}

type taker struct{ out map[leafID]leaf }

func (t taker) put(pattern, key, place string, terms ...string) {
	t.out[leafID{pattern, key}] = leaf{place, terms}
}

// keyed are the lists and maps whose members have a name of their own.
var keyed = map[string]string{"/parties": "agency", "/commitments": "party"}

func (t taker) take(pattern, key, place string, v any) {
	switch v := v.(type) {
	case map[string]any:
		t.takeMap(pattern, key, place, v)
	case []any:
		t.takeList(pattern, key, place, v)
	case float64:
		t.put(pattern, key, place, strconv.FormatFloat(v, 'f', -1, 64))
	default:
		t.put(pattern, key, place, fmt.Sprint(v))
	}
}

func (t taker) takeMap(pattern, key, place string, v map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		at := place + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		switch pattern {
		case "/title", "/preamble", "/restrictionFloor", "/restrictionDefault":
			t.take(pattern+"/*", name, at, v[name])
		case "/wordings":
			if byPlace, ok := v[name].(map[string]any); ok {
				for member, text := range byPlace {
					t.put(pattern+"/*", name+" "+member, at, fmt.Sprint(text))
				}
			}
		default:
			t.take(pattern+"/"+name, key, at, v[name])
		}
	}
}

func (t taker) takeList(pattern, key, place string, v []any) {
	if by, named := keyed[pattern]; named {
		for i, one := range v {
			t.takeNamed(pattern+"/*", by, place+"/"+strconv.Itoa(i), one)
		}
		return
	}
	terms := make([]string, 0, len(v))
	for _, one := range v {
		terms = append(terms, term(pattern, one))
	}
	if pattern == "/disputes" {
		terms = []string{strings.Join(terms, "\n")} // their order counts
	}
	t.put(pattern, key, place, terms...)
}

// takeNamed takes a party or a commitment, whose own name is its key.
func (t taker) takeNamed(pattern, by, place string, v any) {
	one, ok := v.(map[string]any)
	if !ok {
		return
	}
	key := fmt.Sprint(one[by])
	if by == "agency" {
		t.put(pattern, key, place, key)
	}
	for _, name := range slices.Sorted(maps.Keys(one)) {
		if name != by {
			t.take(pattern+"/"+name, key, place+"/"+name, one[name])
		}
	}
}

// term writes a member of a list as one text: a legal basis as people cite it, a
// category with its facets.
func term(pattern string, v any) string {
	one, ok := v.(map[string]any)
	if !ok {
		return fmt.Sprint(v)
	}
	text := func(name string) string {
		if one[name] == nil {
			return ""
		}
		return fmt.Sprint(one[name])
	}
	if pattern == "/legalBasis" {
		parts := []string{text("instrument") + " " + text("article"), text("party"), text("domesticLaw")}
		return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
	}
	out := text("kind")
	facets, _ := one["facets"].(map[string]any)
	for _, facet := range slices.Sorted(maps.Keys(facets)) {
		var terms []string
		for _, one := range facets[facet].([]any) {
			terms = append(terms, fmt.Sprint(one))
		}
		out += " " + facet + "=" + strings.Join(terms, ",")
	}
	return out
}
