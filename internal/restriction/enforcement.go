package restriction

import (
	"slices"
	"strings"
)

// Enforcement says honestly what stands behind an axis.
type Enforcement string

// What stands behind an axis, strongest first. Nothing is called prevented that
// rests on somebody's word.
const (
	Prevented Enforcement = "prevented" // hub or desk refuses it before it happens
	Gated     Enforcement = "gated"     // refused without a signed statement; the statement is its signer's word
	Traceable Enforcement = "traceable" // not stopped, but a copy leads back to who had it
	Recorded  Enforcement = "recorded"  // a duty that is signed and kept; nothing stops its breach
)

// enforcement is per axis: while the content is inside hub and desk, and after a
// copy has left for paper or another system. After that nobody prevents anything.
var enforcement = map[Axis][2]Enforcement{
	TLP:                 {Recorded, Recorded}, // a label is a word: audience and onward scope are what is refused
	Audience:            {Prevented, Traceable},
	Recipients:          {Prevented, Traceable},
	RecipientsDenied:    {Prevented, Traceable},
	RecipientKinds:      {Prevented, Traceable},
	Jurisdictions:       {Prevented, Traceable},
	JurisdictionsDenied: {Prevented, Traceable},
	Officers:            {Gated, Traceable}, // the receiver's desk says who opens
	Purposes:            {Gated, Recorded},
	JudicialUse:         {Gated, Recorded},
	ActionExposure:      {Recorded, Recorded},
	Attribution:         {Recorded, Recorded},
	Derivation:          {Prevented, Recorded},
	AccessForm:          {Gated, Traceable}, // the receiver's desk holds the key once it may show
	MaxReads:            {Prevented, Recorded},
	AutomatedProcessing: {Gated, Recorded},
	Notifications:       {Recorded, Recorded},
	OnwardScope:         {Prevented, Traceable},
	OnwardConsent:       {Prevented, Traceable},
	NotBefore:           {Prevented, Recorded},
	Expires:             {Prevented, Recorded},
	Embargo:             {Prevented, Recorded},
	ReviewBy:            {Prevented, Recorded},
	RetentionDays:       {Prevented, Recorded}, // opening, and the hub's copy; a holder's own copies are its word
	OnTermination:       {Recorded, Recorded},
	Prerequisites:       {Gated, Recorded},
	UseReportDays:       {Recorded, Recorded},
	Encryption:          {Recorded, Recorded},
	Recall:              {Prevented, Recorded},
}

// EnforcementOf says what stands behind an axis inside hub and desk, or "" for an
// axis that this version does not know, which denies everything.
func EnforcementOf(axis Axis) Enforcement { return enforcement[axis][0] }

// EnforcementAfterExport says what is left of it once a copy has been printed,
// saved or photographed: traceable or recorded, never more.
func EnforcementAfterExport(axis Axis) Enforcement { return enforcement[axis][1] }

// Sentence names a sentence of the message catalogue. Terms fills its parameter
// Terms, where it has one.
type Sentence struct {
	Code  string
	Terms string
}

// Line is one axis of a set as people read it.
type Line struct {
	Axis        Axis
	Name        Sentence   // what the axis is about
	Says        []Sentence // what is said on it: one sentence per value, or one for the list, number or moment
	Enforcement Enforcement
	Means       Sentence // what that kind of enforcement means
	How         Sentence // what exactly hub and desk do about this axis
	AfterExport Sentence // what is left of it once a copy has left
}

// Lines says s axis by axis, in the order in which people are asked for them. An
// axis that this version does not know, or that is malformed or empty, is said
// to permit nothing.
func (s Set) Lines() []Line {
	var lines []Line
	for _, axis := range shown {
		if terms, restricted := s[string(axis)]; restricted {
			lines = append(lines, line(axis, terms))
		}
	}
	for _, axis := range s.unknown() {
		lines = append(lines, Line{
			Axis: axis, Name: Sentence{Code: "restriction_axis_unknown", Terms: string(axis)},
			Says: []Sentence{{Code: "restriction_permits_nothing"}}, Enforcement: Prevented,
			Means: Sentence{Code: "restriction_enforced_prevented"},
		})
	}
	return lines
}

func line(axis Axis, terms []string) Line {
	name := snake(string(axis))
	said := Line{
		Axis: axis, Name: Sentence{Code: AxisCode(axis)}, Enforcement: EnforcementOf(axis),
		Means:       Sentence{Code: "restriction_enforced_" + string(EnforcementOf(axis))},
		How:         Sentence{Code: "restriction_how_" + name},
		AfterExport: Sentence{Code: "restriction_after_export_" + string(EnforcementAfterExport(axis))},
	}
	switch {
	case !axes[axis].valid(terms):
		said.Says = []Sentence{{Code: "restriction_permits_nothing"}}
	case axes[axis].values == nil:
		said.Says = []Sentence{{Code: "restriction_terms_" + name, Terms: strings.Join(terms, ", ")}}
	default:
		for _, term := range terms {
			said.Says = append(said.Says, Sentence{Code: ValueCode(axis, term)})
		}
	}
	return said
}

// shown is the order in which people are shown the axes: who, what for, how, to
// whom further, when, and what is owed.
var shown = []Axis{
	Recall, TLP, Audience, Recipients, RecipientsDenied, RecipientKinds, Jurisdictions, JurisdictionsDenied, Officers,
	Purposes, JudicialUse, ActionExposure, Attribution, Derivation, AccessForm, MaxReads, AutomatedProcessing, Notifications,
	OnwardScope, OnwardConsent, NotBefore, Expires, Embargo, ReviewBy, RetentionDays, OnTermination,
	Prerequisites, UseReportDays, Encryption,
}

// Shown lists every axis in the order in which people are shown them.
func Shown() []Axis { return slices.Clone(shown) }

func (s Set) unknown() []Axis {
	var found []Axis
	for name := range s {
		if _, known := axes[Axis(name)]; !known {
			found = append(found, Axis(name))
		}
	}
	slices.Sort(found)
	return found
}

// AxisCode returns the code of the sentence that names a known axis.
func AxisCode(axis Axis) string { return "restriction_axis_" + snake(string(axis)) }

// ValueCode returns the code of the sentence that says a known value of an axis
// whose terms are closed, see Values.
func ValueCode(axis Axis, value string) string {
	return "restriction_value_" + snake(string(axis)) + "_" + snake(strings.TrimPrefix(value, "TLP:"))
}

// snake writes judicialUse, own-organisation and AMBER+STRICT as codes are
// written: judicial_use, own_organisation, amber_strict.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		upper := r >= 'A' && r <= 'Z'
		switch {
		case r == '-' || r == '+':
			b.WriteByte('_')
		case upper && i > 0 && name[i-1] >= 'a' && name[i-1] <= 'z':
			b.WriteByte('_')
			b.WriteRune(r + 'a' - 'A')
		case upper:
			b.WriteRune(r + 'a' - 'A')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
