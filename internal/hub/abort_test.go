package hub_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/store"
)

// interrupted hands an open in whose answer goes out only after something else is
// in the ledger, and tells how many bytes it wrote.
func interrupted(t *testing.T, w *hubtest.Hub, raw string, between func()) (written int, err error) {
	t.Helper()
	handing, goOn := make(chan struct{}), make(chan struct{})
	answered := make(chan error, 1)
	go func() {
		answered <- w.Service.Open(context.Background(), "agencyb", []byte(raw), func(_ context.Context, o hub.Opened) error {
			close(handing)
			<-goOn
			if err := o.Still(); err != nil {
				return err
			}
			written = len(o.Header)
			return nil
		})
	}()
	<-handing
	before, _ := w.Service.Sizes()
	done := make(chan struct{})
	go func() { defer close(done); between() }()
	await(t, "entry beside the open", func() bool { now, _ := w.Service.Sizes(); return now > before })
	close(goOn)
	err = <-answered
	<-done
	return written, err
}

// record reads the hub's own word at an index.
func record(t *testing.T, w *hubtest.Hub, index uint64) (out *ledger.Record) {
	t.Helper()
	err := w.Store.View(t.Context(), func(r store.Reader) error {
		stored, err := r.Entry(index)
		if err != nil {
			return err
		}
		entry, err := ledger.ParseEntry(stored.Bytes)
		out = entry.Record
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// readerOf is what a fold of the ledger says of b as a reader, and what it owes.
func readerOf(s *ledger.State, release act.ID, now time.Time) string {
	reader := s.Release(release).Reader("agencyb")
	if reader == nil {
		return fmt.Sprintf("none, owes %v", owed(s, release, now))
	}
	return fmt.Sprintf("%d to %d, %d of the body, owes %v", reader.First.Index, reader.Last.Index, reader.Count, owed(s, release, now))
}

func owed(s *ledger.State, release act.ID, now time.Time) []string {
	var kinds []string
	for _, duty := range policy.Duties(s, s.Release(release), now) {
		if duty.Holder == "agencyb" {
			kinds = append(kinds, string(duty.Kind))
		}
	}
	slices.Sort(kinds)
	return kinds
}

// wantReader compares what the hub, the reader's desk and the originator's desk say.
func wantReader(t *testing.T, w *whole, release act.ID, want string) {
	t.Helper()
	now := time.Now().Add(time.Minute)
	whole := (&lives{Hub: w.Hub, t: t}).whole()
	w.a.Sync(t)
	w.b.Sync(t)
	for who, state := range map[string]*ledger.State{"the hub": whole, "the reader": w.b.State, "the originator": w.a.State} {
		if got := readerOf(state, release, now); got != want {
			t.Errorf("%s says %q, want %q", who, got, want)
		}
	}
}

// withSection releases an item with one section, and returns the section's part.
func (w *whole) withSection(t *testing.T) (release act.ID, part string) {
	t.Helper()
	item := w.a.SealSections(t, w.ref, "content", []hubtest.Section{{Text: "passage", Restrictions: forB, Readers: []*hubtest.Agency{w.b}}}, w.b, w.c)
	w.a.Upload(t, item)
	done, err := w.a.Client.Release(t.Context(), w.a.Request(t, item))
	if err != nil {
		t.Fatal(err)
	}
	part, _ = sectionPart(item)
	return done.Act, part
}

// An act ends the right between the decision and the first byte. Not one byte goes
// out, the ledger says so, and there is no reader and no duty: at the hub, at the
// reader's desk and at the originator's.
func TestARightThatEndsBeforeTheFirstByteTakesTheOpenBack(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"suspend", "terminate", "withdraw", "suspend-party", "retract", "restrict", "recall", "cannot-comply"} {
		for _, what := range []string{"body", "section"} {
			t.Run(name+" and a "+what, func(t *testing.T) {
				t.Parallel()
				w := newWhole(t, hubtest.Options{})
				release, part := w.withSection(t)
				raw := w.b.OpenAct(t, release)
				if what == "section" {
					raw = w.b.OpenPartAct(t, release, part, forB)
				} else {
					part = "body"
				}
				end := w.ends(t, release)[name]()
				written, err := interrupted(t, w.Hub, raw, func() {
					if _, err := w.Service.Submit(context.Background(), []byte(end)); err != nil {
						t.Error(err)
					}
				})
				if written != 0 {
					t.Errorf("%d bytes went out", written)
				}
				if refused := hub.Typed(err); refused.Code != hub.CodeStorageBusy || refused.RetryAfter == 0 {
					t.Errorf("%v, want what says to ask again", err)
				}
				last, _ := w.Service.Sizes()
				aborted := record(t, w.Hub, last-1)
				asked, err := act.Parse([]byte(raw))
				if err != nil {
					t.Fatal(err)
				}
				want := &ledger.Record{
					Type: "abort.v1", Agency: "agencyb", Action: "open", Act: asked.ID, Part: part, Decision: last - 3,
					Results: []ledger.Result{{Release: release, Reason: "aborted_epoch_changed"}},
				}
				if diff := cmp.Diff(want, aborted); diff != "" {
					t.Errorf("record (-want +got):\n%s", diff)
				}
				if allowed := record(t, w.Hub, last-3); allowed.Type != "decision.v1" || !allowed.Results[0].Allow {
					t.Errorf("what is taken back is %+v", allowed)
				}
				wantReader(t, w, release, "none, owes []")
				w.c.Sync(t)
				if err := w.Store.View(t.Context(), func(r store.Reader) error {
					shown, err := r.InFeed("agencyc", last-1)
					if shown {
						t.Error("an agency hears of another's open")
					}
					return err
				}); err != nil {
					t.Fatal(err)
				}
				if report := w.Verify(t); report.Allows != 1 || report.Aborts != 1 {
					t.Errorf("%d allows and %d of them taken back", report.Allows, report.Aborts)
				}
			})
		}
	}
}

// What does not concern an open takes nothing back, unless the answer is so slow
// that it had to be cut.
func TestAnOpenThatNothingConcernsIsAnswered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		slow    bool
		written bool
		reader  func(decision uint64) string
	}{
		"in time": {false, true, func(at uint64) string { return fmt.Sprintf("%d to %d, 1 of the body, owes [erase]", at, at) }},
		"slow":    {true, false, func(uint64) string { return "none, owes []" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWhole(t, hubtest.Options{})
			released := w.a.Release(t, w.ref, "content", w.b)
			raw := w.b.OpenAct(t, released.Act)
			var decision uint64
			var written int
			var err error
			for range 5 { // on a machine that is busy, in time may be too late
				end := w.ends(t, w.a.Release(t, w.ref, "something else", w.b).Act)["retract"]()
				decision, _ = w.Service.Sizes()
				if c.slow {
					err = cut(t, w.Hub, raw, end)
					break
				}
				if _, seen := w.seen(t, raw); !seen {
					decision++ // the act comes first
				}
				written, err = interrupted(t, w.Hub, raw, func() { _, _ = w.Service.Submit(context.Background(), []byte(end)) })
				if err == nil {
					break
				}
			}
			if (written > 0) != c.written || (err == nil) != c.written {
				t.Errorf("%d bytes went out: %v", written, err)
			}
			wantReader(t, w, released.Act, c.reader(decision))
			w.Verify(t)
		})
	}
}

