package tlog

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"
)

func TestCheckpointHasOneSpelling(t *testing.T) {
	root := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	empty := base64.StdEncoding.EncodeToString(emptyRoot[:])
	tests := map[string]struct {
		text string
		ok   bool
	}{
		"a checkpoint":                {"o\n1\n" + root + "\n", true},
		"of the empty tree":           {"o\n0\n" + empty + "\n", true},
		"empty tree, another root":    {"o\n0\n" + root + "\n", false},
		"leading zero":                {"o\n01\n" + root + "\n", false},
		"plus sign":                   {"o\n+1\n" + root + "\n", false},
		"negative":                    {"o\n-1\n" + root + "\n", false},
		"beyond 63 bits":              {"o\n9223372036854775808\n" + root + "\n", false},
		"an extension line":           {"o\n1\n" + root + "\nextension\n", false},
		"no final newline":            {"o\n1\n" + root, false},
		"an empty line":               {"o\n1\n\n" + root + "\n", false},
		"no origin":                   {"\n1\n" + root + "\n", false},
		"space in the origin":         {"o o\n1\n" + root + "\n", false},
		"plus in the origin":          {"o+o\n1\n" + root + "\n", false},
		"invisible rune in origin":    {"o\u200b\n1\n" + root + "\n", false},
		"origin too long":             {strings.Repeat("o", 256) + "\n1\n" + root + "\n", false},
		"root of 31 bytes":            {"o\n1\n" + base64.StdEncoding.EncodeToString(make([]byte, 31)) + "\n", false},
		"root with spare bits set":    {"o\n1\n" + root[:42] + "d=\n", false},
		"root without padding":        {"o\n1\n" + root[:43] + "\n", false},
		"root in base64url":           {"o\n1\n" + strings.Repeat("_", 43) + "=\n", false},
		"carriage return in the root": {"o\n1\n" + root[:20] + "\r" + root[20:] + "\n", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := ParseCheckpoint([]byte(test.text))
			if test.ok != (err == nil) || (err != nil && !errors.Is(err, ErrMalformed)) {
				t.Fatalf("ParseCheckpoint = %v", err)
			}
			if test.ok && string(c.Marshal()) != test.text {
				t.Fatalf("written back as %q", c.Marshal())
			}
		})
	}
}

// The example of C2SP signed-note, section "Verifier keys".
func TestVerifierKeyOfTheSpecificationVerifiesItsNote(t *testing.T) {
	v, err := NewVerifier("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
	if err != nil {
		t.Fatal(err)
	}
	text, lines, err := splitNote([]byte("This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 1 || lines[0].id != idOf(v) || !v.Verify(text, lines[0].signature) {
		t.Fatal("the example does not verify")
	}
}

// What this package signs x/mod opens, and the other way round.
func TestNotesAreThoseOfXMod(t *testing.T) {
	skey, vkey, err := note.GenerateKey(rand.NewChaCha8([32]byte{1}), testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	c := checkpointOf(t, newTree(t, 5))
	signed, err := SignCheckpoint(c, theirs)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenCheckpoint(signed, ours); err != nil || got != c {
		t.Fatalf("OpenCheckpoint = %v, %v", got, err)
	}
	xv, err := note.NewVerifier(VKey(testOrigin, publicOf(logKey)))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := note.Open(sign(t, c), note.VerifierList(xv)); err != nil || n.Text != string(c.Marshal()) {
		t.Fatalf("note.Open: %v", err)
	}
	if viaX, err := OpenCheckpoint(sign(t, c), xv); err != nil || viaX != c {
		t.Fatalf("OpenCheckpoint with x/mod's verifier: %v", err)
	}
}

func TestSignedCheckpointIsRefusedWhenAByteChanges(t *testing.T) {
	c := checkpointOf(t, newTree(t, 5))
	signed := sign(t, c)
	for n := range signed {
		for _, bit := range []byte{0x01, 0x02, 0x20} {
			changed := bytes.Clone(signed)
			changed[n] ^= bit
			if got, err := OpenCheckpoint(changed, logVerifier(t)); err == nil {
				t.Fatalf("byte %d changed by %#x is accepted as %+v:\n%s", n, bit, got, changed)
			}
		}
	}
}

func TestCheckpointNeedsTheLogsOwnSignature(t *testing.T) {
	c := checkpointOf(t, newTree(t, 5))
	good := string(sign(t, c))
	other := checkpointOf(t, newTree(t, 6))
	forged := strings.Replace(good, string(c.Marshal()), string(other.Marshal()), 1)
	stranger := c
	stranger.Origin = "other.example/log"
	strangerSigner, err := NewSigner(stranger.Origin, logKey)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := SignCheckpoint(stranger, strangerSigner)
	if err != nil {
		t.Fatal(err)
	}
	// The log's own key and name under a text that names another origin.
	astray, err := note.Sign(&note.Note{Text: string(stranger.Marshal())}, logSigner(t))
	if err != nil {
		t.Fatal(err)
	}
	line := good[strings.LastIndex(good, "— "):]
	w := newWitness(t, testWitness, witnessKey)
	cosign, err := w.Cosign(c, testTime)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		note string
		want error
	}{
		"signature of another checkpoint": {forged, ErrSignature},
		"of another log":                  {string(foreign), ErrSignature},
		"of another log, by this key":     {string(astray), ErrSignature},
		"no dash":                         {strings.Replace(good, "— ", "", 1), ErrMalformed},
		"a witness only":                  {string(c.Marshal()) + "\n" + string(cosign), ErrSignature},
		"the same line twice":             {good + line, ErrSignature},
		"no signature":                    {string(c.Marshal()), ErrMalformed},
		"no signature lines":              {string(c.Marshal()) + "\n", ErrMalformed},
		"hyphen for the dash":             {strings.Replace(good, "— ", "- ", 1), ErrMalformed},
		"no final newline":                {strings.TrimSuffix(good, "\n"), ErrMalformed},
		"control character":               {strings.Replace(good, "log.example", "log\x01example", 1), ErrMalformed},
		"not UTF-8":                       {good + "— \xff AAAAAAA=\n", ErrMalformed},
		"two spaces":                      {strings.Replace(good, "— ", "—  ", 1), ErrMalformed},
		"too many lines":                  {good + strings.Repeat("— x AAAAAAA=\n", maxSignatures), ErrMalformed},
		"too long":                        {good + strings.Repeat("— "+strings.Repeat("x", 200)+" AAAAAAA=\n", 400), ErrMalformed},
		"empty":                           {"", ErrMalformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := OpenCheckpoint([]byte(test.note), logVerifier(t)); !errors.Is(err, test.want) {
				t.Fatalf("OpenCheckpoint = %v, want %v", err, test.want)
			}
		})
	}
	if _, err := OpenCheckpoint([]byte(good+"— unknown.example AAAAAAA=\n"), logVerifier(t)); err != nil {
		t.Fatalf("a line of an unknown key must be ignored: %v", err)
	}
	if _, err := SignCheckpoint(c, strangerSigner); err == nil {
		t.Fatal("signed in another log's name")
	}
}

func TestVerifierKeyHasOneSpelling(t *testing.T) {
	good := VKey(testOrigin, publicOf(logKey))
	parts := strings.SplitN(good, "+", 3)
	bad := map[string]string{
		"a cosigner's":      CosignerVKey(testOrigin, publicOf(logKey)),
		"another key id":    parts[0] + "+00000000+" + parts[2],
		"upper-case key id": parts[0] + "+" + strings.ToUpper(parts[1]) + "+" + parts[2],
		"another name":      "x" + good,
		"no name":           good[len(parts[0]):],
		"a newline":         good + "\n",
		"no key":            parts[0] + "+" + parts[1],
		"empty":             "",
	}
	for name, vkey := range bad {
		if _, err := NewVerifier(vkey); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Keys whose base64 holds a plus are as good as any.
func TestVerifierKeysRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed")
		public := publicOf(ed25519.NewKeyFromSeed(seed))
		v, err := NewVerifier(VKey("a.example/b", public))
		if err != nil {
			t.Fatal(err)
		}
		w, err := ParseCosigner(CosignerVKey("a.example/b", public))
		if err != nil || w.KeyHash() == v.KeyHash() {
			t.Fatalf("ParseCosigner: %v", err)
		}
	})
}

