package desk_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/desk"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/test/secondkind"
)

// releases counts the releases of an item that the publisher's ledger holds.
func (s *site) releases(item string) int {
	s.w.t.Helper()
	it, err := s.officer("reader-1", "reader").Item(s.w.t.Context(), item)
	if err != nil {
		return 0
	}
	return len(it.Releases)
}

// sent waits until the draft's release is done, and checks that there is one.
func (s *site) sent(draft deskapi.Draft) {
	t := s.w.t
	t.Helper()
	analyst := s.officer("analyst-1", "analyst")
	s.w.await("the release is sent", func() bool {
		d, err := analyst.Draft(t.Context(), draft.ID)
		return err == nil && len(d.Releases) == 1 && d.Releases[0].State == "done"
	})
	s.w.await("the release is folded", func() bool { return s.releases(draft.Item) > 0 })
	if n := s.releases(draft.Item); n != 1 {
		t.Fatalf("%d releases", n)
	}
}

func TestAnOutageLosesAndDoublesNothing(t *testing.T) {
	w := newWorld(t)
	keepAll(t, w, w.agency("agencya", secondkind.Kind{}), w.agency("agencyb", secondkind.Kind{}), []promise{
		{"a release is appended once when the hub dies before it takes it", hubDies(false)},
		{"a release is appended once when the hub dies after it took it", hubDies(true)},
		{"a desk that ends while it sends, sends the same act", deskThatEndsSendsTheSameAct},
		{"the rest of a release waits while Vault is sealed", releaseWaitsForVault},
		{"what waited is not sent under an agreement that was suspended meanwhile", notSentWhenSuspended},
		{"versions that wait keep their order", waitingVersionsKeepOrder},
		{"what waited is not sent to an identity that ended", notSentToEndedIdentity},
		{"transfers go on where they were cut", transfersGoOn},
		{"a full disk refuses and loses nothing", fullDiskLosesNothing},
	})
}

// hubDies ends the hub while it has a release, before or after it is taken.
func hubDies(taken bool) func(*testing.T, *world, *site, *site) {
	return func(t *testing.T, w *world, a, b *site) {
		agreementID := w.agree([]*site{a, b})
		draft := a.approved("bulletin", sample(t))
		releaser := a.officer("releaser-1", "releaser")
		once := false
		a.faults.set(func() {
			a.faults.release = func(ctx context.Context, r desk.ReleaseRequest, next func(context.Context, desk.ReleaseRequest) (desk.Appended, error)) (desk.Appended, error) {
				switch {
				case once:
					return next(ctx, r)
				case taken:
					if _, err := next(ctx, r); err != nil {
						return desk.Appended{}, err
					}
				}
				once = true
				w.stopHub()
				return desk.Appended{}, desk.ErrHubUnavailable
			}
		})
		defer a.faults.set(func() { a.faults.release = nil })
		key := "key of " + draft.ID
		_, err := releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID, IdempotencyKey: key})
		wantCode(t, err, "hub_unavailable")
		w.startHub()
		a.sent(draft)
		again, err := releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID, IdempotencyKey: key})
		if err != nil || again.Item != draft.Item {
			t.Fatalf("%+v, %v", again, err)
		}
		if n := a.releases(draft.Item); n != 1 {
			t.Fatalf("%d releases", n)
		}
		b.received(draft.Item)
		w.hub.Verify(t)
	}
}

// The desk ends like a process that was killed, at the moment when its act is
// fixed and the hub has taken it: the next start finds it in the ledger.
func deskThatEndsSendsTheSameAct(t *testing.T, w *world, a, b *site) {
	defer a.faults.set(func() { a.faults.release = nil })
	agreementID := w.agree([]*site{a, b})
	draft := a.approved("bulletin", sample(t))
	releaser := a.officer("releaser-1", "releaser")
	var acts []string
	a.faults.set(func() {
		a.faults.release = func(ctx context.Context, r desk.ReleaseRequest, next func(context.Context, desk.ReleaseRequest) (desk.Appended, error)) (desk.Appended, error) {
			acts = append(acts, r.Act)
			return desk.Appended{}, desk.ErrHubUnavailable
		}
	})
	_, err := releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	wantCode(t, err, "hub_unavailable")
	a.stop()
	a.faults.set(func() {
		a.faults.release = func(ctx context.Context, r desk.ReleaseRequest, next func(context.Context, desk.ReleaseRequest) (desk.Appended, error)) (desk.Appended, error) {
			acts = append(acts, r.Act)
			return next(ctx, r)
		}
	})
	a.start()
	a.awaitReady()
	a.sent(draft)
	for _, act := range acts {
		if act != acts[0] {
			t.Fatal("another act was sent for the same release")
		}
	}
	b.received(draft.Item)
}

