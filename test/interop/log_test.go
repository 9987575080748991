package interop

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"
	merkle "github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/seal"
)

// startHub runs a hub over a real Vault, whose program is looked for in the bin
// folder of the product's module, not of this one.
func startHub(t *testing.T) *hubtest.Hub {
	t.Helper()
	t.Chdir(filepath.Join("..", ".."))
	return hubtest.Start(t, hubtest.Options{})
}

// reader is tessera's client of a hub's log. It knows the hub's address, its
// certificate, its id and the log's key, and none of our code.
type reader struct {
	*client.HTTPFetcher
	origin string
	key    note.Verifier
}

func newReader(tb testing.TB, hub *hubtest.Hub) *reader {
	tb.Helper()
	pem, err := os.ReadFile(hub.CAFile)
	if err != nil {
		tb.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}}
	tb.Cleanup(transport.CloseIdleConnections)
	root, err := url.Parse(hub.URL + "/log/")
	if err != nil {
		tb.Fatal(err)
	}
	fetcher, err := client.NewHTTPFetcher(root, &http.Client{Transport: transport, Timeout: 30 * time.Second})
	if err != nil {
		tb.Fatal(err)
	}
	key, err := note.NewVerifier(hub.Hub.LogKey)
	if err != nil {
		tb.Fatalf("the log's key is not one for x/mod: %v", err)
	}
	return &reader{fetcher, hub.Hub.ID, key}
}

