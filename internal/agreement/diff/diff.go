// Package diff says in words what one revision of an agreement changes in another,
// and whether each change tightens or loosens what the parties may do.
//
// A change is a code with parameters, so that every reader has it in their own
// language; the sentence comes whole from the catalogue. Redline shows the same in
// the rendered text, for lawyers.
//
// The package is pure; it imports agreement, canonical, message and restriction.
package diff

import (
	"slices"
	"strconv"
	"strings"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// Direction says what a change does to what the parties may do.
type Direction string

// The directions of a change. Changes is said where neither is plain: nothing is
// called harmless that a person should look at.
const (
	Tightens Direction = "tightens"
	Loosens  Direction = "loosens"
	Changes  Direction = "changes"
)

// Change is one difference between two documents. Place is a JSON pointer into the
// later document, or into the earlier one for what is taken out.
type Change struct {
	Code      string            `json:"code"`
	Params    map[string]string `json:"params,omitempty"`
	Place     string            `json:"place"`
	Direction Direction         `json:"direction"`
}

// Message is the change as a sentence.
func (c Change) Message() message.Message {
	params := message.Params{}
	for name, value := range c.Params {
		params[name] = value
	}
	return message.New(c.Code, params)
}

// Compare returns what the later document changes, clause by clause. The number of
// the revision, what it supersedes and the digests of the texts are no changes:
// they differ between any two revisions.
func Compare(before, after *agreement.Document) ([]Change, error) {
	old, err := leavesOf(before)
	if err != nil {
		return nil, err
	}
	next, err := leavesOf(after)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, member := range members {
		for _, key := range keysOf(member.pattern, old, next) {
			was, had := old[leafID{member.pattern, key}]
			is, has := next[leafID{member.pattern, key}]
			if had && has && slices.Equal(was.terms, is.terms) {
				continue
			}
			changes = append(changes, member.compare(key, was, is, had, has)...)
		}
	}
	return changes, nil
}

func keysOf(pattern string, all ...map[leafID]leaf) []string {
	var keys []string
	for _, leaves := range all {
		for id := range leaves {
			if id.pattern == pattern {
				keys = append(keys, id.key)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (m member) compare(key string, was, is leaf, had, has bool) []Change {
	change := func(suffix string, direction Direction, before, after []string) Change {
		params := map[string]string{}
		if key != "" {
			params["Key"] = key
		}
		if m.kind == value || m.kind == list || m.kind == flag && suffix != "on" && suffix != "off" {
			params["Before"], params["After"] = strings.Join(before, m.separator()), strings.Join(after, m.separator())
		}
		place := is.place
		if place == "" {
			place = was.place
		}
		code := "agreementdiff" + strings.NewReplacer("/*", "", "/", "_").Replace(m.pattern) + "_" + suffix
		return Change{code, params, place, direction}
	}
	switch {
	case m.kind == list:
		var changes []Change
		if added := without(is.terms, was.terms); len(added) > 0 {
			changes = append(changes, change("added", m.onAdding(), nil, added))
		}
		if removed := without(was.terms, is.terms); len(removed) > 0 {
			changes = append(changes, change("removed", opposite(m.onAdding()), removed, nil))
		}
		return changes
	case !had:
		return []Change{change("added", m.onAdding(), nil, is.terms)}
	case !has:
		return []Change{change("removed", opposite(m.onAdding()), was.terms, nil)}
	case m.kind == flag && is.terms[0] == "true":
		return []Change{change("on", m.onTurning(), was.terms, is.terms)}
	case m.kind == flag:
		return []Change{change("off", opposite(m.onTurning()), was.terms, is.terms)}
	}
	return []Change{change("changed", m.direction(key, was.terms, is.terms), was.terms, is.terms)}
}

func (m member) separator() string {
	if m.pattern == "/legalBasis" || m.pattern == "/categories" {
		return "; "
	}
	return ", "
}

func without(terms, other []string) []string {
	return slices.DeleteFunc(slices.Clone(terms), func(term string) bool { return slices.Contains(other, term) })
}

func opposite(d Direction) Direction {
	switch d {
	case Tightens:
		return Loosens
	case Loosens:
		return Tightens
	}
	return Changes
}

func (m member) onAdding() Direction {
	switch m.rule {
	case "added-loosens":
		return Loosens
	case "added-tightens", "axis":
		return Tightens
	}
	return Changes
}

func (m member) onTurning() Direction {
	if m.rule == "on" {
		return Tightens
	}
	return Changes
}

// direction judges one value that became another.
func (m member) direction(key string, was, is []string) Direction {
	switch m.rule {
	case "axis":
		return axisDirection(key, was, is)
	case "less", "more":
		before, _ := strconv.Atoi(was[0])
		after, _ := strconv.Atoi(is[0])
		if (after < before) == (m.rule == "less") {
			return Tightens
		}
		return Loosens
	case "earlier", "later": // moments have one spelling, so their order is that of the texts
		if (is[0] < was[0]) == (m.rule == "earlier") {
			return Tightens
		}
		return Loosens
	}
	order := strings.Fields(m.rule) // strictest first
	before, after := slices.Index(order, was[0]), slices.Index(order, is[0])
	switch {
	case before < 0 || after < 0:
		return Changes
	case after < before:
		return Tightens
	}
	return Loosens
}

// axisDirection asks the axis itself which of two values is the stricter.
func axisDirection(axis string, was, is []string) Direction {
	met := restriction.Meet(restriction.Set{axis: was}, restriction.Set{axis: is})[axis]
	switch {
	case slices.Equal(met, is):
		return Tightens
	case slices.Equal(met, was):
		return Loosens
	}
	return Changes
}
