package restriction

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestWhatCannotBothBeMeantIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		set   Set
		a, b  Axis
		floor bool // a floor is refused too
	}{
		"an agency named and denied":          {Set{"recipients": {"a1", "b1"}, "recipientsDenied": {"b1", "c1"}}, Recipients, RecipientsDenied, true},
		"a jurisdiction named and denied":     {Set{"jurisdictions": {"FR", "ID"}, "jurisdictionsDenied": {"ID"}}, Jurisdictions, JurisdictionsDenied, true},
		"a window of no length":               {Set{"notBefore": {moments[1]}, "expires": {moments[1]}}, NotBefore, Expires, true},
		"a window that ends before it begins": {Set{"notBefore": {moments[2]}, "expires": {moments[1]}}, NotBefore, Expires, true},
		"a review before it begins":           {Set{"notBefore": {moments[2]}, "reviewBy": {moments[1]}}, NotBefore, ReviewBy, true},
		"an embargo beyond the end":           {Set{"embargo": {moments[2]}, "expires": {moments[1]}}, Embargo, Expires, true},
		"RED for all parties":                 {Set{"tlp": {"TLP:RED"}, "audience": {"agreement-parties"}}, TLP, Audience, false},
		"RED passed on inside":                {Set{"tlp": {"TLP:RED"}, "onwardScope": {"own-organisation"}}, TLP, OnwardScope, false},
		"AMBER+STRICT passed to clients":      {Set{"tlp": {"TLP:AMBER+STRICT"}, "onwardScope": {"own-organisation-and-clients"}}, TLP, OnwardScope, false},
		"AMBER passed to the parties":         {Set{"tlp": {"TLP:AMBER"}, "onwardScope": {"agreement-parties"}}, TLP, OnwardScope, false},
		"AMBER for a community":               {Set{"tlp": {"TLP:AMBER"}, "audience": {"defined-community"}}, TLP, Audience, false},
		"GREEN in public":                     {Set{"tlp": {"TLP:GREEN"}, "audience": {"public"}}, TLP, Audience, false},
		"GREEN passed to anyone":              {Set{"tlp": {"TLP:GREEN"}, "onwardScope": {"anyone"}}, TLP, OnwardScope, false},
		"CLEAR for one's own organisation":    {Set{"tlp": {"TLP:CLEAR"}, "onwardScope": {"own-organisation"}}, TLP, OnwardScope, false},
		"public for two agencies":             {Set{"audience": {"public"}, "recipients": {"a1", "b1"}}, Audience, Recipients, false},
		"public but for one agency":           {Set{"audience": {"public"}, "recipientsDenied": {"a1"}}, Audience, RecipientsDenied, false},
		"public for the police":               {Set{"audience": {"public"}, "recipientKinds": {"police"}}, Audience, RecipientKinds, false},
		"public in one country":               {Set{"audience": {"public"}, "jurisdictions": {"ID"}}, Audience, Jurisdictions, false},
		"public but for one country":          {Set{"audience": {"public"}, "jurisdictionsDenied": {"ID"}}, Audience, JurisdictionsDenied, false},
		"public for one officer":              {Set{"audience": {"public"}, "officers": {officer}}, Audience, Officers, false},
	} {
		t.Run(name, func(t *testing.T) {
			found := test.set.Contradiction()
			if found == nil || found.A != test.a || found.B != test.b || found.Code() != "restriction_contradiction" {
				t.Errorf("Contradiction = %v, want %s and %s", found, test.a, test.b)
			}
			var declared *Contradiction
			if err := Declare(test.set); !errors.As(err, &declared) || *declared != *found {
				t.Errorf("Declare = %v", err)
			}
			if got := test.set.FloorContradiction(); (got != nil) != test.floor {
				t.Errorf("FloorContradiction = %v, want one: %v", got, test.floor)
			}
		})
	}
}

func TestWhatOnlyTightensIsNoContradiction(t *testing.T) {
	for name, set := range map[string]Set{
		"nothing":                                {},
		"AMBER for named agencies":               {"tlp": {"TLP:AMBER"}, "audience": {"named-agencies"}, "recipients": {"a1"}},
		"GREEN passed to nobody":                 {"tlp": {"TLP:GREEN"}, "onwardScope": {"none"}},
		"CLEAR for the parties, who may pass on": {"tlp": {"TLP:CLEAR"}, "audience": {"agreement-parties"}, "onwardScope": {"anyone"}},
		"two agencies, of which one kind":        {"recipients": {"a1", "b1"}, "recipientKinds": {"police"}, "recipientsDenied": {"c1"}},
		"an embargo inside the window":           {"notBefore": {moments[0]}, "embargo": {moments[1]}, "expires": {moments[2]}},
		"a label that no other axis repeats":     {"tlp": {"TLP:RED"}},
	} {
		if err := Declare(set); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An empty axis denies by itself, and is malformed where it is declared.
func TestNamedAgenciesAreNamed(t *testing.T) {
	var refused *Error
	if err := Declare(Set{"audience": {"named-agencies"}}); !errors.As(err, &refused) || refused.Code != "restriction_incomplete" || refused.Axis != Audience {
		t.Errorf("Declare = %v", err)
	}
	if err := Declare(Set{"purposes": {}}); !errors.As(err, &refused) || refused.Code != "restriction_malformed" || refused.Axis != Purposes {
		t.Errorf("no purposes: Declare = %v", err)
	}
	if err := Declare(Set{"recall": {"recalled"}}); !errors.As(err, &refused) || refused.Axis != Recall {
		t.Errorf("a recall at release: Declare = %v", err)
	}
}

// A pair that leaves no use to anybody is found whenever a meet makes one, so
// that an agreement whose floor can never be met is not signed.
func TestAClashIsFoundInEveryOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawSet(t), drawSet(t)
		x, y := Meet(a, b).Contradiction(), Meet(b, a).Contradiction()
		if (x == nil) != (y == nil) || x != nil && *x != *y {
			t.Fatalf("%v and %v: %v in one order, %v in the other", a, b, x, y)
		}
		window := Set{}
		for _, axis := range []Axis{NotBefore, Expires, ReviewBy} {
			if terms, ok := a[string(axis)]; ok && len(terms) > 0 {
				window[string(axis)] = terms
			}
		}
		if window.FloorContradiction() != nil {
			for _, at := range moments {
				use := Use{At: *moment(at)}
				if permitted, _ := window.Permit(use); permitted {
					t.Fatalf("%v permits %v and is called impossible", window, at)
				}
			}
		}
	})
}

