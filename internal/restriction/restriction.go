// Package restriction holds the restrictions that an originator places on the
// use of what it shares, and their arithmetic.
//
// Palermo Protocol, Article 10(3): "A State Party that receives information
// shall comply with any request by the State Party that transmitted the
// information that places restrictions on its use." No reason has to be given
// and nothing may loosen a restriction on the way, so restrictions form a
// semilattice: Meet keeps the stricter of two values on every axis, and is
// associative, commutative and idempotent.
//
// A Set is data of one general shape, axis to list of terms. A new axis is one
// more entry in the table of axes; acts, envelopes and storage stay as they are.
// An axis or a term that this version does not know denies.
//
// The package is pure and imports canonical only.
package restriction

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// Axis names one independent dimension of restriction.
type Axis string

// The axes of this version.
const (
	TLP        Axis = "tlp"        // one Traffic Light Protocol 2.0 label
	Purposes   Axis = "purposes"   // what the receiver may use the item for
	Expires    Axis = "expires"    // the moment from which the item is no longer opened
	Recipients Axis = "recipients" // the agencies that may receive it, by slug
)

// Set is what is restricted: per axis, sorted terms without duplicates. An axis
// that is absent restricts nothing by itself.
type Set map[string][]string

// Labels of TLP 2.0 (FIRST, August 2022), strictest first. Labels are written
// the same in every language.
var labels = []string{"TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"}

// Labels returns the TLP 2.0 labels, strictest first.
func Labels() []string { return slices.Clone(labels) }

var purposes = []string{"detection", "investigation-lead", "policy", "prevention", "research-statistics", "training", "victim-identification"}

// KnownPurposes returns the purposes that an agreement or an item may name.
func KnownPurposes() []string { return slices.Clone(purposes) }

// Error says which axis is wrong, and how. Code is stable: restriction_unknown,
// restriction_malformed or restriction_empty.
type Error struct {
	Axis Axis
	Code string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: axis %s", e.Code, e.Axis) }

// rule is what one axis knows.
type rule struct {
	valid  func(terms []string) bool
	meet   func(a, b []string) []string
	permit func(terms []string, use Use) bool
}

var axes = map[Axis]rule{
	TLP: {
		valid:  func(terms []string) bool { return len(terms) == 1 && slices.Contains(labels, terms[0]) },
		meet:   strictest(labels),
		permit: func([]string, Use) bool { return true }, // within the agreement every label lets a party read
	},
	Purposes: {
		valid:  func(terms []string) bool { return len(terms) > 0 && subset(terms, purposes) },
		meet:   intersect,
		permit: func(terms []string, use Use) bool { return use.Purpose == "" || slices.Contains(terms, use.Purpose) },
	},
	Expires: {
		valid:  func(terms []string) bool { return len(terms) == 1 && moment(terms[0]) != nil },
		meet:   earliest,
		permit: func(terms []string, use Use) bool { end := moment(terms[0]); return end != nil && use.At.Before(*end) },
	},
	Recipients: {
		valid:  func(terms []string) bool { return len(terms) > 0 && len(terms) <= 1024 },
		meet:   intersect,
		permit: func(terms []string, use Use) bool { return slices.Contains(terms, use.Agency) },
	},
}

// Use is what somebody wants to do with an item. An empty Purpose asks for
// delivery of the cover, before any purpose is declared.
type Use struct {
	Agency  string
	Purpose string
	At      time.Time
}

// Axes lists the axes of this version in alphabetical order.
func Axes() []Axis { return slices.Sorted(maps.Keys(axes)) }

// Validate returns an *Error for the first axis, in alphabetical order, that is
// unknown, or whose terms are unknown, unsorted or given twice.
func (s Set) Validate() error {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		axis, known := axes[Axis(name)]
		if !known {
			return &Error{Axis(name), "restriction_unknown"}
		}
		if !sortedUnique(s[name]) || !axis.valid(s[name]) {
			return &Error{Axis(name), "restriction_malformed"}
		}
	}
	return nil
}

// Meet returns the stricter of a and b on every axis. An axis that only one of
// them restricts keeps that restriction. If nothing satisfies both (say, two
// purposes that exclude each other), the axis has no terms and permits nothing.
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
		case !known:
			out[name] = nil // stays unknown, and so denies
		default:
			out[name] = axis.meet(own, terms)
		}
	}
	return out
}

// Permit reports whether s lets the use happen, and if not, the first axis in
// alphabetical order that forbids it. Unknown axes and empty axes forbid.
func (s Set) Permit(use Use) (bool, Axis) {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		axis, known := axes[Axis(name)]
		if !known || len(s[name]) == 0 || !axis.valid(s[name]) || !axis.permit(s[name], use) {
			return false, Axis(name)
		}
	}
	return true, ""
}

// Looser returns the first axis, in alphabetical order, on which s is looser
// than floor, and false if there is none: meeting s with floor would change s.
func (s Set) Looser(floor Set) (Axis, bool) {
	met := Meet(s, floor)
	for _, name := range slices.Sorted(maps.Keys(met)) {
		if !slices.Equal(met[name], s[name]) {
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

func strictest(order []string) func(a, b []string) []string {
	return func(a, b []string) []string {
		if len(a) != 1 || len(b) != 1 {
			return nil
		}
		i, j := slices.Index(order, a[0]), slices.Index(order, b[0])
		if i < 0 || j < 0 {
			return nil
		}
		return []string{order[min(i, j)]}
	}
}

func intersect(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(term string) bool { return !slices.Contains(b, term) })
}

func earliest(a, b []string) []string {
	if len(a) != 1 || len(b) != 1 {
		return nil
	}
	first, second := moment(a[0]), moment(b[0])
	switch {
	case first == nil || second == nil:
		return nil
	case second.Before(*first):
		return slices.Clone(b)
	}
	return slices.Clone(a)
}

func moment(term string) *time.Time {
	var at canonical.Time
	if at.UnmarshalJSON([]byte(`"`+term+`"`)) != nil {
		return nil
	}
	return &at.Time
}

func subset(terms, of []string) bool {
	return !slices.ContainsFunc(terms, func(term string) bool { return !slices.Contains(of, term) })
}

func sortedUnique(terms []string) bool {
	for i := 1; i < len(terms); i++ {
		if terms[i-1] >= terms[i] {
			return false
		}
	}
	return true
}
