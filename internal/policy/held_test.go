package policy_test

import (
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// What comes while an answer is overdue is taken and sealed for who owes it, and
// held until the answer is there; nobody else waits, and nothing older is held.
func TestAnOverdueAnswerHoldsWhatComesNextAndLeavesNobodyOut(t *testing.T) {
	l := &lives{ledgertest.New(), t}
	document := agreementtest.DocumentV2("alpha", "beta", "gamma")
	document.Duties.HoldNewReleases = true
	digest, err := l.InForce(document)
	if err != nil {
		t.Fatal(err)
	}
	asked := l.release("alpha", 1, digest, nil)
	l.read("beta", asked)
	older := l.release("alpha", 2, digest, nil)
	due := canonical.At(l.Now.Add(time.Hour))
	l.by("alpha", act.DeskSign, &act.ItemRestrict{
		Common: l.Common("alpha"), Item: ledgertest.ItemID(1), Version: 1, Restrictions: restriction.Set{"accessForm": {"print"}},
		Acknowledge: due, Officer: ledgertest.Officer("alpha", 1), Reason: "safety",
	})
	l.Now = due.Time
	payload := l.Release("alpha", ledgertest.ItemID(3), 1, digest, agreementtest.Floor())
	request := policy.Request{Action: policy.ToRelease, Agency: "alpha", Payload: payload, Recipients: []act.AgencyName{"alpha", "beta", "gamma"}}
	if got := policy.Decide(l.State, request, l.Now); !got.Allow {
		t.Errorf("the release is told %+v", got)
	}
	revision := l.State.Revision(digest)
	if held := policy.HeldFor(l.State, revision, "alpha", "beta", l.Now); held == nil || held.Reason != policy.DutyOverdue {
		t.Errorf("whom it is held for: %+v", held)
	}
	if held := policy.HeldFor(l.State, revision, "alpha", "gamma", l.Now); held != nil {
		t.Errorf("gamma owes nothing, and is told %+v", held)
	}
	if held := policy.HeldFor(l.State, revision, "gamma", "beta", l.Now); held != nil {
		t.Errorf("beta owes gamma nothing, and what gamma releases is held: %+v", held)
	}
	later := l.release("alpha", 3, digest, nil)
	l.wantOpen("beta", later, policy.DutyOverdue)
	l.wantOpen("beta", older, policy.Allowed)
	l.wantOpen("gamma", later, policy.Allowed)
	l.wantOpen("beta", l.release("gamma", 4, digest, nil), policy.Allowed)
	if held := policy.StillHeld(l.State, l.State.Release(later), "beta", l.Now); held == nil {
		t.Error("nobody is told that it is held")
	}
	l.by("beta", act.DeskSign, &act.ItemAcknowledge{
		Common: l.Common("beta"), Release: asked, Restrictions: l.State.Release(asked).Terms("beta").Digest, Officer: ledgertest.Officer("beta", 1),
	})
	l.wantOpen("beta", later, policy.Allowed)
	if held := policy.StillHeld(l.State, l.State.Release(later), "beta", l.Now); held != nil {
		t.Errorf("it has answered, and it is held: %+v", held)
	}
}

// wantOpen asks for a delivery and for an open with what is in force.
func (l *lives) wantOpen(agency act.AgencyName, release act.ID, reason string) {
	l.t.Helper()
	for _, action := range []policy.Action{policy.ToDeliver, policy.ToOpen} {
		got := policy.Decide(l.State, policy.Request{
			Action: action, Agency: agency, Release: release, Described: true, Purpose: "training", Officer: ledgertest.Officer(agency, 1),
			Accepted: l.State.Release(release).Terms(agency).Digest,
		}, l.Now)
		if got.Reason != reason || got.Allow != (reason == policy.Allowed) {
			l.t.Errorf("%s: %s of %s is told %+v, want %s", agency, action, release, got, reason)
		}
	}
}
