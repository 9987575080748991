// Package storetest is the suite that every implementation of the store's
// contracts passes. Only tests import it.
package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// Open makes a new empty store, or with again opens the same data once more after
// the earlier one was closed.
type Open func(t *testing.T, again bool) store.Store

// Conform runs the suite.
func Conform(t *testing.T, open Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Open){
		"entries are numbered without gaps":               numbered,
		"an act stands once":                              once,
		"a failed update leaves nothing":                  leavesNothing,
		"what was committed is there after opening again": durable,
		"a view sees one moment":                          oneMoment,
		"a feed is in order, per agency, without repeats": feed,
		"hashes are those of the tree":                    hashes,
		"a release is whole":                              release,
		"a part that is dropped is gone":                  dropped,
		"what is to be removed is listed until it is":     removals,
		"checkpoints only grow":                           checkpoints,
		"uploads, deposits, admissions and codes":         small,
		"what is absent is ErrNotFound or empty":          absent,
		"writers wait for each other":                     writers,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

func update(t *testing.T, s store.Store, f func(store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, s store.Store, f func(store.Reader) error) {
	t.Helper()
	if err := s.View(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func entry(index uint64) store.NewEntry {
	e := store.NewEntry{Entry: store.Entry{Index: index, Bytes: fmt.Appendf(nil, `{"index":%d}`, index)}, Act: act.ID(fmt.Sprintf("act-%d", index))}
	e.Salt = sha256.Sum256(e.Bytes)
	return e
}

func appendEntry(tx store.Tx, e store.NewEntry) error {
	size := int64(e.Index)
	added, err := tlog.AppendHashes(size, tlog.Commit(e.Salt, e.Bytes), tx)
	if err != nil {
		return err
	}
	return tx.Append(e, tlog.StoredHashCount(size), added)
}

func grow(t *testing.T, s store.Store, to uint64) {
	t.Helper()
	update(t, s, func(tx store.Tx) error {
		size, err := tx.Size()
		for n := size; n < to && err == nil; n++ {
			err = appendEntry(tx, entry(n))
		}
		return err
	})
}

func numbered(t *testing.T, open Open) {
	s := open(t, false)
	grow(t, s, 3)
	for _, wrong := range []uint64{0, 2, 4, 1 << 40} {
		e := entry(wrong)
		e.Act = act.ID(fmt.Sprintf("other-%d", wrong))
		if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Append(e, 100, nil) }); err == nil {
			t.Errorf("entry %d was appended to a ledger of 3", wrong)
		}
	}
	view(t, s, func(r store.Reader) error {
		got, err := r.Entries(1, 10)
		want := []store.Entry{entry(1).Entry, entry(2).Entry}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if few, _ := r.Entries(0, 2); len(few) != 2 || few[0].Index != 0 {
			t.Errorf("the first two: %v", few)
		}
		if none, _ := r.Entries(1<<63, 10); len(none) != 0 {
			t.Errorf("beyond the end: %v", none)
		}
		return err
	})
}

func once(t *testing.T, open Open) {
	s := open(t, false)
	grow(t, s, 2)
	again := entry(2)
	again.Act = entry(1).Act
	if err := s.Update(t.Context(), func(tx store.Tx) error { return appendEntry(tx, again) }); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the same act again: %v", err)
	}
	view(t, s, func(r store.Reader) error {
		if index, err := r.IndexOf(entry(1).Act); err != nil || index != 1 {
			t.Errorf("IndexOf = %d, %v", index, err)
		}
		return nil
	})
	// Records have no act, and there are many.
	for n := uint64(2); n < 4; n++ {
		record := entry(n)
		record.Act = ""
		update(t, s, func(tx store.Tx) error { return appendEntry(tx, record) })
	}
}

func leavesNothing(t *testing.T, open Open) {
	s := open(t, false)
	grow(t, s, 1)
	broken := errors.New("changed my mind")
	err := s.Update(t.Context(), func(tx store.Tx) error {
		for _, step := range []func() error{
			func() error { return appendEntry(tx, entry(1)) },
			func() error { return tx.AddToFeed("agencya", 1) },
			func() error { return tx.SetMeta("key", []byte("value")) },
			func() error { return tx.AddCheckpoint(store.Checkpoint{Size: 2, Note: []byte("note")}) },
		} {
			if err := step(); err != nil {
				return err
			}
		}
		if size, err := tx.Size(); err != nil || size != 2 {
			t.Errorf("inside: size %d, %v", size, err)
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("Update = %v", err)
	}
	view(t, s, func(r store.Reader) error {
		if size, err := r.Size(); err != nil || size != 1 {
			t.Errorf("size %d, %v", size, err)
		}
		if _, err := r.Meta("key"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Meta: %v", err)
		}
		if head, err := r.FeedHead("agencya"); err != nil || head != 0 {
			t.Errorf("FeedHead %d, %v", head, err)
		}
		return nil
	})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Update(cancelled, func(tx store.Tx) error { return appendEntry(tx, entry(1)) }); err == nil {
		t.Error("updated after the caller gave up")
	}
	grow(t, s, 2)
}

func durable(t *testing.T, open Open) {
	s := open(t, false)
	grow(t, s, 5)
	update(t, s, func(tx store.Tx) error { return tx.SetMeta("key", []byte("value")) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, true)
	view(t, s, func(r store.Reader) error {
		if size, err := r.Size(); err != nil || size != 5 {
			t.Errorf("size %d, %v", size, err)
		}
		if value, err := r.Meta("key"); err != nil || string(value) != "value" {
			t.Errorf("Meta %q, %v", value, err)
		}
		return nil
	})
}

func oneMoment(t *testing.T, open Open) {
	s := open(t, false)
	grow(t, s, 1)
	view(t, s, func(r store.Reader) error {
		before, err := r.Size()
		if err != nil {
			return err
		}
		grow(t, s, 3) // beside the view
		after, err := r.Size()
		if after != before {
			t.Errorf("size %d became %d within a view", before, after)
		}
		return err
	})
}

func feed(t *testing.T, open Open) {
	s := open(t, false)
	grow(t, s, 6)
	update(t, s, func(tx store.Tx) error {
		for _, row := range []struct {
			agency act.AgencyName
			index  uint64
		}{{"agencya", 4}, {"agencya", 1}, {"agencyb", 1}, {"agencya", 4}, {"agencya", 5}} {
			if err := tx.AddToFeed(row.agency, row.index); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, s, func(r store.Reader) error {
		rows, err := r.Feed("agencya", 0, 10)
		if err != nil {
			return err
		}
		var got [][2]uint64
		for _, row := range rows {
			got = append(got, [2]uint64{row.Sequence, row.Index})
			if diff := cmp.Diff(entry(row.Index).Entry, row.Entry); diff != "" {
				t.Error(diff)
			}
		}
		if diff := cmp.Diff([][2]uint64{{1, 4}, {2, 1}, {3, 5}}, got); diff != "" {
			t.Error(diff)
		}
		if rest, err := r.Feed("agencya", 1, 1); err != nil || len(rest) != 1 || rest[0].Sequence != 2 {
			t.Errorf("after 1: %v, %v", rest, err)
		}
		if in, err := r.InFeed("agencyb", 4); err != nil || in {
			t.Errorf("InFeed = %v, %v", in, err)
		}
		if in, err := r.InFeed("agencyb", 1); err != nil || !in {
			t.Errorf("InFeed = %v, %v", in, err)
		}
		return nil
	})
	about := entry(6)
	about.Subject = "agencyc"
	update(t, s, func(tx store.Tx) error { return appendEntry(tx, about) })
	view(t, s, func(r store.Reader) error {
		missing, err := r.NotInFeed("agencya", []act.AgencyName{"agencyb", "agencyc"})
		if !slices.Equal(missing, []uint64{6}) {
			t.Errorf("NotInFeed = %v", missing)
		}
		if none, err := r.NotInFeed("agencya", nil); err != nil || len(none) != 0 {
			t.Errorf("NotInFeed of nobody = %v, %v", none, err)
		}
		return err
	})
}

func hashes(t *testing.T, open Open) {
	s := open(t, false)
	grow(t, s, 9)
	view(t, s, func(r store.Reader) error {
		root, err := tlog.Root(9, r)
		if err != nil {
			return err
		}
		for index := range int64(9) {
			proof, err := tlog.InclusionProof(9, index, r)
			if err != nil {
				return err
			}
			e := entry(uint64(index))
			if err := tlog.CheckInclusion(proof, 9, root, index, tlog.Commit(e.Salt, e.Bytes)); err != nil {
				t.Error(err)
			}
		}
		if _, err := r.ReadHashes([]int64{1000}); err == nil {
			t.Error("a hash beyond the tree")
		}
		return nil
	})
}

func descriptor(agency, part string) seal.SaltedDescriptor {
	return seal.SaltedDescriptor{
		Descriptor: seal.Descriptor{Version: 1, Agency: agency, Part: part, BodyDigest: "sha256:" + part, Size: 1 << 40},
		Salt:       sha256.Sum256([]byte(agency + part)),
	}
}

func release(t *testing.T, open Open) {
	s := open(t, false)
	grow(t, s, 1)
	locked := seal.LockedHeader{Format: "f", Key: "k", Nonce: []byte{1}, Box: []byte{2, 3}}
	want := store.Release{
		ID: entry(0).Act,
		Parts: []store.Part{
			{Part: "body", BodyDigest: "sha256:body", BodySize: 7, Locked: locked}, {Part: "cover", BodyDigest: "sha256:cover", BodySize: 8, Locked: locked},
		},
		Descriptors: []seal.SaltedDescriptor{descriptor("agencya", "body"), descriptor("agencya", "cover"), descriptor("agencyb", "cover")},
	}
	update(t, s, func(tx store.Tx) error { return tx.AddRelease(want) })
	view(t, s, func(r store.Reader) error {
		parts, err := r.Parts(want.ID)
		if diff := cmp.Diff(want.Parts, parts); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		part, err := r.Part(want.ID, "cover", 0)
		if diff := cmp.Diff(want.Parts[1], part); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		own, err := r.Descriptors(want.ID, "agencya")
		if diff := cmp.Diff(want.Descriptors[:2], own); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		if holders, err := r.Holders(want.ID); err != nil || !slices.Equal(holders, []act.AgencyName{"agencya", "agencyb"}) {
			t.Errorf("Holders = %v, %v", holders, err)
		}
		for agency, count := range map[act.AgencyName]int{"agencya": 1, "agencyb": 0, "agencyc": 0} {
			if list, err := r.ReleasesOfBody(agency, "sha256:body"); err != nil || len(list) != count {
				t.Errorf("ReleasesOfBody(%s) = %v, %v", agency, list, err)
			}
		}
		return nil
	})
	if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.AddRelease(want) }); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the same release again: %v", err)
	}
	if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.AddRelease(store.Release{ID: "nothing", Parts: want.Parts}) }); err == nil {
		t.Error("a release without its act")
	}
}

func checkpoints(t *testing.T, open Open) {
	s := open(t, false)
	for _, size := range []uint64{1, 5, 3} {
		update(t, s, func(tx store.Tx) error {
			return tx.AddCheckpoint(store.Checkpoint{Size: size, Note: fmt.Appendf(nil, "note %d", size)})
		})
	}
	err := s.Update(t.Context(), func(tx store.Tx) error { return tx.AddCheckpoint(store.Checkpoint{Size: 5, Note: []byte("other")}) })
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("another note of the same size: %v", err)
	}
	view(t, s, func(r store.Reader) error {
		latest, err := r.LatestCheckpoint()
		if latest.Size != 5 || string(latest.Note) != "note 5" {
			t.Errorf("%+v", latest)
		}
		return err
	})
}

