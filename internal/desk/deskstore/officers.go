package deskstore

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
)

// Session is one login. The token itself is never stored, only its hash.
type Session struct {
	Hash    []byte // SHA-256 of the token
	Officer string // pseudonym
	Secret  SessionSecret
	Expires int64 // Unix seconds
}

// SessionSecret is what a session knows of a person; encrypted at rest.
type SessionSecret struct {
	Issuer  string   `json:"issuer"`
	Subject string   `json:"subject"`
	Label   string   `json:"label"`
	Roles   []string `json:"roles"` // from the provider's groups at login
}

// AddSession stores a session and forgets expired ones.
func (s *Store) AddSession(ctx context.Context, session Session) error {
	if s.box == nil {
		return ErrLocked
	}
	sealed, err := s.sealJSON(session.Secret, "sessions", base64.RawURLEncoding.EncodeToString(session.Hash))
	if err != nil {
		return err
	}
	if _, err := s.exec(ctx, "DELETE FROM sessions WHERE expires <= ?", s.now().Unix()); err != nil {
		return err
	}
	_, err = s.exec(ctx, "INSERT INTO sessions (hash, officer, sealed, expires) VALUES (?, ?, ?, ?)",
		session.Hash, session.Officer, sealed, session.Expires)
	return err
}

// Session finds a session that has not expired, or ErrNotFound.
func (s *Store) Session(ctx context.Context, hash []byte) (Session, error) {
	if s.box == nil {
		return Session{}, ErrLocked
	}
	session := Session{Hash: hash}
	var sealed []byte
	err := s.db.QueryRowContext(ctx, "SELECT officer, sealed, expires FROM sessions WHERE hash = ? AND expires > ?", hash, s.now().Unix()).
		Scan(&session.Officer, &sealed, &session.Expires)
	if err != nil {
		return Session{}, diskError(err)
	}
	err = s.openJSON(sealed, &session.Secret, "sessions", base64.RawURLEncoding.EncodeToString(hash))
	return session, err
}

// EndSession revokes one session; an unknown one is no error.
func (s *Store) EndSession(ctx context.Context, hash []byte) error {
	_, err := s.exec(ctx, "DELETE FROM sessions WHERE hash = ?", hash)
	return err
}

// EndSessions revokes all sessions of an officer.
func (s *Store) EndSessions(ctx context.Context, officer string) error {
	_, err := s.exec(ctx, "DELETE FROM sessions WHERE officer = ?", officer)
	return err
}

// Officer is one who has logged in at this desk before.
type Officer struct {
	Officer string
	Label   string   // what the provider calls the officer; encrypted at rest
	Roles   []string // given at the desk
}

// NoteOfficer remembers an officer's label; roles given before stay.
func (s *Store) NoteOfficer(ctx context.Context, officer, label string) error {
	if s.box == nil {
		return ErrLocked
	}
	sealed := s.box.seal([]byte(label), "officers", officer)
	_, err := s.exec(ctx, `INSERT INTO officers (officer, sealed, roles, updated) VALUES (?, ?, '[]', ?)
		ON CONFLICT (officer) DO UPDATE SET sealed = excluded.sealed, updated = excluded.updated`, officer, sealed, s.now().Unix())
	return err
}

// SetRoles gives an officer roles at the desk; ErrNotFound for one who never logged in.
func (s *Store) SetRoles(ctx context.Context, officer string, roles []string) error {
	raw, err := json.Marshal(append([]string{}, roles...))
	if err != nil {
		return err
	}
	n, err := s.exec(ctx, "UPDATE officers SET roles = ?, updated = ? WHERE officer = ?", string(raw), s.now().Unix(), officer)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// Roles returns the roles that the officer was given at the desk.
func (s *Store) Roles(ctx context.Context, officer string) ([]string, error) {
	var raw string
	err := diskError(s.db.QueryRowContext(ctx, "SELECT roles FROM officers WHERE officer = ?", officer).Scan(&raw))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var roles []string
	err = json.Unmarshal([]byte(raw), &roles)
	return roles, err
}

// Officers lists everyone who has logged in.
func (s *Store) Officers(ctx context.Context) ([]Officer, error) {
	if s.box == nil {
		return nil, ErrLocked
	}
	rows, err := s.db.QueryContext(ctx, "SELECT officer, sealed, roles FROM officers ORDER BY officer")
	if err != nil {
		return nil, diskError(err)
	}
	defer rows.Close()
	var out []Officer
	for rows.Next() {
		var o Officer
		var sealed []byte
		var raw string
		if err := rows.Scan(&o.Officer, &sealed, &raw); err != nil {
			return nil, err
		}
		label, err := s.box.open(sealed, "officers", o.Officer)
		if err != nil {
			return nil, err
		}
		o.Label = string(label)
		if err := json.Unmarshal([]byte(raw), &o.Roles); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

func (s *Store) sealJSON(v any, place ...string) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return s.box.seal(raw, place...), nil
}

func (s *Store) openJSON(sealed []byte, v any, place ...string) error {
	raw, err := s.box.open(sealed, place...)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}
