package hub_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// whole is a hub with an agreement of every clause among a, b and c, and an agency
// d outside it.
type whole struct {
	*hubtest.Hub
	a, b, c, d *hubtest.Agency
	ref        act.AgreementRef
}

func newWhole(t *testing.T, options hubtest.Options) *whole {
	t.Helper()
	h := hubtest.Start(t, options)
	w := &whole{Hub: h, a: h.Enrol(t, "agencya"), b: h.Enrol(t, "agencyb"), c: h.Enrol(t, "agencyc"), d: h.Enrol(t, "agencyd")}
	w.ref = w.a.Propose(t, h.WholeDocument(w.a, w.b, w.c))
	for _, party := range []*hubtest.Agency{w.a, w.b, w.c} {
		party.Sign(t, w.ref)
	}
	for _, party := range []*hubtest.Agency{w.a, w.b, w.c} {
		party.Sync(t)
	}
	return w
}

func (w *whole) item(t *testing.T, release act.ID) string {
	t.Helper()
	w.a.Sync(t)
	return w.a.State.Release(release).Item.ID
}

func (w *whole) bodyDigest(t *testing.T, release act.ID) string {
	t.Helper()
	return (&trio{Hub: w.Hub}).bodyDigest(t, release)
}

// heardSince lists what came into an agency's feed after so many entries.
func heardSince(t *testing.T, a *hubtest.Agency, n int) []string {
	t.Helper()
	all := kinds(t, a)
	return slices.DeleteFunc(all[n:], func(word string) bool { return strings.HasSuffix(word, "decided") })
}

func (w *whole) act(t *testing.T, who *hubtest.Agency, payload act.Payload) hubclient.Appended {
	t.Helper()
	return who.Submit(t, act.DeskSign, payload)
}

