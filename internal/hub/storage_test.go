package hub_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/store/files"
	"github.com/concordat-hub/concordat/internal/store/sqlite"
)

// The database is full: every write is refused whole, reading goes on, and with
// room again the refused acts are accepted as if nothing had been.
func TestAFullDatabaseRefusesWritesAndLosesNothing(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b)
	w.Stop()

	tight := w.Restart(t, hubtest.Options{SQLite: sqlite.Options{MaxBytes: 1}}) // SQLite takes the present size for the least
	w.a.Move(t, tight.World)
	w.b.Move(t, tight.World)
	var raw string
	var refused error
	for n := 0; refused == nil && n < 500; n++ { // until the last page has no room
		raw = w.a.SignAct(t, act.DeskSign, keyAddAfter(t, w.a))
		_, refused = w.a.Client.Submit(t.Context(), raw)
	}
	wantCode(t, refused, "storage_full", 507)
	open := w.b.OpenAct(t, released.Act)
	_, err := w.b.Client.Open(t.Context(), open)
	wantCode(t, err, "storage_full", 507)
	if _, err := w.b.Feed(t.Context(), 0, 0); err != nil {
		t.Errorf("reading: %v", err)
	}
	tight.Verify(t)

	roomy := tight.Restart(t, hubtest.Options{})
	w.a.Move(t, roomy.World)
	w.b.Move(t, roomy.World)
	if _, err := w.a.Client.Submit(t.Context(), raw); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if _, err := w.b.Client.Open(t.Context(), open); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if report := roomy.Verify(t); report.Allows != 1 {
		t.Errorf("%d allows are stored, want 1", report.Allows)
	}
}

// Bodies leave room for the ledger: an upload is refused before acts are.
func TestAnUploadNeverTakesTheLedgersReserve(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{Files: files.Options{Reserve: 1 << 62}})
	a := h.Enrol(t, "agencya")
	_, err := a.Client.Upload(t.Context(), []byte("sealed"))
	wantCode(t, err, "storage_full", 507)
	a.Submit(t, act.DeskSign, keyAddAfter(t, a))
}

// The commit was sent and its outcome is not known. The client retries; the
// ledger has the act once, and what the hub decides next knows of it.
func TestACommitOfUnknownOutcomeIsFoundByTheNextWrite(t *testing.T) {
	t.Parallel()
	flaky := &hubtest.FailingStore{}
	w := newTrio(t, hubtest.Options{Store: func(s store.Store) store.Store { flaky.Store = s; return flaky }})
	released := w.a.Release(t, w.ref, "content", w.b)
	open := w.b.OpenAct(t, released.Act)
	suspension := w.a.SignAct(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: w.a.Step(t, w.ref)})
	entries, _ := w.Service.Sizes()

	flaky.Fail(nil, fmt.Errorf("%w: injected", store.ErrUnknown))
	_, err := w.a.Client.Submit(t.Context(), suspension)
	wantCode(t, err, "storage_unavailable", 503)
	flaky.Fail(nil, nil)

	// Nobody retried yet, and still the suspension bites: it is in the ledger.
	_, err = w.b.Client.Open(t.Context(), open)
	wantDenied(t, err, "policy_agreement_suspended")
	done, err := w.a.Client.Submit(t.Context(), suspension)
	if err != nil || done.Index != entries {
		t.Errorf("retry: %+v, %v", done, err)
	}
	w.Verify(t)
}

func TestAStoreThatFailsBeforeTheCommitChangesNothing(t *testing.T) {
	t.Parallel()
	flaky := &hubtest.FailingStore{}
	w := newTrio(t, hubtest.Options{Store: func(s store.Store) store.Store { flaky.Store = s; return flaky }})
	released := w.a.Release(t, w.ref, "content", w.b)
	raw := w.b.OpenAct(t, released.Act)
	for _, fault := range []struct {
		err    error
		code   string
		status int
	}{
		{store.ErrFull, "storage_full", 507}, {store.ErrBusy, "storage_unavailable", 503}, {errors.New("disk on fire"), "internal", 500},
	} {
		flaky.Fail(fault.err, nil)
		_, err := w.b.Client.Open(t.Context(), raw)
		wantCode(t, err, fault.code, fault.status)
	}
	flaky.Fail(nil, nil)
	if _, err := w.b.Client.Open(t.Context(), raw); err != nil {
		t.Error(err)
	}
}

