package desk_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/ledger"
)

func (w *world) hubAway() { w.line.to("") }
func (w *world) hubBack() { w.line.to(strings.TrimPrefix(w.hub.URL, "https://")) }

// mine are the acts of an agency that the site's ledger has, in their order,
// without those that desks make of themselves.
func (s *site) mine(issuer act.AgencyName) []act.ID {
	t := s.w.t
	t.Helper()
	var ids []act.ID
	err := s.store.Entries(t.Context(), func(e deskstore.Entry) error {
		entry, err := ledger.ParseEntry(e.Bytes)
		if err == nil && entry.Act != nil && entry.Act.KeyID.Agency == issuer && entry.Act.Kind != act.KeyAddKind {
			ids = append(ids, entry.Act.ID)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func (s *site) outbox() []deskapi.Outgoing {
	t := s.w.t
	t.Helper()
	list, err := s.officer("auditor", "auditor").Outbox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		if one.Message == "" || strings.Contains(one.Message, "<no value>") || strings.Contains(one.Message, "desk_") {
			t.Errorf("%+v has no sentence", one)
		}
	}
	return list
}

// delivered waits until nothing waits at the site any more.
func (s *site) delivered() {
	s.w.t.Helper()
	s.w.await(string(s.name)+" has delivered everything", func() bool {
		return !slices.ContainsFunc(s.outbox(), func(o deskapi.Outgoing) bool { return o.State == "pending" })
	})
}

func TestWhatIsSignedWhileTheHubIsAwayArrives(t *testing.T) {
	w := newWorld(t)
	keepAll(t, w, w.agency("agencya"), w.agency("agencyb"), []promise{
		{"each act that takes away or answers is delivered once, in its order", deliveredOnceInOrder},
		{"what gives something fails at once", givingFailsAtOnce},
		{"who cannot comply is sealed at its own desk at once, and after a restart", sealedWhileTheHubIsAway},
		{"an act that the hub refuses for good is told, and stays until it is noted", refusedForGoodIsTold},
		{"a legal hold that waits keeps copies", waitingHoldKeepsCopies},
		{"a suspension that waits comes before a release", suspensionBeforeRelease},
		{"a recall whose day passed while the hub was away arrives with a new one", recallOutlivesItsDay},
	})
}

// waits fails unless an act is signed and waits, and remembers it.
func waits(t *testing.T, said *[]act.ID, done deskapi.Appended, err error) {
	t.Helper()
	if err != nil || done.State != "pending" || done.Act == "" || done.Index != 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	*said = append(*said, act.ID(done.Act))
}

func deliveredOnceInOrder(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	first, second := shared(t, id, a, map[string][]string{"useReportDays": {"30"}}, b), shared(t, id, a, nil, b)
	mustRead(t, b, first.Item)
	ask := func(purpose string) deskapi.Consent {
		asked, err := b.analyst().RequestConsent(t.Context(), deskapi.ConsentRequest{Item: first.Item, Use: "judicial-use", Purpose: purpose, Until: time.Now().Add(24 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return asked
	}
	refused, granted := ask("detection"), ask("training")
	w.await("the requests at agencya", func() bool {
		_, err := a.releaser().AnswerConsent(t.Context(), granted.Request, deskapi.ConsentAnswer{Answer: "grant"})
		return err == nil
	})
	shown, err := a.releaser().Agreement(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	w.hubAway()
	defer w.hubBack()
	var ofA, ofB []act.ID
	restricted, err := a.releaser().Restrict(t.Context(), first.Item, deskapi.RestrictRequest{Restrictions: map[string][]string{"purposes": {"detection"}}})
	if err != nil || len(restricted.Acts) != 1 {
		t.Fatalf("%+v, %v", restricted, err)
	}
	waits(t, &ofA, restricted.Acts[0], nil)
	for _, answer := range []struct{ request, answer string }{{refused.Request, "refuse"}, {granted.Request, "withdraw"}} {
		said, err := a.releaser().AnswerConsent(t.Context(), answer.request, deskapi.ConsentAnswer{Answer: answer.answer})
		if err != nil || said.Waits == "" {
			t.Fatalf("%s: %+v, %v", answer.answer, said, err)
		}
		ofA = append(ofA, act.ID(said.Waits))
	}
	breach, err := a.releaser().GiveBreachNotice(t.Context(), id, deskapi.BreachRequest{Digest: shown.Digest, Class: "other", Discovered: time.Now().Add(-time.Hour)})
	waits(t, &ofA, breach, err)
	retracted, err := a.releaser().Retract(t.Context(), second.Item, "safety")
	waits(t, &ofA, retracted, err)
	again, err := a.releaser().Retract(t.Context(), second.Item, "safety")
	if err != nil || again.Act != retracted.Act {
		t.Fatalf("said twice, it is two: %+v, %v", again, err)
	}
	suspended, err := a.sign(a.officer("signatory", "signatory"), func(c act.Common) act.Payload {
		me, _ := a.officer("signatory", "signatory").Me(t.Context())
		return signsOf(c, id, shown, me.Officer, suspends)
	})
	waits(t, &ofA, suspended, err)

	analyst, auditor := b.analyst(), b.officer("auditor", "auditor")
	acknowledged, err := analyst.Acknowledge(t.Context(), second.Item, deskapi.AcknowledgeRequest{AcceptedRestrictions: b.conditions(second.Item).RestrictionsDigest})
	waits(t, &ofB, acknowledged, err)
	reported, err := analyst.ReportUse(t.Context(), first.Item, deskapi.UseReportRequest{Purposes: []string{"detection"}, Outcome: "useful"})
	waits(t, &ofB, reported, err)
	placed, err := auditor.Hold(t.Context(), first.Item, deskapi.HoldRequest{Reason: "court-order"})
	waits(t, &ofB, placed, err)
	lifted, err := auditor.Hold(t.Context(), first.Item, deskapi.HoldRequest{Reason: "court-order", Lift: true})
	waits(t, &ofB, lifted, err)
	told, err := auditor.Disclose(t.Context(), first.Item, deskapi.DisclosureRequest{Cause: "exculpatory", Advance: true, Disclosure: time.Now().Add(time.Hour)})
	waits(t, &ofB, told, err)
	attested, err := auditor.Attest(t.Context(), first.Item, deskapi.AttestationRequest{Statement: "destroyed", Method: "crypto-erase"})
	waits(t, &ofB, attested, err)
	sealed, err := analyst.CannotComply(t.Context(), first.Item, deskapi.CannotComplyRequest{Axis: "onTermination", Reason: "technical"})
	waits(t, &ofB, sealed, err)

	for s, want := range map[*site][]act.ID{a: ofA, b: ofB} {
		var listed []act.ID
		for _, one := range s.outbox() {
			listed = append(listed, act.ID(one.Act))
		}
		if diff := cmp.Diff(want, listed); diff != "" {
			t.Errorf("%s said (-) and lists (+):\n%s", s.name, diff)
		}
	}
	if ready, err := a.releaser().Ready(t.Context()); err != nil || ready.Pending > len(ofA) {
		t.Errorf("%+v, %v", ready, err)
	}
	a.notes(first.Item, "act_pending")
	w.hubBack()
	a.delivered()
	b.delivered()
	for s, said := range map[*site][]act.ID{a: ofA, b: ofB} {
		w.await("the ledger has what "+string(s.name)+" said", func() bool {
			return cmp.Equal(lastOf(s.mine(s.name), len(said)), said)
		})
	}
	if left := append(a.outbox(), b.outbox()...); len(left) > 0 {
		t.Errorf("%+v", left)
	}
	w.hub.Verify(t)
}

func lastOf(ids []act.ID, n int) []act.ID { return ids[max(0, len(ids)-n):] }

// signsOf is a step about an agreement as it was shown before the hub was away.
func signsOf(c act.Common, id string, shown deskapi.Agreement, officer string, step func(act.AgreementStep) act.Payload) act.Payload {
	return step(act.AgreementStep{Common: c, Agreement: act.AgreementRef{ID: id, Digest: shown.Digest}, Officer: officer, Prev: act.ID(shown.Prev)})
}

func givingFailsAtOnce(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, nil, b)
	request := deskapi.ConsentRequest{Item: release.Item, Use: "judicial-use", Purpose: "detection", Until: time.Now().Add(24 * time.Hour)}
	asked, err := b.analyst().RequestConsent(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	a.notes(release.Item, "asked_pending")
	a.step(a.officer("signatory", "signatory"), id, suspends)
	shown, err := a.releaser().Agreement(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	w.hubAway()
	defer w.hubBack()
	_, err = a.releaser().AnswerConsent(t.Context(), asked.Request, deskapi.ConsentAnswer{Answer: "grant"})
	wantCode(t, err, "hub_unavailable")
	_, err = b.analyst().RequestConsent(t.Context(), request)
	wantCode(t, err, "hub_unavailable")
	me, err := a.officer("signatory", "signatory").Me(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.sign(a.officer("signatory", "signatory"), func(c act.Common) act.Payload {
		return signsOf(c, id, shown, me.Officer, func(s act.AgreementStep) act.Payload { return &act.AgreementResume{AgreementStep: s} })
	})
	wantCode(t, err, "hub_unavailable")
	if left := append(a.outbox(), b.outbox()...); len(left) > 0 {
		t.Errorf("what gives something waits: %+v", left)
	}
}

func sealedWhileTheHubIsAway(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, nil, b)
	mustRead(t, b, release.Item)
	sent := b.faults.opensSent()
	w.hubAway()
	defer w.hubBack()
	if shown := mustRead(t, b, release.Item); shown.Rendered == "" {
		t.Fatal("what was opened is not shown again while the hub is away; the test would prove nothing")
	}
	said, err := b.analyst().CannotComply(t.Context(), release.Item, deskapi.CannotComplyRequest{Axis: "onTermination", Reason: "domestic-law"})
	if err != nil || said.State != "pending" {
		t.Fatalf("%+v, %v", said, err)
	}
	closed := func(when string) {
		t.Helper()
		if held, err := b.kept(release.Release); err != nil || held {
			t.Errorf("%s: content is still kept (%v)", when, err)
		}
		for _, form := range []string{"", "print", "download", "download-watermarked"} {
			_, err := b.reads(release.Item, "detection", func(r *deskapi.OpenRequest) { r.Form = form })
			wantReason(t, err, "open_denied", "policy_cannot_comply")
		}
		if c := b.conditions(release.Item); c.Allow || c.Reason != "policy_cannot_comply" {
			t.Errorf("%s: %+v", when, c)
		}
		_, err := b.analyst().CopyItem(t.Context(), release.Item, deskapi.CopyRequest{})
		wantCode(t, err, "content_not_held")
		b.notes(release.Item, "act_pending")
	}
	closed("at once")
	b.restart()
	w.await("the desk has started without a hub", func() bool {
		_, err := b.analyst().Item(t.Context(), release.Item)
		return err == nil
	})
	closed("after a restart")
	if b.faults.opensSent() != sent {
		t.Error("the hub was asked to open what the agency cannot comply with")
	}
	w.hubBack()
	b.delivered()
	a.notes(release.Item, "receiver_cannot_comply")
	b.notes(release.Item, "cannot_comply")
	_, err = b.reads(release.Item, "detection")
	wantReason(t, err, "open_denied", "policy_cannot_comply")
	// Released again, the originator has decided.
	again, err := a.releaser().Release(t.Context(), a.approvedAgain(release.Item).ID, deskapi.ReleaseRequest{Agreement: id, Restrictions: map[string][]string{"purposes": {"detection"}}})
	if err != nil {
		t.Fatal(err)
	}
	w.await("the new release opens", func() bool {
		_, err := b.reads(again.Item, "detection")
		return err == nil
	})
}

func refusedForGoodIsTold(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, nil, b)
	auditor := b.officer("auditor", "auditor")
	w.hubAway()
	defer w.hubBack()
	var said []act.ID
	for _, reason := range []string{"court-order", "investigation"} {
		placed, err := auditor.Hold(t.Context(), release.Item, deskapi.HoldRequest{Reason: reason})
		waits(t, &said, placed, err)
	}
	wantCode(t, auditor.Dismiss(t.Context(), string(said[1])), "act_waits")
	w.hubBack()
	b.delivered()
	left := b.outbox()
	if len(left) != 1 || left[0].Act != string(said[1]) || left[0].State != "refused" || left[0].Reason != "hold_unchanged" || left[0].Item != release.Item {
		t.Fatalf("%+v", left)
	}
	if note := b.notes(release.Item, "act_refused"); note.Act != string(said[1]) {
		t.Errorf("%+v", note)
	}
	b.restart()
	b.awaitReady()
	if after := b.outbox(); len(after) != 1 || after[0].State != "refused" {
		t.Errorf("after a restart: %+v", after)
	}
	auditor = b.officer("auditor", "auditor")
	wantCode(t, b.analyst().Dismiss(t.Context(), string(said[1])), "role_required")
	if err := auditor.Dismiss(t.Context(), string(said[1])); err != nil {
		t.Fatal(err)
	}
	if left := b.outbox(); len(left) != 0 {
		t.Errorf("%+v", left)
	}
	// With a hub, the refusal is the answer and nothing is left behind.
	_, err := auditor.Hold(t.Context(), release.Item, deskapi.HoldRequest{Reason: "investigation"})
	wantReason(t, err, "act_refused", "hold_unchanged")
	if left := b.outbox(); len(left) != 0 {
		t.Errorf("%+v", left)
	}
}

func waitingHoldKeepsCopies(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, nil, b)
	mustRead(t, b, release.Item)
	auditor := b.officer("auditor", "auditor")
	w.hubAway()
	defer w.hubBack()
	if _, err := auditor.Hold(t.Context(), release.Item, deskapi.HoldRequest{Reason: "court-order"}); err != nil {
		t.Fatal(err)
	}
	_, err := auditor.Attest(t.Context(), release.Item, deskapi.AttestationRequest{Statement: "destroyed", Method: "crypto-erase"})
	wantCode(t, err, "copies_held")
	if held, err := b.kept(release.Release); err != nil || !held {
		t.Errorf("what is held was erased (%v)", err)
	}
}

func suspensionBeforeRelease(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b})
	draft := a.approved("bulletin", sample(t))
	shown, err := a.releaser().Agreement(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	signatory := a.officer("signatory", "signatory")
	me, err := signatory.Me(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.hubAway()
	defer w.hubBack()
	var said []act.ID
	suspended, err := a.sign(signatory, func(c act.Common) act.Payload { return signsOf(c, id, shown, me.Officer, suspends) })
	waits(t, &said, suspended, err)
	if now, err := a.releaser().Agreement(t.Context(), id, ""); err != nil || len(now.Outgoing) != 1 || now.Outgoing[0].Act != suspended.Act {
		t.Errorf("%+v, %v", now.Outgoing, err)
	}
	w.hubBack()
	w.await("the release is refused", func() bool {
		_, err = a.releaser().Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: id})
		if err == nil {
			t.Fatal("it was released under an agreement that its agency had suspended")
		}
		return problemOf(err).Code == "release_denied" && reasonOf(err) == "policy_agreement_suspended"
	})
}

func recallOutlivesItsDay(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, nil, b)
	mustRead(t, b, release.Item)
	w.hubAway()
	defer w.hubBack()
	recalled, err := a.releaser().Restrict(t.Context(), release.Item, deskapi.RestrictRequest{
		Restrictions: map[string][]string{"recall": {"recalled"}}, AcknowledgeBy: time.Now().Add(w.ahead + time.Hour),
	})
	if err != nil || recalled.Acts[0].State != "pending" {
		t.Fatalf("%+v, %v", recalled, err)
	}
	w.later(2 * time.Hour)
	a.delivered()
	if left := a.outbox(); len(left) != 0 {
		t.Fatalf("%+v", left)
	}
	w.await("the item is closed at agencyb", func() bool {
		_, err := b.reads(release.Item, "detection")
		return problemOf(err).Code == "open_denied"
	})
	a.awaitState(release.Item, "acknowledge", "agencyb", "open")
	w.hub.Verify(t)
}

// The desk is killed like a process that lost its power, when an act is stored and
// not sent, and when the hub has it and the desk has not noted that: the ledger has
// it once.
func TestADeskKilledWhileItTakesBackTakesBackOnce(t *testing.T) {
	w := newWorld(t)
	a, b := w.process("agencya"), w.agency("agencyb")
	id := w.agree([]*site{a, b})
	for _, kill := range []struct {
		point string
		away  bool
	}{{"desk.act.stored", false}, {"desk.act.stored", true}, {"desk.act.answered", false}} {
		release := shared(t, id, a, nil, b)
		before := len(b.mine("agencya"))
		a.killedAt(kill.point, func() {
			if kill.away {
				w.hubAway()
				defer w.hubBack()
			}
			if done, err := a.releaser().Retract(t.Context(), release.Item, "safety"); err == nil {
				t.Fatalf("%s: the retraction was answered: %+v", kill.point, done)
			}
		})
		a.delivered()
		w.await("agencyb sees that it is taken back", func() bool {
			it, err := b.analyst().Item(t.Context(), release.Item)
			return err == nil && it.State == "retracted"
		})
		if n := len(b.mine("agencya")) - before; n != 1 {
			t.Errorf("%s: %d acts, not one", kill.point, n)
		}
		w.hub.Verify(t)
	}
}
