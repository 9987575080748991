package policy_test

import (
	"slices"
	"time"
)

// mayRelease says whether who may put an item before others at now.
func (m model) mayRelease(e happening, to []string, now time.Time) bool {
	if m.proposed(e.doc, now) == nil || m.banned(e.who, now) || m.retracted(e.item, now) != nil || !m.inForce(e.doc, now) || m.reviewOverdue(e.doc, now) == "freeze-new" {
		return false
	}
	p, s := m.papers[e.doc], m.sideOf(e.doc, e.who, now)
	live := m.live(e.doc, now)
	switch {
	case s == nil, !slices.Contains(live, e.who), s.role != "both" && s.role != "contributor", m.lapsed(e.doc, e.who, now), m.halting(e.doc, e.who, now):
		return false
	case !slices.Contains(p.kinds, kindOf(e.item)), !m.exchanges(e.doc, s.gives, e.item):
		return false
	case p.full && e.asked.clash(), e.asked.looser(p.floor.with(limits{"purposes": p.purposes})):
		return false
	case !m.mayPassOn(e, to, now):
		return false
	}
	terms := p.floor.with(limits{"purposes": p.purposes}).with(e.asked)
	for _, reader := range to {
		if reader == e.who {
			continue
		}
		s := m.sideOf(e.doc, reader, now)
		switch {
		case s == nil, !slices.Contains(live, reader), m.banned(reader, now), s.role == "contributor", m.halting(e.doc, reader, now):
			return false
		case s.role != "observer" && !m.exchanges(e.doc, s.takes, e.item):
			return false
		case m.governs(p.agreement, e.who, reader, now) != e.doc:
			return false
		case !terms.let(want{who: reader, nature: s.nature, later: true}, now):
			return false
		}
	}
	return true
}

// halting says whether a suspension of a party, or of all, is in effect: reading may
// go on, nothing new happens.
func (m model) halting(doc int, whom string, now time.Time) bool {
	return slices.ContainsFunc(m.halts(doc, now), func(one halt) bool { return one.whom == whom && one.bites(now) })
}

// mayPassOn says whether what an item was made from may be used for it: who makes
// it opened the parents and could have them now, and nothing there has ended or
// is stopped, not even for a time.
func (m model) mayPassOn(e happening, to []string, now time.Time) bool {
	for _, p := range e.parents {
		r := m.release(p.release, now)
		if r == nil || m.takenAway(r, now) {
			return false
		}
		if r.who == e.who {
			continue // what is its own binds it in nothing
		}
		doc, terms := m.judge(r, e.who, now), m.termsFor(r, e.who, now)
		switch {
		case m.opened(r, e.who, 0, now) == nil, !m.mayReceive(e.who, r, now), m.ended(doc, r, e.who, now), !m.inForce(doc, now), m.reviewOverdue(doc, now) == "freeze-new":
			return false
		case m.halting(doc, "", now), m.halting(r.doc, "", now), m.halting(doc, e.who, now), m.halting(doc, r.who, now), m.halting(r.doc, e.who, now), m.halting(r.doc, r.who, now):
			return false
		case e.asked.looser(m.inherited(r, e.who, now)), terms.only("embargo") != "" && now.Before(moment(terms.only("embargo"))):
			return false
		case !m.mayMake(e, p, r, terms, now):
			return false
		}
		for _, reader := range to {
			if reader != e.who && reader != r.who && !m.mayHaveOnward(e, r, terms, reader, now) {
				return false
			}
		}
	}
	return true
}

// mayMake says whether something may be made of a parent in this way.
func (m model) mayMake(e happening, p parent, r *happening, terms limits, now time.Time) bool {
	if p.relation == "copy" {
		return true
	}
	switch terms.only("derivation") {
	case "none":
		return false
	case "translate-only":
		return p.relation == "translation"
	case "with-consent":
		return m.consents(e, r, "derivation", "", now)
	}
	return len(terms["derivation"]) > 0 || terms["derivation"] == nil
}

// mayHaveOnward says whether a reader may have what came from a parent. Where
// nothing was said about passing on, nothing is passed on without consent.
func (m model) mayHaveOnward(e happening, r *happening, terms limits, reader string, now time.Time) bool {
	paper := m.papers[r.doc]
	within := false
	switch terms.only("onwardScope") {
	case "agreement-parties":
		within = slices.Contains(m.live(r.doc, now), reader)
	case "defined-community":
		named := slices.Contains(paper.community, reader) || slices.Contains(paper.community, m.enrolled[reader])
		within = named || slices.Contains(m.live(r.doc, now), reader)
	case "anyone":
		within = true
	}
	if within && terms.only("onwardConsent") == "never" {
		return true
	}
	return m.consents(e, r, "onward", reader, now)
}

// consents says whether the originator's consent to a use stands at now.
func (m model) consents(e happening, r *happening, use, reader string, now time.Time) bool {
	for _, p := range e.parents {
		ask := m.named(p.consent, "ask", now)
		if p.release != r.order || ask == nil || ask.who != e.who || ask.names != r.order || ask.use != use || ask.other != reader || !now.Before(ask.by) {
			continue
		}
		if !slices.Equal(e.asked["purposes"], []string{ask.purpose}) {
			continue
		}
		granted := false
		for h := range m.did(now, "grant", "take-back-consent") {
			if h.names == ask.order {
				granted = h.what == "grant"
			}
		}
		if granted {
			return true
		}
	}
	return false
}
