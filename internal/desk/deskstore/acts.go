package deskstore

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// SignedAct is an act on its way to the hub. It is stored before it is sent, and
// sent in the order of storing: after a crash it is the same act, in its place.
type SignedAct struct {
	Seq     int64  // the order; given by the store
	Act     string // id
	Kind    string
	Subject string // a digest of what the act is about; its acts follow each other
	Says    string // a digest: two acts in a row that say the same of a subject are one
	State   string // Pending, Done, Refused
	Code    string // why it waits or was refused
	Index   uint64 // ledger index, when done
	Created int64  // Unix seconds
	Secret  SignedActSecret
}

// SignedActSecret is the act itself and what became of it; encrypted at rest, as
// everything is that an officer said.
type SignedActSecret struct {
	Act      string    `json:"act"` // compact JWS
	Time     time.Time `json:"time,omitzero"`
	Evidence []string  `json:"evidence,omitempty"` // of a refusal
}

// AddActs stores acts before any of them is sent, all or none. An act that says
// what the newest pending one of its subject says already is not stored again:
// that one stands in its place in the answer. So does an act that is stored
// already; one that was refused is tried again.
func (s *Store) AddActs(ctx context.Context, acts ...SignedAct) ([]SignedAct, error) {
	if s.box == nil {
		return nil, ErrLocked
	}
	var ids []string
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		for _, a := range acts {
			id, err := s.addAct(ctx, tx, a)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]SignedAct, 0, len(ids))
	for _, id := range ids {
		a, err := s.SignedAct(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

func (s *Store) addAct(ctx context.Context, tx *sql.Tx, a SignedAct) (string, error) {
	var newest, says string
	err := tx.QueryRowContext(ctx, "SELECT act, says FROM acts WHERE subject = ? AND state = 'pending' ORDER BY seq DESC LIMIT 1", a.Subject).Scan(&newest, &says)
	if err == nil && says == a.Says {
		return newest, nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", err
	}
	sealed, err := s.sealJSON(a.Secret, "acts", a.Act)
	if err != nil {
		return "", err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM acts WHERE act = ? AND state = 'refused'", a.Act); err != nil {
		return "", err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO acts (act, kind, subject, says, state, code, sealed, idx, created)
		VALUES (?, ?, ?, ?, 'pending', '', ?, 0, ?) ON CONFLICT (act) DO NOTHING`, a.Act, a.Kind, a.Subject, a.Says, sealed, a.Created)
	return a.Act, err
}

const actColumns = "SELECT seq, act, kind, subject, says, state, code, sealed, idx, created FROM acts"

func (s *Store) scanAct(row scanner) (SignedAct, error) {
	var a SignedAct
	var sealed []byte
	var index int64
	if err := row.Scan(&a.Seq, &a.Act, &a.Kind, &a.Subject, &a.Says, &a.State, &a.Code, &sealed, &index, &a.Created); err != nil {
		return SignedAct{}, diskError(err)
	}
	a.Index = uint64(index)
	err := s.openJSON(sealed, &a.Secret, "acts", a.Act)
	return a, err
}

// SignedAct finds an act by its id, or ErrNotFound.
func (s *Store) SignedAct(ctx context.Context, id string) (SignedAct, error) {
	if s.box == nil {
		return SignedAct{}, ErrLocked
	}
	return s.scanAct(s.db.QueryRowContext(ctx, actColumns+" WHERE act = ?", id))
}

// SignedActs returns every stored act in the order of signing.
func (s *Store) SignedActs(ctx context.Context) ([]SignedAct, error) {
	if s.box == nil {
		return nil, ErrLocked
	}
	rows, err := s.db.QueryContext(ctx, actColumns+" ORDER BY seq")
	if err != nil {
		return nil, diskError(err)
	}
	defer rows.Close()
	var out []SignedAct
	for rows.Next() {
		a, err := s.scanAct(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

// WaitAct notes why a pending act waits.
func (s *Store) WaitAct(ctx context.Context, id, code string) error {
	_, err := s.exec(ctx, "UPDATE acts SET code = ? WHERE act = ? AND state = 'pending' AND code != ?", code, id, code)
	return err
}

// EndAct says how a pending act ended.
func (s *Store) EndAct(ctx context.Context, a SignedAct) error {
	sealed, err := s.sealJSON(a.Secret, "acts", a.Act)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "UPDATE acts SET state = ?, code = ?, idx = ?, sealed = ? WHERE act = ? AND state = 'pending'",
		a.State, a.Code, int64(a.Index), sealed, a.Act)
	return err
}

// ReplaceAct puts another act in the place of a pending one that the hub never took.
func (s *Store) ReplaceAct(ctx context.Context, old string, a SignedAct) error {
	sealed, err := s.sealJSON(a.Secret, "acts", a.Act)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "UPDATE acts SET act = ?, sealed = ?, code = '' WHERE act = ? AND state = 'pending'", a.Act, sealed, old)
	return err
}

// ForgetAct removes an act that has ended; one that is pending stays.
func (s *Store) ForgetAct(ctx context.Context, id string) error {
	_, err := s.exec(ctx, "DELETE FROM acts WHERE act = ? AND state != 'pending'", id)
	return err
}
