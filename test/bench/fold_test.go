package bench

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// opened is a ledger as a hub writes it that works: one agreement, an item
// released for every hundred openings, each opening an act and a record.
func opened(b *testing.B, entries int) *ledgertest.World {
	b.Helper()
	w := ledgertest.New()
	digest, err := w.InForce(agreementtest.DocumentV2("alpha", "beta"))
	if err != nil {
		b.Fatal(err)
	}
	var release act.ID
	for n := 0; len(w.Entries) < entries; n++ {
		if n%100 == 0 {
			release, err = w.By("alpha", act.DeskSign, w.Release("alpha", act.NewItemID(), 1, digest, agreementtest.Floor()))
			if err != nil {
				b.Fatal(err)
			}
		}
		terms := w.State.Release(release).Terms("beta")
		open, err := w.By("beta", act.DeskSign, &act.ItemOpen{
			Common: w.Common("beta"), Release: release, Part: "body", Purpose: "training", Restrictions: terms.Digest, Officer: ledgertest.Officer("beta", 1),
		})
		if err != nil {
			b.Fatal(err)
		}
		record(b, w, &ledger.Record{
			Type: "decision.v1", Agency: "beta", Action: "open", Act: open, Part: "body",
			Results: []ledger.Result{{Release: release, Allow: true, Reason: policy.Allowed}},
		})
	}
	return w
}

// record appends the hub's own word.
func record(b *testing.B, w *ledgertest.World, r *ledger.Record) {
	b.Helper()
	e := ledger.Entry{Index: w.State.Next, Time: w.Now, Record: r}
	bytes, err := e.Bytes()
	if err == nil {
		err = ledger.Apply(w.State, e)
	}
	if err != nil {
		b.Fatal(err)
	}
	w.Entries = append(w.Entries, bytes)
}

// BenchmarkFoldOpenings measures catching up with a working hub's ledger, and how
// much memory the state takes, beside the bytes that it was folded from.
func BenchmarkFoldOpenings(b *testing.B) {
	for _, entries := range []int{1_000, 10_000, 100_000} {
		w := opened(b, entries)
		size := 0
		for _, e := range w.Entries {
			size += len(e)
		}
		b.Run(fmt.Sprintf("entries=%d", entries), func(b *testing.B) {
			for b.Loop() {
				before := heap()
				state, err := ledger.New(ledgertest.Genesis())
				if err != nil {
					b.Fatal(err)
				}
				began := time.Now()
				if err := ledger.Fold(state, w.Entries); err != nil {
					b.Fatal(err)
				}
				took := time.Since(began)
				b.ReportMetric(float64(len(w.Entries))/took.Seconds(), "entries/s")
				b.ReportMetric(float64(heap()-before)/float64(len(w.Entries)), "state-B/entry")
				b.ReportMetric(float64(size)/float64(len(w.Entries)), "stored-B/entry")
				runtime.KeepAlive(state)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// everyAxis restricts on every axis and lets beta open for training.
func everyAxis() restriction.Set {
	terms := agreementtest.Floor()
	for axis, values := range map[restriction.Axis][]string{
		restriction.Purposes:            {"training"},
		restriction.Recipients:          {"beta", "gamma"},
		restriction.RecipientsDenied:    {"delta"},
		restriction.RecipientKinds:      {"police"},
		restriction.Jurisdictions:       {"FR", "ID"},
		restriction.JurisdictionsDenied: {"XX"},
		restriction.Officers:            {ledgertest.Officer("beta", 1)},
		restriction.NotBefore:           {"2026-01-01T00:00:00Z"},
		restriction.Embargo:             {"2026-06-01T00:00:00Z"},
		restriction.Expires:             {"2027-12-01T00:00:00Z"},
		restriction.ReviewBy:            {"2027-11-01T00:00:00Z"},
		restriction.MaxReads:            {"1000"},
		restriction.RetentionDays:       {"90"},
		restriction.UseReportDays:       {"30"},
		restriction.Prerequisites:       {"agency-attestation"},
		restriction.Encryption:          {"at-rest"},
	} {
		terms[string(axis)] = values
	}
	return terms
}

// BenchmarkDecideEveryAxis measures an open with all axes in play, a later
// restriction, an attested prerequisite and duties, beside the plainest open.
func BenchmarkDecideEveryAxis(b *testing.B) {
	w := ledgertest.New()
	digest, err := w.InForce(agreementtest.DocumentV2("alpha", "beta", "gamma"))
	if err != nil {
		b.Fatal(err)
	}
	by := func(agency act.AgencyName, payload act.Payload) act.ID {
		id, err := w.By(agency, act.DeskSign, payload)
		if err != nil {
			b.Fatal(err)
		}
		return id
	}
	plain := by("alpha", w.Release("alpha", ledgertest.ItemID(1), 1, digest, agreementtest.Floor()))
	item := ledgertest.ItemID(2)
	full := by("alpha", w.Release("alpha", item, 1, digest, everyAxis()))
	for _, release := range []act.ID{plain, full} {
		record(b, w, &ledger.Record{
			Type: "decision.v1", Agency: "beta", Action: "deliver", Results: []ledger.Result{{Release: release, Allow: true, Reason: policy.Allowed}},
		})
	}
	by("alpha", &act.ItemRestrict{
		Common: w.Common("alpha"), Item: item, Version: 1, Restrictions: restriction.Set{"maxReads": {"900"}},
		Acknowledge: agreementtest.At("2027-01-01T00:00:00Z"), Officer: ledgertest.Officer("alpha", 1),
	})
	by("beta", &act.ItemAcknowledge{
		Common: w.Common("beta"), Release: full, Restrictions: w.State.Release(full).Terms("beta").Digest,
		Prerequisites: []string{"agency-attestation"}, Officer: ledgertest.Officer("beta", 1),
	})
	for name, release := range map[string]act.ID{"the floor": plain, "every axis": full} {
		request := policy.Request{
			Action: policy.ToOpen, Agency: "beta", Release: release, Described: true, Purpose: "training",
			Officer: ledgertest.Officer("beta", 1), Form: "view-only", Accepted: w.State.Release(release).Terms("beta").Digest,
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if decision := policy.Decide(w.State, request, w.Now); !decision.Allow {
					b.Fatal(decision)
				}
			}
			perSecond(b)
		})
	}
}
