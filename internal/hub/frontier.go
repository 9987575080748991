package hub

import (
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"
)

// frontier is a tree kept as the hashes of its complete subtrees, largest first.
// It is computed from the entries themselves and so is independent of the stored
// hashes: the two must agree before a checkpoint is signed.
type frontier struct {
	size  uint64
	roots []tlog.Hash
}

func (f *frontier) add(leaf [32]byte) {
	hash := tlog.RecordHash(leaf[:])
	for n := f.size; n&1 == 1; n >>= 1 {
		last := len(f.roots) - 1
		hash = tlog.NodeHash(f.roots[last], hash)
		f.roots = f.roots[:last]
	}
	f.roots = append(f.roots, hash)
	f.size++
}

// root is the RFC 6962 root: SHA-256 of nothing for the empty tree.
func (f *frontier) root() tlog.Hash {
	if len(f.roots) == 0 {
		return sha256.Sum256(nil)
	}
	hash := f.roots[len(f.roots)-1]
	for n := len(f.roots) - 2; n >= 0; n-- {
		hash = tlog.NodeHash(f.roots[n], hash)
	}
	return hash
}
