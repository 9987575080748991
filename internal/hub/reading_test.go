package hub_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// ends are the acts that take a reader's right away, each made when it is needed.
func (w *whole) ends(t *testing.T, release act.ID) map[string]func() string {
	t.Helper()
	item := w.item(t, release)
	officer := func(who *hubtest.Agency, payload act.Payload) string { return who.SignAct(t, act.OfficerSign, payload) }
	desk := func(who *hubtest.Agency, payload act.Payload) string { return who.SignAct(t, act.DeskSign, payload) }
	return map[string]func() string{
		"suspend":   func() string { return officer(w.c, &act.AgreementSuspend{AgreementStep: w.c.Step(t, w.ref)}) },
		"terminate": func() string { return officer(w.a, &act.AgreementTerminate{AgreementStep: w.a.Step(t, w.ref)}) },
		"withdraw":  func() string { return officer(w.b, &act.AgreementWithdraw{AgreementStep: w.b.Step(t, w.ref)}) },
		"suspend-party": func() string {
			return officer(w.c, &act.AgreementSuspendParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: w.c.Reasoned(t, w.ref, "safety"), Agency: "agencyb"}})
		},
		"retract": func() string {
			return desk(w.a, &act.ItemRetract{Common: w.a.Common(), Item: item, Officer: w.a.Officer(), Reason: "error"})
		},
		"restrict": func() string {
			return desk(w.a, w.a.Restriction(t, item, restriction.Set{"accessForm": {"view-only"}}))
		},
		"recall": func() string { return desk(w.a, w.a.Restriction(t, item, restriction.Set{"recall": {"recalled"}})) },
		"cannot-comply": func() string {
			return desk(w.b, &act.ItemCannotComply{
				Common: w.b.Common(), Release: release, Restrictions: w.b.Terms(t, release), Axis: "purposes", Reason: "domestic-law", Officer: w.b.Officer(),
			})
		},
	}
}

// Eight readers loop while a right ends. Whatever ends it, no header is on its way
// any more when the end is acknowledged: what had been allowed has been written, or
// was cut, and nothing starts.
func TestNoHeaderIsOnItsWayOnceAnEndIsAcknowledged(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"suspend", "terminate", "withdraw", "suspend-party", "retract", "restrict", "recall", "cannot-comply"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWhole(t, hubtest.Options{})
			released := w.a.Release(t, w.ref, "content", w.b, w.c)
			w.b.Read(t, released.Act)
			end := w.ends(t, released.Act)[name]()
			raw := w.b.OpenAct(t, released.Act) // a replay is decided anew each time

			var acknowledged atomic.Bool
			var handed, denied, late atomic.Int64
			stop := make(chan struct{})
			var readers sync.WaitGroup
			for range 8 {
				readers.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						err := w.Service.Open(context.Background(), "agencyb", []byte(raw), func(ctx context.Context, o hub.Opened) error {
							// Here the header is written: until the last byte is out, the end waits.
							if acknowledged.Load() && ctx.Err() == nil {
								late.Add(1)
							}
							handed.Add(1)
							return nil
						})
						var refused *hub.Error
						if errors.As(err, &refused) && refused.Code == hub.CodeOpenDenied {
							denied.Add(1)
						}
					}
				})
			}
			await(t, "some opens", func() bool { return handed.Load() > 40 })
			if _, err := w.Service.Submit(t.Context(), []byte(end)); err != nil {
				t.Fatal(err)
			}
			acknowledged.Store(true)
			before := handed.Load()
			await(t, "some denials", func() bool { return denied.Load() > 40 })
			close(stop)
			readers.Wait()
			if late.Load() != 0 || handed.Load() != before {
				t.Errorf("%d headers were handed out after the acknowledgement, %d of them uncut", handed.Load()-before, late.Load())
			}
			if report := w.Verify(t); int64(report.Allows) < handed.Load() {
				t.Errorf("%d headers were handed out and %d allows are stored", handed.Load(), report.Allows)
			}
		})
	}
}

