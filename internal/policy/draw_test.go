package policy_test

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/restriction"
)

func after(hours int) time.Time { return ledgertest.Start.Add(time.Duration(hours) * time.Hour) }

// pick draws a number below n, each as likely: what rapid itself draws is mostly
// the smallest and the largest.
func pick(t *rapid.T, label string, n int) int {
	v := 0
	for range bits.Len(uint(n-1)) + 3 {
		v <<= 1
		if rapid.Bool().Draw(t, label) {
			v |= 1
		}
	}
	return v % n
}

func between(t *rapid.T, label string, least, most int) int {
	return least + pick(t, label, most-least+1)
}

func of[T any](t *rapid.T, label string, from ...T) T { return from[pick(t, label, len(from))] }

// one in n.
func seldom(t *rapid.T, label string, n int) bool { return pick(t, label, n) == n-1 }

func some(t *rapid.T, label string, from []string, least int) []string {
	var out []string
	for i, one := range from {
		if rapid.Bool().Draw(t, label) || len(from)-i <= least-len(out) {
			out = append(out, one)
		}
	}
	slices.Sort(out)
	return out
}

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
	p.holdsNew = rapid.Bool().Draw(t, "holds")
	if rapid.Bool().Draw(t, "community") {
		p.community = some(t, "members", cast, 1)
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
	d.Floor = restriction.Set(p.floor)
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
	d.Retention.Attestation, d.Retention.AttestWithinDays = p.attest, days(p.attestIn)
	d.Duties.HoldNewReleases = p.holdsNew
	if p.renewal > 0 {
		d.Renewal = &agreement.Renewal{Mode: "automatic", Days: 1, Times: days(p.renewal)}
	}
	d.Definitions = agreement.Definitions{Community: "Those who work against trafficking", Members: p.community, Clients: "Those whom a party advises"}
	if !p.signBy.IsZero() {
		d.SignBy = canonical.At(p.signBy)
	}
	for i, s := range p.sides {
		c := &d.Commitments[i]
		c.Give, c.Receive = nil, nil
		if s.role == "both" || s.role == "contributor" {
			c.Give = []string{"bulletin"}
		}
		if s.role != "contributor" {
			c.Receive = []string{"bulletin"}
		}
	}
	return d
}

func days(d time.Duration) int { return int(d / (24 * time.Hour)) }

// drawLimits draws restrictions on one or two axes.
func (h *history) drawLimits(t *rapid.T, later bool) limits {
	out := limits{}
	axes := []string{
		"recipients", "recipientsDenied", "recipientKinds", "jurisdictions", "jurisdictionsDenied", "officers", "purposes", "accessForm", "maxReads", "notBefore",
		"expires", "embargo", "reviewBy", "prerequisites", "useReportDays", "retentionDays", "automatedProcessing", "derivation", "onwardScope", "onwardConsent", "attribution",
	}
	if later {
		axes = append(axes, "recall")
	}
	for range between(t, "axes", 0, 2) {
		axis := of(t, "axis", axes...)
		out[axis] = h.drawTerms(t, axis)
	}
	return out
}

func (h *history) drawTerms(t *rapid.T, axis string) []string {
	switch axis {
	case "recipients", "recipientsDenied":
		return some(t, axis, cast, 1)
	case "recipientKinds":
		return some(t, axis, []string{"border", "customs", "police"}, 1)
	case "jurisdictions", "jurisdictionsDenied":
		return some(t, axis, []string{"FR", "ID", "KE"}, 1)
	case "officers":
		var all []string
		for _, name := range cast {
			all = append(all, ledgertest.Officer(act.AgencyName(name), 1))
		}
		return some(t, axis, all, 1)
	case "purposes":
		return some(t, axis, []string{"detection", "prevention", "training"}, 1)
	case "maxReads", "useReportDays", "retentionDays":
		return []string{of(t, axis, "1", "2")}
	case "notBefore", "expires", "embargo", "reviewBy":
		return []string{canonical.At(h.Now.Add(of(t, axis, time.Millisecond, time.Hour, 10*time.Hour, 24*time.Hour))).String()}
	case "prerequisites":
		return some(t, axis, []string{"agency-attestation", "curriculum-completed"}, 1)
	case "attribution":
		return []string{of(t, axis, "must-not", "consent", "must", "may")}
	}
	return []string{of(t, axis, orders[axis]...)}
}

