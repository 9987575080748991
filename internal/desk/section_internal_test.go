package desk

import (
	"bytes"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/bulletin"
	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/screen"
	"github.com/concordat-hub/concordat/internal/seal"
)

// Whom a section leaves out is told nothing; whom it does not is told which
// condition is not met. The line between the two is drawn here.
func TestWhomASectionConcerns(t *testing.T) {
	const mine, theirs = "ofc-aaaaaaaaaaaaaaaaaaaaaaaaaa", "ofc-bbbbbbbbbbbbbbbbbbbbbbbbbb"
	release := &ledger.Release{
		Item: &ledger.Item{Publisher: "agencya"},
		Revision: &ledger.Revision{Document: &agreement.Document{Parties: []agreement.Party{
			{Agency: "agencya", Kind: "police", Jurisdiction: "FR"}, {Agency: "agencyb", Kind: "labour-inspection", Jurisdiction: "ID"},
		}}},
	}
	for name, test := range map[string]struct {
		section restriction.Set
		reader  bool // of agency b
		own     bool // of agency a, the publisher
	}{
		"another agency":               {restriction.Set{"recipients": {"agencyc"}}, false, true},
		"this agency":                  {restriction.Set{"recipients": {"agencyb"}}, true, true},
		"everybody but this agency":    {restriction.Set{"recipientsDenied": {"agencyb"}}, false, true},
		"another kind":                 {restriction.Set{"recipientKinds": {"police"}}, false, true},
		"this kind":                    {restriction.Set{"recipientKinds": {"labour-inspection"}}, true, true},
		"another jurisdiction":         {restriction.Set{"jurisdictions": {"FR"}}, false, true},
		"everybody but this one":       {restriction.Set{"jurisdictionsDenied": {"ID"}}, false, true},
		"another officer":              {restriction.Set{"officers": {theirs}}, false, true},
		"this officer":                 {restriction.Set{"officers": {mine}}, true, true},
		"a later day":                  {restriction.Set{"notBefore": {"2099-01-01T00:00:00Z"}}, true, true},
		"another purpose":              {restriction.Set{"purposes": {"policy"}}, true, true},
		"an axis of a later version":   {restriction.Set{"moonPhase": {"full"}}, false, false},
		"a condition and another kind": {restriction.Set{"purposes": {"policy"}, "recipientKinds": {"police"}}, false, true},
	} {
		for agency, want := range map[act.AgencyName]bool{"agencyb": test.reader, "agencya": test.own} {
			d := &Desk{Options: Options{Agency: agency}}
			if got := d.concerns(release, test.section, &Officer{Name: mine}, time.Unix(1_800_000_000, 0)); got != want {
				t.Errorf("%s: %s is concerned: %v", name, agency, got)
			}
		}
	}
}

func sampleSource(t *testing.T) []byte {
	t.Helper()
	raw, err := os.ReadFile("../../config/samples/bulletins/b01-false-job-offers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A publisher that tells the hub of looser restrictions than the section has, or
// whose guard slept, is caught at the reader: the section stays closed.
func TestASectionThatIsNotWhatItsDescriptorSaysIsWithheld(t *testing.T) {
	guard, err := screen.New(bytes.Repeat([]byte{1}, screen.MinKey))
	if err != nil {
		t.Fatal(err)
	}
	d := &Desk{guard: guard}
	kind := bulletin.New().(item.Joiner)
	content := complete(t)
	body, err := kind.Decode(content.Canonical())
	if err != nil {
		t.Fatal(err)
	}
	passage := item.SectionsOf(content)[0].Canonical
	opened := func(told restriction.Set, passage []byte) openedSection {
		return openedSection{passage: passage, asked: askedSection{descriptor: seal.SaltedDescriptor{Descriptor: seal.Descriptor{Restrictions: told}}}}
	}
	honest := restriction.Set{"recipients": {"agencyb"}}
	for name, test := range map[string]struct {
		section openedSection
		want    string
	}{
		"as released":                {opened(honest, passage), ""},
		"told more loosely":          {opened(restriction.Set{"recipients": {"agencyb", "agencyc"}}, passage), reasonSectionDamaged},
		"told on another axis":       {opened(restriction.Set{"tlp": {"TLP:RED"}}, passage), reasonSectionDamaged},
		"not a section":              {opened(honest, []byte(`{"text":{}}`)), reasonSectionDamaged},
		"without the authentic text": {opened(honest, bytes.ReplaceAll(passage, []byte(`"en"`), []byte(`"fr"`))), reasonSectionDamaged},
		"with a telephone number":    {opened(honest, bytes.Replace(passage, []byte("A passage"), []byte("Call +62 812 3456 7890"), 1)), reasonSectionScreened},
	} {
		if got := d.receiveSection(kind, body, test.section); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// complete is a valid bulletin with a section.
func complete(t *testing.T) item.Content {
	t.Helper()
	content, err := bulletin.New().Decode(append(slices.Clone(sampleSource(t)), []byte("\nsections:\n  - {title: {en: For one}, text: {en: A passage}, restrictions: {recipients: [agencyb]}}\n")...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// What a draft commits to is its sections too: each change of one is found when
// the draft is read again.
func TestADraftWhoseSectionsWereChangedIsNotReleased(t *testing.T) {
	content := complete(t)
	secret, err := bindSections(content)
	if err != nil || !sectionsBound(secret, content) {
		t.Fatalf("%v", err)
	}
	again, err := bindSections(content)
	if err != nil || bytes.Equal(again.Salt, secret.Salt) {
		t.Fatalf("two versions have one salt: %v", err)
	}
	changed := secret
	changed.Sections = again.Sections // bound to another body's salt
	if sectionsBound(changed, content) {
		t.Error("sections of another version are accepted")
	}
	changed.Sections = nil
	if sectionsBound(changed, content) {
		t.Error("a section that is left out is not missed")
	}
	plain, err := bulletin.New().Decode(sampleSource(t))
	if err != nil || sectionsBound(secret, plain) {
		t.Errorf("a section too many is accepted: %v", err)
	}
	without, err := bindSections(plain)
	if err != nil || len(without.Salt) != seal.SaltSize || without.Whole != nil || without.Sections != nil || !sectionsBound(without, plain) {
		t.Errorf("%+v, %v", without, err)
	}
}
