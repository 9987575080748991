package desk

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

const aDay = 24 * time.Hour

func (l *life) shown(by act.AgencyName, after time.Duration) deskapi.Agreement {
	d := &Desk{Options: Options{Agency: by}}
	return d.describeAgreement(l.State, l.State.Revision(l.digest), l.Now.Add(after))
}

// What a desk shows of each party is what the ledger has of it at that moment, also
// before a notice is over and after a suspension has ended by itself.
func TestEachPartyIsShownAsItStands(t *testing.T) {
	l := newLife(t, func(d *agreement.Document) {
		d.Suspension = &agreement.Suspension{
			Parties: "any-party", Grounds: []string{"breach", "safety"}, NoticeDays: 5, Urgent: []string{}, MaxDays: 10, Reading: "stop",
		}
		d.Parties[2].Authority.Until = at(ledgertest.Start.Add(20 * aDay))
		d.Review = &agreement.Review{IntervalDays: 12, OnOverdue: "freeze-new"}
		d.Termination.NoticeDays = 30
	})
	l.signAll()
	complete := l.Now
	l.take("alpha", &act.AgreementSuspendParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: l.step("alpha"), Agency: "beta"}})
	stopped := l.Now
	l.take("gamma", &act.AgreementWithdraw{AgreementStep: l.step("gamma")})
	left := l.Now

	for _, row := range []struct {
		name   string
		after  time.Duration
		state  string
		bites  []bool // of the suspensions of beta that are shown
		review bool
		lapsed bool
	}{
		{"during the notice", 0, "in-force", []bool{false}, false, false},
		{"when it bites", 5 * aDay, "in-force", []bool{true}, false, false},
		{"when a review is overdue", 13 * aDay, "review-overdue", []bool{true}, true, false},
		{"when it has ended by itself", 15 * aDay, "review-overdue", nil, true, false},
		{"when an authority has ended", 21 * aDay, "review-overdue", nil, true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := l.shown("alpha", row.after)
			if got.State != row.state || got.Review.Overdue != row.review || !got.Review.Due.Equal(complete.Add(12*aDay)) {
				t.Errorf("state %q, review %+v", got.State, got.Review)
			}
			var bites []bool
			for _, one := range got.Standings[1].Suspensions {
				bites = append(bites, one.Bites)
				if one.By != "alpha" || !one.From.Equal(stopped.Add(5*aDay)) || !one.Until.Equal(stopped.Add(15*aDay)) {
					t.Errorf("the suspension is %+v", one)
				}
			}
			if diff := cmp.Diff(row.bites, bites); diff != "" {
				t.Errorf("suspensions of beta (-want +got):\n%s", diff)
			}
			gamma := got.Standings[2]
			if !gamma.WithdrawnFrom.Equal(left.Add(30*aDay)) || gamma.AuthorityLapsed != row.lapsed || gamma.AuthorityUntil.IsZero() {
				t.Errorf("gamma is shown as %+v", gamma)
			}
		})
	}
}

// The list says who made the state what it is, and since when; what a day alone made
// is nobody's act.
func TestTheListSaysWhoMadeTheStateWhatItIs(t *testing.T) {
	summary := func(l *life, after time.Duration) deskapi.AgreementSummary {
		return l.shown("alpha", after).AgreementSummary
	}
	l := newLife(t, func(d *agreement.Document) { d.Review = &agreement.Review{IntervalDays: 12, OnOverdue: "suspend"} })
	if got := summary(l, 0); got.State != "proposed" || got.SinceBy != "alpha" || !got.Since.Equal(l.State.Revision(l.digest).Proposed.Time) {
		t.Errorf("proposed: %+v", got)
	}
	l.signAll()
	complete := l.Now
	if got := summary(l, 0); got.State != "in-force" || got.SinceBy != "gamma" || !got.Since.Equal(complete) || got.NextState != "suspended" ||
		got.NextClause != "/review/onOverdue" || !got.NextChange.Equal(complete.Add(12*aDay)) {
		t.Errorf("in force: %+v", got)
	}
	if got := summary(l, 12*aDay); got.State != "suspended" || got.SinceBy != "" || got.SinceAct != "" || got.Clause != "/review/onOverdue" ||
		!got.Since.Equal(complete.Add(12*aDay)) {
		t.Errorf("overdue: %+v", got)
	}
	id := l.take("beta", &act.AgreementSuspend{AgreementStep: l.step("beta")})
	if got := summary(l, 0); got.State != "suspended" || got.SinceBy != "beta" || got.SinceAct != string(id) || got.Clause != "/suspension" || !got.Since.Equal(l.Now) {
		t.Errorf("suspended: %+v", got)
	}
}

// An agency that is only invited sees the invitation and not the parties' state,
// and nobody else sees anything.
func TestAnInvitationIsAllThatAnInvitedAgencySees(t *testing.T) {
	l := newLife(t, nil)
	l.signAll()
	delta, other := &Desk{Options: Options{Agency: "delta"}}, &Desk{Options: Options{Agency: "epsilon"}}
	revision := l.State.Revision(l.digest)
	if delta.knows(revision) {
		t.Fatal("an agency that nobody invited knows the agreement")
	}
	l.take("beta", &act.AgreementInvite{AgreementStep: l.step("beta"), Agency: "delta"})
	if !delta.knows(revision) || other.knows(revision) {
		t.Error("the wrong agency was invited")
	}
	got := l.shown("delta", 0)
	if got.State != "invited" || got.Clause != "/accession" || !got.Since.Equal(l.Now) || got.NextState != "" {
		t.Errorf("shown: %+v", got.AgreementSummary)
	}
	party := agreementtest.PartyV2("delta")
	raw, err := party.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	accession := l.take("delta", &act.AgreementAccede{AgreementStep: l.step("delta"), Commitment: agreementtest.Committed("delta"), Party: string(raw)})
	for i, who := range []act.AgencyName{"alpha", "beta", "gamma"} {
		if got := l.shown("delta", 0); got.State != "invited" || len(got.Accessions[0].Countersigned) != i || got.Accessions[0].Accepted {
			t.Errorf("after %d countersignatures: %q, %+v", i, got.State, got.Accessions)
		}
		l.take(who, &act.AgreementCountersign{AgreementStep: l.step(who), Accession: accession})
	}
	got = l.shown("delta", 0)
	if got.State != "in-force" || !got.Accessions[0].Accepted || got.Standings[3].Joined == 0 || got.Standings[3].Revision != 1 || len(got.Invited) != 0 {
		t.Errorf("after the accession: %+v", got)
	}
}
