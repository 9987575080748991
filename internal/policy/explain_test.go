package policy_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

type failer interface {
	Helper()
	Fatal(...any)
}

// asOf replays the entries that stood in the ledger at an instant.
func asOf(t failer, entries [][]byte, at time.Time) *ledger.State {
	t.Helper()
	s, err := ledger.New(ledgertest.Genesis())
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.FoldUntil(s, entries, at); err != nil {
		t.Fatal(err)
	}
	return s
}

// said is what Decide said at an instant of a history, while it was the present.
type said struct {
	at      time.Time
	release act.ID
	agency  act.AgencyName
	policy.Decision
}

// telling is a signed history that notes what Decide says as it goes on.
type telling struct {
	*ledgertest.World
	digest   string
	parties  []act.AgencyName
	releases []act.ID
	told     []said
}

// tell notes what may be opened at an instant that the ledger has reached.
func (h *telling) tell(at time.Time) {
	for _, id := range h.releases {
		release := h.State.Release(id)
		for _, agency := range h.parties {
			h.told = append(h.told, said{at, id, agency, policy.Decide(h.State, policy.Request{
				Action: policy.ToOpen, Agency: agency, Release: id, Purpose: "detection", Accepted: release.EffectiveDigest,
				Described: agency != "gamma", // to whom nothing was sealed
			}, at)})
		}
	}
}

// step lets one random thing be tried at a random later moment; what the ledger
// refuses changes nothing.
func (h *telling) step(t *rapid.T) {
	h.Now = h.Now.Add(rapid.SampledFrom([]time.Duration{time.Millisecond, time.Minute, time.Hour, 9 * time.Hour}).Draw(t, "wait"))
	h.tell(h.Now.Add(-time.Millisecond)) // time alone may have changed the answer
	who := rapid.SampledFrom(h.parties).Draw(t, "who")
	what := rapid.SampledFrom([]act.Kind{
		act.ItemReleaseKind, act.ItemReleaseKind, act.AgreementSuspendKind, act.AgreementResumeKind, act.AgreementResumeKind,
		act.AgencySuspendKind, act.AgencyResumeKind, act.AgencyResumeKind, act.AgreementWithdrawKind, act.AgreementTerminateKind, act.ItemRetractKind,
	}).Draw(t, "what")
	item := ledgertest.ItemID(rapid.IntRange(0, 5).Draw(t, "item"))
	switch what {
	case act.ItemReleaseKind:
		until := canonical.At(h.Now.Add(20 * time.Hour)).String()
		if id, err := h.By(who, act.DeskSign, h.Release(who, item, 1, h.digest, restriction.Set{"expires": {until}})); err == nil {
			h.releases = append(h.releases, id)
		}
	case act.ItemRetractKind:
		_, _ = h.By(who, act.DeskSign, &act.ItemRetract{Common: h.Common(who), Item: item, Officer: ledgertest.Officer(who, 1), Reason: "error"})
	case act.AgencySuspendKind, act.AgencyResumeKind:
		_, _ = h.Standing(who, what)
	default:
		_, _ = h.Step(who, what, h.digest)
	}
	h.tell(h.Now)
}

// What was said at an instant stays the answer about that instant, whatever
// happens later; and at now the answer is Decide's. Decide itself is held against
// an independent model elsewhere.
func TestTheLedgerAnswersAboutEachInstantAsItDidThen(t *testing.T) {
	asked, allows := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		h := &telling{World: ledgertest.New(), parties: []act.AgencyName{"alpha", "beta", "gamma"}}
		document := agreementtest.Document(h.parties...)
		document.Termination.NoticeDays = rapid.IntRange(0, 1).Draw(t, "notice")
		document.Expires = canonical.At(ledgertest.Start.Add(60 * time.Hour))
		var err error
		if h.digest, err = h.InForce(document); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(5, 20).Draw(t, "steps") {
			h.step(t)
		}
		if len(h.told) == 0 {
			return
		}
		instants := []time.Time{h.Now, rapid.SampledFrom(h.told).Draw(t, "asked").at, rapid.SampledFrom(h.told).Draw(t, "asked").at}
		for _, at := range slices.CompactFunc(instants, time.Time.Equal) {
			past := asOf(t, h.Entries, at)
			answers := map[act.ID][]policy.Answer{}
			for _, id := range h.releases {
				answers[id] = policy.Explain(past, h.State.Release(id), []act.AgencyName{"beta", "alpha"}, at)
			}
			for _, then := range h.told {
				if !then.at.Equal(at) || h.State.Release(then.release).Item.Publisher == "gamma" {
					continue // a publisher is always described
				}
				n := slices.Index(h.parties, then.agency)
				got := answers[then.release][n]
				if got.Agency != then.agency || got.Allow != then.Allow || got.Reason != then.Reason || !slices.Equal(got.Evidence, then.Evidence) {
					t.Fatalf("%s at %s: Explain says %+v, then Decide said %+v", then.agency, at, got, then.Decision)
				}
				asked++
				if got.Allow {
					allows++
				}
			}
		}
	})
	if asked < 300 || allows < 30 {
		t.Errorf("%d answers, %d of them yes: the histories hold too little to mean anything", asked, allows)
	}
}