// edges are the moments at which something may change by time alone.
func (h *history) edges() []time.Time {
	var all []time.Time
	for doc, p := range h.papers {
		all = append(all, p.from, p.to, p.signBy)
		for _, s := range p.sides {
			all = append(all, s.until)
		}
		for e := range h.happened(h.Now) {
			if e.reaches(doc) {
				all = append(all, e.at.Add(p.notice), e.at.Add(p.warning), e.at.Add(p.longest), e.at.Add(p.warning+p.longest), e.at.Add(p.every))
			}
		}
	}
	for e := range h.happened(h.Now) {
		all = append(all, e.by)
		for _, axis := range []string{"notBefore", "expires", "embargo", "reviewBy"} {
			if term := e.asked.only(axis); term != "" {
				all = append(all, moment(term))
			}
		}
		if r := h.named(e.names, "release", h.Now); e.what == "ask" && r != nil {
			all = append(all, e.at.Add(h.papers[r.doc].consentIn))
		}
	}
	for _, d := range h.duties(h.Now) {
		all = append(all, d.due)
	}
	return slices.DeleteFunc(all, func(at time.Time) bool { return at.Before(h.Now) })
}

// drawMoment draws a moment from now on: at an edge, just beside it, or any.
func (h *history) drawMoment(t *rapid.T) time.Time {
	if edges := h.edges(); len(edges) > 0 && rapid.Bool().Draw(t, "edge") {
		at := of(t, "which edge", edges...).Add(of(t, "beside", -time.Millisecond, 0, time.Millisecond))
		if !at.Before(h.Now) && at.Before(h.Now.Add(100*time.Hour)) {
			return at
		}
	}
	return h.Now.Add(of(t, "wait", 0, time.Millisecond, time.Millisecond, time.Minute, time.Hour, time.Hour, 24*time.Hour-time.Millisecond, 24*time.Hour))
}

func (h *history) drawn(t *rapid.T, label string, what ...string) int {
	var orders []int
	for e := range h.did(h.Now, what...) {
		orders = append(orders, e.order)
	}
	if len(orders) == 0 {
		return 0
	}
	return of(t, label, orders...)
}

// what is tried, the frequent ones more often.
var tried = func() []string {
	often := map[string]int{
		"release": 10, "open": 12, "deliver": 4, "sign": 5, "propose": 3, "restrict": 5, "resume": 3, "resume-party": 3, "unban": 6, "acknowledge": 3, "ask": 3, "grant": 4,
		"invite": 2, "accede": 3, "countersign": 6, "suspend": 2, "suspend-party": 2, "review": 2, "withdraw": 1, "terminate": 1, "decline": 1, "take-back": 1,
		"ban": 1, "leave": 0, "add-key": 2, "retire-key": 1, "revoke-key": 1, "retract": 1, "cannot-comply": 1, "report-use": 2, "attest": 2,
		"refuse": 1, "take-back-consent": 1, "hold": 2, "lift": 1, "disclose": 1, "breach": 1,
	}
	var all []string
	for what, n := range often {
		all = append(all, slices.Repeat([]string{what}, n)...)
	}
	slices.Sort(all)
	return all
}()

// drawAct draws something to try. Most of it should be lawful, else little would
// ever happen.
func (h *history) drawAct(t *rapid.T, agencies []string) happening {
	if next := h.awaited(); len(next) > 0 && seldom(t, "answer", 2) {
		var sorts []string
		for _, e := range next {
			sorts = append(sorts, e.what)
		}
		slices.Sort(sorts)
		sort := of(t, "sort", slices.Compact(sorts)...)
		return of(t, "which", slices.DeleteFunc(next, func(e happening) bool { return e.what != sort })...)
	}
	for range 6 {
		e := h.drawAny(t, agencies)
		if e.at = h.Now; h.takes(e) || seldom(t, "unlawful", 8) {
			return e
		}
	}
	return h.drawAny(t, agencies)
}

