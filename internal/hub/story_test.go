package hub_test

import (
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// The one way through the house that everything else hangs on.
func TestAnItemTravelsFromOneAgencyToAnotherWithAReceipt(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb")
	ref := h.Agree(t, h.Document(a, b), a, b)
	const content = "recruiters pose as labour agents at the ferry port"
	released := a.Release(t, ref, content, b)

	b.Sync(t)
	if b.State.Release(released.Act) == nil {
		t.Fatal("the receiver's feed lacks the release")
	}
	covers, err := b.Deliver(t.Context(), []act.ID{released.Act})
	if err != nil || len(covers) != 1 || !covers[0].Allow || covers[0].Cover == nil || len(covers[0].Descriptors) != 2 {
		t.Fatalf("Deliver = %+v, %v", covers, err)
	}
	if got := b.Read(t, released.Act); got != content {
		t.Fatalf("read %q", got)
	}
	if got := a.Read(t, released.Act); got != content {
		t.Fatalf("the publisher read %q", got)
	}

	raw, err := b.Receipt(t.Context(), released.Index)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := tlog.ParseReceipt(raw)
	if err != nil {
		t.Fatal(err)
	}
	log, err := tlog.NewVerifier(h.Hub.LogKey)
	if err != nil {
		t.Fatal(err)
	}
	bytes, index, err := receipt.Verify(log)
	if err != nil || uint64(index) != released.Index {
		t.Fatalf("Verify = %d, %v", index, err)
	}
	entry, err := ledger.ParseEntry(bytes)
	if err != nil || entry.Act.ID != released.Act {
		t.Fatalf("the receipt is of another entry: %v", err)
	}
	if err := receipt.CheckDescriptors(entry.Act.Payload.(*act.ItemRelease).Descriptors); err != nil || len(receipt.Descriptors) != 2 {
		t.Fatalf("%d descriptors: %v", len(receipt.Descriptors), err)
	}
	report := h.Verify(t)
	if report.Releases != 1 || report.Allows != 3 {
		t.Fatalf("stored: %+v", report)
	}
}
