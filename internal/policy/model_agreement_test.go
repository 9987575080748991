package policy_test

import (
	"slices"
	"time"
)

// bond is one signatory of a paper: by signature, or by a completed accession.
type bond struct {
	who    string
	since  int // order of the act that made it one
	at     time.Time
	joined bool
}

func (m model) proposed(doc int, now time.Time) *happening {
	for h := range m.did(now, "propose") {
		if h.doc == doc {
			return h
		}
	}
	return nil
}

// newest finds the last proposed paper of an agreement, or -1.
func (m model) newest(agreement int, now time.Time) int {
	found := -1
	for h := range m.did(now, "propose") {
		if m.papers[h.doc].agreement == agreement {
			found = h.doc
		}
	}
	return found
}

// signed lists the signatories of a paper, and the signature that completed it. A
// signature whose key is revoked before that is void.
func (m model) signed(doc int, now time.Time) (bonds []bond, complete *happening) {
	keys := map[string]int{}
	for h := range m.happened(now) {
		switch {
		case h.what == "sign" && h.doc == doc:
			bonds = append(bonds, bond{h.who, h.order, h.at, false})
			keys[h.who] = h.key
			if complete == nil && len(bonds) >= m.papers[doc].needed {
				complete = h
			}
		case h.what == "revoke-key" && complete == nil && len(bonds) > 0:
			if key, has := keys[h.who]; has && key == h.names {
				bonds = slices.DeleteFunc(bonds, func(b bond) bool { return b.who == h.who })
				delete(keys, h.who)
			}
		case h.what == "countersign" && h.doc == doc && h.joins:
			bonds = append(bonds, bond{m.named(h.names, "accede", now).who, h.order, h.at, true})
		}
	}
	return bonds, complete
}

func (m model) complete(doc int, now time.Time) bool {
	_, complete := m.signed(doc, now)
	return complete != nil
}

// bondOf finds a signatory, whether or not it withdrew since.
func (m model) bondOf(doc int, who string, now time.Time) *bond {
	bonds, _ := m.signed(doc, now)
	for _, b := range bonds {
		if b.who == who {
			return &b
		}
	}
	return nil
}

// sideOf finds a party of a paper: one that the document names, or that acceded.
func (m model) sideOf(doc int, who string, now time.Time) *side {
	for i := range m.papers[doc].sides {
		if s := &m.papers[doc].sides[i]; s.name == who {
			return s
		}
	}
	for h := range m.did(now, "countersign") {
		if h.doc == doc && h.joins {
			if a := m.named(h.names, "accede", now); a.who == who {
				return &side{a.who, a.says, a.nature, a.by, a.gives, a.takes}
			}
		}
	}
	return nil
}

func (h *happening) reaches(doc int) bool { return slices.Contains(h.reach, doc) }

// withdrawal finds a party's notice of withdrawal.
func (m model) withdrawal(doc int, who string, now time.Time) *happening {
	for h := range m.did(now, "withdraw") {
		if h.who == who && h.reaches(doc) {
			return h
		}
	}
	return nil
}

// gone says whether a party's withdrawal has taken effect, and when it did.
func (m model) gone(doc int, who string, now time.Time) (time.Time, bool) {
	if h := m.withdrawal(doc, who, now); h != nil {
		at := h.at.Add(m.papers[doc].notice)
		return at, !now.Before(at)
	}
	return time.Time{}, false
}

// live lists who is bound by a paper at now.
func (m model) live(doc int, now time.Time) []string {
	var names []string
	bonds, _ := m.signed(doc, now)
	for _, b := range bonds {
		if _, gone := m.gone(doc, b.who, now); !gone {
			names = append(names, b.who)
		}
	}
	return names
}

func (m model) notice(doc int, now time.Time) *happening {
	for h := range m.did(now, "terminate") {
		if h.reaches(doc) {
			return h
		}
	}
	return nil
}

// over says whether a paper has ended for all, by termination or by its window.
func (m model) over(doc int, now time.Time) bool {
	h := m.notice(doc, now)
	return !now.Before(m.papers[doc].to) || h != nil && !now.Before(h.at.Add(m.papers[doc].notice))
}

// endFor says when a paper ended for who, if it did.
func (m model) endFor(doc int, who string, now time.Time) (time.Time, bool) {
	p := m.papers[doc]
	ends := []time.Time{p.to}
	if h := m.notice(doc, now); h != nil {
		ends = append(ends, h.at.Add(p.notice))
	}
	if at, gone := m.gone(doc, who, now); gone {
		ends = append(ends, at)
	}
	bonds, complete := m.signed(doc, now)
	var leaves []time.Time
	for _, b := range bonds {
		if at, gone := m.gone(doc, b.who, now); gone {
			leaves = append(leaves, at)
		}
	}
	if complete != nil && len(bonds)-len(leaves) < 2 {
		slices.SortFunc(leaves, time.Time.Compare)
		ends = append(ends, leaves[len(bonds)-2])
	}
	first := slices.MinFunc(ends, time.Time.Compare)
	return first, !now.Before(first)
}

// halt is a suspension of a paper, or of one party of it.
type halt struct {
	by, whom string // whom is "" for all
	from, to time.Time
}

func (h halt) bites(now time.Time) bool {
	return !now.Before(h.from) && !h.past(now)
}

func (h halt) past(now time.Time) bool { return !h.to.IsZero() && !now.Before(h.to) }

