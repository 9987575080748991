package hub_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/store"
)

// wards is a whole in which things are deleted.
type wards struct{ *whole }

func (w wards) retract(t *testing.T, release act.ID) {
	t.Helper()
	w.act(t, w.a, &act.ItemRetract{Common: w.a.Common(), Item: w.item(t, release), Officer: w.a.Officer(), Reason: "error"})
}

func (w wards) dispose(t *testing.T) {
	t.Helper()
	if err := w.Service.Dispose(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// files are the bodies on the hub's disk.
func (w wards) files(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(w.Dir, "blobs", "bodies", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range found {
		found[i] = "sha256:" + filepath.Base(path)
	}
	return found
}

// records are the disposals that the agency was told of.
func (w wards) records(t *testing.T, who *hubtest.Agency) []*ledger.Record {
	t.Helper()
	var found []*ledger.Record
	for _, raw := range w.feed(t, who, 0) {
		entry, err := ledger.ParseEntry([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if entry.Record != nil && entry.Record.Type == ledger.DisposalRecord {
			found = append(found, entry.Record)
		}
	}
	return found
}

func (w wards) digests(t *testing.T, release act.ID) (bodies []string) {
	t.Helper()
	err := w.Store.View(t.Context(), func(r store.Reader) error {
		parts, err := r.Parts(release)
		for _, part := range parts {
			bodies = append(bodies, part.BodyDigest)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return bodies
}

// An item that is taken back is gone from the hub: bodies and locked headers. The
// ledger says so to publisher and receivers, who are refused for the same reason as
// before.
func TestWhatNobodyMayOpenIsDeleted(t *testing.T) {
	t.Parallel()
	w := wards{newWhole(t, hubtest.Options{})}
	stays := w.a.Release(t, w.ref, "this stays", w.b)
	goes := w.a.Release(t, w.ref, "this goes", w.b, w.c)
	w.b.Read(t, goes.Act)
	open, bodies := w.b.OpenAct(t, goes.Act), w.digests(t, goes.Act)
	w.dispose(t)
	if left := w.files(t); len(left) != 4 {
		t.Fatalf("nothing ended, and of four bodies %d are there", len(left))
	}
	w.retract(t, goes.Act)
	for range 2 { // twice is once
		w.dispose(t)
	}
	left := w.files(t)
	for _, body := range bodies {
		if slices.Contains(left, body) {
			t.Errorf("%s is on the disk", body)
		}
		for _, header := range []http.Header{nil, {"Range": {"bytes=0-9"}}, {"If-None-Match": {`"` + body + `"`}}, {"If-Range": {`"` + body + `"`}, "Range": {"bytes=1-"}}} {
			bearer, err := w.b.Bearer(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if status, _, text := w.Do(t, http.MethodGet, "/v1/blobs/"+strings.TrimPrefix(body, "sha256:"), bearer, header, nil); status != http.StatusNotFound {
				t.Errorf("%v: %d %q", header, status, text)
			}
		}
	}
	if len(left) != 2 || len(w.digests(t, goes.Act)) != 0 {
		t.Errorf("left on the disk %v, and of the parts %v", left, w.digests(t, goes.Act))
	}
	for _, who := range []*hubtest.Agency{w.a, w.b, w.c} {
		records := w.records(t, who)
		if len(records) != 2 {
			t.Fatalf("%s was told of %d disposals, want one of the body and one of the cover", who.Name, len(records))
		}
		var told []string
		for _, record := range records {
			if record.Agency != "agencya" || record.Results[0].Release != goes.Act || record.Results[0].Reason != policy.GoneRetracted {
				t.Errorf("%s was told %+v", who.Name, record)
			}
			told = append(told, record.Results[0].Evidence...)
		}
		slices.Sort(told)
		slices.Sort(bodies)
		if !slices.Equal(told, bodies) {
			t.Errorf("%s was told of %v, want %v", who.Name, told, bodies)
		}
	}
	if len(w.records(t, w.d)) != 0 {
		t.Error("an agency that had nothing of it is told")
	}
	for _, who := range []*hubtest.Agency{w.a, w.b} {
		_, err := who.Client.Open(t.Context(), who.OpenAct(t, goes.Act))
		wantDenied(t, err, policy.ItemRetracted)
	}
	_, err := w.b.Client.Open(t.Context(), open) // the very act of before
	wantDenied(t, err, policy.ItemRetracted)
	covers, err := w.b.Deliver(t.Context(), []act.ID{goes.Act, stays.Act})
	if err != nil || len(covers) != 2 || covers[0].Allow || covers[0].Reason != policy.ItemRetracted || !covers[1].Allow {
		t.Errorf("Deliver = %+v, %v", covers, err)
	}
	if got := w.b.Read(t, stays.Act); got != "this stays" {
		t.Errorf("read %q", got)
	}
	if report := w.Verify(t); report.Disposals != 2 || report.Releases != 2 {
		t.Errorf("stored: %+v", report)
	}
}

// When every receiver's period is over the content goes, and the cover, which tells
// a receiver what it had, when the agreement ends. The publisher opens its own item
// at the hub no more.
func TestTheContentGoesWithTheLastPeriodAndTheCoverWithTheAgreement(t *testing.T) {
	t.Parallel()
	clock := hubtest.NewClock()
	w := wards{newWhole(t, hubtest.Options{Clock: clock})}
	released := w.a.Release(t, w.ref, "for three days", w.b, w.c)
	w.a.Restrict(t, w.item(t, released.Act), restriction.Set{"retentionDays": {"3"}})
	w.b.Sync(t)
	w.c.Sync(t)
	w.b.Read(t, released.Act)
	clock.Pass(24 * time.Hour)
	w.c.Read(t, released.Act)
	clock.Pass(48 * time.Hour) // over for b, and not for c
	_, err := w.b.Client.Open(t.Context(), w.b.OpenAct(t, released.Act))
	wantDenied(t, err, policy.RestrictionForbids)
	w.dispose(t)
	if left := w.files(t); len(left) != 2 {
		t.Fatalf("c may open it, and of two bodies %d are there", len(left))
	}
	w.c.Read(t, released.Act)
	clock.Pass(24 * time.Hour)
	w.dispose(t)
	if left, records := w.files(t), w.records(t, w.b); len(left) != 1 || len(records) != 1 || records[0].Part != "body" || records[0].Results[0].Reason != policy.GoneRetention {
		t.Fatalf("left %v, told %+v", left, records)
	}
	covers, err := w.b.Deliver(t.Context(), []act.ID{released.Act})
	if err != nil || len(covers) != 1 || !covers[0].Allow || covers[0].Cover == nil {
		t.Errorf("Deliver = %+v, %v", covers, err)
	}
	_, err = w.c.Client.Open(t.Context(), w.c.OpenAct(t, released.Act))
	wantDenied(t, err, policy.RestrictionForbids)
	_, err = w.a.Client.Open(t.Context(), w.a.OpenAct(t, released.Act))
	wantDenied(t, err, policy.CopyDeleted)
	clock.Pass(10 * 24 * time.Hour)
	w.dispose(t)
	if left, records := w.files(t), w.records(t, w.b); len(left) != 0 || len(records) != 2 || records[1].Part != "cover" {
		t.Errorf("left %v, told %+v", left, records)
	}
	w.Verify(t)
}

// What somebody may open again, now or later, is kept.
func TestWhatSomebodyMayOpenAgainIsKept(t *testing.T) {
	t.Parallel()
	clock := hubtest.NewClock()
	w := wards{newWhole(t, hubtest.Options{Clock: clock})}
	released := w.a.Release(t, w.ref, "content", w.b, w.c)
	w.b.Read(t, released.Act)
	kept := func(after string) {
		t.Helper()
		w.dispose(t)
		if left := w.files(t); len(left) != 2 {
			t.Fatalf("%s: of two bodies %d are there", after, len(left))
		}
	}
	w.a.Restrict(t, w.item(t, released.Act), restriction.Set{"recall": {"recalled"}}, "agencyc")
	kept("it is recalled from one")
	w.a.Submit(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: w.a.Reasoned(t, w.ref, "safety")})
	kept("it is suspended")
	w.a.Submit(t, act.OfficerSign, &act.AgreementResume{AgreementStep: w.a.Reasoned(t, w.ref, "other")})
	clock.Pass(48 * time.Hour)
	kept("an answer is overdue")
	if got := w.b.Read(t, released.Act); got != "content" {
		t.Errorf("read %q", got)
	}
}

// Two releases have the same sealed body: it goes with the last of them.
func TestABodyThatAnotherReleaseHasStays(t *testing.T) {
	t.Parallel()
	w := wards{newWhole(t, hubtest.Options{})}
	item := w.a.Seal(t, w.ref, "content", w.b)
	w.a.Upload(t, item)
	var ids []act.ID
	for range 2 {
		item.Payload.Common = w.a.Common()
		done, err := w.a.Client.Release(t.Context(), w.a.Request(t, item))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, done.Act)
	}
	w.b.Sync(t)
	recall := func(release act.ID) {
		asked := w.a.Restriction(t, w.item(t, release), restriction.Set{"recall": {"recalled"}})
		asked.Release = release
		w.act(t, w.a, asked)
		w.dispose(t)
	}
	recall(ids[0])
	records := w.records(t, w.b)
	if len(w.files(t)) != 2 || len(records) != 2 || len(records[0].Results[0].Evidence)+len(records[1].Results[0].Evidence) != 0 {
		t.Fatalf("the other release has the bodies, and %v are left; told %+v", w.files(t), records)
	}
	if got := w.b.Read(t, ids[1]); got != "content" {
		t.Errorf("read %q", got)
	}
	w.Verify(t)
	recall(ids[1])
	if left, records := w.files(t), w.records(t, w.b); len(left) != 0 || len(records) != 4 || len(records[2].Results[0].Evidence) != 1 {
		t.Errorf("left %v, told %+v", left, records)
	}
	w.Verify(t)
}

// A section goes with the body, and whom it excludes hears of it no more than it
// heard before.
func TestTheDisposalOfASectionIsToldToItsReadersAlone(t *testing.T) {
	t.Parallel()
	w := newCircle(t, hubtest.Options{})
	released, _ := w.release(t, w.sectionsForB(2))
	w.a.Submit(t, act.DeskSign, &act.ItemRetract{Common: w.a.Common(), Item: w.itemOf(t, released.Act), Officer: w.a.Officer(), Reason: "error"})
	all := wards{&whole{Hub: w.Hub, a: w.a, b: w.b, c: w.c, ref: w.ref}}
	all.dispose(t)
	if left := all.files(t); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	for who, want := range map[*hubtest.Agency]int{w.a: 4, w.b: 4, w.c: 2} {
		if records := all.records(t, who); len(records) != want {
			t.Errorf("%s was told %d times, want %d", who.Name, len(records), want)
		}
	}
	w.Verify(t)
}

func (w *circle) itemOf(t *testing.T, release act.ID) string {
	t.Helper()
	w.a.Sync(t)
	return w.a.State.Release(release).Item.ID
}

// stubborn are bodies that cannot be removed for a time.
type stubborn struct {
	store.Blobs
	refuses atomic.Bool
}

func (s *stubborn) Remove(digest string) error {
	if s.refuses.Load() {
		return errors.New("the disk does not answer")
	}
	return s.Blobs.Remove(digest)
}

// The ledger has the record, and the files could not be removed: the next sweep,
// also of the next process, removes them, and says nothing twice.
func TestADisposalThatWasBrokenOffIsFinished(t *testing.T) {
	t.Parallel()
	disk := &stubborn{}
	w := wards{newWhole(t, hubtest.Options{Blobs: func(b store.Blobs) store.Blobs { disk.Blobs = b; return disk }})}
	released := w.a.Release(t, w.ref, "content", w.b)
	disk.refuses.Store(true)
	w.retract(t, released.Act)
	if err := w.Service.Dispose(t.Context()); err == nil {
		t.Fatal("the files cannot be removed, and nobody says so")
	}
	if left, records := w.files(t), w.records(t, w.b); len(left) != 2 || len(records) != 2 {
		t.Fatalf("left %v, told %+v", left, records)
	}
	w.Verify(t)
	_, err := w.b.Client.Open(t.Context(), w.b.OpenAct(t, released.Act))
	wantDenied(t, err, policy.ItemRetracted)
	again := w.Restart(t, hubtest.Options{})
	next := wards{&whole{Hub: again, a: w.a, b: w.b, c: w.c, ref: w.ref}}
	w.b.Move(t, again.World)
	next.dispose(t)
	if left, records := next.files(t), next.records(t, w.b); len(left) != 0 || len(records) != 2 {
		t.Errorf("left %v, told %+v", left, records)
	}
	again.Verify(t)
}

// A ledger that calls something deleted which is there does not verify.
func TestABodyThatIsThereAgainDoesNotVerify(t *testing.T) {
	t.Parallel()
	w := wards{newWhole(t, hubtest.Options{})}
	released := w.a.Release(t, w.ref, "content", w.b)
	body := w.digests(t, released.Act)[0]
	name := strings.TrimPrefix(body, "sha256:")
	path := filepath.Join(w.Dir, "blobs", "bodies", name[:2], name)
	saved, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w.retract(t, released.Act)
	w.dispose(t)
	w.Verify(t)
	if err := os.WriteFile(path, saved, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.Audit(t); err == nil || !strings.Contains(err.Error(), "was deleted") {
		t.Errorf("Verify = %v", err)
	}
}
