package restriction

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	iepHeader = IEPHeader{
		ID: "5f1f6c8e-0c53-4a6b-9a1d-0c6b1a8e7d11", Name: "Fictional exchange", Start: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		References: []string{"https://example.org/policy"},
	}
	odrlHeader = ODRLHeader{UID: "urn:example:policy:1", Target: "urn:example:item:1", Originator: "urn:concordat:agency:alpha"}
)

const golden = "../../test/golden/restriction"

// goldenSets are the expressions that the golden files hold.
var goldenSets = map[string]string{
	"v1-amber-strict": "preset:TLP:AMBER+STRICT actionExposure=internal-only attribution=consent notifications=must-not purposes=detection,training",
	"v1-full": "preset:TLP:AMBER preset:H0 preset:H1 accessForm=download-watermarked actionExposure=contact-originator attribution=must-not " +
		"automatedProcessing=prohibited derivation=translate-only embargo=2026-06-01T00:00:00Z encryption=at-rest expires=2028-01-01T00:00:00Z " +
		"jurisdictions=FR,ID jurisdictionsDenied=SG maxReads=3 notBefore=2026-01-01T00:00:00Z notifications=may officers=ofc-aaaaaaaaaaaaaaaaaaaaaaaaaa " +
		"onTermination=destroy onwardConsent=always prerequisites=curriculum-completed recipientKinds=police recipients=beta,gamma recipientsDenied=delta " +
		"retentionDays=365 reviewBy=2027-01-01T00:00:00Z useReportDays=30",
	"v1-recalled": "preset:TLP:RED purposes=training recall=recalled",
}

func compareGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join(golden, name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll(golden, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-golden +got):\n%s", name, diff)
	}
}

func lists(e *Export) string {
	write := func(axes []Axis) string {
		var b strings.Builder
		for _, axis := range axes {
			b.WriteString(" " + string(axis))
		}
		return b.String()
	}
	return "left out:" + write(e.Left) + "\ntightened:" + write(e.Tightened) + "\n"
}

func TestExportsAreTheGoldenFiles(t *testing.T) {
	for name, expression := range goldenSets {
		set, err := Parse(expression)
		if err != nil {
			t.Fatal(err)
		}
		digest, err := set.Digest()
		if err != nil {
			t.Fatal(err)
		}
		compareGolden(t, name+".expression", []byte(set.String()+"\n"+digest+"\n"))
		policy, err := IEP(set, iepHeader)
		if err != nil {
			t.Fatal(err)
		}
		compareGolden(t, name+".iep.json", policy.Document)
		compareGolden(t, name+".iep.lists", []byte(lists(policy)))
		rights, err := ODRL(set, odrlHeader)
		if err != nil {
			t.Fatal(err)
		}
		compareGolden(t, name+".odrl.json", rights.Document)
		compareGolden(t, name+".odrl.lists", []byte(lists(rights)))
	}
}

// What a golden file says is read as it always was.
func TestGoldenExpressionsKeepTheirDigests(t *testing.T) {
	for name := range goldenSets {
		raw, err := os.ReadFile(filepath.Join(golden, name+".expression"))
		if err != nil {
			t.Fatal(err)
		}
		expression, rest, _ := strings.Cut(string(raw), "\n")
		set, err := Parse(expression)
		if err != nil {
			t.Fatal(err)
		}
		if digest, err := set.Digest(); err != nil || digest != strings.TrimSpace(rest) {
			t.Errorf("%s has digest %s, %v; it was %s", name, digest, err, rest)
		}
	}
}

// A set is either in the document or in a list. Its loosest value may be in
// neither: it restricts nothing.
func TestNoAxisIsLeftOutInSilence(t *testing.T) {
	for _, axis := range Axes() {
		all := everyTerms(axis)[1:]
		for i, terms := range all {
			if ShapeOf(axis) == Ordered && i == len(all)-1 && axis != Recall {
				continue
			}
			set := Set{string(axis): terms}
			for name, export := range map[string]func(Set) (*Export, error){
				"IEP":  func(s Set) (*Export, error) { return IEP(s, iepHeader) },
				"ODRL": func(s Set) (*Export, error) { return ODRL(s, odrlHeader) },
			} {
				with, err := export(set)
				if err != nil {
					t.Fatalf("%s %v: %v", name, set, err)
				}
				without, err := export(Set{})
				if err != nil {
					t.Fatal(err)
				}
				said := string(with.Document) != string(without.Document)
				listed := slices.Contains(with.Left, axis) || slices.Contains(with.Tightened, axis)
				if !said && !listed {
					t.Errorf("%s leaves out %v in silence", name, set)
				}
			}
		}
	}
}

