package main

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
)

// The hub is killed between its word that it deleted an item and the end of the
// files, and once more before it notes that they are gone. The next process ends
// what was begun, and its ledger says it once.
func TestADisposalIsFinishedWhateverKillsTheHub(t *testing.T) {
	h := newHouse(t)
	bodies := func() int {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(h.dir, "blobs", "bodies", "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	calm := h.start(t, "")
	a, b := calm.Enrol(t, "agencya"), calm.Enrol(t, "agencyb")
	ref := calm.Agree(t, calm.Document(a, b), a, b)
	calm.stop(t)
	for n, point := range []string{"disposal.recorded", "disposal.removed"} {
		t.Run(point, func(t *testing.T) {
			calm := h.start(t, "")
			a.Move(t, calm.World)
			b.Move(t, calm.World)
			released := a.Release(t, ref, fmt.Sprint("content ", n), b)
			b.Sync(t)
			item := b.State.Release(released.Act).Item.ID
			retract := a.SignAct(t, act.DeskSign, &act.ItemRetract{Common: a.Common(), Item: item, Officer: a.Officer(), Reason: "error"})
			calm.stop(t)

			armed := h.start(t, point)
			a.Move(t, armed.World)
			_, _ = a.Client.Submit(t.Context(), retract) // the kill may come before the answer
			armed.awaitKill(t)
			if report := h.stored(t, nil); report.Disposals != 2*(n+1) {
				t.Errorf("the ledger tells of %d disposals", report.Disposals)
			}
			if left := bodies(); left == 0 {
				t.Error("the hub was killed before the last file went, and none is there")
			}

			again := h.start(t, "")
			a.Move(t, again.World)
			b.Move(t, again.World)
			for deadline := time.Now().Add(20 * time.Second); bodies() > 0; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%d files are left", bodies())
				}
			}
			_, err := b.Client.Open(t.Context(), b.OpenAct(t, released.Act))
			if code := hubclient.CodeOf(err); code != "open_denied" {
				t.Errorf("open: %v", err)
			}
			again.stop(t)
			if report := h.stored(t, nil); report.Disposals != 2*(n+1) {
				t.Errorf("the ledger tells of %d disposals", report.Disposals)
			}
		})
	}
}
