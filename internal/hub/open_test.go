package hub_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/store"
)

func wantDenied(t *testing.T, err error, reason string) {
	t.Helper()
	wantCode(t, err, "open_denied", 403)
	var refused *hubclient.Error
	if errors.As(err, &refused) && (refused.Reason != reason || refused.Index == nil) {
		t.Errorf("reason %q at %v, want %q with its record", refused.Reason, refused.Index, reason)
	}
}

// Every way in which a right to open ends, and what brings it back.
func TestAnOpenIsDeniedFromTheMomentARightEnds(t *testing.T) {
	t.Parallel()
	clock := hubtest.NewClock()
	w := newTrio(t, hubtest.Options{Clock: clock})
	open := func() (act.ID, func() error) {
		released := w.a.Release(t, w.ref, "content", w.b)
		return released.Act, func() error { _, err := w.b.Open(t, released.Act); return err }
	}
	release, attempt := open()
	if err := attempt(); err != nil {
		t.Fatal(err)
	}

	w.b.Submit(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: w.b.Step(t, w.ref)})
	wantDenied(t, attempt(), "policy_agreement_suspended")
	w.b.Submit(t, act.OfficerSign, &act.AgreementResume{AgreementStep: w.b.Step(t, w.ref)})
	if err := attempt(); err != nil {
		t.Fatalf("after resuming: %v", err)
	}

	for _, agency := range []act.AgencyName{"agencyb", "agencya"} {
		reason := map[act.AgencyName]string{"agencyb": "policy_agency_suspended", "agencya": "policy_publisher_not_party"}[agency]
		if _, err := w.Operator.Request(t.Context(), agency, hubclient.RequestSuspend); err != nil {
			t.Fatal(err)
		}
		wantDenied(t, attempt(), reason)
		if _, err := w.Operator.Request(t.Context(), agency, hubclient.RequestResume); err != nil {
			t.Fatal(err)
		}
		if err := attempt(); err != nil {
			t.Fatalf("after resuming %s: %v", agency, err)
		}
	}

	w.a.Submit(t, act.DeskSign, &act.ItemRetract{Common: w.a.Common(), Item: w.item(t, release), Officer: w.a.Officer(), Reason: "correction"})
	wantDenied(t, attempt(), "policy_item_retracted")

	_, second := open()
	clock.Pass(241 * time.Hour)
	wantDenied(t, second(), "policy_agreement_expired")
	report := w.Verify(t)
	if report.Allows != 4 {
		t.Errorf("%d allows are stored, want 4", report.Allows)
	}
}

func (w *trio) item(t *testing.T, release act.ID) string {
	t.Helper()
	w.a.Sync(t)
	return w.a.State.Release(release).Item.ID
}

func TestAPartyThatLeftOpensNothing(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]struct {
		who    func(*trio) *hubtest.Agency
		act    func(act.AgreementStep) act.Payload
		reason string
	}{
		"the reader withdraws": {func(w *trio) *hubtest.Agency { return w.b }, func(s act.AgreementStep) act.Payload {
			return &act.AgreementWithdraw{AgreementStep: s}
		}, "policy_agreement_terminated"}, // of two parties one is left
		"the publisher terminates": {func(w *trio) *hubtest.Agency { return w.a }, func(s act.AgreementStep) act.Payload {
			return &act.AgreementTerminate{AgreementStep: s}
		}, "policy_agreement_terminated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTrio(t, hubtest.Options{})
			released := w.a.Release(t, w.ref, "content", w.b)
			raw := w.b.OpenAct(t, released.Act)
			who := leave.who(w)
			who.Submit(t, act.OfficerSign, leave.act(who.Step(t, w.ref)))
			_, err := w.b.Client.Open(t.Context(), raw)
			wantDenied(t, err, leave.reason)
			answers, err := w.b.Deliver(t.Context(), []act.ID{released.Act})
			if err != nil || answers[0].Allow || answers[0].Cover != nil || len(answers[0].Descriptors) != 0 {
				t.Errorf("delivery: %+v, %v", answers, err)
			}
			_, err = w.b.Body(t.Context(), w.bodyDigest(t, released.Act), 1)
			wantCode(t, err, "not_found", 404)
		})
	}
}

