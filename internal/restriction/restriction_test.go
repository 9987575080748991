package restriction

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func same(a, b Set) bool {
	return cmp.Equal(a, b, cmp.Comparer(func(x, y []string) bool { return slices.Equal(x, y) }))
}

func TestUnknownMeansNo(t *testing.T) {
	use := Use{Agency: "a1", Purpose: "training", At: time.Unix(1_800_000_000, 0)}
	tests := map[string]struct {
		set  Set
		axis Axis
	}{
		"an axis of a later version": {Set{"altitude": {"low"}}, "altitude"},
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
