package desk_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/test/secondkind"
)

func TestAHubOrPublisherThatLiesIsCaught(t *testing.T) {
	w := newWorld(t)
	keepAll(t, w, w.agency("agencya", lax{}), w.agency("agencyb", secondkind.Kind{}), []promise{
		{"what the hub delivers must be what was released", deliveredIsWhatWasReleased},
		{"a damaged cover is noted and not shown", damagedCoverIsNotShown},
		{"the receiving desk screens again", receiverScreensAgain},
		{"the desk does not show what its own ledger forbids", ownLedgerForbids},
		{"a forged entry is a gap until the true one comes", forgedEntryIsAGap},
		{"a hub that hides a suspension is caught", hiddenSuspensionIsCaught},
	})
}

// without drops the entries of a kind from what the hub tells.
func without(kind act.Kind) func(desk.Feed) desk.Feed {
	return func(feed desk.Feed) desk.Feed {
		var kept []desk.FeedEntry
		for _, e := range feed.Entries {
			entry, err := ledger.ParseEntry(e.Bytes)
			if err == nil && entry.Act != nil && entry.Act.Kind == kind {
				continue
			}
			kept = append(kept, e)
		}
		feed.Entries = kept
		return feed
	}
}

// A hub that hides a suspension is caught by the next act about the agreement:
// its prev names what the desk has never seen. From then on the desk decides
// nothing, and goes on by itself when the whole story is told.
func hiddenSuspensionIsCaught(t *testing.T, w *world, a, b *site) {
	agreementID, release := exchanged(t, w, a, b)
	draft := b.approved("bulletin", sample(t))
	b.faults.set(func() { b.faults.feed = without(act.AgreementSuspendKind) })
	signatory := a.officer("signatory", "signatory")
	a.step(signatory, agreementID, suspends)
	a.step(signatory, agreementID, resumes)
	w.await("the gap is noticed", func() bool { r := b.desk.Ready("en"); return !r.Ready && r.Code == "ledger_gap" && r.Gap != "" })
	_, err := b.officer("releaser-1", "releaser").Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	wantCode(t, err, "ledger_gap")
	_, err = b.officer("reader-1", "reader").Open(t.Context(), release.Item, deskapi.OpenRequest{Purpose: "detection"})
	wantCode(t, err, "ledger_gap")
	b.faults.set(func() { b.faults.feed = nil })
}

func forgedEntryIsAGap(t *testing.T, w *world, a, b *site) {
	agreementID, release := exchanged(t, w, a, b)
	b.faults.set(func() {
		b.faults.feed = func(feed desk.Feed) desk.Feed {
			for i, e := range feed.Entries {
				// One character of the signature.
				if at := bytes.LastIndexByte(e.Bytes, '.'); at > 0 {
					changed := bytes.Clone(e.Bytes)
					changed[at+5] ^= 1
					feed.Entries[i].Bytes = changed
				}
			}
			return feed
		}
	})
	a.step(a.officer("signatory", "signatory"), agreementID, suspends)
	w.await("the gap is noticed", func() bool { return b.desk.Ready("en").Code == "ledger_gap" })
	b.faults.set(func() { b.faults.feed = nil })
	w.await("the true story heals it", func() bool { return b.desk.Ready("en").Ready })
	if it, err := b.officer("reader-1", "reader").Item(t.Context(), release.Item); err != nil || it.State != "denied" {
		t.Fatalf("%+v, %v", it, err)
	}
}

