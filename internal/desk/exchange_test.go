package desk_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/tlog"
	"github.com/concordat-hub/concordat/test/secondkind"
)

func TestAnExchange(t *testing.T) {
	w := newWorld(t)
	a, b := w.agency("agencya", secondkind.Kind{}), w.agency("agencyb", secondkind.Kind{})
	w.agency("agencyc")
	keepAll(t, w, a, b, []promise{
		{"an item travels from draft to receipt", itemTravels},
		{"a second kind travels without touching another package", secondKindTravels},
		{"a second officer approves exactly what they saw", secondOfficerApproves},
		{"a new version is the same item", newVersionSameItem},
		{"an observer gets the cover only", observerGetsCover},
		{"a dry run names the rule for each agency", dryRunNamesTheRule},
		{"an idempotency key is for one release", idempotencyKeys},
		{"the same release asked for at once is one", askedAtOnceIsOne},
		{"agreements show what an officer reads before signing", agreementsShowEverything},
		{"a desk relays only what its own officer signed", relaysOwnActs},
		{"what is not for an agency looks like what does not exist", notForYouLooksLikeNothing},
		{"the ledger answers who could open an item at an instant", ledgerAnswersAboutInstants},
		{"bad requests get a clear answer", badRequests},
		{"a login is good once and for this desk only", loginIsGoodOnce},
		{"a session ends", sessionEnds},
		{"the agency-admin gives roles to others only", adminGivesRoles},
		{"every call needs a session and its role", callsNeedRoles},
	})
}

// One item's way: draft, second officer, release, inbox, conditions, open,
// receipt, suspension, retraction. Real hub, real Vault, real signatures.
func itemTravels(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	agreementID := w.agree([]*site{a, b})
	draft := a.approved("bulletin", sample(t))
	releaser := a.officer("releaser-1", "releaser")
	request := deskapi.ReleaseRequest{Agreement: agreementID}

	dry, err := releaser.DryRun(t.Context(), draft.ID, request)
	if err != nil || !dry.Allow || len(dry.Recipients) != 1 || !dry.Recipients[0].Allow || dry.Recipients[0].Agency != "agencyb" {
		t.Fatalf("dry run: %+v, %v", dry, err)
	}
	release, err := releaser.Release(t.Context(), draft.ID, request)
	if err != nil {
		t.Fatal(err)
	}
	again, err := releaser.Release(t.Context(), draft.ID, request)
	if err != nil || again.Release != release.Release || again.Index != release.Index {
		t.Fatalf("the same request gave another release: %+v, %v", again, err)
	}
	got := b.received(release.Item)
	if got.Title["en"] != draft.Title["en"] || got.Originator != "agencya" || got.Box != "inbox" {
		t.Fatalf("inbox: %+v", got)
	}
	opened, err := b.open(release.Item)
	if err != nil {
		t.Fatal(err)
	}
	if whole, err := releaser.Draft(t.Context(), draft.ID); err != nil || opened.Content != whole.Content {
		t.Fatalf("what was opened is not what was drafted (%v)", err)
	}
	checkReceipts(t, w, a, b, release, opened.Content)
	stranger := c.officer("reader-1", "reader")
	_, err = stranger.Item(t.Context(), release.Item)
	wantCode(t, err, "not_found")
	_, err = stranger.Agreement(t.Context(), agreementID, "")
	wantCode(t, err, "not_found")
	w.hub.Verify(t)
}

// checkReceipts verifies both sides' receipts offline, with the log's key alone.
func checkReceipts(t *testing.T, w *world, a, b *site, release deskapi.Release, content string) {
	t.Helper()
	verifier, err := tlog.NewVerifier(w.hub.Hub.LogKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*site{"publisher": a, "reader": b} {
		raw, err := s.officer("reader-1", "reader").Receipt(t.Context(), release.Item, "release", release.Release)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		receipt, err := tlog.ParseReceipt(raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		bytes, index, err := receipt.Verify(verifier)
		if err != nil || uint64(index) != release.Index {
			t.Fatalf("%s: index %d, %v", name, index, err)
		}
		entry, err := ledger.ParseEntry(bytes)
		if err != nil {
			t.Fatal(err)
		}
		listed := entry.Act.Payload.(*act.ItemRelease).Descriptors
		if _, err := receipt.CheckContent([]byte(content), listed); err != nil {
			t.Errorf("%s: the receipt does not prove the content: %v", name, err)
		}
		if _, err := receipt.CheckContent([]byte(content+" "), listed); err == nil {
			t.Errorf("%s: the receipt proves a changed content", name)
		}
	}
	raw, err := b.officer("reader-1", "reader").Receipt(t.Context(), release.Item, "open", "")
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := tlog.ParseReceipt(raw)
	if err != nil {
		t.Fatal(err)
	}
	bytes, _, err := receipt.Verify(verifier)
	if err != nil {
		t.Fatal(err)
	}
	if entry, err := ledger.ParseEntry(bytes); err != nil || entry.Act.Kind != act.ItemOpenKind {
		t.Fatalf("the receipt of an open is of another entry (%v)", err)
	}
}

// A kind that only this test knows travels the same way.
func secondKindTravels(t *testing.T, w *world, a, b *site) {
	agreementID := w.agree([]*site{a, b})
	source, err := json.Marshal(map[string]any{"title": "Checklist for a first conversation", "steps": []string{"Offer an interpreter", "Explain the next step"}})
	if err != nil {
		t.Fatal(err)
	}
	draft := a.approved(secondkind.Name, string(source))
	release, err := a.officer("releaser-1", "releaser").Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.received(release.Item); got.Kind != secondkind.Name {
		t.Fatalf("received %+v", got)
	}
	opened, err := b.open(release.Item)
	if err != nil || !strings.Contains(opened.Rendered, "Offer an interpreter") {
		t.Fatalf("opened %q, %v", opened.Rendered, err)
	}
	checkReceipts(t, w, a, b, release, opened.Content)
}
