package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/store/sqlite"
	"github.com/concordat-hub/concordat/internal/store/storetest"
)

func open(t *testing.T, dir string, options sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	dirs := map[string]string{}
	storetest.Conform(t, func(t *testing.T, again bool) store.Store {
		if !again {
			dirs[t.Name()] = t.TempDir()
		}
		return open(t, dirs[t.Name()], sqlite.Options{})
	})
}

func direct(t *testing.T, dir, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "concordat.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestDataOfALaterVersionAreNotTouched(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, dir, sqlite.Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	direct(t, dir, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
	if _, err := sqlite.Open(t.Context(), dir, sqlite.Options{}); !errors.Is(err, store.ErrNewer) {
		t.Errorf("Open = %v", err)
	}
	// Refusing gave the lock back.
	direct(t, dir, "DELETE FROM goose_db_version WHERE version_id = 99")
	open(t, dir, sqlite.Options{})
}

func TestASecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{})
	if _, err := sqlite.Open(t.Context(), dir, sqlite.Options{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("Open = %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, sqlite.Options{})
}

func TestAFullDatabaseIsErrFullAndKeepsWhatItHas(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{MaxBytes: 256 << 10})
	put := func(s store.Store, n int) error {
		return s.Update(context.Background(), func(tx store.Tx) error { return tx.SetMeta(fmt.Sprint(n), make([]byte, 8<<10)) })
	}
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		err = put(s, n)
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("after %d: %v", n, err)
	}
	if err := s.View(t.Context(), func(r store.Reader) error { _, err := r.Meta("0"); return err }); err != nil {
		t.Errorf("reading: %v", err)
	}
	if err := s.View(t.Context(), func(r store.Reader) error { _, err := r.Meta(fmt.Sprint(n - 1)); return err }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what was refused: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := put(open(t, dir, sqlite.Options{}), n-1); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// A commit that did not wait for the disk could be lost with the power.
func TestCommitsWaitForTheDisk(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{})
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		if got := s.Pragma(t.Context(), pragma); got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
}
