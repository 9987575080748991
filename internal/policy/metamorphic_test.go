package policy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// allowed lists what the product lets anybody do at an instant: every open by
// every agency that has accepted what binds it.
func (h *history) allowed(now time.Time) []string {
	var opens []string
	for r := range h.did(h.Now, "release") {
		for _, reader := range cast {
			ask := func(part int, form string, section limits) {
				got := policy.Decide(h.State, policy.Request{
					Action: policy.ToOpen, Agency: act.AgencyName(reader), Release: h.id(r.order), Described: true, Form: form, Part: partName(part), Section: restriction.Set(section),
					Purpose: "detection", Officer: ledgertest.Officer(act.AgencyName(reader), 1), Accepted: digestOf(h.termsOf(r, part, reader, h.Now)),
				}, now)
				*h.answers++
				if got.Allow {
					opens = append(opens, fmt.Sprintf("%s opens the %s of #%d in %s", reader, partName(part), r.order, form))
				}
			}
			ask(body, "view-only", nil)
			ask(body, "download", nil)
			for part, section := range r.pieces {
				ask(part+1, "view-only", section)
			}
		}
	}
	return opens
}

// replay lets everything happen again among other papers or in another order.
func replay(t *rapid.T, papers []paper, story []happening) *history {
	documents := make([]*agreement.Document, len(papers))
	for doc, p := range papers {
		documents[doc] = documentOf(p)
		if p.supersedes >= 0 {
			_, digest, err := documents[p.supersedes].Bytes()
			if err != nil {
				t.Fatal(err)
			}
			documents[doc].Supersedes = digest
		}
	}
	h := newHistory(papers, documents)
	for _, e := range story {
		h.Now = e.at
		e.accepted, e.allowed, e.joins, e.reach = false, false, false, nil
		h.must(t, e)
	}
	return h
}

// instants are some moments from now on at which something may change.
func (h *history) instants(t *rapid.T) []time.Time {
	return []time.Time{h.Now, h.drawMoment(t), h.drawMoment(t)}
}

// metamorphic compares some thousand decisions, or in a full run a million.
func metamorphic(t *testing.T, check func(t *rapid.T, h *history, agencies []string)) {
	answers, allows, wanted := 0, 0, 5_000
	if all := decisionsWanted(t); all > 1_000_000 {
		wanted = all / 10
	}
	until(t, &answers, wanted, func(t *rapid.T) {
		h, agencies := drawHistory(t)
		h.answers = &answers
		for range between(t, "steps", 5, 30) {
			h.Now = h.drawMoment(t)
			h.must(t, h.drawAct(t, agencies))
		}
		allows += len(h.allowed(h.Now))
		check(t, h, agencies)
	})
	if t.Failed() {
		return
	}
	if allows == 0 {
		t.Error("nothing was ever allowed: the histories hold too little to mean anything")
	}
	t.Logf("%d decisions", answers)
}

func never(t *rapid.T, before, after []string, now time.Time, what string, h *history) {
	for _, open := range after {
		if !slices.Contains(before, open) {
			t.Fatalf("%s became possible at %s by %s, after:%s", open, now.Format("Jan 2 15:04:05.000"), what, h.story())
		}
	}
}

// Whatever happens next that takes something away never gives anybody more, now
// or later.
func TestTakingAwayNeverGives(t *testing.T) {
	taking := []string{"suspend", "suspend-party", "terminate", "ban", "retract", "restrict", "cannot-comply", "revoke-key", "decline", "take-back", "refuse", "take-back-consent"}
	metamorphic(t, func(t *rapid.T, h *history, agencies []string) {
		e := h.drawAny(t, agencies)
		e.what = of(t, "take", taking...)
		switch e.what {
		case "suspend", "suspend-party", "terminate", "decline", "take-back":
			e.doc, e.other = pick(t, "doc", len(h.papers)), ""
			if e.what == "suspend-party" {
				e.other = of(t, "other", agencies...)
			}
		case "ban", "revoke-key":
		default:
			e.doc = -1
			h.drawUse(t, &e, agencies)
		}
		after := h.fork()
		after.must(t, e)
		for _, now := range h.instants(t) {
			never(t, h.allowed(now), after.allowed(now), now, e.what, after)
		}
	})
}