func deliveredIsWhatWasReleased(t *testing.T, w *world, a, b *site) {
	faults := map[string]func(*desk.Opened){
		"a header of another file": func(o *desk.Opened) { o.Header = append(bytes.Clone(o.Header), '\n') },
		"a descriptor that nobody signed": func(o *desk.Opened) {
			o.Descriptor.Descriptor.Content = "sha256:" + strings.Repeat("0", 64)
		},
		"another agency's descriptor": func(o *desk.Opened) { o.Descriptor.Descriptor.Agency = "agencya" },
		"the cover's descriptor":      func(o *desk.Opened) { o.Descriptor.Descriptor.Part = "cover" },
	}
	_, release := exchanged(t, w, a, b)
	b.restart()
	b.awaitReady()
	for name, fault := range faults {
		b.faults.set(func() { b.faults.opened = func(o desk.Opened) desk.Opened { fault(&o); return o } })
		reader := b.officer("reader-3", "reader")
		conditions, err := reader.Conditions(t.Context(), release.Item, "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = reader.Open(t.Context(), release.Item, deskapi.OpenRequest{Purpose: "training", AcceptedRestrictions: conditions.RestrictionsDigest})
		if err == nil {
			t.Fatalf("%s: shown", name)
		}
		wantCode(t, err, "content_damaged")
	}
	b.faults.set(func() { b.faults.opened = nil })
}

func damagedCoverIsNotShown(t *testing.T, w *world, a, b *site) {
	agreementID := w.agree([]*site{a, b})
	b.faults.set(func() {
		b.faults.deliveries = func(all []desk.Delivery) []desk.Delivery {
			for i := range all {
				all[i].Header = bytes.Replace(all[i].Header, []byte("-> "), []byte("->  "), 1)
			}
			return all
		}
	})
	draft := a.approved("bulletin", sample(t))
	release, err := a.officer("releaser-1", "releaser").Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	if err != nil {
		t.Fatal(err)
	}
	w.await("the cover was judged", func() bool {
		cover, err := b.store.Cover(t.Context(), release.Release)
		return err == nil && cover.State == "damaged"
	})
	b.faults.set(func() { b.faults.deliveries = nil })
	_, err = b.officer("reader-1", "reader").Item(t.Context(), release.Item)
	wantCode(t, err, "not_found")
}

// lax is a publisher's kind whose guard looks at nothing.
type lax struct{ secondkind.Kind }

func (lax) Decode(draft []byte) (item.Content, error) {
	content, err := secondkind.Kind{}.Decode(draft)
	if err != nil {
		return nil, err
	}
	return unscreened{content}, nil
}

type unscreened struct{ item.Content }

func (unscreened) Screen() []item.Text { return nil }

// The publisher's attestation is a claim: the receiving desk screens again, and
// shows nothing of what it finds.
func receiverScreensAgain(t *testing.T, w *world, a, b *site) {
	agreementID := w.agree([]*site{a, b})
	source, err := json.Marshal(map[string]any{"title": "A checklist", "steps": []string{"Write to person@example.com or call +62 812 5550 0199"}})
	if err != nil {
		t.Fatal(err)
	}
	honest, err := b.officer("analyst-1", "analyst").CreateDraft(t.Context(), deskapi.DraftRequest{Kind: secondkind.Name, Source: string(source)})
	if err != nil || honest.Verdict == "release" || len(honest.Findings) == 0 {
		t.Fatalf("%+v, %v", honest, err)
	}
	_, err = b.officer("reviewer-1", "reviewer").Approve(t.Context(), honest.ID, honest.ContentDigest)
	wantCode(t, err, "screen_refused")
	if strings.Contains(err.Error(), "example.com") {
		t.Fatal("the refusal repeats the text")
	}
	draft := a.approved(secondkind.Name, string(source))
	release, err := a.officer("releaser-1", "releaser").Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	if err != nil {
		t.Fatal(err)
	}
	b.received(release.Item)
	_, err = b.open(release.Item)
	wantCode(t, err, "screen_refused")
	if b.keeps(release.Item) {
		t.Fatal("what the guard refused is kept")
	}
}

// An allow of the hub is not enough: what the desk itself knows counts too.
func ownLedgerForbids(t *testing.T, w *world, a, b *site) {
	agreementID, release := exchanged(t, w, a, b)
	reader := b.officer("reader-9", "reader")
	conditions, err := reader.Conditions(t.Context(), release.Item, "")
	if err != nil {
		t.Fatal(err)
	}
	signatory := a.officer("signatory", "signatory")
	once := false
	b.faults.set(func() {
		b.faults.opened = func(o desk.Opened) desk.Opened {
			if !once {
				once = true
				a.step(signatory, agreementID, suspends) // after the hub's allow, before the content
			}
			return o
		}
	})
	_, err = reader.Open(t.Context(), release.Item, deskapi.OpenRequest{Purpose: "training", AcceptedRestrictions: conditions.RestrictionsDigest})
	wantCode(t, err, "open_denied")
	b.faults.set(func() { b.faults.opened = nil })
	w.await("nothing is kept", func() bool { return !b.keeps(release.Item) })
}