func small(t *testing.T, open Open) {
	s := open(t, false)
	at := time.Now().UTC().Truncate(time.Millisecond)
	admission := store.Admission{Agency: "agencya", LegalName: "A", Kind: "police", Jurisdiction: "ID", Custody: "managed", Mandate: "m", Admitted: at}
	upload := store.Upload{Agency: "agencya", Digest: "sha256:x", Size: 3, Uploaded: at}
	code := store.Code{Agency: "agencya", Digest: "sha256:c", Expires: at}
	update(t, s, func(tx store.Tx) error {
		return errors.Join(tx.PutAdmission(admission), tx.PutUpload(upload), tx.PutCode(code), tx.PutDeposit("agencya", "t", []byte("w")))
	})
	admission.LegalName = "A, renamed"
	update(t, s, func(tx store.Tx) error {
		return errors.Join(tx.PutAdmission(admission), tx.PutUpload(upload), tx.PutDeposit("agencya", "t", []byte("w")), tx.UseCode(code.Digest))
	})
	for name, again := range map[string]func(store.Tx) error{
		"another deposit":   func(tx store.Tx) error { return tx.PutDeposit("agencya", "t", []byte("other")) },
		"a code used twice": func(tx store.Tx) error { return tx.UseCode(code.Digest) },
		"the same code":     func(tx store.Tx) error { return tx.PutCode(code) },
	} {
		if err := s.Update(t.Context(), again); !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	view(t, s, func(r store.Reader) error {
		if got, err := r.Admission("agencya"); err != nil || got != admission {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := r.Upload("agencya", "sha256:x"); err != nil || got != upload {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := r.Code(code.Digest); err != nil || !got.Used || !got.Expires.Equal(at) {
			t.Errorf("%+v, %v", got, err)
		}
		if used, err := r.BodyInUse("sha256:x"); err != nil || !used {
			t.Errorf("BodyInUse = %v, %v", used, err)
		}
		if count, bytes, err := r.PendingUploads("agencya"); err != nil || count != 1 || bytes != 3 {
			t.Errorf("PendingUploads = %d, %d, %v", count, bytes, err)
		}
		if count, bytes, err := r.PendingUploads("agencyb"); err != nil || count != 0 || bytes != 0 {
			t.Errorf("PendingUploads of another = %d, %d, %v", count, bytes, err)
		}
		if list, err := r.UnusedUploads(at); err != nil || len(list) != 0 {
			t.Errorf("before its time: %v, %v", list, err)
		}
		if list, err := r.UnusedUploads(at.Add(time.Second)); err != nil || len(list) != 1 {
			t.Errorf("after: %v, %v", list, err)
		}
		return nil
	})
	update(t, s, func(tx store.Tx) error { return tx.DropUpload("agencya", "sha256:x") })
	view(t, s, func(r store.Reader) error {
		if used, err := r.BodyInUse("sha256:x"); err != nil || used {
			t.Errorf("BodyInUse = %v, %v", used, err)
		}
		return nil
	})
}

func absent(t *testing.T, open Open) {
	s := open(t, false)
	view(t, s, func(r store.Reader) error {
		for name, look := range map[string]func() error{
			"Meta":             func() error { _, err := r.Meta("x"); return err },
			"Entry":            func() error { _, err := r.Entry(0); return err },
			"IndexOf":          func() error { _, err := r.IndexOf("x"); return err },
			"LatestCheckpoint": func() error { _, err := r.LatestCheckpoint(); return err },
			"Part":             func() error { _, err := r.Part("x", "body", 0); return err },
			"Upload":           func() error { _, err := r.Upload("agencya", "x"); return err },
			"Deposit":          func() error { _, err := r.Deposit("agencya", "x"); return err },
			"Admission":        func() error { _, err := r.Admission("agencya"); return err },
			"Code":             func() error { _, err := r.Code("x"); return err },
		} {
			if err := look(); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, look := range map[string]func() (int, error){
			"Entries":     func() (int, error) { l, err := r.Entries(0, 9); return len(l), err },
			"Feed":        func() (int, error) { l, err := r.Feed("agencya", 0, 9); return len(l), err },
			"Parts":       func() (int, error) { l, err := r.Parts("x"); return len(l), err },
			"Descriptors": func() (int, error) { l, err := r.Descriptors("x", "agencya"); return len(l), err },
			"Holders":     func() (int, error) { l, err := r.Holders("x"); return len(l), err },
			"Removals":    func() (int, error) { l, err := r.Removals(9); return len(l), err },
			"Deposits":    func() (int, error) { l, err := r.Deposits("agencya"); return len(l), err },
		} {
			if n, err := look(); n != 0 || err != nil {
				t.Errorf("%s: %d, %v", name, n, err)
			}
		}
		return nil
	})
}

func writers(t *testing.T, open Open) {
	s := open(t, false)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				err := s.Update(t.Context(), func(tx store.Tx) error {
					size, err := tx.Size()
					if err != nil {
						return err
					}
					return appendEntry(tx, entry(size))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	view(t, s, func(r store.Reader) error {
		if size, err := r.Size(); err != nil || size != 160 {
			t.Errorf("size %d, %v", size, err)
		}
		return nil
	})
}
