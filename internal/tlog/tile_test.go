package tlog

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

func drawTile(t *rapid.T) Tile {
	return Tile{
		Level: rapid.IntRange(EntriesLevel, 63).Draw(t, "level"),
		Index: rapid.Int64Min(0).Draw(t, "index"),
		Width: rapid.IntRange(1, 256).Draw(t, "width"),
	}
}

func TestTilePathsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawTile(t)
		got, err := ParseTilePath(want.Path())
		if err != nil || got != want {
			t.Fatalf("%q read as %+v, %v", want.Path(), got, err)
		}
		if want.Level < 0 {
			return
		}
		// Apart from the height, C2SP's path is that of the Go checksum database.
		theirs := tlog.Tile{H: 8, L: want.Level, N: want.Index, W: want.Width}.Path()
		if strings.Replace(theirs, "tile/8/", "tile/", 1) != want.Path() {
			t.Fatalf("%q, x/mod writes %q", want.Path(), theirs)
		}
	})
}

func TestTilePathHasOneSpelling(t *testing.T) {
	for _, path := range []string{
		"", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/+0/000", "tile/-1/000",
		"tile/64/000", "tile/0/x000", "tile/0/x000/001", "tile/0/001/x000", "tile/0/x001/x000", "tile/0/1/000", "tile/0/xx01/000",
		"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p", "tile/0/000.p/1/", "tile/0/000.p/1.p/1",
		"/tile/0/000", "tile/0/000/", "tile//0/000", "tile/0/000?x", "tile/0/-01", "tile/0/+01", "tile/data/000", "tile/8/0/000",
		"tile/entries/0", "tile/entries/000.p/0", "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/0/x009/x223/x372/x036/x854/x775/808",
		"tile/0/../0/000", "tile/٠/000", "tile/0/" + strings.Repeat("x000/", 20) + "000",
	} {
		if tile, err := ParseTilePath(path); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q read as %+v, %v", path, tile, err)
		}
	}
}

func TestTilesHoldTheHashesOfTheirSpan(t *testing.T) {
	m := newTree(t, 700)
	for _, test := range []struct {
		tile Tile
		want []Hash
	}{
		{Tile{0, 0, 256}, leafHashes(m.leaves[:256])},
		{Tile{0, 2, 188}, leafHashes(m.leaves[512:])},
		{Tile{0, 2, 3}, leafHashes(m.leaves[512:515])},
		{Tile{1, 0, 2}, []Hash{modelRoot(m.leaves[:256]), modelRoot(m.leaves[256:512])}},
	} {
		b, err := HashTile(m.size(), test.tile, m)
		if err != nil {
			t.Fatal(err)
		}
		var want []byte
		for _, h := range test.want {
			want = append(want, h[:]...)
		}
		if !bytes.Equal(b, want) {
			t.Errorf("%s differs from the definition", test.tile.Path())
		}
	}
	for _, tile := range []Tile{{0, 2, 189}, {0, 2, 256}, {0, 3, 1}, {1, 0, 3}, {2, 0, 1}, {63, 0, 1}, {0, 1 << 60, 1}, {0, -1, 1}, {0, 0, 0}, {EntriesLevel, 0, 1}} {
		if b, err := HashTile(m.size(), tile, m); !errors.Is(err, ErrNoTile) {
			t.Errorf("%+v: %d bytes, %v", tile, len(b), err)
		}
	}
}

func leafHashes(leaves [][32]byte) []Hash {
	hashes := make([]Hash, len(leaves))
	for n, l := range leaves {
		hashes[n] = LeafHash(l)
	}
	return hashes
}

// A monitor that has only a checkpoint and tiles proves the same as the log, and
// is not taken in by a tile with one changed byte.
func TestMonitorProvesFromTilesAlone(t *testing.T) {
	m := newTree(t, 700)
	cp := checkpointOf(t, m)
	spoil := -1
	fetch := func(tiles []Tile) ([][]byte, error) {
		var data [][]byte
		for _, tile := range tiles {
			again, err := ParseTilePath(tile.Path())
			if err != nil {
				return nil, err
			}
			b, err := HashTile(m.size(), again, m)
			if err != nil {
				return nil, err
			}
			if spoil >= 0 && tile.Level == 0 {
				b[spoil%len(b)] ^= 1
			}
			data = append(data, b)
		}
		return data, nil
	}
	proof, err := InclusionProof(cp.Size, 300, TileHashes(cp, fetch))
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckInclusion(proof, cp.Size, cp.Root, 300, m.leaves[300]); err != nil {
		t.Fatal(err)
	}
	spoil = 77
	if _, err := InclusionProof(cp.Size, 300, TileHashes(cp, fetch)); err == nil {
		t.Fatal("a changed tile was believed")
	}
	short := func(tiles []Tile) ([][]byte, error) { return make([][]byte, len(tiles)), nil }
	if _, err := InclusionProof(cp.Size, 300, TileHashes(cp, short)); !errors.Is(err, ErrMalformed) {
		t.Fatalf("empty tiles: %v", err)
	}
	none := func([]Tile) ([][]byte, error) { return nil, nil }
	if _, err := InclusionProof(cp.Size, 300, TileHashes(cp, none)); !errors.Is(err, ErrMalformed) {
		t.Fatalf("no tiles: %v", err)
	}
}

func TestEntryBundleRoundTrips(t *testing.T) {
	m := newTree(t, 256)
	for _, n := range []int{1, 2, 256} {
		b := EntryBundle(m.leaves[:n])
		leaves, err := ParseEntryBundle(b)
		if err != nil || len(leaves) != n || leaves[n-1] != m.leaves[n-1] {
			t.Fatalf("%d leaves: %v", n, err)
		}
		if b[0] != 0 || b[1] != 32 {
			t.Fatalf("length prefix %x", b[:2])
		}
	}
	if (Tile{EntriesLevel, 0, 256}).Check(300) != nil || (Tile{EntriesLevel, 1, 44}).Check(300) != nil {
		t.Error("a bundle of the tree is refused")
	}
	if err := (Tile{EntriesLevel, 1, 45}).Check(300); !errors.Is(err, ErrNoTile) {
		t.Errorf("a bundle beyond the tree: %v", err)
	}
	good := EntryBundle(m.leaves[:2])
	long := bytes.Clone(good)
	long[1] = 33
	for name, b := range map[string][]byte{
		"empty": nil, "cut": good[:len(good)-1], "another length": long, "257 leaves": EntryBundle(append(m.leaves, m.leaves[0])),
	} {
		if _, err := ParseEntryBundle(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseTilePath(f *testing.F) {
	for _, s := range []string{"tile/0/000", "tile/entries/x001/234.p/8", "tile/63/x036/x028/x797/x018/x963/967.p/255"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tile, err := ParseTilePath(path)
		if err != nil {
			return
		}
		if tile.Path() != path || tile.Width < 1 || tile.Width > TileWidth || tile.Index < 0 || tile.Level < EntriesLevel || tile.Level > 63 {
			t.Fatalf("%q read as %+v", path, tile)
		}
	})
}

func FuzzParseEntryBundle(f *testing.F) {
	f.Add(EntryBundle(newTree(f, 3).leaves))
	f.Fuzz(func(t *testing.T, b []byte) {
		if leaves, err := ParseEntryBundle(b); err == nil && !bytes.Equal(EntryBundle(leaves), b) {
			t.Fatal("written back otherwise")
		}
	})
}