// An agreement that ends earlier lets nobody do more at any instant. What
// everybody did, they did before either end.
func TestEndingEarlierNeverGives(t *testing.T) {
	metamorphic(t, func(t *rapid.T, h *history, _ []string) {
		papers := slices.Clone(h.papers)
		for doc := range papers {
			if p := &papers[doc]; p.to.After(h.Now.Add(2*time.Hour)) && (p.from.IsZero() || h.Now.After(p.from)) && (p.signBy.IsZero() || h.Now.After(p.signBy)) {
				p.to, p.renewal = h.Now.Add(time.Hour), 0
			}
		}
		after := replay(t, papers, h.history)
		for _, now := range append(h.instants(t), h.Now.Add(time.Hour-time.Millisecond), h.Now.Add(time.Hour)) {
			never(t, h.allowed(now), after.allowed(now), now, "an earlier end", after)
		}
	})
}

// Who undertakes to give or to receive less, keeps for a shorter time or has to give
// in return may do no more at any instant, where everything that was tried went as
// before.
func TestUndertakingLessNeverGives(t *testing.T) {
	same := 0
	metamorphic(t, func(t *rapid.T, h *history, _ []string) {
		papers := slices.Clone(h.papers)
		for doc := range papers {
			drawLess(t, &papers[doc])
		}
		after := replay(t, papers, h.history)
		for i, e := range after.history {
			if before := h.history[i]; before.accepted != e.accepted || before.allowed != e.allowed {
				return // what was refused was not counted, and owes nothing
			}
		}
		same++
		for _, now := range h.instants(t) {
			never(t, h.allowed(now), after.allowed(now), now, "undertaking less", after)
		}
	})
	if same == 0 {
		t.Error("nothing ever went as before")
	}
}

// drawLess draws one way of undertaking less in a paper.
func drawLess(t *rapid.T, p *paper) {
	if !p.full {
		return
	}
	p.sides = slices.Clone(p.sides)
	s := &p.sides[pick(t, "side", len(p.sides))]
	switch of(t, "less", "giving", "receiving", "keeping", "returning") {
	case "giving":
		if p.mutual {
			return // who undertakes to give nothing has nothing to give in return
		}
		s.gives = nil
	case "receiving":
		s.takes = nil
	case "keeping":
		p.keeps = 24 * time.Hour
	case "returning":
		p.mutual = true
	}
}

// Without one signature nobody may do more: where there is one text only, and who
// had signed took nothing away by it.
func TestRemovingASignatureNeverGives(t *testing.T) {
	metamorphic(t, func(t *rapid.T, h *history, _ []string) {
		order := h.drawn(t, "signature", "sign")
		if order == 0 {
			return
		}
		signature := h.named(order, "sign", h.Now)
		for e := range h.did(h.Now, "suspend", "suspend-party", "withdraw", "terminate", "restrict", "retract", "cannot-comply", "countersign", "resume", "resume-party", "review", "propose") {
			if e.who == signature.who || h.papers[signature.doc].revision > 1 || e.doc >= 0 && e.what == "propose" && h.papers[e.doc].revision > 1 {
				return
			}
		}
		story := slices.Clone(h.history)
		story[order-1] = happening{who: signature.who, what: "report-use", doc: -1, at: signature.at}
		after := replay(t, h.papers, story)
		for _, now := range h.instants(t) {
			never(t, h.allowed(now), after.allowed(now), now, "one signature less", after)
		}
	})
}

