package policy_test

import (
	"iter"
	"slices"
	"time"
)

// The model answers the same questions as policy.Decide from nothing but the
// list of what happened. It is written from the rules as people say them, holds
// no state, uses no package of the product, and is slow on purpose: two
// programs that agree by accident on every random history are unlikely.

type happening struct {
	at       time.Time
	order    int // 1 for the first that was tried
	who      string
	what     string // sign, suspend, resume, withdraw, terminate, ban, unban, leave, release, retract
	doc      int
	item     int
	asked    terms
	accepted bool // the hub took the act
}

type terms struct {
	purposes   []string
	recipients []string // nil means everybody
	until      time.Time
}

type contract struct {
	parties  []string
	roles    map[string]string
	needed   int
	from, to time.Time
	notice   time.Duration
	purposes []string
}

type model struct {
	contracts []contract
	history   []happening
}

// banned says whether the registrar has shut an agency out at now.
func (m model) banned(who string, now time.Time) bool {
	out := false
	for h := range m.happened(now) {
		if h.who != who {
			continue
		}
		switch h.what {
		case "ban":
			out = true
		case "unban":
			out = false
		case "leave":
			return true
		}
	}
	return out
}

func (m model) happened(now time.Time) iter.Seq[*happening] {
	return func(yield func(*happening) bool) {
		for i := range m.history {
			if h := &m.history[i]; h.accepted && !h.at.After(now) && !yield(h) {
				return
			}
		}
	}
}

// bound lists who is bound by a contract at now: who signed and did not leave.
func (m model) bound(doc int, now time.Time) []string {
	var names []string
	for h := range m.happened(now) {
		if h.doc != doc {
			continue
		}
		switch {
		case h.what == "sign":
			names = append(names, h.who)
		case h.what == "withdraw" && !now.Before(h.at.Add(m.contracts[doc].notice)):
			names = slices.DeleteFunc(names, func(n string) bool { return n == h.who })
		}
	}
	return names
}

func (m model) inForce(doc int, now time.Time) bool {
	c := m.contracts[doc]
	if now.Before(c.from) || !now.Before(c.to) {
		return false
	}
	signatures := 0
	halted := map[string]bool{}
	for h := range m.happened(now) {
		if h.doc != doc {
			continue
		}
		switch h.what {
		case "sign":
			signatures++
		case "suspend":
			halted[h.who] = true
		case "resume":
			delete(halted, h.who)
		case "withdraw":
			if !now.Before(h.at.Add(c.notice)) {
				delete(halted, h.who)
			}
		case "terminate":
			if !now.Before(h.at.Add(c.notice)) {
				return false
			}
		}
	}
	return signatures >= c.needed && len(m.bound(doc, now)) >= 2 && len(halted) == 0
}

func (m model) retracted(item int, now time.Time) bool {
	for h := range m.happened(now) {
		if h.what == "retract" && h.item == item {
			return true
		}
	}
	return false
}

// mayReceive says whether reader may have the cover of a release at now.
func (m model) mayReceive(reader string, release happening, now time.Time) bool {
	c := m.contracts[release.doc]
	bound := m.bound(release.doc, now)
	own := reader == release.who
	switch {
	case m.retracted(release.item, now), m.banned(reader, now), m.banned(release.who, now):
		return false
	case !m.inForce(release.doc, now):
		return false
	case !slices.Contains(bound, reader), !slices.Contains(bound, release.who):
		return false
	case !own && c.roles[reader] == "contributor":
		return false
	case !own && release.asked.recipients != nil && !slices.Contains(release.asked.recipients, reader):
		return false
	case !release.asked.until.IsZero() && !now.Before(release.asked.until):
		return false
	}
	return true
}

// mayOpen says whether reader may open a release for the purpose at now.
func (m model) mayOpen(reader string, release happening, purpose string, now time.Time) bool {
	c := m.contracts[release.doc]
	switch {
	case !slices.Contains(c.purposes, purpose), !slices.Contains(release.asked.purposes, purpose):
		return false
	case reader != release.who && c.roles[reader] == "observer":
		return false
	}
	return m.mayReceive(reader, release, now)
}

// mayRelease says whether who may put an item before the others of to at now.
func (m model) mayRelease(e happening, to []string, now time.Time) bool {
	c := m.contracts[e.doc]
	bound := m.bound(e.doc, now)
	switch {
	case m.banned(e.who, now), m.retracted(e.item, now), !m.inForce(e.doc, now):
		return false
	case !slices.Contains(bound, e.who), c.roles[e.who] != "both" && c.roles[e.who] != "contributor":
		return false
	}
	for _, reader := range to {
		switch {
		case reader == e.who:
		case !slices.Contains(bound, reader), m.banned(reader, now), c.roles[reader] == "contributor":
			return false
		case e.asked.recipients != nil && !slices.Contains(e.asked.recipients, reader):
			return false
		case !e.asked.until.IsZero() && !now.Before(e.asked.until):
			return false
		}
	}
	return true
}

// takes says whether the hub's ledger takes what is tried. Whether a release is
// allowed is another question: the ledger keeps only its order.
func (m model) takes(e happening) bool {
	last := map[string]happening{} // the newest of each kind of thing that who did, in this contract
	var shut, noticed, over, retracted bool
	publisher := ""
	for h := range m.happened(e.at) {
		mine := h.who == e.who
		switch h.what {
		case "ban", "unban", "leave":
			if mine && h.what == "leave" {
				return false
			}
			shut = mine && h.what == "ban" || !mine && shut
		case "retract":
			retracted = retracted || h.item == e.item
		case "release":
			if h.item == e.item {
				publisher = h.who
			}
		default:
			if h.doc != e.doc {
				continue
			}
			if mine {
				last[h.what] = *h
			}
			if h.what == "terminate" {
				noticed = true
				over = !e.at.Before(h.at.Add(m.contracts[e.doc].notice))
			}
		}
	}
	_, signed := last["sign"]
	_, withdrew := last["withdraw"]
	halted := last["suspend"].order > last["resume"].order
	switch e.what {
	case "ban":
		return !shut
	case "unban":
		return shut
	case "leave":
		return true
	case "retract":
		return publisher == e.who && !retracted
	}
	c := m.contracts[e.doc]
	if !slices.Contains(c.parties, e.who) {
		return false
	}
	if e.what == "release" {
		return (publisher == "" || publisher == e.who) && !retracted
	}
	if over || !e.at.Before(c.to) || withdrew {
		return false
	}
	switch e.what {
	case "sign":
		return !signed && !shut && !noticed
	case "suspend":
		return signed && !halted
	case "resume":
		return signed && halted
	case "withdraw":
		return signed
	}
	return signed && !noticed // terminate
}