// awaited lists what others may be waiting for, or what takes back what was done:
// by chance alone it would hardly come.
func (h *history) awaited() []happening {
	var all []happening
	add := func(next ...happening) {
		for _, e := range next {
			if e.at = h.Now; h.takes(e) {
				all = append(all, e)
			}
		}
	}
	for e := range h.happened(h.Now) {
		switch e.what {
		case "suspend", "suspend-party":
			add(happening{who: e.who, what: strings.Replace(e.what, "suspend", "resume", 1), doc: e.doc, other: e.other})
		case "hold":
			add(happening{who: e.who, what: "lift", doc: -1, names: e.names})
		case "ban":
			add(happening{who: e.who, what: "unban", doc: -1})
		case "invite":
			add(happening{who: e.other, what: "accede", doc: e.doc, says: "both", nature: natures[e.other]})
		case "accede":
			for _, name := range cast {
				add(happening{who: name, what: "countersign", doc: e.doc, names: e.order})
			}
		case "ask":
			publisher := h.release(e.names, h.Now).who
			add(happening{who: publisher, what: "grant", doc: -1, names: e.order}, happening{who: publisher, what: "take-back-consent", doc: -1, names: e.order})
		case "sign":
			add(happening{who: e.who, what: "invite", doc: e.doc, other: cast[(e.order+len(h.history))%len(cast)]})
		case "restrict":
			for r := range h.did(h.Now, "release") {
				for _, name := range cast {
					add(happening{who: name, what: "acknowledge", doc: -1, names: r.order, terms: h.termsFor(r, name, h.Now), attests: e.asked["prerequisites"]})
				}
			}
		}
	}
	return all
}

func (h *history) drawAny(t *rapid.T, agencies []string) happening {
	e := happening{what: of(t, "what", tried...), who: of(t, "who", agencies...), doc: -1}
	if e.what == "revoke-key" && !h.hasKey(e.who) && !seldom(t, "the only one", 4) {
		e.what = "add-key"
	}
	if seldom(t, "leaves", 1500) {
		e.what = "leave"
	}
	if seldom(t, "other key", 20) {
		e.key = 1
	}
	switch e.what {
	case "propose", "sign", "decline", "take-back", "suspend", "resume", "suspend-party", "resume-party", "withdraw", "terminate", "review", "invite", "accede", "countersign", "breach":
		e.doc = between(t, "doc", 0, len(h.papers)-1)
		e.reason = of(t, "reason", "breach", "safety", "other")
		e.other = ""
		if e.what == "suspend-party" || e.what == "resume-party" || e.what == "invite" {
			e.other = of(t, "other", agencies...)
		}
		if e.what == "accede" {
			e.nature = natures[e.who]
			e.says = of(t, "role", "both", "recipient", "contributor", "observer")
			if seldom(t, "authority", 6) {
				e.by = canonical.At(h.Now.Add(of(t, "until", 0, time.Hour))).Time
			}
			if invite := h.named(h.drawn(t, "invited", "invite"), "invite", h.Now); invite != nil {
				e.who, e.doc, e.nature = invite.other, invite.doc, natures[invite.other]
			}
		}
		if e.what == "countersign" {
			e.names = h.drawn(t, "accession", "accede")
			if a := h.named(e.names, "accede", h.Now); a != nil {
				e.doc = a.doc
			}
		}
	case "add-key":
		e.names = 1
	case "retire-key", "revoke-key":
		e.names = between(t, "which key", 0, 1)
	case "ban", "unban", "leave":
	default:
		h.drawUse(t, &e, agencies)
	}
	if e.what == "add-key" && h.hasKey(e.who) {
		e.what, e.names = "retire-key", between(t, "which key", 0, 1)
	}
	return e
}

func (h *history) hasKey(who string) bool {
	for e := range h.did(h.Now, "add-key") {
		if e.who == who {
			return true
		}
	}
	return false
}

