package policy_test

import (
	"time"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

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
		e.what = "release"
		h.drawRelease(t, e)
		return
	}
	if holders := h.holders(r); len(holders) > 0 && e.what != "open" && e.what != "deliver" && !seldom(t, "no holder", 6) {
		e.who = of(t, "holder", holders...)
	}
	if e.what == "deliver" {
		return
	}
	if e.what == "open" {
		h.drawOpen(t, e, r)
		return
	}
	e.terms = h.drawAccepted(t, r, e.who)
	h.drawWords(t, e)
}

func (h *history) drawOpen(t *rapid.T, e, r *happening) {
	q := h.drawRequest(t, r, e.who)
	e.purpose, e.form, e.officer, e.robot, e.part, e.terms = q.purpose, q.form, q.officer, q.robot, q.part, q.accepted
}

// drawWords draws what a holder says about a release.
func (h *history) drawWords(t *rapid.T, e *happening) {
	switch e.what {
	case "acknowledge":
		e.attests = some(t, "attests", []string{"agency-attestation", "curriculum-completed"}, 0)
	case "attest":
		e.says = of(t, "says", "destroyed", "returned", "retained-under-terms")
	case "ask":
		e.use = of(t, "use", "onward", "derivation", "judicial-use")
		e.purpose = of(t, "purpose", "detection", "training")
		e.by = canonical.At(h.Now.Add(of(t, "until", time.Hour, 30*time.Hour, 300*time.Hour))).Time
		if seldom(t, "impatient", 3) {
			e.silence = canonical.At(h.Now.Add(of(t, "answer by", time.Minute, time.Hour, 30*time.Hour))).Time
		}
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
	switch {
	case seldom(t, "cover", 6):
		q.part = cover
	case len(r.pieces) > 0 && rapid.Bool().Draw(t, "section"):
		q.part = between(t, "which", 1, len(r.pieces))
		if !seldom(t, "the item's terms", 6) {
			q.accepted = q.accepted.with(r.pieces[q.part-1])
		}
	}
	if seldom(t, "other purpose", 4) {
		q.purpose = of(t, "purpose", "training", "prevention", "policy")
	}
	if seldom(t, "form", 3) {
		q.form = of(t, "which", orders["accessForm"]...)
	}
	if seldom(t, "other officer", 6) {
		q.officer = ledgertest.Officer(act.AgencyName(who), 2)
	}
	q.robot = seldom(t, "robot", 6)
	return q
}

func (h *history) drawRelease(t *rapid.T, e *happening) {
	e.doc = between(t, "doc", 0, len(h.papers)-1)
	e.item = between(t, "item", 1, 4)
	if publisher := h.publisher(e.item, h.Now); publisher != "" && !seldom(t, "stranger", 10) {
		e.who = publisher
	}
	h.drawContent(t, e)
}

// drawContent draws what is released, and from what it comes.
func (h *history) drawContent(t *rapid.T, e *happening) {
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
	for range max(0, between(t, "sections", -3, 2)) {
		e.pieces = append(e.pieces, h.drawLimits(t, false).without([]string{"maxReads"}))
	}
	h.drawParents(t, e)
}

func (h *history) drawParents(t *rapid.T, e *happening) {
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
