// Package files keeps sealed bodies as files named by their digest.
//
// A body becomes visible by a rename after its bytes and their digest were
// checked and written to the disk, so that a crash leaves a whole file, or an
// unfinished upload that goes on or is swept, and nothing between.
package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/store"
)

// Options change what Open does.
type Options struct {
	// Reserve is how many bytes of the disk uploads leave free, so that bodies
	// never keep the ledger from being written.
	Reserve int64
}

// Blobs is a store.Blobs in one folder.
type Blobs struct {
	dir     string
	reserve int64

	mu   sync.Mutex
	busy map[string]bool
}

var _ store.Blobs = (*Blobs)(nil)

// Open makes the folders that are missing.
func Open(dir string, options Options) (*Blobs, error) {
	b := &Blobs{dir: dir, reserve: options.Reserve, busy: map[string]bool{}}
	for _, sub := range []string{"bodies", "uploads"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("open bodies: %w", err)
		}
	}
	return b, nil
}

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// paths come from a slug and a digest, both of which have no character that
// means something in a path.
func (b *Blobs) body(digest string) (string, error) {
	if !digestForm.MatchString(digest) {
		return "", store.ErrNotFound
	}
	name := strings.TrimPrefix(digest, "sha256:")
	return filepath.Join(b.dir, "bodies", name[:2], name), nil
}

func (b *Blobs) upload(owner act.AgencyName, digest string) (string, error) {
	if !digestForm.MatchString(digest) || act.CheckAgencyName(owner) != nil {
		return "", store.ErrNotFound
	}
	return filepath.Join(b.dir, "uploads", string(owner), strings.TrimPrefix(digest, "sha256:")), nil
}

// Offset implements store.Blobs.
func (b *Blobs) Offset(owner act.AgencyName, digest string) (int64, error) {
	path, err := b.upload(owner, digest)
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Append implements store.Blobs.
func (b *Blobs) Append(ctx context.Context, owner act.AgencyName, digest string, offset, length int64, r io.Reader) (int64, error) {
	path, err := b.upload(owner, digest)
	if err != nil {
		return 0, err
	}
	if !b.take(path) {
		return 0, store.ErrBusy
	}
	defer b.give(path)
	if err := b.room(length - offset); err != nil {
		return 0, err
	}
	stored, err := b.extend(ctx, path, offset, length, r)
	if err != nil || stored < length {
		return stored, full(err)
	}
	return stored, full(b.finish(path, digest))
}

func (b *Blobs) take(path string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy[path] {
		return false
	}
	b.busy[path] = true
	return true
}

func (b *Blobs) give(path string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.busy, path)
}

func (b *Blobs) room(more int64) error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(b.dir, &disk); err != nil {
		return fmt.Errorf("free space: %w", err)
	}
	if int64(disk.Bavail)*int64(disk.Bsize)-more < b.reserve { //nolint:unconvert // other systems have other types
		return fmt.Errorf("%w: the reserve for the ledger would be used", store.ErrFull)
	}
	return nil
}

func (b *Blobs) extend(ctx context.Context, path string, offset, length int64, r io.Reader) (int64, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if info.Size() != offset || offset > length {
		return info.Size(), store.ErrOffset
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return offset, err
	}
	n, err := io.Copy(f, io.LimitReader(&reader{ctx, r}, length-offset))
	failpoint.Hit("upload.after_write")
	if err != nil {
		return offset + n, err
	}
	return offset + n, f.Sync()
}

// reader stops when the caller has given up.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// finish makes a whole upload the body, or forgets it when it is another one.
func (b *Blobs) finish(path, digest string) error {
	target, err := b.body(digest)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := verify(f, digest); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	failpoint.Hit("upload.before_rename")
	if err := os.Rename(path, target); err != nil {
		return err
	}
	failpoint.Hit("upload.after_rename")
	// The name must be as durable as the bytes: the folder, and the one above it,
	// in which the folder may be new.
	return errors.Join(syncDir(filepath.Dir(target)), syncDir(filepath.Join(b.dir, "bodies")))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func verify(f *os.File, digest string) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if "sha256:"+hex.EncodeToString(h.Sum(nil)) != digest {
		return store.ErrDigest
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// Has implements store.Blobs.
func (b *Blobs) Has(digest string) (bool, error) {
	path, err := b.body(digest)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	_, err = os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Open implements store.Blobs.
func (b *Blobs) Open(digest string) (io.ReadSeekCloser, error) {
	path, err := b.body(digest)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, store.ErrNotFound
	} else if err != nil {
		return nil, err
	}
	if err := verify(f, digest); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Remove implements store.Blobs.
func (b *Blobs) Remove(digest string) error {
	path, err := b.body(digest)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// A loss of power must not bring back what somebody was told is gone, also if it
	// was gone already: whoever removed it may have been killed before this.
	if err := syncDir(filepath.Dir(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Sweep implements store.Blobs.
func (b *Blobs) Sweep(before time.Time) error {
	return filepath.WalkDir(filepath.Join(b.dir, "uploads"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil || !info.ModTime().Before(before) || !b.take(path) {
			return nil // gone or in use
		}
		defer b.give(path)
		return os.Remove(path)
	})
}

func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	return err
}
