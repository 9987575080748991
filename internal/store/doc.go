// Package store is what the hub needs to keep, written for the hub: the contract
// of a repository of entries and everything that must change in the same
// transaction as an entry, and of a place for sealed bodies.
//
// What an implementation promises:
//
//   - Update is atomic and durable: after it returned nil, a crash or a loss of
//     power loses nothing of it; after it returned an error, nothing of it shows,
//     except ErrUnknown, after which it shows whole or not at all.
//   - Entries are numbered 0, 1, 2 … without gaps, never changed and never deleted.
//   - A reader sees one committed moment, never half of a transaction.
//   - There is one writer. A second process on the same data is refused.
//
// The store decides nothing and reads no act: who may see what is handed to it as
// rows. sqlite is the embedded implementation; storetest is the suite that every
// implementation passes. Only the hub and tests import it.
package store

import "errors"

// Errors that callers branch on.
var (
	// ErrNotFound: there is no such row or blob.
	ErrNotFound = errors.New("not found")
	// ErrFull: the disk or the quota is full. Nothing was written.
	ErrFull = errors.New("storage is full")
	// ErrBusy: the database could not be locked in time. Nothing was written.
	ErrBusy = errors.New("storage is busy")
	// ErrUnknown: the commit was sent and its outcome is not known. The caller
	// reads before it writes again.
	ErrUnknown = errors.New("outcome of the commit is unknown")
	// ErrConflict: a row that may exist once exists already.
	ErrConflict = errors.New("exists already")
	// ErrNewer: the data were written by a later version of the program.
	ErrNewer = errors.New("the data are of a later version")
	// ErrLocked: another process has the data open.
	ErrLocked = errors.New("another process has the data open")
	// ErrOffset: an upload does not continue where the stored part ends.
	ErrOffset = errors.New("upload does not continue where it stopped")
	// ErrDigest: bytes are not those that their digest names.
	ErrDigest = errors.New("bytes do not have the digest that names them")
)
