package policy_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawHistory draws agencies and their papers. Most histories begin with
// everybody's signature, else little would ever flow.
func drawHistory(t *rapid.T) (*history, []string) {
	agencies := cast[:between(t, "agencies", 2, len(cast))]
	h := newHistory(drawPapers(t, agencies))
	for doc, p := range h.papers {
		begins := p.revision == 1 && between(t, "begins", 0, 5) > 0
		if !begins {
			continue
		}
		h.must(t, happening{who: p.sides[0].name, what: "propose", doc: doc})
		unsigned := between(t, "unsigned", 0, 5)
		for i, s := range p.sides {
			if unsigned > 0 || i != len(p.sides)-1 {
				h.must(t, happening{who: s.name, what: "sign", doc: doc})
			}
		}
	}
	return h, agencies
}

func (h *history) must(t *rapid.T, e happening) {
	if err := h.try(e); err != nil {
		t.Fatalf("%v\nafter:%s", err, h.story())
	}
}

// step lets time pass, lets one random thing be tried, and asks both everything that
// anybody may do now, and what one of them may do later.
func (h *history) step(t *rapid.T, agencies []string) {
	h.Now = h.drawMoment(t)
	h.must(t, h.drawAct(t, agencies))
	err := h.compare(t, h.Now, agencies, agencies)
	if err == nil {
		err = h.compare(t, h.drawMoment(t), []string{of(t, "later", agencies...)}, agencies)
	}
	if err != nil {
		t.Fatalf("%v\nafter:%s", err, h.story())
	}
}

// compare asks product and model the same questions about an instant: what readers
// may do, and what one of the agencies may release.
func (h *history) compare(t *rapid.T, now time.Time, readers, agencies []string) error {
	if err := h.compareWords(now); err != nil {
		return err
	}
	for r := range h.did(h.Now, "release") {
		if err := h.compareDuties(r, now); err != nil {
			return err
		}
		q := h.drawRequest(t, r, of(t, "asker", agencies...))
		for _, reader := range readers {
			if err := h.compareTerms(reader, r, h.Now); err != nil {
				return err
			}
			if err := h.compareDelivery(reader, r, now); err != nil {
				return err
			}
			plain := request{purpose: "detection", officer: q.officer, accepted: h.termsFor(r, reader, h.Now)}
			asked := []request{plain, q}
			if n := len(r.pieces); n > 0 {
				plain.part = 1 + (r.order+len(h.history))%n
				plain.accepted = h.termsOf(r, plain.part, reader, h.Now)
				asked = append(asked, plain)
			}
			for _, one := range asked {
				if _, err := h.compareOpen(reader, r, one, now); err != nil {
					return err
				}
			}
		}
	}
	e := happening{what: "release", who: of(t, "releaser", agencies...)}
	h.drawRelease(t, &e)
	if seldom(t, "looser", 8) {
		delete(e.asked, "tlp")
	}
	for range 2 {
		if err := h.compareRelease(e, some(t, "to", agencies, 0), now); err != nil {
			return err
		}
	}
	return nil
}

// decisionsWanted is how many decisions TestDecisionsAgreeWithAnIndependentModel
// compares: enough for seconds, or as many as a full run asks for.
func decisionsWanted(t *testing.T) int {
	wanted := os.Getenv("CONCORDAT_DECISIONS")
	if wanted == "" {
		return 200_000
	}
	n, err := strconv.Atoi(wanted)
	if err != nil {
		t.Fatalf("CONCORDAT_DECISIONS is %q and no number", wanted)
	}
	return n
}

// A full run compares ten million:
//
//	CONCORDAT_DECISIONS=10000000 go test -run IndependentModel -timeout 60m -v ./internal/policy
//
// and again what an earlier one compared, with its -rapid.seed.
func TestDecisionsAgreeWithAnIndependentModel(t *testing.T) {
	answers, allows := 0, 0
	done := map[string][2]int{}
	until(t, &answers, decisionsWanted(t), func(t *rapid.T) {
		h, agencies := drawHistory(t)
		h.answers, h.allows = &answers, &allows
		for range between(t, "steps", 5, 45) {
			h.step(t, agencies)
		}
		for _, e := range h.history {
			n := done[e.what]
			n[0]++
			if e.accepted {
				n[1]++
			}
			done[e.what] = n
		}
	})
	if t.Failed() {
		return
	}
	if allows < answers/100 {
		t.Errorf("%d decisions compared, %d of them allowed: the histories hold too little to mean anything", answers, allows)
	}
	for _, what := range slices.Compact(slices.Clone(tried)) {
		if n := done[what]; n[1] == 0 && answers > 2_000_000 {
			t.Errorf("%s was tried %d times and never taken", what, n[0])
		}
	}
	t.Logf("%d answers compared, %d of them allowed; tried and taken: %s", answers, allows, fmt.Sprint(done))
}
