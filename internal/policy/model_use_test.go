package policy_test

import (
	"iter"
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

// opens lists the allowed opens of a release by who that gave it something to read:
// of anything but the cover, and not taken back.
func (m model) opens(r *happening, who string, now time.Time) iter.Seq[*happening] {
	return func(yield func(*happening) bool) {
		for h := range m.did(now, "open") {
			if h.names == r.order && h.who == who && h.allowed && h.part != cover && !m.aborted(h, now) && !yield(h) {
				return
			}
		}
	}
}

// aborted says whether the hub took an open back, of which it had sent nothing.
func (m model) aborted(open *happening, now time.Time) bool {
	for h := range m.did(now, "abort") {
		if h.names == open.order {
			return true
		}
	}
	return false
}

// opened finds the first of those opens after an order.
func (m model) opened(r *happening, who string, after int, now time.Time) *happening {
	for h := range m.opens(r, who, now) {
		if h.order > after {
			return h
		}
	}
	return nil
}

// reads counts those of the body.
func (m model) reads(r *happening, who string, now time.Time) int {
	n := 0
	for h := range m.opens(r, who, now) {
		if h.part == body {
			n++
		}
	}
	return n
}

// agreed says whether who accepted the terms of a release after an order, by opening
// its body: what it signed stays, even if it then got nothing.
func (m model) agreed(r *happening, who string, after int, now time.Time) bool {
	for h := range m.did(now, "open") {
		if h.names == r.order && h.who == who && h.allowed && h.part == body && h.order > after {
			return true
		}
	}
	return false
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
	case s.role == "contributor", s.role != "observer" && !m.exchanges(r.doc, s.takes, r.item), b.joined && r.order < b.since:
		return false
	case m.sealed(r, reader, now) != nil, m.owing(r, reader, r.at, now), m.parentsStricter(r, reader, now):
		return false
	}
	return m.lives(reader, r, now)
}

// kindOf is the kind of an item.
func kindOf(item int) string {
	if item == 4 {
		return "curriculum"
	}
	return "bulletin"
}

// exchanges says whether what a party undertook, to give or to receive, covers an item.
// Papers of the older form say nothing of it.
func (m model) exchanges(doc int, undertaken []string, item int) bool {
	return !m.papers[doc].full || slices.Contains(undertaken, kindOf(item))
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
	robot                  bool
	part                   int
	accepted               limits
}

// termsOf are the restrictions of one part of a release: a section's are met with
// those of all.
func (m model) termsOf(r *happening, part int, who string, now time.Time) limits {
	terms := m.termsFor(r, who, now)
	if part > body {
		terms = terms.with(r.pieces[part-1])
	}
	return terms
}

// period is how long a reader keeps what is under these terms, if that ends. The
// paper limits it for all, if it is one of the full form.
func (m model) period(r *happening, terms limits) (time.Duration, bool) {
	kept, ends := terms.days("retentionDays")
	if p := m.papers[r.doc]; p.full && (!ends || p.keeps < kept) {
		return p.keeps, true
	}
	return kept, ends
}

// keptTooLong says whether the time of a reader of a paper of the full form is over.
func (m model) keptTooLong(r *happening, who string, terms limits, now time.Time) bool {
	first := m.opened(r, who, 0, now)
	period, ends := m.period(r, terms)
	return m.papers[r.doc].full && who != r.who && first != nil && ends && !now.Before(first.at.Add(period))
}

// givesFirst says whether a reader that undertook to give has still to give something
// before it opens what another gave: an item, under any paper of the agreement, that
// it has not retracted.
func (m model) givesFirst(r *happening, who string, now time.Time) bool {
	if !m.papers[r.doc].mutual || who == r.who || len(m.sideOf(r.doc, who, now).gives) == 0 {
		return false
	}
	for h := range m.did(now, "release") {
		if h.who == who && m.papers[h.doc].agreement == m.papers[r.doc].agreement && m.retracted(h.item, now) == nil {
			return false
		}
	}
	return true
}

// hides says whether a section is not there for who: what a section restricts by
// itself excludes it, whatever else may change.
func (m model) hides(r *happening, part int, who string, now time.Time) bool {
	if part <= body || who == r.who {
		return false
	}
	s := m.sideOf(r.doc, who, now)
	if s == nil {
		return true
	}
	for _, axis := range []string{"recipients", "recipientsDenied", "recipientKinds", "jurisdictions", "jurisdictionsDenied"} {
		if terms, is := r.pieces[part-1][axis]; is && !letOne(axis, terms, want{who: who, nature: s.nature}, now) {
			return true
		}
	}
	return false
}

// mayOpen says whether reader may open a release at now.
func (m model) mayOpen(reader string, r *happening, q request, now time.Time) bool {
	terms := m.termsOf(r, q.part, reader, now)
	if !m.reachable(reader, r, now) || m.hides(r, q.part, reader, now) || m.keptTooLong(r, reader, terms, now) || m.givesFirst(r, reader, now) {
		return false
	}
	w := want{
		who: reader, purpose: q.purpose, form: q.form, officer: q.officer, robot: q.robot,
		nature: m.sideOf(r.doc, reader, now).nature, opens: true,
	}
	if q.part == body { // alone it is counted
		w.before = m.reads(r, reader, now)
	}
	heeded := terms
	if reader == r.who {
		heeded = terms.without(others)
	}
	if !heeded.let(w, now) || !terms.same(q.accepted) || q.purpose == "" {
		return false
	}
	if reader == r.who {
		return true
	}
	return m.sideOf(r.doc, reader, now).role != "observer" && m.meetsPrerequisites(r, reader, terms, now)
}

// meetsPrerequisites: who acknowledges has the item's terms before it, and attests
// what they and those of a section ask for.
func (m model) meetsPrerequisites(r *happening, who string, terms limits, now time.Time) bool {
	owed := terms["prerequisites"]
	if len(owed) == 0 {
		return true
	}
	for h := range m.did(now, "acknowledge") {
		if h.who == who && h.names == r.order && h.terms.same(m.termsFor(r, who, now)) &&
			!slices.ContainsFunc(owed, func(term string) bool { return !slices.Contains(h.attests, term) }) {
			return true
		}
	}
	return false
}