// cut hands an open in whose answer begins only when it has been cut by an act that
// has waited long enough.
func cut(t *testing.T, w *hubtest.Hub, raw, end string) error {
	t.Helper()
	ended := make(chan struct{})
	err := w.Service.Open(t.Context(), "agencyb", []byte(raw), func(ctx context.Context, o hub.Opened) error {
		go func() { defer close(ended); _, _ = w.Service.Submit(context.Background(), []byte(end)) }()
		<-ctx.Done()
		return o.Still()
	})
	<-ended
	return err
}

// seen reports where in b's own fold an act stands.
func (w *whole) seen(t *testing.T, raw string) (uint64, bool) {
	t.Helper()
	a, err := act.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	w.b.Sync(t)
	return w.b.State.Seen(a.ID)
}

// An asker who goes away while it is answered has been answered, for all that the
// hub knows: nothing is taken back.
func TestAnAskerWhoGoesAwayTakesNothingBack(t *testing.T) {
	t.Parallel()
	w := newWhole(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b)
	raw := w.b.OpenAct(t, released.Act)
	asker, leave := context.WithCancel(t.Context())
	err := w.Service.Open(asker, "agencyb", []byte(raw), func(_ context.Context, o hub.Opened) error {
		leave()
		return o.Still()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want a call that was given up", err)
	}
	last, _ := w.Service.Sizes()
	wantReader(t, w, released.Act, fmt.Sprintf("%d to %d, 1 of the body, owes [erase]", last-1, last-1))
}

// The one read that the terms allow is not used up by an answer that never began.
func TestAnAbortedOpenIsNotCounted(t *testing.T) {
	t.Parallel()
	w := newWhole(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b)
	w.a.Restrict(t, w.item(t, released.Act), restriction.Set{"maxReads": {"1"}})
	raw := w.b.OpenAct(t, released.Act)
	end := w.ends(t, released.Act)["suspend"]()
	if _, err := interrupted(t, w.Hub, raw, func() { _, _ = w.Service.Submit(context.Background(), []byte(end)) }); err == nil {
		t.Fatal("it was answered")
	}
	_, err := w.b.Client.Open(t.Context(), raw)
	wantDenied(t, err, policy.AgreementSuspended)
	w.c.Submit(t, act.OfficerSign, &act.AgreementResume{AgreementStep: w.c.Step(t, w.ref)})
	if _, err := w.b.Client.Open(t.Context(), raw); err != nil {
		t.Errorf("after resuming: %v", err)
	}
	_, err = w.b.Client.Open(t.Context(), w.b.OpenAct(t, released.Act))
	wantDenied(t, err, policy.RestrictionForbids)
	w.Verify(t)
}

// Who reads a section and not the body owes what a reader owes.
func TestWhoOpensASectionOnlyOwesTheDuties(t *testing.T) {
	t.Parallel()
	w := newWhole(t, hubtest.Options{})
	release, part := w.withSection(t)
	opened, err := w.b.Client.Open(t.Context(), w.b.OpenPartAct(t, release, part, forB))
	if err != nil || !seal.IsSection(opened.Descriptor.Descriptor.Part) {
		t.Fatal(opened.Descriptor.Descriptor.Part, err)
	}
	at := opened.Decision.Index
	wantReader(t, w, release, fmt.Sprintf("%d to %d, 0 of the body, owes [erase]", at, at))
	w.a.Restrict(t, w.item(t, release), restriction.Set{"accessForm": {"view-only"}})
	wantDuties(t, w, release, time.Now(), policy.Owed)
	w.act(t, w.b, &act.ItemAcknowledge{Common: w.b.Common(), Release: release, Restrictions: w.b.Terms(t, release), Officer: w.b.Officer()})
	wantDuties(t, w, release, time.Now(), policy.Done)
	w.a.Submit(t, act.DeskSign, &act.ItemRetract{Common: w.a.Common(), Item: w.item(t, release), Officer: w.a.Officer(), Reason: "error"})
	wantReader(t, w, release, fmt.Sprintf("%d to %d, 0 of the body, owes [acknowledge destroy erase]", at, at))
}