// Something ends the right after the decision and before the first byte: the
// decision stands in the ledger, and not one byte goes out.
func TestAnEndBetweenDecisionAndFirstByteLetsNoByteOut(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"terminate", "restrict", "retract", "suspend-party"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWhole(t, hubtest.Options{})
			released := w.a.Release(t, w.ref, "content", w.b)
			w.b.Read(t, released.Act)
			end := w.ends(t, released.Act)[name]()
			raw := w.b.OpenAct(t, released.Act)
			decided, acknowledged := make(chan struct{}), make(chan struct{})
			written := make(chan bool, 1)
			go func() {
				_ = w.Service.Open(context.Background(), "agencyb", []byte(raw), func(ctx context.Context, _ hub.Opened) error {
					close(decided) // recorded; the transport has the header and is slow
					<-acknowledged
					written <- ctx.Err() == nil
					return nil
				})
			}()
			<-decided
			begun := time.Now()
			if _, err := w.Service.Submit(t.Context(), []byte(end)); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); took > 3*time.Second {
				t.Errorf("acknowledged after %v", took)
			}
			close(acknowledged)
			if <-written {
				t.Error("the transport may still write")
			}
		})
	}
}

// A restriction comes while Vault unlocks the header: the decision in the
// transaction reads it, and the old acceptance is none.
func TestARestrictionThatComesWhileItsItemIsOpenedIsObeyed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		asked  restriction.Set
		reason string
	}{
		"tightened": {restriction.Set{"accessForm": {"view-only"}}, policy.ConditionsNotAccepted},
		"recalled":  {restriction.Set{"recall": {"recalled"}}, policy.RestrictionForbids},
		"not for b": {restriction.Set{"recipientsDenied": {"agencyb"}}, policy.RestrictionForbids},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slow := &slowUnlock{entered: make(chan struct{}), goOn: make(chan struct{})}
			w := newWhole(t, hubtest.Options{Keys: func(v hub.Vault) hub.Vault { slow.Vault = v; return slow }})
			released := w.a.Release(t, w.ref, "content", w.b)
			raw := w.b.OpenAct(t, released.Act)
			asked := w.a.SignAct(t, act.DeskSign, w.a.Restriction(t, w.item(t, released.Act), c.asked))
			failed := make(chan error, 1)
			go func() { _, err := w.b.Client.Open(context.Background(), raw); failed <- err }()
			select {
			case <-slow.entered:
			case <-time.After(10 * time.Second):
				t.Fatal("nothing is unlocked")
			}
			if _, err := w.a.Client.Submit(t.Context(), asked); err != nil {
				t.Fatal(err)
			}
			close(slow.goOn)
			wantDenied(t, <-failed, c.reason)
			if report := w.Verify(t); report.Allows != 0 {
				t.Errorf("%d allows are stored", report.Allows)
			}
		})
	}
}

// After a retraction neither a range nor a validator brings a byte back, also
// while it races with readers.
func TestARetractionTakesBodiesAndRangesAway(t *testing.T) {
	t.Parallel()
	w := newWhole(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, strings.Repeat("content ", 4096), w.b)
	path := "/v1/blobs/" + strings.TrimPrefix(w.bodyDigest(t, released.Act), "sha256:")
	bearer, err := w.b.Bearer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	asks := map[string]http.Header{
		"whole": nil, "a range": {"Range": {"bytes=0-99"}}, "the rest": {"Range": {"bytes=100-"}}, "several": {"Range": {"bytes=0-1,5-6"}},
		"if changed": {"If-None-Match": {"*"}}, "a range of what it had": {"Range": {"bytes=9-"}, "If-Range": {`"` + path + `"`}},
	}
	for name, header := range asks {
		if status, _, _ := w.Do(t, http.MethodGet, path, bearer, header, nil); status/100 != 2 && status != http.StatusNotModified {
			t.Errorf("%s: %d before", name, status)
		}
	}
	retraction := w.ends(t, released.Act)["retract"]()
	var acknowledged atomic.Bool
	var late, ok atomic.Int64
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				after := acknowledged.Load()
				body, err := w.Service.Body(context.Background(), "agencyb", w.digestOf(path))
				if err == nil {
					_ = body.Close()
					ok.Add(1)
					if after {
						late.Add(1)
					}
				}
			}
		})
	}
	await(t, "some reads", func() bool { return ok.Load() > 20 })
	if _, err := w.Service.Submit(t.Context(), []byte(retraction)); err != nil {
		t.Fatal(err)
	}
	acknowledged.Store(true)
	absent := w.Raw(t, http.MethodGet, "/v1/blobs/"+strings.TrimPrefix(canonical.Digest([]byte("none")), "sha256:"), bearer, nil, nil)
	for name, header := range asks {
		if diff := cmp.Diff(absent, w.Raw(t, http.MethodGet, path, bearer, header, nil)); diff != "" {
			t.Errorf("%s after the retraction (-absent +got):\n%s", name, diff)
		}
	}
	close(stop)
	readers.Wait()
	if late.Load() != 0 {
		t.Errorf("%d bodies after the acknowledgement", late.Load())
	}
}

