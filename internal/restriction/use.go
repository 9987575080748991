package restriction

import (
	"slices"
	"time"
)

// Use is what somebody wants to do with an item. Without Purpose, Form and
// Officer it asks for delivery of the cover, before any of them is declared;
// with one of them it asks to open.
type Use struct {
	Agency       string    // the receiver, by slug
	Kind         string    // its kind, as the agreement names it
	Jurisdiction string    // its jurisdiction, as the agreement names it
	Officer      string    // who opens, by pseudonym
	Purpose      string    // what for
	Form         string    // how the content leaves the desk; empty means shown and no more
	Reads        int       // how many times this agency has opened it before
	Automated    bool      // by a program, with no officer who looks
	At           time.Time // when; a zero time is inside no window
}

func (u Use) opens() bool { return u.Purpose != "" || u.Form != "" || u.Officer != "" }

// Permit reports whether s lets the use happen, and if not, the first axis in
// alphabetical order that forbids it. Unknown axes and empty axes forbid.
//
// Axes that say nothing about who opens what, how and when permit here: passing
// on, deriving, consent and duties are decided by those who know the agreement
// and what happened before.
func (s Set) Permit(use Use) (bool, Axis) {
	// Every decision asks this: the first by name is found without sorting all.
	first, forbidden := "", false
	for name, terms := range s {
		axis, known := axes[Axis(name)]
		if known && axis.valid(terms) && axis.permit(terms, use) {
			continue
		}
		if !forbidden || name < first {
			first, forbidden = name, true
		}
	}
	return !forbidden, Axis(first)
}

// lasting are the axes that forbid for good once they forbid an agency: requests
// only tighten, moments only pass, and an agency is what the agreement says it is.
var lasting = []Axis{Recall, Expires, Jurisdictions, JurisdictionsDenied, RecipientKinds, Recipients, RecipientsDenied}

// ForbidsForGood returns an axis by which s forbids this agency every use from now
// on, whatever is requested later. An axis that forbids today only, or until
// somebody meets a condition, is none.
func (s Set) ForbidsForGood(use Use) (Axis, bool) {
	for _, axis := range lasting {
		terms, restricted := s[string(axis)]
		if restricted && (len(terms) == 0 || axes[axis].valid(terms) && !axes[axis].permit(terms, use)) {
			return axis, true
		}
	}
	return "", false
}

// ForOriginator returns s without the axes that do not bind the originator's own
// agency: they name whom it chose, and how those open. Unknown axes stay.
func ForOriginator(s Set) Set {
	kept := make(Set, len(s))
	for name, terms := range s {
		if BindsOriginator(Axis(name)) {
			kept[name] = slices.Clone(terms)
		}
	}
	return kept
}

func always([]string, Use) bool { return true }

func never([]string, Use) bool { return false }

// named asks for an officer where the audience is individuals.
func named(terms []string, use Use) bool {
	return terms[0] != "named-individuals" || !use.opens() || use.Officer != ""
}

func isAgency(terms []string, use Use) bool { return slices.Contains(terms, use.Agency) }

// Whoever does not say where it belongs cannot show that it is not excluded.
func isNotAgency(terms []string, use Use) bool {
	return use.Agency != "" && !slices.Contains(terms, use.Agency)
}

func isOfKind(terms []string, use Use) bool { return slices.Contains(terms, use.Kind) }

func isInJurisdiction(terms []string, use Use) bool { return slices.Contains(terms, use.Jurisdiction) }

func isNotInJurisdiction(terms []string, use Use) bool {
	return use.Jurisdiction != "" && !slices.Contains(terms, use.Jurisdiction)
}

func isOfficer(terms []string, use Use) bool {
	return !use.opens() || slices.Contains(terms, use.Officer)
}

func isForPurpose(terms []string, use Use) bool {
	return !use.opens() || slices.Contains(terms, use.Purpose)
}

func isInForm(terms []string, use Use) bool {
	if use.Form == "" {
		return true
	}
	asked := slices.Index(accessForms, use.Form)
	return asked >= 0 && asked <= slices.Index(accessForms, terms[0])
}

func readsAreLeft(terms []string, use Use) bool {
	return !use.opens() || use.Reads >= 0 && use.Reads < count(terms[0])
}

func isNotAutomated(terms []string, use Use) bool {
	return terms[0] != "prohibited" || !use.opens() || !use.Automated
}

func isBefore(terms []string, use Use) bool {
	return !use.At.IsZero() && use.At.Before(*moment(terms[0]))
}

func hasBegun(terms []string, use Use) bool { return !use.At.Before(*moment(terms[0])) }
