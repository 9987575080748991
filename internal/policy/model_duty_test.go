package policy_test

import "time"

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
			done := did(h.order, "acknowledge") || m.agreed(r, who, h.order, now) || refusal != nil && refusal.order > h.order
			owe("acknowledge", h.order, h.by, done, false)
		}
	}
	terms, paper := m.termsFor(r, who, now), m.papers[r.doc]
	held := m.held(r, who, now)
	if days, owed := terms.days("useReportDays"); owed {
		owe("use-report", 0, first.at.Add(days), did(first.order, "report-use"), false)
	}
	if days, owed := m.period(r, terms); owed {
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
