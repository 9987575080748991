package deskstore

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
)

// Draft is a draft with one of its versions.
type Draft struct {
	ID      string
	Item    string
	Kind    string
	Version int
	Author  string // of this version, pseudonym
	Content string // salted commitment to the content
	Secret  DraftSecret
	Created int64 // of the draft, Unix seconds
	Updated int64 // of this version
}

// DraftSecret is what was written; encrypted at rest. The salt is fixed per
// version, so that approvals and the release speak of one commitment.
type DraftSecret struct {
	Source    []byte `json:"source"`
	Canonical []byte `json:"canonical"` // of the body
	Salt      []byte `json:"salt"`

	// Of a content with restricted sections only.
	Whole    []byte          `json:"whole,omitempty"` // canonical bytes with the sections
	Sections []SectionSecret `json:"sections,omitempty"`

	Parents []Parent `json:"parents,omitempty"` // what it is made from
}

// Parent names a release that a draft is made from, and how.
type Parent struct {
	Release  string `json:"release"`
	Relation string `json:"relation"`
}

// SectionSecret is the part of one section, fixed per version like the body's salt.
type SectionSecret struct {
	Content []byte `json:"content"`
	Salt    []byte `json:"salt"`
}

// All returns the canonical bytes of all that was written.
func (s DraftSecret) All() []byte {
	if len(s.Whole) > 0 {
		return s.Whole
	}
	return s.Canonical
}

func draftPlace(id string, version int) []string {
	return []string{"draft_versions", id, strconv.Itoa(version)}
}

// AddDraft stores version 1.
func (s *Store) AddDraft(ctx context.Context, d Draft) error {
	if s.box == nil {
		return ErrLocked
	}
	return s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO drafts (id, item, kind, version, created, updated) VALUES (?, ?, ?, 1, ?, ?)",
			d.ID, d.Item, d.Kind, d.Created, d.Updated)
		if err != nil {
			return err
		}
		return s.addVersion(ctx, tx, d)
	})
}

// ReplaceDraft stores the version after d.Version-1; ErrChanged if that is no
// longer the newest. Approvals belong to versions, so they do not carry over.
func (s *Store) ReplaceDraft(ctx context.Context, d Draft) error {
	if s.box == nil {
		return ErrLocked
	}
	return s.inTx(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, "UPDATE drafts SET version = ?, updated = ? WHERE id = ? AND version = ?",
			d.Version, d.Updated, d.ID, d.Version-1)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return ErrChanged
		}
		return s.addVersion(ctx, tx, d)
	})
}

func (s *Store) addVersion(ctx context.Context, tx *sql.Tx, d Draft) error {
	sealed, err := s.sealJSON(d.Secret, draftPlace(d.ID, d.Version)...)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO draft_versions (draft, version, author, content, sealed, created) VALUES (?, ?, ?, ?, ?, ?)",
		d.ID, d.Version, d.Author, d.Content, sealed, d.Updated)
	return err
}

const draftColumns = `SELECT d.id, d.item, d.kind, v.version, v.author, v.content, v.sealed, d.created, v.created
	FROM drafts d JOIN draft_versions v ON v.draft = d.id AND v.version = d.version`

// Draft returns the newest version, or ErrNotFound.
func (s *Store) Draft(ctx context.Context, id string) (Draft, error) {
	if s.box == nil {
		return Draft{}, ErrLocked
	}
	return s.scanDraft(s.db.QueryRowContext(ctx, draftColumns+" WHERE d.id = ?", id))
}

// Drafts returns the newest version of every draft, last changed first.
func (s *Store) Drafts(ctx context.Context) ([]Draft, error) {
	if s.box == nil {
		return nil, ErrLocked
	}
	rows, err := s.db.QueryContext(ctx, draftColumns+" ORDER BY d.updated DESC, d.id")
	if err != nil {
		return nil, diskError(err)
	}
	defer rows.Close()
	var out []Draft
	for rows.Next() {
		d, err := s.scanDraft(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

type scanner interface{ Scan(...any) error }

func (s *Store) scanDraft(row scanner) (Draft, error) {
	var d Draft
	var sealed []byte
	err := row.Scan(&d.ID, &d.Item, &d.Kind, &d.Version, &d.Author, &d.Content, &sealed, &d.Created, &d.Updated)
	if err != nil {
		return Draft{}, diskError(err)
	}
	err = s.openJSON(sealed, &d.Secret, draftPlace(d.ID, d.Version)...)
	return d, err
}

// DraftContent returns the secret of the version of any draft of the item whose
// commitment is content, or ErrNotFound.
func (s *Store) DraftContent(ctx context.Context, item, content string) (DraftSecret, error) {
	if s.box == nil {
		return DraftSecret{}, ErrLocked
	}
	var id string
	var version int
	var sealed []byte
	err := s.db.QueryRowContext(ctx, `SELECT v.draft, v.version, v.sealed FROM draft_versions v JOIN drafts d ON d.id = v.draft
		WHERE d.item = ? AND v.content = ?`, item, content).Scan(&id, &version, &sealed)
	if err != nil {
		return DraftSecret{}, diskError(err)
	}
	var secret DraftSecret
	err = s.openJSON(sealed, &secret, draftPlace(id, version)...)
	return secret, err
}

// Authors returns everyone who wrote any version of the draft.
func (s *Store) Authors(ctx context.Context, draft string) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT DISTINCT author FROM draft_versions WHERE draft = ? ORDER BY author", draft)
	if err != nil {
		return nil, diskError(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var author string
		if err := rows.Scan(&author); err != nil {
			return nil, err
		}
		out = append(out, author)
	}
	return out, rows.Err()
}

// Approval is an officer's word for one version's content.
type Approval struct {
	Officer string
	Content string
	At      int64 // Unix seconds
}

// AddApproval stores an approval of the version, provided that it still is the
// newest and has this content; else ErrChanged. A repeated approval changes nothing.
func (s *Store) AddApproval(ctx context.Context, draft string, version int, a Approval) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		var one int
		err := tx.QueryRowContext(ctx, `SELECT 1 FROM drafts d JOIN draft_versions v ON v.draft = d.id AND v.version = d.version
			WHERE d.id = ? AND d.version = ? AND v.content = ?`, draft, version, a.Content).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrChanged
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO approvals (draft, version, officer, content, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			draft, version, a.Officer, a.Content, a.At)
		return err
	})
}

// Approvals returns the approvals of one version, oldest first.
func (s *Store) Approvals(ctx context.Context, draft string, version int) ([]Approval, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT officer, content, at FROM approvals WHERE draft = ? AND version = ? ORDER BY at, officer", draft, version)
	if err != nil {
		return nil, diskError(err)
	}
	defer rows.Close()
	var out []Approval
	for rows.Next() {
		var a Approval
		if err := rows.Scan(&a.Officer, &a.Content, &a.At); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}