// Each act after a release is told to those whom it concerns and to nobody else,
// and each of them can follow it.
func TestWhatHappensAfterAReleaseIsToldToThoseWhomItConcerns(t *testing.T) {
	t.Parallel()
	w := newWhole(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b, w.c)
	onlyB := w.a.Release(t, w.ref, "for b alone", w.b)
	w.b.Read(t, released.Act)
	item := w.item(t, released.Act)
	all := []*hubtest.Agency{w.a, w.b, w.c, w.d}
	told := func(want map[string][]string, do func()) {
		t.Helper()
		before := map[*hubtest.Agency]int{}
		for _, a := range all {
			before[a] = len(kinds(t, a))
		}
		do()
		got := map[string][]string{}
		for _, a := range all {
			if words := heardSince(t, a, before[a]); len(words) > 0 {
				got[string(a.Name)] = words
			}
			a.Sync(t)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	}
	to := func(word string, names ...string) map[string][]string {
		out := map[string][]string{}
		for _, name := range names {
			out[name] = []string{word}
		}
		return out
	}
	told(to("agencya item.restrict", "agencya", "agencyb", "agencyc"), func() {
		w.a.Restrict(t, item, restriction.Set{"accessForm": {"print"}})
	})
	told(to("agencya item.restrict", "agencya", "agencyb"), func() {
		w.a.Restrict(t, item, restriction.Set{"accessForm": {"view-only"}}, "agencyb")
	})
	told(to("agencya item.restrict", "agencya", "agencyb"), func() {
		w.a.Restrict(t, w.item(t, onlyB.Act), restriction.Set{"accessForm": {"view-only"}})
	})
	told(to("agencyb item.acknowledge", "agencya", "agencyb"), func() {
		w.act(t, w.b, &act.ItemAcknowledge{Common: w.b.Common(), Release: released.Act, Restrictions: w.b.Terms(t, released.Act), Officer: w.b.Officer()})
	})
	told(to("agencyc item.cannot-comply", "agencya", "agencyc"), func() {
		if _, err := w.c.Deliver(t.Context(), []act.ID{released.Act}); err != nil {
			t.Error(err)
		}
		w.act(t, w.c, &act.ItemCannotComply{
			Common: w.c.Common(), Release: released.Act, Restrictions: w.c.Terms(t, released.Act), Axis: "accessForm", Reason: "technical", Officer: w.c.Officer(),
		})
	})
	told(to("agencyb item.report-use", "agencya", "agencyb"), func() {
		w.act(t, w.b, &act.ItemReportUse{Common: w.b.Common(), Release: released.Act, Purposes: []string{"detection"}, Outcome: "useful", Officer: w.b.Officer()})
	})
	told(to("agencyb hold.place", "agencya", "agencyb"), func() {
		w.act(t, w.b, &act.HoldPlace{HoldStep: act.HoldStep{Common: w.b.Common(), Release: released.Act, Reason: "proceedings", Officer: w.b.Officer()}})
	})
	told(to("agencyb hold.lift", "agencya", "agencyb"), func() {
		w.act(t, w.b, &act.HoldLift{HoldStep: act.HoldStep{Common: w.b.Common(), Release: released.Act, Reason: "proceedings", Officer: w.b.Officer()}})
	})
	told(to("agencyb item.attest", "agencya", "agencyb"), func() {
		w.act(t, w.b, &act.ItemAttest{Common: w.b.Common(), Release: released.Act, Statement: "destroyed", Officer: w.b.Officer()})
	})
	told(to("agencyb notice.disclosure", "agencya", "agencyb"), func() {
		w.act(t, w.b, &act.NoticeDisclosure{
			Common: w.b.Common(), Release: released.Act, Cause: "compelled", Advance: true, Disclosure: canonical.At(time.Now().Add(time.Hour)), Officer: w.b.Officer(),
		})
	})
	var asked hubclient.Appended
	told(to("agencyb consent.request", "agencya", "agencyb"), func() {
		asked = w.act(t, w.b, &act.ConsentRequest{
			Common: w.b.Common(), Release: released.Act, Use: "onward", For: "agencyd", Purpose: "detection",
			Until: canonical.At(time.Now().Add(time.Hour)), Officer: w.b.Officer(),
		})
	})
	answer := func() act.ConsentAnswer {
		return act.ConsentAnswer{Common: w.a.Common(), Request: asked.Act, Officer: w.a.Officer()}
	}
	told(to("agencya consent.grant", "agencya", "agencyb"), func() { w.act(t, w.a, &act.ConsentGrant{ConsentAnswer: answer()}) })
	told(to("agencya consent.withdraw", "agencya", "agencyb"), func() { w.act(t, w.a, &act.ConsentWithdraw{ConsentAnswer: answer()}) })
	told(to("agencyc notice.breach", "agencya", "agencyb", "agencyc"), func() {
		w.act(t, w.c, &act.NoticeBreach{Common: w.c.Common(), Agreement: w.ref, Class: "loss-of-copy", Discovered: canonical.At(time.Now()), Officer: w.c.Officer()})
	})
	told(to("agencyc agreement.suspend-party", "agencya", "agencyb", "agencyc"), func() {
		w.c.Submit(t, act.OfficerSign, &act.AgreementSuspendParty{AgreementPartyStep: act.AgreementPartyStep{
			AgreementStep: w.c.Reasoned(t, w.ref, "breach"), Agency: "agencyb",
		}})
	})
	w.Verify(t)
}

// A restriction binds whom the item is released to afterwards, and that agency is
// told of it: its desk accepts what the hub asks for.
func TestWhoGetsAnItemLaterIsToldOfItsRestrictionsToo(t *testing.T) {
	t.Parallel()
	w := newWhole(t, hubtest.Options{})
	item := w.a.Seal(t, w.ref, "content", w.b)
	w.a.Upload(t, item)
	if _, err := w.a.Client.Release(t.Context(), w.a.Request(t, item)); err != nil {
		t.Fatal(err)
	}
	w.a.Restrict(t, item.Payload.Item, restriction.Set{"accessForm": {"view-only"}})
	w.a.Restrict(t, item.Payload.Item, restriction.Set{"purposes": {"training"}}, "agencyb") // not for c

	again := w.a.SealAgain(t, item, w.ref, w.c)
	w.a.Upload(t, again)
	second, err := w.a.Client.Release(t.Context(), w.a.Request(t, again))
	if err != nil {
		t.Fatal(err)
	}
	w.c.Sync(t)
	terms := w.c.State.Release(second.Act).Terms("agencyc").Set
	if !slices.Equal(terms["accessForm"], []string{"view-only"}) || !slices.Equal(terms["purposes"], []string{"detection", "training"}) {
		t.Errorf("c is told of %v", terms)
	}
	if got := w.c.Read(t, second.Act); got != "content" {
		t.Errorf("read %q", got)
	}
}

// From its acknowledgement on, a restriction asks for new acceptance, also of who
// accepted before, and whoever cannot comply is sealed off at once.
func TestARestrictionBitesBeforeAnybodyAnswersIt(t *testing.T) {
	t.Parallel()
	w := newWhole(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b, w.c)
	old := w.b.OpenAct(t, released.Act)
	w.b.Read(t, released.Act)
	item := w.item(t, released.Act)

	w.a.Restrict(t, item, restriction.Set{"accessForm": {"view-only"}})
	_, err := w.b.Client.Open(t.Context(), old)
	wantDenied(t, err, policy.ConditionsNotAccepted)
	if got := w.b.Read(t, released.Act); got != "content" { // it syncs and accepts
		t.Errorf("read %q", got)
	}

	w.a.Restrict(t, item, restriction.Set{"prerequisites": {"agency-attestation"}}, "agencyb")
	_, err = w.b.Open(t, released.Act)
	wantDenied(t, err, policy.PrerequisiteMissing)
	if got := w.c.Read(t, released.Act); got != "content" {
		t.Errorf("c, whom it does not concern, read %q", got)
	}
	stale := &act.ItemAcknowledge{Common: w.b.Common(), Release: released.Act, Restrictions: canonical.Digest(nil), Prerequisites: []string{"agency-attestation"}, Officer: w.b.Officer()}
	_, err = w.b.Client.Submit(t.Context(), w.b.SignAct(t, act.DeskSign, stale))
	wantCode(t, err, "terms_outdated", 409)
	stale.Common, stale.Restrictions = w.b.Common(), w.b.Terms(t, released.Act)
	w.act(t, w.b, stale)
	if got := w.b.Read(t, released.Act); got != "content" {
		t.Errorf("read %q", got)
	}

	w.act(t, w.b, &act.ItemCannotComply{
		Common: w.b.Common(), Release: released.Act, Restrictions: w.b.Terms(t, released.Act), Axis: "accessForm", Reason: "technical", Officer: w.b.Officer(),
	})
	_, err = w.b.Open(t, released.Act)
	wantDenied(t, err, policy.CannotComply)
	answers, err := w.b.Deliver(t.Context(), []act.ID{released.Act})
	if err != nil || answers[0].Allow || answers[0].Reason != policy.CannotComply {
		t.Errorf("%+v, %v", answers, err)
	}

	w.a.Restrict(t, item, restriction.Set{"recall": {"recalled"}})
	_, err = w.c.Open(t, released.Act)
	wantDenied(t, err, policy.RestrictionForbids)
	_, err = w.c.Body(t.Context(), w.bodyDigest(t, released.Act), 1)
	wantCode(t, err, "not_found", 404)
	w.Verify(t)
}
