package policy_test

import (
	"math/bits"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

func after(hours int) time.Time { return ledgertest.Start.Add(time.Duration(hours) * time.Hour) }

// pick draws a number below n, each as likely: what rapid itself draws is mostly
// the smallest and the largest.
func pick(t *rapid.T, label string, n int) int {
	v := 0
	for range bits.Len(uint(n-1)) + 3 {
		v <<= 1
		if rapid.Bool().Draw(t, label) {
			v |= 1
		}
	}
	return v % n
}

func between(t *rapid.T, label string, least, most int) int {
	return least + pick(t, label, most-least+1)
}

func of[T any](t *rapid.T, label string, from ...T) T { return from[pick(t, label, len(from))] }

// one in n.
func seldom(t *rapid.T, label string, n int) bool { return pick(t, label, n) == n-1 }

func some(t *rapid.T, label string, from []string, least int) []string {
	var out []string
	for i, one := range from {
		if rapid.Bool().Draw(t, label) || len(from)-i <= least-len(out) {
			out = append(out, one)
		}
	}
	slices.Sort(out)
	return out
}

// edges are the moments at which something may change by time alone.
func (h *history) edges() []time.Time {
	var all []time.Time
	for doc, p := range h.papers {
		all = append(all, p.from, p.to, p.signBy)
		for _, s := range p.sides {
			all = append(all, s.until)
		}
		for e := range h.happened(h.Now) {
			if e.reaches(doc) {
				all = append(all, e.at.Add(p.notice), e.at.Add(p.warning), e.at.Add(p.longest), e.at.Add(p.warning+p.longest), e.at.Add(p.every))
			}
		}
	}
	for e := range h.happened(h.Now) {
		all = append(all, e.by)
		for _, axis := range []string{"notBefore", "expires", "embargo", "reviewBy"} {
			if term := e.asked.only(axis); term != "" {
				all = append(all, moment(term))
			}
		}
		if r := h.named(e.names, "release", h.Now); e.what == "ask" && r != nil {
			all = append(all, e.at.Add(h.papers[r.doc].consentIn))
		}
	}
	for _, d := range h.duties(h.Now) {
		all = append(all, d.due)
	}
	return slices.DeleteFunc(all, func(at time.Time) bool { return at.Before(h.Now) })
}

// drawMoment draws a moment from now on: at an edge, just beside it, or any.
func (h *history) drawMoment(t *rapid.T) time.Time {
	if edges := h.edges(); len(edges) > 0 && rapid.Bool().Draw(t, "edge") {
		at := of(t, "which edge", edges...).Add(of(t, "beside", -time.Millisecond, 0, time.Millisecond))
		if !at.Before(h.Now) && at.Before(h.Now.Add(100*time.Hour)) {
			return at
		}
	}
	return h.Now.Add(of(t, "wait", 0, time.Millisecond, time.Millisecond, time.Minute, time.Hour, time.Hour, 24*time.Hour-time.Millisecond, 24*time.Hour))
}

func (h *history) drawn(t *rapid.T, label string, what ...string) int {
	var orders []int
	for e := range h.did(h.Now, what...) {
		orders = append(orders, e.order)
	}
	if len(orders) == 0 {
		return 0
	}
	return of(t, label, orders...)
}

// what is tried, the frequent ones more often.
var tried = func() []string {
	often := map[string]int{
		"release": 10, "open": 12, "deliver": 4, "sign": 5, "propose": 3, "restrict": 5, "resume": 3, "resume-party": 3, "unban": 6, "acknowledge": 3, "ask": 3, "grant": 4,
		"invite": 2, "accede": 3, "countersign": 6, "suspend": 2, "suspend-party": 2, "review": 2, "withdraw": 1, "terminate": 1, "decline": 1, "take-back": 1,
		"ban": 1, "leave": 0, "add-key": 2, "retire-key": 1, "revoke-key": 1, "retract": 1, "cannot-comply": 1, "report-use": 2, "attest": 2,
		"refuse": 1, "take-back-consent": 1, "hold": 2, "lift": 1, "disclose": 1, "breach": 1,
	}
	var all []string
	for what, n := range often {
		all = append(all, slices.Repeat([]string{what}, n)...)
	}
	slices.Sort(all)
	return all
}()

// drawAct draws something to try. Most of it should be lawful, else little would
// ever happen.
func (h *history) drawAct(t *rapid.T, agencies []string) happening {
	if next := h.awaited(); len(next) > 0 && seldom(t, "answer", 2) {
		var sorts []string
		for _, e := range next {
			sorts = append(sorts, e.what)
		}
		slices.Sort(sorts)
		sort := of(t, "sort", slices.Compact(sorts)...)
		return of(t, "which", slices.DeleteFunc(next, func(e happening) bool { return e.what != sort })...)
	}
	for range 6 {
		e := h.drawAny(t, agencies)
		if e.at = h.Now; h.takes(e) || seldom(t, "unlawful", 8) {
			return e
		}
	}
	return h.drawAny(t, agencies)
}

// awaited lists what others may be waiting for, or what takes back what was done:
// by chance alone it would hardly come.
func (h *history) awaited() []happening {
	var all []happening
	add := func(next ...happening) {
		for _, e := range next {
			if e.at = h.Now; h.takes(e) {
				all = append(all, e)
			}
		}
	}
	for e := range h.happened(h.Now) {
		switch e.what {
		case "suspend", "suspend-party":
			add(happening{who: e.who, what: strings.Replace(e.what, "suspend", "resume", 1), doc: e.doc, other: e.other})
		case "hold":
			add(happening{who: e.who, what: "lift", doc: -1, names: e.names})
		case "ban":
			add(happening{who: e.who, what: "unban", doc: -1})
		case "invite":
			add(happening{who: e.other, what: "accede", doc: e.doc, says: "both", nature: natures[e.other]})
		case "accede":
			for _, name := range cast {
				add(happening{who: name, what: "countersign", doc: e.doc, names: e.order})
			}
		case "ask":
			publisher := h.release(e.names, h.Now).who
			add(happening{who: publisher, what: "grant", doc: -1, names: e.order}, happening{who: publisher, what: "take-back-consent", doc: -1, names: e.order})
		case "sign":
			add(happening{who: e.who, what: "invite", doc: e.doc, other: cast[(e.order+len(h.history))%len(cast)]})
		case "restrict":
			for r := range h.did(h.Now, "release") {
				for _, name := range cast {
					add(happening{who: name, what: "acknowledge", doc: -1, names: r.order, terms: h.termsFor(r, name, h.Now), attests: e.asked["prerequisites"]})
				}
			}
		}
	}
	return all
}

func (h *history) drawAny(t *rapid.T, agencies []string) happening {
	e := happening{what: of(t, "what", tried...), who: of(t, "who", agencies...), doc: -1}
	if e.what == "revoke-key" && !h.hasKey(e.who) && !seldom(t, "the only one", 4) {
		e.what = "add-key"
	}
	if seldom(t, "leaves", 1500) {
		e.what = "leave"
	}
	if seldom(t, "other key", 20) {
		e.key = 1
	}
	switch e.what {
	case "propose", "sign", "decline", "take-back", "suspend", "resume", "suspend-party", "resume-party", "withdraw", "terminate", "review", "invite", "accede", "countersign", "breach":
		e.doc = between(t, "doc", 0, len(h.papers)-1)
		e.reason = of(t, "reason", "breach", "safety", "other")
		e.other = ""
		if e.what == "suspend-party" || e.what == "resume-party" || e.what == "invite" {
			e.other = of(t, "other", agencies...)
		}
		if e.what == "accede" {
			e.nature = natures[e.who]
			e.says = of(t, "role", "both", "recipient", "contributor", "observer")
			if seldom(t, "authority", 6) {
				e.by = canonical.At(h.Now.Add(of(t, "until", 0, time.Hour))).Time
			}
			if invite := h.named(h.drawn(t, "invited", "invite"), "invite", h.Now); invite != nil {
				e.who, e.doc, e.nature = invite.other, invite.doc, natures[invite.other]
			}
		}
		if e.what == "countersign" {
			e.names = h.drawn(t, "accession", "accede")
			if a := h.named(e.names, "accede", h.Now); a != nil {
				e.doc = a.doc
			}
		}
	case "add-key":
		e.names = 1
	case "retire-key", "revoke-key":
		e.names = between(t, "which key", 0, 1)
	case "ban", "unban", "leave":
	default:
		h.drawUse(t, &e, agencies)
	}
	if e.what == "add-key" && h.hasKey(e.who) {
		e.what, e.names = "retire-key", between(t, "which key", 0, 1)
	}
	return e
}

func (h *history) hasKey(who string) bool {
	for e := range h.did(h.Now, "add-key") {
		if e.who == who {
			return true
		}
	}
	return false
}