func TestPresetsAreWhatTheirSourcesSay(t *testing.T) {
	for _, name := range Presets() {
		set, err := Expand(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := Declare(set); err != nil {
			t.Errorf("%s contradicts itself: %v", name, err)
		}
	}
	for _, test := range []struct {
		preset string
		axis   Axis
		want   string
	}{
		{"TLP:RED", Audience, "named-individuals"}, {"TLP:RED", OnwardScope, "none"}, {"TLP:RED", OnwardConsent, "always"},
		{"TLP:AMBER+STRICT", OnwardScope, "own-organisation"}, {"TLP:AMBER", OnwardScope, "own-organisation-and-clients"},
		{"TLP:GREEN", Audience, "defined-community"}, {"TLP:GREEN", OnwardScope, "defined-community"},
		{"TLP:CLEAR", Audience, "public"}, {"TLP:CLEAR", OnwardScope, "anyone"},
		{"H1", JudicialUse, "consent"}, {"H2", OnwardScope, "none"}, {"H2", OnwardConsent, "always"},
		{"Egmont", OnwardConsent, "always"}, {"Egmont", JudicialUse, "consent"}, {"Egmont", ActionExposure, "contact-originator"},
	} {
		set, err := Expand(test.preset)
		if err != nil || set.Value(test.axis) != test.want {
			t.Errorf("%s: %s is %q, %v; want %q", test.preset, test.axis, set.Value(test.axis), err, test.want)
		}
	}
	if set, _ := Expand("H0"); slices.Contains(set["purposes"], "training") {
		t.Error("H0 is for preventing and combating crimes, not for teaching")
	}
	if set, _ := Expand("Egmont"); slices.Contains(set["purposes"], "investigation-lead") {
		t.Error("Egmont: investigative use needs the discloser's consent")
	}
}

// A stricter label is stricter on every axis that it is written out to.
func TestLabelsAreOrderedOnEveryAxis(t *testing.T) {
	for i, strict := range Labels() {
		for _, loose := range Labels()[i:] {
			a, _ := Expand(strict)
			b, _ := Expand(loose)
			if axis, looser := a.Looser(b); looser {
				t.Errorf("%s is looser than %s on %s", strict, loose, axis)
			}
			if met := Meet(a, b); !same(met, a) {
				t.Errorf("%s with %s is %v", strict, loose, met)
			}
		}
	}
}

func TestAPresetThatSaysNothingIsAskedWhatItMeans(t *testing.T) {
	for preset, code := range map[string]string{"H3": "preset_needs_terms", "H4": "preset_unknown", "TLP:WHITE": "preset_unknown", "": "preset_unknown", "tlp:red": "preset_unknown"} {
		var refused *PresetError
		if set, err := Expand(preset); !errors.As(err, &refused) || refused.Code != code || set != nil {
			t.Errorf("%q: Expand = %v, %v; want %s", preset, set, err, code)
		}
	}
}

// What is expanded belongs to the caller: changing it changes no preset.
func TestAnExpansionIsACopy(t *testing.T) {
	set, _ := Expand("TLP:RED")
	set["audience"][0] = "public"
	delete(set, "onwardScope")
	again, _ := Expand("TLP:RED")
	if again.Value(Audience) != "named-individuals" || again.Value(OnwardScope) != "none" {
		t.Errorf("RED is now %v", again)
	}
}

func TestALabelIsWrittenOut(t *testing.T) {
	set := Set{"tlp": {"TLP:RED"}, "purposes": {"training"}, "audience": {"agreement-parties"}}.Labelled()
	want := Set{
		"tlp": {"TLP:RED"}, "purposes": {"training"}, "audience": {"named-individuals"},
		"onwardScope": {"none"}, "onwardConsent": {"always"},
	}
	if !same(set, want) {
		t.Errorf("Labelled = %v, want %v", set, want)
	}
	if plain := (Set{"purposes": {"training"}}).Labelled(); !same(plain, Set{"purposes": {"training"}}) {
		t.Errorf("without a label: %v", plain)
	}
}
