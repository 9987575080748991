package hub_test

import (
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// A suspended agency gives and gets nothing new. It still answers for what it
// holds, tells of breaches and of disclosures that it cannot refuse, tightens what
// it released, and takes back.
func TestASuspendedAgencyStillAnswersForWhatItHolds(t *testing.T) {
	t.Parallel()
	w := newWhole(t, hubtest.Options{})
	received := w.a.Release(t, w.ref, "content of a", w.b)
	w.b.Read(t, received.Act)
	own := w.b.Release(t, w.ref, "content of b", w.a)
	w.a.Read(t, own.Act)
	ask := func(who *hubtest.Agency, release act.ID) *act.ConsentRequest {
		return &act.ConsentRequest{
			Common: who.Common(), Release: release, Use: "judicial-use", Purpose: "detection", Until: canonical.At(time.Now().Add(time.Hour)), Officer: who.Officer(),
		}
	}
	first, second := w.act(t, w.a, ask(w.a, own.Act)), w.act(t, w.a, ask(w.a, own.Act))
	granted := act.ConsentAnswer{Common: w.b.Common(), Request: first.Act, Officer: w.b.Officer()}
	w.act(t, w.b, &act.ConsentGrant{ConsentAnswer: granted})
	open := w.a.Propose(t, w.WholeDocument(w.a, w.b))
	mine := w.b.Propose(t, w.WholeDocument(w.a, w.b))
	w.act(t, w.b, &act.HoldPlace{HoldStep: act.HoldStep{Common: w.b.Common(), Release: received.Act, Reason: "proceedings", Officer: w.b.Officer()}})
	if _, err := w.Operator.Request(t.Context(), "agencyb", hubclient.RequestSuspend); err != nil {
		t.Fatal(err)
	}

	answer := func(request act.ID) act.ConsentAnswer {
		return act.ConsentAnswer{Common: w.b.Common(), Request: request, Officer: w.b.Officer()}
	}
	hold := act.HoldStep{Common: w.b.Common(), Release: received.Act, Reason: "proceedings", Officer: w.b.Officer()}
	for name, payload := range map[string]act.Payload{
		"hold.lift":         &act.HoldLift{HoldStep: hold},
		"item.acknowledge":  &act.ItemAcknowledge{Common: w.b.Common(), Release: received.Act, Restrictions: w.b.Terms(t, received.Act), Officer: w.b.Officer()},
		"item.report-use":   &act.ItemReportUse{Common: w.b.Common(), Release: received.Act, Purposes: []string{"detection"}, Outcome: "useful", Officer: w.b.Officer()},
		"item.attest":       &act.ItemAttest{Common: w.b.Common(), Release: received.Act, Statement: "destroyed", Officer: w.b.Officer()},
		"notice.disclosure": &act.NoticeDisclosure{Common: w.b.Common(), Release: received.Act, Cause: "compelled", Advance: true, Disclosure: canonical.At(time.Now()), Officer: w.b.Officer()},
		"notice.breach":     &act.NoticeBreach{Common: w.b.Common(), Agreement: w.ref, Class: "loss-of-copy", Discovered: canonical.At(time.Now()), Officer: w.b.Officer()},
		"item.cannot-comply": &act.ItemCannotComply{
			Common: w.b.Common(), Release: received.Act, Restrictions: w.b.Terms(t, received.Act), Axis: "purposes", Reason: "domestic-law", Officer: w.b.Officer(),
		},
		"item.restrict":    w.b.Restriction(t, w.b.State.Release(own.Act).Item.ID, restriction.Set{"accessForm": {"view-only"}}),
		"consent.withdraw": &act.ConsentWithdraw{ConsentAnswer: answer(first.Act)},
	} {
		t.Log(name)
		w.act(t, w.b, payload)
	}
	for _, payload := range []act.Payload{
		&act.AgreementDecline{AgreementStep: w.b.Reasoned(t, open, "other")},
		&act.AgreementRetract{AgreementStep: w.b.Step(t, mine)},
		&act.AgreementSuspendParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: w.b.Reasoned(t, w.ref, "other"), Agency: "agencyb"}},
	} {
		w.b.Submit(t, act.OfficerSign, payload)
	}

	refused := func(purpose act.Purpose, payload act.Payload) {
		t.Helper()
		_, err := w.b.Client.Submit(t.Context(), w.b.SignAct(t, purpose, payload))
		wantCode(t, err, "agency_suspended", 403)
	}
	refused(act.DeskSign, &act.ConsentGrant{ConsentAnswer: answer(second.Act)})
	refused(act.DeskSign, ask(w.b, received.Act))
	refused(act.OfficerSign, &act.AgreementResumeParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: w.b.Reasoned(t, w.ref, "over"), Agency: "agencyb"}})
	refused(act.OfficerSign, &act.AgreementInvite{AgreementStep: w.b.Step(t, w.ref), Agency: "agencyd"})
	refused(act.OfficerSign, &act.AgreementReview{AgreementStep: w.b.Step(t, w.ref)})
	w.act(t, w.b, &act.ConsentRefuse{ConsentAnswer: answer(second.Act)})
	w.Verify(t)
}
