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
				return &side{name: who, role: a.says, nature: a.nature, until: a.by}
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
	case len(p.sides)-len(m.declined(doc, now)) < p.needed:
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

// takesProposal: a party proposes the first revision or the next one, before its
// window has passed, among agencies that are there with the keys that it names.
func (m model) takesProposal(e happening) bool {
	p := m.papers[e.doc]
	if m.banned(e.who, e.at) || !e.at.Before(p.to) || !slices.ContainsFunc(p.sides, func(s side) bool { return s.name == e.who }) {
		return false
	}
	for _, s := range p.sides {
		if m.left(s.name, e.at) || m.revoked(s.name, 0, e.at) {
			return false
		}
	}
	last := m.newest(p.agreement, e.at)
	if last < 0 {
		return p.revision == 1
	}
	return m.sideOf(last, e.who, e.at) != nil && p.revision == m.papers[last].revision+1 && p.supersedes == last
}

// takesStep says whether a step of a paper's life is lawful, as if it named doc.
func (m model) takesStep(e happening, doc int) bool {
	now := e.at
	if m.proposed(doc, now) == nil || m.over(doc, now) || m.retractedProposal(doc, now) {
		return false
	}
	p := m.papers[doc]
	if e.what == "accede" {
		return m.takesAccession(e, doc)
	}
	if m.sideOf(doc, e.who, now) == nil || m.withdrawal(doc, e.who, now) != nil && e.what != "take-back" {
		return false
	}
	signed := m.bondOf(doc, e.who, now) != nil
	complete := m.complete(doc, now)
	open := !complete && !m.retractedProposal(doc, now) && !m.countered(doc, now)
	switch e.what {
	case "sign":
		refusal := slices.Contains(m.declined(doc, now), e.who) || m.notice(doc, now) != nil || m.banned(e.who, now) || m.lapsed(doc, e.who, now)
		late := !complete && !p.signBy.IsZero() && !now.Before(p.signBy)
		return !signed && !refusal && !late && (open || complete)
	case "decline":
		return !signed && open && !slices.Contains(m.declined(doc, now), e.who)
	case "take-back":
		return open && m.proposed(doc, now).who == e.who
	}
	if !signed || m.gives(e.what) && m.lapsed(doc, e.who, now) {
		return false
	}
	if slices.Contains([]string{"countersign", "invite", "review"}, e.what) && m.banned(e.who, now) {
		return false
	}
	switch e.what {
	case "suspend":
		return !m.halted(doc, e.who, "", now)
	case "resume":
		return m.halted(doc, e.who, "", now)
	case "suspend-party":
		lawful := e.who == e.other || p.full && p.anyParty && slices.Contains(p.grounds, e.reason)
		return lawful && m.bondOf(doc, e.other, now) != nil && !m.halted(doc, e.who, e.other, now)
	case "resume-party":
		return m.halted(doc, e.who, e.other, now)
	case "terminate":
		return m.notice(doc, now) == nil
	case "review":
		return complete && p.every > 0
	case "invite":
		return complete && p.open && !m.banned(e.other, now) && !m.known(doc, e.other, now)
	case "countersign":
		return m.takesCountersignature(e, doc)
	}
	return true // withdraw
}

// known says whether an agency is a party of a paper or of a newer one of the same
// agreement, or invited to one of them.
func (m model) known(doc int, who string, now time.Time) bool {
	same := func(other int) bool {
		return m.papers[other].agreement == m.papers[doc].agreement && m.papers[other].revision >= m.papers[doc].revision
	}
	for h := range m.did(now, "propose", "invite") {
		if same(h.doc) && (h.what == "invite" && h.other == who || m.sideOf(h.doc, who, now) != nil) {
			return true
		}
	}
	return false
}

// gives says whether a step gives something, and so needs authority. What takes
// away is always heard.
func (m model) gives(what string) bool {
	return slices.Contains([]string{"resume", "resume-party", "countersign", "invite", "review"}, what)
}

// takesAccession: who was invited consents once, to what is complete and runs or
// will.
func (m model) takesAccession(e happening, doc int) bool {
	invited := false
	for h := range m.did(e.at, "invite", "accede") {
		if h.doc != doc {
			continue
		}
		if h.what == "accede" && h.who == e.who {
			return false
		}
		invited = invited || h.what == "invite" && h.other == e.who
	}
	lapsed := m.papers[doc].full && !e.by.IsZero() && !e.at.Before(e.by)
	runs := slices.Contains([]string{"in-force", "waiting"}, m.word(doc, e.at))
	return invited && runs && !lapsed && m.sideOf(doc, e.who, e.at) == nil && !m.banned(e.who, e.at)
}

func (m model) takesCountersignature(e happening, doc int) bool {
	accession := m.named(e.names, "accede", e.at)
	if rule := m.papers[doc]; rule.rule == "depositary" && rule.depositary != e.who {
		return false
	}
	if accession == nil || accession.doc != doc || m.sideOf(doc, accession.who, e.at) != nil {
		return false
	}
	for h := range m.did(e.at, "countersign") {
		if h.who == e.who && h.names == e.names {
			return false
		}
	}
	return true
}

// accepts says whether a countersignature that the ledger takes is the one that
// makes the agency a party.
func (m model) accepts(e happening) bool {
	p := m.papers[e.doc]
	var say, vouch []string
	for _, b := range mustBonds(m.signed(e.doc, e.at)) {
		if m.withdrawal(e.doc, b.who, e.at) == nil {
			say = append(say, b.who)
		}
	}
	for h := range m.did(e.at, "countersign") {
		if h.names == e.names && slices.Contains(say, h.who) {
			vouch = append(vouch, h.who)
		}
	}
	if slices.Contains(say, e.who) {
		vouch = append(vouch, e.who)
	}
	switch p.rule {
	case "unanimity":
		return len(vouch) == len(say)
	case "majority":
		return 2*len(vouch) > len(say)
	}
	return slices.Contains(vouch, p.depositary)
}

func mustBonds(bonds []bond, _ *happening) []bond { return bonds }

// windowless is the model with a paper that has no end of its own.
func (m model) windowless(doc int) model {
	m.papers = slices.Clone(m.papers)
	m.papers[doc].to = m.papers[doc].to.AddDate(1000, 0, 0)
	return m
}

// applied lists the papers to which a step that is taken applies: what ends or
// stops a newer revision ends or stops the older ones of the signer too.
func (m model) applied(e happening) []int {
	reach := []int{e.doc}
	if !slices.Contains([]string{"suspend", "resume", "suspend-party", "resume-party", "withdraw", "terminate"}, e.what) {
		return reach
	}
	for doc, p := range m.papers {
		older := p.agreement == m.papers[e.doc].agreement && p.revision < m.papers[e.doc].revision
		// The window of an older text says nothing where a newer one governs.
		if older && m.windowless(doc).takesStep(e, doc) {
			reach = append(reach, doc)
		}
	}
	return reach
}
