package hub

import (
	"context"
	"errors"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// receiptWait is how long a receipt waits for the checkpoint that covers it.
const receiptWait = 3 * time.Second

// Receipt proves an entry of the caller's feed: entry, salt, the caller's own
// descriptors where it is a release, inclusion proof and checkpoint.
func (s *Service) Receipt(ctx context.Context, caller act.AgencyName, index uint64) ([]byte, error) {
	var receipt tlog.Receipt
	err := s.Store.View(ctx, func(r store.Reader) error {
		entitled, err := r.InFeed(caller, index)
		if err != nil {
			return err
		}
		if !entitled {
			return errNotFound
		}
		entry, err := r.Entry(index)
		if err != nil {
			return err
		}
		receipt = tlog.Receipt{Entry: entry.Bytes, Salt: entry.Salt, Index: int64(index)}
		parsed, err := ledger.ParseEntry(entry.Bytes)
		if err == nil && parsed.Act != nil && parsed.Act.Kind == act.ItemReleaseKind {
			receipt.Descriptors, err = r.Descriptors(parsed.Act.ID, caller)
		}
		if errors.Is(err, ledger.ErrUnknownKind) {
			return nil // the proof holds without understanding the entry
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	last, err := s.covering(ctx, index, receiptWait)
	if err != nil {
		return nil, err
	}
	receipt.Checkpoint = last.note
	err = s.Store.View(ctx, func(r store.Reader) error {
		receipt.Hashes, err = tlog.InclusionProof(last.checkpoint.Size, int64(index), r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return receipt.Marshal()
}

// Inclusion returns the proof that a leaf is in the tree of size leaves, for any
// size up to the latest checkpoint's; 0 means that one.
func (s *Service) Inclusion(ctx context.Context, index, size int64) ([]tlog.Hash, int64, error) {
	last, _ := s.signed.get()
	if size == 0 {
		size = last.checkpoint.Size
	}
	if index < 0 || index >= size || size > last.checkpoint.Size {
		return nil, 0, errNotFound
	}
	var proof []tlog.Hash
	err := s.Store.View(ctx, func(r store.Reader) error {
		var err error
		proof, err = tlog.InclusionProof(size, index, r)
		return err
	})
	return proof, size, err
}

// Consistency returns the proof that the tree of from leaves is a prefix of the
// tree of to leaves; to of 0 means the latest checkpoint's.
func (s *Service) Consistency(ctx context.Context, from, to int64) ([]tlog.Hash, int64, error) {
	last, _ := s.signed.get()
	if to == 0 {
		to = last.checkpoint.Size
	}
	if from < 0 || from > to || to > last.checkpoint.Size {
		return nil, 0, errNotFound
	}
	var proof []tlog.Hash
	err := s.Store.View(ctx, func(r store.Reader) error {
		var err error
		proof, err = tlog.ConsistencyProof(from, to, r)
		return err
	})
	return proof, to, err
}

// Tile returns a tile or an entry bundle of the checkpointed tree, by its C2SP
// path ("tile/0/000.p/5"). Bundles hold commitments only.
func (s *Service) Tile(ctx context.Context, path string) ([]byte, error) {
	tile, err := tlog.ParseTilePath(path)
	if err != nil {
		return nil, errNotFound
	}
	last, _ := s.signed.get()
	if tile.Check(last.checkpoint.Size) != nil {
		return nil, errNotFound
	}
	var data []byte
	err = s.Store.View(ctx, func(r store.Reader) error {
		if tile.Level != tlog.EntriesLevel {
			data, err = tlog.HashTile(last.checkpoint.Size, tile, r)
			return err
		}
		entries, err := r.Entries(uint64(tile.Index)*tlog.TileWidth, tile.Width)
		if err != nil {
			return err
		}
		leaves := make([][32]byte, len(entries))
		for n, entry := range entries {
			leaves[n] = tlog.Commit(entry.Salt, entry.Bytes)
		}
		data = tlog.EntryBundle(leaves)
		return nil
	})
	return data, err
}