func releaseWaitsForVault(t *testing.T, w *world, a, b *site) {
	agreementID := w.agree([]*site{a, b})
	draft := a.approved("bulletin", sample(t))
	releaser := a.officer("releaser-1", "releaser")
	w.hub.Vault.Seal()
	_, err := releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	wantCode(t, err, "vault_unavailable")
	d, err := a.officer("analyst-1", "analyst").Draft(t.Context(), draft.ID)
	if err != nil || len(d.Releases) != 1 || d.Releases[0].State != "pending" || d.Releases[0].Reason != "vault_unavailable" {
		t.Fatalf("%+v, %v", d.Releases, err)
	}
	w.await("readyz says so", func() bool {
		ready, err := releaser.Ready(t.Context())
		return err == nil && !ready.Ready && ready.Code == "vault_unavailable" && ready.Pending == 1
	})
	w.hub.Vault.Unseal()
	a.sent(draft)
	b.received(draft.Item)
}

func notSentWhenSuspended(t *testing.T, w *world, a, b *site) {
	defer a.faults.set(func() { a.faults.release = nil })
	agreementID := w.agree([]*site{a, b})
	draft := a.approved("bulletin", sample(t))
	releaser := a.officer("releaser-1", "releaser")
	a.faults.set(func() {
		a.faults.release = func(context.Context, desk.ReleaseRequest, func(context.Context, desk.ReleaseRequest) (desk.Appended, error)) (desk.Appended, error) {
			return desk.Appended{}, desk.ErrHubUnavailable
		}
	})
	_, err := releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	wantCode(t, err, "hub_unavailable")
	b.step(b.officer("signatory", "signatory"), agreementID, suspends)
	analyst := a.officer("analyst-1", "analyst")
	w.await("the release is given up", func() bool {
		d, err := analyst.Draft(t.Context(), draft.ID)
		return err == nil && len(d.Releases) == 1 && d.Releases[0].State == "refused" && d.Releases[0].Reason == "policy_agreement_suspended"
	})
}

func transfersGoOn(t *testing.T, w *world, a, b *site) {
	agreementID := w.agree([]*site{a, b})
	steps := make([]string, 8)
	for i := range steps {
		steps[i] = `"` + strings.Repeat("Offer an interpreter and explain the next step. ", 120) + `"`
	}
	draft := a.approved(secondkind.Name, `{"title":"A long checklist","steps":[`+strings.Join(steps, ",")+`]}`)
	w.line.cutAfter(12_500, 4)
	releaser := a.officer("releaser-1", "releaser")
	if _, err := releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID}); err != nil {
		wantCode(t, err, "hub_unavailable")
	}
	a.sent(draft)
	if n := w.line.cutsLeft(); n > 1 {
		t.Fatalf("the upload was hardly cut: %d cuts left", n)
	}
	b.received(draft.Item)
	w.line.cutAfter(12_500, 3)
	w.await("the item opens", func() bool {
		opened, err := b.open(draft.Item)
		return err == nil && len(opened.Content) > 45_000
	})
	if n := w.line.cutsLeft(); n > 1 {
		t.Fatalf("the download was hardly cut: %d cuts left", n)
	}
}