func (h *history) drawUse(t *rapid.T, e *happening, agencies []string) {
	e.officer = ledgertest.Officer(act.AgencyName(e.who), 1)
	switch e.what {
	case "release":
		h.drawRelease(t, e)
		return
	case "grant", "refuse", "take-back-consent":
		e.names = h.drawn(t, "request", "ask")
		if ask := h.named(e.names, "ask", h.Now); ask != nil && !seldom(t, "stranger", 6) {
			e.who = h.release(ask.names, h.Now).who
		}
		return
	case "retract", "restrict":
		e.item = between(t, "item", 1, 4)
		if publisher := h.publisher(e.item, h.Now); publisher != "" && !seldom(t, "stranger", 6) {
			e.who = publisher
		}
		if e.what == "restrict" {
			e.version = max(1, h.version(e.item, h.Now)-between(t, "version", -1, 6)/3)
			e.asked = h.drawLimits(t, true)
			if len(e.asked) == 0 {
				e.asked = limits{"accessForm": {"view-only"}}
			}
			e.by = canonical.At(h.Now.Add(of(t, "by", 0, time.Millisecond, time.Hour, 24*time.Hour))).Time
			if seldom(t, "one release", 4) {
				e.names = h.drawn(t, "release", "release")
			}
			if seldom(t, "some", 3) {
				e.to = some(t, "for", agencies, 1)
			}
		}
		return
	}
	e.names = h.drawn(t, "release", "release")
	r := h.release(e.names, h.Now)
	if r == nil {
		e.what, e.names = "report-use", 0
		return
	}
	if holders := h.holders(r); len(holders) > 0 && e.what != "open" && e.what != "deliver" && !seldom(t, "no holder", 6) {
		e.who = of(t, "holder", holders...)
	}
	if e.what == "deliver" {
		return
	}
	e.terms = h.drawAccepted(t, r, e.who)
	switch e.what {
	case "open":
		q := h.drawRequest(t, r, e.who)
		e.purpose, e.form, e.officer, e.robot, e.cover, e.terms = q.purpose, q.form, q.officer, q.robot, q.cover, q.accepted
	case "acknowledge":
		e.attests = some(t, "attests", []string{"agency-attestation", "curriculum-completed"}, 0)
	case "attest":
		e.says = of(t, "says", "destroyed", "returned", "retained-under-terms")
	case "ask":
		e.use = of(t, "use", "onward", "derivation", "judicial-use")
		e.purpose = of(t, "purpose", "detection", "training")
		e.by = canonical.At(h.Now.Add(of(t, "until", time.Hour, 30*time.Hour, 300*time.Hour))).Time
		if e.use == "onward" {
			e.other = of(t, "for", cast...)
		}
	}
}

func (h *history) holders(r *happening) []string {
	var all []string
	for _, name := range cast {
		if name != r.who && h.holder(r, name, h.Now) {
			all = append(all, name)
		}
	}
	return all
}

// drawAccepted draws the terms that somebody accepts: mostly those of now,
// sometimes those that came with the release.
func (h *history) drawAccepted(t *rapid.T, r *happening, who string) limits {
	if seldom(t, "as released", 5) {
		return h.papers[r.doc].floor.with(limits{"purposes": h.papers[r.doc].purposes}).with(r.asked)
	}
	return h.termsFor(r, who, h.Now)
}

func (h *history) drawRequest(t *rapid.T, r *happening, who string) request {
	q := request{purpose: "detection", officer: ledgertest.Officer(act.AgencyName(who), 1), accepted: h.drawAccepted(t, r, who)}
	if seldom(t, "other purpose", 4) {
		q.purpose = of(t, "purpose", "training", "prevention", "policy")
	}
	if seldom(t, "form", 3) {
		q.form = of(t, "which", orders["accessForm"]...)
	}
	if seldom(t, "other officer", 6) {
		q.officer = ledgertest.Officer(act.AgencyName(who), 2)
	}
	q.robot, q.cover = seldom(t, "robot", 6), seldom(t, "cover", 6)
	return q
}

func (h *history) drawRelease(t *rapid.T, e *happening) {
	e.doc = between(t, "doc", 0, len(h.papers)-1)
	e.item = between(t, "item", 1, 4)
	if publisher := h.publisher(e.item, h.Now); publisher != "" && !seldom(t, "stranger", 10) {
		e.who = publisher
	}
	e.version = 1
	for r := range h.did(h.Now, "release") {
		if r.item == e.item {
			e.version = max(e.version, r.version)
			if seldom(t, "new version", 3) {
				e.version = r.version + 1
			}
		}
	}
	p := h.papers[e.doc]
	e.asked = p.floor.with(limits{"purposes": of(t, "purposes", p.purposes, []string{"detection"}, []string{"detection"})}).with(h.drawLimits(t, false))
	for axis, terms := range e.asked {
		if len(terms) == 0 {
			delete(e.asked, axis)
		}
	}
	for range between(t, "parents", -2, 2) {
		if named := h.drawn(t, "parent", "release"); named != 0 {
			p := parent{release: named, relation: of(t, "relation", act.Relations()...)}
			if ask := h.drawn(t, "consent", "ask"); ask != 0 && rapid.Bool().Draw(t, "with consent") {
				p.consent = ask
			}
			e.parents = append(e.parents, p)
			if r := h.release(named, h.Now); rapid.Bool().Draw(t, "as strict") {
				for axis, terms := range e.asked.with(h.termsFor(r, e.who, h.Now)).without([]string{"recall"}) {
					if len(terms) > 0 {
						e.asked[axis] = terms
					}
				}
			}
		}
	}
}
