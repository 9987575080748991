package tlog

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func testProof(t testing.TB) (Proof, [32]byte) {
	t.Helper()
	m := newTree(t, 11)
	hashes, err := InclusionProof(11, 6, m)
	if err != nil {
		t.Fatal(err)
	}
	return Proof{Extra: []byte("extra"), Index: 6, Hashes: hashes, Checkpoint: sign(t, checkpointOf(t, m))}, m.leaves[6]
}

func TestProofHasOneSpelling(t *testing.T) {
	p, leaf := testProof(t)
	good := string(p.Marshal())
	again, err := ParseProof([]byte(good))
	if err != nil || string(again.Marshal()) != good {
		t.Fatalf("ParseProof: %v", err)
	}
	if _, _, err := again.Verify(leaf, logVerifier(t)); err != nil {
		t.Fatal(err)
	}
	extra := "extra " + base64.StdEncoding.EncodeToString(p.Extra) + "\n"
	hash := base64.StdEncoding.EncodeToString(p.Hashes[0][:]) + "\n"
	bad := map[string]string{
		"another version":     strings.Replace(good, "@v1", "@v2", 1),
		"no index":            strings.Replace(good, "index 6\n", "", 1),
		"index twice":         strings.Replace(good, "index 6\n", "index 6\nindex 6\n", 1),
		"leading zero":        strings.Replace(good, "index 6", "index 06", 1),
		"negative index":      strings.Replace(good, "index 6", "index -6", 1),
		"empty extra":         strings.Replace(good, extra, "extra \n", 1),
		"extra twice":         strings.Replace(good, extra, extra+extra, 1),
		"extra after index":   strings.Replace(strings.Replace(good, extra, "", 1), "index 6\n", "index 6\n"+extra, 1),
		"extra not base64":    strings.Replace(good, extra, "extra *\n", 1),
		"short hash":          strings.Replace(good, hash, "AAAA\n", 1),
		"hash without pad":    strings.Replace(good, hash, strings.Replace(hash, "=", "", 1), 1),
		"64 hashes":           strings.Replace(good, hash, strings.Repeat(hash, 61), 1),
		"carriage return":     strings.ReplaceAll(good, "\n", "\r\n"),
		"space at line's end": strings.Replace(good, "index 6", "index 6 ", 1),
		"two empty lines":     strings.Replace(good, "\n\nlog", "\n\n\nlog", 1),
		"no checkpoint":       good[:strings.Index(good, "\n\n")+2],
		"checkpoint cut":      good[:len(good)-1],
		"text before":         " " + good,
		"empty":               "",
		"too long":            good + strings.Repeat("x", MaxProof),
	}
	for name, text := range bad {
		if text == good {
			t.Fatalf("%s: the test changes nothing", name)
		}
		if _, err := ParseProof([]byte(text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProofIsOfThisLeafAtThisIndexInThisTree(t *testing.T) {
	p, leaf := testProof(t)
	other := leaf
	other[0] ^= 1
	smaller := p
	smaller.Checkpoint = sign(t, checkpointOf(t, newTree(t, 10)))
	moved := p
	moved.Index = 7
	outside := p
	outside.Index = 11
	log := logVerifier(t)
	for name, test := range map[string]struct {
		p    Proof
		leaf [32]byte
	}{"another leaf": {p, other}, "another tree": {smaller, leaf}, "another index": {moved, leaf}, "index outside the tree": {outside, leaf}} {
		if _, _, err := test.p.Verify(test.leaf, log); !errors.Is(err, ErrProof) {
			t.Errorf("%s: %v", name, err)
		}
	}
	stranger, err := NewVerifier(VKey(testOrigin, publicOf(testKey("stranger"))))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Verify(leaf, stranger); !errors.Is(err, ErrSignature) {
		t.Errorf("another log key of the same name: %v", err)
	}
}

// Vectors made by github.com/transparency-dev's formats, merkle and tessera:
// another implementation of the same C2SP pages.
func TestFormatsAgreeWithAnotherImplementation(t *testing.T) {
	var vector struct {
		LogVKey, WitnessVKey, Root string
		TilePaths, EntryPaths      []struct {
			Level, Index, Width int64
			Path                string
		}
		PartialWidths                []struct{ Level, Index, Size, Width int64 }
		Tile0x1Sha256, Tile1x0Sha256 string
	}
	if err := json.Unmarshal(golden(t, "independent.json", nil), &vector); err != nil {
		t.Fatal(err)
	}
	if got := VKey(testOrigin, publicOf(logKey)); got != vector.LogVKey {
		t.Errorf("VKey = %s", got)
	}
	if got := CosignerVKey(testWitness, publicOf(witnessKey)); got != vector.WitnessVKey {
		t.Errorf("CosignerVKey = %s", got)
	}
	for _, v := range vector.TilePaths {
		if got := TilePath(int(v.Level), v.Index, int(v.Width)); got != v.Path {
			t.Errorf("TilePath = %s, want %s", got, v.Path)
		}
	}
	for _, v := range vector.EntryPaths {
		if got := TilePath(EntriesLevel, v.Index, int(v.Width)); got != v.Path {
			t.Errorf("TilePath = %s, want %s", got, v.Path)
		}
	}
	for _, v := range vector.PartialWidths {
		if got := TileWidthAt(v.Size, int(v.Level), v.Index); int64(got%TileWidth) != v.Width {
			t.Errorf("TileWidthAt%+v = %d", v, got)
		}
	}
	m := newTree(t, 300)
	for tile, want := range map[Tile]string{{0, 1, 44}: vector.Tile0x1Sha256, {1, 0, 1}: vector.Tile1x0Sha256} {
		b, err := HashTile(300, tile, m)
		if sum := sha256.Sum256(b); err != nil || hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s differs: %v", tile.Path(), err)
		}
	}
	checkIndependentProof(t, m, vector.Root)
}

func checkIndependentProof(t *testing.T, m *memory, root string) {
	t.Helper()
	text := golden(t, "independent.tlog-proof", nil)
	p, err := ParseProof(text)
	if err != nil || !bytes.Equal(p.Marshal(), text) {
		t.Fatalf("ParseProof: %v", err)
	}
	witness := newWitness(t, testWitness, witnessKey)
	cp, cosignatures, err := p.Verify(m.leaves[p.Index], logVerifier(t), &witness.Cosigner)
	if err != nil {
		t.Fatal(err)
	}
	if base64.StdEncoding.EncodeToString(cp.Root[:]) != root || cp != checkpointOf(t, m) || len(cosignatures) != 1 {
		t.Fatalf("checkpoint %+v with %d cosignatures", cp, len(cosignatures))
	}
	// Ed25519 is deterministic: the same checkpoint at the same time is the same note.
	if ours := sign(t, cp, witness.At(cosignatures[0].Time)); !bytes.Equal(ours, p.Checkpoint) {
		t.Fatalf("signed differently:\n%s\n%s", ours, p.Checkpoint)
	}
}

func FuzzParseProof(f *testing.F) {
	p, _ := testProof(f)
	f.Add(p.Marshal())
	p.Extra, p.Hashes = nil, nil
	f.Add(p.Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := ParseProof(b); err == nil && !bytes.Equal(p.Marshal(), b) {
			t.Fatalf("proof %q is written back as %q", b, p.Marshal())
		}
	})
}