// checkpoint waits for a checkpoint of at least size leaves.
func (r *reader) checkpoint(tb testing.TB, size uint64) *log.Checkpoint {
	tb.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		head, _, _, err := client.FetchCheckpoint(tb.Context(), r.ReadCheckpoint, r.key, r.origin)
		if err != nil && !errors.Is(err, os.ErrNotExist) { // a new hub has none yet
			tb.Fatalf("checkpoint: %v", err)
		}
		if err == nil && head.Size >= size {
			return head
		}
		if time.Now().After(deadline) {
			tb.Fatalf("no checkpoint of %d leaves", size)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// leaves hashes an entry bundle as tlog-tiles says, each entry being its leaf.
func leaves(bundle []byte) ([][]byte, error) {
	var entries api.EntryBundle
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var hashes [][]byte
	for _, entry := range entries.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}

// grow publishes sealing identities until the ledger has n more entries.
func grow(tb testing.TB, agency *hubtest.Agency, n int) uint64 {
	tb.Helper()
	var index uint64
	for range n {
		identity, err := seal.NewIdentity()
		if err != nil {
			tb.Fatal(err)
		}
		done := agency.Submit(tb, act.DeskSign, &act.KeyAdd{
			Common: agency.Common(), Purpose: act.Sealing, Recipient: identity.Recipient(), Prev: agency.Last,
		})
		agency.Last, index = done.Act, done.Index
	}
	return index
}

// More than 256 leaves, so that there are full and partial tiles, a tile above
// them, and a full and a partial entry bundle.
func TestTesseraVerifiesTheWholeLogOfAHub(t *testing.T) {
	hub := startHub(t)
	agency := hub.Enrol(t, "agencya")
	r := newReader(t, hub)

	first := r.checkpoint(t, grow(t, agency, 5)+1)
	tracker, err := client.NewLogStateTracker(t.Context(), r.ReadTile, nil, r.key, r.origin, client.UnilateralConsensus(r.ReadCheckpoint))
	if err != nil {
		t.Fatal(err)
	}
	last := r.checkpoint(t, grow(t, agency, 270)+1)
	if _, consistency, _, err := tracker.Update(t.Context()); err != nil || len(consistency) == 0 {
		t.Fatalf("tessera's tracker from %d to %d leaves: %v", first.Size, last.Size, err)
	}
	if err := fsck.New(r.origin, r.key, r, leaves, fsck.Opts{N: 2}).Check(t.Context()); err != nil {
		t.Errorf("tessera's fsck: %v", err)
	}
	t.Run("proofs from tiles", func(t *testing.T) { r.proofsFromTiles(t, last) })
	t.Run("proofs of the hub", func(t *testing.T) { proofsOfTheHub(t, hub, r, first, last) })
	t.Run("the judge judges", func(t *testing.T) { r.noticesOneBit(t) })
}

// proofsFromTiles builds inclusion proofs with tessera out of our tiles, for
// leaves that it takes out of our bundles.
func (r *reader) proofsFromTiles(t *testing.T, head *log.Checkpoint) {
	builder, err := client.NewProofBuilder(t.Context(), head.Size, r.ReadTile)
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range []uint64{0, 1, 127, 255, 256, head.Size - 1} {
		hash := r.leaf(t, index, head.Size)
		path, err := builder.InclusionProof(t.Context(), index)
		if err != nil {
			t.Fatal(err)
		}
		if err := merkle.VerifyInclusion(rfc6962.DefaultHasher, index, head.Size, hash, path, head.Hash); err != nil {
			t.Errorf("leaf %d: %v", index, err)
		}
	}
}

func (r *reader) leaf(tb testing.TB, index, size uint64) []byte {
	tb.Helper()
	bundle, err := client.GetEntryBundle(tb.Context(), r.ReadEntryBundle, index/256, size)
	if err != nil {
		tb.Fatal(err)
	}
	return rfc6962.DefaultHasher.HashLeaf(bundle.Entries[index%256])
}

// proofsOfTheHub lets transparency-dev's merkle verify the proofs that the hub
// itself answers with.
func proofsOfTheHub(t *testing.T, hub *hubtest.Hub, r *reader, first, last *log.Checkpoint) {
	list, size, err := hub.Public.Consistency(t.Context(), int64(first.Size), int64(last.Size))
	if err != nil || uint64(size) != last.Size {
		t.Fatalf("consistency proof to %d leaves: %v", size, err)
	}
	if err := merkle.VerifyConsistency(rfc6962.DefaultHasher, first.Size, last.Size, slicesOf(list), first.Hash, last.Hash); err != nil {
		t.Errorf("consistency from %d to %d: %v", first.Size, last.Size, err)
	}
	for _, index := range []uint64{0, 200, 256, last.Size - 1} {
		list, _, err := hub.Public.Inclusion(t.Context(), int64(index), int64(last.Size))
		if err != nil {
			t.Fatal(err)
		}
		hash := r.leaf(t, index, last.Size)
		if err := merkle.VerifyInclusion(rfc6962.DefaultHasher, index, last.Size, hash, slicesOf(list), last.Hash); err != nil {
			t.Errorf("inclusion of %d: %v", index, err)
		}
	}
}

func slicesOf[H ~[32]byte](hashes []H) [][]byte {
	out := make([][]byte, len(hashes))
	for n, hash := range hashes {
		out[n] = hash[:]
	}
	return out
}

// spoiled flips one bit of one resource on its way.
type spoiled struct {
	*reader
	tile, bundle bool
}

func (s spoiled) ReadTile(ctx context.Context, level, index uint64, p uint8) ([]byte, error) {
	data, err := s.reader.ReadTile(ctx, level, index, p)
	if s.tile && err == nil && level == 1 {
		data[7] ^= 1
	}
	return data, err
}

func (s spoiled) ReadEntryBundle(ctx context.Context, index uint64, p uint8) ([]byte, error) {
	data, err := s.reader.ReadEntryBundle(ctx, index, p)
	if s.bundle && err == nil && index == 1 {
		data[10] ^= 1
	}
	return data, err
}

func (r *reader) noticesOneBit(t *testing.T) {
	for name, bad := range map[string]spoiled{
		"of a tile": {reader: r, tile: true}, "of a bundle": {reader: r, bundle: true},
	} {
		if err := fsck.New(r.origin, r.key, bad, leaves, fsck.Opts{N: 2}).Check(t.Context()); err == nil {
			t.Errorf("one bit %s is wrong and fsck finds nothing", name)
		}
	}
}

// A receipt is a C2SP tlog-proof to those who never heard of us; with one line of
// our format, what it opens is the leaf.
func TestAReceiptIsATLogProof(t *testing.T) {
	hub := startHub(t)
	agency := hub.Enrol(t, "agencya")
	r := newReader(t, hub)
	index := grow(t, agency, 4)
	r.checkpoint(t, index+1)
	raw, err := agency.Receipt(t.Context(), index)
	if err != nil {
		t.Fatal(err)
	}
	var read proof.TLogProof
	if err := read.Unmarshal(raw); err != nil {
		t.Fatal(err)
	}
	if again := read.Marshal(); string(again) != string(raw) {
		t.Error("transparency-dev's formats write the same proof in other bytes")
	}
	if read.Index != index {
		t.Errorf("index %d, want %d", read.Index, index)
	}
	head, _, _, err := log.ParseCheckpoint(read.Checkpoint, r.origin, r.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf := leafOf(t, read.ExtraData)
	hash := rfc6962.DefaultHasher.HashLeaf(leaf)
	if err := merkle.VerifyInclusion(rfc6962.DefaultHasher, read.Index, head.Size, hash, slicesOf(read.Hashes), head.Hash); err != nil {
		t.Error(err)
	}
	leaf[0] ^= 1
	hash = rfc6962.DefaultHasher.HashLeaf(leaf)
	if err := merkle.VerifyInclusion(rfc6962.DefaultHasher, read.Index, head.Size, hash, slicesOf(read.Hashes), head.Hash); err == nil {
		t.Error("another leaf has the same proof")
	}
}

// leafOf computes the leaf from the published rule, not with our package:
// SHA-256("concordat-leaf/v1" || salt || SHA-256(entry)).
func leafOf(tb testing.TB, extra []byte) []byte {
	tb.Helper()
	var opening struct{ Format, Entry, Salt string }
	if err := json.Unmarshal(extra, &opening); err != nil {
		tb.Fatal(err)
	}
	if opening.Format != "concordat-receipt/v1" {
		tb.Fatalf("format %q", opening.Format)
	}
	entry, err := base64.RawURLEncoding.DecodeString(opening.Entry)
	if err != nil {
		tb.Fatal(err)
	}
	salt, err := base64.RawURLEncoding.DecodeString(opening.Salt)
	if err != nil {
		tb.Fatal(err)
	}
	inner := sha256.Sum256(entry)
	outer := sha256.New()
	outer.Write([]byte("concordat-leaf/v1"))
	outer.Write(salt)
	outer.Write(inner[:])
	return outer.Sum(nil)
}