func sayable(s Set) {
	for name, terms := range s {
		if len(terms) == 0 {
			delete(s, name)
		}
	}
}

// What is read back from an IEP policy is nowhere looser than what was written.
func TestAnIEPPolicyIsNeverLooserThanItsSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := drawSet(t)
		sayable(set)
		policy, err := IEP(set, iepHeader)
		if set.Contradiction() != nil && err != nil {
			return // a window without a moment
		}
		if err != nil {
			t.Fatalf("%v: %v", set, err)
		}
		read, err := ReadIEP(policy.Document)
		if err != nil {
			t.Fatalf("%v is written as a policy that is refused: %v\n%s", set, err, policy.Document)
		}
		for name, terms := range set {
			if slices.Contains(policy.Left, Axis(name)) {
				continue
			}
			own := Set{name: read.Terms[name]}
			if axis, looser := own.Looser(Set{name: terms}); looser {
				t.Fatalf("%v is read back as %v on %s", set, read.Terms, axis)
			}
		}
	})
}

// The words of the ODRL 2.2 core and common vocabularies that exports use.
var odrlWords = map[string][]string{
	"action": {
		"attribute", "delete", "derive", "display", "distribute", "extract", "inform", "obtainConsent", "print",
		"reproduce", "translate", "use", "watermark",
	},
	"leftOperand": {"count", "dateTime", "elapsedTime", "event", "purpose", "recipient"},
	"operator":    {"eq", "gt", "gteq", "isAnyOf", "isNoneOf", "isPartOf", "lt", "lteq"},
	"conflict":    {"prohibit"},
	"@type":       {"Set", "xsd:dateTime", "xsd:duration"},
	"@context":    {"http://www.w3.org/ns/odrl.jsonld"},
}

func checkWords(t *rapid.T, v any) {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			checkWords(t, element)
		}
	case map[string]any:
		for member, value := range v {
			if words, closed := odrlWords[member]; closed && !slices.Contains(words, value.(string)) {
				t.Fatalf("%s %v is not a word of ODRL 2.2", member, value)
			}
			checkWords(t, value)
		}
	}
}

// An officer's use is permitted by an ODRL policy only if the set permits it, on
// the axes that the policy says.
func TestAnODRLPolicyIsNeverLooserThanItsSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set, use := drawSet(t), drawUse(t)
		sayable(set)
		rights, err := ODRL(set, odrlHeader)
		if err != nil {
			t.Fatalf("%v: %v", set, err)
		}
		var policy odrlPolicy
		var loose any
		if json.Unmarshal(rights.Document, &policy) != nil || json.Unmarshal(rights.Document, &loose) != nil {
			t.Fatalf("no JSON:\n%s", rights.Document)
		}
		checkWords(t, loose)
		if use.Officer, use.Form = officer, rapid.SampledFrom(accessForms).Draw(t, "form"); use.Purpose == "" {
			use.Purpose = "training"
		}
		said := Set{}
		for name, terms := range set {
			if !slices.Contains(rights.Left, Axis(name)) {
				said[name] = terms
			}
		}
		permitted, axis := said.Permit(use)
		if odrlPermits(t, policy, use) && !permitted {
			t.Fatalf("%v forbids %+v on %s, its policy does not:\n%s", set, use, axis, rights.Document)
		}
		if permitted && !odrlPermits(t, policy, use) {
			t.Fatalf("%v permits %+v, its policy does not:\n%s", set, use, rights.Document)
		}
	})
}