func (w *trio) bodyDigest(t *testing.T, release act.ID) (digest string) {
	t.Helper()
	err := w.Store.View(t.Context(), func(r store.Reader) error {
		part, err := r.Part(release, "body", 0)
		digest = part.BodyDigest
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func TestConditionsThatWereNotAcceptedAndPurposesThatAreNotCoveredDeny(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b)
	w.b.Sync(t)
	good := act.ItemOpen{
		Release: released.Act, Part: "body", Purpose: "detection", Officer: w.b.Officer(), Restrictions: w.b.State.Release(released.Act).EffectiveDigest,
	}
	for name, c := range map[string]struct {
		change func(*act.ItemOpen)
		reason string
	}{
		"another digest of conditions": {func(p *act.ItemOpen) { p.Restrictions = canonical.Digest(nil) }, "policy_conditions_not_accepted"},
		"a purpose outside":            {func(p *act.ItemOpen) { p.Purpose = "policy" }, "policy_restriction_forbids"},
		"a purpose that nobody knows":  {func(p *act.ItemOpen) { p.Purpose = "curiosity" }, "policy_restriction_forbids"},
	} {
		t.Run(name, func(t *testing.T) {
			payload := good
			payload.Common = w.b.Common()
			c.change(&payload)
			_, err := w.b.Client.Open(t.Context(), w.b.SignAct(t, act.DeskSign, &payload))
			wantDenied(t, err, c.reason)
		})
	}
}

// Idempotent means appended once; it never repeats an answer.
func TestTheSameOpenAgainIsDecidedAnewWithANewRecord(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b)
	raw := w.b.OpenAct(t, released.Act)
	first, err := w.b.Client.Open(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.b.Client.Open(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if first.Decision.Act != second.Decision.Act || first.Decision.Index == second.Decision.Index {
		t.Errorf("decisions %+v and %+v", first.Decision, second.Decision)
	}
	w.a.Submit(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: w.a.Step(t, w.ref)})
	_, err = w.b.Client.Open(t.Context(), raw)
	wantDenied(t, err, "policy_agreement_suspended")
}

// Who knocks on a closed door again and again does not fill the ledger.
func TestRepeatedDenialsRollUpIntoOneRecord(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b)
	w.a.Submit(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: w.a.Step(t, w.ref)})
	var first *uint64
	for range 20 {
		_, err := w.b.Open(t, released.Act)
		wantDenied(t, err, "policy_agreement_suspended")
		var refused *hubclient.Error
		if !errors.As(err, &refused) {
			t.Fatal(err)
		}
		if first == nil {
			first = refused.Index
		} else if *refused.Index != *first {
			t.Fatalf("record %d, want %d", *refused.Index, *first)
		}
	}
	before, _ := w.Service.Sizes()
	w.Stop() // an orderly stop writes what was counted
	w2 := w.Restart(t, hubtest.Options{})
	after, _ := w2.Service.Sizes()
	if after != before+1 {
		t.Fatalf("%d entries after %d", after, before)
	}
	var entry ledger.Entry
	err := w2.Store.View(t.Context(), func(r store.Reader) error {
		stored, err := r.Entry(before)
		if err != nil {
			return err
		}
		entry, err = ledger.ParseEntry(stored.Bytes)
		return err
	})
	if err != nil || entry.Record == nil || entry.Record.Type != "denials.v1" || entry.Record.Count != 19 {
		t.Fatalf("%+v, %v", entry.Record, err)
	}
}

// The acknowledgement of a suspension is a promise: no open starts after it.
func TestNoOpenStartsAfterASuspensionIsAcknowledged(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b)
	w.b.Sync(t)
	accepted := w.b.State.Release(released.Act).EffectiveDigest
	step := w.a.Step(t, w.ref)
	suspension := w.a.SignAct(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: step})

	var acknowledged atomic.Bool
	var opened, late, denied atomic.Int64
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 8 {
		raws := make(chan string, 64)
		readers.Go(func() {
			defer close(raws)
			for {
				raw := w.b.SignAct(t, act.DeskSign, &act.ItemOpen{
					Common: w.b.Common(), Release: released.Act, Part: "body", Purpose: "detection", Restrictions: accepted, Officer: w.b.Officer(),
				})
				select {
				case raws <- raw:
				case <-stop:
					return
				}
			}
		})
		readers.Go(func() {
			for raw := range raws {
				after := acknowledged.Load() // before the request begins
				_, err := w.b.Client.Open(t.Context(), raw)
				switch {
				case err == nil && after:
					late.Add(1)
				case err == nil:
					opened.Add(1)
				case hubclient.CodeOf(err) == "open_denied":
					denied.Add(1)
				}
			}
		})
	}
	await(t, "some opens", func() bool { return opened.Load() > 50 })
	begun := time.Now()
	if _, err := w.a.Client.Submit(t.Context(), suspension); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	acknowledged.Store(true)
	await(t, "some denials", func() bool { return denied.Load() > 50 })
	close(stop)
	readers.Wait()
	if late.Load() != 0 {
		t.Errorf("%d opens started after the acknowledgement", late.Load())
	}
	report := w.Verify(t)
	if int64(report.Allows) < opened.Load() {
		t.Errorf("%d headers were handed out and %d allows are stored", opened.Load(), report.Allows)
	}
	t.Logf("%d opened, %d denied, suspension acknowledged in %v", opened.Load(), denied.Load(), took)
}

func await(t *testing.T, what string, ready func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ready() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("no %s in 20 s", what)
		}
	}
}

// A reader that takes the header slowly is cut; a suspension does not wait for it.
func TestASlowResponseIsCutWithinASecondOfTheSuspension(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b)
	raw := w.b.OpenAct(t, released.Act)
	suspension := w.a.SignAct(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: w.a.Step(t, w.ref)})
	handing, cut := make(chan struct{}), make(chan time.Time, 1)
	answered := make(chan error, 1)
	reader, leave := context.WithTimeout(t.Context(), 20*time.Second)
	defer leave()
	go func() {
		answered <- w.Service.Open(reader, "agencyb", []byte(raw), func(ctx context.Context, _ hub.Opened) error {
			close(handing)
			<-ctx.Done()
			cut <- time.Now()
			return nil
		})
	}()
	<-handing
	begun := time.Now()
	if _, err := w.a.Client.Submit(t.Context(), suspension); err != nil {
		t.Fatal(err)
	}
	acknowledged := time.Now()
	if at := <-cut; at.After(acknowledged) {
		t.Error("acknowledged before the response was cut")
	}
	if reader.Err() != nil {
		t.Error("the response ended by itself, twenty seconds later, and was not cut")
	}
	t.Logf("cut and acknowledged in %v", acknowledged.Sub(begun))
	if err := <-answered; err != nil {
		t.Error(err)
	}
}
