package bulletin

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/screen"
)

// restrictedSource is what a draft adds for two sections of fewer readers.
const restrictedSource = `
sections:
  - title:
      en: What border services of two States check
      fr: Ce que vérifient les services de frontière de deux États
    text:
      en: Ask for the contract in a private room, before the person meets whoever waits in the arrivals hall.
      fr: Demander le contrat dans une pièce à part, avant que la personne ne rencontre quiconque l'attend à l'arrivée.
    restrictions:
      recipients: [agencyc, agencyb, agencyb]
  - title:
      en: How offers are checked before they appear
    text:
      en: Platforms compare the address of an offer with the register of recruitment agencies.
    restrictions:
      recipientKinds: [platform]
      tlp: [TLP:RED]
`

func restrictedSample(t testing.TB) *Bulletin {
	t.Helper()
	return decode(t, append(slices.Clone(samples(t)["b01-false-job-offers.yaml"]), restrictedSource...))
}

// Whoever lacks the sections gets these bytes and no others.
func TestBodyAndCoverAreTheSameWithAndWithoutRestrictedSections(t *testing.T) {
	with, without := restrictedSample(t), sample(t)
	if problems := with.Validate(); len(problems) > 0 {
		t.Fatal(problems)
	}
	if !bytes.Equal(with.Canonical(), without.Canonical()) {
		t.Errorf("the body differs:\n%s", cmp.Diff(string(without.Canonical()), string(with.Canonical())))
	}
	if diff := cmp.Diff(without.Cover(), with.Cover()); diff != "" {
		t.Errorf("the cover differs:\n%s", diff)
	}
	if item.SectionsOf(without) != nil || !bytes.Equal(item.Whole(without), without.Canonical()) {
		t.Error("a bulletin without restricted sections has some")
	}
	body, err := Decode(with.Canonical())
	if err != nil || len(body.Restricted) != 0 || strings.Contains(body.Render("en"), "private room") {
		t.Errorf("the body has a restricted section: %v", err)
	}
}

func TestAReaderJoinsTheSectionsThatHeHas(t *testing.T) {
	whole := restrictedSample(t)
	again, err := Decode(whole.Whole())
	if err != nil || cmp.Diff(whole, again) != "" {
		t.Fatalf("%v\n%s", err, cmp.Diff(whole, again))
	}
	joiner := New().(item.Joiner)
	body := decode(t, whole.Canonical())
	var all [][]byte
	for _, section := range whole.Sections() {
		all = append(all, section.Canonical)
		read, err := joiner.DecodeSection(section.Canonical)
		if err != nil || cmp.Diff(section, read) != "" {
			t.Errorf("%v\n%s", err, cmp.Diff(section, read))
		}
	}
	slices.Reverse(all) // whatever the order in which they come
	joined, err := joiner.Join(body, all)
	if err != nil {
		t.Fatal(err)
	}
	if joined.Render("fr") != whole.Render("fr") || !bytes.Equal(joined.Canonical(), body.Canonical()) || len(joined.Validate()) > 0 {
		t.Error("the joined content is not the whole one")
	}
	one, err := joiner.Join(body, all[:1])
	if err != nil {
		t.Fatal(err)
	}
	text := one.Render("en")
	if strings.Contains(text, "register of recruitment agencies") == strings.Contains(text, "private room") {
		t.Errorf("one of two sections is shown as none or both:\n%s", text)
	}
}

// The order in which sections are shown is a function of those that are there: a
// reader cannot see where one is missing.
func TestTheOrderOfSectionsIsNotTheAuthors(t *testing.T) {
	b := restrictedSample(t)
	before := b.Sections()
	slices.Reverse(b.Restricted)
	if diff := cmp.Diff(before, b.Sections()); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(b.Restricted[1].Title["en"], "What border") || !bytes.Contains(before[0].Canonical, []byte("How offers")) {
		t.Error("sections are not in the order of their titles")
	}
}

func TestARestrictedSectionIsScreenedWhole(t *testing.T) {
	guard := newGuard(t)
	for name, change := range map[string]func(*RestrictedSection){
		"its title": func(s *RestrictedSection) { s.Title["en"] = "Call +62 812 3456 7890" },
		"its text":  func(s *RestrictedSection) { s.Text["en"] = "Write to someone@example.org about it." },
	} {
		b := restrictedSample(t)
		change(&b.Restricted[1])
		if report := guard.Screen(b.Screen()); report.Verdict == screen.Release {
			t.Errorf("%s was not screened", name)
		}
	}
}

