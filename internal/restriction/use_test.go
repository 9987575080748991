package restriction

import (
	"errors"
	"slices"
	"testing"
	"time"
)

var (
	noon    = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	officer = pool[Officers][0]
)

// opening is a use that nothing but the axis under test can forbid.
func opening(change func(*Use)) Use {
	use := Use{
		Agency: "a1", Kind: "police", Jurisdiction: "ID", Officer: officer, Purpose: "training",
		Form: "view-only", At: noon,
	}
	change(&use)
	return use
}

func delivery(change func(*Use)) Use {
	use := Use{Agency: "a1", Kind: "police", Jurisdiction: "ID", At: noon}
	change(&use)
	return use
}

func TestEachAxisForbidsWhatItIsFor(t *testing.T) {
	as := func(*Use) {}
	for name, test := range map[string]struct {
		axis  Axis
		terms []string
		use   Use
		want  bool
	}{
		"a public item is opened":                           {Audience, []string{"public"}, opening(as), true},
		"individuals open under their pseudonym":            {Audience, []string{"named-individuals"}, opening(as), true},
		"individuals do not open as a desk":                 {Audience, []string{"named-individuals"}, opening(func(u *Use) { u.Officer = "" }), false},
		"an item for individuals is delivered":              {Audience, []string{"named-individuals"}, delivery(as), true},
		"an agency that is named":                           {Recipients, []string{"a1", "b1"}, delivery(as), true},
		"an agency that is not named":                       {Recipients, []string{"b1"}, delivery(as), false},
		"an agency that is not denied":                      {RecipientsDenied, []string{"b1"}, delivery(as), true},
		"an agency that is denied":                          {RecipientsDenied, []string{"a1"}, delivery(as), false},
		"an agency that says not who it is":                 {RecipientsDenied, []string{"b1"}, delivery(func(u *Use) { u.Agency = "" }), false},
		"an agency of the kind":                             {RecipientKinds, []string{"FIU", "police"}, delivery(as), true},
		"an agency of another kind":                         {RecipientKinds, []string{"FIU"}, delivery(as), false},
		"an agency of no kind":                              {RecipientKinds, []string{"FIU"}, delivery(func(u *Use) { u.Kind = "" }), false},
		"a jurisdiction on the list":                        {Jurisdictions, []string{"FR", "ID"}, delivery(as), true},
		"a jurisdiction that is not on the list":            {Jurisdictions, []string{"FR"}, delivery(as), false},
		"a jurisdiction that is not denied":                 {JurisdictionsDenied, []string{"FR"}, delivery(as), true},
		"a jurisdiction that is denied":                     {JurisdictionsDenied, []string{"ID"}, delivery(as), false},
		"a jurisdiction that nobody knows":                  {JurisdictionsDenied, []string{"FR"}, delivery(func(u *Use) { u.Jurisdiction = "" }), false},
		"an officer on the list":                            {Officers, []string{officer}, opening(as), true},
		"an officer who is not on the list":                 {Officers, []string{officer}, opening(func(u *Use) { u.Officer = pool[Officers][1] }), false},
		"no officer":                                        {Officers, []string{officer}, opening(func(u *Use) { u.Officer = "" }), false},
		"an item for some officers is delivered":            {Officers, []string{officer}, delivery(as), true},
		"another purpose":                                   {Purposes, []string{"policy"}, opening(as), false},
		"opening without a purpose":                         {Purposes, []string{"policy"}, opening(func(u *Use) { u.Purpose = "" }), false},
		"delivery before a purpose":                         {Purposes, []string{"policy"}, delivery(as), true},
		"showing where showing is all":                      {AccessForm, []string{"view-only"}, opening(as), true},
		"no form asks to be shown":                          {AccessForm, []string{"view-only"}, opening(func(u *Use) { u.Form = "" }), true},
		"printing where showing is all":                     {AccessForm, []string{"view-only"}, opening(func(u *Use) { u.Form = "print" }), false},
		"printing where the mark may be saved":              {AccessForm, []string{"download-watermarked"}, opening(func(u *Use) { u.Form = "print" }), true},
		"saving without the mark":                           {AccessForm, []string{"download-watermarked"}, opening(func(u *Use) { u.Form = "download" }), false},
		"a form of a later version":                         {AccessForm, []string{"download"}, opening(func(u *Use) { u.Form = "hologram" }), false},
		"the last of three reads":                           {MaxReads, []string{"3"}, opening(func(u *Use) { u.Reads = 2 }), true},
		"a fourth read":                                     {MaxReads, []string{"3"}, opening(func(u *Use) { u.Reads = 3 }), false},
		"a negative number of reads":                        {MaxReads, []string{"3"}, opening(func(u *Use) { u.Reads = -1 }), false},
		"delivery is no read":                               {MaxReads, []string{"3"}, delivery(func(u *Use) { u.Reads = 3 }), true},
		"a program":                                         {AutomatedProcessing, []string{"prohibited"}, opening(func(u *Use) { u.Automated = true }), false},
		"a program where that is allowed":                   {AutomatedProcessing, []string{"allowed"}, opening(func(u *Use) { u.Automated = true }), true},
		"an officer where programs are prohibited":          {AutomatedProcessing, []string{"prohibited"}, opening(as), true},
		"one second before it begins":                       {NotBefore, []string{"2027-01-01T00:00:00Z"}, delivery(func(u *Use) { u.At = noon.Add(-time.Second) }), false},
		"when it begins":                                    {NotBefore, []string{"2027-01-01T00:00:00Z"}, delivery(as), true},
		"no time is before no end":                          {Expires, []string{"2027-01-01T00:00:01Z"}, delivery(func(u *Use) { u.At = time.Time{} }), false},
		"one second before the review":                      {ReviewBy, []string{"2027-01-01T00:00:01Z"}, delivery(as), true},
		"when the review is due":                            {ReviewBy, []string{"2027-01-01T00:00:00Z"}, delivery(as), false},
		"an embargo lets the receiver itself read":          {Embargo, []string{"2028-01-01T00:00:00Z"}, opening(as), true},
		"what is recalled is not opened":                    {Recall, []string{"recalled"}, opening(as), false},
		"what is recalled is not delivered":                 {Recall, []string{"recalled"}, delivery(as), false},
		"use in court is decided elsewhere":                 {JudicialUse, []string{"prohibited"}, opening(as), true},
		"exposure is recorded":                              {ActionExposure, []string{"none"}, opening(as), true},
		"attribution is decided elsewhere":                  {Attribution, []string{"must-not"}, opening(as), true},
		"retention is a duty":                               {RetentionDays, []string{"1"}, opening(as), true},
		"prerequisites are decided where they are attested": {Prerequisites, []string{"curriculum-completed"}, opening(as), true},
	} {
		t.Run(name, func(t *testing.T) {
			set := Set{string(test.axis): test.terms}
			if err := set.Validate(); err != nil {
				t.Fatal(err)
			}
			got, axis := set.Permit(test.use)
			if got != test.want || !got && axis != test.axis {
				t.Errorf("Permit = %v, %q; want %v", got, axis, test.want)
			}
		})
	}
}

