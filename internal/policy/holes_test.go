package policy_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
)

// A hub decides what it tells. Whatever it leaves out or tells last, an agency that
// follows refuses an entry or goes on: nothing of what it folds, and no question
// that it asks afterwards, ends it.
func TestAStoryWithHolesEndsNoReader(t *testing.T) {
	told, refused := 0, 0
	const enough = 20_000
	until(t, &told, enough, func(t *rapid.T) {
		h, agencies := drawHistory(t)
		for range between(t, "steps", 5, 45) {
			h.Now = h.drawMoment(t)
			h.must(t, h.drawAct(t, agencies))
		}
		for range 4 {
			left := ledgerWithHoles(t, h.Told)
			told += len(h.Told)
			refused += left.refused
			askEverything(left.State, h, agencies)
		}
	})
	if refused < enough/100 {
		t.Errorf("%d entries told and %d refused: hardly anything was missing", told, refused)
	}
}

type reader struct {
	*ledger.State
	refused int
}

// ledgerWithHoles is what an agency knows that was told a part.
func ledgerWithHoles(t *rapid.T, all []ledger.Entry) reader {
	told := reader{State: enrolled().Fork().State}
	told.Partial = true
	holes := between(t, "one in", 2, 12)
	var late []ledger.Entry
	take := func(e ledger.Entry) {
		if ledger.Apply(told.State, e) != nil {
			told.refused++
		}
	}
	for _, e := range all {
		switch {
		case !seldom(t, "hole", holes):
			take(e)
		case rapid.Bool().Draw(t, "late"):
			late = append(late, e)
		}
	}
	for _, e := range late {
		take(e)
	}
	return told
}

// askEverything asks whatever a desk asks of what it knows.
func askEverything(s *ledger.State, h *history, agencies []string) {
	var all []act.AgencyName
	for _, name := range agencies {
		all = append(all, act.AgencyName(name))
	}
	for _, id := range s.ReleaseIDs() {
		release := s.Release(id)
		policy.Duties(s, release, h.Now)
		policy.Explain(s, release, all, h.Now)
		policy.NeverAgain(s, release, all, h.Now)
		for _, name := range all {
			policy.StillHeld(s, release, name, h.Now)
			policy.KeptUntil(release, name)
			asked := policy.Request{Action: policy.ToDeliver, Agency: name, Release: id, Described: true}
			policy.Decide(s, asked, h.Now)
			asked.Action, asked.Part, asked.Purpose, asked.Accepted = policy.ToOpen, "body", "detection", release.Terms(name).Digest
			policy.Decide(s, asked, h.Now)
		}
		again := policy.Request{Action: policy.ToRelease, Agency: release.Item.Publisher, Payload: release.Payload, Recipients: all}
		policy.Decide(s, again, h.Now)
	}
	for _, digest := range h.digests {
		revision := s.Revision(digest)
		if revision == nil {
			continue
		}
		revision.At(h.Now)
		for _, name := range all {
			policy.PartOf(s, revision, name, h.Now)
		}
	}
}