func (w *whole) digestOf(path string) string {
	return "sha256:" + strings.TrimPrefix(path, "/v1/blobs/")
}

// The act that accepts the terms is the key to an item. One that is forged, of
// another item, of another agency or from before a change opens nothing.
func TestAnAcceptanceThatIsForgedOrOfSomethingElseOpensNothing(t *testing.T) {
	t.Parallel()
	w := newWhole(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b)
	other := w.a.Release(t, w.ref, "other content", w.c)
	good := w.b.OpenAct(t, released.Act)
	payload := func(change func(*act.ItemOpen)) *act.ItemOpen {
		p := &act.ItemOpen{
			Common: w.b.Common(), Release: released.Act, Part: "body", Purpose: "detection", Restrictions: w.b.Terms(t, released.Act), Officer: w.b.Officer(),
		}
		change(p)
		return p
	}
	entries, _ := w.Service.Sizes()
	for name, c := range map[string]struct {
		raw    string
		code   string
		status int
	}{
		"one bit of the signature":   {flip(good), "sig_invalid", 422},
		"not signed":                 {good[:strings.LastIndexByte(good, '.')+1], "sig_malformed", 422},
		"signed by an officer's key": {w.b.SignAct(t, act.OfficerSign, payload(func(*act.ItemOpen) {})), "sig_purpose_mismatch", 422},
		"another agency's":           {w.a.OpenAct(t, released.Act), "not_the_issuer", 403},
		"for an item of others":      {w.b.SignAct(t, act.DeskSign, payload(func(p *act.ItemOpen) { p.Release = other.Act })), "not_found", 404},
		"for a part that is not there": {
			w.b.SignAct(t, act.DeskSign, payload(func(p *act.ItemOpen) { p.Part = "appendix" })), "not_found", 404,
		},
		"an acknowledgement instead": {w.b.SignAct(t, act.DeskSign, &act.ItemAcknowledge{
			Common: w.b.Common(), Release: released.Act, Restrictions: w.b.Terms(t, released.Act), Officer: w.b.Officer(),
		}), "act_wrong_endpoint", 422},
		"for another hub": {w.b.SignAct(t, act.DeskSign, payload(func(p *act.ItemOpen) { p.Audience = "other.test/ledger" })), "sig_audience", 422},
	} {
		t.Run(name, func(t *testing.T) {
			opened, err := w.b.Client.Open(t.Context(), c.raw)
			wantCode(t, err, c.code, c.status)
			if len(opened.Header) != 0 {
				t.Error("a header came with the refusal")
			}
		})
	}
	if now, _ := w.Service.Sizes(); now != entries {
		t.Errorf("%d entries, want %d", now, entries)
	}
	_, err := w.b.Client.Open(t.Context(), w.b.SignAct(t, act.DeskSign, payload(func(p *act.ItemOpen) { p.Restrictions = canonical.Digest(nil) })))
	wantDenied(t, err, policy.ConditionsNotAccepted)
	if got := w.b.Read(t, released.Act); got != "content" {
		t.Errorf("read %q", got)
	}
}

