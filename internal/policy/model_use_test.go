package policy_test

import (
	"slices"
	"time"
)

func (m model) release(order int, now time.Time) *happening { return m.named(order, "release", now) }

func (m model) publisher(item int, now time.Time) string {
	for h := range m.did(now, "release") {
		if h.item == item {
			return h.who
		}
	}
	return ""
}

// version is the newest one of an item.
func (m model) version(item int, now time.Time) int {
	newest := 0
	for h := range m.did(now, "release") {
		if h.item == item {
			newest = max(newest, h.version)
		}
	}
	return newest
}

func (m model) retracted(item int, now time.Time) *happening {
	for h := range m.did(now, "retract") {
		if h.item == item {
			return h
		}
	}
	return nil
}

// speaksOf says whether a later restriction is about a release and for who. It is
// about the versions up to one: a newer version may be looser.
func speaksOf(h, r *happening, who string) bool {
	return h.item == r.item && r.version <= h.version && (h.names == 0 || h.names == r.order) && (h.to == nil || slices.Contains(h.to, who))
}

// termsFor are the restrictions of a release for a reader at now: what the
// parties agreed, what was asked with it, and what was asked since.
func (m model) termsFor(r *happening, who string, now time.Time) limits {
	p := m.papers[r.doc]
	terms := p.floor.with(limits{"purposes": p.purposes}).with(r.asked)
	for h := range m.did(now, "restrict") {
		if speaksOf(h, r, who) {
			terms = terms.with(h.asked)
		}
	}
	return terms
}

// bindsFor are those of the terms that who has to heed when it opens.
func (m model) bindsFor(r *happening, who string, now time.Time) limits {
	if who == r.who {
		return m.termsFor(r, who, now).without(others)
	}
	return m.termsFor(r, who, now)
}

// opened finds the first allowed open of the body of a release by who after an
// order.
func (m model) opened(r *happening, who string, after int, now time.Time) *happening {
	for h := range m.did(now, "open") {
		if h.names == r.order && h.who == who && h.allowed && !h.cover && h.order > after {
			return h
		}
	}
	return nil
}

func (m model) reads(r *happening, who string, now time.Time) int {
	n := 0
	for h := range m.did(now, "open") {
		if h.names == r.order && h.who == who && h.allowed && !h.cover {
			n++
		}
	}
	return n
}

// judge finds the paper by whose life a release is judged between its publisher
// and a reader: the newest that binds both, if that is newer than its own.
func (m model) judge(r *happening, who string, now time.Time) int {
	g := m.governs(m.papers[r.doc].agreement, r.who, who, now)
	if g >= 0 && m.papers[g].revision > m.papers[r.doc].revision {
		return g
	}
	return r.doc
}

// stopped says whether a suspension of a paper keeps who from what was released.
// Where reading goes on, it goes on for what came before the suspension.
func (m model) stopped(doc int, r *happening, who string, now time.Time) bool {
	for _, one := range m.halts(doc, now) {
		concerned := one.whom == "" || one.whom == who || one.whom == r.who
		if concerned && one.bites(now) && (!m.papers[doc].goOn || !r.at.Before(one.from)) {
			return true
		}
	}
	return false
}

// mayReceive says whether reader may have the cover of a release at now.
func (m model) mayReceive(reader string, r *happening, now time.Time) bool {
	return m.reachable(reader, r, now) && m.bindsFor(r, reader, now).let(want{who: reader, nature: m.sideOf(r.doc, reader, now).nature}, now)
}

// reachable is mayReceive before its restrictions are asked.
func (m model) reachable(reader string, r *happening, now time.Time) bool {
	own := reader == r.who
	s, b := m.sideOf(r.doc, reader, now), m.bondOf(r.doc, reader, now)
	switch {
	case m.takenAway(r, now), m.banned(reader, now), m.banned(r.who, now):
		return false
	case s == nil, b == nil, m.bondOf(r.doc, r.who, now) == nil, !m.complete(r.doc, now), now.Before(m.papers[r.doc].from):
		return false
	case own:
	case s.role == "contributor", b.joined && r.order < b.since:
		return false
	case m.sealed(r, reader, now) != nil, m.owing(r, reader, r.at, now), m.parentsStricter(r, reader, now):
		return false
	}
	return m.lives(reader, r, now)
}

