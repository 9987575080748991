package files_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/store/files"
)

const owner = act.AgencyName("agencya")

func open(t *testing.T, dir string) *files.Blobs {
	t.Helper()
	b, err := files.Open(dir, files.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func whole(t *testing.T, b *files.Blobs, digest string) string {
	t.Helper()
	r, err := b.Open(digest)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// However a body is cut into pieces, and wherever a piece breaks off, the body
// is there whole at the end and not before.
func TestAnyCutUploadBecomesTheWholeBody(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		b := open(t, t.TempDir())
		body := rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(r, "body")
		digest := canonical.Digest(body)
		for offset := 0; offset < len(body); {
			take := rapid.IntRange(0, len(body)-offset).Draw(r, "take")
			breaks := rapid.Bool().Draw(r, "breaks")
			var piece io.Reader = bytes.NewReader(body[offset : offset+take])
			if breaks {
				piece = io.MultiReader(piece, iotest.ErrReader(errors.New("cut")))
			}
			stored, err := b.Append(context.Background(), owner, digest, int64(offset), int64(len(body)), piece)
			if offset+take < len(body) && breaks != (err != nil) {
				r.Fatalf("Append = %v", err)
			}
			if stored != int64(offset+take) {
				r.Fatalf("%d are stored, want %d", stored, offset+take)
			}
			offset += take
			if there, _ := b.Has(digest); there != (offset == len(body)) && !breaks {
				r.Fatalf("at %d of %d there is %v", offset, len(body), there)
			}
			if offset == len(body) && breaks { // all bytes came, and the end of the request did not
				if _, err := b.Append(context.Background(), owner, digest, int64(offset), int64(len(body)), strings.NewReader("")); err != nil {
					if there, _ := b.Has(digest); !there {
						r.Fatal(err)
					}
				}
			}
		}
		if got := whole(t, b, digest); got != string(body) {
			r.Fatalf("%d bytes, want %d", len(got), len(body))
		}
	})
}

func TestUploadsAreHeldToOffsetDigestAndOwner(t *testing.T) {
	b := open(t, t.TempDir())
	digest := canonical.Digest([]byte("sealed"))
	add := func(owner act.AgencyName, offset, length int64, text string) error {
		_, err := b.Append(t.Context(), owner, digest, offset, length, strings.NewReader(text))
		return err
	}
	if err := add(owner, 0, 6, "sea"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ offset, length int64 }{"from the beginning": {0, 6}, "with a gap": {4, 6}, "beyond the end": {3, 2}} {
		if err := add(owner, c.offset, c.length, "led"); !errors.Is(err, store.ErrOffset) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if offset, err := b.Offset("agencyb", digest); err != nil || offset != 0 {
		t.Errorf("another owner sees %d, %v", offset, err)
	}
	if err := add(owner, 3, 6, "LED"); !errors.Is(err, store.ErrDigest) {
		t.Errorf("other bytes: %v", err)
	}
	if offset, err := b.Offset(owner, digest); err != nil || offset != 0 {
		t.Errorf("after other bytes: %d, %v", offset, err)
	}
	if _, err := b.Open(digest); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Open = %v", err)
	}
	if err := add(owner, 0, 6, "sealed and more"); err != nil {
		t.Errorf("more than was said: %v", err)
	}
	if got := whole(t, b, digest); got != "sealed" {
		t.Errorf("%q", got)
	}
}

func TestNamesThatAreNoDigestReachNoFile(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	for _, name := range []string{"", "sha256:", "sha256:../../etc/passwd", "sha256:" + strings.Repeat("Z", 64), strings.Repeat("0", 64), "sha256:" + strings.Repeat("0", 64) + "/"} {
		if _, err := b.Append(t.Context(), owner, name, 0, 1, strings.NewReader("x")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
		if _, err := b.Open(name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := b.Append(t.Context(), "../x", canonical.Digest(nil), 0, 1, strings.NewReader("x")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("owner: %v", err)
	}
}

func TestTwoWritersOfOneUploadDoNotMix(t *testing.T) {
	b := open(t, t.TempDir())
	digest := canonical.Digest([]byte("sealed"))
	slow, feed := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := b.Append(context.Background(), owner, digest, 0, 6, slow)
		done <- err
	}()
	if _, err := feed.Write([]byte("sea")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Append(t.Context(), owner, digest, 0, 6, strings.NewReader("sealed")); !errors.Is(err, store.ErrBusy) {
		t.Errorf("the second writer: %v", err)
	}
	if _, err := feed.Write([]byte("led")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(feed.Close(), <-done); err != nil {
		t.Fatal(err)
	}
	if got := whole(t, b, digest); got != "sealed" {
		t.Errorf("%q", got)
	}
}

func TestAbandonedUploadsAreSweptAndFreshOnesStay(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	digest := canonical.Digest([]byte("sealed"))
	if _, err := b.Append(t.Context(), owner, digest, 0, 6, strings.NewReader("sea")); err != nil {
		t.Fatal(err)
	}
	if err := b.Sweep(time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if offset, _ := b.Offset(owner, digest); offset != 3 {
		t.Errorf("a fresh upload has %d bytes", offset)
	}
	if err := b.Sweep(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if offset, _ := b.Offset(owner, digest); offset != 0 {
		t.Errorf("an old upload has %d bytes", offset)
	}
}

func TestAChangedFileIsNotHandedOut(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	digest := canonical.Digest([]byte("sealed"))
	if _, err := b.Append(t.Context(), owner, digest, 0, 6, strings.NewReader("sealed")); err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(digest, "sha256:")
	if err := os.WriteFile(filepath.Join(dir, "bodies", name[:2], name), []byte("Sealed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Open(digest); !errors.Is(err, store.ErrDigest) {
		t.Errorf("Open = %v", err)
	}
}
