package deskstore

import (
	"context"
	"database/sql"
	"strings"
)

// The states of a cover.
const (
	Available = "available"
	Denied    = "denied"  // the hub did not deliver it
	Damaged   = "damaged" // what was delivered is not what was released
)

// Cover is what the desk knows of one release before anybody opened it.
type Cover struct {
	Release string
	State   string
	Reason  string
	Checked int64 // Unix seconds
	Secret  CoverSecret
}

// CoverSecret is encrypted at rest: titles tell what agencies work on.
type CoverSecret struct {
	Cover       []byte `json:"cover"`       // canonical bytes
	Salt        []byte `json:"salt"`        // of the cover's commitment
	Descriptors []byte `json:"descriptors"` // JSON, this agency's own
}

// PutCover writes what is known of a release.
func (s *Store) PutCover(ctx context.Context, c Cover) error {
	if s.box == nil {
		return ErrLocked
	}
	sealed, err := s.sealJSON(c.Secret, "covers", c.Release)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, `INSERT INTO covers (release, state, reason, sealed, checked) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (release) DO UPDATE SET state = excluded.state, reason = excluded.reason, sealed = excluded.sealed, checked = excluded.checked`,
		c.Release, c.State, c.Reason, sealed, c.Checked)
	return err
}

// Cover returns what is known of a release, or ErrNotFound.
func (s *Store) Cover(ctx context.Context, release string) (Cover, error) {
	if s.box == nil {
		return Cover{}, ErrLocked
	}
	return s.scanCover(s.db.QueryRowContext(ctx, "SELECT release, state, reason, sealed, checked FROM covers WHERE release = ?", release))
}

// Covers returns everything that is known, by release.
func (s *Store) Covers(ctx context.Context) (map[string]Cover, error) {
	if s.box == nil {
		return nil, ErrLocked
	}
	rows, err := s.db.QueryContext(ctx, "SELECT release, state, reason, sealed, checked FROM covers")
	if err != nil {
		return nil, diskError(err)
	}
	defer rows.Close()
	out := map[string]Cover{}
	for rows.Next() {
		c, err := s.scanCover(rows)
		if err != nil {
			return nil, err
		}
		out[c.Release] = c
	}
	return out, rows.Err()
}

func (s *Store) scanCover(row scanner) (Cover, error) {
	var c Cover
	var sealed []byte
	if err := row.Scan(&c.Release, &c.State, &c.Reason, &sealed, &c.Checked); err != nil {
		return Cover{}, diskError(err)
	}
	err := s.openJSON(sealed, &c.Secret, "covers", c.Release)
	return c, err
}

// Opening is one open that an officer made, kept for receipts and auditors.
type Opening struct {
	Act     string // id of the item.open act
	Release string
	Officer string
	Purpose string
	Created int64 // Unix seconds
	Secret  OpeningSecret
}

// OpeningSecret stays at the desk.
type OpeningSecret struct {
	Justification string `json:"justification"`
	// Part is the section that was opened, empty for the body.
	Part string `json:"part,omitempty"`
	// Salt opens the content commitment in the descriptor. It is kept when the
	// content is erased: with it the officer can prove what was read.
	Salt []byte `json:"salt,omitempty"`
}

// AddOpening stores the open before it is sent.
func (s *Store) AddOpening(ctx context.Context, o Opening) error {
	if s.box == nil {
		return ErrLocked
	}
	sealed, err := s.sealJSON(o.Secret, "opens", o.Act)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "INSERT INTO opens (act, release, officer, purpose, sealed, created) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		o.Act, o.Release, o.Officer, o.Purpose, sealed, o.Created)
	return err
}

// AnsweredOpening stores what the answer added.
func (s *Store) AnsweredOpening(ctx context.Context, o Opening) error {
	sealed, err := s.sealJSON(o.Secret, "opens", o.Act)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "UPDATE opens SET sealed = ? WHERE act = ?", sealed, o.Act)
	return err
}

