package hub

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// ErrTree says that the stored hashes are not those of the stored entries, or the ledger
// is not the one of which a checkpoint was signed. Nothing is signed then.
var ErrTree = errors.New("the log does not agree with itself")

// head is a signed checkpoint, opened.
type head struct {
	checkpoint tlog.Checkpoint
	note       []byte
}

// checkpointState is the latest signed checkpoint and who waits for the next.
type checkpointState struct {
	mu        sync.Mutex
	head      head
	published chan struct{} // closed when head changes
	grown     chan struct{} // has one value when the tree may have grown
}

func (c *checkpointState) set(h head) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.head = h
	if c.published != nil {
		close(c.published)
	}
	c.published = make(chan struct{})
	if c.grown == nil {
		c.grown = make(chan struct{}, 1)
	}
}

func (c *checkpointState) get() (head, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.head, c.published
}

func (c *checkpointState) wake() {
	select {
	case c.grown <- struct{}{}:
	default:
	}
}

// lastCheckpoint reads and verifies the latest signed checkpoint; of a log that
// has none yet it is empty.
func (s *Service) lastCheckpoint(r store.Reader) (head, error) {
	stored, err := r.LatestCheckpoint()
	if errors.Is(err, store.ErrNotFound) {
		return head{}, nil
	} else if err != nil {
		return head{}, err
	}
	checkpoint, err := tlog.OpenCheckpoint(stored.Note, s.verifier)
	if err != nil {
		return head{}, fmt.Errorf("%w: stored checkpoint of size %d: %w", ErrTree, stored.Size, err)
	}
	return head{checkpoint, stored.Note}, nil
}

// checkPrefix makes sure at start-up that the last signed checkpoint is of a
// prefix of this ledger. A database restored from an old backup would be shorter,
// and signing on would fork the log.
func (s *Service) checkPrefix(r store.Reader, last head) error {
	size, root := int64(s.tree.size), s.tree.root()
	stored, err := tlog.Root(size, r)
	if err != nil {
		return err
	}
	if stored != root {
		return fmt.Errorf("%w: the stored hashes are not those of the stored entries", ErrTree)
	}
	return consistent(r, last, size, root)
}

func consistent(r store.Reader, last head, size int64, root tlog.Hash) error {
	if last.note == nil {
		return nil
	}
	if last.checkpoint.Size > size {
		return fmt.Errorf("%w: %d entries are stored and a checkpoint of %d was signed", ErrTree, size, last.checkpoint.Size)
	}
	proof, err := tlog.ConsistencyProof(last.checkpoint.Size, size, r)
	if err == nil {
		err = tlog.CheckConsistency(proof, last.checkpoint.Size, last.checkpoint.Root, size, root)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTree, err)
	}
	return nil
}

// runCheckpoints signs about every CheckpointEvery while there is something new,
// more slowly while Vault does not answer, and once more at the end: what was
// admitted before an orderly stop can be proven without waiting for the next start.
func (s *Service) runCheckpoints(ctx context.Context) {
	defer func() {
		if err := s.Checkpoint(context.WithoutCancel(ctx)); err != nil {
			s.Log.Warn("last checkpoint not signed", "error", err)
		}
	}()
	pause := s.CheckpointEvery
	for {
		if err := s.Checkpoint(ctx); err != nil && ctx.Err() == nil {
			s.counters.CheckpointErrors.Add(1)
			s.Log.Error("checkpoint not signed", "error", err)
			pause = min(pause*2, 5*time.Second)
		} else {
			pause = s.CheckpointEvery
		}
		if !sleep(ctx, pause) {
			return
		}
		select {
		case <-s.signed.grown:
		case <-time.After(10 * s.CheckpointEvery):
		case <-ctx.Done():
			return
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Checkpoint signs and stores a checkpoint of the whole ledger if it has grown
// since the last. The signature is made outside any transaction: Vault may be
// slow, and acts must not wait for it.
func (s *Service) Checkpoint(ctx context.Context) error {
	last, _ := s.signed.get()
	var next tlog.Checkpoint
	err := s.Store.View(ctx, func(r store.Reader) error {
		s.mu.RLock()
		size, root := int64(s.tree.size), s.tree.root()
		s.mu.RUnlock()
		next = tlog.Checkpoint{Origin: s.ID, Size: size, Root: root}
		if size == last.checkpoint.Size {
			return nil
		}
		stored, err := tlog.Root(size, r)
		if err != nil {
			return err
		}
		if stored != root {
			return fmt.Errorf("%w: the stored hashes are not those of the stored entries", ErrTree)
		}
		return consistent(r, last, size, root)
	})
	if err != nil || next.Size == last.checkpoint.Size {
		return err
	}
	failpoint.Hit("checkpoint.before_sign")
	note, err := s.signCheckpoint(ctx, next)
	if err != nil {
		return err
	}
	failpoint.Hit("checkpoint.signed")
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		return tx.AddCheckpoint(store.Checkpoint{Size: uint64(next.Size), Note: note})
	})
	if err != nil {
		return err
	}
	failpoint.Hit("checkpoint.stored")
	s.signed.set(head{next, note})
	return nil
}

func (s *Service) signCheckpoint(ctx context.Context, c tlog.Checkpoint) ([]byte, error) {
	key, err := s.Vault.Signer(ctx, LogSign, s.logThumbprint)
	if err != nil {
		return nil, err
	}
	signer, err := tlog.NewSigner(s.ID, key)
	if err != nil {
		return nil, err
	}
	note, err := tlog.SignCheckpoint(c, signer)
	if err != nil {
		return nil, err
	}
	// The key behind the name may have been replaced: only the pinned one counts.
	if _, err := tlog.OpenCheckpoint(note, s.verifier); err != nil {
		return nil, err
	}
	return note, nil
}

// LatestCheckpoint returns the signed note, or not_found before the first.
func (s *Service) LatestCheckpoint() ([]byte, error) {
	last, _ := s.signed.get()
	if last.note == nil {
		return nil, errNotFound
	}
	return last.note, nil
}

// covering waits up to wait for a checkpoint that covers the index.
func (s *Service) covering(ctx context.Context, index uint64, wait time.Duration) (head, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		last, published := s.signed.get()
		if last.checkpoint.Size > int64(index) {
			return last, nil
		}
		select {
		case <-published:
		case <-timer.C:
			return head{}, &Error{Code: CodeCheckpointLate, RetryAfter: retrySoon}
		case <-ctx.Done():
			return head{}, ctx.Err()
		}
	}
}
