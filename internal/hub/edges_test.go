package hub_test

import (
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// edge is a moment at which time alone gives or takes a right.
type edge struct {
	change func(*agreement.Document)
	asked  restriction.Set
	open   bool   // the right is to open; else to release
	gives  bool   // the right begins at the moment; else it ends
	reason string // for which it is denied on the other side
}

// Every window bites exactly at its edge: a millisecond before, at it, and a
// millisecond after, as the hub admits and not as anybody's clock says.
func TestEveryWindowBitesExactlyAtItsEdge(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func(canonical.Time) edge{
		"the agreement expires": func(m canonical.Time) edge {
			return edge{change: func(d *agreement.Document) { d.Expires = m }, open: true, reason: "policy_agreement_expired"}
		},
		"the agreement begins": func(m canonical.Time) edge {
			return edge{change: func(d *agreement.Document) { d.EntryIntoForce.NotBefore = m }, gives: true, reason: "policy_agreement_not_yet"}
		},
		"an office's authority ends": func(m canonical.Time) edge {
			return edge{change: func(d *agreement.Document) { d.Parties[0].Authority.Until = m }, reason: "policy_authority_lapsed"}
		},
		"a release expires": func(m canonical.Time) edge {
			return edge{asked: restriction.Set{"expires": {m.String()}}, open: true, reason: "policy_restriction_forbids"}
		},
		"a release is not to be opened before": func(m canonical.Time) edge {
			return edge{asked: restriction.Set{"notBefore": {m.String()}}, open: true, gives: true, reason: "policy_restriction_forbids"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := hubtest.NewClock()
			m := canonical.At(clock.Now().Truncate(time.Second).Add(48 * time.Hour))
			tryEdge(t, clock, func(*testing.T, *whole) time.Time { return m.Time }, of(m))
		})
	}
	// The entry's time counts, not the signer's.
	after := func(t *testing.T, who *hubtest.Agency, payload act.Payload, wait time.Duration) time.Time {
		taken, err := time.Parse(time.RFC3339, who.Submit(t, act.OfficerSign, payload).Time)
		if err != nil {
			t.Error(err)
		}
		return taken.Add(wait)
	}
	for name, c := range map[string]struct {
		edge
		moment func(*testing.T, *whole) time.Time
	}{
		"a suspension's notice is over": {
			edge{change: func(d *agreement.Document) { d.Suspension.NoticeDays, d.Suspension.MaxDays = 1, 3 }, open: true, reason: "policy_agreement_suspended"},
			func(t *testing.T, w *whole) time.Time {
				return after(t, w.b, &act.AgreementSuspend{AgreementStep: w.b.Step(t, w.ref)}, 24*time.Hour)
			},
		},
		"a suspension ends by itself": {
			edge{change: func(d *agreement.Document) { d.Suspension.MaxDays = 3 }, open: true, gives: true, reason: "policy_agreement_suspended"},
			func(t *testing.T, w *whole) time.Time {
				return after(t, w.b, &act.AgreementSuspend{AgreementStep: w.b.Step(t, w.ref)}, 72*time.Hour)
			},
		},
		"a party's suspension bites after its notice": {
			edge{change: func(d *agreement.Document) { d.Suspension.NoticeDays = 1 }, open: true, reason: "policy_party_suspended"},
			func(t *testing.T, w *whole) time.Time {
				return after(t, w.a, &act.AgreementSuspendParty{AgreementPartyStep: act.AgreementPartyStep{
					AgreementStep: w.a.Reasoned(t, w.ref, "breach"), Agency: "agencyb",
				}}, 24*time.Hour)
			},
		},
		"a withdrawal's notice is over": {
			edge{change: func(d *agreement.Document) { d.Termination.NoticeDays = 2 }, open: true, reason: "policy_agreement_withdrawn"},
			func(t *testing.T, w *whole) time.Time {
				return after(t, w.b, &act.AgreementWithdraw{AgreementStep: w.b.Step(t, w.ref)}, 48*time.Hour)
			},
		},
		"a termination's notice is over": {
			edge{change: func(d *agreement.Document) { d.Termination.NoticeDays = 2 }, open: true, reason: "policy_agreement_terminated"},
			func(t *testing.T, w *whole) time.Time {
				return after(t, w.c, &act.AgreementTerminate{AgreementStep: w.c.Step(t, w.ref)}, 48*time.Hour)
			},
		},
		"a review is overdue": {
			edge{change: func(d *agreement.Document) { d.Review = &agreement.Review{IntervalDays: 2, OnOverdue: "freeze-new"} }, reason: "policy_review_overdue"},
			func(t *testing.T, w *whole) time.Time {
				return after(t, w.b, &act.AgreementReview{AgreementStep: w.b.Step(t, w.ref)}, 48*time.Hour)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := hubtest.NewClock()
			tryEdge(t, clock, c.moment, c.edge)
		})
	}
}

func tryEdge(t *testing.T, clock *hubtest.Clock, momentOf func(*testing.T, *whole) time.Time, e edge) {
	t.Helper()
	h := hubtest.Start(t, hubtest.Options{Clock: clock})
	w := &whole{Hub: h, a: h.Enrol(t, "agencya"), b: h.Enrol(t, "agencyb"), c: h.Enrol(t, "agencyc")}
	document := h.WholeDocument(w.a, w.b, w.c)
	if e.change != nil {
		e.change(document)
	}
	w.ref = w.a.Propose(t, document)
	for _, party := range []*hubtest.Agency{w.a, w.b, w.c} {
		party.Sign(t, w.ref)
	}
	var release act.ID
	if e.open {
		item := w.a.Seal(t, w.ref, "content", w.b)
		for axis, terms := range e.asked {
			item.Payload.Restrictions[axis] = terms
		}
		w.a.Upload(t, item)
		done, err := w.a.Client.Release(t.Context(), w.a.Request(t, item))
		if err != nil {
			t.Fatal(err)
		}
		release = done.Act
	}
	moment := momentOf(t, w)
	for _, offset := range []time.Duration{-time.Millisecond, 0, time.Millisecond} {
		clock.Pass(moment.Add(offset).Sub(clock.Now().Truncate(time.Millisecond)))
		var err error
		if e.open {
			_, err = w.b.Open(t, release)
		} else {
			item := w.a.Seal(t, w.ref, "content", w.b)
			w.a.Upload(t, item)
			_, err = w.a.Client.Release(t.Context(), w.a.Request(t, item))
		}
		may := (offset >= 0) == e.gives
		switch {
		case may && err != nil:
			t.Errorf("%v from the moment: %v", offset, err)
		case !may && e.open:
			wantDenied(t, err, e.reason)
		case !may:
			wantCode(t, err, "release_denied", 403)
		}
	}
	w.Verify(t)
}
