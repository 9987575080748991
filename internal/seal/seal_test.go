package seal

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"filippo.io/age"
	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/canonical"
)

func newIdentity(t testing.TB) *Identity {
	t.Helper()
	i, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func mustSeal(t testing.TB, plaintext []byte, to ...*Identity) Sealed {
	t.Helper()
	recipients := make([]string, len(to))
	for n, i := range to {
		recipients[n] = i.Recipient()
	}
	s, err := Seal(recipients, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryRecipientOpensAndNobodyElse(t *testing.T) {
	a, b, outsider := newIdentity(t), newIdentity(t), newIdentity(t)
	s := mustSeal(t, []byte("how they recruit"), a, b)
	for _, reader := range []*Identity{a, b} {
		got, err := Open(reader, s.Header, s.Body, s.Digest())
		if err != nil || string(got) != "how they recruit" {
			t.Fatalf("Open = %q, %v", got, err)
		}
	}
	if got, err := Open(outsider, s.Header, s.Body, s.Digest()); !errors.Is(err, ErrNotRecipient) || got != nil {
		t.Fatalf("an outsider got %q, %v", got, err)
	}
}

func TestSealedFileRoundTripsThroughItsPieces(t *testing.T) {
	identity := newIdentity(t)
	rapid.Check(t, func(t *rapid.T) {
		plaintext := rapid.SliceOfN(rapid.Byte(), 0, 4096).Draw(t, "plaintext")
		s, err := Seal([]string{identity.Recipient()}, plaintext)
		if err != nil {
			t.Fatal(err)
		}
		file := Join(s.Header, s.Body)
		header, body, err := Split(file)
		if err != nil || !bytes.Equal(header, s.Header) || !bytes.Equal(body, s.Body) {
			t.Fatalf("Split differs: %v", err)
		}
		got, err := Open(identity, header, body, s.Digest())
		if err != nil || !bytes.Equal(got, plaintext) {
			t.Fatalf("Open differs: %v", err)
		}
	})
}

// The digest is what stands between a truncated file and its readable prefix.
func TestTruncatedFileGivesNoPlaintext(t *testing.T) {
	identity := newIdentity(t)
	s := mustSeal(t, bytes.Repeat([]byte("x"), 3*chunkSize), identity)
	cut := s.Body[:len(s.Body)-chunkSize]
	if got, err := Open(identity, s.Header, cut, s.Digest()); !errors.Is(err, ErrDigest) || got != nil {
		t.Fatalf("truncated file: %d bytes, %v", len(got), err)
	}
	// Even where the digest was computed over the truncated file.
	digest := canonical.Digest(Join(s.Header, cut))
	if got, err := Open(identity, s.Header, cut, digest); err == nil || got != nil {
		t.Fatalf("file released truncated: %d bytes, %v", len(got), err)
	}
}

func TestOneChangedByteAnywhereIsRefusedBeforeDecrypting(t *testing.T) {
	identity := newIdentity(t)
	s := mustSeal(t, []byte("text"), identity)
	file, digest := Join(s.Header, s.Body), s.Digest()
	for n := range file {
		changed := bytes.Clone(file)
		changed[n] ^= 1
		if _, err := Open(identity, changed[:len(s.Header)], changed[len(s.Header):], digest); !errors.Is(err, ErrDigest) {
			t.Fatalf("byte %d: %v", n, err)
		}
	}
}

func TestHeaderOfAnotherFileDoesNotOpenTheBody(t *testing.T) {
	identity := newIdentity(t)
	one, two := mustSeal(t, []byte("one"), identity), mustSeal(t, []byte("two"), identity)
	digest := canonical.Digest(Join(one.Header, two.Body))
	if got, err := Open(identity, one.Header, two.Body, digest); err == nil || got != nil {
		t.Fatalf("mixed file opened: %q, %v", got, err)
	}
}

func TestSealRefusesRecipientsThatWouldWeakenTheFile(t *testing.T) {
	good := newIdentity(t).Recipient()
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string][]string{
		"none":                 {},
		"the same twice":       {good, good},
		"classic X25519":       {good, classic.Recipient().String()},
		"empty":                {""},
		"upper case":           {strings.ToUpper(good)},
		"with a trailing line": {good + "\n"},
		"one letter changed":   {good[:len(good)-1] + "q"},
		"more than age takes":  strings.Split(strings.Repeat(good+" ", MaxRecipients+1), " ")[:MaxRecipients+1],
	}
	for name, recipients := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := Seal(recipients, []byte("x")); err == nil {
				t.Fatal("sealed")
			}
		})
	}
}

func TestContentBeyondTheCapIsRefusedOnBothSides(t *testing.T) {
	identity := newIdentity(t)
	if _, _, _, err := Frame(make([]byte, MaxContent+1)); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("Frame: %v", err)
	}
	if _, err := Seal([]string{identity.Recipient()}, make([]byte, MaxPlaintext+1)); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("Seal: %v", err)
	}
	framed, _, _, err := Frame(make([]byte, MaxContent))
	if err != nil {
		t.Fatal(err)
	}
	s := mustSeal(t, framed, identity)
	if len(s.Body) > MaxBody {
		t.Fatalf("the largest body has %d bytes, MaxBody says %d", len(s.Body), MaxBody)
	}
	if _, err := Open(identity, s.Header, s.Body, s.Digest()); err != nil {
		t.Fatalf("the largest content does not open: %v", err)
	}
	if _, err := Open(identity, s.Header, make([]byte, MaxBody+1), s.Digest()); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("Open: %v", err)
	}
}

func TestAnIdentityIsNeverPrinted(t *testing.T) {
	i := newIdentity(t)
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "identity", i)
	printed := fmt.Sprintf("%v %+v %#v %s %q %x %d %s", i, i, i, i, i, i, *i, []*Identity{i}) + logged.String()
	if strings.Contains(printed, "AGE-SECRET-KEY") || strings.Contains(printed, "0x") {
		t.Fatalf("printed: %s", printed)
	}
	if _, err := canonical.Marshal(map[string]*Identity{"i": i}); err == nil {
		t.Fatal("an identity was marshalled")
	}
	again, err := ParseIdentity(i.Secret())
	if err != nil || again.Thumbprint() != i.Thumbprint() || len(i.Thumbprint()) != 43 {
		t.Fatalf("ParseIdentity: %v", err)
	}
	if _, err := ParseIdentity(i.Secret() + "x"); err == nil || strings.Contains(err.Error(), "AGE-SECRET") {
		t.Fatalf("error repeats the secret or is missing: %v", err)
	}
}