// halts lists the suspensions that were made and not taken back.
func (m model) halts(doc int, now time.Time) []halt {
	p := m.papers[doc]
	var halts []halt
	for h := range m.did(now, "suspend", "suspend-party", "resume", "resume-party", "withdraw") {
		if !h.reaches(doc) {
			continue
		}
		switch h.what {
		case "suspend", "suspend-party":
			one := halt{by: h.who, whom: h.other, from: h.at}
			if !slices.Contains(p.urgent, h.reason) {
				one.from = h.at.Add(p.warning)
			}
			if p.longest > 0 {
				one.to = one.from.Add(p.longest)
			}
			halts = append(halts, one)
		case "resume", "resume-party":
			halts = slices.DeleteFunc(halts, func(one halt) bool { return one.by == h.who && one.whom == h.other })
		case "withdraw": // what a party stopped ends with its part
			for i := range halts {
				if leaves := h.at.Add(p.notice); halts[i].by == h.who && (halts[i].to.IsZero() || leaves.Before(halts[i].to)) {
					halts[i].to = leaves
				}
			}
		}
	}
	return slices.DeleteFunc(halts, func(one halt) bool { return one.past(now) })
}

func (m model) halted(doc int, by, whom string, now time.Time) bool {
	return slices.ContainsFunc(m.halts(doc, now), func(one halt) bool { return one.by == by && one.whom == whom })
}

// reviewOverdue says what follows at now, or "" while no review is due.
func (m model) reviewOverdue(doc int, now time.Time) string {
	p := m.papers[doc]
	_, complete := m.signed(doc, now)
	if complete == nil || p.every == 0 {
		return ""
	}
	last := complete.at
	for h := range m.did(now, "review") {
		if h.doc == doc {
			last = h.at
		}
	}
	if now.Before(last.Add(p.every)) {
		return ""
	}
	return p.overdue
}

// lapsed says whether a party's authority to give has ended. Papers of the older
// form say nothing about authority.
func (m model) lapsed(doc int, who string, now time.Time) bool {
	s := m.sideOf(doc, who, now)
	if s == nil || !m.papers[doc].full {
		return false
	}
	return !s.until.IsZero() && !now.Before(s.until) || len(m.officerKeys(who, now)) == 0
}

// countered says whether a newer proposal took the place of one that was not
// complete when the newer one came.
func (m model) countered(doc int, now time.Time) bool {
	for h := range m.did(now, "propose") {
		newer := m.papers[h.doc]
		if newer.agreement == m.papers[doc].agreement && newer.revision > m.papers[doc].revision && newer.full && !m.asOf(h.order).complete(doc, h.at) {
			return true
		}
	}
	return false
}

func (m model) retractedProposal(doc int, now time.Time) bool {
	for h := range m.did(now, "take-back") {
		if h.doc == doc {
			return true
		}
	}
	return false
}

func (m model) declined(doc int, now time.Time) []string {
	var names []string
	for h := range m.did(now, "decline") {
		if h.doc == doc {
			names = append(names, h.who)
		}
	}
	return names
}

// inVain says whether so many declined a proposal that it can never be complete.
func (m model) inVain(doc int, now time.Time) bool {
	p := m.papers[doc]
	return !m.complete(doc, now) && len(p.sides)-len(m.declined(doc, now)) < p.needed
}

// inForce: complete, begun, not ended, two who are bound, and nobody stopped it.
func (m model) inForce(doc int, now time.Time) bool {
	if !m.complete(doc, now) || now.Before(m.papers[doc].from) || m.over(doc, now) || len(m.live(doc, now)) < 2 {
		return false
	}
	for _, one := range m.halts(doc, now) {
		if one.whom == "" && one.bites(now) {
			return false
		}
	}
	return m.reviewOverdue(doc, now) != "suspend"
}

// word says in one word how a paper stands.
func (m model) word(doc int, now time.Time) string {
	p := m.papers[doc]
	complete := m.complete(doc, now)
	if !complete && m.retractedProposal(doc, now) {
		return "retracted"
	}
	terminated := m.notice(doc, now)
	switch ended := terminated != nil && !now.Before(terminated.at.Add(p.notice)); {
	case ended && terminated.at.Add(p.notice).Before(p.to):
		return "terminated"
	case !now.Before(p.to):
		return "expired"
	case complete:
	case m.inVain(doc, now):
		return "declined"
	case m.countered(doc, now):
		return "countered"
	case !p.signBy.IsZero() && !now.Before(p.signBy):
		return "lapsed"
	default:
		return "proposed"
	}
	switch {
	case len(m.live(doc, now)) < 2:
		return "terminated"
	case now.Before(p.from):
		return "waiting"
	case !m.inForce(doc, now):
		return "suspended"
	case m.reviewOverdue(doc, now) == "freeze-new":
		return "review-overdue"
	}
	return "in-force"
}

// governs finds the newest paper of an agreement that binds both at now, or -1.
func (m model) governs(agreement int, one, other string, now time.Time) int {
	found := -1
	for doc, p := range m.papers {
		if p.agreement != agreement || now.Before(p.from) || m.proposed(doc, now) == nil || found >= 0 && m.papers[found].revision > p.revision {
			continue
		}
		if live := m.live(doc, now); slices.Contains(live, one) && slices.Contains(live, other) && m.complete(doc, now) {
			found = doc
		}
	}
	return found
}
