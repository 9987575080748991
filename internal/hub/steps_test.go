package hub_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// wantClause is wantCode with the clause that the refusal has to name.
func wantClause(t *testing.T, err error, code string, status int, clause string) {
	t.Helper()
	wantCode(t, err, code, status)
	var refused *hubclient.Error
	if errors.As(err, &refused) && !strings.Contains(refused.Detail, clause) {
		t.Errorf("%s says %q and not %s", code, refused.Detail, clause)
	}
}

// stage is one way in which an agreement can stand when a step is tried.
type stage struct {
	*hubtest.Hub
	clock      *hubtest.Clock
	a, b, c, d *hubtest.Agency
	document   *agreement.Document
	ref        act.AgreementRef
}

func newStage(t *testing.T, change func(*agreement.Document)) *stage {
	t.Helper()
	clock := hubtest.NewClock()
	h := hubtest.Start(t, hubtest.Options{Clock: clock})
	s := &stage{Hub: h, clock: clock, a: h.Enrol(t, "agencya"), b: h.Enrol(t, "agencyb"), c: h.Enrol(t, "agencyc"), d: h.Enrol(t, "agencyd")}
	s.document = h.WholeDocument(s.a, s.b, s.c)
	if change != nil {
		change(s.document)
	}
	s.ref = s.a.Propose(t, s.document)
	return s
}

func (s *stage) signAll(t *testing.T) {
	t.Helper()
	for _, party := range []*hubtest.Agency{s.a, s.b, s.c} {
		party.Sign(t, s.ref)
	}
}

func (s *stage) try(t *testing.T, who *hubtest.Agency, payload act.Payload) error {
	t.Helper()
	_, err := who.Client.Submit(t.Context(), who.SignAct(t, act.OfficerSign, payload))
	return err
}

func (s *stage) counter(t *testing.T) *agreement.Document {
	t.Helper()
	second := s.WholeDocument(s.a, s.b, s.c)
	second.ID, second.Revision, second.Supersedes, second.Reference = s.document.ID, 2, s.ref.Digest, "AG-COUNTER"
	return second
}

