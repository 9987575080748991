package deskstore

import (
	"context"
	"database/sql"
	"errors"
)

// The states of a release on its way out.
const (
	Pending = "pending" // to be sent, or sent without an answer
	Done    = "done"    // appended to the ledger
	Refused = "refused" // the hub will never take this act
)

// Outgoing is one release on its way out. The act's bytes are fixed before
// anything is sent: sending it again after a crash is the same act.
type Outgoing struct {
	ID         string // random
	NaturalKey string // what makes two requests the same release
	Draft      string
	Item       string
	Version    int    // of the item
	Content    string // commitment
	State      string
	Code       string // why it waits or was refused
	Index      uint64 // ledger index, when done
	Created    int64  // Unix seconds
	Secret     OutgoingSecret
}

// OutgoingSecret is what is sent, beside the bodies; encrypted at rest, because
// it names recipients and holds headers without their lock.
type OutgoingSecret struct {
	SigningInput []byte `json:"signingInput"`
	Act          string `json:"act,omitempty"` // compact JWS, once signed
	ActID        string `json:"actID"`
	Parts        []byte `json:"parts"`       // JSON
	Descriptors  []byte `json:"descriptors"` // JSON
	Recipients   []string
}

// AddOutgoing stores a release and its sealed bodies before anything is sent. If
// one with the natural key exists, that one is returned and nothing is stored.
func (s *Store) AddOutgoing(ctx context.Context, o Outgoing, bodies map[string][]byte) (Outgoing, error) {
	if s.box == nil {
		return Outgoing{}, ErrLocked
	}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		sealed, err := s.sealJSON(o.Secret, "outbox", o.ID)
		if err != nil {
			return err
		}
		// A refused release makes room for another attempt.
		if _, err := tx.ExecContext(ctx, "DELETE FROM outbox WHERE natural_key = ? AND state = 'refused'", o.NaturalKey); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `INSERT INTO outbox (id, natural_key, draft, item, version, content, state, code, sealed, idx, created)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT (natural_key) DO NOTHING`,
			o.ID, o.NaturalKey, o.Draft, o.Item, o.Version, o.Content, Pending, o.Code, sealed, o.Created)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrChanged)
		}
		for digest, body := range bodies {
			if _, err := tx.ExecContext(ctx, "INSERT INTO outbox_bodies (outbox, digest, body) VALUES (?, ?, ?)", o.ID, digest, body); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, ErrChanged) {
		return s.OutgoingByKey(ctx, o.NaturalKey)
	}
	return o, err
}

const outgoingColumns = "SELECT id, natural_key, draft, item, version, content, state, code, sealed, idx, created FROM outbox"

func (s *Store) scanOutgoing(row scanner) (Outgoing, error) {
	var o Outgoing
	var sealed []byte
	var index int64
	err := row.Scan(&o.ID, &o.NaturalKey, &o.Draft, &o.Item, &o.Version, &o.Content, &o.State, &o.Code, &sealed, &index, &o.Created)
	if err != nil {
		return Outgoing{}, diskError(err)
	}
	o.Index = uint64(index)
	err = s.openJSON(sealed, &o.Secret, "outbox", o.ID)
	return o, err
}

// OutgoingByKey finds a release by its natural key, or ErrNotFound.
func (s *Store) OutgoingByKey(ctx context.Context, key string) (Outgoing, error) {
	return s.oneOutgoing(ctx, " WHERE natural_key = ?", key)
}

// OutgoingByID finds a release by its id, or ErrNotFound.
func (s *Store) OutgoingByID(ctx context.Context, id string) (Outgoing, error) {
	return s.oneOutgoing(ctx, " WHERE id = ?", id)
}

func (s *Store) oneOutgoing(ctx context.Context, where string, arg any) (Outgoing, error) {
	if s.box == nil {
		return Outgoing{}, ErrLocked
	}
	return s.scanOutgoing(s.db.QueryRowContext(ctx, outgoingColumns+where, arg))
}

// Outgoings returns the releases in a state, oldest first; every one for "".
func (s *Store) Outgoings(ctx context.Context, state string) ([]Outgoing, error) {
	if s.box == nil {
		return nil, ErrLocked
	}
	rows, err := s.db.QueryContext(ctx, outgoingColumns+" WHERE ? IN ('', state) ORDER BY created, id", state)
	if err != nil {
		return nil, diskError(err)
	}
	defer rows.Close()
	var out []Outgoing
	for rows.Next() {
		o, err := s.scanOutgoing(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// Body returns a sealed body of a pending release.
func (s *Store) Body(ctx context.Context, outgoing, digest string) ([]byte, error) {
	var body []byte
	err := s.db.QueryRowContext(ctx, "SELECT body FROM outbox_bodies WHERE outbox = ? AND digest = ?", outgoing, digest).Scan(&body)
	return body, diskError(err)
}

// SignedOutgoing stores the signed act.
func (s *Store) SignedOutgoing(ctx context.Context, o Outgoing) error {
	sealed, err := s.sealJSON(o.Secret, "outbox", o.ID)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "UPDATE outbox SET sealed = ? WHERE id = ?", sealed, o.ID)
	return err
}

// WaitOutgoing notes why a pending release waits.
func (s *Store) WaitOutgoing(ctx context.Context, id, code string) error {
	_, err := s.exec(ctx, "UPDATE outbox SET code = ? WHERE id = ? AND state = 'pending'", code, id)
	return err
}

// EndOutgoing says how a release ended and drops its bodies and headers.
func (s *Store) EndOutgoing(ctx context.Context, o Outgoing) error {
	o.Secret.Parts = nil
	sealed, err := s.sealJSON(o.Secret, "outbox", o.ID)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE outbox SET state = ?, code = ?, idx = ?, sealed = ? WHERE id = ?",
			o.State, o.Code, int64(o.Index), sealed, o.ID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM outbox_bodies WHERE outbox = ?", o.ID)
		return err
	})
}

// Remember binds a client's idempotency key within scope to a target. It returns
// the target bound before, if there is one.
func (s *Store) Remember(ctx context.Context, scope, name, target string) (string, error) {
	bound := target
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO idempotency (scope, name, target, created) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
			scope, name, target, s.now().Unix()); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT target FROM idempotency WHERE scope = ? AND name = ?", scope, name).Scan(&bound)
	})
	return bound, err
}
