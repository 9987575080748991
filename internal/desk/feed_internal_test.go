package desk

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

// While one call finds a gap and makes the state anew, another stores what comes
// next: afterwards the state has every entry that is stored.
func TestNoEntryIsLostWhileTheStateIsMadeAnew(t *testing.T) {
	world := ledgertest.New()
	for n := range 40 {
		if err := world.Enrol(act.AgencyName(fmt.Sprintf("agency%d", n))); err != nil {
			t.Fatal(err)
		}
	}
	d := unstarted(t, slowKeys{})
	genesis := ledgertest.Genesis()
	pinned, err := json.Marshal(HubInfo{ID: genesis.Hub, LogKey: genesis.LogKey, Registrar: genesis.Registrar})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if err := d.Store.AddMeta(ctx, genesisName, pinned); err != nil {
		t.Fatal(err)
	}
	if err := d.Store.Unlock(deskstore.NewKey()); err != nil {
		t.Fatal(err)
	}
	if err := d.foldStored(ctx); err != nil {
		t.Fatal(err)
	}
	position := func() uint64 {
		d.mu.RLock()
		defer d.mu.RUnlock()
		return d.cursor
	}
	told := func(after uint64, entry []byte) Feed {
		return Feed{Entries: []FeedEntry{{Index: after, Bytes: entry}}, Next: after + 1}
	}
	var wait sync.WaitGroup
	done := make(chan struct{})
	wait.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				at := position()
				_, _ = d.fold(ctx, at, told(at, []byte("{}")))
			}
		}
	})
	for at := position(); at < uint64(len(world.Entries)); at = position() {
		_, _ = d.fold(ctx, at, told(at, world.Entries[at]))
	}
	close(done)
	wait.Wait()
	for n := range 40 {
		if d.state.Agency(act.AgencyName(fmt.Sprintf("agency%d", n))) == nil {
			t.Fatalf("the enrolment of agency%d is stored and not in the state", n)
		}
	}
}