func TestAttributionMeetsAsItIsDrawn(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"may", "must-not", "must-not"},
		{"may", "consent", "consent"},
		{"may", "must", "must"},
		{"consent", "must-not", "must-not"},
		{"must", "must-not", ""},
		{"must", "consent", ""},
	} {
		met := Meet(Set{"attribution": {test.a}}, Set{"attribution": {test.b}})
		if met.Value(Attribution) != test.want {
			t.Errorf("%s with %s is %v", test.a, test.b, met)
		}
		if permitted, axis := met.Permit(Use{}); permitted != (test.want != "") || !permitted && axis != Attribution {
			t.Errorf("%s with %s permits: %v, %q", test.a, test.b, permitted, axis)
		}
	}
}

func TestTheOriginatorIsNotBoundByWhomItChose(t *testing.T) {
	set := Set{}
	for _, axis := range Axes() {
		set[string(axis)] = everyTerms(axis)[1]
	}
	set["altitude"] = []string{"low"}
	kept := ForOriginator(set)
	var left []Axis
	for _, axis := range Axes() {
		if _, ok := kept[string(axis)]; !ok {
			left = append(left, axis)
		}
	}
	want := []Axis{
		AccessForm, Audience, Jurisdictions, JurisdictionsDenied, MaxReads, Officers, Prerequisites,
		RecipientKinds, Recipients, RecipientsDenied, RetentionDays,
	}
	if !slices.Equal(left, want) {
		t.Errorf("left out %v, want %v", left, want)
	}
	if _, ok := kept["altitude"]; !ok {
		t.Error("an axis of a later version is left out, and so would permit")
	}
}

