package hub_test

import (
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/store/files"
	"github.com/concordat-hub/concordat/internal/store/sqlite"
	"github.com/concordat-hub/concordat/internal/tlog"
)

func opened(t *testing.T, key string, note []byte) tlog.Checkpoint {
	t.Helper()
	log, err := tlog.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := tlog.OpenCheckpoint(note, log)
	if err != nil {
		t.Fatal(err)
	}
	return checkpoint
}

func verifies(t *testing.T, key string, note []byte) bool {
	t.Helper()
	return opened(t, key, note).Size > 0
}

// Anybody can follow the log: each checkpoint extends all before it, every leaf
// is where it was, and the tiles lead to the root.
func TestEveryCheckpointExtendsAllEarlierOnes(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a := h.Enrol(t, "agencya")
	var seen []tlog.Checkpoint
	for range 5 {
		for range 60 {
			a.Submit(t, act.DeskSign, keyAddAfter(t, a))
		}
		entries, _ := h.Service.Sizes()
		await(t, "checkpoint", func() bool { _, size := h.Service.Sizes(); return size >= entries })
		raw, err := h.Public.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		now := opened(t, h.Hub.LogKey, raw)
		for _, old := range seen {
			proof, _, err := h.Public.Consistency(t.Context(), old.Size, now.Size)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckConsistency(proof, old.Size, old.Root, now.Size, now.Root); err != nil {
				t.Error(err)
			}
		}
		seen = append(seen, now)
	}
	last := seen[len(seen)-1]
	reader := tlog.TileHashes(last, func(tiles []tlog.Tile) ([][]byte, error) {
		var data [][]byte
		for _, tile := range tiles {
			raw, err := h.Public.Tile(t.Context(), tile.Path())
			if err != nil {
				return nil, err
			}
			data = append(data, raw)
		}
		return data, nil
	})
	leaf := leafOf(t, h, 100)
	proof, err := tlog.InclusionProof(last.Size, 100, reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := tlog.CheckInclusion(proof, last.Size, last.Root, 100, leaf); err != nil {
		t.Error(err)
	}
	served, size, err := h.Public.Inclusion(t.Context(), 100, 0)
	if err != nil || size < last.Size {
		t.Fatalf("Inclusion in %d: %v", size, err)
	}
	if size == last.Size {
		if err := tlog.CheckInclusion(served, last.Size, last.Root, 100, leaf); err != nil {
			t.Error(err)
		}
	}
	bundle, err := h.Public.Tile(t.Context(), tlog.TilePath(tlog.EntriesLevel, 0, tlog.TileWidth))
	if err != nil {
		t.Fatal(err)
	}
	leaves, err := tlog.ParseEntryBundle(bundle)
	if err != nil || leaves[100] != leaf {
		t.Errorf("the bundle has another leaf 100: %v", err)
	}
}

func keyAddAfter(t *testing.T, a *hubtest.Agency) *act.KeyAdd {
	t.Helper()
	return &act.KeyAdd{Common: a.Common(), Purpose: act.Sealing, Recipient: hubtest.NewRecipient(t), Prev: a.Last}
}

func leafOf(t *testing.T, h *hubtest.Hub, index uint64) (leaf [32]byte) {
	t.Helper()
	err := h.Store.View(t.Context(), func(r store.Reader) error {
		entry, err := r.Entry(index)
		leaf = tlog.Commit(entry.Salt, entry.Bytes)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

// spoil changes the database of a stopped hub behind its back.
func spoil(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "concordat.db")+"?_pragma=foreign_keys(0)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func reopen(t *testing.T, h *hubtest.Hub) error {
	t.Helper()
	database, err := sqlite.Open(t.Context(), h.Dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = database.Close() }()
	blobs, err := files.Open(filepath.Join(h.Dir, "blobs"), files.Options{})
	if err != nil {
		t.Fatal(err)
	}
	client := h.Vault.Client(h.Vault.Token)
	_, err = hub.Open(t.Context(), hub.Config{
		ID: hubtest.HubID, Store: database, Blobs: blobs, Vault: hub.NewKeys(client, "concordat-hub"), Clock: hub.SystemClock(),
		Log: slog.New(slog.DiscardHandler),
	})
	return err
}

// A hub does not go on from a ledger that is not the one it signed for.
func TestAHubRefusesToStartOnAChangedLedger(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statements []string
		want       error
	}{
		"rolled back behind its last checkpoint": {[]string{
			"DELETE FROM feed WHERE idx = (SELECT max(idx) FROM entries)", "DELETE FROM entries WHERE idx = (SELECT max(idx) FROM entries)",
		}, hub.ErrTree},
		"a stored hash changed": {[]string{"UPDATE hashes SET hash = randomblob(32) WHERE idx = 2"}, hub.ErrTree},
		"a salt changed":        {[]string{"UPDATE entries SET salt = randomblob(32) WHERE idx = 1"}, hub.ErrTree},
		"two entries exchanged": {[]string{
			"UPDATE entries SET idx = 1000 WHERE idx = 1", "UPDATE entries SET idx = 1 WHERE idx = 2", "UPDATE entries SET idx = 2 WHERE idx = 1000",
		}, nil},
		"an entry is missing":            {[]string{"DELETE FROM entries WHERE idx = 1"}, nil},
		"a signed byte changed":          {[]string{"UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"index\":1,', '\"index\":7,') AS BLOB) WHERE idx = 1"}, nil},
		"another checkpoint was put in":  {[]string{"UPDATE checkpoints SET note = CAST('x' AS BLOB) WHERE size = (SELECT max(size) FROM checkpoints)"}, hub.ErrTree},
		"the keys at its base exchanged": {[]string{`UPDATE meta SET value = CAST(replace(CAST(value AS TEXT), '"hub":"hub.test', '"hub":"else.test') AS BLOB)`}, hub.ErrOtherHub},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hubtest.Start(t, hubtest.Options{})
			h.Enrol(t, "agencya")
			h.Stop()
			if err := reopen(t, h); err != nil {
				t.Fatalf("unspoilt: %v", err)
			}
			spoil(t, h.Dir, c.statements...)
			err := reopen(t, h)
			if err == nil || (c.want != nil && !errors.Is(err, c.want)) {
				t.Errorf("opened with %v, want %v", err, c.want)
			}
		})
	}
}

