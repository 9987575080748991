package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// same counts an answer on which both agree, and else says how they differ.
func (h *history) same(got, want any, format string, args ...any) error {
	*h.answers++
	if got == want {
		return nil
	}
	return fmt.Errorf("%s: the product says %v, the model %v", fmt.Sprintf(format, args...), got, want)
}

func (h *history) decision(q policy.Request, want bool, now time.Time, format string, args ...any) error {
	got := policy.Decide(h.State, q, now)
	*h.answers++
	if got.Allow {
		*h.allows++
	}
	if got.Allow != want {
		return fmt.Errorf("%s at %s: Decide says %v (%s %v), the model %v", fmt.Sprintf(format, args...), now.Format("Jan 2 15:04:05.000"), got.Allow, got.Reason, got.Evidence, want)
	}
	if !hasSentence(got.Reason) {
		return fmt.Errorf("no sentence for the reason %q", got.Reason)
	}
	return nil
}

// compareOpen asks both whether reader may open, and returns what they say.
func (h *history) compareOpen(reader string, r *happening, q request, now time.Time) (bool, error) {
	want := h.mayOpen(reader, r, q, now)
	asked := policy.Request{
		Action: policy.ToOpen, Agency: act.AgencyName(reader), Release: h.id(r.order), Described: true, Part: partName(q.part),
		Purpose: q.purpose, Form: q.form, Officer: q.officer, Automated: q.robot, Accepted: digestOf(q.accepted),
	}
	if q.part > body {
		asked.Section = restriction.Set(r.pieces[q.part-1])
	}
	return want, h.decision(asked, want, now, "%s opens the %s of #%d with %+v", reader, asked.Part, r.order, q)
}

func (h *history) compareDelivery(reader string, r *happening, now time.Time) error {
	return h.decision(policy.Request{Action: policy.ToDeliver, Agency: act.AgencyName(reader), Release: h.id(r.order), Described: true},
		h.mayReceive(reader, r, now), now, "%s receives #%d", reader, r.order)
}

func (h *history) compareTerms(reader string, r *happening, now time.Time) error {
	got := limits(h.State.Release(h.id(r.order)).Terms(act.AgencyName(reader)).Set)
	return h.same(got.String(), h.termsFor(r, reader, now).String(), "terms of #%d for %s", r.order, reader)
}

// compareRelease asks both whether something may be released now.
func (h *history) compareRelease(e happening, to []string, now time.Time) error {
	q := policy.Request{Action: policy.ToRelease, Agency: act.AgencyName(e.who), Payload: h.payload(&e)}
	for _, name := range append([]string{e.who}, to...) {
		q.Recipients = append(q.Recipients, act.AgencyName(name))
	}
	return h.decision(q, h.mayRelease(e, to, now), now, "%s releases to %v: %v", e.who, to, &e)
}

var kindsOfDuty = map[policy.DutyKind]string{
	policy.ToAcknowledge: "acknowledge", policy.ToReportUse: "use-report", policy.ToDispose: "disposal", policy.ToErase: "retention", policy.ToDestroy: "destruction",
}

// compareDuties asks both what everybody owes for a release.
func (h *history) compareDuties(r *happening, now time.Time) error {
	var got, want []string
	for _, d := range policy.Duties(h.State, h.State.Release(h.id(r.order)), now) {
		got = append(got, fmt.Sprintf("%s %s %s %s", d.Holder, kindsOfDuty[d.Kind], d.Due.Format(time.RFC3339), d.State))
	}
	for _, d := range h.duties(now) {
		if d.release == r.order {
			want = append(want, fmt.Sprintf("%s %s %s %s", d.holder, d.kind, d.due.Format(time.RFC3339), d.state))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	return h.same(strings.Join(got, ", "), strings.Join(want, ", "), "duties for #%d at %s", r.order, now.Format("Jan 2 15:04:05.000"))
}

// compareWords asks both how each agreement stands.
func (h *history) compareWords(now time.Time) error {
	for doc := range h.papers {
		revision := h.State.Revision(h.digests[doc])
		if (revision != nil) != (h.proposed(doc, now) != nil) {
			return fmt.Errorf("paper %d is proposed for only one", doc)
		}
		if revision == nil {
			continue
		}
		if err := h.same(string(revision.At(now).State), h.word(doc, now), "paper %d at %s", doc, now.Format("Jan 2 15:04:05.000")); err != nil {
			return err
		}
	}
	return nil
}

// sentences remembers message.Known, which reads the catalogue each time.
var sentences sync.Map

func hasSentence(reason string) bool {
	known, asked := sentences.Load(reason)
	if !asked {
		known = message.Known(reason)
		sentences.Store(reason, known)
	}
	return known.(bool)
}
