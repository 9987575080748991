package policy_test

import (
	"slices"
	"time"
)

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
		return !signed && !refusal && !late && !m.inVain(doc, now) && (open || complete)
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
	return invited && runs && !lapsed && m.fits(doc, side{role: e.says, gives: e.gives, takes: e.takes}) && m.sideOf(doc, e.who, e.at) == nil && !m.banned(e.who, e.at)
}

// fits says whether what a party undertakes is inside its role and among the kinds of
// item of a paper.
func (m model) fits(doc int, s side) bool {
	within := func(kinds []string, roles ...string) bool {
		strange := slices.ContainsFunc(kinds, func(kind string) bool { return !slices.Contains(m.papers[doc].kinds, kind) })
		return len(kinds) == 0 || slices.Contains(roles, s.role) && !strange
	}
	return within(s.gives, "both", "contributor") && within(s.takes, "both", "recipient", "observer")
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
