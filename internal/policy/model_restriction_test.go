package policy_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// limits are restrictions: per axis, sorted terms. An axis that is not there
// restricts nothing; one without terms allows nothing.
type limits map[string][]string

// orders lists the values of ordered axes, strictest first.
var orders = map[string][]string{
	"tlp":                 {"TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"},
	"audience":            {"named-individuals", "named-agencies", "agreement-parties", "defined-community", "public"},
	"onwardScope":         {"none", "own-organisation", "own-organisation-and-clients", "agreement-parties", "defined-community", "anyone"},
	"onwardConsent":       {"always", "outside-own-organisation", "never"},
	"judicialUse":         {"prohibited", "consent", "allowed"},
	"actionExposure":      {"none", "contact-originator", "internal-only", "passive-external", "active"},
	"derivation":          {"none", "with-consent", "translate-only", "allowed"},
	"accessForm":          {"view-only", "print", "download-watermarked", "download"},
	"onTermination":       {"destroy", "return", "retain-under-terms"},
	"automatedProcessing": {"prohibited", "allowed"},
	"notifications":       {"must-not", "may"},
	"recall":              {"recalled"},
}

// attributions lists which values are stricter than which, or the same.
var attributions = map[string][]string{
	"must-not": {"must-not", "consent", "may"},
	"consent":  {"consent", "may"},
	"must":     {"must", "may"},
	"may":      {"may"},
}

var (
	bothNeed  = []string{"recipients", "recipientKinds", "jurisdictions", "officers", "purposes"}
	eitherBan = []string{"recipientsDenied", "jurisdictionsDenied", "prerequisites", "encryption"}
	fewest    = []string{"maxReads", "retentionDays", "useReportDays"}
	latest    = []string{"notBefore", "embargo"}
	earliest  = []string{"expires", "reviewBy"}
	// What the originator's own agency need not heed: whom it chose, and how
	// those open.
	others = []string{"recipients", "recipientsDenied", "recipientKinds", "jurisdictions", "jurisdictionsDenied", "officers", "audience", "maxReads", "accessForm", "prerequisites", "retentionDays"}
)

// with returns what both allow.
func (l limits) with(more limits) limits {
	out := limits{}
	for axis, terms := range l {
		if _, both := more[axis]; !both {
			out[axis] = terms
		} else {
			out[axis] = stricter(axis, terms, more[axis])
		}
	}
	for axis, terms := range more {
		if _, both := l[axis]; !both {
			out[axis] = terms
		}
	}
	return out
}

func stricter(axis string, a, b []string) []string {
	switch {
	case slices.Contains(bothNeed, axis):
		var in []string
		for _, term := range a {
			if slices.Contains(b, term) {
				in = append(in, term)
			}
		}
		return in
	case slices.Contains(eitherBan, axis):
		if len(a) == 0 || len(b) == 0 {
			return nil
		}
		all := append(slices.Clone(a), b...)
		slices.Sort(all)
		return slices.Compact(all)
	}
	if len(a) != 1 || len(b) != 1 {
		return nil
	}
	one, other := a[0], b[0]
	switch {
	case axis == "attribution":
		switch {
		case slices.Contains(attributions[one], other):
			return a
		case slices.Contains(attributions[other], one):
			return b
		}
		return nil
	case slices.Contains(fewest, axis):
		if number(one) <= number(other) {
			return a
		}
		return b
	case slices.Contains(latest, axis):
		if moment(one).Before(moment(other)) {
			return b
		}
		return a
	case slices.Contains(earliest, axis):
		if moment(other).Before(moment(one)) {
			return b
		}
		return a
	}
	if slices.Index(orders[axis], one) <= slices.Index(orders[axis], other) {
		return a
	}
	return b
}

func number(term string) int {
	n, err := strconv.Atoi(term)
	if err != nil {
		panic(err)
	}
	return n
}

func moment(term string) time.Time {
	at, err := time.Parse(time.RFC3339, term)
	if err != nil {
		panic(err)
	}
	return at
}

func (l limits) String() string { return fmt.Sprint(map[string][]string(l)) }

