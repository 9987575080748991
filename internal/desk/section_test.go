package desk_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/tlog"
)

const (
	passageForB = "Ask for the contract in a private room, before anybody else joins."
	passageLate = "Compare the address of an offer with the register of agencies."
	passageKind = "Platforms keep the first version of an offer for comparison."
)

// sectioned is a sample bulletin with sections for fewer readers: one for agency b,
// one for training only, and one for a kind of agency that is no party.
func sectioned(t *testing.T) string {
	t.Helper()
	return sample(t) + `
sections:
  - title: {en: For one agency}
    text: {en: "` + passageForB + `"}
    restrictions: {recipients: [agencyb]}
  - title: {en: For training}
    text: {en: "` + passageLate + `"}
    restrictions: {purposes: [training], recipientsDenied: [agencyc]}
  - title: {en: For platforms}
    text: {en: "` + passageKind + `"}
    restrictions: {recipientKinds: [platform]}
`
}

func TestSectionsForFewerReaders(t *testing.T) {
	w := newWorld(t)
	a, b := w.agency("agencya"), w.agency("agencyb")
	w.agency("agencyc")
	keepAll(t, w, a, b, []promise{
		{"a dry run says who would get which section", dryRunNamesSections},
		{"an approval is of every section", approvalIsOfEverySection},
		{"a reader gets the sections that are for him and nobody else a trace", sectionsReachTheirReaders},
		{"an officer whom a section leaves out gets no trace of it", officersAreLeftOut},
		{"kept sections end with their own lease and with the body", keptSectionsEnd},
		{"a section whose terms cannot be met keeps the release back", contradictionIsRefused},
		{"a section that was exchanged on the way is withheld", exchangedSectionIsWithheld},
		{"what is made by a reader of a section takes over its terms", derivedFromSection},
	})
}

// circle has the three agencies agree and a release its sectioned bulletin.
func (w *world) circle(t *testing.T, a, b *site, source string) deskapi.Release {
	t.Helper()
	agreementID := w.agree([]*site{a, b, w.desks["agencyc"]})
	draft := a.approved("bulletin", source)
	release, err := a.officer("releaser-1", "releaser").Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*site{b, w.desks["agencyc"]} {
		s.received(release.Item)
	}
	return release
}

// openAs accepts the conditions of the item and, if told to, of every section.
func (s *site) openAs(subject, item, purpose string, accept bool) (deskapi.Conditions, deskapi.Opened, error) {
	t := s.w.t
	t.Helper()
	reader := s.officer(subject, "reader")
	conditions, err := reader.Conditions(t.Context(), item, "")
	if err != nil {
		t.Fatal(err)
	}
	request := deskapi.OpenRequest{Purpose: purpose, Justification: "sample work", AcceptedRestrictions: conditions.RestrictionsDigest}
	for _, section := range conditions.Sections {
		if accept {
			request.AcceptedSections = append(request.AcceptedSections, section.RestrictionsDigest)
		}
	}
	opened, err := reader.Open(t.Context(), item, request)
	return conditions, opened, err
}