// The reader's desk is away when a restriction is issued. It binds from then on;
// what is owed stays owed until it is answered, shows to the originator as overdue,
// and holds later items, which are taken and sealed all the same; and when the desk is back it hears of everything, once.
func TestAReaderThatIsAwayOwesItsAnswerUntilItGivesIt(t *testing.T) {
	t.Parallel()
	clock := hubtest.NewClock()
	w := newWhole(t, hubtest.Options{Clock: clock})
	released := w.a.Release(t, w.ref, "content", w.b, w.c)
	w.b.Read(t, released.Act)
	accepted := w.b.OpenAct(t, released.Act) // of before
	w.a.Restrict(t, w.item(t, released.Act), restriction.Set{"accessForm": {"view-only"}})
	w.a.Restrict(t, w.item(t, released.Act), restriction.Set{"retentionDays": {"30"}})

	_, err := w.b.Client.Open(t.Context(), accepted)
	wantDenied(t, err, policy.ConditionsNotAccepted)
	wantDuties(t, w, released.Act, clock.Now(), policy.Owed, policy.Owed)
	clock.Pass(25 * time.Hour)
	wantDuties(t, w, released.Act, clock.Now(), policy.Overdue, policy.Overdue)
	item := w.a.Seal(t, w.ref, "later content", w.b)
	w.a.Upload(t, item)
	held, err := w.a.Client.Release(t.Context(), w.a.Request(t, item))
	if err != nil {
		t.Fatal(err)
	}

	// Back again: the feed goes on where it was left, and reading it twice, or a page
	// of it again, tells the same entries.
	from := w.b.Cursor()
	first, again := w.feed(t, w.b, from), w.feed(t, w.b, from)
	if diff := cmp.Diff(first, again); diff != "" || len(first) < 2 {
		t.Errorf("%d entries; the second reading differs:\n%s", len(first), diff)
	}
	w.b.Sync(t)
	for _, entry := range first { // delivered once more, in another order: nothing changes
		e, err := w.b.State.Verify([]byte(entry))
		if err != nil {
			t.Fatal(err)
		}
		var refused *ledger.Error
		if e.Act != nil && (!errors.As(ledger.Apply(w.b.State, e), &refused) || refused.Code != "act_seen") {
			t.Errorf("an entry was taken twice: %v", refused)
		}
	}
	_, err = w.b.Client.Open(t.Context(), w.b.OpenAct(t, held.Act))
	wantDenied(t, err, policy.DutyOverdue)
	w.act(t, w.b, &act.ItemAcknowledge{Common: w.b.Common(), Release: released.Act, Restrictions: w.b.Terms(t, released.Act), Officer: w.b.Officer()})
	wantDuties(t, w, released.Act, clock.Now(), policy.Done, policy.Done)
	if got := w.b.Read(t, held.Act); got != "later content" {
		t.Errorf("after the answer it reads %q", got)
	}
	w.Verify(t)
}

func (w *whole) feed(t *testing.T, a *hubtest.Agency, after uint64) []string {
	t.Helper()
	page, err := a.Feed(t.Context(), after, 0)
	if err != nil {
		t.Fatal(err)
	}
	var entries []string
	for _, e := range page.Entries {
		entries = append(entries, e.Entry)
	}
	return entries
}

// wantDuties looks at what b owes by a's own fold.
func wantDuties(t *testing.T, w *whole, release act.ID, now time.Time, want ...policy.DutyState) {
	t.Helper()
	w.a.Sync(t)
	var got []policy.DutyState
	for _, duty := range policy.Duties(w.a.State, w.a.State.Release(release), now) {
		if duty.Kind == policy.ToAcknowledge && duty.Holder == "agencyb" {
			got = append(got, duty.State)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the originator sees (-want +got):\n%s", diff)
	}
}
