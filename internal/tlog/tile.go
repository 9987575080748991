package tlog

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// TileWidth is the number of hashes in a full tile, and of leaves in a full
	// entry bundle (C2SP tlog-tiles).
	TileWidth = 256
	// EntriesLevel stands for the level of an entry bundle, tile/entries/….
	EntriesLevel = -1

	tileHeight = 8
	maxLevel   = 63
	leafSize   = 32
)

// Tile names a tile of the Merkle tree or, at EntriesLevel, an entry bundle.
type Tile struct {
	Level int   // 0 to 63, or EntriesLevel
	Index int64 // within the level
	Width int   // 1 to 256; less than 256 is a partial tile
}

// Path returns TilePath of the tile.
func (t Tile) Path() string { return TilePath(t.Level, t.Index, t.Width) }

// TilePath returns tile/<L>/<N>[.p/<W>] or tile/entries/<N>[.p/<W>], without a
// leading slash (C2SP tlog-tiles, "Merkle Tree" and "Log entries"). N is written
// in groups of three digits, all but the last beginning with x. Tiles are 8 high,
// so unlike x/mod's path the height is not in it.
func TilePath(level int, index int64, width int) string {
	path := fmt.Sprintf("%03d", index%1000)
	for n := index / 1000; n > 0; n /= 1000 {
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	l := strconv.Itoa(level)
	if level == EntriesLevel {
		l = "entries"
	}
	if width < TileWidth {
		path += ".p/" + strconv.Itoa(width)
	}
	return "tile/" + l + "/" + path
}

// ParseTilePath is the inverse of TilePath and accepts nothing else. The error
// wraps ErrMalformed.
func ParseTilePath(path string) (Tile, error) {
	bad := fmt.Errorf("%w: not a C2SP tile path", ErrMalformed)
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok || len(path) > 64 {
		return Tile{}, bad
	}
	l, rest, ok := strings.Cut(rest, "/")
	if !ok {
		return Tile{}, bad
	}
	t := Tile{Level: EntriesLevel, Width: TileWidth}
	if l != "entries" {
		level, err := strconv.ParseUint(l, 10, 8)
		if err != nil || level > maxLevel {
			return Tile{}, bad
		}
		t.Level = int(level)
	}
	number, partial, isPartial := strings.Cut(rest, ".p/")
	if isPartial {
		width, err := strconv.ParseUint(partial, 10, 8)
		if err != nil || width == 0 {
			return Tile{}, bad
		}
		t.Width = int(width)
	}
	digits := strings.NewReplacer("/", "", "x", "").Replace(number)
	index, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || index < 0 {
		return Tile{}, bad
	}
	t.Index = index
	// Comparing with the written form is what makes the parser strict: leading
	// zeroes, signs, a missing x, or one too many do not survive it.
	if t.Path() != path {
		return Tile{}, bad
	}
	return t, nil
}

// TileWidthAt returns how wide the tile or bundle is in a tree of size leaves:
// 0 when there is none, TileWidth when it is full.
func TileWidthAt(size int64, level int, index int64) int {
	if level == EntriesLevel {
		level = 0
	}
	if size < 0 || index < 0 || level < 0 || level > maxLevel {
		return 0
	}
	hashes := int64(0)
	if shift := level * tileHeight; shift < 63 {
		hashes = size >> shift
	}
	if index > math.MaxInt64/TileWidth || index*TileWidth >= hashes {
		return 0
	}
	return int(min(hashes-index*TileWidth, TileWidth))
}

// Check refuses, with ErrNoTile, what a tree of size leaves does not have. A
// narrower partial tile than the present one is accepted: it belongs to an
// earlier checkpoint.
func (t Tile) Check(size int64) error {
	if t.Width < 1 || t.Width > TileWidthAt(size, t.Level, t.Index) {
		return fmt.Errorf("%w: %s in a tree of %d leaves", ErrNoTile, t.Path(), size)
	}
	return nil
}

// HashTile returns the bytes of a tile, 32 per hash. Errors: ErrNoTile, also for
// an entry bundle, and those of the store.
func HashTile(size int64, t Tile, r HashStore) ([]byte, error) {
	if t.Level == EntriesLevel {
		return nil, fmt.Errorf("%w: %s is an entry bundle", ErrNoTile, t.Path())
	}
	if err := t.Check(size); err != nil {
		return nil, err
	}
	return tlog.ReadTileData(tlog.Tile{H: tileHeight, L: t.Level, N: t.Index, W: t.Width}, r)
}

// EntryBundle returns the bytes of an entry bundle: each leaf with its length
// before it, a big-endian uint16 (C2SP tlog-tiles, "Log entries"). The bundle
// holds commitments; the entries themselves are not public.
func EntryBundle(leaves [][32]byte) []byte {
	b := make([]byte, 0, len(leaves)*(2+leafSize))
	for _, leaf := range leaves {
		b = binary.BigEndian.AppendUint16(b, leafSize)
		b = append(b, leaf[:]...)
	}
	return b
}

// ParseEntryBundle is the inverse of EntryBundle for 1 to TileWidth leaves. The
// error wraps ErrMalformed.
func ParseEntryBundle(b []byte) ([][32]byte, error) {
	const each = 2 + leafSize
	if len(b) == 0 || len(b)%each != 0 || len(b) > TileWidth*each {
		return nil, fmt.Errorf("%w: entry bundle of %d bytes", ErrMalformed, len(b))
	}
	leaves := make([][32]byte, 0, len(b)/each)
	for ; len(b) > 0; b = b[each:] {
		if n := binary.BigEndian.Uint16(b); n != leafSize {
			return nil, fmt.Errorf("%w: entry of %d bytes", ErrMalformed, n)
		}
		leaves = append(leaves, [32]byte(b[2:each]))
	}
	return leaves, nil
}

// TileHashes reads hashes of the checkpointed tree from tiles that fetch brings,
// and lets none through that is not proven to be in the tree of cp. fetch gets
// the tiles needed at once and returns their bytes in the same order. A monitor
// uses it as the HashStore for InclusionProof and ConsistencyProof.
func TileHashes(cp Checkpoint, fetch func([]Tile) ([][]byte, error)) HashStore {
	return tlog.TileHashReader(tlog.Tree{N: cp.Size, Hash: cp.Root}, tileFetcher(fetch))
}

type tileFetcher func([]Tile) ([][]byte, error)

func (tileFetcher) Height() int                     { return tileHeight }
func (tileFetcher) SaveTiles([]tlog.Tile, [][]byte) {}
func (f tileFetcher) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	wanted := make([]Tile, len(tiles))
	for n, t := range tiles {
		wanted[n] = Tile{Level: t.L, Index: t.N, Width: t.W}
	}
	data, err := f(wanted)
	if err != nil {
		return nil, err
	}
	if len(data) != len(wanted) {
		return nil, fmt.Errorf("%w: %d tiles for %d asked for", ErrMalformed, len(data), len(wanted))
	}
	for n, d := range data {
		if len(d) != wanted[n].Width*HashSize {
			return nil, fmt.Errorf("%w: %s has %d bytes", ErrMalformed, wanted[n].Path(), len(d))
		}
	}
	return data, nil
}
