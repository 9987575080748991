package restriction

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// pool holds enough terms of each axis whose terms are open to make lists agree,
// overlap and exclude each other.
var pool = map[Axis][]string{
	Recipients: {"a1", "b1", "c1"}, RecipientsDenied: {"a1", "b1", "c1"},
	RecipientKinds: {"FIU", "police", "prosecution"},
	Jurisdictions:  {"FR", "ID", "europol"}, JurisdictionsDenied: {"FR", "ID", "europol"},
	Officers:      {"ofc-aaaaaaaaaaaaaaaaaaaaaaaaaa", "ofc-bbbbbbbbbbbbbbbbbbbbbbbbbb"},
	Prerequisites: {"agency-attestation", "curriculum-completed"},
}

var (
	moments = []string{"2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2028-06-30T12:00:00Z"}
	numbers = []string{"1", "2", "9", "10", "365"} // by value, not by spelling
)

func drawTerms(t *rapid.T, axis Axis) []string {
	switch ShapeOf(axis) {
	case Ordered, Partial:
		return []string{rapid.SampledFrom(Values(axis)).Draw(t, "value")}
	case Number:
		return []string{rapid.SampledFrom(numbers).Draw(t, "number")}
	case Until, From:
		return []string{rapid.SampledFrom(moments).Draw(t, "moment")}
	}
	from := Values(axis)
	if from == nil {
		from = pool[axis]
	}
	picked := rapid.SliceOfNDistinct(rapid.SampledFrom(from), 1, len(from), rapid.ID).Draw(t, "terms")
	slices.Sort(picked)
	return picked
}

// drawSet draws a set over any of the axes. Some of its axes are empty: that is
// what a meet leaves where two sides exclude each other.
func drawSet(t *rapid.T) Set {
	set := Set{}
	for _, axis := range rapid.SliceOfDistinct(rapid.SampledFrom(Axes()), rapid.ID).Draw(t, "axes") {
		if axis == Recall && rapid.IntRange(0, 9).Draw(t, "recall") > 0 {
			continue // it denies everything, and would hide the others
		}
		if set[string(axis)] = drawTerms(t, axis); rapid.IntRange(0, 39).Draw(t, "empty") == 0 {
			set[string(axis)] = []string{}
		}
	}
	return set
}

func drawUse(t *rapid.T) Use {
	use := Use{
		Agency:       rapid.SampledFrom([]string{"a1", "b1", "c1", "d1"}).Draw(t, "agency"),
		Kind:         rapid.SampledFrom([]string{"", "FIU", "police"}).Draw(t, "kind"),
		Jurisdiction: rapid.SampledFrom([]string{"", "FR", "ID"}).Draw(t, "jurisdiction"),
		At:           time.Unix(rapid.Int64Range(1750000000, 1850000000).Draw(t, "at"), 0).UTC(),
	}
	if rapid.Bool().Draw(t, "opens") {
		use.Officer = rapid.SampledFrom(append([]string{""}, pool[Officers]...)).Draw(t, "officer")
		use.Purpose = rapid.SampledFrom(append([]string{"", "no-such"}, purposes...)).Draw(t, "purpose")
		use.Form = rapid.SampledFrom(append([]string{"", "no-such"}, accessForms...)).Draw(t, "form")
		use.Reads = rapid.IntRange(0, 11).Draw(t, "reads")
		use.Automated = rapid.Bool().Draw(t, "automated")
	}
	return use
}

func TestMeetIsASemilattice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawSet(t), drawSet(t), drawSet(t)
		if !same(Meet(a, a), a) {
			t.Fatalf("not idempotent: %v", a)
		}
		if !same(Meet(a, b), Meet(b, a)) {
			t.Fatalf("not commutative: %v and %v", a, b)
		}
		if !same(Meet(a, Meet(b, c)), Meet(Meet(a, b), c)) {
			t.Fatalf("not associative: %v, %v, %v", a, b, c)
		}
	})
}

// Each axis alone, over every pair and triple of its values: no draw decides
// whether a rule of the table is looked at.
func TestEachAxisIsASemilattice(t *testing.T) {
	for _, axis := range Axes() {
		all := everyTerms(axis)
		for _, a := range all {
			for _, b := range all {
				ab := meetOn(axis, a, b)
				if !slices.Equal(ab, meetOn(axis, b, a)) {
					t.Errorf("%s: %v and %v do not commute", axis, a, b)
				}
				if slices.Equal(a, b) && !slices.Equal(ab, a) {
					t.Errorf("%s: %v with itself is %v", axis, a, ab)
				}
				for _, c := range all {
					if left, right := meetOn(axis, ab, c), meetOn(axis, a, meetOn(axis, b, c)); !slices.Equal(left, right) {
						t.Errorf("%s: %v, %v, %v meet in %v or in %v", axis, a, b, c, left, right)
					}
				}
			}
		}
	}
}

