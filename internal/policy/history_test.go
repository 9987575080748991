package policy_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

// names are those of the history that version 0.1 left behind.
var names = []string{"alpha", "beta", "gamma", "delta"}

// cast are all who may take part.
var cast = []string{"alpha", "beta", "gamma", "delta", "epsilon", "zeta"}

// natures are what the agencies are.
var natures = map[string]nature{
	"alpha": {"police", "ID"}, "beta": {"police", "FR"}, "gamma": {"customs", "ID"},
	"delta": {"border", "FR"}, "epsilon": {"police", "KE"}, "zeta": {"customs", "KE"},
}

// registered are their kinds as the registrar enrolled them: gamma's parties know
// it better.
var registered = map[string]string{"alpha": "police", "beta": "police", "gamma": "police", "delta": "border", "epsilon": "police", "zeta": "customs"}

// history drives the product and the model with the same acts.
type history struct {
	*ledgertest.World
	model
	documents []*agreement.Document
	digests   []string
	ids       map[int]act.ID // by the order of the act
	records   map[int]uint64 // where the decision on an open stands
	answers   *int           // compared
	allows    *int
}

func newHistory(papers []paper, documents []*agreement.Document) *history {
	h := &history{World: enrolled().Fork(), ids: map[int]act.ID{}, records: map[int]uint64{}, answers: new(int), allows: new(int)}
	h.papers, h.names, h.enrolled, h.documents = papers, cast, registered, documents
	for _, d := range documents {
		_, digest, err := d.Bytes()
		if err != nil {
			panic(err)
		}
		h.digests = append(h.digests, digest)
	}
	return h
}

func (h *history) fork() *history {
	next := *h
	next.World = h.Fork()
	next.history, next.ids, next.records = slices.Clone(h.history), maps.Clone(h.ids), maps.Clone(h.records)
	return &next
}

// enrolled is the world from which every history forks: signing is slow, and what
// is tried here begins after it.
var enrolled = sync.OnceValue(func() *ledgertest.World {
	w := ledgertest.New()
	for _, name := range cast {
		if err := w.EnrolAs(act.AgencyName(name), registered[name], natures[name].land); err != nil {
			panic(err)
		}
	}
	return w
})

// id cast an act to the ledger; what was never taken has an id that nothing has.
func (h *history) id(order int) act.ID {
	if id, ok := h.ids[order]; ok {
		return id
	}
	return act.ID(strings.Repeat("A", 43))
}

// try lets something happen now in the product, and tells the model what was
// tried. The error says that they differ on whether the ledger takes it.
func (h *history) try(e happening) error {
	e.at, e.order = h.Now, len(h.history)+1
	if e.what == "open" || e.what == "deliver" {
		if err := h.decide(&e); err != nil {
			return err
		}
	}
	id, refused := h.perform(&e)
	e.accepted = refused == nil
	if want := h.takes(e); e.accepted != want {
		return fmt.Errorf("%s: the ledger says %v, the model that it takes it is %v", e.String(), refused, want)
	}
	if e.accepted {
		h.ids[e.order] = id
		if e.doc >= 0 {
			e.reach = h.applied(e)
		}
		e.joins = e.what == "countersign" && h.accepts(e)
	}
	h.history = append(h.history, e)
	return nil
}

// decide asks both whether a delivery or an open is allowed; the ledger then
// records it.
func (h *history) decide(e *happening) error {
	r := h.release(e.names, h.Now)
	if r == nil {
		return nil
	}
	if e.what == "deliver" {
		e.allowed = h.mayReceive(e.who, r, h.Now)
		return h.compareDelivery(e.who, r, h.Now)
	}
	q := request{purpose: e.purpose, form: e.form, officer: e.officer, robot: e.robot, part: e.part, accepted: e.terms}
	allowed, err := h.compareOpen(e.who, r, q, h.Now)
	e.allowed = allowed
	return err
}

func (e *happening) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "#%d %s %s: %s", e.order, e.at.Format("Jan 2 15:04:05.000"), e.who, e.what)
	if e.doc >= 0 && (e.item == 0 || e.what == "release") {
		fmt.Fprintf(&out, " paper %d", e.doc)
	}
	for label, value := range map[string]any{"reach": e.reach, "asked": e.asked, "for": e.to, "terms": e.terms, "parents": e.parents, "attests": e.attests, "sections": e.pieces, "gives": e.gives, "takes": e.takes} {
		if s := fmt.Sprint(value); s != "[]" && s != "map[]" {
			fmt.Fprintf(&out, " %s=%s", label, s)
		}
	}
	for label, value := range map[string]string{"other": e.other, "reason": e.reason, "use": e.use, "purpose": e.purpose, "form": e.form, "says": e.says} {
		if value != "" {
			fmt.Fprintf(&out, " %s=%s", label, value)
		}
	}
	if e.item != 0 {
		fmt.Fprintf(&out, " item=%d.%d", e.item, e.version)
	}
	if e.names != 0 {
		fmt.Fprintf(&out, " names #%d", e.names)
	}
	if !e.by.IsZero() {
		fmt.Fprintf(&out, " by %s", e.by.Format("Jan 2 15:04:05.000"))
	}
	if !e.silence.IsZero() {
		fmt.Fprintf(&out, " answer by %s", e.silence.Format("Jan 2 15:04:05.000"))
	}
	if e.what == "open" {
		fmt.Fprintf(&out, " %s allowed=%v", partName(e.part), e.allowed)
	}
	if e.joins {
		out.WriteString(" joins")
	}
	return out.String()
}

func (h *history) story() string {
	var out strings.Builder
	for doc, p := range h.papers {
		fmt.Fprintf(&out, "\npaper %d: %+v", doc, p)
	}
	for _, e := range h.history {
		if e.accepted {
			out.WriteString("\n" + e.String())
		}
	}
	return out.String()
}