// takenAway says whether an item, or one that it was made from, was retracted.
func (m model) takenAway(r *happening, now time.Time) bool {
	return m.retracted(r.item, now) != nil || slices.ContainsFunc(r.parents, func(p parent) bool { return m.takenAway(m.release(p.release, now), now) })
}

// lives says whether the agreement lets reader have what was released under it.
// An end can be outlived; what stopped reading cannot, nor a review that was
// overdue at the end.
func (m model) lives(reader string, r *happening, now time.Time) bool {
	doc := m.judge(r, reader, now)
	if m.stopped(r.doc, r, reader, now) || m.stopped(doc, r, reader, now) {
		return false
	}
	if !m.over(doc, now) && len(m.live(doc, now)) >= 2 && m.reviewOverdue(doc, now) == "suspend" {
		return false
	}
	end, ended := m.endBetween(doc, r, reader, now)
	if !ended {
		return true
	}
	p := m.papers[doc]
	return p.full && p.retain && m.reviewOverdue(doc, end) != "suspend" && m.opened(r, reader, 0, now) != nil
}

// endBetween says whether the agreement ended for who published or for who reads,
// and when it did. The window of an older paper does not count where a newer one
// governs.
func (m model) endBetween(doc int, r *happening, reader string, now time.Time) (time.Time, bool) {
	if at, ended := m.endFor(doc, reader, now); ended {
		return at, true
	}
	if _, ended := m.endFor(doc, r.who, now); ended {
		return now, true
	}
	_, left := m.gone(r.doc, reader, now)
	_, away := m.gone(r.doc, r.who, now)
	return now, left || away || m.terminated(r.doc, now) || len(m.live(r.doc, now)) < 2
}

func (m model) ended(doc int, r *happening, reader string, now time.Time) bool {
	_, ended := m.endBetween(doc, r, reader, now)
	return ended
}

func (m model) terminated(doc int, now time.Time) bool {
	h := m.notice(doc, now)
	return h != nil && !now.Before(h.at.Add(m.papers[doc].notice))
}

// sealed: who said that it cannot comply gets nothing of the item that was
// released before it said so.
func (m model) sealed(r *happening, who string, now time.Time) *happening {
	var last *happening
	for h := range m.did(now, "cannot-comply") {
		if h.who == who && m.release(h.names, now).item == r.item && r.order < h.order {
			last = h
		}
	}
	return last
}

// owing says whether who owes the publisher something since before a moment, in
// an agreement that then holds what is released.
func (m model) owing(r *happening, who string, released, now time.Time) bool {
	if !m.papers[r.doc].holdsNew {
		return false
	}
	for _, d := range m.duties(now) {
		of := m.release(d.release, now)
		if d.holder == who && d.state == "overdue" && of.who == r.who && m.papers[of.doc].agreement == m.papers[r.doc].agreement && !released.Before(d.due) {
			return true
		}
	}
	return false
}

// parentsStricter says whether what a release was made from is now under terms
// that the release is not.
func (m model) parentsStricter(r *happening, reader string, now time.Time) bool {
	for _, p := range r.parents {
		if m.termsFor(r, reader, now).looser(m.inherited(m.release(p.release, now), r.who, now)) {
			return true
		}
	}
	return false
}

// inherited are the terms that what is made of a release takes over. Who receives
// it is asked by itself.
func (m model) inherited(r *happening, maker string, now time.Time) limits {
	return m.termsFor(r, maker, now).without([]string{"audience", "officers", "recipients"})
}

// request is one wish to open.
type request struct {
	purpose, form, officer string
	robot, cover           bool
	accepted               limits
}

