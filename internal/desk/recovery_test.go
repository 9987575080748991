package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/desk"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
)

func TestADeskRecovers(t *testing.T) {
	w := newWorld(t)
	keepAll(t, w, w.agency("agencya"), w.agency("agencyb"), []promise{
		{"a desk that lost its disk recovers", lostDiskRecovers},
		{"a desk starts while the hub is away", startsWithoutHub},
		{"a sealing identity rotates and the old one still opens", identityRotates},
		{"a desk that lost its disk does not guess whom it sealed to", lostDiskDoesNotGuess},
		{"another hub at the same address is refused", anotherHubIsRefused},
	})
}

// A desk that lost its disk opens what was sealed to it before, knows its
// officers by the same names, and publishes nothing anew.
func lostDiskRecovers(t *testing.T, w *world, a, b *site) {
	_, release := exchanged(t, w, a, b)
	before, err := b.officer("reader-1", "reader").Me(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := b.officer("auditor", "auditor").Agency(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.loseDisk()
	b.awaitReady()
	after, err := b.officer("reader-1", "reader").Me(t.Context())
	if err != nil || after.Officer != before.Officer {
		t.Fatalf("the officer was %s and is %s (%v)", before.Officer, after.Officer, err)
	}
	b.received(release.Item)
	if _, err := b.open(release.Item); err != nil {
		t.Fatal(err)
	}
	again, err := b.officer("auditor", "auditor").Agency(t.Context())
	if err != nil || len(again.Sealing) != 1 || again.Sealing[0] != keys.Sealing[0] {
		t.Fatalf("sealing keys %v, before %v (%v)", again.Sealing, keys.Sealing, err)
	}
	// The publisher too finds its own item again, through the hub.
	a.loseDisk()
	a.awaitReady()
	if got := a.received(release.Item); got.Box != "own" {
		t.Fatalf("%+v", got)
	}
}

func identityRotates(t *testing.T, w *world, a, b *site) {
	agreementID, release := exchanged(t, w, a, b)
	auditor := b.officer("auditor", "auditor")
	before, err := auditor.Agency(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.stop()
	b.rotate = time.Second
	made := time.Now()
	w.await("the identity is due", func() bool { return time.Since(made) > b.rotate })
	b.start()
	b.awaitReady()
	auditor = b.officer("auditor", "auditor")
	w.await("another identity is in force, alone", func() bool {
		now, err := auditor.Agency(t.Context())
		return err == nil && len(now.Sealing) == 1 && now.Sealing[0] != before.Sealing[0]
	})
	b.stop()
	b.rotate = 0
	b.start()
	b.awaitReady()
	if _, err := b.open(release.Item); err != nil {
		t.Fatalf("what was sealed to the old identity: %v", err)
	}
	next := a.approved("bulletin", sample(t))
	second, err := a.officer("releaser-1", "releaser").Release(t.Context(), next.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	if err != nil {
		t.Fatal(err)
	}
	b.received(second.Item)
	if _, err := b.open(second.Item); err != nil {
		t.Fatalf("what was sealed to the new identity: %v", err)
	}
}

// With the hub away, a desk that knows its ledger starts and shows what it knows.
func startsWithoutHub(t *testing.T, w *world, a, b *site) {
	_, release := exchanged(t, w, a, b)
	b.stop()
	w.stopHub()
	b.start()
	w.await("the desk answers", func() bool {
		ready, err := b.client.Get(b.url + "/readyz")
		if err != nil {
			return false
		}
		defer ready.Body.Close()
		_, err = b.desk.BeginLogin()
		return err == nil
	})
	if ready := b.desk.Ready("en"); ready.Ready || ready.Code != "hub_unavailable" {
		t.Fatalf("%+v", ready)
	}
	b.received(release.Item)
	if _, err := b.open(release.Item); err != nil {
		t.Fatalf("within the lease: %v", err)
	}
	w.startHub()
	b.awaitReady()
}

func TestTwoDesksDoNotShareAStateFolder(t *testing.T) {
	dir := t.TempDir()
	first, err := deskstore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := deskstore.Open(dir); err == nil || !strings.Contains(err.Error(), "another desk") {
		t.Fatalf("opened twice: %v", err)
	}
}

// A hub with another identity at the same address gets nothing.
func anotherHubIsRefused(t *testing.T, w *world, a, b *site) {
	a.stop()
	a.faults.set(func() {
		a.faults.info = func(info desk.HubInfo) desk.HubInfo { info.LogKey += "x"; return info }
	})
	a.start()
	w.await("the desk says so", func() bool { return a.desk.Ready("en").Code == "hub_changed" })
	_, err := a.desk.BeginLogin()
	if desk.AsError(err).Code != desk.CodeNotReady {
		t.Fatalf("the desk works on: %v", err)
	}
}
