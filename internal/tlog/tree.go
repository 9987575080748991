package tlog

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

const leafLabel = "concordat-leaf/v1"

// Commit returns the leaf of an entry:
// SHA-256("concordat-leaf/v1" || salt || SHA-256(entry)).
// The salt is 32 random bytes, drawn anew for each entry and kept with it.
func Commit(salt [32]byte, entry []byte) [32]byte {
	inner := sha256.Sum256(entry)
	h := sha256.New()
	h.Write([]byte(leafLabel))
	h.Write(salt[:])
	h.Write(inner[:])
	return [32]byte(h.Sum(nil))
}

// LeafHash returns the RFC 6962 hash of a leaf: SHA-256(0x00 || leaf).
func LeafHash(leaf [32]byte) Hash { return tlog.RecordHash(leaf[:]) }

// StoredHashCount returns how many hashes a store holds for a tree of size
// leaves; it is also the index of the first hash that AppendHashes returns.
func StoredHashCount(size int64) int64 { return tlog.StoredHashCount(size) }

// AppendHashes returns the hashes to store when leaf becomes leaf number size,
// at the indexes that begin with StoredHashCount(size). To append several leaves
// in one transaction use an Appender.
func AppendHashes(size int64, leaf [32]byte, r HashStore) ([]Hash, error) {
	if size < 0 {
		return nil, fmt.Errorf("append at negative size %d", size)
	}
	return tlog.StoredHashes(size, leaf[:], r)
}

// Root returns the root of the tree of the first size leaves. The root of the
// empty tree is SHA-256 of nothing.
func Root(size int64, r HashStore) (Hash, error) {
	if size < 0 {
		return Hash{}, fmt.Errorf("root of negative size %d", size)
	}
	return tlog.TreeHash(size, r)
}

// InclusionProof proves that leaf number index is in the tree of size leaves
// (RFC 6962, section 2.1.1: from the leaf's sibling up).
func InclusionProof(size, index int64, r HashStore) ([]Hash, error) {
	return tlog.ProveRecord(size, index, r)
}

// CheckInclusion verifies an InclusionProof. The error wraps ErrProof.
func CheckInclusion(proof []Hash, size int64, root Hash, index int64, leaf [32]byte) error {
	if err := tlog.CheckRecord(proof, size, root, index, LeafHash(leaf)); err != nil {
		return fmt.Errorf("inclusion of leaf %d in %d: %w", index, size, ErrProof)
	}
	return nil
}

// ConsistencyProof proves that the tree of oldSize leaves is a prefix of the tree
// of newSize (RFC 6962, section 2.1.2). It is empty when oldSize is 0 or newSize.
func ConsistencyProof(oldSize, newSize int64, r HashStore) ([]Hash, error) {
	if oldSize < 0 || oldSize > newSize {
		return nil, fmt.Errorf("no consistency proof from %d to %d", oldSize, newSize)
	}
	if oldSize == 0 {
		return nil, nil
	}
	return tlog.ProveTree(newSize, oldSize, r)
}

// CheckConsistency verifies that the new tree extends the old one. From the empty
// tree only an empty proof is accepted, as C2SP tlog-witness asks, and the root
// of either empty tree must be the empty one. The error wraps ErrProof.
func CheckConsistency(proof []Hash, oldSize int64, oldRoot Hash, newSize int64, newRoot Hash) error {
	refused := fmt.Errorf("consistency from %d to %d: %w", oldSize, newSize, ErrProof)
	if oldSize < 0 || oldSize > newSize {
		return refused
	}
	if oldSize == 0 {
		if len(proof) != 0 || oldRoot != emptyRoot || (newSize == 0 && newRoot != emptyRoot) {
			return refused
		}
		return nil
	}
	if tlog.CheckTree(proof, newSize, newRoot, oldSize, oldRoot) != nil {
		return refused
	}
	return nil
}

var emptyRoot = Hash(sha256.Sum256(nil))

// Appender appends leaves one after another over a store that does not have the
// new hashes yet, so that a batch is written in one transaction. It is also a
// HashStore of the grown tree. Nothing is written: the caller stores Hashes, or
// forgets the Appender.
type Appender struct {
	store HashStore
	size  int64
	first int64
	added []Hash
}

// NewAppender begins at a tree of size leaves, whose hashes are in store.
func NewAppender(size int64, store HashStore) *Appender {
	return &Appender{store: store, size: size, first: StoredHashCount(size)}
}

// Append adds one leaf and returns its index. After an error the Appender is
// unchanged.
func (a *Appender) Append(leaf [32]byte) (index int64, err error) {
	hashes, err := AppendHashes(a.size, leaf, a)
	if err != nil {
		return 0, err
	}
	index = a.size
	a.added = append(a.added, hashes...)
	a.size++
	return index, nil
}

// Size returns the number of leaves so far.
func (a *Appender) Size() int64 { return a.size }

// Root returns the root of the tree so far.
func (a *Appender) Root() (Hash, error) { return Root(a.size, a) }

// Hashes returns the new hashes and the stored-hash index of the first of them.
func (a *Appender) Hashes() (first int64, hashes []Hash) { return a.first, a.added }

// ReadHashes implements HashStore.
func (a *Appender) ReadHashes(indexes []int64) ([]Hash, error) {
	hashes := make([]Hash, len(indexes))
	var old, at []int64
	for n, index := range indexes {
		switch i := index - a.first; {
		case i < 0:
			old, at = append(old, index), append(at, int64(n))
		case i < int64(len(a.added)):
			hashes[n] = a.added[i]
		default:
			return nil, fmt.Errorf("hash %d is beyond the tree of %d leaves", index, a.size)
		}
	}
	if len(old) == 0 {
		return hashes, nil
	}
	stored, err := a.store.ReadHashes(old)
	if err != nil {
		return nil, err
	}
	if len(stored) != len(old) {
		return nil, errors.New("hash store returned another number of hashes than asked for")
	}
	for n, h := range stored {
		hashes[at[n]] = h
	}
	return hashes, nil
}