// Openings returns the opens of a release, newest first.
func (s *Store) Openings(ctx context.Context, release string) ([]Opening, error) {
	if s.box == nil {
		return nil, ErrLocked
	}
	rows, err := s.db.QueryContext(ctx, "SELECT act, release, officer, purpose, sealed, created FROM opens WHERE release = ? ORDER BY created DESC, rowid DESC", release)
	if err != nil {
		return nil, diskError(err)
	}
	defer rows.Close()
	var out []Opening
	for rows.Next() {
		var o Opening
		var sealed []byte
		if err := rows.Scan(&o.Act, &o.Release, &o.Officer, &o.Purpose, &sealed, &o.Created); err != nil {
			return nil, err
		}
		if err := s.openJSON(sealed, &o.Secret, "opens", o.Act); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// Kept is opened content that may be shown again for a while: the body, or one
// section with a lease of its own.
type Kept struct {
	Release string
	Officer string
	Purpose string
	Part    string // of a section, empty for the body
	Until   int64  // Unix seconds
	Secret  KeptSecret
}

// KeptSecret is the content; encrypted at rest.
type KeptSecret struct {
	Content  []byte `json:"content"`
	Decision uint64 `json:"decision"`
	Accepted string `json:"accepted,omitempty"` // digest of the terms under which it was opened
}

func keptPlace(k Kept) []string { return []string{"kept", k.Release, k.Officer, k.purposeColumn()} }

// partMark separates the purpose from a section's part in their one column; a
// purpose has no such character.
const partMark = "#"

func (k Kept) purposeColumn() string {
	if k.Part == "" {
		return k.Purpose
	}
	return k.Purpose + partMark + k.Part
}

// PutKept keeps content.
func (s *Store) PutKept(ctx context.Context, k Kept) error {
	if s.box == nil {
		return ErrLocked
	}
	sealed, err := s.sealJSON(k.Secret, keptPlace(k)...)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, `INSERT INTO kept (release, officer, purpose, until, sealed) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (release, officer, purpose) DO UPDATE SET until = excluded.until, sealed = excluded.sealed`,
		k.Release, k.Officer, k.purposeColumn(), k.Until, sealed)
	return err
}

// Kept returns what one officer opened for one purpose, or ErrNotFound. An empty
// part is the body.
func (s *Store) Kept(ctx context.Context, release, officer, purpose, part string) (Kept, error) {
	if s.box == nil {
		return Kept{}, ErrLocked
	}
	k := Kept{Release: release, Officer: officer, Purpose: purpose, Part: part}
	var sealed []byte
	err := s.db.QueryRowContext(ctx, "SELECT until, sealed FROM kept WHERE release = ? AND officer = ? AND purpose = ?", release, officer, k.purposeColumn()).
		Scan(&k.Until, &sealed)
	if err != nil {
		return Kept{}, diskError(err)
	}
	err = s.openJSON(sealed, &k.Secret, keptPlace(k)...)
	return k, err
}

// KeptReleases lists what is kept, without the content.
func (s *Store) KeptReleases(ctx context.Context) ([]Kept, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT release, officer, purpose, until FROM kept ORDER BY release, officer, purpose")
	if err != nil {
		return nil, diskError(err)
	}
	defer rows.Close()
	var out []Kept
	for rows.Next() {
		var k Kept
		if err := rows.Scan(&k.Release, &k.Officer, &k.Purpose, &k.Until); err != nil {
			return nil, err
		}
		k.Purpose, k.Part, _ = strings.Cut(k.Purpose, partMark)
		out = append(out, k)
	}
	return out, rows.Err()
}

// ErasePart removes what is kept of one section of a release, as Erase does.
func (s *Store) ErasePart(ctx context.Context, release, part string) error {
	if _, err := s.exec(ctx, "DELETE FROM kept WHERE release = ? AND purpose LIKE ?", release, "%"+partMark+part); err != nil {
		return err
	}
	return s.flush(ctx)
}

// Erase removes everything kept of the releases, so that no byte of it stays in
// the database or its write-ahead log.
func (s *Store) Erase(ctx context.Context, releases ...string) error {
	if len(releases) == 0 {
		return nil
	}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		for _, release := range releases {
			if _, err := tx.ExecContext(ctx, "DELETE FROM kept WHERE release = ?", release); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.flush(ctx)
}
