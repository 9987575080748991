package deskstore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"strconv"
)

// Entry is one ledger entry as the hub delivered it.
type Entry struct {
	Index uint64
	Salt  [32]byte // opens the log's leaf
	Bytes []byte   // canonical bytes
}

const cursorName = "feed-cursor"

// Cursor is the position in the agency's feed after the newest stored entry.
func (s *Store) Cursor(ctx context.Context) (uint64, error) {
	value, err := s.Meta(ctx, cursorName)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil || len(value) != 8 {
		return 0, errors.Join(err, ErrDamaged)
	}
	return binary.BigEndian.Uint64(value), nil
}

// AddEntries stores entries and moves the cursor, in one transaction: an entry
// is never lost between them, nor stored twice.
func (s *Store) AddEntries(ctx context.Context, entries []Entry, cursor uint64) error {
	if s.box == nil {
		return ErrLocked
	}
	return s.inTx(ctx, func(tx *sql.Tx) error {
		for _, e := range entries {
			plain := append(e.Salt[:], e.Bytes...)
			sealed := s.box.seal(plain, "entries", strconv.FormatUint(e.Index, 10))
			if _, err := tx.ExecContext(ctx, "INSERT INTO entries (idx, sealed) VALUES (?, ?)", int64(e.Index), sealed); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
			cursorName, binary.BigEndian.AppendUint64(nil, cursor))
		return err
	})
}

// Entries calls f for every stored entry in the order of the feed.
func (s *Store) Entries(ctx context.Context, f func(Entry) error) error {
	if s.box == nil {
		return ErrLocked
	}
	rows, err := s.db.QueryContext(ctx, "SELECT idx, sealed FROM entries ORDER BY seq")
	if err != nil {
		return diskError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var index int64
		var sealed []byte
		if err := rows.Scan(&index, &sealed); err != nil {
			return err
		}
		entry, err := s.entry(index, sealed)
		if err != nil {
			return err
		}
		if err := f(entry); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Entry returns one entry by its ledger index, or ErrNotFound.
func (s *Store) Entry(ctx context.Context, index uint64) (Entry, error) {
	if s.box == nil {
		return Entry{}, ErrLocked
	}
	var sealed []byte
	if err := s.db.QueryRowContext(ctx, "SELECT sealed FROM entries WHERE idx = ?", int64(index)).Scan(&sealed); err != nil {
		return Entry{}, diskError(err)
	}
	return s.entry(int64(index), sealed)
}

func (s *Store) entry(index int64, sealed []byte) (Entry, error) {
	plain, err := s.box.open(sealed, "entries", strconv.FormatInt(index, 10))
	if err != nil || len(plain) < 32 {
		return Entry{}, ErrDamaged
	}
	e := Entry{Index: uint64(index), Bytes: plain[32:]}
	copy(e.Salt[:], plain)
	return e, nil
}

// Identity is a sealing identity, wrapped.
type Identity struct {
	Thumbprint string
	Recipient  string
	Wrapped    string
	Deposited  bool
	Created    int64 // Unix seconds
}

// AddIdentity stores a wrapped identity; a known one is left as it is.
func (s *Store) AddIdentity(ctx context.Context, id Identity) error {
	_, err := s.exec(ctx, `INSERT INTO identities (thumbprint, recipient, wrapped, deposited, created) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, id.Thumbprint, id.Recipient, id.Wrapped, id.Deposited, id.Created)
	return err
}

// Deposited remembers that the hub holds the wrapped identity.
func (s *Store) Deposited(ctx context.Context, thumbprint string) error {
	_, err := s.exec(ctx, "UPDATE identities SET deposited = 1 WHERE thumbprint = ?", thumbprint)
	return err
}

// Identities returns all identities, oldest first.
func (s *Store) Identities(ctx context.Context) ([]Identity, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT thumbprint, recipient, wrapped, deposited, created FROM identities ORDER BY created, thumbprint")
	if err != nil {
		return nil, diskError(err)
	}
	defer rows.Close()
	var out []Identity
	for rows.Next() {
		var id Identity
		if err := rows.Scan(&id.Thumbprint, &id.Recipient, &id.Wrapped, &id.Deposited, &id.Created); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}
