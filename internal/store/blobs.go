package store

import (
	"context"
	"io"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
)

// Blobs keeps sealed bodies by the digest of their bytes ("sha256:…").
type Blobs interface {
	// Offset is how many bytes of an unfinished upload are stored: 0 if none.
	Offset(owner act.AgencyName, digest string) (int64, error)
	// Append stores what r yields from offset on, up to length bytes in all, and
	// returns how many bytes are stored now. A reader that breaks off leaves what
	// came before for the next attempt. When all bytes are there and have the
	// digest, the body is complete and durable. Errors: ErrOffset, ErrDigest (the
	// upload is then forgotten), ErrFull, ErrBusy when the same upload is written
	// by another caller.
	Append(ctx context.Context, owner act.AgencyName, digest string, offset, length int64, r io.Reader) (stored int64, err error)
	// Has reports whether the complete body is there.
	Has(digest string) (bool, error)
	// Open returns the body, whose bytes were compared with the digest just now.
	// Errors: ErrNotFound, ErrDigest.
	Open(digest string) (io.ReadSeekCloser, error)
	// Remove forgets a complete body, durably. One that is not there is no error.
	Remove(digest string) error
	// Sweep forgets unfinished uploads that nobody touched since the moment.
	Sweep(before time.Time) error
}
