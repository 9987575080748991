package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// snapshot is a store.Reader on one transaction.
type snapshot struct {
	ctx context.Context
	tx  *sql.Tx
}

func (s *snapshot) row(query string, args ...any) *sql.Row {
	return s.tx.QueryRowContext(s.ctx, query, args...)
}

// list runs a query and hands each row to scan.
func list[T any](s *snapshot, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := s.tx.QueryContext(s.ctx, query, args...)
	if err != nil {
		return nil, typed(err)
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, typed(err)
		}
		all = append(all, one)
	}
	return all, typed(rows.Err())
}

func column[T any](rows *sql.Rows) (T, error) {
	var value T
	err := rows.Scan(&value)
	return value, err
}

func one[T any](row *sql.Row) (T, error) {
	var value T
	err := row.Scan(&value)
	return value, typed(err)
}

// ReadHashes implements tlog.HashStore.
func (s *snapshot) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for n, index := range indexes {
		raw, err := one[[]byte](s.row(`SELECT hash FROM hashes WHERE idx = ?`, index))
		if err != nil {
			return nil, fmt.Errorf("hash %d: %w", index, err)
		}
		copy(hashes[n][:], raw)
	}
	return hashes, nil
}

func (s *snapshot) Meta(key string) ([]byte, error) {
	return one[[]byte](s.row(`SELECT value FROM meta WHERE key = ?`, key))
}

func (s *snapshot) Size() (uint64, error) {
	return one[uint64](s.row(`SELECT coalesce(max(idx) + 1, 0) FROM entries`))
}

func (s *snapshot) Entry(index uint64) (store.Entry, error) {
	found, err := s.Entries(index, 1)
	if err != nil {
		return store.Entry{}, err
	}
	if len(found) == 0 || found[0].Index != index {
		return store.Entry{}, store.ErrNotFound
	}
	return found[0], nil
}

func (s *snapshot) Entries(from uint64, limit int) ([]store.Entry, error) {
	if from > 1<<62 {
		return nil, nil
	}
	return list(s, func(rows *sql.Rows) (store.Entry, error) {
		var e store.Entry
		var salt []byte
		err := rows.Scan(&e.Index, &e.Bytes, &salt)
		copy(e.Salt[:], salt)
		return e, err
	}, `SELECT idx, bytes, salt FROM entries WHERE idx >= ? ORDER BY idx LIMIT ?`, from, limit)
}

func (s *snapshot) IndexOf(id act.ID) (uint64, error) {
	return one[uint64](s.row(`SELECT idx FROM entries WHERE act = ?`, string(id)))
}

func (s *snapshot) LatestCheckpoint() (store.Checkpoint, error) {
	var c store.Checkpoint
	err := s.row(`SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1`).Scan(&c.Size, &c.Note)
	return c, typed(err)
}

func (s *snapshot) Feed(agency act.AgencyName, after uint64, limit int) ([]store.FeedEntry, error) {
	if after > 1<<62 {
		return nil, nil
	}
	return list(s, func(rows *sql.Rows) (store.FeedEntry, error) {
		var e store.FeedEntry
		var salt []byte
		err := rows.Scan(&e.Sequence, &e.Index, &e.Bytes, &salt)
		copy(e.Salt[:], salt)
		return e, err
	}, `SELECT f.seq, e.idx, e.bytes, e.salt FROM feed f JOIN entries e ON e.idx = f.idx
		WHERE f.agency = ? AND f.seq > ? ORDER BY f.seq LIMIT ?`, string(agency), after, limit)
}

func (s *snapshot) FeedHead(agency act.AgencyName) (uint64, error) {
	return one[uint64](s.row(`SELECT coalesce(max(seq), 0) FROM feed WHERE agency = ?`, string(agency)))
}

func (s *snapshot) InFeed(agency act.AgencyName, index uint64) (bool, error) {
	if index > 1<<62 {
		return false, nil
	}
	return one[bool](s.row(`SELECT EXISTS (SELECT 1 FROM feed WHERE agency = ? AND idx = ?)`, string(agency), index))
}