func meetOn(axis Axis, a, b []string) []string {
	name := string(axis)
	return Meet(Set{name: a}, Set{name: b})[name]
}

func everyTerms(axis Axis) [][]string {
	one := map[Shape][]string{
		Ordered: Values(axis), Partial: Values(axis), Number: numbers, Until: moments, From: moments,
	}[ShapeOf(axis)]
	all := [][]string{{}}
	for _, term := range one {
		all = append(all, []string{term})
	}
	if one != nil {
		return all
	}
	from := Values(axis)
	if from == nil {
		from = pool[axis]
	}
	from = from[:min(len(from), 3)]
	for bits := 1; bits < 1<<len(from); bits++ {
		var terms []string
		for i, term := range from {
			if bits>>i&1 == 1 {
				terms = append(terms, term)
			}
		}
		all = append(all, terms)
	}
	return all
}

func TestMeetPermitsExactlyWhatBothPermit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, use := drawSet(t), drawSet(t), drawUse(t)
		byA, _ := a.Permit(use)
		byB, _ := b.Permit(use)
		met := Meet(a, b)
		both, axis := met.Permit(use)
		if both && (!byA || !byB) {
			t.Fatalf("%v meets %v: permits %v, separately %v and %v", a, b, use, byA, byB)
		}
		// Two sides that exclude each other permit nothing, although each alone
		// may permit what does not touch the axis: say, delivery before any
		// purpose is declared. No purpose could ever be declared.
		excluded := slices.ContainsFunc(Axes(), func(axis Axis) bool {
			terms, restricted := met[string(axis)]
			return restricted && len(terms) == 0
		})
		if byA && byB && !both && !excluded {
			t.Fatalf("%v meets %v: forbids %v on %s, separately both permit it", a, b, use, axis)
		}
	})
}

func TestMeetIsNeverLooserThanItsParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawSet(t), drawSet(t)
		met := Meet(a, b)
		for _, part := range []Set{a, b} {
			if axis, looser := met.Looser(part); looser {
				t.Fatalf("%v met with %v is looser than %v on %s", a, b, part, axis)
			}
		}
	})
}

// Who is no looser than a floor permits nothing that the floor forbids.
func TestWhatIsNotLooserForbidsWhatTheFloorForbids(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		floor, use := drawSet(t), drawUse(t)
		set := drawSet(t)
		if rapid.Bool().Draw(t, "under the floor") {
			set = Meet(set, floor)
		}
		if _, looser := set.Looser(floor); looser {
			return
		}
		if permitted, _ := set.Permit(use); !permitted {
			return
		}
		if permitted, axis := floor.Permit(use); !permitted {
			t.Fatalf("%v permits %v, its floor %v forbids it on %s", set, use, floor, axis)
		}
	})
}

// A side that nobody understands never becomes clear by meeting one that is.
func TestAMalformedSideStaysForbidden(t *testing.T) {
	good := Set{}
	for _, axis := range Axes() {
		if axis != Recall {
			good[string(axis)] = everyTerms(axis)[1]
		}
	}
	for _, axis := range Axes() {
		for _, bad := range [][]string{{}, {"No Such Term"}, {"a", "b", strconv.Itoa(1 << 30)}, {"0"}, {""}} {
			if axis == Recipients && len(bad) > 0 {
				continue // held to no form when read, only when declared
			}
			name := string(axis)
			if (Set{name: bad}).Validate() == nil {
				if axis != Prerequisites {
					t.Errorf("%s: %q is valid", axis, bad)
				}
				continue
			}
			for _, met := range []Set{Meet(good, Set{name: bad}), Meet(Set{name: bad}, good)} {
				if axis == Recall {
					met = Meet(met, Set{name: {"recalled"}})
				}
				if permitted, _ := (Set{name: met[name]}).Permit(Use{Agency: "a1", At: time.Unix(1_790_000_000, 0)}); permitted {
					t.Errorf("%s: %q met with %v permits", axis, bad, good[name])
				}
			}
		}
	}
}
