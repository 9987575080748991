package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/store"
)

func dropped(t *testing.T, open Open) {
	s := open(t, false)
	grow(t, s, 2)
	locked := seal.LockedHeader{Format: "f", Key: "k", Nonce: []byte{1}, Box: []byte{2, 3}}
	one := store.Release{
		ID: entry(0).Act,
		Parts: []store.Part{
			{Part: "body", BodyDigest: "sha256:body", BodySize: 7, Locked: locked}, {Part: "cover", BodyDigest: "sha256:cover", BodySize: 8, Locked: locked},
		},
		Descriptors: []seal.SaltedDescriptor{descriptor("agencya", "body"), descriptor("agencyb", "cover")},
	}
	other := store.Release{ID: entry(1).Act, Parts: one.Parts[:1], Descriptors: one.Descriptors[:1]}
	update(t, s, func(tx store.Tx) error { return errors.Join(tx.AddRelease(one), tx.AddRelease(other)) })
	for range 2 { // twice is once
		update(t, s, func(tx store.Tx) error { return tx.DropPart(one.ID, "body", 0) })
		view(t, s, func(r store.Reader) error {
			if _, err := r.Part(one.ID, "body", 0); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the dropped part: %v", err)
			}
			if parts, err := r.Parts(one.ID); len(parts) != 1 || parts[0].Part != "cover" || err != nil {
				t.Errorf("Parts = %+v, %v", parts, err)
			}
			if own, err := r.Descriptors(one.ID, "agencya"); len(own) != 1 || err != nil {
				t.Errorf("Descriptors = %+v, %v", own, err)
			}
			if holders, err := r.Holders(one.ID); !slices.Equal(holders, []act.AgencyName{"agencya", "agencyb"}) || err != nil {
				t.Errorf("Holders = %v, %v", holders, err)
			}
			if list, err := r.ReleasesOfBody("agencya", "sha256:body"); !slices.Equal(list, []act.ID{other.ID}) || err != nil {
				t.Errorf("ReleasesOfBody = %v, %v", list, err)
			}
			if used, err := r.BodyInUse("sha256:body"); !used || err != nil {
				t.Errorf("a body that another release has is in use: %v, %v", used, err)
			}
			return nil
		})
	}
	update(t, s, func(tx store.Tx) error { return tx.DropPart(other.ID, "body", 0) })
	view(t, s, func(r store.Reader) error {
		if used, err := r.BodyInUse("sha256:body"); used || err != nil {
			t.Errorf("in use: %v, %v", used, err)
		}
		return nil
	})
}

func removals(t *testing.T, open Open) {
	s := open(t, false)
	update(t, s, func(tx store.Tx) error {
		return errors.Join(tx.RemoveLater("sha256:b"), tx.RemoveLater("sha256:a"), tx.RemoveLater("sha256:b"))
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, true)
	listed := func(limit int, want ...string) {
		t.Helper()
		view(t, s, func(r store.Reader) error {
			if got, err := r.Removals(limit); !slices.Equal(got, want) || err != nil {
				t.Errorf("Removals = %v, %v, want %v", got, err, want)
			}
			return nil
		})
	}
	listed(9, "sha256:a", "sha256:b")
	listed(1, "sha256:a")
	for range 2 {
		update(t, s, func(tx store.Tx) error { return tx.Removed("sha256:a") })
		listed(9, "sha256:b")
	}
}
