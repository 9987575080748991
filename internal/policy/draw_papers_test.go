package policy_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// drawPapers draws one or two agreements among agencies, with revisions.
func drawPapers(t *rapid.T, agencies []string) ([]paper, []*agreement.Document) {
	var papers []paper
	var documents []*agreement.Document
	for n := range between(t, "agreements", 1, 2) {
		full := between(t, "older form", 0, 4) < 4
		last := -1
		for revision := range between(t, "revisions", 1, 3-n) {
			p := drawPaper(t, agencies, full)
			p.agreement, p.revision, p.supersedes = n, revision+1, last
			d := documentOf(p)
			if last >= 0 {
				_, digest, err := documents[last].Bytes()
				if err != nil {
					t.Fatal(err)
				}
				d.Supersedes = digest
			}
			papers, documents = append(papers, p), append(documents, d)
			last = len(papers) - 1
		}
	}
	return papers, documents
}

func drawPaper(t *rapid.T, agencies []string, full bool) paper {
	p := paper{full: full, purposes: []string{"detection", "prevention", "training"}, floor: limits{"tlp": {"TLP:AMBER+STRICT"}}}
	members := some(t, "parties", agencies, 2)
	if len(agencies) > 2 && rapid.Bool().Draw(t, "few") {
		members = slices.Clone(agencies[:2])
	}
	for _, name := range members {
		s := side{name: name, nature: natures[name], role: of(t, "role", "both", "both", "both", "recipient", "contributor", "observer")}
		if full && seldom(t, "authority ends", 8) {
			s.until = after(between(t, "authority until", 1, 80))
		}
		p.sides = append(p.sides, s)
	}
	p.kinds = of(t, "kinds", []string{"bulletin"}, []string{"bulletin", "curriculum"})
	for i := range p.sides {
		drawExchange(t, p.kinds, &p.sides[i])
	}
	p.needed = len(members)
	if len(members) > 2 && rapid.Bool().Draw(t, "n-signed") {
		p.needed = between(t, "count", 2, len(members))
	}
	if seldom(t, "later", 4) {
		p.from = after(between(t, "from", 1, 30))
	}
	p.to = after(between(t, "hours", 40, 400))
	p.notice = of(t, "notice", 0, 0, 24*time.Hour)
	p.retain = rapid.Bool().Draw(t, "retain")
	if full {
		drawClauses(t, &p, members)
	}
	return p
}

// drawExchange draws what a party undertakes to give and to receive: mostly all that
// its role lets it.
func drawExchange(t *rapid.T, kinds []string, s *side) {
	draw := func(label string) []string {
		if seldom(t, label, 5) {
			return some(t, "what "+label, kinds, 0)
		}
		return kinds
	}
	if s.role == "both" || s.role == "contributor" {
		s.gives = draw("given")
	}
	if s.role != "contributor" {
		s.takes = draw("received")
	}
}

func drawClauses(t *rapid.T, p *paper, members []string) {
	p.floor = limits{}
	for axis, terms := range agreementtest.Floor() {
		p.floor[axis] = terms
	}
	for _, axis := range []string{"onwardScope", "onwardConsent", "derivation", "accessForm"} {
		if values := orders[axis]; rapid.Bool().Draw(t, "tight "+axis) {
			p.floor[axis] = []string{of(t, axis, values...)}
		}
	}
	switch p.floor.only("onwardScope") {
	case "anyone":
		p.floor["tlp"] = []string{"TLP:CLEAR"}
	case "agreement-parties", "defined-community":
		p.floor["tlp"] = []string{"TLP:GREEN"}
	case "own-organisation-and-clients":
		p.floor["tlp"] = []string{"TLP:AMBER"}
	}
	p.floor["onTermination"] = []string{"destroy"}
	if p.retain {
		p.floor["onTermination"] = []string{"retain-under-terms"}
	}
	if seldom(t, "floor days", 4) {
		p.floor[of(t, "which days", "useReportDays", "retentionDays")] = []string{"1"}
	}
	if seldom(t, "sign by", 6) {
		p.signBy = after(between(t, "until", 1, 30))
	}
	if p.open = rapid.Bool().Draw(t, "open"); p.open {
		p.rule = of(t, "rule", "unanimity", "majority", "depositary")
		if p.rule == "depositary" {
			p.depositary = of(t, "depositary", members...)
		}
	}
	if seldom(t, "renewed", 3) {
		p.renewal = time.Duration(between(t, "renewals", 1, 2)) * 24 * time.Hour
		p.to = p.to.Add(p.renewal)
	}
	p.anyParty = rapid.Bool().Draw(t, "any party")
	if p.urgent = []string{"safety"}; p.anyParty {
		p.grounds = []string{"breach", "safety"}
	}
	p.warning = of(t, "warning", 0, 0, 24*time.Hour)
	p.longest = of(t, "longest", 0, 0, 24*time.Hour)
	p.goOn = rapid.Bool().Draw(t, "reading goes on")
	p.every = time.Duration(between(t, "review", 1, 6)) * 24 * time.Hour
	p.overdue = of(t, "overdue", "warn", "freeze-new", "suspend")
	p.consentIn = time.Duration(between(t, "consent", 1, 100)) * time.Hour
	if p.attest = rapid.Bool().Draw(t, "attest"); p.attest {
		p.attestIn = 24 * time.Hour
	}
	p.keeps = 1825 * 24 * time.Hour
	if seldom(t, "short", 3) {
		p.keeps = time.Duration(between(t, "kept", 1, 3)) * 24 * time.Hour
	}
	p.mutual = seldom(t, "mutual", 3)
	p.holdsNew = rapid.Bool().Draw(t, "holds")
	if rapid.Bool().Draw(t, "community") {
		p.community = some(t, "members", slices.Concat(cast, []string{"border", "customs", "police"}), 1)
	}
}

