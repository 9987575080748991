package restriction

import (
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/concordat-hub/concordat/internal/canonical"
)

type permit = func(terms []string, use Use) bool

// none is what two values leave that exclude each other. It permits nothing.
func none() []string { return []string{} }

// ordered is an axis with one value out of several, strictest first.
func ordered(ask permit, values ...string) rule {
	return rule{
		shape: Ordered, values: values, permit: ask,
		valid: oneOf(values),
		meet:  strictest(values),
	}
}

func oneOf(values []string) func([]string) bool {
	return func(terms []string) bool { return len(terms) == 1 && slices.Contains(values, terms[0]) }
}

func strictest(order []string) func(a, b []string) []string {
	return func(a, b []string) []string {
		return []string{order[min(slices.Index(order, a[0]), slices.Index(order, b[0]))]}
	}
}

// attribution is the one axis whose values do not stand in one line: an
// originator that must be named and one that must not be leave nothing.
//
//	     may
//	    /   \
//	consent  must
//	   |
//	must-not
func attribution() rule {
	values := []string{"must-not", "consent", "must", "may"}
	return rule{
		shape: Partial, values: values, permit: always,
		valid: oneOf(values),
		meet: func(a, b []string) []string {
			switch x, y := a[0], b[0]; {
			case x == y || y == "may":
				return []string{x}
			case x == "may":
				return []string{y}
			case x == "must" || y == "must":
				return none()
			}
			return []string{"must-not"}
		},
	}
}

// allowed is an axis that lists what may be, in terms of a form.
func allowed(form *regexp.Regexp, ask permit) rule {
	return rule{shape: Allowed, permit: ask, valid: formed(form), meet: intersect}
}

func allowedOf(values []string, ask permit) rule {
	return rule{shape: Allowed, values: values, permit: ask, valid: listOf(values), meet: intersect}
}

// united is an axis that lists what may not be, or what is owed.
func united(form *regexp.Regexp, ask permit) rule {
	return rule{shape: United, permit: ask, valid: formed(form), meet: unite}
}

func unitedOf(values []string, ask permit) rule {
	return rule{shape: United, values: values, permit: ask, valid: listOf(values), meet: unite}
}

const maxTerm = 256

func formed(form *regexp.Regexp) func([]string) bool {
	return func(terms []string) bool {
		return len(terms) > 0 && !slices.ContainsFunc(terms, func(term string) bool {
			return len(term) > maxTerm || !form.MatchString(term)
		})
	}
}

func listOf(values []string) func([]string) bool {
	return func(terms []string) bool { return len(terms) > 0 && subset(terms, values) }
}

func intersect(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(term string) bool { return !slices.Contains(b, term) })
}

func unite(a, b []string) []string {
	both := slices.Concat(a, b)
	slices.Sort(both)
	return slices.Compact(both)
}

func subset(terms, of []string) bool {
	return !slices.ContainsFunc(terms, func(term string) bool { return !slices.Contains(of, term) })
}

// until is an axis with a moment at which something ends.
func until(ask permit) rule {
	return rule{shape: Until, permit: ask, valid: isMoment, meet: func(a, b []string) []string {
		if moment(b[0]).Before(*moment(a[0])) {
			return slices.Clone(b)
		}
		return slices.Clone(a)
	}}
}

// from is an axis with a moment at which something begins.
func from(ask permit) rule {
	return rule{shape: From, permit: ask, valid: isMoment, meet: func(a, b []string) []string {
		if moment(b[0]).After(*moment(a[0])) {
			return slices.Clone(b)
		}
		return slices.Clone(a)
	}}
}

func isMoment(terms []string) bool { return len(terms) == 1 && moment(terms[0]) != nil }

func moment(term string) *time.Time {
	var at canonical.Time
	if at.UnmarshalJSON([]byte(`"`+term+`"`)) != nil {
		return nil
	}
	return &at.Time
}

// number is an axis with a whole number from 1 to largest.
func number(largest int, ask permit) rule {
	return rule{
		shape: Number, permit: ask,
		valid: func(terms []string) bool { return len(terms) == 1 && count(terms[0]) > 0 && count(terms[0]) <= largest },
		meet: func(a, b []string) []string {
			if count(b[0]) < count(a[0]) {
				return slices.Clone(b)
			}
			return slices.Clone(a)
		},
	}
}

// count reads a whole number in its one spelling: no sign, no leading zero. It
// returns 0 for everything else.
func count(term string) int {
	n, err := strconv.Atoi(term)
	if err != nil || n < 1 || strconv.Itoa(n) != term {
		return 0
	}
	return n
}
