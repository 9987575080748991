package tlog

import (
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// memory is a HashStore of a whole tree.
type memory struct {
	hashes []Hash
	leaves [][32]byte
}

func (m *memory) ReadHashes(indexes []int64) ([]Hash, error) {
	out := make([]Hash, len(indexes))
	for n, i := range indexes {
		if i >= int64(len(m.hashes)) {
			return nil, errors.New("beyond the store")
		}
		out[n] = m.hashes[i]
	}
	return out, nil
}

func (m *memory) size() int64 { return int64(len(m.leaves)) }

func (m *memory) add(t interface{ Fatal(...any) }, leaf [32]byte) {
	hashes, err := AppendHashes(m.size(), leaf, m)
	if err != nil {
		t.Fatal(err)
	}
	m.hashes = append(m.hashes, hashes...)
	m.leaves = append(m.leaves, leaf)
}

func leafNumber(n int) [32]byte { return sha256.Sum256([]byte{byte(n), byte(n >> 8)}) }

func newTree(t interface{ Fatal(...any) }, size int) *memory {
	m := &memory{}
	for n := range size {
		m.add(t, leafNumber(n))
	}
	return m
}

// modelRoot is the definition of RFC 6962, section 2.1, written out.
func modelRoot(leaves [][32]byte) Hash {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, leaves[0][:]...))
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	left, right := modelRoot(leaves[:k]), modelRoot(leaves[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

func TestRootsAndProofsFollowTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 300).Draw(t, "size")
		m := newTree(t, size)
		old := rapid.Int64Range(0, int64(size)).Draw(t, "old")
		index := rapid.Int64Range(0, int64(size)-1).Draw(t, "index")

		root, err := Root(int64(size), m)
		if err != nil || root != modelRoot(m.leaves) {
			t.Fatalf("root of %d leaves differs from the definition: %v", size, err)
		}
		proof, err := InclusionProof(int64(size), index, m)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckInclusion(proof, int64(size), root, index, m.leaves[index]); err != nil {
			t.Fatal(err)
		}
		oldRoot := modelRoot(m.leaves[:old])
		consistency, err := ConsistencyProof(old, int64(size), m)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckConsistency(consistency, old, oldRoot, int64(size), root); err != nil {
			t.Fatal(err)
		}
		refuseDamaged(t, m, proof, consistency, index, old, root, oldRoot)
	})
}

func refuseDamaged(t *rapid.T, m *memory, proof, consistency []Hash, index, old int64, root, oldRoot Hash) {
	size := m.size()
	wrongLeaf := m.leaves[index]
	wrongLeaf[0] ^= 1
	bad := map[string]error{
		"another leaf":       CheckInclusion(proof, size, root, index, wrongLeaf),
		"a hash too many":    CheckInclusion(append(proof[:len(proof):len(proof)], root), size, root, index, m.leaves[index]),
		"index out of range": CheckInclusion(proof, size, root, size, m.leaves[index]),
		"too many to extend": CheckConsistency(append(consistency[:len(consistency):len(consistency)], root), old, oldRoot, size, root),
		"shrunk":             CheckConsistency(consistency, size+1, root, size, root),
	}
	if len(proof) > 0 {
		n := rapid.IntRange(0, len(proof)-1).Draw(t, "damaged")
		damaged := append([]Hash{}, proof...)
		damaged[n][rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1
		bad["a byte of the proof"] = CheckInclusion(damaged, size, root, index, m.leaves[index])
	}
	forked := oldRoot
	forked[31] ^= 1
	bad["a forked past"] = CheckConsistency(consistency, old, forked, size, root)
	for name, err := range bad {
		if !errors.Is(err, ErrProof) {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

func TestAppenderGrowsTheSameTreeAsOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.IntRange(0, 70).Draw(t, "before")
		batch := rapid.IntRange(0, 70).Draw(t, "batch")
		want := newTree(t, before+batch)
		store := newTree(t, before)
		a := NewAppender(int64(before), store)
		for n := range batch {
			index, err := a.Append(leafNumber(before + n))
			if err != nil || index != int64(before+n) {
				t.Fatalf("Append = %d, %v", index, err)
			}
		}
		first, hashes := a.Hashes()
		if first != int64(len(store.hashes)) {
			t.Fatalf("first = %d, want %d", first, len(store.hashes))
		}
		if d := cmp.Diff(want.hashes, append(store.hashes, hashes...)); d != "" {
			t.Fatal(d)
		}
		root, err := a.Root()
		if err != nil || root != modelRoot(want.leaves) || a.Size() != want.size() {
			t.Fatalf("root differs: %v", err)
		}
	})
}

func TestLeafSaysNothingWithoutItsSalt(t *testing.T) {
	entry := []byte(`{"index":0}`)
	one, two := Commit([32]byte{1}, entry), Commit([32]byte{2}, entry)
	if one == two || one == sha256.Sum256(entry) {
		t.Fatal("the leaf does not depend on the salt")
	}
	if Commit([32]byte{1}, []byte(`{"index":1}`)) == one {
		t.Fatal("the leaf does not depend on the entry")
	}
}