// Every step that an agreement does not allow is refused with the clause that
// forbids it, and changes nothing.
func TestAStepThatTheAgreementForbidsIsRefusedWithItsClause(t *testing.T) {
	t.Parallel()
	party := func(s *stage, who *hubtest.Agency, reason string, about act.AgencyName) act.AgreementPartyStep {
		return act.AgreementPartyStep{AgreementStep: who.Reasoned(t, s.ref, reason), Agency: about}
	}
	for name, c := range map[string]struct {
		change func(*agreement.Document)
		before func(*testing.T, *stage)
		step   func(*testing.T, *stage) error
		code   string
		status int
		clause string
	}{
		"sign a proposal that was taken back": {before: func(t *testing.T, s *stage) {
			s.a.Submit(t, act.OfficerSign, &act.AgreementRetract{AgreementStep: s.a.Step(t, s.ref)})
		}, step: func(t *testing.T, s *stage) error {
			return s.try(t, s.b, &act.AgreementSign{AgreementStep: s.b.Step(t, s.ref)})
		}, code: "agreement_retracted", status: 409},
		"sign what another's declining has ended": {before: func(t *testing.T, s *stage) {
			s.b.Submit(t, act.OfficerSign, &act.AgreementDecline{AgreementStep: s.b.Reasoned(t, s.ref, "other")})
		}, step: func(t *testing.T, s *stage) error {
			return s.try(t, s.c, &act.AgreementSign{AgreementStep: s.c.Step(t, s.ref)})
		}, code: "agreement_declined", status: 409, clause: "/entryIntoForce"},
		"sign after declining": {change: func(d *agreement.Document) {
			d.EntryIntoForce.Rule, d.EntryIntoForce.Count = "n-signed", 2
		}, before: func(t *testing.T, s *stage) {
			s.b.Submit(t, act.OfficerSign, &act.AgreementDecline{AgreementStep: s.b.Reasoned(t, s.ref, "other")})
		}, step: func(t *testing.T, s *stage) error {
			return s.try(t, s.b, &act.AgreementSign{AgreementStep: s.b.Step(t, s.ref)})
		}, code: "agreement_declined", status: 409},
		"sign what was countered": {before: func(t *testing.T, s *stage) { s.b.Propose(t, s.counter(t)) }, step: func(t *testing.T, s *stage) error {
			return s.try(t, s.c, &act.AgreementSign{AgreementStep: s.c.Step(t, s.ref)})
		}, code: "agreement_countered", status: 409},
		"sign when the time to sign is over": {
			change: func(d *agreement.Document) { d.SignBy = canonical.At(time.Now().Add(24 * time.Hour)) },
			before: func(_ *testing.T, s *stage) { s.clock.Pass(25 * time.Hour) },
			step: func(t *testing.T, s *stage) error {
				return s.try(t, s.b, &act.AgreementSign{AgreementStep: s.b.Step(t, s.ref)})
			}, code: "agreement_proposal_expired", status: 409, clause: "/signBy",
		},
		"sign when the office's authority is over": {
			change: func(d *agreement.Document) {
				d.Parties[1].Authority.Until = canonical.At(time.Now().Add(24 * time.Hour))
			},
			before: func(_ *testing.T, s *stage) { s.clock.Pass(25 * time.Hour) },
			step: func(t *testing.T, s *stage) error {
				return s.try(t, s.b, &act.AgreementSign{AgreementStep: s.b.Step(t, s.ref)})
			}, code: "authority_lapsed", status: 403, clause: "/parties/authority",
		},
		"decline what is complete": {before: func(t *testing.T, s *stage) { s.signAll(t) }, step: func(t *testing.T, s *stage) error {
			return s.try(t, s.b, &act.AgreementDecline{AgreementStep: s.b.Reasoned(t, s.ref, "other")})
		}, code: "agreement_complete", status: 409, clause: "/entryIntoForce"},
		"take back what another proposed": {step: func(t *testing.T, s *stage) error {
			return s.try(t, s.b, &act.AgreementRetract{AgreementStep: s.b.Step(t, s.ref)})
		}, code: "agreement_not_proposer", status: 403},
		"suspend another where each suspends itself only": {
			change: func(d *agreement.Document) { d.Suspension.Parties, d.Suspension.Grounds = "itself", nil },
			before: func(t *testing.T, s *stage) { s.signAll(t) },
			step: func(t *testing.T, s *stage) error {
				return s.try(t, s.a, &act.AgreementSuspendParty{AgreementPartyStep: party(s, s.a, "breach", "agencyb")})
			}, code: "suspension_not_allowed", status: 403, clause: "/suspension/parties",
		},
		"suspend another for what is no ground": {before: func(t *testing.T, s *stage) { s.signAll(t) }, step: func(t *testing.T, s *stage) error {
			return s.try(t, s.a, &act.AgreementSuspendParty{AgreementPartyStep: party(s, s.a, "dislike", "agencyb")})
		}, code: "suspension_not_allowed", status: 403, clause: "/suspension/grounds"},
		"resume whom another suspended": {before: func(t *testing.T, s *stage) {
			s.signAll(t)
			s.a.Submit(t, act.OfficerSign, &act.AgreementSuspendParty{AgreementPartyStep: party(s, s.a, "breach", "agencyb")})
		}, step: func(t *testing.T, s *stage) error {
			return s.try(t, s.b, &act.AgreementResumeParty{AgreementPartyStep: party(s, s.b, "over", "agencyb")})
		}, code: "agreement_not_suspended", status: 409},
		"review before it is complete": {step: func(t *testing.T, s *stage) error {
			s.b.Sign(t, s.ref)
			return s.try(t, s.b, &act.AgreementReview{AgreementStep: s.b.Step(t, s.ref)})
		}, code: "agreement_not_complete", status: 409, clause: "/entryIntoForce"},
		"invite to a closed agreement": {
			change: func(d *agreement.Document) { d.Accession, d.AccessionRule = "closed", nil },
			before: func(t *testing.T, s *stage) { s.signAll(t) },
			step: func(t *testing.T, s *stage) error {
				return s.try(t, s.a, &act.AgreementInvite{AgreementStep: s.a.Step(t, s.ref), Agency: "agencyd"})
			}, code: "agreement_not_open", status: 403, clause: "/accession",
		},
		"invite a party": {before: func(t *testing.T, s *stage) { s.signAll(t) }, step: func(t *testing.T, s *stage) error {
			return s.try(t, s.a, &act.AgreementInvite{AgreementStep: s.a.Step(t, s.ref), Agency: "agencyb"})
		}, code: "agreement_invited", status: 409},
		"accede uninvited, as a party": {before: func(t *testing.T, s *stage) { s.signAll(t) }, step: func(t *testing.T, s *stage) error {
			return s.try(t, s.b, &act.AgreementAccede{AgreementStep: s.b.Step(t, s.ref), Commitment: "{}", Party: "{}"})
		}, code: "agreement_not_invited", status: 403, clause: "/accession"},
		"accede while it is suspended": {before: func(t *testing.T, s *stage) {
			s.signAll(t)
			s.a.Invite(t, s.ref, s.d)
			s.b.Submit(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: s.b.Step(t, s.ref)})
		}, step: func(t *testing.T, s *stage) error {
			return s.try(t, s.d, &act.AgreementAccede{AgreementStep: s.d.Step(t, s.ref), Commitment: "{}", Party: "{}"})
		}, code: "agreement_not_in_force", status: 409, clause: "/suspension"},
		"accede as nobody": {before: func(t *testing.T, s *stage) {
			s.signAll(t)
			s.a.Invite(t, s.ref, s.d)
		}, step: func(t *testing.T, s *stage) error {
			return s.try(t, s.d, &act.AgreementAccede{AgreementStep: s.d.Step(t, s.ref), Commitment: "{}", Party: "not canonical"})
		}, code: "document_malformed", status: 422},
		"accede without saying what it gives": {before: func(t *testing.T, s *stage) {
			s.signAll(t)
			s.a.Invite(t, s.ref, s.d)
		}, step: func(t *testing.T, s *stage) error {
			accession := s.d.Accession(t, s.ref)
			accession.Commitment = `{"give":["bulletin"],"party":"agencyd"}`
			return s.try(t, s.d, accession)
		}, code: "commitment_malformed", status: 422, clause: "/receive"},
		"accede with another's commitment": {before: func(t *testing.T, s *stage) {
			s.signAll(t)
			s.a.Invite(t, s.ref, s.d)
		}, step: func(t *testing.T, s *stage) error {
			accession := s.d.Accession(t, s.ref)
			accession.Commitment = agreementtest.Committed("agencya")
			return s.try(t, s.d, accession)
		}, code: "clause_names_no_party", status: 422, clause: "/party"},
		"review what asks for no review": {step: func(t *testing.T, s *stage) error {
			ref := s.Agree(t, s.Document(s.a, s.b), s.a, s.b)
			return s.try(t, s.b, &act.AgreementReview{AgreementStep: s.b.Step(t, ref)})
		}, code: "review_not_agreed", status: 422, clause: "/review"},
		"countersign what is not there": {before: func(t *testing.T, s *stage) { s.signAll(t) }, step: func(t *testing.T, s *stage) error {
			return s.try(t, s.a, &act.AgreementCountersign{AgreementStep: s.a.Step(t, s.ref), Accession: act.ID(strings.Repeat("A", 43))})
		}, code: "accession_unknown", status: 422},
		"countersign instead of the depositary": {
			change: func(d *agreement.Document) {
				d.AccessionRule = &agreement.AccessionRule{Rule: "depositary", Depositary: "agencya"}
			},
			before: func(t *testing.T, s *stage) { s.signAll(t); s.a.Invite(t, s.ref, s.d) },
			step: func(t *testing.T, s *stage) error {
				accession := s.d.Accede(t, s.ref)
				return s.try(t, s.b, &act.AgreementCountersign{AgreementStep: s.b.Step(t, s.ref), Accession: accession.Act})
			}, code: "accession_depositary", status: 403, clause: "/accessionRule/depositary",
		},
		"countersign what is accepted": {
			change: func(d *agreement.Document) { d.AccessionRule = &agreement.AccessionRule{Rule: "majority"} },
			before: func(t *testing.T, s *stage) { s.signAll(t); s.a.Invite(t, s.ref, s.d) },
			step: func(t *testing.T, s *stage) error {
				accession := s.d.Accede(t, s.ref)
				s.a.Countersign(t, s.ref, accession.Act)
				s.b.Countersign(t, s.ref, accession.Act)
				return s.try(t, s.c, &act.AgreementCountersign{AgreementStep: s.c.Step(t, s.ref), Accession: accession.Act})
			}, code: "accession_accepted", status: 409,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c.change)
			if c.before != nil {
				c.before(t, s)
			}
			wantClause(t, c.step(t, s), c.code, c.status, c.clause)
			s.Verify(t)
		})
	}
}

