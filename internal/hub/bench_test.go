package hub_test

import (
	"context"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/store"
)

// What an open and a release cost at the hub, beside the parts that cannot be
// left out: one call to Vault for an open, two for a release (cover and body),
// and one commit that waits for the disk. Run with
//
//	go test ./internal/hub -run '^$' -bench Hub -benchtime 2s
func BenchmarkHub(b *testing.B) {
	h := hubtest.Start(b, hubtest.Options{})
	from, to := h.Enrol(b, "agencya"), h.Enrol(b, "agencyb")
	ref := h.Agree(b, h.Document(from, to), from, to)
	released := from.Release(b, ref, "content", to)
	to.Sync(b)
	accepted := to.State.Release(released.Act).EffectiveDigest

	b.Run("part: unlock one header key in Vault", func(b *testing.B) {
		keys := hub.NewKeys(h.Vault.Client(h.Vault.Token), "concordat-hub")
		wrapped, err := keys.LockKey(b.Context(), ref.ID, make([]byte, 32), []byte("aad"))
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := keys.UnlockKey(b.Context(), ref.ID, wrapped, []byte("aad")); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("part: one durable commit", func(b *testing.B) {
		for b.Loop() {
			if err := h.Store.Update(b.Context(), func(tx store.Tx) error { return tx.SetMeta("bench", []byte("x")) }); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open", func(b *testing.B) { benchOpen(b, h, to, released.Act, accepted) })
	b.Run("release", func(b *testing.B) { benchRelease(b, h, from, to, ref) })
	b.Run("submit an act", func(b *testing.B) {
		raws := prepared(b, func() string { return from.SignAct(b, act.DeskSign, keyAddFor(b, from)) })
		n := 0
		for b.Loop() {
			if _, err := h.Service.Submit(b.Context(), []byte(raws(n))); err != nil {
				b.Fatal(err)
			}
			n++
		}
	})
}

func keyAddFor(b *testing.B, a *hubtest.Agency) *act.KeyAdd {
	return &act.KeyAdd{Common: a.Common(), Purpose: act.Sealing, Recipient: hubtest.NewRecipient(b), Prev: a.Last}
}

// prepared makes what a desk makes outside the measured time.
func prepared[T any](b *testing.B, one func() T) func(int) T {
	var ready []T
	return func(n int) T {
		if n == len(ready) {
			b.StopTimer()
			for range 64 {
				ready = append(ready, one())
			}
			b.StartTimer()
		}
		return ready[n]
	}
}

func benchOpen(b *testing.B, h *hubtest.Hub, reader *hubtest.Agency, release act.ID, accepted string) {
	raws := prepared(b, func() string {
		return reader.SignAct(b, act.DeskSign, &act.ItemOpen{
			Common: reader.Common(), Release: release, Part: "body", Purpose: "detection", Restrictions: accepted, Officer: reader.Officer(),
		})
	})
	n := 0
	for b.Loop() {
		err := h.Service.Open(b.Context(), reader.Name, []byte(raws(n)), func(context.Context, hub.Opened) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
		n++
	}
}

func benchRelease(b *testing.B, h *hubtest.Hub, from, to *hubtest.Agency, ref act.AgreementRef) {
	requests := prepared(b, func() hubclient.Release {
		item := from.Seal(b, ref, "content", to)
		from.Upload(b, item)
		return from.Request(b, item)
	})
	n := 0
	for b.Loop() {
		request := requests(n)
		parts := make([]hub.ReleasedPart, len(request.Parts))
		for i, p := range request.Parts {
			parts[i] = hub.ReleasedPart{Part: p.Part, Ordinal: p.Ordinal, Header: p.Header, BodyDigest: p.BodyDigest, BodySize: p.BodySize}
		}
		if _, err := h.Service.Release(b.Context(), from.Name, []byte(request.Act), parts, request.Descriptors); err != nil {
			b.Fatal(err)
		}
		n++
	}
}