// odrlPermits evaluates a policy for one opening, as ODRL's information model
// does: some permission for the action whose constraints all hold, and no
// prohibition that wins over it.
func odrlPermits(t *rapid.T, policy odrlPolicy, use Use) bool {
	action := map[string]string{"view-only": "display", "print": "print", "download-watermarked": "reproduce", "download": "reproduce"}[use.Form]
	for _, rule := range policy.Prohibition {
		if (rule.Action == action || rule.Action == "use") && odrlHolds(t, rule.Constraints, use) {
			return false
		}
	}
	for _, rule := range policy.Permission {
		// Who has to leave a mark cannot save without one.
		unmarked := use.Form == "download" && len(rule.Duties) > 0
		if rule.Action == action && !unmarked && odrlHolds(t, rule.Constraints, use) {
			return true
		}
	}
	return false
}

func odrlHolds(t *rapid.T, constraints []odrlConstraint, use Use) bool {
	for _, constraint := range constraints {
		raw, err := json.Marshal(constraint.Right)
		if err != nil {
			t.Fatal(err)
		}
		var list []odrlID
		var typed odrlTyped
		var one odrlID
		_, _, _ = json.Unmarshal(raw, &list), json.Unmarshal(raw, &typed), json.Unmarshal(raw, &one)
		holds := false
		switch constraint.Left + " " + constraint.Operator {
		case "purpose isAnyOf":
			holds = slices.Contains(list, odrlID{purposeIRI + use.Purpose})
		case "purpose eq":
			holds = one.ID == purposeIRI+use.Purpose
		case "recipient isAnyOf":
			holds = slices.Contains(list, odrlID{agencyIRI + use.Agency})
		case "recipient isNoneOf":
			holds = !slices.Contains(list, odrlID{agencyIRI + use.Agency})
		case "recipient isPartOf":
			holds = true // every reader here is of the circle
		case "dateTime gteq":
			holds = !use.At.Before(*moment(typed.Value))
		case "dateTime lt":
			holds = use.At.Before(*moment(typed.Value))
		case "count lteq":
			holds = float64(use.Reads+1) <= constraint.Right.(float64)
		default:
			t.Fatalf("no reading of %s %s", constraint.Left, constraint.Operator)
		}
		if !holds {
			return false
		}
	}
	return true
}

func TestWhatCannotBeExportedIsRefused(t *testing.T) {
	var document *DocumentError
	for place, header := range map[string]ODRLHeader{
		"/uid":      {Target: odrlHeader.Target, Originator: odrlHeader.Originator},
		"/target":   {UID: odrlHeader.UID, Target: "item 1", Originator: odrlHeader.Originator},
		"/assigner": {UID: odrlHeader.UID, Target: odrlHeader.Target, Originator: "alpha"},
	} {
		if _, err := ODRL(Set{}, header); !errors.As(err, &document) || document.Code != "odrl_iri_malformed" || document.Place != place {
			t.Errorf("ODRL without %s = %v", place, err)
		}
	}
	for place, change := range map[string]func(*IEPHeader){
		"/id":         func(h *IEPHeader) { h.ID = "" },
		"/name":       func(h *IEPHeader) { h.Name = "" },
		"/start_date": func(h *IEPHeader) { h.Start = time.Time{} },
	} {
		header := iepHeader
		change(&header)
		if _, err := IEP(Set{}, header); !errors.As(err, &document) || document.Code != "iep_member_missing" || document.Place != place {
			t.Errorf("IEP without %s = %v", place, err)
		}
	}
	late := iepHeader
	late.Start = noon
	if _, err := IEP(Set{"expires": {"2027-01-01T00:00:00Z"}}, late); !errors.As(err, &document) || document.Place != "/start_date" {
		t.Errorf("a policy that ends when it starts: %v", err)
	}
	empty := Set{"purposes": {}}
	var refused *Error
	if _, err := ODRL(empty, odrlHeader); !errors.As(err, &refused) || refused.Axis != Purposes {
		t.Errorf("ODRL of what permits nothing: %v", err)
	}
	if _, err := IEP(empty, iepHeader); !errors.As(err, &refused) || refused.Axis != Purposes {
		t.Errorf("IEP of what permits nothing: %v", err)
	}
}
