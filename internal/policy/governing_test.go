package policy_test

import (
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
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

// The newer text decides until when the older one's releases are read, and who
// reviews.
func TestAnOlderTextIsNotJudgedByItsWindowNorByItsReview(t *testing.T) {
	l, release := kept(t, nil, func(d *agreement.Document) {
		d.Review = &agreement.Review{IntervalDays: 10, OnOverdue: "suspend"}
		d.Retention.MaxDays = 3650
	})
	end := l.State.Release(release).Revision.Document.End()
	l.sign(l.next(release, func(d *agreement.Document) {
		d.Review = &agreement.Review{IntervalDays: 3650, OnOverdue: "warn"}
	}), "alpha", "beta", "gamma")
	l.Now = l.Now.Add(20 * aDay)
	l.wantOpen("beta", release, policy.Allowed)
	l.Now = end
	l.wantOpen("beta", release, policy.Allowed)
}

func TestAPartSuspendedUnderTheOlderTextReadsNothingOfIt(t *testing.T) {
	l, release := kept(t, nil, nil)
	first := l.revision(release)
	l.by("beta", act.OfficerSign, &act.AgreementSuspendParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: l.step("beta", first), Agency: "beta"}})
	l.sign(l.next(release), "alpha", "beta", "gamma")
	l.wantOpen("beta", release, policy.PartySuspended)
	l.wantOpen("gamma", release, policy.Allowed)
}

// Under the first schema the effect of the end was a word that software did not
// hold; what was agreed then is not read in a new way now.
func TestAnAgreementOfTheFirstSchemaLetsNobodyKeepWhatItHad(t *testing.T) {
	l := &lives{ledgertest.New(), t}
	document := agreementtest.Document("alpha", "beta", "gamma")
	document.Termination.Effect = "retain-under-terms"
	digest, err := l.InForce(document)
	if err != nil {
		t.Fatal(err)
	}
	release := l.release("alpha", 1, digest, nil)
	l.read("beta", release)
	l.Now = document.End()
	l.wantOpen("beta", release, policy.AgreementExpired)
}

func TestWhatIsNewIsUnderTheNewestTextOfBoth(t *testing.T) {
	l, release := kept(t, nil, nil)
	older := l.State.Release(release).Revision
	l.sign(l.next(release), "alpha", "beta", "gamma")
	part := policy.PartOf(l.State, older, "alpha", l.Now)
	if part.Release.Reason != policy.AgreementAmended || part.Receive.Reason != policy.AgreementAmended {
		t.Errorf("under the older text: %+v", part)
	}
}

func TestWhoOnlyReceivesIsToldThatItsRoleReleasesNothing(t *testing.T) {
	l, release := kept(t, nil, func(d *agreement.Document) {
		d.Parties[1].Role, d.Commitments[1].Give = agreement.Recipient, nil
	})
	revision := l.State.Release(release).Revision
	if part := policy.PartOf(l.State, revision, "beta", l.Now); part.Release.Reason != policy.RoleForbids || !part.Receive.Allow {
		t.Errorf("%+v", part)
	}
}

// A release may be for a later day, and an item that was taken back has no next
// version.
func TestWhatMayBeReleased(t *testing.T) {
	l, first := kept(t, nil, nil)
	digest := l.revision(first)
	asks := func(item, version int, asked map[string][]string) policy.Decision {
		terms := agreementtest.Floor()
		for axis, values := range asked {
			terms[axis] = values
		}
		return policy.Decide(l.State, policy.Request{
			Action: policy.ToRelease, Agency: "alpha", Payload: l.Release("alpha", ledgertest.ItemID(item), version, digest, terms),
			Recipients: []act.AgencyName{"alpha", "beta", "gamma"},
		}, l.Now)
	}
	if got := asks(2, 1, map[string][]string{"notBefore": {l.Now.Add(5 * aDay).UTC().Format(time.RFC3339)}}); !got.Allow {
		t.Errorf("for a later day: %+v", got)
	}
	if got := asks(1, 2, nil); !got.Allow {
		t.Errorf("a next version: %+v", got)
	}
	l.by("alpha", act.DeskSign, &act.ItemRetract{Common: l.Common("alpha"), Officer: ledgertest.Officer("alpha", 1), Item: ledgertest.ItemID(1), Reason: "error"})
	if got := asks(1, 2, nil); got.Reason != policy.ItemRetracted {
		t.Errorf("a next version of what was taken back: %+v", got)
	}
}
