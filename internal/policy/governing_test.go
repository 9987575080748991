package policy_test

import (
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
)

// What stopped a text is a step about what was released under it, whatever the
// parties agree on afterwards.
func TestAStopOfAnOlderTextStillCounts(t *testing.T) {
	l, release := kept(t, nil, nil)
	l.steps(act.AgreementSuspendKind, release, "alpha")
	l.sign(l.next(release), "alpha", "beta", "gamma")
	l.wantOpen("beta", release, policy.AgreementSuspended)
}

// Who leaves a text that replaced another owes for what it read under it: the older
// one does not come back to let it read.
func TestWhoLeavesANewerTextDoesNotFallBackOnTheOlder(t *testing.T) {
	l, first := kept(t, nil, func(d *agreement.Document) { d.Termination.NoticeDays = 0 })
	next := l.next(first)
	l.sign(next, "alpha", "beta", "gamma")
	release := l.release("alpha", 2, next, nil)
	l.read("beta", release)
	l.by("beta", act.OfficerSign, &act.AgreementWithdraw{AgreementStep: l.step("beta", next)})
	l.wantOpen("beta", release, policy.AgreementWithdrawn)
	if duty := l.owes("beta", release, policy.ToDispose); duty == nil {
		t.Error("it left, and owes nothing for what it has")
	}
}

// A desk that was not told of each signature of a text opens nothing that came under
// it, though a newer text governs by now.
func TestATextOfWhichASignatureIsMissingOpensNothing(t *testing.T) {
	l, release := kept(t, nil, nil)
	first := l.revision(release)
	l.sign(l.next(release), "alpha", "beta", "gamma")
	state, err := ledger.New(ledgertest.Genesis())
	if err != nil {
		t.Fatal(err)
	}
	state.Partial = true
	for _, raw := range l.Entries {
		entry, err := state.Verify(raw)
		if err != nil {
			t.Fatal(err)
		}
		if entry.Act != nil {
			if signed, is := entry.Act.Payload.(*act.AgreementSign); is && signed.Agreement.Digest == first && signed.Issuer == "gamma" {
				continue
			}
		}
		if err := ledger.Apply(state, entry); err != nil {
			t.Fatalf("entry %d: %v", entry.Index, err)
		}
	}
	l.State = state
	l.wantOpen("beta", release, policy.AgreementNotSigned)
}

// A suspension that lets reading go on lets nobody read on whom an overdue review
// stops.
func TestASuspensionThatLetsReadingGoOnLiftsNoOtherStop(t *testing.T) {
	l, release := kept(t, nil, func(d *agreement.Document) {
		d.Suspension.Reading = "continue"
		d.Review = &agreement.Review{IntervalDays: 10, OnOverdue: "suspend"}
	})
	l.steps(act.AgreementSuspendKind, release, "alpha")
	l.wantOpen("beta", release, policy.Allowed)
	l.Now = l.Now.Add(15 * aDay)
	l.wantOpen("beta", release, policy.ReviewOverdue)
}
