package policy_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

// The small world: three agencies, at most two papers, two items, and three
// moments. At the second moment notice given at the first is over, and what begins
// a day later begins; at the third the first paper expires.
var (
	small   = cast[:3]
	moments = []time.Time{ledgertest.Start, after(24), after(48)}
)

// resolve fills in what depends on what happened before.
func (h *history) resolve(e happening) happening {
	last := func(what string) int {
		order := 0
		for one := range h.did(h.Now, what) {
			order = one.order
		}
		return order
	}
	named := map[string]string{"grant": "ask", "refuse": "ask", "take-back-consent": "ask", "countersign": "accede", "abort": "open"}
	if e.names == newest && e.what == "ask" {
		e.names = 0
		for one := range h.did(h.Now, "release") {
			if one.who == "alpha" {
				e.names = one.order
			}
		}
	}
	if e.names == newest {
		e.names = 0
		if what, is := named[e.what]; is {
			e.names = last(what)
		} else if e.doc < 0 {
			e.names = last("release")
		}
	}
	if e.what == "release" && e.asked == nil {
		e.asked = h.papers[e.doc].floor.with(limits{"purposes": {"detection", "prevention"}})
	}
	e.parents = slices.Clone(e.parents)
	for i := range e.parents {
		if e.parents[i].consent == newest {
			e.parents[i].consent = last("ask")
		}
	}
	if r := h.release(e.names, h.Now); r != nil && e.what != "restrict" {
		e.terms = h.termsOf(r, e.part, e.who, h.Now)
	}
	return e
}

func smallWorld(t *testing.T, s scene) *history {
	t.Helper()
	documents := make([]*agreement.Document, len(s.papers))
	for doc, p := range s.papers {
		documents[doc] = documentOf(p)
		if p.supersedes >= 0 {
			_, digest, err := documents[p.supersedes].Bytes()
			if err != nil {
				t.Fatal(err)
			}
			documents[doc].Supersedes = digest
		}
	}
	h := newHistory(s.papers, documents)
	for _, e := range s.begin {
		if err := h.try(h.resolve(e)); err != nil {
			t.Fatal(err)
		}
		if !h.history[len(h.history)-1].accepted {
			t.Fatalf("the scene does not begin: %s", h.history[len(h.history)-1].String())
		}
	}
	return h
}

// search tries every sequence of acts and compares after each act.
type search struct {
	acts                         []happening
	longest                      int
	sequences, decisions, allows atomic.Int64
}

// from tries the act in h, which is its own to change, and after it all others.
func (s *search) from(h *history, e happening, length int) error {
	if taken, err := s.happen(h, e); err != nil || !taken {
		return err
	}
	s.sequences.Add(1)
	if err := s.compare(h); err != nil || length == s.longest {
		return err
	}
	next := h.fork()
	for _, e := range s.acts {
		before := len(next.history)
		now := next.Now
		if err := s.from(next, e, length+1); err != nil {
			return err
		}
		if len(next.history) != before || next.Now != now {
			next = h.fork()
		}
	}
	return nil
}

// happen says whether the act was taken, or time passed.
func (s *search) happen(h *history, e happening) (bool, error) {
	if e.what == "wait" {
		i := slices.Index(moments, h.Now)
		if i == len(moments)-1 {
			return false, nil
		}
		h.Now = moments[i+1]
		return true, nil
	}
	err := h.try(h.resolve(e))
	if err != nil {
		return false, fmt.Errorf("%w, after:%s", err, h.story())
	}
	taken := h.history[len(h.history)-1].accepted
	if !taken {
		h.history = h.history[:len(h.history)-1] // it changed nothing, and need not be looked at again
	}
	return taken, nil
}

// compare asks about now, and about the last millisecond before the next moment.
func (s *search) compare(h *history) error {
	asked := []time.Time{h.Now}
	if i := slices.Index(moments, h.Now); i < len(moments)-1 {
		asked = append(asked, moments[i+1].Add(-time.Millisecond))
	}
	h.answers, h.allows = new(int), new(int)
	for _, now := range asked {
		if err := h.compareSmall(now); err != nil {
			return fmt.Errorf("%w, after:%s", err, h.story())
		}
	}
	s.decisions.Add(int64(*h.answers))
	s.allows.Add(int64(*h.allows))
	return nil
}

func (h *history) compareSmall(now time.Time) error {
	if err := h.compareWords(now); err != nil {
		return err
	}
	var last *happening
	for r := range h.did(h.Now, "release") {
		last = r
		if err := h.compareDuties(r, now); err != nil {
			return err
		}
		for _, reader := range small {
			q := request{purpose: "detection", officer: ledgertest.Officer(act.AgencyName(reader), 1), accepted: h.termsFor(r, reader, h.Now)}
			if _, err := h.compareOpen(reader, r, q, now); err != nil {
				return err
			}
			if err := h.compareDelivery(reader, r, now); err != nil {
				return err
			}
			for part := range r.pieces {
				q.part, q.accepted = part+1, h.termsOf(r, part+1, reader, h.Now)
				if _, err := h.compareOpen(reader, r, q, now); err != nil {
					return err
				}
			}
		}
	}
	for doc := range h.papers {
		for _, who := range small[:2] {
			e := h.resolve(happening{what: "release", who: who, doc: doc, item: 9, version: 1})
			to := "gamma"
			if now.After(h.Now) { // then to who may owe something
				to = small[slices.Index(small, who)^1]
			}
			if err := h.compareRelease(e, []string{to}, now); err != nil {
				return err
			}
			if last == nil || who == last.who || !h.papers[doc].full {
				continue
			}
			for _, relation := range act.Relations() {
				e.asked = bare(0)
				e.parents = h.resolve(happening{parents: []parent{{last.order, relation, newest}}}).parents
				for _, to := range [][]string{nil, {"gamma"}} {
					if err := h.compareRelease(e, to, now); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// Longer sequences take longer: CONCORDAT_ACTS=1 tries all that have one
// act more, -1 those that have one less.
func TestEverySequenceOfActsInASmallWorldAgreesWithTheModel(t *testing.T) {
	more := 0
	if asked := os.Getenv("CONCORDAT_ACTS"); asked != "" {
		n, err := strconv.Atoi(asked)
		if err != nil {
			t.Fatalf("CONCORDAT_ACTS is %q and no number", asked)
		}
		more = n
	}
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			h := smallWorld(t, scene)
			s := &search{acts: append([]happening{{what: "wait"}}, scene.tries...), longest: max(scene.acts+more, scene.least)}
			var all sync.WaitGroup
			wrong := make([]error, len(s.acts))
			for i, e := range s.acts {
				first := h.fork()
				first.answers, first.allows = new(int), new(int) // no counter is shared
				all.Go(func() { wrong[i] = s.from(first, e, 1) })
			}
			all.Wait()
			if err := errors.Join(wrong...); err != nil {
				t.Fatal(err)
			}
			if more == 0 && s.sequences.Load() < int64(scene.sequences) {
				t.Errorf("only %d sequences were tried", s.sequences.Load())
			}
			t.Logf("%d sequences of at most %d acts, %d decisions compared, %d of them allowed", s.sequences.Load(), s.longest, s.decisions.Load(), s.allows.Load())
		})
	}
}
