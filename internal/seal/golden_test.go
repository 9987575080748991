package seal

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// Files under test/golden never change once they are in a release: every later
// build must read what an earlier one wrote. -update writes only what is absent.
var update = flag.Bool("update", false, "write golden files that do not exist yet")

func golden(t *testing.T, name string, make func() []byte) []byte {
	t.Helper()
	path := filepath.Join("..", "..", "test", "golden", "seal", name)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && *update {
		b = make()
		err = os.WriteFile(path, b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const goldenContent = `{"title":"A fictional method of recruitment"}`

// A sealed part, its descriptor and its locked header, written once. The
// identity belongs to nobody and exists for this test.
func TestPartsSealedByEarlierVersionsStillOpen(t *testing.T) {
	var written Sealed
	secret := golden(t, "v1-identity.txt", func() []byte { return []byte(newIdentity(t).Secret()) })
	identity, err := ParseIdentity(string(secret))
	if err != nil {
		t.Fatal(err)
	}
	file := golden(t, "v1-body.age", func() []byte {
		framed, _, _, err := Frame([]byte(goldenContent))
		if err != nil {
			t.Fatal(err)
		}
		written = mustSeal(t, framed, newIdentity(t), identity)
		return Join(written.Header, written.Body)
	})
	header, body, err := Split(file)
	if err != nil {
		t.Fatal(err)
	}
	descriptor := golden(t, "v1-descriptor.json", func() []byte {
		framed, err := Open(identity, header, body, canonical.Digest(file))
		if err != nil {
			t.Fatal(err)
		}
		content, salt, err := Unframe(framed)
		if err != nil {
			t.Fatal(err)
		}
		s := SaltedDescriptor{Descriptor: describe(t, written, identity, Commitment(salt, content)), Salt: Salt{1, 2, 3}}
		b, err := canonical.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
	var s SaltedDescriptor
	if err := canonical.Unmarshal(descriptor, &s); err != nil {
		t.Fatal(err)
	}
	again, err := canonical.Marshal(s)
	if err != nil || !bytes.Equal(again, descriptor) {
		t.Fatalf("the descriptor is written differently now: %v\n%s", err, again)
	}
	hash := golden(t, "v1-descriptor.hash", func() []byte { return []byte(s.Hash()) })
	if s.Hash() != string(hash) {
		t.Errorf("descriptor hash = %s, was %s", s.Hash(), hash)
	}
	content, _, err := NewKeyring(identity).OpenPart(s.Descriptor, header, body, 2)
	if err != nil || string(content) != goldenContent {
		t.Fatalf("OpenPart = %q, %v", content, err)
	}
	checkGoldenLock(t, header)
}

func checkGoldenLock(t *testing.T, header []byte) {
	t.Helper()
	l := locker{root: []byte("golden root")}
	stored := golden(t, "v1-locked-header.json", func() []byte {
		locked, err := LockHeader(context.Background(), l, "agr-golden", lockContext, header)
		if err != nil {
			t.Fatal(err)
		}
		b, err := canonical.Marshal(locked)
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
	var locked LockedHeader
	if err := canonical.Unmarshal(stored, &locked); err != nil {
		t.Fatal(err)
	}
	got, err := UnlockHeader(context.Background(), l, "agr-golden", lockContext, locked)
	if err != nil || !bytes.Equal(got, header) {
		t.Fatalf("UnlockHeader: %v", err)
	}
}
