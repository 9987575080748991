package policy_test

import (
	"math/bits"
	"slices"
	"time"

	"pgregory.net/rapid"

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
		all = append(all, e.by, e.silence)
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
