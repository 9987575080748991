package policy_test

import (
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// owes returns the one duty of the kind that the agency has for the release, or
// nil.
func (l *lives) owes(agency act.AgencyName, release act.ID, kind policy.DutyKind) *policy.Duty {
	l.t.Helper()
	var found *policy.Duty
	for _, duty := range policy.Duties(l.State, l.State.Release(release), l.Now) {
		if duty.Holder != agency || duty.Kind != kind {
			continue
		}
		if found != nil {
			l.t.Errorf("%s owes %s twice", agency, kind)
		}
		found = &duty
	}
	return found
}

func TestAnOverdueAnswerHoldsNothingWhereTheAgreementDoesNotSaySo(t *testing.T) {
	for _, holds := range []bool{true, false} {
		l, asked := kept(t, nil, func(d *agreement.Document) { d.Duties.HoldNewReleases = holds })
		l.read("beta", asked)
		l.restrict(asked, restriction.Set{"accessForm": {"print"}})
		l.Now = l.Now.Add(2 * aDay)
		if duty := l.owes("beta", asked, policy.ToAcknowledge); duty == nil || duty.State != policy.Overdue {
			t.Fatalf("the answer is owed: %+v", duty)
		}
		want := policy.Allowed
		if holds {
			want = policy.DutyOverdue
		}
		l.wantOpen("beta", l.release("alpha", 2, l.revision(asked), nil), want)
	}
}

// A use is reported so many days after the first opening, however often an item is
// opened afterwards.
func TestTheDayOfAUseReportCountsFromTheFirstOpening(t *testing.T) {
	l, release := kept(t, restriction.Set{"useReportDays": {"5"}}, nil)
	l.read("beta", release)
	first := l.State.Release(release).Reader("beta").First.Time
	l.Now = l.Now.Add(3 * aDay)
	l.read("beta", release)
	if duty := l.owes("beta", release, policy.ToReportUse); duty == nil || !duty.Due.Equal(first.Add(5*aDay)) {
		t.Errorf("the duty is %+v, not due five days after %s", duty, first)
	}
}

// Who opens an item after it was restricted accepts the restriction by opening it,
// and owes no other answer.
func TestARestrictionAsksEarlierReadersOnly(t *testing.T) {
	l, release := kept(t, nil, nil)
	l.read("beta", release)
	l.restrict(release, restriction.Set{"accessForm": {"print"}})
	l.read("gamma", release)
	if duty := l.owes("beta", release, policy.ToAcknowledge); duty == nil || duty.State != policy.Owed {
		t.Errorf("beta, which opened it before: %+v", duty)
	}
	if duty := l.owes("gamma", release, policy.ToAcknowledge); duty != nil {
		t.Errorf("gamma, which opened it afterwards: %+v", duty)
	}
}

func TestWhoTakesNoPartIsUnreachable(t *testing.T) {
	l, release := kept(t, nil, nil)
	l.read("beta", release)
	l.restrict(release, restriction.Set{"accessForm": {"print"}})
	for _, step := range []struct {
		kind act.Kind
		want policy.DutyState
	}{{act.AgencySuspendKind, policy.Unreachable}, {act.AgencyResumeKind, policy.Owed}, {act.AgencyOffboardKind, policy.Unreachable}} {
		if _, err := l.Standing("beta", step.kind); err != nil {
			t.Fatal(err)
		}
		if duty := l.owes("beta", release, policy.ToAcknowledge); duty == nil || duty.State != step.want {
			t.Errorf("after %s the duty is %+v, want %s", step.kind, duty, step.want)
		}
	}
}

// A consent holds until its moment, and no longer at it.
func TestAConsentEndsAtItsMoment(t *testing.T) {
	l, parent := kept(t, nil, nil)
	l.read("beta", parent)
	until := canonical.At(l.Now.Add(aDay).Truncate(time.Second))
	request := l.by("beta", act.DeskSign, &act.ConsentRequest{
		Common: l.Common("beta"), Release: parent, Use: "onward", For: "gamma", Purpose: "training", Until: until, Officer: ledgertest.Officer("beta", 1),
	})
	l.by("alpha", act.DeskSign, &act.ConsentGrant{ConsentAnswer: act.ConsentAnswer{
		Common: l.Common("alpha"), Request: request, Officer: ledgertest.Officer("alpha", 1),
	}})
	terms := l.State.Release(parent).Effective.Without()
	terms["purposes"] = []string{"training"}
	payload := l.Release("beta", ledgertest.ItemID(9), 1, l.revision(parent), terms)
	payload.Parents = []act.Parent{{Release: parent, Relation: "copy", Consent: request}}
	passes := policy.Request{Action: policy.ToRelease, Agency: "beta", Payload: payload, Recipients: []act.AgencyName{"beta", "gamma"}}
	for at, want := range map[time.Time]string{
		until.Add(-time.Millisecond): policy.Allowed, until.Time: policy.ConsentExpired, until.Add(time.Millisecond): policy.ConsentExpired,
	} {
		if got := policy.Decide(l.State, passes, at); got.Reason != want {
			t.Errorf("%s before its end: %+v, want %s", until.Sub(at), got, want)
		}
	}
}

func TestTheOriginatorOwesItselfNothing(t *testing.T) {
	l, release := kept(t, restriction.Set{"useReportDays": {"5"}}, nil)
	l.read("alpha", release)
	l.read("beta", release)
	l.restrict(release, restriction.Set{"accessForm": {"print"}})
	for _, duty := range policy.Duties(l.State, l.State.Release(release), l.Now) {
		if duty.Holder != "beta" {
			t.Errorf("%s owes %s", duty.Holder, duty.Kind)
		}
	}
}

// What becomes of copies at the end of an agreement is attested after it: that they
// are kept under the terms says nothing of the end if it was said before. A hold
// stops the disposal and nothing else.
func TestDisposalIsAttestedFromTheEndOn(t *testing.T) {
	l, release := kept(t, restriction.Set{"useReportDays": {"5"}}, retaining)
	attest := func() {
		l.by("beta", act.DeskSign, &act.ItemAttest{
			Common: l.Common("beta"), Release: release, Statement: "retained-under-terms", Officer: ledgertest.Officer("beta", 1),
		})
	}
	wants := func(kind policy.DutyKind, state policy.DutyState) {
		t.Helper()
		if duty := l.owes("beta", release, kind); duty == nil || duty.State != state {
			t.Errorf("the duty to %s is %+v, want %s", kind, duty, state)
		}
	}
	l.read("beta", release)
	if duty := l.owes("beta", release, policy.ToDispose); duty != nil {
		t.Errorf("owed before the end: %+v", duty)
	}
	attest()
	l.steps(act.AgreementTerminateKind, release, "alpha")
	end, ended := l.State.Release(release).Revision.Ended("beta", l.Now)
	if !ended {
		t.Fatal("the agreement has not ended")
	}
	wants(policy.ToDispose, policy.Owed)
	if duty := l.owes("beta", release, policy.ToDispose); !duty.Due.Equal(end.Add(30 * aDay)) {
		t.Errorf("due %s, not thirty days after %s", duty.Due, end)
	}
	l.by("beta", act.DeskSign, &act.HoldPlace{HoldStep: act.HoldStep{Common: l.Common("beta"), Release: release, Reason: "litigation", Officer: ledgertest.Officer("beta", 1)}})
	wants(policy.ToDispose, policy.Held)
	wants(policy.ToErase, policy.Held)
	wants(policy.ToReportUse, policy.Owed)
	l.by("beta", act.DeskSign, &act.HoldLift{HoldStep: act.HoldStep{Common: l.Common("beta"), Release: release, Reason: "litigation", Officer: ledgertest.Officer("beta", 1)}})
	l.Now = end.Add(30 * aDay)
	wants(policy.ToDispose, policy.Overdue)
	attest()
	wants(policy.ToDispose, policy.Done)
}

func TestWhereNobodyAsksForAnAttestationNoneIsOwed(t *testing.T) {
	l, release := kept(t, nil, func(d *agreement.Document) { d.Retention.Attestation, d.Retention.AttestWithinDays = false, 0 })
	l.read("beta", release)
	l.steps(act.AgreementTerminateKind, release, "alpha")
	l.Now = l.Now.Add(100 * aDay)
	if _, ended := l.State.Release(release).Revision.Ended("beta", l.Now); !ended {
		t.Fatal("the agreement has not ended")
	}
	if duty := l.owes("beta", release, policy.ToDispose); duty != nil {
		t.Errorf("owed: %+v", duty)
	}
}

// Each prerequisite is attested by its name, for the terms in force.
func TestEveryPrerequisiteIsAttestedBeforeAnItemOpens(t *testing.T) {
	l, release := kept(t, restriction.Set{"prerequisites": {"agency-attestation", "training"}}, nil)
	attest := func(terms ...string) {
		l.by("beta", act.DeskSign, &act.ItemAcknowledge{
			Common: l.Common("beta"), Release: release, Restrictions: l.State.Release(release).Terms("beta").Digest, Prerequisites: terms,
			Officer: ledgertest.Officer("beta", 1),
		})
	}
	wants := func(reason string) {
		t.Helper()
		if got := policy.Decide(l.State, l.asks("beta", release, nil), l.Now); got.Reason != reason {
			t.Errorf("%+v, want %s", got, reason)
		}
	}
	l.decided("beta", release, policy.ToDeliver, "")
	wants(policy.PrerequisiteMissing)
	attest("agency-attestation")
	wants(policy.PrerequisiteMissing)
	attest("agency-attestation", "training")
	wants(policy.Allowed)
	l.restrict(release, restriction.Set{"accessForm": {"print"}})
	wants(policy.PrerequisiteMissing)
	attest() // to other terms: what was attested for the old ones does not carry over
	wants(policy.PrerequisiteMissing)
	attest("agency-attestation", "training")
	wants(policy.Allowed)
}

// Who could not comply with one version may be able to comply with the next.
func TestWhoCannotComplyIsSealedUpToThatVersion(t *testing.T) {
	l, first := kept(t, nil, nil)
	l.cannot("beta", first)
	l.wantOpen("beta", first, policy.CannotComply)
	payload := l.Release("alpha", ledgertest.ItemID(1), 2, l.revision(first), l.State.Release(first).Terms("").Set)
	l.wantOpen("beta", l.by("alpha", act.DeskSign, payload), policy.Allowed)
	l.wantOpen("beta", first, policy.CannotComply)
}

// A request that names one release leaves the other versions of the item as they
// are.
func TestARequestAboutOneReleaseConcernsNoOther(t *testing.T) {
	l, first := kept(t, nil, nil)
	terms := l.State.Release(first).Terms("").Set
	second := l.by("alpha", act.DeskSign, l.Release("alpha", ledgertest.ItemID(1), 2, l.revision(first), terms))
	l.by("alpha", act.DeskSign, &act.ItemRestrict{
		Common: l.Common("alpha"), Officer: ledgertest.Officer("alpha", 1), Reason: "safety", Item: ledgertest.ItemID(1), Version: 2, Release: first,
		Restrictions: restriction.Set{"recall": {"recalled"}}, Acknowledge: canonical.At(l.Now.Add(aDay).Truncate(time.Second)),
	})
	if got := policy.Decide(l.State, l.asks("beta", first, nil), l.Now); got.Reason != policy.RestrictionForbids {
		t.Errorf("the release that is recalled: %+v", got)
	}
	l.wantOpen("beta", second, policy.Allowed)
}

func TestAConsentIsTakenBackOnce(t *testing.T) {
	l, release := kept(t, nil, nil)
	l.read("beta", release)
	request := passing{consent: func(*act.ConsentRequest) {}, answer: "withdraw"}.asks(l, release)
	_, err := l.By("alpha", act.DeskSign, &act.ConsentWithdraw{ConsentAnswer: act.ConsentAnswer{
		Common: l.Common("alpha"), Request: request, Officer: ledgertest.Officer("alpha", 1),
	}})
	if err == nil {
		t.Error("it was taken back twice")
	}
}
