package policy_test

import "time"

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
	waits := ask.silence.IsZero() || e.at.Before(ask.silence)
	return r.who == e.who && last == "" && waits && e.at.Before(ask.at.Add(m.papers[r.doc].consentIn))
}
