package hub_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
)

// asked is the operator's question, on its way.
func asked(t *testing.T, h *hubtest.Hub, tag string) <-chan hubclient.Agreements {
	t.Helper()
	answer := make(chan hubclient.Agreements, 1)
	go func() {
		all, err := h.Operator.AgreementsAfter(t.Context(), tag, 30*time.Second)
		if err != nil {
			t.Error(err)
		}
		answer <- all
	}()
	return answer
}

func got(t *testing.T, answer <-chan hubclient.Agreements) hubclient.Agreements {
	t.Helper()
	select {
	case all := <-answer:
		return all
	case <-time.After(20 * time.Second):
		t.Fatal("no answer within 20 s")
		return hubclient.Agreements{}
	}
}

// The operator need not ask again and again: a question about agreements is
// answered when one of them is another than it was, and by nothing else.
func TestTheOperatorHearsOfAnAgreementWhenItChanges(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb")
	document := h.Document(a, b)
	ref := h.Agree(t, document, a, b)
	all, err := h.Operator.AgreementsAfter(t.Context(), "", 0)
	if err != nil || !all.Changed || all.Tag == "" || len(all.List) != 1 || all.List[0].State != "in-force" {
		t.Fatalf("%+v, %v", all, err)
	}
	again, err := h.Operator.AgreementsAfter(t.Context(), all.Tag, 0)
	if err != nil || again.Changed || again.Tag != all.Tag {
		t.Fatalf("asked again: %+v, %v", again, err)
	}

	answer := asked(t, h, all.Tag)
	a.Release(t, ref, "content", b) // concerns no agreement
	select {
	case early := <-answer:
		t.Fatalf("a release was told of: %+v", early)
	case <-time.After(200 * time.Millisecond):
	}
	b.Submit(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: b.Step(t, ref)})
	suspended := got(t, answer)
	if len(suspended.List) != 1 || suspended.Tag == all.Tag {
		t.Fatalf("%+v", suspended)
	}
	one := suspended.List[0]
	if one.State != "suspended" || !slices.Equal(one.By, []act.AgencyName{"agencyb"}) || one.SinceIndex <= one.Index {
		t.Errorf("%+v", one)
	}
	if known, err := h.Operator.Agency(t.Context(), "agencyb"); err != nil || known.Agreements != 1 {
		t.Errorf("an agency in a suspended agreement is in %d, %v", known.Agreements, err)
	}
	for _, part := range one.Parts {
		if part.Read.Allow || part.Read.Reason != "policy_agreement_suspended" || part.Release.Allow || part.Receive.Allow {
			t.Errorf("under a suspended agreement: %+v", part)
		}
	}

	// An agency's standing is part of it, whatever the agreement says.
	answer = asked(t, h, suspended.Tag)
	if _, err := h.Operator.Request(t.Context(), "agencya", hubclient.RequestSuspend); err != nil {
		t.Fatal(err)
	}
	banned := got(t, answer)
	if part := banned.List[0].Parts[0]; part.Read.Reason != "policy_agency_suspended" {
		t.Errorf("%+v", part)
	}

	// The tag is about what is told, not about who tells it.
	restarted := h.Restart(t, hubtest.Options{})
	same, err := restarted.Operator.AgreementsAfter(t.Context(), banned.Tag, 0)
	if err != nil || same.Changed {
		t.Errorf("after a restart: %+v, %v", same, err)
	}
}

// What time alone brings is told when it comes.
func TestTheOperatorHearsOfWhatTimeAloneBrings(t *testing.T) {
	t.Parallel()
	clock := hubtest.NewClock()
	h := hubtest.Start(t, hubtest.Options{Clock: clock})
	a, b := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb")
	document := fullDocument(h, a, b)
	document.Review = &agreement.Review{IntervalDays: 30, OnOverdue: "freeze-new"}
	document.Expires = canonical.At(clock.Now().Add(40 * 24 * time.Hour))
	h.Agree(t, document, a, b)
	all, err := h.Operator.AgreementsAfter(t.Context(), "", 0)
	if err != nil || len(all.List) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, next := range []struct {
		state, clause string
		reads         bool
	}{{"review-overdue", "/review/onOverdue", true}, {"expired", "/expires", false}} {
		before := all.List[0]
		if before.NextState != next.state || before.NextClause != next.clause || before.NextChange == nil {
			t.Fatalf("next comes %+v, want %s", before, next.state)
		}
		answer := asked(t, h, all.Tag)
		clock.Pass(before.NextChange.Sub(clock.Now()))
		all = got(t, answer)
		after := all.List[0]
		if after.State != next.state || after.Clause != next.clause || before.NextChange.Sub(after.Since.Time) > time.Second {
			t.Errorf("at that moment it is %+v", after)
		}
		for _, part := range after.Parts {
			if part.Read.Allow != next.reads || part.Release.Allow {
				t.Errorf("%s: %+v", next.state, part)
			}
		}
	}
}

// fullDocument is an agreement of schema v2 between agencies of this hub.
func fullDocument(h *hubtest.Hub, parties ...*hubtest.Agency) *agreement.Document {
	v1 := h.Document(parties...)
	var names []act.AgencyName
	for _, party := range v1.Parties {
		names = append(names, party.Agency)
	}
	d := agreementtest.DocumentV2(names...)
	d.ID, d.Hub, d.Expires, d.Reference = v1.ID, v1.Hub, v1.Expires, v1.Reference
	for i := range d.Parties {
		d.Parties[i].OfficerSign, d.Parties[i].DeskSign = v1.Parties[i].OfficerSign, v1.Parties[i].DeskSign
	}
	return d
}

// Where one party stands is told of each, with what stands in its way.
func TestTheOperatorIsToldWhereEachPartyStands(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b, c := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb"), h.Enrol(t, "agencyc")
	document := fullDocument(h, a, b, c)
	document.EntryIntoForce = agreement.EntryIntoForce{Rule: "n-signed", Count: 2}
	ref := h.Agree(t, document, a, b)
	c.Sync(t)
	reasons := func() map[act.AgencyName][3]string {
		t.Helper()
		one, err := h.Operator.Agreement(t.Context(), ref.Digest)
		if err != nil {
			t.Fatal(err)
		}
		told := map[act.AgencyName][3]string{}
		for _, part := range one.Parts {
			told[part.Agency] = [3]string{part.Release.Reason, part.Receive.Reason, part.Read.Reason}
		}
		return told
	}
	const yes, unsigned, stopped = "policy_allowed", "policy_agreement_not_signed", "policy_party_suspended"
	want := map[act.AgencyName][3]string{"agencya": {yes, yes, yes}, "agencyb": {yes, yes, yes}, "agencyc": {unsigned, unsigned, unsigned}}
	if diff := cmp.Diff(want, reasons()); diff != "" {
		t.Error("two of three have signed:", diff)
	}
	c.Submit(t, act.OfficerSign, &act.AgreementSign{AgreementStep: c.Step(t, ref)})
	step := a.Step(t, ref)
	step.Reason = "safety"
	a.Submit(t, act.OfficerSign, &act.AgreementSuspendParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: step, Agency: "agencyb"}})
	want = map[act.AgencyName][3]string{"agencya": {yes, yes, yes}, "agencyb": {stopped, stopped, stopped}, "agencyc": {yes, yes, yes}}
	if diff := cmp.Diff(want, reasons()); diff != "" {
		t.Error("one party's part is suspended:", diff)
	}
}
