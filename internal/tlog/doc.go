// Package tlog is the ledger's transparency log in the formats of C2SP:
// tlog-tiles, tlog-checkpoint, signed-note, tlog-cosignature (Ed25519,
// cosignature/v1) and tlog-proof, over the RFC 6962 hashing of
// golang.org/x/mod/sumdb/tlog.
//
// A leaf of the tree is 32 bytes, Commit(salt, entry): the public tree tells
// outsiders how much happens and nothing else, and an erased opening leaves every
// proof valid. Who is entitled to an entry gets entry and salt in a Receipt, and
// checks it offline against the log's public key.
//
// What the package promises:
//
//   - Every parser is strict: what it accepts, the writer of the same format
//     writes back byte for byte. A proof has one spelling.
//   - Every signer checks the signature that it got, because the key may be in
//     another machine, and the checkpoint would be believed for ever.
//   - It decides nothing about time, network or storage: hashes come from a
//     HashStore, times are arguments, signatures from a crypto.Signer.
//
// Whoever signs a checkpoint has to make sure that it extends every one signed
// before; who cosigns has to check consistency first (CheckConsistency). Those
// promises need memory and belong to the hub and to the witness.
//
// Hub, desk, witness and the command line may import it.
package tlog

import (
	"errors"

	"golang.org/x/mod/sumdb/tlog"
)

// Errors that callers branch on.
var (
	// ErrMalformed: not in the one accepted spelling of the format.
	ErrMalformed = errors.New("malformed")
	// ErrSignature: no valid signature of a key that was asked for, or an
	// invalid one of a key that is known.
	ErrSignature = errors.New("signature")
	// ErrProof: the hashes do not lead to the root.
	ErrProof = errors.New("proof does not lead to the root")
	// ErrMismatch: a receipt's descriptor or content is not what the entry commits to.
	ErrMismatch = errors.New("not what the entry commits to")
	// ErrNoTile: a tree of that size has no such tile or bundle.
	ErrNoTile = errors.New("no such tile")
)

// Hash is a node of the tree: SHA-256 as in RFC 6962, section 2.1.
type Hash = tlog.Hash

// HashSize is 32 bytes.
const HashSize = tlog.HashSize

// HashStore reads stored hashes by their index (StoredHashIndex of x/mod): it
// MUST return as many hashes as indexes or an error, from one consistent view.
type HashStore = tlog.HashReader

// HashStoreFunc lets a function be a HashStore.
type HashStoreFunc = tlog.HashReaderFunc