// documentOf is the document that says what the paper says.
func documentOf(p paper) *agreement.Document {
	agencies := make([]act.AgencyName, len(p.sides))
	for i, s := range p.sides {
		agencies[i] = act.AgencyName(s.name)
	}
	d := agreementtest.Document(agencies...)
	if p.full {
		d = agreementtest.DocumentV2(agencies...)
	}
	d.ID, d.Revision = fmt.Sprintf("agr-%s%c", "aaaaaaaaaaaaaaaaaaaaaaaaa", 'a'+p.agreement), p.revision
	for i, s := range p.sides {
		if p.full {
			d.Parties[i] = partyOf(s)
		}
		d.Parties[i].Role, d.Parties[i].Kind, d.Parties[i].Jurisdiction = agreement.Role(s.role), s.nature.kind, s.nature.land
	}
	if p.needed != len(p.sides) {
		d.EntryIntoForce = agreement.EntryIntoForce{Rule: "n-signed", Count: p.needed}
	}
	if !p.from.IsZero() {
		d.EntryIntoForce.NotBefore = canonical.At(p.from)
	}
	d.Expires = canonical.At(p.to.Add(-p.renewal))
	d.Termination.NoticeDays = days(p.notice)
	d.Termination.Effect = "destroy"
	if p.retain {
		d.Termination.Effect = "retain-under-terms"
	}
	d.Floor, d.ItemKinds = restriction.Set(p.floor), p.kinds
	if !p.full {
		return d
	}
	d.Accession, d.AccessionRule = "closed", nil
	if p.open {
		d.Accession, d.AccessionRule = "open", &agreement.AccessionRule{Rule: p.rule, Depositary: act.AgencyName(p.depositary)}
	}
	d.Suspension = &agreement.Suspension{Parties: "itself", Grounds: p.grounds, Urgent: p.urgent, NoticeDays: days(p.warning), MaxDays: days(p.longest), Reading: "stop"}
	if p.anyParty {
		d.Suspension.Parties = "any-party"
	}
	if p.goOn {
		d.Suspension.Reading = "continue"
	}
	d.Review = &agreement.Review{IntervalDays: days(p.every), OnOverdue: p.overdue}
	d.Onward.ConsentTimeoutHours = int(p.consentIn / time.Hour)
	d.Retention.MaxDays, d.Retention.Attestation, d.Retention.AttestWithinDays = days(p.keeps), p.attest, days(p.attestIn)
	d.Duties.HoldNewReleases = p.holdsNew
	if p.mutual {
		d.Reciprocity = "required"
	}
	if p.renewal > 0 {
		d.Renewal = &agreement.Renewal{Mode: "automatic", Days: 1, Times: days(p.renewal)}
	}
	d.Definitions = agreement.Definitions{Community: "Those who work against trafficking", Members: p.community, Clients: "Those whom a party advises"}
	if !p.signBy.IsZero() {
		d.SignBy = canonical.At(p.signBy)
	}
	d.Categories = nil
	for _, kind := range p.kinds {
		d.Categories = append(d.Categories, agreement.Category{Kind: kind})
	}
	for i, s := range p.sides {
		d.Commitments[i] = commitmentOf(s)
	}
	return d
}

func days(d time.Duration) int { return int(d / (24 * time.Hour)) }