// mayOpen says whether reader may open a release at now.
func (m model) mayOpen(reader string, r *happening, q request, now time.Time) bool {
	terms := m.termsFor(r, reader, now)
	w := want{
		who: reader, purpose: q.purpose, form: q.form, officer: q.officer, robot: q.robot,
		opens: true, before: m.reads(r, reader, now),
	}
	if !m.reachable(reader, r, now) {
		return false
	}
	if q.cover {
		w.before = 0 // what is counted is the body
	}
	w.nature = m.sideOf(r.doc, reader, now).nature
	if !m.bindsFor(r, reader, now).let(w, now) || !terms.same(q.accepted) || q.purpose == "" {
		return false
	}
	if reader == r.who {
		return true
	}
	return m.sideOf(r.doc, reader, now).role != "observer" && m.meetsPrerequisites(r, reader, terms, now)
}

func (m model) meetsPrerequisites(r *happening, who string, terms limits, now time.Time) bool {
	owed := terms["prerequisites"]
	if len(owed) == 0 {
		return true
	}
	for h := range m.did(now, "acknowledge") {
		if h.who == who && h.names == r.order && h.terms.same(terms) &&
			!slices.ContainsFunc(owed, func(term string) bool { return !slices.Contains(h.attests, term) }) {
			return true
		}
	}
	return false
}

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
		case m.governs(p.agreement, e.who, reader, now) != e.doc, m.owing(&e, reader, now, now):
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
		within = slices.Contains(paper.community, reader) || slices.Contains(m.live(r.doc, now), reader)
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

// duty is something that a holder owes the publisher of a release.
type duty struct {
	kind, holder string
	release      int
	because      int // order of the restriction that is to be acknowledged
	due          time.Time
	state        string // open, overdue, done, held, unreachable
}

// duties lists what everybody owes at now.
func (m model) duties(now time.Time) []duty {
	var all []duty
	for r := range m.did(now, "release") {
		for _, who := range m.names {
			if first := m.opened(r, who, 0, now); first != nil && who != r.who {
				all = append(all, m.dutiesOf(r, who, first, now)...)
			}
		}
	}
	return all
}

func (m model) dutiesOf(r *happening, who string, first *happening, now time.Time) []duty {
	var all []duty
	owe := func(kind string, because int, due time.Time, done, held bool) {
		state := "open"
		switch {
		case done:
			state = "done"
		case held:
			state = "held"
		case m.banned(who, now):
			state = "unreachable"
		case !now.Before(due):
			state = "overdue"
		}
		all = append(all, duty{kind, who, r.order, because, due, state})
	}
	did := func(after int, what string) bool {
		for h := range m.did(now, what) {
			if h.who == who && h.names == r.order && h.order > after {
				return true
			}
		}
		return false
	}
	for h := range m.did(now, "restrict") {
		if speaksOf(h, r, who) && first.order < h.order {
			refusal := m.sealed(r, who, now)
			done := did(h.order, "acknowledge") || m.opened(r, who, h.order, now) != nil || refusal != nil && refusal.order > h.order
			owe("acknowledge", h.order, h.by, done, false)
		}
	}
	terms, paper := m.termsFor(r, who, now), m.papers[r.doc]
	held := m.held(r, who, now)
	if days, owed := terms.days("useReportDays"); owed {
		owe("use-report", 0, first.at.Add(days), did(first.order, "report-use"), false)
	}
	if days, owed := terms.days("retentionDays"); owed {
		owe("retention", 0, first.at.Add(days), m.rid(r, who, 0, now), held)
	}
	if !paper.attest {
		return all
	}
	if end, ended := m.endFor(m.judge(r, who, now), who, now); ended {
		word := m.lastWord(r, who, now)
		kept := word != nil && word.says == "retained-under-terms" && !word.at.Before(end)
		owe("disposal", 0, end.Add(paper.attestIn), kept || m.rid(r, who, 0, now), held)
	}
	for h := range m.did(now, "restrict", "retract") {
		back := h.what == "retract" && h.item == r.item || h.what == "restrict" && h.asked["recall"] != nil && speaksOf(h, r, who) && first.order < h.order
		if back {
			owe("destruction", h.order, h.at.Add(paper.attestIn), m.rid(r, who, h.order, now), held)
		}
	}
	return all
}

