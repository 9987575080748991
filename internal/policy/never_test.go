package policy_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

func (l *lives) restrict(release act.ID, set restriction.Set, to ...act.AgencyName) {
	l.t.Helper()
	r := l.State.Release(release)
	l.by("alpha", act.DeskSign, &act.ItemRestrict{
		Common: l.Common("alpha"), Officer: ledgertest.Officer("alpha", 1), Reason: "safety", Item: r.Item.ID, Version: r.Version,
		For: to, Restrictions: set, Acknowledge: canonical.At(l.Now.Add(aDay).Truncate(time.Second)),
	})
}

func (l *lives) cannot(agency act.AgencyName, release act.ID) {
	l.t.Helper()
	l.decided(agency, release, policy.ToDeliver, "")
	l.by(agency, act.DeskSign, &act.ItemCannotComply{
		Common: l.Common(agency), Officer: ledgertest.Officer(agency, 1), Release: release,
		Restrictions: l.State.Release(release).Terms(agency).Digest, Axis: "retentionDays", Reason: "technical",
	})
}

func (l *lives) revision(release act.ID) string { return l.State.Release(release).Revision.Digest }

func (l *lives) steps(kind act.Kind, release act.ID, parties ...act.AgencyName) {
	l.t.Helper()
	for _, party := range parties {
		if _, err := l.Step(party, kind, l.revision(release)); err != nil {
			l.t.Fatal(err)
		}
	}
}

func retaining(d *agreement.Document) { d.Termination.Effect = "retain-under-terms" }

func destroying(d *agreement.Document) { d.Termination.Effect = "destroy" }

func observing(d *agreement.Document) {
	d.Parties[1].Role = agreement.Observer
	d.Commitments[1].Give, d.Commitments[1].Receive = nil, []string{"bulletin"}
}

// next proposes a later revision of the release's agreement.
func (l *lives) next(release act.ID, changes ...func(*agreement.Document)) string {
	last := l.State.Release(release).Revision
	document := *last.Document
	document.Revision, document.Supersedes = last.Document.Revision+1, last.Digest
	document.Expires = canonical.At(document.Expires.AddDate(1, 0, 0))
	for _, change := range changes {
		change(&document)
	}
	return l.propose("alpha", &document)
}

// terminatedBeforeItBegins agrees on a revision that begins a month after the
// release's own has ended, and terminates it at once.
func (l *lives) terminatedBeforeItBegins(release act.ID) (begins time.Time) {
	begins = l.State.Release(release).Revision.Document.End().Add(30 * aDay)
	next := l.next(release, func(d *agreement.Document) { d.EntryIntoForce.NotBefore = canonical.At(begins) })
	l.sign(next, "alpha", "beta", "gamma")
	l.by("beta", act.OfficerSign, &act.AgreementTerminate{AgreementStep: l.step("beta", next)})
	return begins
}

