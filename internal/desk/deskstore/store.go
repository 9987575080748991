// Package deskstore keeps what a desk must not lose: the ledger entries of its
// agency, wrapped identities, drafts, what is being released, covers, and what
// was opened. One SQLite file in the desk's state folder, one process at a time.
//
// Everything that a person wrote or that names one is encrypted under the store
// key, which exists on disk only wrapped by the agency's key in Vault: until
// Unlock the store answers ErrLocked for it. In the clear stay ids, digests,
// pseudonyms, states and times.
//
// Only the desk's service imports this package.
package deskstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Errors that callers branch on.
var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("no such row")
	// ErrChanged: the row is no longer the version that the caller saw.
	ErrChanged = errors.New("the row has changed")
	// ErrFull: the disk is full; nothing of the transaction was written.
	ErrFull = errors.New("the desk's disk is full")
	// ErrLocked: the store key has not been unwrapped yet.
	ErrLocked = errors.New("the store is locked")
	// ErrInUse: another process has the folder.
	ErrInUse = errors.New("another desk uses this state folder")
)

// Store is the open state folder. Safe for concurrent use.
type Store struct {
	db   *sql.DB
	lock *os.File
	box  *box
	dir  string
	now  func() time.Time
}

// Open opens or makes the store in dir, holding a lock on it until Close.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, ErrInUse
	}
	s := &Store{lock: lock, dir: dir, now: time.Now}
	if err := s.openDatabase(filepath.Join(dir, "desk.db")); err != nil {
		lock.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) openDatabase(path string) error {
	// FULL: what was answered as done survives a power cut. secure_delete: erased
	// content is overwritten, not only unlinked.
	dsn := "file:" + path + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(ON)&_pragma=secure_delete(ON)&_txlock=immediate"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(4)
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		db.Close()
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err == nil {
		err = refuseNewer(provider)
	}
	if err == nil {
		_, err = provider.Up(context.Background())
	}
	if err != nil {
		db.Close()
		return fmt.Errorf("migrate database: %w", diskError(err))
	}
	s.db = db
	return os.Chmod(path, 0o600)
}

// refuseNewer keeps an older program from writing into the schema of a newer one.
func refuseNewer(provider *goose.Provider) error {
	ctx := context.Background()
	version, err := provider.GetDBVersion(ctx)
	if err != nil {
		return err
	}
	sources := provider.ListSources()
	if newest := sources[len(sources)-1].Version; version > newest {
		return fmt.Errorf("the database has schema %d, this program knows %d: use the newer program", version, newest)
	}
	return nil
}

// Close releases the folder.
func (s *Store) Close() error {
	err := s.db.Close()
	return errors.Join(err, s.lock.Close())
}

// Dir is the state folder.
func (s *Store) Dir() string { return s.dir }

// Unlock sets the store key.
func (s *Store) Unlock(key []byte) error {
	b, err := newBox(key)
	if err != nil {
		return err
	}
	s.box = b
	return nil
}

// Locked reports whether Unlock is still to come.
func (s *Store) Locked() bool { return s.box == nil }

// LimitPages bounds the size of the database, for tests of a full disk; 0 lifts
// the bound.
func (s *Store) LimitPages(ctx context.Context, pages int) error {
	if pages == 0 {
		pages = 1<<32 - 2
	}
	s.db.SetMaxOpenConns(1) // the bound belongs to a connection
	_, err := s.db.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	return err
}

// inTx runs f in one transaction that is durable when inTx returns nil.
func (s *Store) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return diskError(err)
	}
	defer func() { _ = tx.Rollback() }() // nothing to roll back after a commit
	if err := f(tx); err != nil {
		return diskError(err)
	}
	return diskError(tx.Commit())
}

func (s *Store) exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := s.db.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, diskError(err)
	}
	return result.RowsAffected()
}

// diskError gives a full disk its own error, whichever layer noticed it.
func diskError(err error) error {
	var failed *sqlite.Error
	if errors.As(err, &failed) && failed.Code()&0xff == sqlite3.SQLITE_FULL || errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// flush moves the write-ahead log into the database and empties it, so that
// erased rows do not linger there.
func (s *Store) flush(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return diskError(err)
}

// Meta returns a small value, or ErrNotFound. It is not encrypted.
func (s *Store) Meta(ctx context.Context, name string) ([]byte, error) {
	var value []byte
	err := s.db.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", name).Scan(&value)
	return value, diskError(err)
}

// SetMeta writes a small value.
func (s *Store) SetMeta(ctx context.Context, name string, value []byte) error {
	_, err := s.exec(ctx, "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	return err
}

// AddMeta writes a value that must not exist yet; ErrChanged if it does.
func (s *Store) AddMeta(ctx context.Context, name string, value []byte) error {
	n, err := s.exec(ctx, "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", name, value)
	if err == nil && n == 0 {
		return ErrChanged
	}
	return err
}