// While it runs, too: hashes and entries must agree before anything is signed.
func TestNoCheckpointIsSignedOverSpoiltHashes(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a := h.Enrol(t, "agencya")
	await(t, "checkpoint", func() bool { entries, size := h.Service.Sizes(); return size == entries })
	_, before := h.Service.Sizes()
	spoil(t, h.Dir, "UPDATE hashes SET hash = randomblob(32)")
	a.Submit(t, act.DeskSign, keyAddAfter(t, a))
	if err := h.Service.Checkpoint(t.Context()); !errors.Is(err, hub.ErrTree) {
		t.Errorf("Checkpoint = %v", err)
	}
	if _, after := h.Service.Sizes(); after != before {
		t.Errorf("checkpoint of %d after %d", after, before)
	}
}

// A later hub wrote an act of a kind that this one does not know. It may have
// suspended anything: nothing is decided, the log goes on being served.
func TestAnEntryOfALaterVersionStopsDecisions(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b)
	open := w.b.OpenAct(t, released.Act)
	await(t, "checkpoint", func() bool { entries, size := w.Service.Sizes(); return size == entries })
	w.Stop()
	entries, _ := w.Service.Sizes()
	raw := w.a.SignAct(t, act.DeskSign, keyAddAfter(t, w.a))
	later := header(raw, `{"alg":"EdDSA","kid":"`+w.a.KeyID(act.DeskSign).String()+`","typ":"concordat.item.shred.v1+jws"}`)
	appendRaw(t, w.Dir, entries, `{"act":"`+later+`","index":`+itoa(entries)+`,"time":"`+time.Now().UTC().Format("2006-01-02T15:04:05.000Z")+`"}`)

	again := w.Restart(t, hubtest.Options{})
	w.a.Move(t, again.World)
	w.b.Move(t, again.World)
	_, err := w.b.Client.Open(t.Context(), open)
	if code := codeOf(err); code != "open_denied" && code != "upgrade_needed" {
		t.Errorf("open: %v", err)
	}
	_, err = w.a.Client.Submit(t.Context(), raw)
	wantCode(t, err, "upgrade_needed", 503)
	await(t, "checkpoint over the later entry", func() bool { _, size := again.Service.Sizes(); return size == entries+1 })
}

func TestTheStateFolderServesOneProcessAtATime(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	if _, err := sqlite.Open(t.Context(), h.Dir, sqlite.Options{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("second Open = %v", err)
	}
}

// Whoever steals database, blobs and write-ahead log reads nothing of an item.
func TestTheHubsFilesHoldNothingThatWasSealed(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	const content = "canary-5f1c recruiters promise work on fishing vessels"
	released := w.a.Release(t, w.ref, content, w.b)
	if got := w.b.Read(t, released.Act); got != content {
		t.Fatal(got)
	}
	w.Stop()
	searched := 0
	err := filepath.WalkDir(w.Dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		searched++
		for _, needle := range []string{"canary-5f1c", "fishing vessels", "AGE-SECRET-KEY", "mlkem768x25519"} {
			if strings.Contains(string(raw), needle) {
				t.Errorf("%s holds %q", filepath.Base(path), needle)
			}
		}
		return err
	})
	if err != nil || searched < 3 {
		t.Fatalf("%d files: %v", searched, err)
	}
}