func TestNothingIsRecalledWhenItIsReleased(t *testing.T) {
	set := Set{"recall": {"recalled"}, "tlp": {"TLP:AMBER"}}
	if err := set.Validate(); err != nil {
		t.Errorf("a later request cannot recall: %v", err)
	}
	var refused *Error
	if err := set.ValidateDeclared(); !errors.As(err, &refused) || refused.Code != "restriction_not_at_release" || refused.Axis != Recall {
		t.Errorf("ValidateDeclared = %v", err)
	}
	for name, list := range map[string][]string{"a name with a space": {"a 1"}, "an empty name": {""}} {
		if err := (Set{"recipients": list}).ValidateDeclared(); !errors.As(err, &refused) || refused.Axis != Recipients {
			t.Errorf("%s: ValidateDeclared = %v", name, err)
		}
	}
}

func TestACompleteFloorNamesEveryOrderedAxis(t *testing.T) {
	floor := Set{}
	for _, axis := range OrderedAxes() {
		floor[string(axis)] = []string{Values(axis)[0]}
	}
	if err := Complete(floor); err != nil {
		t.Errorf("a floor with every axis: %v", err)
	}
	for _, axis := range OrderedAxes() {
		less := ForOriginator(floor)
		for name, terms := range floor {
			less[name] = terms
		}
		delete(less, string(axis))
		var refused *Error
		if err := Complete(less); !errors.As(err, &refused) || refused.Code != "restriction_incomplete" || refused.Axis != axis {
			t.Errorf("without %s: Complete = %v", axis, err)
		}
	}
	for _, axis := range Axes() {
		shape := ShapeOf(axis)
		if listed := slices.Contains(OrderedAxes(), axis); listed != (shape == Ordered || shape == Partial) && axis != Recall {
			t.Errorf("%s is %s: named by a complete floor is %v", axis, shape, listed)
		}
	}
}

func TestMalformedTermsAreRefused(t *testing.T) {
	for name, set := range map[string]Set{
		"two values":               {"audience": {"named-agencies", "public"}},
		"a number with a zero":     {"maxReads": {"03"}},
		"a number with a sign":     {"maxReads": {"+3"}},
		"no days":                  {"retentionDays": {"0"}},
		"more days than a century": {"retentionDays": {"99999"}},
		"a moment with a zone":     {"embargo": {"2027-01-01T00:00:00+07:00"}},
		"an officer by name":       {"officers": {"someone"}},
		"a country in small":       {"jurisdictions": {"id"}},
		"a kind with a space":      {"recipientKinds": {"police force"}},
		"encryption that is none":  {"encryption": {"rot13"}},
		"a label of version 1":     {"tlp": {"TLP:WHITE"}},
	} {
		var refused *Error
		if err := set.Validate(); !errors.As(err, &refused) || refused.Code != "restriction_malformed" {
			t.Errorf("%s: Validate = %v", name, err)
		}
	}
}

func TestLooserOnListsThatUnite(t *testing.T) {
	floor := Set{"encryption": {"at-rest"}, "recipientsDenied": {"b1", "c1"}, "attribution": {"must"}}
	for name, test := range map[string]struct {
		axis  Axis
		terms []string
	}{
		"one agency is no longer denied": {RecipientsDenied, []string{"b1"}},
		"no agency is denied":            {RecipientsDenied, nil},
		"named where it must be":         {Attribution, []string{"may"}},
		"unnamed where it must be named": {Attribution, []string{"must-not"}},
		"no encryption":                  {Encryption, nil},
	} {
		set := Meet(floor, nil)
		if set[string(test.axis)] = test.terms; test.terms == nil {
			delete(set, string(test.axis))
		}
		if axis, looser := set.Looser(floor); !looser || axis != test.axis {
			t.Errorf("%s: Looser = %q, %v", name, axis, looser)
		}
	}
	more := Meet(floor, Set{"recipientsDenied": {"d1"}})
	if axis, looser := more.Looser(floor); looser {
		t.Errorf("denying one more is looser on %s", axis)
	}
}