// One agency's uploads do not use up the disk of all.
func TestUploadsWithoutReleasesHaveALimitPerAgency(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb")
	pending := func(n int) store.Upload {
		return store.Upload{Agency: "agencya", Digest: canonical.Digest(fmt.Append(nil, n)), Size: 1 << 20, Uploaded: time.Now()}
	}
	err := h.Store.Update(t.Context(), func(tx store.Tx) error {
		for n := range 256 {
			if err := tx.PutUpload(pending(n)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Client.Upload(t.Context(), []byte("one more"))
	if hubclient.CodeOf(err) != "upload_quota" {
		t.Errorf("got %v", err)
	}
	if _, err := b.Client.Upload(t.Context(), []byte("another agency's")); err != nil {
		t.Errorf("another agency: %v", err)
	}
}

func TestAnUploadGoesOnWhereItWasCut(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a := h.Enrol(t, "agencya")
	body := bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MiB
	digest := canonical.Digest(body)
	path := "/v1/uploads/" + strings.TrimPrefix(digest, "sha256:")
	put := func(offset int64, length int, piece io.Reader) (int, http.Header) {
		bearer, err := a.Bearer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		status, header, _ := h.Do(t, http.MethodPut, path, bearer, http.Header{
			"Upload-Offset": {fmt.Sprint(offset)}, "Upload-Length": {fmt.Sprint(length)},
		}, piece)
		return status, header
	}
	if status, header := put(0, len(body), bytes.NewReader(body[:400_000])); status != 200 || header.Get("Upload-Offset") != "400000" || header.Get("Upload-Complete") != "false" {
		t.Fatalf("first piece: %d %v", status, header)
	}
	if status, header := put(0, len(body), bytes.NewReader(body[:1000])); status != 409 || header.Get("Upload-Offset") != "400000" {
		t.Errorf("from the beginning again: %d %v", status, header)
	}
	if status, _ := put(500_000, len(body), bytes.NewReader(body[500_000:])); status != 409 {
		t.Errorf("with a gap: %d", status)
	}
	// More than the sockets between them hold: the refusal is read all the same.
	large := bytes.Repeat(body, 7)
	if status, header := put(500_000, len(large), bytes.NewReader(large)); status != 409 || header.Get("Upload-Offset") != "400000" {
		t.Errorf("a large piece with a gap: %d %v", status, header)
	}
	if got, err := a.Client.Upload(t.Context(), body); err != nil || got != digest {
		t.Fatalf("the client's resume: %s, %v", got, err)
	}
	if got, err := a.Client.Upload(t.Context(), body); err != nil || got != digest {
		t.Errorf("once more: %s, %v", got, err)
	}
}

func TestAnUploadOfOtherBytesThanItsDigestIsForgotten(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a := h.Enrol(t, "agencya")
	bearer, err := a.Bearer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := "/v1/uploads/" + strings.TrimPrefix(canonical.Digest([]byte("other")), "sha256:")
	header := http.Header{"Upload-Offset": {"0"}, "Upload-Length": {"5"}}
	if status, _, body := h.Do(t, http.MethodPut, path, bearer, header, strings.NewReader("bytes")); status != 422 || !strings.Contains(body, "upload_digest") {
		t.Errorf("%d %s", status, body)
	}
	if status, tell, _ := h.Do(t, http.MethodHead, path, bearer, nil, nil); status != 200 || tell.Get("Upload-Offset") != "0" {
		t.Errorf("%d %v", status, tell)
	}
	for name, header := range map[string]http.Header{
		"no offset": {"Upload-Length": {"5"}}, "no length": {"Upload-Offset": {"0"}}, "negative": {"Upload-Offset": {"-1"}, "Upload-Length": {"5"}},
	} {
		if status, _, _ := h.Do(t, http.MethodPut, path, bearer, header, strings.NewReader("other")); status != 400 {
			t.Errorf("%s: %d", name, status)
		}
	}
	tooLarge := http.Header{"Upload-Offset": {"0"}, "Upload-Length": {fmt.Sprint(17 << 20)}}
	if status, _, _ := h.Do(t, http.MethodPut, path, bearer, tooLarge, strings.NewReader("other")); status != 413 {
		t.Errorf("too large: %d", status)
	}
}

// Uploads that no release named are given up; bodies of releases never are.
func TestUnusedUploadsAreSweptAndReleasedBodiesStay(t *testing.T) {
	t.Parallel()
	clock := hubtest.NewClock()
	w := newTrio(t, hubtest.Options{Clock: clock})
	released := w.a.Release(t, w.ref, "content", w.b)
	stray, err := w.a.Client.Upload(t.Context(), []byte("never released"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Service.Sweep(t.Context(), clock.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if there, err := w.Blobs.Has(stray); err != nil || there {
		t.Errorf("the stray body is there: %v, %v", there, err)
	}
	if got := w.b.Read(t, released.Act); got != "content" {
		t.Errorf("read %q", got)
	}
	w.Verify(t)
}

func TestABodyThatRottedOnDiskIsNotServed(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{Blobs: func(b store.Blobs) store.Blobs { return b }})
	released := w.a.Release(t, w.ref, "content", w.b)
	opened, err := w.b.Open(t, released.Act)
	if err != nil {
		t.Fatal(err)
	}
	rot(t, w.Dir, opened.Descriptor.Descriptor.BodyDigest)
	_, err = w.b.Body(t.Context(), opened.Descriptor.Descriptor.BodyDigest, 10)
	if hubclient.CodeOf(err) != "internal" {
		t.Errorf("got %v", err)
	}
}

func TestADepositIsNeverReplacedAndOnlyItsOwnersToSee(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb")
	name := act.Thumbprint(a.Identity.Thumbprint())
	for range 2 {
		if err := a.PutDeposit(t.Context(), name, []byte("wrapped")); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, a.PutDeposit(t.Context(), name, []byte("other")), "deposit_exists", 409)
	if got, err := a.Deposit(t.Context(), name); err != nil || string(got) != "wrapped" {
		t.Errorf("%q, %v", got, err)
	}
	if list, err := a.Deposits(t.Context()); err != nil || len(list) != 1 || list[0] != name {
		t.Errorf("%v, %v", list, err)
	}
	if list, err := b.Deposits(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("b sees %v, %v", list, err)
	}
	if err := b.PutDeposit(t.Context(), name, []byte("b's own")); err != nil {
		t.Errorf("b's own deposit: %v", err)
	}
}
