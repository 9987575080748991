package restriction

import (
	"fmt"
	"slices"
)

// Contradiction says that two axes of one declaration exclude each other. Its
// code is stable: restriction_contradiction.
type Contradiction struct {
	A, B Axis // in the order in which people are shown them
}

func (c *Contradiction) Error() string {
	return fmt.Sprintf("%s: axes %s and %s", c.Code(), c.A, c.B)
}

// Code returns restriction_contradiction.
func (c *Contradiction) Code() string { return "restriction_contradiction" }

// clash is one pair of axes, and when they exclude each other. Both are there.
type clash struct {
	a, b Axis
	when func(s Set, a, b Axis) bool
}

// impossible are the pairs that leave no use, whatever else is said.
var impossible = []clash{
	// Who is named and denied at once could be told either, and would be.
	{Recipients, RecipientsDenied, share},
	{Jurisdictions, JurisdictionsDenied, share},
	// A window without a moment in it (ODRL 2.2 has the same of two dateTime constraints).
	{NotBefore, Expires, notBeforeOther},
	{NotBefore, ReviewBy, notBeforeOther},
	// What may be passed on only after nobody may have it any longer.
	{Embargo, Expires, notBeforeOther},
}

// labelled are the pairs of a label and what it promises its reader. FIRST TLP
// 2.0 fixes what each label means, so an axis beside it may be stricter, as a
// further wish of the source, but never looser: a reader goes by the label.
// TLP:CLEAR is the one label that is a promise in the other direction: "there is
// no limit on disclosure".
var labelled = []clash{
	{TLP, Audience, looserThanLabel},
	{TLP, OnwardScope, looserThanLabel},
	{TLP, OnwardScope, clearButLimited},
	// "public" says that everybody may read it; a list says that some may not.
	{Audience, Recipients, public},
	{Audience, RecipientsDenied, public},
	{Audience, RecipientKinds, public},
	{Audience, Jurisdictions, public},
	{Audience, JurisdictionsDenied, public},
	{Audience, Officers, public},
}

// Contradiction returns the first pair of axes that cannot both be meant by an
// originator who says them of one item, or nil. Values that only tighten each
// other are none.
func (s Set) Contradiction() *Contradiction {
	if found := s.FloorContradiction(); found != nil {
		return found
	}
	return s.first(labelled)
}

// FloorContradiction returns the first pair of axes of a floor that leaves no use
// to anybody, or nil. A floor bounds each axis by itself and says nothing of one
// item, so a label beside a narrower axis is none.
func (s Set) FloorContradiction() *Contradiction { return s.first(impossible) }

func (s Set) first(pairs []clash) *Contradiction {
	for _, pair := range pairs {
		_, hasA := s[string(pair.a)]
		_, hasB := s[string(pair.b)]
		if hasA && hasB && pair.when(s, pair.a, pair.b) {
			return &Contradiction{pair.a, pair.b}
		}
	}
	return nil
}

// Declare returns what is wrong with what an originator says of one item when it
// releases it: an *Error or a *Contradiction, or nil. An audience of named
// agencies has to name them.
func Declare(s Set) error {
	if err := s.ValidateDeclared(); err != nil {
		return err
	}
	if found := s.Contradiction(); found != nil {
		return found
	}
	if s.Value(Audience) == "named-agencies" && len(s[string(Recipients)]) == 0 {
		return &Error{Audience, "restriction_incomplete"}
	}
	return nil
}

func share(s Set, a, b Axis) bool {
	return slices.ContainsFunc(s[string(a)], func(term string) bool { return slices.Contains(s[string(b)], term) })
}

func notBeforeOther(s Set, a, b Axis) bool {
	begin, hasBegin := s.Moment(a)
	end, hasEnd := s.Moment(b)
	return hasBegin && hasEnd && !begin.Before(end)
}

// looserThanLabel reports whether the axis b lets more happen than the label
// does. An unknown label is malformed, and no business of this function.
func looserThanLabel(s Set, _, b Axis) bool {
	promised, known := presets[s.Value(TLP)]
	if !known {
		return false
	}
	name := string(b)
	_, looser := Set{name: s[name]}.Looser(Set{name: promised[name]})
	return looser
}

func clearButLimited(s Set, _, b Axis) bool {
	return s.Value(TLP) == "TLP:CLEAR" && s.Value(b) != "anyone"
}

func public(s Set, a, _ Axis) bool { return s.Value(a) == "public" }