func TestWhatNobodyOpensAgain(t *testing.T) {
	both := []act.AgencyName{"alpha", "beta", "gamma"}
	end := func(l *lives, release act.ID) { l.Now = l.State.Release(release).Revision.Document.End() }
	for name, test := range map[string]struct {
		change    func(*agreement.Document)
		described []act.AgencyName
		happens   func(*lives, act.ID)
		want      policy.Gone // the zero value: it is kept
	}{
		"nothing happens": {happens: func(*lives, act.ID) {}},
		"it is retracted": {happens: func(l *lives, r act.ID) {
			l.by("alpha", act.DeskSign, &act.ItemRetract{Common: l.Common("alpha"), Officer: ledgertest.Officer("alpha", 1), Item: ledgertest.ItemID(1), Reason: "error"})
		}, want: policy.Gone{Reason: policy.GoneRetracted, Cover: true}},
		"it is recalled":           {happens: func(l *lives, r act.ID) { l.restrict(r, restriction.Set{"recall": {"recalled"}}) }, want: policy.Gone{Reason: policy.GoneRecalled, Cover: true}},
		"it is recalled from one":  {happens: func(l *lives, r act.ID) { l.restrict(r, restriction.Set{"recall": {"recalled"}}, "beta") }},
		"it is recalled from each": {happens: func(l *lives, r act.ID) { l.restrict(r, restriction.Set{"recall": {"recalled"}}, "beta", "gamma") }, want: policy.Gone{Reason: policy.GoneRecalled, Cover: true}},
		"it has been taken from both": {happens: func(l *lives, r act.ID) {
			l.restrict(r, restriction.Set{"recall": {"recalled"}}, "beta")
			l.cannot("gamma", r)
		}, want: policy.Gone{Reason: policy.GoneReaders, Cover: true}},
		"it goes to others only": {happens: func(l *lives, r act.ID) { l.restrict(r, restriction.Set{"recipients": {"delta"}}) }, want: policy.Gone{Reason: policy.GoneReaders, Cover: true}},
		"its last moment has passed": {happens: func(l *lives, r act.ID) {
			l.restrict(r, restriction.Set{"expires": {"2026-11-23T00:00:00Z"}})
			l.Now = l.Now.Add(3 * aDay)
		}, want: policy.Gone{Reason: policy.GoneExpired, Cover: true}},
		"its last moment comes": {happens: func(l *lives, r act.ID) { l.restrict(r, restriction.Set{"expires": {"2026-11-23T00:00:00Z"}}) }},
		"the originator is to look": {happens: func(l *lives, r act.ID) {
			l.restrict(r, restriction.Set{"reviewBy": {"2026-11-23T00:00:00Z"}})
			l.Now = l.Now.Add(3 * aDay)
		}},
		"the agreement expires":            {change: destroying, happens: end, want: policy.Gone{Reason: policy.GoneEnded, Cover: true}},
		"what was read is to be destroyed": {change: destroying, happens: func(l *lives, r act.ID) { l.read("gamma", r); end(l, r) }, want: policy.Gone{Reason: policy.GoneEnded, Cover: true}},
		"the next text ended before it begins": {change: destroying, happens: func(l *lives, r act.ID) {
			l.Now = l.terminatedBeforeItBegins(r).Add(-time.Minute)
		}},
		"the next text has begun and had ended before": {change: destroying, happens: func(l *lives, r act.ID) {
			l.Now = l.terminatedBeforeItBegins(r)
		}, want: policy.Gone{Reason: policy.GoneEnded, Cover: true}},
		"the agreement renews itself": {change: func(d *agreement.Document) {
			destroying(d)
			d.Renewal = &agreement.Renewal{Mode: "automatic", Days: 30, Times: 1}
		}, happens: func(l *lives, r act.ID) { l.Now = l.State.Release(r).Revision.Document.Expires.Time }},
		"it is terminated": {change: destroying, happens: func(l *lives, r act.ID) {
			l.steps(act.AgreementTerminateKind, r, "beta")
			l.Now = l.Now.Add(100 * aDay)
		}, want: policy.Gone{Reason: policy.GoneEnded, Cover: true}},
		"notice is given":  {change: func(d *agreement.Document) { destroying(d); d.Termination.NoticeDays = 30 }, happens: func(l *lives, r act.ID) { l.steps(act.AgreementTerminateKind, r, "beta") }},
		"one party leaves": {change: destroying, happens: func(l *lives, r act.ID) { l.steps(act.AgreementWithdrawKind, r, "beta"); l.Now = l.Now.Add(100 * aDay) }},
		"two parties give notice": {change: func(d *agreement.Document) { destroying(d); d.Termination.NoticeDays = 30 }, happens: func(l *lives, r act.ID) {
			l.steps(act.AgreementWithdrawKind, r, "beta", "gamma")
		}},
		"two parties leave": {change: destroying, happens: func(l *lives, r act.ID) {
			l.steps(act.AgreementWithdrawKind, r, "beta", "gamma")
			l.Now = l.Now.Add(100 * aDay)
		}, want: policy.Gone{Reason: policy.GoneEnded, Cover: true}},
		"the publisher leaves": {change: destroying, happens: func(l *lives, r act.ID) {
			l.steps(act.AgreementWithdrawKind, r, "alpha")
			l.Now = l.Now.Add(100 * aDay)
		}, want: policy.Gone{Reason: policy.GoneEnded, Cover: true}},
		"readers retain under terms":   {change: func(d *agreement.Document) { retaining(d); d.Retention.MaxDays = 3650 }, happens: func(l *lives, r act.ID) { l.read("gamma", r); end(l, r) }},
		"nobody had read":              {change: retaining, happens: end, want: policy.Gone{Reason: policy.GoneEnded, Cover: true}},
		"what is retained has its day": {change: retaining, happens: func(l *lives, r act.ID) { l.read("gamma", r); l.Now = l.Now.AddDate(5, 0, 0) }, want: policy.Gone{Reason: policy.GoneReaders}},
		"a next revision is proposed":  {change: destroying, happens: func(l *lives, r act.ID) { l.next(r); end(l, r) }},
		"its proposer takes it back": {change: destroying, happens: func(l *lives, r act.ID) {
			next := l.next(r)
			l.by("alpha", act.OfficerSign, &act.AgreementRetract{AgreementStep: l.step("alpha", next)})
			end(l, r)
		}, want: policy.Gone{Reason: policy.GoneEnded, Cover: true}},
		"the parties agree anew":     {change: destroying, happens: func(l *lives, r act.ID) { l.sign(l.next(r), both...); end(l, r) }},
		"the agreement is suspended": {happens: func(l *lives, r act.ID) { l.steps(act.AgreementSuspendKind, r, "alpha"); l.Now = l.Now.Add(30 * aDay) }},
		"its review is overdue":      {change: func(d *agreement.Document) { d.Review = &agreement.Review{IntervalDays: 30, OnOverdue: "suspend"} }, happens: func(l *lives, r act.ID) { l.Now = l.Now.Add(60 * aDay) }},
		"its readers are suspended": {happens: func(l *lives, r act.ID) {
			_, _ = l.Standing("beta", act.AgencySuspendKind)
			_, _ = l.Standing("gamma", act.AgencySuspendKind)
		}},
		"its readers leave the hub": {happens: func(l *lives, r act.ID) {
			_, _ = l.Standing("beta", act.AgencyOffboardKind)
			_, _ = l.Standing("gamma", act.AgencyOffboardKind)
		}, want: policy.Gone{Reason: policy.GoneReaders, Cover: true}},
		"its publisher leaves the hub":  {happens: func(l *lives, r act.ID) { _, _ = l.Standing("alpha", act.AgencyOffboardKind) }, want: policy.Gone{Reason: policy.GoneEnded, Cover: true}},
		"every period is over":          {happens: func(l *lives, r act.ID) { l.read("beta", r); l.read("gamma", r); l.Now = l.Now.Add(30 * aDay) }, want: policy.Gone{Reason: policy.GoneRetention}},
		"one period is over":            {happens: func(l *lives, r act.ID) { l.read("beta", r); l.Now = l.Now.Add(90 * aDay) }},
		"one period, one cannot comply": {happens: func(l *lives, r act.ID) { l.read("beta", r); l.cannot("gamma", r); l.Now = l.Now.Add(30 * aDay) }, want: policy.Gone{Reason: policy.GoneReaders}},
		"the only reader cannot comply": {described: []act.AgencyName{"alpha", "beta"}, happens: func(l *lives, r act.ID) { l.cannot("beta", r) }, want: policy.Gone{Reason: policy.GoneReaders, Cover: true}},
		"an observer is left":           {change: observing, happens: func(l *lives, r act.ID) { l.read("gamma", r); l.Now = l.Now.Add(30 * aDay) }, want: policy.Gone{Reason: policy.GoneRetention}},
		"observers alone were told":     {change: observing, described: []act.AgencyName{"alpha", "beta"}, happens: func(*lives, act.ID) {}},
		"it was for the publisher":      {described: []act.AgencyName{"alpha"}, happens: func(*lives, act.ID) {}},
		"a hold is placed": {happens: func(l *lives, r act.ID) {
			l.read("beta", r)
			l.by("beta", act.DeskSign, &act.HoldPlace{HoldStep: act.HoldStep{Common: l.Common("beta"), Officer: ledgertest.Officer("beta", 1), Release: r, Reason: "proceedings"}})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l, release := kept(t, nil, test.change)
			described := test.described
			if described == nil {
				described = both
			}
			test.happens(l, release)
			gone, never := policy.NeverAgain(l.State, l.State.Release(release), described, l.Now)
			if gone != test.want || never != (test.want.Reason != "") {
				t.Fatalf("NeverAgain = %+v, %v, want %+v", gone, never, test.want)
			}
			for _, name := range described[1:] {
				if never && policy.Decide(l.State, l.asks(name, release, nil), l.Now).Allow {
					t.Errorf("%s opens it", name)
				}
			}
		})
	}
}