// Who somebody is changes nothing: with other names all answers are the same.
func TestRenamingPartiesChangesNothing(t *testing.T) {
	metamorphic(t, func(t *rapid.T, h *history, _ []string) {
		for _, p := range h.papers { // a kind is enrolled with a name
			if slices.ContainsFunc(p.community, func(member string) bool { return !slices.Contains(cast, member) }) {
				return
			}
		}
		names := map[string]string{}
		others := rapid.Permutation(cast).Draw(t, "names")
		for i, name := range cast {
			names[name] = others[i]
			names[ledgertest.Officer(act.AgencyName(name), 1)] = ledgertest.Officer(act.AgencyName(others[i]), 1)
			names[ledgertest.Officer(act.AgencyName(name), 2)] = ledgertest.Officer(act.AgencyName(others[i]), 2)
		}
		after := replay(t, renamedPapers(h.papers, names), renamedStory(h.history, names))
		for _, now := range h.instants(t) {
			var before []string
			for _, open := range h.allowed(now) {
				var who, rest string
				if _, err := fmt.Sscanf(open, "%s", &who); err == nil {
					rest = open[len(who):]
				}
				before = append(before, names[who]+rest)
			}
			got := after.allowed(now)
			slices.Sort(before)
			slices.Sort(got)
			if !slices.Equal(before, got) {
				t.Fatalf("at %s the names decide: %v, %v, after:%s", now, before, got, h.story())
			}
		}
	})
}

func renamed(names map[string]string, all []string) []string {
	out := slices.Clone(all)
	for i, one := range out {
		if name, is := names[one]; is {
			out[i] = name
		}
	}
	slices.Sort(out)
	return out
}

func renamedLimits(names map[string]string, l limits) limits {
	if l == nil {
		return nil
	}
	out := limits{}
	for axis, terms := range l {
		out[axis] = renamed(names, terms)
	}
	return out
}

func renamedPapers(papers []paper, names map[string]string) []paper {
	out := slices.Clone(papers)
	for doc := range out {
		p := &out[doc]
		p.sides, p.community, p.depositary = slices.Clone(p.sides), renamed(names, p.community), names[p.depositary]
		for i := range p.sides {
			p.sides[i].name = names[p.sides[i].name]
		}
	}
	return out
}

func renamedStory(story []happening, names map[string]string) []happening {
	out := slices.Clone(story)
	for i := range out {
		e := &out[i]
		e.who, e.other, e.asked, e.terms = names[e.who], names[e.other], renamedLimits(names, e.asked), renamedLimits(names, e.terms)
		e.pieces = slices.Clone(e.pieces)
		for i, piece := range e.pieces {
			e.pieces[i] = renamedLimits(names, piece)
		}
		if e.to != nil {
			e.to = renamed(names, e.to)
		}
		if officer, is := names[e.officer]; is {
			e.officer = officer
		}
	}
	return out
}

// Two acts of the same moment that are about different agreements can come in
// either order.
func TestTheOrderOfIndependentActsChangesNothing(t *testing.T) {
	lives := []string{"propose", "sign", "decline", "take-back", "suspend", "resume", "suspend-party", "resume-party", "withdraw", "terminate", "review", "invite"}
	swaps := 0
	metamorphic(t, func(t *rapid.T, h *history, agencies []string) {
		if h.papers[len(h.papers)-1].agreement == 0 {
			return
		}
		for range 10 { // at one moment
			e := h.drawAny(t, agencies)
			e.what, e.doc, e.other = of(t, "life", lives...), pick(t, "doc", len(h.papers)), ""
			if e.what == "suspend-party" || e.what == "resume-party" || e.what == "invite" {
				e.other = of(t, "other", agencies...)
			}
			h.must(t, e)
		}
		story := slices.Clone(h.history)
		for range 20 {
			i := len(story) - 2 - pick(t, "swap", 9)
			a, b := story[i], story[i+1]
			if h.papers[a.doc].agreement != h.papers[b.doc].agreement {
				story[i], story[i+1] = b, a
				swaps++
			}
		}
		after := replay(t, h.papers, story)
		for _, now := range h.instants(t) {
			if before, got := h.allowed(now), after.allowed(now); !slices.Equal(before, got) {
				t.Fatalf("at %s the order decides: %v, %v, after:%s", now, before, got, h.story())
			}
		}
	})
	if swaps == 0 && decisionsWanted(t) > 200_000 {
		t.Error("no acts changed their places")
	}
}