func (s *snapshot) NotInFeed(agency act.AgencyName, subjects []act.AgencyName) ([]uint64, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	args := []any{}
	for _, subject := range subjects {
		args = append(args, string(subject))
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", len(subjects)), ",")
	return list(s, column[uint64], `SELECT idx FROM entries WHERE subject IN (`+marks+`)
		AND idx NOT IN (SELECT idx FROM feed WHERE agency = ?) ORDER BY idx`, append(args, string(agency))...)
}

const partColumns = `part, ordinal, body_digest, body_size, locked`

func scanPart(scan func(...any) error) (store.Part, error) {
	var p store.Part
	var locked string
	if err := scan(&p.Part, &p.Ordinal, &p.BodyDigest, &p.BodySize, &locked); err != nil {
		return p, typed(err)
	}
	err := json.Unmarshal([]byte(locked), &p.Locked)
	return p, err
}

func (s *snapshot) Part(release act.ID, part string, ordinal int) (store.Part, error) {
	return scanPart(s.row(`SELECT `+partColumns+` FROM parts WHERE release = ? AND part = ? AND ordinal = ?`, string(release), part, ordinal).Scan)
}

func (s *snapshot) Parts(release act.ID) ([]store.Part, error) {
	return list(s, func(rows *sql.Rows) (store.Part, error) { return scanPart(rows.Scan) },
		`SELECT `+partColumns+` FROM parts WHERE release = ? ORDER BY part, ordinal`, string(release))
}

func (s *snapshot) Descriptors(release act.ID, agency act.AgencyName) ([]seal.SaltedDescriptor, error) {
	return list(s, func(rows *sql.Rows) (seal.SaltedDescriptor, error) {
		var d seal.SaltedDescriptor
		raw, err := column[string](rows)
		if err != nil {
			return d, err
		}
		err = json.Unmarshal([]byte(raw), &d)
		return d, err
	}, `SELECT descriptor FROM descriptors WHERE release = ? AND agency = ? ORDER BY part, ordinal`, string(release), string(agency))
}

func (s *snapshot) Holders(release act.ID) ([]act.AgencyName, error) {
	return list(s, column[act.AgencyName], `SELECT DISTINCT agency FROM descriptors WHERE release = ? ORDER BY agency`, string(release))
}

func (s *snapshot) ReleasesOfBody(agency act.AgencyName, bodyDigest string) ([]act.ID, error) {
	return list(s, column[act.ID], `SELECT DISTINCT p.release FROM parts p JOIN descriptors d
		ON d.release = p.release AND d.part = p.part AND d.ordinal = p.ordinal
		WHERE p.body_digest = ? AND d.agency = ? ORDER BY p.release`, bodyDigest, string(agency))
}

func scanUpload(scan func(...any) error) (store.Upload, error) {
	var u store.Upload
	var at int64
	err := scan(&u.Agency, &u.Digest, &u.Size, &at)
	u.Uploaded = time.UnixMilli(at).UTC()
	return u, typed(err)
}

func (s *snapshot) Upload(agency act.AgencyName, digest string) (store.Upload, error) {
	return scanUpload(s.row(`SELECT agency, digest, size, uploaded FROM uploads WHERE agency = ? AND digest = ?`, string(agency), digest).Scan)
}

func (s *snapshot) PendingUploads(agency act.AgencyName) (count int, bytes int64, err error) {
	err = s.row(`SELECT count(*), coalesce(sum(size), 0) FROM uploads u WHERE agency = ?
		AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.body_digest = u.digest)`, string(agency)).Scan(&count, &bytes)
	return count, bytes, typed(err)
}

func (s *snapshot) UnusedUploads(before time.Time) ([]store.Upload, error) {
	return list(s, func(rows *sql.Rows) (store.Upload, error) { return scanUpload(rows.Scan) },
		`SELECT agency, digest, size, uploaded FROM uploads u WHERE uploaded < ?
		AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.body_digest = u.digest) ORDER BY agency, digest`, before.UnixMilli())
}

func (s *snapshot) BodyInUse(digest string) (bool, error) {
	return one[bool](s.row(`SELECT EXISTS (SELECT 1 FROM parts WHERE body_digest = ?1) OR EXISTS (SELECT 1 FROM uploads WHERE digest = ?1)`, digest))
}

func (s *snapshot) Removals(limit int) ([]string, error) {
	return list(s, column[string], `SELECT digest FROM removals ORDER BY digest LIMIT ?`, limit)
}

func (s *snapshot) Deposit(agency act.AgencyName, thumbprint act.Thumbprint) ([]byte, error) {
	return one[[]byte](s.row(`SELECT wrapped FROM deposits WHERE agency = ? AND thumbprint = ?`, string(agency), string(thumbprint)))
}

func (s *snapshot) Deposits(agency act.AgencyName) ([]act.Thumbprint, error) {
	return list(s, column[act.Thumbprint], `SELECT thumbprint FROM deposits WHERE agency = ? ORDER BY thumbprint`, string(agency))
}

func (s *snapshot) Admission(agency act.AgencyName) (store.Admission, error) {
	var a store.Admission
	var at int64
	err := s.row(`SELECT agency, legal_name, kind, jurisdiction, custody, mandate, admitted FROM admissions WHERE agency = ?`, string(agency)).
		Scan(&a.Agency, &a.LegalName, &a.Kind, &a.Jurisdiction, &a.Custody, &a.Mandate, &at)
	a.Admitted = time.UnixMilli(at).UTC()
	return a, typed(err)
}

func (s *snapshot) Code(digest string) (store.Code, error) {
	var c store.Code
	var expires int64
	err := s.row(`SELECT agency, digest, expires, used FROM codes WHERE digest = ?`, digest).Scan(&c.Agency, &c.Digest, &expires, &c.Used)
	c.Expires = time.UnixMilli(expires).UTC()
	return c, typed(err)
}
