package tlog

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/seal"
)

const testContent = `{"title":"A fictional method of recruitment"}`

// testReceipt is of a release of one body: its receipt, the act's list of
// descriptor hashes, and the witness that cosigned the checkpoint.
func testReceipt(t testing.TB) (Receipt, []string, *Witness) {
	t.Helper()
	contentSalt := bytes.Repeat([]byte{9}, seal.SaltSize)
	sealed := seal.Sealed{Header: make([]byte, 1600), Body: make([]byte, 100)}
	d, err := sealed.Describe(seal.Descriptor{
		Item: "itm-abcdefghijklmnopqrstuvwxyz", ItemVersion: 1, Part: "body", Agency: "agencyb",
		Sealing: strings.Repeat("B", 43), Content: seal.Commitment(contentSalt, []byte(testContent)),
	})
	if err != nil {
		t.Fatal(err)
	}
	salted := seal.SaltedDescriptor{Descriptor: d, Salt: seal.Salt{5}}
	m := newTree(t, 6)
	entry := []byte(`{"act":"eyJ.eyJ.sig","index":6,"time":"2026-03-01T12:00:00Z"}`)
	salt := [32]byte{3}
	m.add(t, Commit(salt, entry))
	for n := range 4 {
		m.add(t, leafNumber(100+n))
	}
	hashes, err := InclusionProof(m.size(), 6, m)
	if err != nil {
		t.Fatal(err)
	}
	w := newWitness(t, testWitness, witnessKey)
	return Receipt{
		Entry: entry, Salt: salt, Descriptors: []seal.SaltedDescriptor{salted}, ContentSalt: contentSalt,
		Index: 6, Hashes: hashes, Checkpoint: sign(t, checkpointOf(t, m), w.At(testTime)),
	}, []string{salted.Hash(), canonical.Digest([]byte("a dummy"))}, w
}

// check does everything that a careful holder does, with one known witness.
func check(t testing.TB, text []byte, listed []string, w *Witness) error {
	r, err := ParseReceipt(text)
	if err != nil {
		return err
	}
	_, cosignatures, err := r.VerifyCosigned(logVerifier(t), &w.Cosigner)
	if err != nil {
		return err
	}
	if len(cosignatures) != 1 {
		return errors.New("not witnessed")
	}
	_, err = r.CheckContent([]byte(testContent), listed)
	return err
}

func TestReceiptProvesEntryDescriptorAndContentOffline(t *testing.T) {
	r, listed, w := testReceipt(t)
	text, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if err := check(t, text, listed, w); err != nil {
		t.Fatal(err)
	}
	again, err := ParseReceipt(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, again); d != "" {
		t.Fatal(d)
	}
	entry, index, err := again.Verify(logVerifier(t))
	if err != nil || index != 6 || !bytes.Equal(entry, r.Entry) {
		t.Fatalf("Verify = %q, %d, %v", entry, index, err)
	}
	if _, err := again.CheckContent([]byte(testContent+" "), listed); !errors.Is(err, ErrMismatch) {
		t.Fatalf("another content: %v", err)
	}
	if _, err := again.CheckContent([]byte(testContent), listed[1:]); !errors.Is(err, ErrMismatch) {
		t.Fatalf("a descriptor that the act does not list: %v", err)
	}
	again.ContentSalt = nil
	if _, err := again.CheckContent([]byte(testContent), listed); !errors.Is(err, ErrMismatch) {
		t.Fatalf("without the content salt: %v", err)
	}
}

// Every byte of the text counts: header, extra, index, hashes, checkpoint, the
// log's signature and the witness's.
func TestReceiptWithOneChangedByteIsRefused(t *testing.T) {
	r, listed, w := testReceipt(t)
	text, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for n := range text {
		for _, bit := range []byte{0x01, 0x02, 0x08, 0x20} {
			changed := bytes.Clone(text)
			changed[n] ^= bit
			if check(t, changed, listed, w) == nil {
				t.Fatalf("byte %d changed by %#x goes unnoticed:\n%s", n, bit, changed)
			}
		}
	}
	for n := range text {
		if check(t, text[:n], listed, w) == nil {
			t.Fatalf("cut after %d bytes goes unnoticed", n)
		}
	}
}

