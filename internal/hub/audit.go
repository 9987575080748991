package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// Report is what Verify found.
type Report struct {
	Entries, Releases, Allows int
	Aborts                    int // allows that were taken back
	Disposals                 int // parts of which the hub deleted its copy
	Checkpoint                int64
	Root                      tlog.Hash
	Hub, LogKey               string
}

// Verify reads everything that a hub has stored and checks it from nothing:
// every signature in its order, every leaf and every stored hash, that the last
// checkpoint is of a prefix, that every release has its parts, descriptors and
// bodies and no release has more readers than its act lists, that every allowed
// open follows its act, and every one that was taken back its own allow, once. It
// changes nothing and needs no Vault.
func Verify(ctx context.Context, id string, database store.Store, blobs store.Blobs) (Report, error) {
	v := &verifier{blobs: blobs, aborted: map[uint64]bool{}}
	err := database.View(ctx, func(r store.Reader) error {
		v.r = r
		return v.run(id)
	})
	return v.report, err
}

type verifier struct {
	r      store.Reader
	blobs  store.Blobs
	state  *ledger.State
	tree   frontier
	hashes []tlog.Hash
	report Report

	aborted  map[uint64]bool // decisions that were taken back
	released []act.ID
	disposed []string // bodies that the ledger says were deleted
}

func (v *verifier) run(id string) error {
	raw, err := v.r.Meta(genesisKey)
	if err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	var stored storedGenesis
	if err := json.Unmarshal(raw, &stored); err != nil {
		return err
	}
	if stored.Hub != id {
		return fmt.Errorf("%w: %s", ErrOtherHub, stored.Hub)
	}
	v.report.Hub, v.report.LogKey = stored.Hub, stored.LogKey
	v.state, err = ledger.New(ledger.Genesis{Hub: stored.Hub, LogKey: stored.LogKey, Registrar: stored.Registrar})
	if err != nil {
		return err
	}
	if err := v.entries(); err != nil {
		return err
	}
	if err := v.copies(); err != nil {
		return err
	}
	v.report.Root = v.tree.root()
	return v.checkpoint(stored.LogKey)
}

func (v *verifier) entries() error {
	size, err := v.r.Size()
	if err != nil {
		return err
	}
	for v.tree.size < size {
		chunk, err := v.r.Entries(v.tree.size, foldChunk)
		if err != nil {
			return err
		}
		if len(chunk) == 0 {
			return fmt.Errorf("entry %d is missing", v.tree.size)
		}
		for _, stored := range chunk {
			if err := v.entry(stored); err != nil {
				return fmt.Errorf("entry %d: %w", stored.Index, err)
			}
		}
	}
	return nil
}

func (v *verifier) entry(stored store.Entry) error {
	entry, err := v.state.Verify(stored.Bytes)
	if err != nil {
		return err
	}
	if stored.Index != v.tree.size || entry.Index != stored.Index {
		return fmt.Errorf("is out of its place")
	}
	if entry.Record != nil {
		err = v.record(entry)
	}
	if err == nil {
		err = ledger.Apply(v.state, entry)
	}
	if err == nil && entry.Act != nil && entry.Act.Kind == act.ItemReleaseKind {
		err = v.release(entry)
	}
	if err != nil {
		return err
	}
	v.report.Entries++
	return v.leaf(stored)
}

func (v *verifier) leaf(stored store.Entry) error {
	leaf := tlog.Commit(stored.Salt, stored.Bytes)
	reader := tlog.HashStoreFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for n, index := range indexes {
			out[n] = v.hashes[index]
		}
		return out, nil
	})
	fresh, err := tlog.AppendHashes(int64(stored.Index), leaf, reader)
	if err != nil {
		return err
	}
	first := tlog.StoredHashCount(int64(stored.Index))
	for n, want := range fresh {
		got, err := v.r.ReadHashes([]int64{first + int64(n)})
		if err != nil {
			return err
		}
		if got[0] != want {
			return fmt.Errorf("%w: stored hash %d", ErrTree, first+int64(n))
		}
	}
	v.hashes = append(v.hashes, fresh...)
	v.tree.add(leaf)
	return nil
}

// record: an allowed open names an act that stands before it.
func (v *verifier) record(entry ledger.Entry) error {
	for _, one := range entry.Record.Results {
		if v.state.Release(one.Release) == nil {
			return errors.New("the record names a release that is not there")
		}
		if one.Allow {
			v.report.Allows++
		}
	}
	if entry.Record.Type == ledger.DisposalRecord {
		return v.disposal(entry.Record)
	}
	if entry.Record.Act == "" {
		return nil
	}
	if _, known := v.state.Seen(entry.Record.Act); !known {
		return errors.New("the record names an act that is not before it")
	}
	if entry.Record.Type == ledger.AbortRecord {
		return v.abort(entry)
	}
	return nil
}

// abort: what is taken back was allowed before, to the same agency, by the same act,
// and not taken back yet.
func (v *verifier) abort(entry ledger.Entry) error {
	v.report.Aborts++
	record := entry.Record
	if record.Decision >= entry.Index || v.aborted[record.Decision] {
		return errors.New("the record takes back what is not there")
	}
	v.aborted[record.Decision] = true
	stored, err := v.r.Entry(record.Decision)
	if err != nil {
		return err
	}
	decision, err := ledger.ParseEntry(stored.Bytes)
	if err != nil {
		return err
	}
	was := decision.Record
	same := was != nil && was.Type == ledger.DecisionRecord && was.Agency == record.Agency && was.Action == record.Action &&
		was.Act == record.Act && was.Part == record.Part && len(was.Results) == 1 && len(record.Results) == 1
	if !same || !was.Results[0].Allow || was.Results[0].Release != record.Results[0].Release {
		return errors.New("the record takes back what was not allowed so")
	}
	return nil
}

// release: what became visible with the act is whole.
func (v *verifier) release(entry ledger.Entry) error {
	v.report.Releases++
	payload := entry.Act.Payload.(*act.ItemRelease)
	v.released = append(v.released, entry.Act.ID)
	holders, err := v.r.Holders(entry.Act.ID)
	if err != nil {
		return err
	}
	if !slices.Contains(holders, entry.Act.KeyID.Agency) {
		return errors.New("the publisher has no descriptor")
	}
	for _, holder := range holders {
		if err := v.holder(entry, payload, holder); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) holder(entry ledger.Entry, payload *act.ItemRelease, holder act.AgencyName) error {
	if revision := v.state.Revision(payload.Agreement.Digest); revision.Party(holder) == nil {
		return errors.New("a holder is no party of the agreement")
	}
	shown, err := v.r.InFeed(holder, entry.Index)
	if err != nil {
		return err
	}
	if !shown {
		return errors.New("a holder's feed lacks the release")
	}
	descriptors, err := v.r.Descriptors(entry.Act.ID, holder)
	if err != nil {
		return err
	}
	listed := func(d seal.SaltedDescriptor) bool { return slices.Contains(payload.Descriptors, d.Hash()) }
	for _, d := range descriptors {
		if !listed(d) {
			return errors.New("a descriptor is not listed in the act")
		}
	}
	return nil
}

func (v *verifier) checkpoint(logKey string) error {
	stored, err := v.r.LatestCheckpoint()
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	key, err := tlog.NewVerifier(logKey)
	if err != nil {
		return err
	}
	checkpoint, err := tlog.OpenCheckpoint(stored.Note, key)
	if err != nil {
		return err
	}
	v.report.Checkpoint = checkpoint.Size
	return consistent(v.r, head{checkpoint, stored.Note}, int64(v.tree.size), v.report.Root)
}
