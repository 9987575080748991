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
