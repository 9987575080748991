package hub_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/store/sqlite"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// Hubs share one real Vault, but for the tests that take it away.
func TestMain(m *testing.M) { os.Exit(hubtest.Main(m)) }

func codeOf(err error) string { return hubclient.CodeOf(err) }

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

// appendRaw adds an entry to a stopped hub's ledger as another version of the
// program would.
func appendRaw(t *testing.T, dir string, index uint64, bytes string) {
	t.Helper()
	database, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = database.Close() }()
	err = database.Update(t.Context(), func(tx store.Tx) error {
		entry := store.NewEntry{Entry: store.Entry{Index: index, Bytes: []byte(bytes)}}
		hashes, err := tlog.AppendHashes(int64(index), tlog.Commit(entry.Salt, entry.Bytes), tx)
		if err != nil {
			return err
		}
		return tx.Append(entry, tlog.StoredHashCount(int64(index)), hashes)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// rot flips one byte of a stored body.
func rot(t *testing.T, dir, digest string) {
	t.Helper()
	name := strings.TrimPrefix(digest, "sha256:")
	path := filepath.Join(dir, "blobs", "bodies", name[:2], name)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[0] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
