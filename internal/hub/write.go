package hub

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// writeTimeout bounds a transaction. A caller who gives up does not break it off:
// what it does is small, and half-cancelled commits have unknown outcomes.
const writeTimeout = 10 * time.Second

// batch is one write transaction on a state that has caught up.
type batch struct {
	store.Tx
	s       *Service
	state   *ledger.State
	now     time.Time
	added   []store.Entry
	entries []ledger.Entry
	ring    map[act.AgencyName]bool
}

// Appended says where an act stands in the ledger.
type Appended struct {
	Index uint64
	Time  time.Time
	Act   act.ID
	New   bool // appended by this call
}

// write is the only way in which entries come to be. Inside the transaction the
// state catches up with the ledger's head, f decides and appends; only after the
// commit does the state move. After an unknown outcome the next write catches up.
func (s *Service) write(ctx context.Context, f func(b *batch) error) error {
	if err := s.timed(ctx); err != nil {
		return err
	}
	return s.writeUntimed(ctx, f)
}

// writeUntimed does not insist that Vault has said what time it is. It is for what
// takes rights away.
func (s *Service) writeUntimed(ctx context.Context, f func(b *batch) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.broken != nil {
		return s.broken
	}
	b := &batch{s: s, ring: map[act.AgencyName]bool{}}
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		if err := s.catchUp(tx); err != nil {
			return err
		}
		now, trusted := s.watch.now(s.state.Time)
		if !trusted {
			return &Error{Code: CodeClockUntrusted}
		}
		if s.state.Unknown {
			return &Error{Code: CodeUpgradeNeeded}
		}
		b.Tx, b.state, b.now, b.added, b.entries = tx, s.state, now, nil, nil
		if err := f(b); err != nil {
			return err
		}
		failpoint.Hit("append.in_tx")
		return nil
	})
	failpoint.Hit("append.after_commit")
	if err != nil {
		return err
	}
	return s.adopt(b)
}

// adopt moves the state over what was committed.
func (s *Service) adopt(b *batch) error {
	s.mu.Lock()
	for n, entry := range b.entries {
		if err := ledger.Apply(s.state, entry); err != nil {
			// Check has passed in the transaction: this is a defect, and going on
			// would decide from a state that is not the ledger's.
			s.broken = fmt.Errorf("entry %d was committed and does not apply: %w", entry.Index, err)
			s.mu.Unlock()
			return s.broken
		}
		s.tree.add(tlog.Commit(b.added[n].Salt, b.added[n].Bytes))
	}
	s.mu.Unlock()
	for agency := range b.ring {
		s.feeds.ring(agency)
	}
	s.overview.heed(b.entries...)
	if len(b.entries) > 0 {
		s.counters.Entries.Add(uint64(len(b.entries)))
		s.signed.wake()
	}
	return nil
}

// append adds one entry to the transaction. An act must have been verified. Of
// several entries in one batch at most the first may be an act: a second one
// would have to be checked against the state that the first one makes.
func (b *batch) append(a *act.Act, record *ledger.Record) (uint64, error) {
	entry := ledger.Entry{Index: b.state.Next + uint64(len(b.entries)), Time: b.now, Act: a, Record: record}
	if a != nil {
		if len(b.entries) > 0 {
			return 0, errors.New("an act comes first in its batch")
		}
		if err := ledger.Check(b.state, entry); err != nil {
			return 0, err
		}
	}
	bytes, err := entry.Bytes()
	if err != nil {
		return 0, err
	}
	stored := store.NewEntry{Entry: store.Entry{Index: entry.Index, Bytes: bytes}}
	_, _ = rand.Read(stored.Salt[:]) // never fails: crypto/rand ends the program instead
	if a != nil {
		stored.Act, stored.Subject = a.ID, subjectOf(a)
	}
	size := int64(entry.Index)
	hashes, err := tlog.AppendHashes(size, tlog.Commit(stored.Salt, bytes), b)
	if err != nil {
		return 0, err
	}
	if err := b.Append(stored, tlog.StoredHashCount(size), hashes); err != nil {
		return 0, err
	}
	b.entries, b.added = append(b.entries, entry), append(b.added, stored.Entry)
	return entry.Index, nil
}

// show puts the entry into the feeds of the audience.
func (b *batch) show(index uint64, audience ...act.AgencyName) error {
	for _, agency := range audience {
		if err := b.AddToFeed(agency, index); err != nil {
			return err
		}
		b.ring[agency] = true
	}
	return nil
}

// seen returns where an act stands that was appended before.
func (b *batch) seen(id act.ID) (Appended, bool, error) {
	index, ok := b.state.Seen(id)
	if !ok {
		return Appended{}, false, nil
	}
	at, err := entryTime(b, index)
	return Appended{Index: index, Time: at, Act: id}, true, err
}

func entryTime(r store.Reader, index uint64) (time.Time, error) {
	stored, err := r.Entry(index)
	if err != nil {
		return time.Time{}, err
	}
	entry, err := ledger.ParseEntry(stored.Bytes)
	if err != nil && !errors.Is(err, ledger.ErrUnknownKind) {
		return time.Time{}, err
	}
	return entry.Time, nil
}
