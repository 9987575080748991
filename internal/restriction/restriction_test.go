package restriction

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func terms(t *rapid.T, from []string) []string {
	picked := rapid.SliceOfNDistinct(rapid.SampledFrom(from), 1, len(from), rapid.ID).Draw(t, "terms")
	slices.Sort(picked)
	return picked
}

func drawSet(t *rapid.T) Set {
	set := Set{}
	if rapid.Bool().Draw(t, "tlp") {
		set[string(TLP)] = []string{rapid.SampledFrom(labels).Draw(t, "label")}
	}
	if rapid.Bool().Draw(t, "purposes") {
		set[string(Purposes)] = terms(t, purposes)
	}
	if rapid.Bool().Draw(t, "expires") {
		set[string(Expires)] = []string{rapid.SampledFrom([]string{"2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2028-06-30T12:00:00Z"}).Draw(t, "end")}
	}
	if rapid.Bool().Draw(t, "recipients") {
		set[string(Recipients)] = terms(t, []string{"a1", "b1", "c1"})
	}
	return set
}

func drawUse(t *rapid.T) Use {
	return Use{
		Agency:  rapid.SampledFrom([]string{"a1", "b1", "c1", "d1"}).Draw(t, "agency"),
		Purpose: rapid.SampledFrom(append([]string{"", "no-such"}, purposes...)).Draw(t, "purpose"),
		At:      time.Unix(rapid.Int64Range(1750000000, 1850000000).Draw(t, "at"), 0).UTC(),
	}
}

func same(a, b Set) bool {
	return cmp.Equal(a, b, cmp.Comparer(func(x, y []string) bool { return slices.Equal(x, y) }))
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

func TestMeetPermitsExactlyWhatBothPermit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, use := drawSet(t), drawSet(t), drawUse(t)
		byA, _ := a.Permit(use)
		byB, _ := b.Permit(use)
		both, axis := Meet(a, b).Permit(use)
		// Two sets of purposes that exclude each other deliver nothing either, although
		// each alone would deliver: no purpose could ever be declared.
		undeclared := use.Purpose == "" && !both
		if both != (byA && byB) && !undeclared {
			t.Fatalf("%v meets %v: permits %v = %v (axis %s), separately %v and %v", a, b, use, both, axis, byA, byB)
		}
	})
}

func TestMeetIsNeverLooserThanItsParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawSet(t), drawSet(t)
		if axis, looser := Meet(a, b).Looser(a); looser {
			t.Fatalf("%v met with %v is looser on %s", a, b, axis)
		}
	})
}

func TestUnknownMeansNo(t *testing.T) {
	use := Use{Agency: "a1", Purpose: "training", At: time.Unix(1_800_000_000, 0)}
	tests := map[string]struct {
		set  Set
		axis Axis
	}{
		"an axis of a later version": {Set{"audience": {"anyone"}}, "audience"},
		"an unknown label":           {Set{"tlp": {"TLP:WHITE"}}, TLP},
		"an unknown purpose":         {Set{"purposes": {"advertising", "training"}}, Purposes},
		"a malformed moment":         {Set{"expires": {"soon"}}, Expires},
		"an axis without terms":      {Set{"recipients": {}}, Recipients},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if ok, axis := test.set.Permit(use); ok || axis != test.axis {
				t.Errorf("Permit = %v, %q; want false, %q", ok, axis, test.axis)
			}
			var refused *Error
			if err := test.set.Validate(); !errors.As(err, &refused) || refused.Axis != test.axis {
				t.Errorf("Validate = %v, want axis %q", err, test.axis)
			}
		})
	}
}

func TestExpiryEndsAtItsMoment(t *testing.T) {
	end := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	set := Set{"expires": {"2027-01-01T00:00:00Z"}}
	for name, test := range map[string]struct {
		at   time.Time
		want bool
	}{
		"one millisecond before": {end.Add(-time.Millisecond), true},
		"at the moment":          {end, false},
		"one millisecond after":  {end.Add(time.Millisecond), false},
	} {
		if got, _ := set.Permit(Use{At: test.at}); got != test.want {
			t.Errorf("%s: Permit = %v, want %v", name, got, test.want)
		}
	}
}

// FIRST TLP 2.0 orders the labels by how far their readers may pass on.
func TestTheStricterLabelStays(t *testing.T) {
	order := []string{"TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"}
	for i, stricter := range order {
		for _, wider := range order[i:] {
			if got := Meet(Set{"tlp": {wider}}, Set{"tlp": {stricter}})["tlp"]; !slices.Equal(got, []string{stricter}) {
				t.Errorf("%s meets %s in %v", wider, stricter, got)
			}
		}
	}
}

func TestTheEarlierEndStays(t *testing.T) {
	early, late := Set{"expires": {"2027-01-01T00:00:00Z"}}, Set{"expires": {"2028-06-30T12:00:00Z"}}
	for _, got := range []Set{Meet(early, late), Meet(late, early)} {
		if !same(got, early) {
			t.Errorf("the later end stays: %v", got)
		}
	}
}

func TestTermsAreSortedAndGivenOnce(t *testing.T) {
	for name, terms := range map[string][]string{
		"unsorted":    {"training", "detection"},
		"given twice": {"detection", "detection"},
	} {
		var refused *Error
		if err := (Set{"purposes": terms}).Validate(); !errors.As(err, &refused) || refused.Code != "restriction_malformed" {
			t.Errorf("%s: Validate = %v", name, err)
		}
	}
}

func TestLooserSaysOnWhichAxis(t *testing.T) {
	floor := Set{"purposes": {"training"}, "tlp": {"TLP:AMBER"}}
	for name, test := range map[string]struct {
		set  Set
		axis Axis
	}{
		"as strict":      {Set{"purposes": {"training"}, "tlp": {"TLP:AMBER"}}, ""},
		"stricter":       {Set{"purposes": {"training"}, "tlp": {"TLP:RED"}, "recipients": {"a1"}}, ""},
		"more purposes":  {Set{"purposes": {"detection", "training"}, "tlp": {"TLP:AMBER"}}, Purposes},
		"a wider label":  {Set{"purposes": {"training"}, "tlp": {"TLP:GREEN"}}, TLP},
		"an axis absent": {Set{"purposes": {"training"}}, TLP},
	} {
		if axis, looser := test.set.Looser(floor); axis != test.axis || looser != (test.axis != "") {
			t.Errorf("%s: Looser = %q, %v, want %q", name, axis, looser, test.axis)
		}
	}
}
