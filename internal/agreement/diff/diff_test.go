package diff

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/agreement/render"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

func document() *agreement.Document { return agreementtest.DocumentV2("alpha", "beta", "gamma") }

func compare(t *testing.T, before, after *agreement.Document) []Change {
	t.Helper()
	changes, err := Compare(before, after)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func TestTheSameTermsAreNoChange(t *testing.T) {
	next := document()
	next.Revision, next.Supersedes, next.Texts["en"] = 2, "sha256:"+strings.Repeat("1", 64), "sha256:"+strings.Repeat("2", 64)
	slices.Reverse(next.Parties)
	slices.Reverse(next.Commitments)
	if changes := compare(t, document(), next); len(changes) != 0 {
		t.Errorf("Compare = %+v", changes)
	}
}

func TestEachChangeIsSaidWithItsDirection(t *testing.T) {
	type change = func(*agreement.Document)
	for name, test := range map[string]struct {
		change    change
		code      string
		place     string
		direction Direction
		said      string
	}{
		"a shorter retention":    {func(d *agreement.Document) { d.Retention.MaxDays = 365 }, "retention_maxDays_changed", "/retention/maxDays", Tightens, "Days for which copies are kept: from 1825 to 365."},
		"a longer retention":     {func(d *agreement.Document) { d.Retention.MaxDays = 3650 }, "retention_maxDays_changed", "/retention/maxDays", Loosens, ""},
		"a purpose more":         {func(d *agreement.Document) { d.Purposes = append(d.Purposes, "policy") }, "purposes_added", "/purposes", Loosens, "Purposes: added policy."},
		"a purpose less":         {func(d *agreement.Document) { d.Purposes = d.Purposes[:1] }, "purposes_removed", "/purposes", Tightens, "Purposes: taken out prevention, training."},
		"a stricter floor":       {func(d *agreement.Document) { d.Floor["judicialUse"] = []string{"prohibited"} }, "restrictionFloor_changed", "/restrictionFloor/judicialUse", Tightens, "Least restriction, judicialUse: from allowed to prohibited."},
		"a looser floor":         {func(d *agreement.Document) { d.Floor["tlp"] = []string{"TLP:CLEAR"} }, "restrictionFloor_changed", "/restrictionFloor/tlp", Loosens, ""},
		"an axis more":           {func(d *agreement.Document) { d.Floor["maxReads"] = []string{"5"} }, "restrictionFloor_added", "/restrictionFloor/maxReads", Tightens, ""},
		"an axis less":           {func(d *agreement.Document) { delete(d.Floor, "notifications") }, "restrictionFloor_removed", "/restrictionFloor/notifications", Loosens, ""},
		"another attribution":    {func(d *agreement.Document) { d.Floor["attribution"] = []string{"must-not"} }, "restrictionFloor_changed", "/restrictionFloor/attribution", Tightens, ""},
		"a party more":           {func(d *agreement.Document) { d.Parties = append(d.Parties, agreementtest.PartyV2("delta")) }, "parties_added", "/parties/3", Loosens, "Party delta joins."},
		"another role":           {func(d *agreement.Document) { d.Parties[1].Role = agreement.Observer }, "parties_role_changed", "/parties/1/role", Changes, "Party beta, role: from both to observer."},
		"a key":                  {func(d *agreement.Document) { d.Parties[1].DeskSign = d.Parties[0].DeskSign }, "parties_deskSign_changed", "/parties/1/deskSign", Changes, ""},
		"no attestation":         {func(d *agreement.Document) { d.Retention.Attestation = false }, "retention_attestation_off", "/retention/attestation", Loosens, "Disposal is attested: now no, before yes."},
		"other costs":            {func(d *agreement.Document) { d.Costs = "Alpha bears all." }, "costs_changed", "/costs", Changes, "Costs: worded anew."},
		"steps in another order": {func(d *agreement.Document) { d.Disputes = []string{"Mediation.", "Negotiation."} }, "disputes_changed", "/disputes", Changes, ""},
		"an earlier end":         {func(d *agreement.Document) { d.Expires = agreementtest.At("2027-01-01T00:00:00Z") }, "expires_changed", "/expires", Tightens, "End of the agreement: from 2028-01-01T00:00:00Z to 2027-01-01T00:00:00Z."},
		"a review that bites":    {func(d *agreement.Document) { d.Review.OnOverdue = "suspend" }, "review_onOverdue_changed", "/review/onOverdue", Tightens, ""},
		"reading goes on":        {func(d *agreement.Document) { d.Suspension.Reading = "continue" }, "suspension_readingOfOldReleases_changed", "/suspension/readingOfOldReleases", Loosens, ""},
		"copies may be kept":     {func(d *agreement.Document) { d.Termination.Effect = "retain-under-terms" }, "termination_effect_changed", "/termination/effect", Loosens, ""},
		"a basis more": {func(d *agreement.Document) {
			d.LegalBasis = append(d.LegalBasis, agreement.LegalBasis{Instrument: "untoc", Article: "27(2)", Party: "beta"})
		}, "legalBasis_added", "/legalBasis", Changes, "Legal basis: added untoc 27(2), beta."},
		"a category narrowed": {func(d *agreement.Document) { d.Categories[0].Facets = map[string][]string{"phase": {"recruitment"}} }, "categories_added", "/categories", Changes, "Categories of information: added bulletin phase=recruitment."},
		"a title in French":   {func(d *agreement.Document) { d.Title["fr"] = "Échange" }, "title_added", "/title/fr", Changes, "Title in fr: new, Échange."},
		"an undertaking": {func(d *agreement.Document) {
			d.Parties[1].Undertaking = &agreement.Undertaking{ComplyWithRestrictions: true, AdmittedBy: "alpha"}
		}, "parties_undertaking_admittedBy_added", "/parties/1/undertaking/admittedBy", Changes, ""},
		"a majority for all":      {func(d *agreement.Document) { d.AccessionRule.Rule = "majority" }, "accessionRule_rule_changed", "/accessionRule/rule", Loosens, ""},
		"a fast breach notice":    {func(d *agreement.Document) { d.Breach.NotifyWithinHours = 12 }, "breach_notifyWithinHours_changed", "/breach/notifyWithinHours", Tightens, ""},
		"a commitment to nothing": {func(d *agreement.Document) { d.Commitments[2].Give = nil }, "commitments_give_removed", "/commitments/2/give", Changes, "gamma gives: taken out bulletin."},
	} {
		t.Run(name, func(t *testing.T) {
			next := document()
			test.change(next)
			changes := compare(t, document(), next)
			i := slices.IndexFunc(changes, func(c Change) bool { return c.Code == "agreementdiff_"+test.code })
			if i < 0 {
				t.Fatalf("Compare = %+v, want %s", changes, test.code)
			}
			c := changes[i]
			said := message.Render("en", c.Message())
			if c.Place != test.place || c.Direction != test.direction || test.said != "" && said != test.said {
				t.Errorf("%s at %s %s: %q", c.Code, c.Place, c.Direction, said)
			}
		})
	}
}

// To undo a change is to go the other way: no direction is called by half.
func TestTheWayBackIsTheOtherDirection(t *testing.T) {
	values := func(axis restriction.Axis) []string { return restriction.Values(axis) }
	rapid.Check(t, func(t *rapid.T) {
		before, after := document(), document()
		for _, d := range []*agreement.Document{before, after} {
			axis := rapid.SampledFrom(restriction.OrderedAxes()).Draw(t, "axis")
			d.Floor[string(axis)] = []string{rapid.SampledFrom(values(axis)).Draw(t, "value")}
			d.Retention.MaxDays = rapid.IntRange(1, 3).Draw(t, "days")
			d.Duties.HoldNewReleases = rapid.Bool().Draw(t, "hold")
			d.Purposes = rapid.SliceOfNDistinct(rapid.SampledFrom(restriction.KnownPurposes()), 1, 3, rapid.ID).Draw(t, "purposes")
		}
		there, err := Compare(before, after)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Compare(after, before)
		if err != nil {
			t.Fatal(err)
		}
		count := func(changes []Change, d Direction) (n int) {
			for _, c := range changes {
				if c.Direction == d {
					n++
				}
			}
			return n
		}
		if len(there) != len(back) || count(there, Tightens) != count(back, Loosens) || count(there, Loosens) != count(back, Tightens) {
			t.Fatalf("there %+v\nback %+v", there, back)
		}
	})
}

// Every member of the schema has its place here, and every place its sentences in
// every language: a clause that changed unsaid would be signed unread.
func TestEveryMemberHasItsSentences(t *testing.T) {
	known := map[string]member{}
	for _, m := range members {
		known[m.pattern] = m
	}
	var walk func(reflect.Type, string)
	walk = func(typ reflect.Type, pattern string) {
		for typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if ignored[pattern] || known[pattern].pattern != "" && pattern != "/parties/*" {
			return
		}
		if typ.Kind() == reflect.Struct && typ != reflect.TypeFor[canonical.Time]() {
			for i := range typ.NumField() {
				name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
				switch at := pattern + "/" + name; {
				case typ.Field(i).Anonymous:
					walk(typ.Field(i).Type, pattern)
				case keyed[at] != "":
					walk(typ.Field(i).Type.Elem(), at+"/*")
				case pattern == "/parties/*" && name == "agency" || pattern == "/commitments/*" && name == "party":
				default:
					walk(typ.Field(i).Type, at)
				}
			}
			return
		}
		if typ.Kind() == reflect.Map && known[pattern+"/*"].pattern != "" {
			return
		}
		t.Errorf("no change is said of %s", pattern)
	}
	walk(reflect.TypeFor[agreement.Document](), "")
	suffixes := map[kind][]string{value: {"changed", "added", "removed"}, list: {"added", "removed"}, flag: {"on", "off", "added", "removed"}, words: {"changed", "added", "removed"}, presence: {"added", "removed"}}
	for _, m := range members {
		for _, suffix := range suffixes[m.kind] {
			code := "agreementdiff" + strings.NewReplacer("/*", "", "/", "_").Replace(m.pattern) + "_" + suffix
			for _, lang := range message.Languages() {
				if said := message.Render(lang, message.New(code, message.Params{"Key": "K", "Before": "B", "After": "A"})); said == code || strings.Contains(said, "<no value>") {
					t.Errorf("%s in %s is %q", code, lang, said)
				}
			}
		}
	}
}

func TestFromTheFirstSchemaToTheSecondEverythingIsNew(t *testing.T) {
	changes := compare(t, agreementtest.Document("alpha", "beta", "gamma"), document())
	codes := map[string]bool{}
	for _, c := range changes {
		codes[c.Code] = true
		if said := message.Render("en", c.Message()); strings.HasPrefix(said, "agreementdiff_") || strings.Contains(said, "<no value>") {
			t.Errorf("%s is said as %q", c.Code, said)
		}
	}
	for _, code := range []string{"schema_changed", "accession_changed", "retention_maxDays_added", "rights_nonPunishment_added", "restrictionFloor_added", "parties_authority_instrument_added"} {
		if !codes["agreementdiff_"+code] {
			t.Errorf("%s is not among the changes", code)
		}
	}
}

func TestRedlineShowsWhatGoesAndWhatComes(t *testing.T) {
	before := "# Title\n\n## Article 1. Parties\n\n- It is kept 5 day(s) after receipt.\n- gone for good\n\n> Own words stay.\n"
	after := "# Title\n\n## Article 1. Parties\n\n- It is kept 3 day(s) after receipt.\n\n> Own words stay.\n\nNew sentence here.\n"
	want := "# Title\n\n## Article 1. Parties\n\n- It is kept ~~5~~ **3** day(s) after receipt.\n- ~~gone for good~~\n\n> Own words stay.\n\n**New sentence here.**\n"
	if diff := cmp.Diff(want, string(Redline([]byte(before), []byte(after)))); diff != "" {
		t.Error(diff)
	}
}

// What the redline does not strike is the later text, and what it does not put in
// the earlier one.
func TestRedlineHoldsBothTexts(t *testing.T) {
	next := document()
	next.Retention.MaxDays, next.Costs = 30, "Alpha bears all costs of the exchange."
	next.Parties = next.Parties[:2]
	next.Disputes = append(next.Disputes, "Mediation.")
	before, err := render.Text(document(), "en")
	if err != nil {
		t.Fatal(err)
	}
	after, err := render.Text(next, "en")
	if err != nil {
		t.Fatal(err)
	}
	line := string(Redline(before, after))
	strip := func(text, gone, sign string) string {
		for {
			start := strings.Index(text, gone)
			if start < 0 {
				break
			}
			end := strings.Index(text[start+2:], gone)
			if end < 0 {
				t.Fatalf("%s is not closed in %s", gone, text[start:])
			}
			text = text[:start] + text[start+2+end+2:]
		}
		return strings.Join(strings.FieldsFunc(strings.ReplaceAll(text, sign, ""), func(r rune) bool { return strings.ContainsRune(" \n>-#", r) }), " ")
	}
	plain := func(text []byte) string {
		return strings.Join(strings.FieldsFunc(string(text), func(r rune) bool { return strings.ContainsRune(" \n>-#", r) }), " ")
	}
	if diff := cmp.Diff(plain(after), strip(line, "~~", "**")); diff != "" {
		t.Errorf("without what goes:\n%s", diff)
	}
	if diff := cmp.Diff(plain(before), strip(line, "**", "~~")); diff != "" {
		t.Errorf("without what comes:\n%s", diff)
	}
}