// What the ledger says was deleted is denied to everybody from then on, after what
// else there is to say, and the cover only once it went too.
func TestWhatWasDeletedIsDenied(t *testing.T) {
	l, release := kept(t, nil, nil)
	cover := policy.Request{Action: policy.ToDeliver, Agency: "beta", Release: release, Described: true}
	note := func(part string) {
		t.Helper()
		if err := l.Note(*ledger.NewDisposal(l.State.Release(release), part, policy.GoneRetention, nil)); err != nil {
			t.Fatal(err)
		}
	}
	note("body")
	for _, name := range []act.AgencyName{"alpha", "beta"} {
		for _, section := range []restriction.Set{nil, {"maxReads": {"9"}}} {
			if got := policy.Decide(l.State, l.asks(name, release, section), l.Now); got.Reason != policy.CopyDeleted {
				t.Errorf("%s opens: %+v", name, got)
			}
		}
	}
	if got := policy.Decide(l.State, cover, l.Now); !got.Allow {
		t.Errorf("the cover: %+v", got)
	}
	note("section-1") // no part of its own: it went with the body
	if told := l.State.Release(release).Disposed("section-1"); told != l.State.Release(release).Disposed("body") || told == nil {
		t.Errorf("the section: %+v", told)
	}
	first := *l.State.Release(release).Disposed("body")
	l.Now = l.Now.Add(time.Minute)
	note("body")
	if again := *l.State.Release(release).Disposed("body"); again.Index != first.Index || again.Time != first.Time {
		t.Errorf("said twice: %+v, and first %+v", again, first)
	}
	note("cover")
	if got := policy.Decide(l.State, cover, l.Now); got.Reason != policy.CopyDeleted {
		t.Errorf("the cover: %+v", got)
	}
	l.restrict(release, restriction.Set{"recall": {"recalled"}})
	if got := policy.Decide(l.State, l.asks("beta", release, nil), l.Now); got.Reason != policy.RestrictionForbids {
		t.Errorf("the reason that stands before: %+v", got)
	}
}

