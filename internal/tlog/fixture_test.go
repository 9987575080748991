package tlog

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

const (
	testOrigin  = "log.example/concordat"
	testWitness = "witness.example/w1"
)

var testTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Keys are made from fixed seeds so that golden files can be compared; nobody
// else's seed is ever a sentence.
func testKey(seed string) ed25519.PrivateKey {
	s := sha256.Sum256([]byte(seed))
	return ed25519.NewKeyFromSeed(s[:])
}

func publicOf(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

var (
	logKey     = testKey("concordat golden log key")
	witnessKey = testKey("concordat golden witness key")
)

func logSigner(t testing.TB) note.Signer {
	t.Helper()
	s, err := NewSigner(testOrigin, logKey)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func logVerifier(t testing.TB) note.Verifier {
	t.Helper()
	v, err := NewVerifier(VKey(testOrigin, publicOf(logKey)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newWitness(t testing.TB, name string, key ed25519.PrivateKey) *Witness {
	t.Helper()
	w, err := NewWitness(name, key)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func checkpointOf(t testing.TB, m *memory) Checkpoint {
	t.Helper()
	root, err := Root(m.size(), m)
	if err != nil {
		t.Fatal(err)
	}
	return Checkpoint{Origin: testOrigin, Size: m.size(), Root: root}
}

func sign(t testing.TB, c Checkpoint, more ...note.Signer) []byte {
	t.Helper()
	b, err := SignCheckpoint(c, append([]note.Signer{logSigner(t)}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Files under test/golden never change once they are in a release. -update
// writes only what is absent.
var update = flag.Bool("update", false, "write golden files that do not exist yet")

func golden(t testing.TB, name string, got []byte) []byte {
	t.Helper()
	path := filepath.Join("..", "..", "test", "golden", "tlog", name)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && *update && got != nil {
		b, err = got, os.WriteFile(path, got, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}