func TestOfTwoValuesTheStricterStays(t *testing.T) {
	for _, test := range []struct {
		axis            Axis
		strict, loose   []string
		meetInSomething []string // nil means the strict one
	}{
		{axis: Audience, strict: []string{"named-agencies"}, loose: []string{"public"}},
		{axis: OnwardScope, strict: []string{"none"}, loose: []string{"own-organisation"}},
		{axis: OnwardConsent, strict: []string{"always"}, loose: []string{"never"}},
		{axis: JudicialUse, strict: []string{"consent"}, loose: []string{"allowed"}},
		{axis: ActionExposure, strict: []string{"internal-only"}, loose: []string{"passive-external"}},
		{axis: Derivation, strict: []string{"with-consent"}, loose: []string{"translate-only"}},
		{axis: AccessForm, strict: []string{"print"}, loose: []string{"download-watermarked"}},
		{axis: OnTermination, strict: []string{"destroy"}, loose: []string{"return"}},
		{axis: AutomatedProcessing, strict: []string{"prohibited"}, loose: []string{"allowed"}},
		{axis: Notifications, strict: []string{"must-not"}, loose: []string{"may"}},
		{axis: MaxReads, strict: []string{"9"}, loose: []string{"10"}},
		{axis: RetentionDays, strict: []string{"30"}, loose: []string{"200"}},
		{axis: UseReportDays, strict: []string{"7"}, loose: []string{"14"}},
		{axis: NotBefore, strict: []string{moments[1]}, loose: []string{moments[0]}},
		{axis: Embargo, strict: []string{moments[2]}, loose: []string{moments[1]}},
		{axis: Expires, strict: []string{moments[0]}, loose: []string{moments[1]}},
		{axis: ReviewBy, strict: []string{moments[0]}, loose: []string{moments[2]}},
		{axis: Recipients, strict: []string{"a1", "b1"}, loose: []string{"b1", "c1"}, meetInSomething: []string{"b1"}},
		{axis: RecipientsDenied, strict: []string{"a1", "b1"}, loose: []string{"b1", "c1"}, meetInSomething: []string{"a1", "b1", "c1"}},
		{axis: RecipientKinds, strict: []string{"FIU"}, loose: []string{"FIU", "police"}},
		{axis: Jurisdictions, strict: []string{"FR"}, loose: []string{"FR", "ID"}},
		{axis: JurisdictionsDenied, strict: []string{"FR", "ID"}, loose: []string{"FR"}},
		{axis: Officers, strict: pool[Officers][:1], loose: pool[Officers]},
		{axis: Prerequisites, strict: pool[Prerequisites], loose: pool[Prerequisites][:1]},
		{axis: Purposes, strict: []string{"training"}, loose: []string{"policy", "training"}},
		{axis: Encryption, strict: []string{"at-rest"}, loose: []string{"at-rest"}},
		{axis: Recall, strict: []string{"recalled"}, loose: []string{"recalled"}},
	} {
		want := test.meetInSomething
		if want == nil {
			want = test.strict
		}
		for _, got := range [][]string{meetOn(test.axis, test.strict, test.loose), meetOn(test.axis, test.loose, test.strict)} {
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v with %v is %v, want %v", test.axis, test.strict, test.loose, got, want)
			}
		}
	}
}

func TestSilenceIsLooserThanAFloorThatPermitsNothing(t *testing.T) {
	floor := Meet(Set{"purposes": {"policy"}}, Set{"purposes": {"training"}})
	if axis, looser := (Set{}).Looser(floor); !looser || axis != Purposes {
		t.Errorf("Looser = %q, %v", axis, looser)
	}
	if axis, looser := (Set{"purposes": {}}).Looser(floor); looser {
		t.Errorf("permitting nothing is looser on %s", axis)
	}
}