type badSigner struct {
	ed25519.PrivateKey
	sign func([]byte) ([]byte, error)
}

func (b badSigner) Sign(_ io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	return b.sign(message)
}

// A key in another machine may have been replaced behind its name.
func TestSignatureThatDoesNotVerifyIsNeverPublished(t *testing.T) {
	outage := errors.New("outage")
	replaced := testKey("replaced")
	tests := map[string]struct {
		sign func([]byte) ([]byte, error)
		want error
	}{
		"replaced key":    {func(m []byte) ([]byte, error) { return ed25519.Sign(replaced, m), nil }, ErrSignature},
		"short signature": {func([]byte) ([]byte, error) { return make([]byte, 63), nil }, ErrSignature},
		"outage":          {func([]byte) ([]byte, error) { return nil, outage }, outage},
	}
	c := checkpointOf(t, newTree(t, 3))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := NewSigner(testOrigin, badSigner{logKey, test.sign})
			if err != nil {
				t.Fatal(err)
			}
			if b, err := SignCheckpoint(c, s); !errors.Is(err, test.want) || b != nil {
				t.Fatalf("SignCheckpoint = %q, %v", b, err)
			}
			w, err := NewWitness(testWitness, badSigner{witnessKey, test.sign})
			if err != nil {
				t.Fatal(err)
			}
			if b, err := w.Cosign(c, testTime); !errors.Is(err, test.want) || b != nil {
				t.Fatalf("Cosign = %q, %v", b, err)
			}
		})
	}
}

func FuzzOpenCheckpoint(f *testing.F) {
	c := checkpointOf(f, newTree(f, 5))
	f.Add(sign(f, c))
	f.Add(sign(f, c, newWitness(f, testWitness, witnessKey).At(testTime)))
	f.Add([]byte("o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— o AAAAAAA=\n"))
	log := logVerifier(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		text, lines, err := splitNote(b)
		if err != nil {
			return
		}
		again := append(bytes.Clone(text), '\n')
		for _, l := range lines {
			again = append(again, l.String()...)
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("note %q is written back as %q", b, again)
		}
		if c, err := ParseCheckpoint(text); err == nil && !bytes.Equal(c.Marshal(), text) {
			t.Fatalf("checkpoint %q is written back as %q", text, c.Marshal())
		}
		got, err := OpenCheckpoint(b, log)
		if err != nil {
			return
		}
		n, err := note.Open(b, note.VerifierList(log))
		if err != nil || n.Text != string(got.Marshal()) {
			t.Fatalf("x/mod reads the note otherwise: %v", err)
		}
	})
}