// The same inside the extra data, where base64 hides the structure.
func TestReceiptsExtraDataHaveOneSpelling(t *testing.T) {
	r, listed, w := testReceipt(t)
	extra, err := r.extra()
	if err != nil {
		t.Fatal(err)
	}
	rebuild := func(extra []byte) []byte {
		return Proof{Extra: extra, Index: r.Index, Hashes: r.Hashes, Checkpoint: r.Checkpoint}.Marshal()
	}
	if err := check(t, rebuild(extra), listed, w); err != nil {
		t.Fatal(err)
	}
	for n := range extra {
		changed := bytes.Clone(extra)
		changed[n] ^= 1
		if check(t, rebuild(changed), listed, w) == nil {
			t.Fatalf("byte %d of the extra data goes unnoticed:\n%s", n, changed)
		}
	}
	entry := base64.RawURLEncoding.EncodeToString(r.Entry)
	replace := func(old, new string) string {
		s := strings.Replace(string(extra), old, new, 1)
		if s == string(extra) {
			t.Fatalf("%q is not there", old)
		}
		return s
	}
	for name, s := range map[string]string{
		"a later format":    replace("concordat-receipt/v1", "concordat-receipt/v2"),
		"an unknown member": replace(`{"`, `{"a":1,"`),
		"a member twice":    replace(`"format"`, `"format":"x","format"`),
		"another case":      replace(`"entry"`, `"Entry"`),
		"no entry":          replace(`"entry":"`+entry+`",`, ""),
		"an empty entry":    replace(entry, ""),
		"a space":           replace(`,"entry"`, `, "entry"`),
		"ordinal left out":  replace(`"ordinal":0,`, ""),
		"descriptors null":  replace(string(extra[strings.Index(string(extra), `"descriptors":`):strings.Index(string(extra), `,"entry"`)]), `"descriptors":null`),
		"padded entry":      replace(entry, entry+"="),
		"short salt":        replace(`"salt":"AwAA`, `"salt":"AwA`),
		"content salt null": replace(`"contentSalt":"`, `"contentSalt":null,"x":"`),
		"not JSON":          "x",
		"an array":          "[]",
	} {
		if _, err := ParseReceipt(rebuild([]byte(s))); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseReceipt(Proof{Index: r.Index, Hashes: r.Hashes, Checkpoint: r.Checkpoint}.Marshal()); !errors.Is(err, ErrMalformed) {
		t.Errorf("a proof without extra data: %v", err)
	}
}

func TestReceiptIsNotWrittenIncomplete(t *testing.T) {
	for name, spoil := range map[string]func(*Receipt){
		"no entry":            func(r *Receipt) { r.Entry = nil },
		"short content salt":  func(r *Receipt) { r.ContentSalt = r.ContentSalt[:5] },
		"invalid descriptor":  func(r *Receipt) { r.Descriptors[0].Descriptor.Agency = "" },
		"larger than a proof": func(r *Receipt) { r.Entry = make([]byte, MaxProof) },
	} {
		r, _, _ := testReceipt(t)
		spoil(&r)
		if b, err := r.Marshal(); err == nil || b != nil {
			t.Errorf("%s: written", name)
		}
	}
	r, listed, _ := testReceipt(t)
	r.Descriptors, r.ContentSalt = nil, nil
	text, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseReceipt(text); err != nil || again.CheckDescriptors(listed) != nil {
		t.Fatalf("a receipt of an entry without descriptors: %v", err)
	}
}

// The largest act fits: it is base64 in the JWS, in the entry and in extra.
func TestReceiptOfTheLargestActIsReadable(t *testing.T) {
	r, _, _ := testReceipt(t)
	r.Entry = make([]byte, 1<<20+1<<19)
	text, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseReceipt(text); err != nil {
		t.Fatal(err)
	}
}

func TestFormatsWrittenByEarlierVersionsStillVerify(t *testing.T) {
	r, listed, w := testReceipt(t)
	text, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	proof := Proof{Extra: []byte("extra"), Index: r.Index, Hashes: r.Hashes, Checkpoint: r.Checkpoint}
	line, err := w.Cosign(checkpointOf(t, newTree(t, 1)), testTime)
	if err != nil {
		t.Fatal(err)
	}
	for name, now := range map[string][]byte{
		"v1-receipt.tlog-proof": text,
		"v1-proof.tlog-proof":   proof.Marshal(),
		"v1-checkpoint.txt":     r.Checkpoint,
		"v1-cosignature.txt":    line,
	} {
		if want := golden(t, name, now); !bytes.Equal(now, want) {
			t.Errorf("%s is written differently now:\n%s", name, now)
		}
	}
	if err := check(t, golden(t, "v1-receipt.tlog-proof", nil), listed, w); err != nil {
		t.Errorf("the golden receipt: %v", err)
	}
}

func FuzzParseReceipt(f *testing.F) {
	r, _, _ := testReceipt(f)
	extra, err := r.extra()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(extra)
	f.Fuzz(func(t *testing.T, extra []byte) {
		text := Proof{Extra: extra, Index: r.Index, Hashes: r.Hashes, Checkpoint: r.Checkpoint}.Marshal()
		got, err := ParseReceipt(text)
		if err != nil {
			return
		}
		if again, err := got.Marshal(); err != nil || !bytes.Equal(again, text) {
			t.Fatalf("receipt %q is written back as %q, %v", text, again, err)
		}
	})
}
