package policy_test

import (
	"slices"
	"time"
)

// The model answers the same questions as policy.Decide from nothing but the
// list of what happened. It is written from the rules as people say them, holds
// no state, uses no package of the product, and is slow on purpose: two
// programs that agree by accident on every random history are unlikely.

type happening struct {
	at       time.Time
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
	for _, h := range m.happened(now) {
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

func (m model) happened(now time.Time) []happening {
	var past []happening
	for _, h := range m.history {
		if h.accepted && !h.at.After(now) {
			past = append(past, h)
		}
	}
	return past
}

// bound lists who is bound by a contract at now: who signed and did not leave.
func (m model) bound(doc int, now time.Time) []string {
	var names []string
	for _, h := range m.happened(now) {
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
	for _, h := range m.happened(now) {
		if h.doc != doc {
			continue
		}
		switch h.what {
		case "sign":
			signatures++
		case "suspend":
			halted[h.who] = true
		case "resume", "withdraw":
			delete(halted, h.who)
		case "terminate":
			if !now.Before(h.at.Add(c.notice)) {
				return false
			}
		}
	}
	return signatures >= c.needed && len(m.bound(doc, now)) >= 2 && len(halted) == 0
}

// mayOpen says whether reader may open the n-th release for the purpose at now.
func (m model) mayOpen(reader string, release happening, purpose string, now time.Time) bool {
	c := m.contracts[release.doc]
	for _, h := range m.happened(now) {
		if h.what == "retract" && h.item == release.item {
			return false
		}
	}
	bound := m.bound(release.doc, now)
	own := reader == release.who
	switch {
	case m.banned(reader, now), m.banned(release.who, now):
		return false
	case !m.inForce(release.doc, now):
		return false
	case !slices.Contains(bound, reader), !slices.Contains(bound, release.who):
		return false
	case !own && c.roles[reader] != "both" && c.roles[reader] != "recipient":
		return false
	case !slices.Contains(c.purposes, purpose), !slices.Contains(release.asked.purposes, purpose):
		return false
	case !own && release.asked.recipients != nil && !slices.Contains(release.asked.recipients, reader):
		return false
	case !release.asked.until.IsZero() && !now.Before(release.asked.until):
		return false
	}
	return true
}
