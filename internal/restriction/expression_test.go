package restriction

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAnExpressionSaysWhatItSays(t *testing.T) {
	for expression, want := range map[string]Set{
		"":    {},
		"   ": {},
		"judicialUse=consent purposes=training,detection expires=2027-01-01T00:00:00Z preset:TLP:AMBER": {
			"judicialUse": {"consent"}, "purposes": {"detection", "training"}, "expires": {"2027-01-01T00:00:00Z"},
			"tlp": {"TLP:AMBER"}, "audience": {"agreement-parties"},
			"onwardScope": {"own-organisation-and-clients"}, "onwardConsent": {"never"},
		},
		"preset:H1  preset:H2":               {"judicialUse": {"consent"}, "onwardScope": {"none"}, "onwardConsent": {"always"}},
		"preset:TLP:RED onwardScope=anyone":  {"tlp": {"TLP:RED"}, "audience": {"named-individuals"}, "onwardScope": {"none"}, "onwardConsent": {"always"}},
		"preset:H3 maxReads=3":               {"maxReads": {"3"}},
		"tlp=TLP:AMBER+STRICT recipients=b1": {"tlp": {"TLP:AMBER+STRICT"}, "recipients": {"b1"}},
		"recipientKinds=police,FIU":          {"recipientKinds": {"FIU", "police"}},
		"recall=recalled":                    {"recall": {"recalled"}},
	} {
		set, err := Parse(expression)
		if err != nil || !same(set, want) {
			t.Errorf("Parse(%q) = %v, %v; want %v", expression, set, err, want)
		}
	}
}

func TestAnExpressionIsRefusedAtItsPlace(t *testing.T) {
	for name, test := range map[string]struct {
		expression string
		code       string
		column     int
		axis       Axis
	}{
		"no axis":                       {"tlp=TLP:RED consent", "expression_malformed", 13, ""},
		"an unknown axis":               {"tlp=TLP:RED colour=red", "restriction_unknown", 13, ""},
		"an axis in another case":       {"TLP=TLP:RED", "restriction_unknown", 1, ""},
		"an axis twice":                 {"maxReads=3 maxReads=4", "expression_axis_twice", 12, MaxReads},
		"no term":                       {"purposes=", "restriction_malformed", 10, Purposes},
		"an empty term":                 {"purposes=training,", "restriction_malformed", 19, Purposes},
		"an unknown term":               {"purposes=training,advertising", "restriction_malformed", 19, Purposes},
		"a term twice":                  {"purposes=training,training", "restriction_malformed", 19, Purposes},
		"two values of an ordered axis": {"judicialUse=consent,allowed", "restriction_malformed", 21, JudicialUse},
		"a recipient that is no slug":   {"recipients=a1,B1", "restriction_malformed", 15, Recipients},
		"a second equals sign":          {"maxReads=3=4", "restriction_malformed", 10, MaxReads},
		"an unknown code":               {"preset:H1 preset:H9", "preset_unknown", 18, ""},
		"a code that says nothing":      {"preset:H1 preset:H3", "preset_needs_terms", 18, ""},
		"codes that leave nothing":      {"purposes=training preset:H0", "restriction_empty", 26, Purposes},
		"terms that leave nothing":      {"preset:H0 purposes=training", "restriction_empty", 11, Purposes},
		"a line feed":                   {"tlp=TLP:RED\nmaxReads=3", "expression_malformed", 12, ""},
		"a letter that looks the same":  {"purposes=tr\u0430ining", "expression_malformed", 12, ""},
		"more than fits":                {strings.Repeat(" ", MaxExpression+1), "expression_too_long", MaxExpression + 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var refused *ParseError
			set, err := Parse(test.expression)
			if !errors.As(err, &refused) || set != nil {
				t.Fatalf("Parse = %v, %v", set, err)
			}
			if refused.Code != test.code || refused.Column != test.column || refused.Axis != test.axis {
				t.Errorf("Parse = %+v, want %s at %d on %q", *refused, test.code, test.column, test.axis)
			}
		})
	}
}

func TestAnExpressionAndItsSetAreOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := drawSet(t)
		for name, terms := range set {
			if len(terms) == 0 {
				delete(set, name) // only a meet makes it, and it cannot be written
			}
		}
		again, err := Parse(set.String())
		if err != nil || !same(again, set) {
			t.Fatalf("%v written %q is read %v, %v", map[string][]string(set), set.String(), map[string][]string(again), err)
		}
	})
}

// Whatever is typed is refused with a place in it, or is a valid set that is
// written and read as itself.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "tlp=TLP:RED", "preset:TLP:AMBER maxReads=3", "purposes=detection,training", "preset:H3 recall=recalled",
		"expires=2027-01-01T00:00:00Z notBefore=2026-01-01T00:00:00Z", "a=b", "preset:", "recipients=a1,,b1", "tlp==",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		set, err := Parse(expression)
		var refused *ParseError
		if errors.As(err, &refused) {
			if refused.Column < 1 || refused.Column > len(expression)+1 || refused.Code == "" {
				t.Fatalf("refused at column %d of %d with %q", refused.Column, len(expression), refused.Code)
			}
			return
		}
		if err != nil {
			t.Fatalf("an error of another kind: %v", err)
		}
		if err := set.Validate(); err != nil {
			t.Fatalf("what was read is not valid: %v", err)
		}
		if again, err := Parse(set.String()); err != nil || !same(again, set) {
			t.Fatalf("%q is read %v, %v", set.String(), again, err)
		}
	})
}
