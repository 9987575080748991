package sqlite

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// transaction is a store.Tx.
type transaction struct{ snapshot }

func (t *transaction) exec(query string, args ...any) (int64, error) {
	result, err := t.tx.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, typed(err)
	}
	return result.RowsAffected()
}

func (t *transaction) run(query string, args ...any) error {
	_, err := t.exec(query, args...)
	return err
}

// once runs an insert that does nothing where the row exists, and says so.
func (t *transaction) once(query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n == 0 {
		return store.ErrConflict
	}
	return err
}

func (t *transaction) SetMeta(key string, value []byte) error {
	return t.run(`INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
}

func (t *transaction) Append(e store.NewEntry, firstHash int64, hashes []tlog.Hash) error {
	size, err := t.Size()
	if err != nil {
		return err
	}
	if e.Index != size {
		return fmt.Errorf("append entry %d to a ledger of %d", e.Index, size)
	}
	if err := t.run(`INSERT INTO entries (idx, bytes, salt, act, subject) VALUES (?, ?, ?, ?, ?)`,
		e.Index, e.Bytes, e.Salt[:], orNull(string(e.Act)), orNull(string(e.Subject))); err != nil {
		return err
	}
	for n, hash := range hashes {
		if err := t.run(`INSERT INTO hashes (idx, hash) VALUES (?, ?)`, firstHash+int64(n), hash[:]); err != nil {
			return err
		}
	}
	return nil
}

func orNull(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

func (t *transaction) AddToFeed(agency act.AgencyName, index uint64) error {
	return t.run(`INSERT INTO feed (agency, seq, idx)
		SELECT ?1, coalesce((SELECT max(seq) FROM feed WHERE agency = ?1), 0) + 1, ?2
		WHERE NOT EXISTS (SELECT 1 FROM feed WHERE agency = ?1 AND idx = ?2)`, string(agency), index)
}

func (t *transaction) AddRelease(r store.Release) error {
	for _, p := range r.Parts {
		locked, err := json.Marshal(p.Locked)
		if err != nil {
			return err
		}
		if err := t.run(`INSERT INTO parts (release, part, ordinal, body_digest, body_size, locked) VALUES (?, ?, ?, ?, ?, ?)`,
			string(r.ID), p.Part, p.Ordinal, p.BodyDigest, p.BodySize, string(locked)); err != nil {
			return err
		}
	}
	for _, d := range r.Descriptors {
		raw, err := json.Marshal(d)
		if err != nil {
			return err
		}
		if err := t.run(`INSERT INTO descriptors (release, agency, part, ordinal, descriptor) VALUES (?, ?, ?, ?, ?)`,
			string(r.ID), d.Descriptor.Agency, d.Descriptor.Part, d.Descriptor.Ordinal, string(raw)); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) DropPart(release act.ID, part string, ordinal int) error {
	return t.run(`DELETE FROM parts WHERE release = ? AND part = ? AND ordinal = ?`, string(release), part, ordinal)
}

func (t *transaction) RemoveLater(digest string) error {
	return t.run(`INSERT INTO removals (digest) VALUES (?) ON CONFLICT DO NOTHING`, digest)
}

func (t *transaction) Removed(digest string) error {
	return t.run(`DELETE FROM removals WHERE digest = ?`, digest)
}

func (t *transaction) AddCheckpoint(c store.Checkpoint) error {
	return t.once(`INSERT INTO checkpoints (size, note) VALUES (?, ?) ON CONFLICT DO NOTHING`, c.Size, c.Note)
}

func (t *transaction) PutUpload(u store.Upload) error {
	return t.run(`INSERT INTO uploads (agency, digest, size, uploaded) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		string(u.Agency), u.Digest, u.Size, u.Uploaded.UnixMilli())
}

func (t *transaction) DropUpload(agency act.AgencyName, digest string) error {
	return t.run(`DELETE FROM uploads WHERE agency = ? AND digest = ?`, string(agency), digest)
}

func (t *transaction) PutDeposit(agency act.AgencyName, thumbprint act.Thumbprint, wrapped []byte) error {
	present, err := t.Deposit(agency, thumbprint)
	switch {
	case err == nil && string(present) == string(wrapped):
		return nil
	case err == nil:
		return store.ErrConflict
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	return t.run(`INSERT INTO deposits (agency, thumbprint, wrapped) VALUES (?, ?, ?)`, string(agency), string(thumbprint), wrapped)
}

func (t *transaction) PutAdmission(a store.Admission) error {
	return t.run(`INSERT INTO admissions (agency, legal_name, kind, jurisdiction, custody, mandate, admitted) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (agency) DO UPDATE SET legal_name = excluded.legal_name, kind = excluded.kind,
		jurisdiction = excluded.jurisdiction, custody = excluded.custody, mandate = excluded.mandate`,
		string(a.Agency), a.LegalName, a.Kind, a.Jurisdiction, a.Custody, a.Mandate, a.Admitted.UnixMilli())
}

func (t *transaction) PutCode(c store.Code) error {
	return t.once(`INSERT INTO codes (digest, agency, expires) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, c.Digest, string(c.Agency), c.Expires.UnixMilli())
}

func (t *transaction) UseCode(digest string) error {
	return t.once(`UPDATE codes SET used = 1 WHERE digest = ? AND used = 0`, digest)
}