// watched is a release of which NeverAgain has said that nobody opens it again.
type watched struct {
	release   *happening
	described []string
	gone      policy.Gone
	at        time.Time
	order     int // of the last act before
}

// Whatever happens afterwards, nobody opens again what is never opened again. Only
// a revision that is proposed afterwards could change that, and it comes too late:
// the hub has deleted its copies.
func TestNeverAgainMeansNever(t *testing.T) {
	asked, verdicts := 0, map[string]int{}
	metamorphic(t, func(t *rapid.T, h *history, agencies []string) {
		var all []watched
		for range between(t, "more steps", 5, 15) {
			all = h.overNow(t, all, agencies)
			h.Now = h.drawMoment(t)
			h.must(t, h.drawAct(t, agencies))
			for _, now := range []time.Time{h.Now, h.drawMoment(t)} {
				for _, w := range all {
					if !h.proposedSince(w) {
						asked += h.denied(t, w, now)
					}
				}
			}
		}
		for _, w := range all {
			verdicts[w.gone.Reason]++
		}
	})
	t.Logf("%d opens of what is never opened again, for %v", asked, verdicts)
	if asked == 0 {
		t.Error("nothing was ever over: the histories hold too little to mean anything")
	}
}

// overNow adds those releases of which it is true now.
func (h *history) overNow(t *rapid.T, all []watched, agencies []string) []watched {
	for r := range h.did(h.Now, "release") {
		if slices.ContainsFunc(all, func(w watched) bool { return w.release.order == r.order }) {
			continue
		}
		described, names := []string{r.who}, []act.AgencyName{act.AgencyName(r.who)}
		for _, name := range some(t, "described", agencies, 1) {
			if name != r.who {
				described, names = append(described, name), append(names, act.AgencyName(name))
			}
		}
		if gone, never := policy.NeverAgain(h.State, h.State.Release(h.id(r.order)), names, h.Now); never {
			all = append(all, watched{r, described, gone, h.Now, len(h.history)})
		}
	}
	return all
}

func (h *history) proposedSince(w watched) bool {
	for e := range h.did(h.Now, "propose") {
		if e.order > w.order && h.papers[e.doc].agreement == h.papers[w.release.doc].agreement {
			return true
		}
	}
	return false
}

// denied asks for everybody whom the release was sealed for, but its publisher, and
// returns how many that were.
func (h *history) denied(t *rapid.T, w watched, now time.Time) int {
	asked := 0
	for _, reader := range w.described {
		if reader == w.release.who && len(w.described) > 1 {
			continue
		}
		for _, what := range []policy.Action{policy.ToOpen, policy.ToDeliver} {
			if what == policy.ToDeliver && !w.gone.Cover {
				continue
			}
			asked++
			got := policy.Decide(h.State, policy.Request{
				Action: what, Agency: act.AgencyName(reader), Release: h.id(w.release.order), Described: true,
				Purpose: "detection", Officer: ledgertest.Officer(act.AgencyName(reader), 1), Accepted: digestOf(h.termsFor(w.release, reader, h.Now)),
			}, now)
			if got.Allow {
				t.Fatalf("#%d was over at %s (%+v, for %v), and %s does %s at %s, after:%s", w.release.order, w.at, w.gone, w.described, reader, what, now, h.story())
			}
		}
	}
	return asked
}