func (l limits) same(other limits) bool {
	return maps.EqualFunc(l, other, func(a, b []string) bool { return slices.Equal(a, b) })
}

// looser says whether l lets something be that more does not.
func (l limits) looser(more limits) bool { return !l.same(l.with(more)) }

func (l limits) without(axes []string) limits {
	out := limits{}
	for axis, terms := range l {
		if !slices.Contains(axes, axis) {
			out[axis] = terms
		}
	}
	return out
}

func (l limits) only(axis string) string {
	if len(l[axis]) != 1 {
		return ""
	}
	return l[axis][0]
}

func (l limits) days(axis string) (time.Duration, bool) {
	if l.only(axis) == "" {
		return 0, false
	}
	return time.Duration(number(l.only(axis))) * 24 * time.Hour, true
}

// promises are what a label says to whom reads it about how far an item goes: the
// loosest audience and the loosest scope of passing on.
var promises = map[string][2]string{
	"TLP:RED": {"named-individuals", "none"}, "TLP:AMBER+STRICT": {"agreement-parties", "own-organisation"}, "TLP:AMBER": {"agreement-parties", "own-organisation-and-clients"},
	"TLP:GREEN": {"defined-community", "defined-community"}, "TLP:CLEAR": {"public", "anyone"},
}

// clash says whether two axes of what is asked with a release cannot both be meant.
func (l limits) clash() bool {
	share := func(a, b string) bool {
		return slices.ContainsFunc(l[a], func(term string) bool { return slices.Contains(l[b], term) })
	}
	never := func(from, to string) bool {
		return l[from] != nil && l[to] != nil && !moment(l[from][0]).Before(moment(l[to][0]))
	}
	beyond := func(axis, most string) bool {
		return l[axis] != nil && slices.Index(orders[axis], l[axis][0]) > slices.Index(orders[axis], most)
	}
	promise, labelled := promises[l.only("tlp")]
	switch {
	case share("recipients", "recipientsDenied"), share("jurisdictions", "jurisdictionsDenied"):
		return true
	case never("notBefore", "expires"), never("notBefore", "reviewBy"), never("embargo", "expires"):
		return true
	case !labelled:
		return false
	}
	unlimited := l.only("tlp") == "TLP:CLEAR" && l["onwardScope"] != nil && l.only("onwardScope") != "anyone"
	return unlimited || beyond("audience", promise[0]) || beyond("onwardScope", promise[1])
}

// want is what somebody wants to do: receive the cover, or open for a purpose in
// a form.
type want struct {
	who, purpose, officer, form string
	nature                      nature
	opens, robot, later         bool
	before                      int // opens of the body by the same agency
}

// let says whether restrictions let it be at now.
func (l limits) let(w want, now time.Time) bool {
	for axis, terms := range l {
		if len(terms) == 0 || !letOne(axis, terms, w, now) {
			return false
		}
	}
	return true
}

func letOne(axis string, terms []string, w want, now time.Time) bool {
	has := func(term string) bool { return slices.Contains(terms, term) }
	switch axis {
	case "recipients":
		return has(w.who)
	case "recipientsDenied":
		return !has(w.who)
	case "recipientKinds":
		return has(w.nature.kind)
	case "jurisdictions":
		return has(w.nature.land)
	case "jurisdictionsDenied":
		return !has(w.nature.land)
	case "expires", "reviewBy":
		return now.Before(moment(terms[0]))
	case "notBefore": // what is released now may be for later
		return w.later || !now.Before(moment(terms[0]))
	case "recall":
		return false
	case "automatedProcessing":
		return has("allowed") || !w.robot
	}
	if !w.opens {
		return true
	}
	switch axis {
	case "officers":
		return has(w.officer)
	case "purposes":
		return has(w.purpose)
	case "accessForm":
		form := w.form
		if form == "" {
			form = "view-only"
		}
		return slices.Index(orders[axis], form) <= slices.Index(orders[axis], terms[0])
	case "maxReads":
		return w.before < number(terms[0])
	}
	return true
}
