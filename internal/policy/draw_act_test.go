package policy_test

import (
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// what is tried, the frequent ones more often.
var tried = func() []string {
	often := map[string]int{
		"release": 12, "open": 16, "deliver": 6, "sign": 5, "propose": 4, "restrict": 5, "resume": 1, "resume-party": 1, "unban": 1, "acknowledge": 2, "ask": 2, "grant": 1,
		"invite": 2, "accede": 2, "countersign": 2, "suspend": 2, "suspend-party": 2, "review": 3, "withdraw": 2, "terminate": 3, "decline": 1, "take-back": 1,
		"ban": 1, "leave": 0, "add-key": 1, "retire-key": 1, "revoke-key": 1, "retract": 2, "cannot-comply": 1, "report-use": 3, "attest": 2,
		"refuse": 1, "take-back-consent": 1, "hold": 2, "lift": 1, "disclose": 1, "breach": 2,
	}
	var all []string
	for what, n := range often {
		all = append(all, slices.Repeat([]string{what}, n)...)
	}
	slices.Sort(all)
	return all
}()

// What only few can do, and only at times: by chance alone it would hardly come. The
// answers need something that happened before.
var (
	answers = []string{
		"abort", "accede", "accede", "countersign", "countersign", "countersign", "grant", "grant", "lift", "lift", "refuse", "refuse", "resume", "resume", "resume-party", "resume-party",
		"take-back-consent", "take-back-consent",
	}
	aims = []string{"acknowledge", "ask", "ask", "ask", "attest", "cannot-comply", "decline", "decline", "deliver", "invite", "invite", "invite", "open", "open", "open", "release", "release", "suspend-party", "take-back", "take-back", "unban"}
)

// drawAct draws something to try. Most of it should be lawful, else little would
// ever happen.
func (h *history) drawAct(t *rapid.T, agencies []string) happening {
	if seldom(t, "leaves", 250) {
		return happening{what: "leave", who: of(t, "who", agencies...), doc: -1}
	}
	if e, found := h.drawAimed(t); found {
		return e
	}
	for range 6 {
		e := h.drawAny(t, agencies)
		if e.at = h.Now; h.takes(e) || seldom(t, "unlawful", 10) {
			return e
		}
	}
	return h.drawAny(t, agencies)
}

// drawAimed draws an answer to what happened, or something else that seldom fits.
func (h *history) drawAimed(t *rapid.T) (happening, bool) {
	var next []happening
	switch of(t, "aimed", "answer", "answer", "answer", "aim", "aim", "no", "no", "no") {
	case "answer":
		var all [][]happening
		for _, what := range answers {
			if fitting := h.fitting(what); len(fitting) > 0 {
				all = append(all, fitting)
			}
		}
		if len(all) > 0 {
			next = of(t, "answer", all...)
		}
	case "aim":
		next = h.fitting(of(t, "aim", aims...))
	}
	if len(next) == 0 {
		return happening{}, false
	}
	e := of(t, "which", next...)
	h.drawRest(t, &e)
	return e, true
}

// fitting lists the lawful acts of a sort that is aimed at: by whom, and about what.
func (h *history) fitting(what string) []happening {
	var all []happening
	add := func(e happening) {
		if e.what, e.at = what, h.Now; h.takes(e) {
			all = append(all, e)
		}
	}
	switch what {
	case "abort":
		for e := range h.did(h.Now, "open") {
			if e.allowed && !h.aborted(e, h.Now) && e.order > len(h.history)-6 {
				add(happening{who: e.who, doc: -1, names: e.order})
			}
		}
	case "resume", "resume-party":
		for e := range h.did(h.Now, strings.Replace(what, "resume", "suspend", 1)) {
			add(happening{who: e.who, doc: e.doc, other: e.other})
		}
	case "unban":
		for e := range h.did(h.Now, "ban") {
			add(happening{who: e.who, doc: -1})
		}
	case "accede":
		for e := range h.did(h.Now, "invite") {
			add(happening{who: e.other, doc: e.doc, says: "observer", nature: natures[e.other]})
		}
	case "countersign":
		for e := range h.did(h.Now, "accede") {
			for _, name := range cast {
				add(happening{who: name, doc: e.doc, names: e.order})
			}
		}
	case "grant", "refuse", "take-back-consent":
		for e := range h.did(h.Now, "ask") {
			add(happening{who: h.release(e.names, h.Now).who, doc: -1, names: e.order})
		}
	case "open", "deliver":
		for r := range h.did(h.Now, "release") {
			for _, name := range cast {
				if name != r.who && h.mayReceive(name, r, h.Now) {
					add(happening{who: name, doc: -1, names: r.order})
				}
			}
		}
	case "release":
		for doc, p := range h.papers {
			if h.proposed(doc, h.Now) == nil || !h.inForce(doc, h.Now) {
				continue
			}
			for i, s := range p.sides {
				if item := 1 + (i+len(h.history))%4; s.role == "both" && slices.Contains([]string{"", s.name}, h.publisher(item, h.Now)) {
					add(happening{who: s.name, doc: doc, item: item, version: h.version(item, h.Now) + 1})
				}
			}
		}
	case "acknowledge", "ask", "attest", "cannot-comply", "lift":
		for r := range h.did(h.Now, "release") {
			for _, name := range h.holders(r) {
				add(happening{who: name, doc: -1, names: r.order, terms: h.termsFor(r, name, h.Now), by: h.Now.Add(time.Hour)})
			}
		}
	default:
		for doc, p := range h.papers {
			for _, s := range p.sides {
				e := happening{who: s.name, doc: doc, reason: "safety"}
				if what == "suspend-party" || what == "invite" {
					e.other = cast[(len(h.history)+doc)%len(cast)]
				}
				add(e)
			}
		}
	}
	return all
}

// drawRest draws what an act that fits says beside who does it about what.
func (h *history) drawRest(t *rapid.T, e *happening) {
	switch e.what {
	case "accede":
		h.drawJoiner(t, e)
	case "release":
		h.drawContent(t, e)
	case "open":
		h.drawOpen(t, e, h.release(e.names, h.Now))
	case "acknowledge", "ask", "attest":
		h.drawWords(t, e)
	}
}

func (h *history) drawAny(t *rapid.T, agencies []string) happening {
	return h.drawSort(t, of(t, "what", tried...), agencies)
}

// drawSort draws an act of a sort, or where there can be none, of one near to it.
func (h *history) drawSort(t *rapid.T, what string, agencies []string) happening {
	e := happening{what: what, who: of(t, "who", agencies...), doc: -1}
	if e.what == "revoke-key" && !h.hasKey(e.who) && !seldom(t, "the only one", 4) {
		e.what = "add-key"
	}
	if seldom(t, "other key", 20) {
		e.key = 1
	}
	switch e.what {
	case "propose", "sign", "decline", "take-back", "suspend", "resume", "suspend-party", "resume-party", "withdraw", "terminate", "review", "invite", "accede", "countersign", "breach":
		h.drawStep(t, &e, agencies)
	case "add-key":
		e.names = 1
	case "retire-key", "revoke-key":
		e.names = between(t, "which key", 0, 1)
	case "ban", "unban":
	default:
		h.drawUse(t, &e, agencies)
	}
	if e.what == "add-key" && h.hasKey(e.who) {
		e.what, e.names = "retire-key", between(t, "which key", 0, 1)
	}
	return e
}

// drawStep draws a step of a paper's life.
func (h *history) drawStep(t *rapid.T, e *happening, agencies []string) {
	e.doc = between(t, "doc", 0, len(h.papers)-1)
	e.reason = of(t, "reason", "breach", "safety", "other")
	switch e.what {
	case "take-back":
		if proposal := h.proposed(e.doc, h.Now); proposal != nil && !seldom(t, "stranger", 6) {
			e.who = proposal.who
		}
	case "suspend-party", "resume-party", "invite":
		e.other = of(t, "other", agencies...)
	case "accede":
		if invite := h.named(h.drawn(t, "invited", "invite"), "invite", h.Now); invite != nil {
			e.who, e.doc = invite.other, invite.doc
		}
		h.drawJoiner(t, e)
	case "countersign":
		e.names = h.drawn(t, "accession", "accede")
		if a := h.named(e.names, "accede", h.Now); a != nil {
			e.doc = a.doc
		}
	}
}

// drawJoiner draws as what an agency accedes.
func (h *history) drawJoiner(t *rapid.T, e *happening) {
	e.nature = natures[e.who]
	joins := side{role: of(t, "role", "both", "both", "recipient", "contributor", "observer")}
	drawExchange(t, h.papers[e.doc].kinds, &joins)
	e.says, e.gives, e.takes = joins.role, joins.gives, joins.takes
	if seldom(t, "beyond its role", 20) {
		e.gives, e.takes = []string{"bulletin"}, []string{of(t, "kind", "bulletin", "curriculum")}
	}
	if seldom(t, "authority", 6) {
		e.by = canonical.At(h.Now.Add(of(t, "until", 0, time.Hour))).Time
	}
}

func (h *history) hasKey(who string) bool {
	for e := range h.did(h.Now, "add-key") {
		if e.who == who {
			return true
		}
	}
	return false
}