// lastWord is the newest that a holder attested of its copies.
func (m model) lastWord(r *happening, who string, now time.Time) *happening {
	var last *happening
	for h := range m.did(now, "attest") {
		if h.who == who && h.names == r.order {
			last = h
		}
	}
	return last
}

// rid says whether a holder attested, after an act and after it last opened, that
// it has no copy any more.
func (m model) rid(r *happening, who string, after int, now time.Time) bool {
	word := m.lastWord(r, who, now)
	return word != nil && word.order > after && word.says != "retained-under-terms" && m.opened(r, who, word.order, now) == nil
}

func (m model) held(r *happening, who string, now time.Time) bool {
	held := false
	for h := range m.did(now, "hold", "lift") {
		if h.who == who && h.names == r.order {
			held = h.what == "hold"
		}
	}
	return held
}

// takesUse says whether the ledger takes an act about items.
func (m model) takesUse(e happening) bool {
	now := e.at
	switch e.what {
	case "release":
		return m.takesRelease(e)
	case "retract":
		return m.publisher(e.item, now) == e.who && m.retracted(e.item, now) == nil
	case "restrict":
		of := m.release(e.names, now)
		known := e.names == 0 || of != nil && of.item == e.item
		return known && m.publisher(e.item, now) == e.who && m.retracted(e.item, now) == nil && e.by.After(now) && e.version >= 1 && e.version <= m.version(e.item, now)
	case "grant", "refuse", "take-back-consent":
		return m.takesAnswer(e)
	case "breach":
		return m.proposed(e.doc, now) != nil && m.sideOf(e.doc, e.who, now) != nil
	}
	r := m.release(e.names, now)
	if r == nil {
		return false
	}
	switch e.what {
	case "open":
		return true
	case "acknowledge":
		return m.holder(r, e.who, now) && e.terms.same(m.termsFor(r, e.who, now))
	case "attest":
		return m.holder(r, e.who, now) && (e.says != "retained-under-terms" || m.papers[r.doc].retain)
	case "hold":
		return m.holder(r, e.who, now) && !m.held(r, e.who, now)
	case "lift":
		return m.holder(r, e.who, now) && m.held(r, e.who, now)
	}
	return m.holder(r, e.who, now) && (e.who != r.who || e.what != "ask" && e.what != "cannot-comply") && (e.what != "ask" || e.by.After(now))
}

// holder: its publisher, or who had it: by an allowed delivery or an allowed open.
func (m model) holder(r *happening, who string, now time.Time) bool {
	for h := range m.did(now, "open", "deliver") {
		if h.names == r.order && h.who == who && h.allowed {
			return true
		}
	}
	return who == r.who
}

func (m model) takesRelease(e happening) bool {
	publisher := m.publisher(e.item, e.at)
	if m.proposed(e.doc, e.at) == nil || m.sideOf(e.doc, e.who, e.at) == nil || publisher != "" && publisher != e.who || m.retracted(e.item, e.at) != nil {
		return false
	}
	for _, p := range e.parents {
		if m.release(p.release, e.at) == nil {
			return false
		}
	}
	newest := m.version(e.item, e.at)
	return e.version == newest+1 || e.version == newest && newest > 0
}

// takesAnswer: only the publisher answers, once, and before silence has become
// no; it takes back only what it gave.
func (m model) takesAnswer(e happening) bool {
	ask := m.named(e.names, "ask", e.at)
	if ask == nil {
		return false
	}
	r := m.release(ask.names, e.at)
	last := ""
	for h := range m.did(e.at, "grant", "refuse", "take-back-consent") {
		if h.names == ask.order {
			last = h.what
		}
	}
	if e.what == "take-back-consent" {
		return r.who == e.who && last == "grant"
	}
	if e.what == "grant" && m.banned(e.who, e.at) {
		return false
	}
	return r.who == e.who && last == "" && e.at.Before(ask.at.Add(m.papers[r.doc].consentIn))
}
