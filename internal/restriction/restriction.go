package restriction

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// Set is what is restricted: per axis, sorted terms without duplicates. An axis
// that is absent restricts nothing by itself.
type Set map[string][]string

// Error says which axis is wrong, and how. Code is stable: restriction_unknown,
// restriction_malformed, restriction_incomplete or restriction_not_at_release.
type Error struct {
	Axis Axis
	Code string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: axis %s", e.Code, e.Axis) }

// Validate returns an *Error for the first axis, in alphabetical order, that is
// unknown, or whose terms are unknown, unsorted or given twice.
func (s Set) Validate() error {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		axis, known := axes[Axis(name)]
		if !known {
			return &Error{Axis(name), "restriction_unknown"}
		}
		if len(s[name]) > maxList || !sortedUnique(s[name]) || !axis.valid(s[name]) {
			return &Error{Axis(name), "restriction_malformed"}
		}
	}
	return nil
}

// ValidateDeclared is Validate for what comes with an agreement or a release:
// there is nothing yet that could be recalled, and recipients are agencies.
func (s Set) ValidateDeclared() error {
	if err := s.Validate(); err != nil {
		return err
	}
	if _, recalled := s[string(Recall)]; recalled {
		return &Error{Recall, "restriction_not_at_release"}
	}
	if list, restricted := s[string(Recipients)]; restricted && !formed(slugForm)(list) {
		return &Error{Recipients, "restriction_malformed"}
	}
	return nil
}

// Complete returns an *Error with restriction_incomplete for the first axis that
// a complete floor names and this one does not. What is signed in full leaves no
// reader to guess what silence means.
func Complete(floor Set) error {
	for _, axis := range must {
		if len(floor[string(axis)]) == 0 {
			return &Error{axis, "restriction_incomplete"}
		}
	}
	return nil
}

// Meet returns the stricter of a and b on every axis. An axis that only one of
// them restricts keeps that restriction. If nothing satisfies both (say, two
// purposes that exclude each other), or one side is malformed, the axis has no
// terms and permits nothing.
func Meet(a, b Set) Set {
	out := make(Set, len(a)+len(b))
	for name, terms := range a {
		out[name] = slices.Clone(terms)
	}
	for name, terms := range b {
		own, both := out[name]
		axis, known := axes[Axis(name)]
		switch {
		case !both:
			out[name] = slices.Clone(terms)
		case !known || !axis.valid(own) || !axis.valid(terms):
			out[name] = none() // a side that permits nothing, or that nobody understands, stays
		default:
			out[name] = axis.meet(own, terms)
		}
	}
	return out
}

// Looser returns the first axis, in alphabetical order, on which s is looser
// than floor, and false if there is none: meeting s with floor would change s.
// Where lists unite, that is an axis on which s lacks a term of the floor; where
// two values exclude each other, s is neither stricter nor the same.
func (s Set) Looser(floor Set) (Axis, bool) {
	met := Meet(s, floor)
	for _, name := range slices.Sorted(maps.Keys(met)) {
		// Silence is looser than a floor that permits nothing.
		if own, restricted := s[name]; !restricted || !slices.Equal(met[name], own) {
			return Axis(name), true
		}
	}
	return "", false
}

// Digest names exactly this set: what an officer accepts is bound to it.
func (s Set) Digest() (string, error) {
	b, err := canonical.Marshal(s)
	if err != nil {
		return "", err
	}
	return canonical.Digest(b), nil
}

// Value returns the one term of an axis, or "" if the axis is absent, or has
// none or several.
func (s Set) Value(axis Axis) string {
	if terms := s[string(axis)]; len(terms) == 1 {
		return terms[0]
	}
	return ""
}

// Moment returns the moment of an axis that has one, and false if it is absent
// or malformed.
func (s Set) Moment(axis Axis) (time.Time, bool) {
	if at := moment(s.Value(axis)); at != nil {
		return *at, true
	}
	return time.Time{}, false
}

// Count returns the number of an axis that has one (days, or times), and false
// if it is absent or malformed.
func (s Set) Count(axis Axis) (int, bool) {
	n := count(s.Value(axis))
	return n, n > 0
}

func sortedUnique(terms []string) bool {
	for i := 1; i < len(terms); i++ {
		if terms[i-1] >= terms[i] {
			return false
		}
	}
	return true
}
