package bench

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/store/files"
	"github.com/concordat-hub/concordat/internal/store/sqlite"
	"github.com/concordat-hub/concordat/internal/tlog"
	"github.com/concordat-hub/concordat/internal/vault/bootstrap"
)

// BenchmarkHubStart measures how long a hub needs before it may decide anything,
// beside reading the same rows and verifying one signature for each.
func BenchmarkHubStart(b *testing.B) {
	h := hubtest.Start(b, hubtest.Options{})
	a, other := h.Enrol(b, "agencya"), h.Enrol(b, "agencyb")
	ref := h.Agree(b, h.Document(a, other), a, other)
	release := a.Release(b, ref, "sample content of a bulletin", other).Act
	other.Sync(b)
	terms := other.State.Release(release).Terms(other.Name).Digest
	h.Stop()
	db, err := sqlite.Open(b.Context(), h.Dir, sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	blobs, err := files.Open(filepath.Join(h.Dir, "blobs"), files.Options{})
	if err != nil {
		b.Fatal(err)
	}
	config := hub.Config{
		ID: hubtest.HubID, Store: db, Blobs: blobs, Vault: hub.NewKeys(h.Vault.Client(h.Vault.Token), bootstrap.HubMount), Clock: hub.SystemClock(), Log: slog.New(slog.DiscardHandler),
	}
	for _, entries := range []uint64{1_000, 10_000, 100_000} {
		fill(b, db, entries, release, func() string {
			return other.SignAct(b, act.DeskSign, &act.ItemOpen{
				Common: other.Common(), Release: release, Part: "body", Purpose: "detection", Restrictions: terms, Officer: other.Officer(),
			})
		})
		b.Run(fmt.Sprintf("entries=%d", entries), func(b *testing.B) { measureStart(b, config, entries) })
	}
}

// fill appends signed acts and a record for each as the hub does, until the ledger
// has so many entries.
func fill(b *testing.B, db store.Store, entries uint64, release act.ID, next func() string) {
	b.Helper()
	err := db.Update(b.Context(), func(tx store.Tx) error {
		size, err := tx.Size()
		if err != nil {
			return err
		}
		var asked act.ID
		for now := time.Now(); size < entries; size++ {
			e := ledger.Entry{Index: size, Time: now}
			if asked == "" {
				if e.Act, err = act.Parse([]byte(next())); err != nil {
					return err
				}
				asked = e.Act.ID
			} else {
				e.Record = &ledger.Record{Type: "decision.v1", Agency: "agencyb", Action: "open", Act: asked, Part: "body", Results: []ledger.Result{{Release: release, Reason: "policy_allowed", Allow: true}}}
				asked = ""
			}
			bytes, err := e.Bytes()
			if err != nil {
				return err
			}
			row := store.NewEntry{Entry: store.Entry{Index: size, Bytes: bytes}}
			if e.Act != nil {
				row.Act = e.Act.ID
			}
			hashes, err := tlog.AppendHashes(int64(size), tlog.Commit(row.Salt, bytes), tx)
			if err != nil {
				return err
			}
			if err := tx.Append(row, tlog.StoredHashCount(int64(size)), hashes); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func measureStart(b *testing.B, config hub.Config, entries uint64) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	const reading, verifying = "reading the rows", "verifying a signature for each"
	s := &samples{}
	for b.Loop() {
		for range max(1, 10_000/entries) {
			s.time(b, "start", func() error { _, err := hub.Open(b.Context(), config); return err })
			var rows []store.Entry
			s.time(b, reading, func() error {
				return config.Store.View(b.Context(), func(r store.Reader) error {
					rows, err = r.Entries(0, int(entries))
					return err
				})
			})
			signatures := make([][]byte, len(rows))
			for i, row := range rows {
				signatures[i] = ed25519.Sign(private, row.Bytes)
			}
			s.time(b, verifying, func() error {
				for i, row := range rows {
					if !ed25519.Verify(public, row.Bytes, signatures[i]) {
						return fmt.Errorf("signature %d", i)
					}
				}
				return nil
			})
		}
	}
	b.ReportMetric(ratio(s.median("start"), s.median(reading, verifying)), "x-parts")
	b.ReportMetric(float64(entries)/s.median("start").Seconds(), "entries/s")
	b.ReportMetric(0, "ns/op")
	show(b, "what each took", s.table())
}
