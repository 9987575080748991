// Package sqlite keeps the hub's database in one SQLite file in write-ahead mode,
// with one writer and a commit that waits for the disk (synchronous=FULL).
//
// The lock file beside the database is held for the life of the process: SQLite
// would let two processes write in turn, each with its own folded ledger in mind.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/concordat-hub/concordat/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options change what Open does.
type Options struct {
	// MaxBytes bounds the size of the database file; 0 means the disk does.
	MaxBytes int64
}

const pageSize = 4096

// Store is a store.Store in one file.
type Store struct {
	write *sql.DB // one connection, every transaction immediate
	read  *sql.DB
	lock  *os.File
}

var _ store.Store = (*Store)(nil)

// Open opens or makes the database concordat.db in the folder and brings its
// schema up to date. Errors: store.ErrLocked when another process has it open,
// store.ErrNewer when a later version wrote it, store.ErrFull.
func Open(ctx context.Context, dir string, options Options) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	lock, err := lockFile(filepath.Join(dir, "concordat.lock"))
	if err != nil {
		return nil, err
	}
	s := &Store{lock: lock}
	if err := s.open(ctx, filepath.Join(dir, "concordat.db"), options); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("open database: %w", typed(err))
	}
	return s, nil
}

// The kernel drops the lock with the process, however it ends.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s", store.ErrLocked, path)
		}
		return nil, fmt.Errorf("lock database: %w", err)
	}
	return f, nil
}

func (s *Store) open(ctx context.Context, path string, options Options) error {
	var err error
	if s.write, err = sql.Open("sqlite", source(path, "immediate", options)); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", source(path, "deferred", Options{}, "query_only(1)")); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(8)
	return migrate(ctx, s.write)
}

func source(path, lock string, options Options, more ...string) string {
	pragmas := append([]string{
		"busy_timeout(5000)", fmt.Sprintf("page_size(%d)", pageSize), "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
	}, more...)
	if options.MaxBytes > 0 {
		pragmas = append(pragmas, fmt.Sprintf("max_page_count(%d)", max(options.MaxBytes/pageSize, 1)))
	}
	query := url.Values{"_pragma": pragmas, "_txlock": {lock}}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
}

// migrate applies each step in a transaction of its own: killed half-way, the
// next start goes on after the last whole step.
func migrate(ctx context.Context, db *sql.DB) error {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, folder)
	if err != nil {
		return err
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > target {
		return fmt.Errorf("%w: schema %d, this program knows %d", store.ErrNewer, current, target)
	}
	_, err = provider.Up(ctx)
	return err
}

// Close closes the database and gives up the lock.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, f func(store.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return typed(err)
	}
	if err := f(&transaction{snapshot{ctx, tx}}); err != nil {
		_ = tx.Rollback() // what is left of it rolls back when the connection does
		return typed(err)
	}
	if err := tx.Commit(); err != nil {
		return commitFailed(err)
	}
	return nil
}

// View implements store.Store. A read transaction takes its moment at its first
// statement, and all of f sees that one.
func (s *Store) View(ctx context.Context, f func(store.Reader) error) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return typed(err)
	}
	defer func() { _ = tx.Rollback() }()
	return typed(f(&snapshot{ctx, tx}))
}

// commitFailed: SQLite says FULL or BUSY only if nothing was committed. Any other
// failure of a commit may have come after the commit record reached the disk.
func commitFailed(err error) error {
	if err := typed(err); errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrBusy) {
		return err
	}
	return fmt.Errorf("%w: %w", store.ErrUnknown, err)
}

func typed(err error) error {
	var failed *driver.Error
	switch {
	case err == nil, isTyped(err):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	case errors.Is(err, sql.ErrNoRows):
		return store.ErrNotFound
	case !errors.As(err, &failed):
		return err
	}
	switch code := failed.Code(); {
	case code == codes.SQLITE_FULL, code == codes.SQLITE_IOERR_SHMSIZE:
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	case code&0xff == codes.SQLITE_BUSY, code&0xff == codes.SQLITE_LOCKED:
		return fmt.Errorf("%w: %w", store.ErrBusy, err)
	case code == codes.SQLITE_CONSTRAINT_UNIQUE, code == codes.SQLITE_CONSTRAINT_PRIMARYKEY, code == codes.SQLITE_CONSTRAINT_ROWID:
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	}
	return err
}

func isTyped(err error) bool {
	return errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound)
}