// One history with every kind of turn, and what is known of each instant in it.
func TestEachInstantOfAKnownHistoryHasItsAnswer(t *testing.T) {
	minute := func(n int) time.Time { return ledgertest.Start.Add(time.Duration(n) * time.Minute) }
	w, digest := inForce(t, func(d *agreement.Document) { d.Expires = canonical.At(minute(100)) })
	at := func(n int, step func() (act.ID, error)) act.ID {
		t.Helper()
		w.Now = minute(n)
		id, err := step()
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	turn := func(who act.AgencyName, kind act.Kind) func() (act.ID, error) {
		return func() (act.ID, error) { return w.Step(who, kind, digest) }
	}
	release := at(10, func() (act.ID, error) {
		return w.By("alpha", act.DeskSign, w.Release("alpha", ledgertest.ItemID(1), 1, digest, restriction.Set{"expires": {canonical.At(minute(90)).String()}}))
	})
	halted := at(20, turn("alpha", act.AgreementSuspendKind))
	at(30, turn("alpha", act.AgreementResumeKind))
	banned := at(40, func() (act.ID, error) { return w.Standing("beta", act.AgencySuspendKind) })
	at(50, func() (act.ID, error) { return w.Standing("beta", act.AgencyResumeKind) })
	gone := at(60, turn("gamma", act.AgreementWithdrawKind))

	type reasons struct{ beta, gamma string }
	for _, known := range []struct {
		at       time.Time
		want     reasons
		evidence string // of what is said of beta, or of gamma where beta may
	}{
		{minute(9), reasons{policy.UnknownRelease, policy.UnknownRelease}, ""},
		{minute(10), reasons{policy.Allowed, policy.Allowed}, ""},
		{minute(20).Add(-time.Millisecond), reasons{policy.Allowed, policy.Allowed}, ""},
		{minute(20), reasons{policy.AgreementSuspended, policy.AgreementSuspended}, string(halted)},
		{minute(29), reasons{policy.AgreementSuspended, policy.AgreementSuspended}, string(halted)},
		{minute(30), reasons{policy.Allowed, policy.Allowed}, ""},
		{minute(45), reasons{policy.AgencySuspended, policy.Allowed}, string(banned)},
		{minute(55), reasons{policy.Allowed, policy.Allowed}, ""},
		{minute(60), reasons{policy.Allowed, policy.AgreementWithdrawn}, string(gone)},
		{minute(89), reasons{policy.Allowed, policy.AgreementWithdrawn}, string(gone)},
		{minute(90), reasons{policy.RestrictionForbids, policy.AgreementWithdrawn}, "expires"},
		{minute(100), reasons{policy.AgreementExpired, policy.AgreementExpired}, "/expires"},
	} {
		answers := map[act.AgencyName]policy.Answer{}
		for _, answer := range policy.Explain(asOf(t, w.Entries, known.at), w.State.Release(release), []act.AgencyName{"beta", "gamma"}, known.at) {
			answers[answer.Agency] = answer
		}
		got := reasons{answers["beta"].Reason, answers["gamma"].Reason}
		if got != known.want {
			t.Errorf("at %s: %v, want %v", known.at.Format(time.TimeOnly), got, known.want)
		}
		evidence := answers["beta"].Evidence
		if answers["beta"].Allow {
			evidence = answers["gamma"].Evidence
		}
		if known.evidence != "" && !slices.Contains(evidence, known.evidence) {
			t.Errorf("at %s: the evidence is %v, want %s in it", known.at.Format(time.TimeOnly), evidence, known.evidence)
		}
	}
}

// The publisher's choice of recipients is in no entry but as hashes: who is not
// among the described is not a recipient, and the publisher always is one.
func TestWhoIsNotDescribedIsNotARecipient(t *testing.T) {
	w, digest := inForce(t, nil)
	id, err := w.By("alpha", act.DeskSign, w.Release("alpha", ledgertest.ItemID(1), 1, digest, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{policy.Allowed, policy.Allowed, policy.NotARecipient}
	var got []string
	for _, answer := range policy.Explain(w.State, w.State.Release(id), []act.AgencyName{"beta"}, w.Now) {
		got = append(got, answer.Reason)
	}
	if !slices.Equal(got, want) {
		t.Errorf("alpha, beta, gamma: %v, want %v", got, want)
	}
}