func dryRunNamesSections(t *testing.T, w *world, a, b *site) {
	agreementID := w.agree([]*site{a, b, w.desks["agencyc"]})
	draft := a.approved("bulletin", sectioned(t))
	dry, err := a.officer("releaser-1", "releaser").DryRun(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	if err != nil || !dry.Allow || len(dry.Recipients) != 2 {
		t.Fatalf("%+v, %v", dry, err)
	}
	got := map[string][]string{}
	for _, section := range dry.Sections {
		for _, r := range section.Recipients {
			if r.Allow {
				got[section.Title["en"]] = append(got[section.Title["en"]], r.Agency)
			} else if r.Reason != "policy_restriction_forbids" || r.Message == "" {
				t.Errorf("%s is refused %s for %q: %q", r.Agency, section.Title["en"], r.Reason, r.Message)
			}
		}
	}
	if diff := cmp.Diff(map[string][]string{"For one agency": {"agencyb"}, "For training": {"agencyb"}}, got); diff != "" {
		t.Error(diff)
	}
}

// A change of a section alone is a new version with a new commitment, although the
// body has the same bytes.
func approvalIsOfEverySection(t *testing.T, w *world, a, b *site) {
	agreementID := w.agree([]*site{a, b})
	analyst, releaser := a.officer("analyst-1", "analyst"), a.officer("releaser-1", "releaser")
	draft := a.approved("bulletin", sectioned(t))
	before, err := analyst.Draft(t.Context(), draft.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(before.Rendered, passageForB) || len(before.Sections) != 3 || strings.Contains(before.Content, passageForB) {
		t.Errorf("a draft with %d sections shows\n%s", len(before.Sections), before.Rendered)
	}
	changed := strings.Replace(sectioned(t), "private room", "public room", 1)
	after, err := analyst.EditDraft(t.Context(), draft.ID, 1, deskapi.DraftRequest{Source: changed})
	if err != nil {
		t.Fatal(err)
	}
	if after.Content != before.Content || after.ContentDigest == before.ContentDigest || len(after.Approvals) != 0 {
		t.Errorf("a changed section has commitment %s (before %s) and %d approvals", after.ContentDigest, before.ContentDigest, len(after.Approvals))
	}
	_, err = releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	wantCode(t, err, "two_person_required")
}

func sectionsReachTheirReaders(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	release := w.circle(t, a, b, sectioned(t))

	conditions, opened, err := b.openAs("reader-1", release.Item, "training", true)
	if err != nil || len(conditions.Sections) != 2 || len(opened.Sections) != 2 || len(opened.Withheld) != 0 {
		t.Fatalf("b: %+v\n%+v, %v", conditions.Sections, opened, err)
	}
	for _, want := range []string{passageForB, passageLate} {
		if !strings.Contains(opened.Rendered, want) {
			t.Errorf("b does not read %q", want)
		}
	}
	// For another purpose one section stays closed, and b is told why.
	_, other, err := b.openAs("reader-1", release.Item, "detection", true)
	if err != nil || len(other.Sections) != 1 || len(other.Withheld) != 1 || other.Withheld[0].Reason != "policy_restriction_forbids" {
		t.Fatalf("b for detection: %+v, %v", other, err)
	}
	if !strings.Contains(other.Withheld[0].Message, "purposes") || strings.Contains(other.Rendered, passageLate) {
		t.Errorf("b for detection: %+v", other.Withheld)
	}
	// Conditions of their own that were not accepted.
	_, unaccepted, err := b.openAs("reader-2", release.Item, "training", false)
	if err != nil || len(unaccepted.Sections) != 0 || len(unaccepted.Withheld) != 2 || unaccepted.Withheld[0].Reason != "desk_section_not_accepted" {
		t.Fatalf("b without accepting: %+v, %v", unaccepted, err)
	}
	// The publisher reads all of its own.
	if _, own, err := a.openAs("reader-1", release.Item, "training", true); err != nil || len(own.Sections) != 3 {
		t.Fatalf("a: %+v, %v", own, err)
	}
	// The excluded agency reads a bulletin like any other.
	conditions, opened, err = c.openAs("reader-1", release.Item, "training", true)
	if err != nil || conditions.Sections != nil || opened.Sections != nil || opened.Withheld != nil {
		t.Fatalf("c: %+v\n%+v, %v", conditions, opened, err)
	}
	traceless(t, c, release, opened)
	sectionReceipts(t, w, b, release, other)
	w.hub.Verify(t)
}

// traceless looks through everything that the excluded agency's desk holds and
// answers, and compares the list of hashes with that of a release without sections.
func traceless(t *testing.T, c *site, release deskapi.Release, opened deskapi.Opened) {
	t.Helper()
	auditor, reader := c.officer("auditor", "auditor"), c.officer("reader-1", "reader")
	it, err := reader.Item(t.Context(), release.Item)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := auditor.Receipt(t.Context(), release.Item, "release", release.Release)
	if err != nil {
		t.Fatal(err)
	}
	cover, err := c.store.Cover(t.Context(), release.Release)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := tlog.ParseReceipt(receipt)
	if err != nil || len(parsed.Descriptors) != 2 {
		t.Fatalf("a receipt with %d descriptors, %v", len(parsed.Descriptors), err)
	}
	everything, err := json.Marshal([]any{it, opened, parsed.Descriptors, string(parsed.Entry), string(cover.Secret.Cover), string(cover.Secret.Descriptors)})
	if err != nil {
		t.Fatal(err)
	}
	for _, trace := range []string{"section-", "agencyb", "recipientKinds", "private room", "register of agencies"} {
		if strings.Contains(string(everything), trace) {
			t.Errorf("the excluded agency holds %q", trace)
		}
	}
	entry, err := ledger.ParseEntry(parsed.Entry)
	if err != nil {
		t.Fatal(err)
	}
	// Eight places for each of three parties, whatever there is to fill them.
	if n := len(entry.Act.Payload.(*act.ItemRelease).Descriptors); n != 32 {
		t.Errorf("the release lists %d hashes", n)
	}
}

// sectionReceipts proves a section offline, and nothing else with its receipt.
func sectionReceipts(t *testing.T, w *world, b *site, release deskapi.Release, opened deskapi.Opened) {
	t.Helper()
	reader := b.officer("reader-1", "reader")
	section := opened.Sections[0]
	raw, err := reader.PartReceipt(t.Context(), release.Item, "release", release.Release, section.Part)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := tlog.ParseReceipt(raw)
	if err != nil {
		t.Fatal(err)
	}
	entry, err := ledger.ParseEntry(receipt.Entry)
	if err != nil {
		t.Fatal(err)
	}
	listed := entry.Act.Payload.(*act.ItemRelease).Descriptors
	found, err := receipt.CheckContent([]byte(section.Content), listed)
	if err != nil || found.Part != section.Part || !strings.Contains(section.Content, passageForB) {
		t.Errorf("the receipt proves %q, %v", found.Part, err)
	}
	if _, err := receipt.CheckContent([]byte(opened.Content), listed); err == nil {
		t.Error("the receipt of a section proves the body")
	}
	of, err := reader.PartReceipt(t.Context(), release.Item, "open", release.Release, section.Part)
	if err != nil {
		t.Fatal(err)
	}
	if receipt, err = tlog.ParseReceipt(of); err != nil {
		t.Fatal(err)
	}
	if entry, err = ledger.ParseEntry(receipt.Entry); err != nil || entry.Act.Payload.(*act.ItemOpen).Part != section.Part {
		t.Errorf("the receipt of the section's open is of another entry (%v)", err)
	}
	checkReceipts(t, w, b, b, release, opened.Content)
	_, err = reader.PartReceipt(t.Context(), release.Item, "release", release.Release, "section-aaaaaaaaaaaaaaaa")
	wantCode(t, err, "not_found")
}

// Inside an agency that has a section, an officer whom it leaves out is told as
// little as another agency.
func officersAreLeftOut(t *testing.T, w *world, a, b *site) {
	me, err := b.officer("reader-1", "reader").Me(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	source := sample(t) + "\nsections:\n  - title: {en: For one officer}\n    text: {en: \"" + passageForB + "\"}\n    restrictions: {officers: [" + me.Officer + "]}\n"
	release := w.circle(t, a, b, source)
	if _, opened, err := b.openAs("reader-1", release.Item, "training", true); err != nil || len(opened.Sections) != 1 {
		t.Fatalf("the officer who is named: %+v, %v", opened, err)
	}
	conditions, opened, err := b.openAs("reader-2", release.Item, "training", true)
	if err != nil || conditions.Sections != nil || opened.Sections != nil || opened.Withheld != nil || strings.Contains(opened.Rendered, passageForB) {
		t.Errorf("an officer who is not: %+v\n%+v, %v", conditions, opened, err)
	}
	for officer, want := range map[string]int{"reader-1": 3, "reader-2": 2} {
		raw, err := b.officer(officer, "reader").Receipt(t.Context(), release.Item, "release", release.Release)
		if err != nil {
			t.Fatal(err)
		}
		receipt, err := tlog.ParseReceipt(raw)
		if err != nil || len(receipt.Descriptors) != want {
			t.Errorf("a receipt for %s has %d descriptors, want %d (%v)", officer, len(receipt.Descriptors), want, err)
		}
	}
}

func keptSectionsEnd(t *testing.T, w *world, a, b *site) {
	source := sample(t) + "\nsections:\n  - title: {en: Marked red}\n    text: {en: \"" + passageLate + "\"}\n    restrictions: {tlp: [\"TLP:RED\"]}\n" +
		"  - title: {en: For one agency}\n    text: {en: \"" + passageForB + "\"}\n    restrictions: {recipients: [agencyb]}\n"
	release := w.circle(t, a, b, source)
	_, first, err := b.openAs("reader-1", release.Item, "training", true)
	if err != nil || len(first.Sections) != 2 {
		t.Fatalf("%+v, %v", first, err)
	}
	kept, err := b.store.KeptReleases(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, k := range kept {
		if k.Release == release.Release && k.Part != "" {
			parts = append(parts, k.Part)
		}
	}
	if len(parts) != 1 {
		t.Fatalf("%d sections are kept; what is marked red is not", len(parts))
	}
	// What is not kept is asked for anew, with the body.
	_, again, err := b.openAs("reader-1", release.Item, "training", true)
	if err != nil || again.Decision == first.Decision || len(again.Sections) != 2 {
		t.Fatalf("%+v, %v", again, err)
	}
	if _, err := a.officer("releaser-1", "releaser").Retract(t.Context(), release.Item, "correction"); err != nil {
		t.Fatal(err)
	}
	w.await("sections go with the body", func() bool {
		kept, err := b.store.KeptReleases(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range kept {
			if k.Release == release.Release {
				return false
			}
		}
		return true
	})
}

func contradictionIsRefused(t *testing.T, w *world, a, b *site) {
	agreementID := w.agree([]*site{a, b})
	source := sample(t) + "\nsections:\n  - title: {en: For nobody}\n    text: {en: \"" + passageLate + "\"}\n    restrictions: {purposes: [policy]}\n"
	draft := a.approved("bulletin", source)
	request := deskapi.ReleaseRequest{Agreement: agreementID}
	dry, err := a.officer("releaser-1", "releaser").DryRun(t.Context(), draft.ID, request)
	if err != nil || dry.Allow || dry.Message == "" {
		t.Errorf("%+v, %v", dry, err)
	}
	_, err = a.officer("releaser-1", "releaser").Release(t.Context(), draft.ID, request)
	wantCode(t, err, "release_denied")
}

// The hub hands out a header that is not the section's; the body goes on.
func exchangedSectionIsWithheld(t *testing.T, w *world, a, b *site) {
	release := w.circle(t, a, b, sectioned(t))
	b.faults.set(func() {
		b.faults.opened = func(opened desk.Opened) desk.Opened {
			if seal.IsSection(opened.Descriptor.Descriptor.Part) {
				opened.Header = slices.Clone(opened.Header)
				opened.Header[len(opened.Header)-3] ^= 1
			}
			return opened
		}
	})
	defer b.faults.set(func() { b.faults.opened = nil })
	_, opened, err := b.openAs("reader-1", release.Item, "training", true)
	if err != nil || len(opened.Sections) != 0 || len(opened.Withheld) != 2 || opened.Withheld[0].Reason != "desk_section_damaged" {
		t.Fatalf("%+v, %v", opened, err)
	}
	if opened.Withheld[0].Message == "" || !strings.Contains(opened.Rendered, "False job offers") {
		t.Errorf("%+v", opened)
	}
}

// What the author of a derived item read in a section may be in it: the section's
// terms bind it too. An author who has not read it brings none of them.
func derivedFromSection(t *testing.T, w *world, a, b *site) {
	agreementID := w.agree([]*site{a, b, w.desks["agencyc"]}, whole(passing))
	source := sample(t) + "\nsections:\n  - title: {en: Not to be printed}\n    text: {en: \"" + passageLate + "\"}\n    restrictions: {recipients: [agencyb], retentionDays: [\"7\"]}\n"
	draft := a.approved("bulletin", source)
	release, err := a.officer("releaser-1", "releaser").Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	if err != nil {
		t.Fatal(err)
	}
	b.received(release.Item)
	made := func(officer string, accept bool) deskapi.DryRun {
		t.Helper()
		if _, opened, err := b.openAs(officer, release.Item, "training", accept); err != nil || (len(opened.Sections) == 1) != accept {
			t.Fatalf("%+v, %v", opened, err)
		}
		author := b.officer(officer, "analyst")
		draft, err := author.CreateDraft(t.Context(), deskapi.DraftRequest{
			Kind: "bulletin", Source: sample(t), DerivedFrom: []deskapi.Parent{{Release: release.Release, Relation: "translation"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		approve(t, b, draft)
		dry, err := b.officer("releaser-1", "releaser").DryRun(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
		if err != nil {
			t.Fatal(err)
		}
		return dry
	}
	if dry := made("analyst-7", false); dry.Restrictions["retentionDays"] != nil {
		t.Errorf("an author who has not read the section brings %v", dry.Restrictions)
	}
	if dry := made("analyst-8", true); !slices.Equal(dry.Restrictions["retentionDays"], []string{"7"}) || dry.Restrictions["recipients"] != nil {
		t.Errorf("an author who has read it brings %v", dry.Restrictions)
	}
}