func fullDiskLosesNothing(t *testing.T, w *world, a, b *site) {
	agreementID := w.agree([]*site{a, b})
	draft := a.approved("bulletin", sample(t))
	analyst, releaser := a.officer("analyst-1", "analyst"), a.officer("releaser-1", "releaser")
	if err := a.store.LimitPages(t.Context(), 1); err != nil { // at or below its present size
		t.Fatal(err)
	}
	refused := false
	for range 50 {
		_, err := analyst.CreateDraft(t.Context(), deskapi.DraftRequest{Kind: "bulletin", Source: sample(t)})
		if err != nil {
			wantCode(t, err, "storage_full")
			refused = true
			break
		}
	}
	if !refused {
		t.Fatal("the disk is full and drafts are stored")
	}
	_, err := releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	wantCode(t, err, "storage_full")
	if d, err := analyst.Draft(t.Context(), draft.ID); err != nil || len(d.Releases) != 0 {
		t.Fatalf("%+v, %v", d.Releases, err)
	}
	if err := a.store.LimitPages(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID}); err != nil {
		t.Fatal(err)
	}
	a.sent(draft)
}

// Two versions of one item wait at the same time: each has its own number.
func waitingVersionsKeepOrder(t *testing.T, w *world, a, b *site) {
	defer a.faults.set(func() { a.faults.release = nil })
	agreementID := w.agree([]*site{a, b})
	draft := a.approved("bulletin", sample(t))
	releaser, analyst := a.officer("releaser-1", "releaser"), a.officer("analyst-1", "analyst")
	hold := func(context.Context, desk.ReleaseRequest, func(context.Context, desk.ReleaseRequest) (desk.Appended, error)) (desk.Appended, error) {
		return desk.Appended{}, desk.ErrHubUnavailable
	}
	a.faults.set(func() { a.faults.release = hold })
	_, err := releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	wantCode(t, err, "hub_unavailable")
	source := strings.Replace(sample(t), "What public reports describe", "What published reports describe", 1)
	edited, err := analyst.EditDraft(t.Context(), draft.ID, draft.Version, deskapi.DraftRequest{Source: source})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.officer("reviewer-1", "reviewer").Approve(t.Context(), edited.ID, edited.ContentDigest); err != nil {
		t.Fatal(err)
	}
	_, err = releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	wantCode(t, err, "hub_unavailable")
	a.faults.set(func() { a.faults.release = nil })
	w.await("both are sent", func() bool {
		d, err := analyst.Draft(t.Context(), draft.ID)
		return err == nil && len(d.Releases) == 2 && d.Releases[0].State == "done" && d.Releases[1].State == "done"
	})
	w.await("both are received", func() bool {
		it, err := b.officer("reader-1", "reader").Item(t.Context(), draft.Item)
		return err == nil && len(it.Releases) == 2 && it.Releases[0].Version == 2 && it.Releases[1].Version == 1
	})
}

// A recipient that replaced its identity meanwhile could not open what waits; it
// is given up, and releasing again seals to the new one.
func notSentToEndedIdentity(t *testing.T, w *world, a, b *site) {
	defer a.faults.set(func() { a.faults.release = nil })
	agreementID := w.agree([]*site{a, b})
	draft := a.approved("bulletin", sample(t))
	releaser, analyst := a.officer("releaser-1", "releaser"), a.officer("analyst-1", "analyst")
	a.faults.set(func() {
		a.faults.release = func(context.Context, desk.ReleaseRequest, func(context.Context, desk.ReleaseRequest) (desk.Appended, error)) (desk.Appended, error) {
			return desk.Appended{}, desk.ErrHubUnavailable
		}
	})
	_, err := releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	wantCode(t, err, "hub_unavailable")
	made := time.Now()
	b.stop()
	b.rotate = time.Second
	w.await("the identity is due", func() bool { return time.Since(made) > b.rotate })
	b.start()
	b.awaitReady()
	defer func() { b.stop(); b.rotate = 0; b.start(); b.awaitReady() }()
	w.await("the release is given up", func() bool {
		d, err := analyst.Draft(t.Context(), draft.ID)
		return err == nil && len(d.Releases) == 1 && d.Releases[0].State == "refused" && d.Releases[0].Reason == "desk_recipient_key_ended"
	})
	b.stop()
	b.rotate = 0 // else the next identity may end too, while the release is on its way
	b.start()
	b.awaitReady()
	a.faults.set(func() { a.faults.release = nil })
	if _, err := releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID}); err != nil {
		t.Fatal(err)
	}
	b.received(draft.Item)
	if _, err := b.open(draft.Item); err != nil {
		t.Fatal(err)
	}
}