func TestARestrictedSectionIsRefusedWithItsPlace(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Bulletin)
		want   string
	}{
		"no restrictions":          {func(b *Bulletin) { b.Restricted[0].Restrictions = nil }, "/sections/0/restrictions section_needs_restrictions"},
		"an unknown axis":          {func(b *Bulletin) { b.Restricted[0].Restrictions = restriction.Set{"mood": {"x"}} }, "/sections/0/restrictions/mood section_restrictions"},
		"an unknown term":          {func(b *Bulletin) { b.Restricted[1].Restrictions["tlp"] = []string{"TLP:WHITE"} }, "/sections/1/restrictions/tlp section_restrictions"},
		"a sentence for a term":    {func(b *Bulletin) { b.Restricted[0].Restrictions["recipients"] = []string{"the person who called"} }, "/sections/0/restrictions/recipients section_restrictions"},
		"a number of reads":        {func(b *Bulletin) { b.Restricted[0].Restrictions = restriction.Set{"maxReads": {"1"}} }, "/sections/0/restrictions/maxReads section_restrictions"},
		"a recall at release":      {func(b *Bulletin) { b.Restricted[0].Restrictions = restriction.Set{"recall": {"recalled"}} }, "/sections/0/restrictions/recall section_restrictions"},
		"no title":                 {func(b *Bulletin) { b.Restricted[0].Title = nil }, "/sections/0/title authentic_missing"},
		"no text in the authentic": {func(b *Bulletin) { delete(b.Restricted[0].Text, "en") }, "/sections/0/text authentic_missing"},
		"an untitled language":     {func(b *Bulletin) { b.Restricted[0].Text["de"] = "x" }, "/sections/0/text/de language_unknown"},
		"a text too long":          {func(b *Bulletin) { b.Restricted[0].Text["en"] = strings.Repeat("a", maxBody+1) }, "/sections/0/text/en too_long"},
		"more than can be hidden":  {func(b *Bulletin) { b.Restricted = append(b.Restricted, make([]RestrictedSection, item.MaxSections)...) }, "/sections too_many"},
	} {
		b := restrictedSample(t)
		test.change(b)
		problems := b.Validate()
		if !slices.Contains(codes(problems), test.want) {
			t.Errorf("%s: %q is not among %q", name, test.want, codes(problems))
		}
		for _, problem := range problems {
			if !message.Known(problem.Message().Code) {
				t.Errorf("%s: no sentence for %s", name, problem.Code)
			}
		}
	}
	_, err := Decode([]byte("sections:\n" + strings.Repeat("  - title: {en: x}\n", item.MaxSections+1)))
	var problems item.Problems
	if !errors.As(err, &problems) || problems[0].Code != "too_many" {
		t.Errorf("too many sections in a draft: %v", err)
	}
}

func TestASectionThatNoDeskWritesIsRefused(t *testing.T) {
	joiner, good := New().(item.Joiner), restrictedSample(t).Sections()[0].Canonical
	for name, b := range map[string][]byte{
		"nothing":           nil,
		"spaces":            append([]byte(" "), good...),
		"an unknown member": bytes.Replace(good, []byte(`{"restrictions"`), []byte(`{"aside":1,"restrictions"`), 1),
		"no restrictions":   []byte(`{"text":{"en":"x"},"title":{"en":"y"}}`),
		"an empty title":    bytes.Replace(good, []byte(`"title":{`), []byte(`"title":{},"titles":{`), 1),
	} {
		if _, err := joiner.DecodeSection(b); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if _, err := joiner.Join(sample(t), [][]byte{b}); err == nil {
			t.Errorf("%s: joined", name)
		}
	}
}

// Released files never change; -update writes only what is absent.
func TestABulletinWithRestrictedSectionsIsGolden(t *testing.T) {
	b := restrictedSample(t)
	files := map[string][]byte{
		"b01-sections.whole.json": b.Whole(), "b01-sections.canonical.json": b.Canonical(), "b01-sections.section.json": b.Sections()[1].Canonical,
		"b01-sections.en.txt": []byte(b.Render("en")), "b01-sections.fr.txt": []byte(b.Render("fr")),
	}
	for name, got := range files {
		path := filepath.Join(goldenDir, name)
		want, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) && *update {
			err, want = os.WriteFile(path, got, 0o644), got
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s:\n%s", name, cmp.Diff(string(want), string(got)))
		}
	}
	whole, err := os.ReadFile(filepath.Join(goldenDir, "b01-sections.whole.json"))
	if err != nil {
		t.Fatal(err)
	}
	if again := decode(t, whole); !bytes.Equal(again.Whole(), whole) {
		t.Error("the golden bytes are written differently now")
	}
}