// What a receiver answers and asks is held against what it received and against
// the time.
func TestAnAnswerThatFitsNothingIsRefused(t *testing.T) {
	t.Parallel()
	clock := hubtest.NewClock()
	w := newWhole(t, hubtest.Options{Clock: clock})
	released := w.a.Release(t, w.ref, "content", w.b)
	w.b.Read(t, released.Act)
	try := func(who *hubtest.Agency, payload act.Payload) error {
		_, err := who.Client.Submit(t.Context(), who.SignAct(t, act.DeskSign, payload))
		return err
	}
	hold := func() act.HoldStep {
		return act.HoldStep{Common: w.b.Common(), Release: released.Act, Reason: "proceedings", Officer: w.b.Officer()}
	}
	ask := func(who *hubtest.Agency, until time.Duration) *act.ConsentRequest {
		return &act.ConsentRequest{
			Common: who.Common(), Release: released.Act, Use: "judicial-use", Purpose: "detection", Until: canonical.At(clock.Now().Add(until)), Officer: who.Officer(),
		}
	}
	answer := func(who *hubtest.Agency, request act.ID) act.ConsentAnswer {
		return act.ConsentAnswer{Common: who.Common(), Request: request, Officer: who.Officer()}
	}
	late := w.a.Restriction(t, w.item(t, released.Act), restriction.Set{"accessForm": {"print"}})
	late.Acknowledge = canonical.At(clock.Now().Add(-time.Minute))
	wantCode(t, try(w.a, late), "acknowledge_by_passed", 422)
	wantCode(t, try(w.a, &act.ItemCannotComply{
		Common: w.a.Common(), Release: released.Act, Restrictions: w.a.Terms(t, released.Act), Axis: "purposes", Reason: "other", Officer: w.a.Officer(),
	}), "own_release", 422)
	wantCode(t, try(w.a, ask(w.a, time.Hour)), "own_release", 422)
	wantCode(t, try(w.b, &act.HoldLift{HoldStep: hold()}), "hold_unchanged", 409)
	w.act(t, w.b, &act.HoldPlace{HoldStep: hold()})
	wantCode(t, try(w.b, &act.HoldPlace{HoldStep: hold()}), "hold_unchanged", 409)
	wantClause(t, try(w.b, &act.ItemAttest{
		Common: w.b.Common(), Release: released.Act, Statement: "retained-under-terms", Officer: w.b.Officer(),
	}), "retention_not_agreed", 422, "/termination/effect")

	wantCode(t, try(w.b, ask(w.b, -time.Minute)), "consent_until_passed", 422)
	asked := w.act(t, w.b, ask(w.b, 1000*time.Hour))
	wantCode(t, try(w.a, &act.ConsentWithdraw{ConsentAnswer: answer(w.a, asked.Act)}), "consent_not_granted", 409)
	wantCode(t, try(w.b, &act.ConsentGrant{ConsentAnswer: answer(w.b, asked.Act)}), "not_found", 404)
	w.act(t, w.a, &act.ConsentRefuse{ConsentAnswer: answer(w.a, asked.Act)})
	wantCode(t, try(w.a, &act.ConsentGrant{ConsentAnswer: answer(w.a, asked.Act)}), "consent_answered", 409)
	again := w.act(t, w.b, ask(w.b, 1000*time.Hour))
	clock.Pass(72 * time.Hour) // silence was no, exactly now
	wantClause(t, try(w.a, &act.ConsentGrant{ConsentAnswer: answer(w.a, again.Act)}), "consent_lapsed", 409, "/onwardDisclosure/consentTimeoutHours")

	// Who has received nothing has nothing to answer.
	for _, payload := range []act.Payload{
		&act.ItemReportUse{Common: w.c.Common(), Release: released.Act, Purposes: []string{"detection"}, Outcome: "useful", Officer: w.c.Officer()},
		ask(w.c, time.Hour),
	} {
		wantCode(t, try(w.c, payload), "not_found", 404)
	}
	w.Verify(t)
}
