package seal

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"filippo.io/age"
)

// ageFile seals with age itself, to recipients that Seal would refuse.
func ageFile(t testing.TB, plaintext string, recipients ...age.Recipient) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := age.Encrypt(&file, recipients...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(plaintext)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestHeaderIsAcceptedOnlyWithTheExpectedStanzas(t *testing.T) {
	a, b, extra := newIdentity(t), newIdentity(t), newIdentity(t)
	two := mustSeal(t, []byte("x"), a, b).Header
	three := mustSeal(t, []byte("x"), a, b, extra).Header
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	x25519, _, err := Split(ageFile(t, "x", classic.Recipient()))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(two), "\n")
	join := func(lines ...string) []byte { return []byte(strings.Join(lines, "")) }
	grease := "-> grease-x y\nAAAA\n"

	tests := map[string]struct {
		header []byte
		want   int
		ok     bool
	}{
		"as many as expected":           {two, 2, true},
		"number unknown to the reader":  {two, AnyStanzas, true},
		"one stanza more":               {three, 2, false},
		"one stanza fewer":              {two, 3, false},
		"none expected":                 {two, 0, false},
		"classic X25519":                {x25519, 1, false},
		"grease beside the hybrid ones": {join(lines[0], lines[1], lines[2], lines[3], lines[4], grease, lines[5]), AnyStanzas, false},
		"grease counted as a recipient": {join(lines[0], lines[1], lines[2], grease, lines[5]), 2, false},
		"two arguments":                 {join(lines[0], strings.TrimSuffix(lines[1], "\n")+" AAAA\n", lines[2], lines[5]), 1, false},
		"short encapsulation":           {join(lines[0], lines[1][:40]+"\n", lines[2], lines[5]), 1, false},
		"short wrapped key":             {join(lines[0], lines[1], "AAAA\n", lines[5]), 1, false},
		"long wrapped key":              {join(lines[0], lines[1], strings.Repeat("A", 64)+"\n", lines[2], lines[5]), 1, false},
		"empty wrapped key":             {join(lines[0], lines[1], "\n", lines[5]), 1, false},
		"a byte after the MAC":          {append(bytes.Clone(two), 'x'), 2, false},
		"without its MAC":               {join(lines[:5]...), 2, false},
		"cut in the MAC":                {two[:len(two)-3], 2, false},
		"carriage returns":              {bytes.ReplaceAll(two, []byte("\n"), []byte("\r\n")), 2, false},
		"no stanzas":                    {join(lines[0], lines[5]), 0, false},
		"empty":                         {nil, 0, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := CheckHeader(test.header, test.want)
			if test.ok != (err == nil) || (err != nil && !errors.Is(err, ErrHeader)) {
				t.Fatalf("CheckHeader = %v", err)
			}
		})
	}
}

// A classic stanza would let a quantum computer read the whole file, so a reader
// refuses it even where it could open it and the digest is right.
func TestOpenRefusesAFileThatIsNotHybrid(t *testing.T) {
	identity := newIdentity(t)
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	header, body, err := Split(ageFile(t, "x", classic.Recipient()))
	if err != nil {
		t.Fatal(err)
	}
	s := Sealed{Header: header, Body: body}
	if _, err := Open(identity, header, body, s.Digest()); !errors.Is(err, ErrHeader) {
		t.Fatalf("Open = %v", err)
	}
}

func TestSplitCutsAtTheEndOfTheMACWhateverFollows(t *testing.T) {
	s := mustSeal(t, []byte("x"), newIdentity(t))
	for _, after := range []string{"", "\n", "--- x\n", "-> mlkem768x25519 x\n", strings.Repeat("y", 10000)} {
		header, body, err := Split(append(bytes.Clone(s.Header), after...))
		if err != nil || !bytes.Equal(header, s.Header) || string(body) != after {
			t.Fatalf("after %q: %d bytes of header, %v", after, len(header), err)
		}
	}
}

func FuzzSplit(f *testing.F) {
	s := mustSeal(f, []byte("text"), newIdentity(f), newIdentity(f))
	f.Add(Join(s.Header, s.Body))
	f.Add(s.Header)
	f.Add([]byte("age-encryption.org/v1\n-> X25519 abc\n\n--- AAAA\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		header, body, err := Split(file)
		if err != nil {
			return
		}
		if !bytes.Equal(Join(header, body), file) {
			t.Fatal("the pieces are not the file")
		}
		// What is cut off must be a whole header to age too, and itself splits to
		// itself: hub and reader cannot see two different headers.
		again, err := age.ExtractHeader(bytes.NewReader(header))
		if err != nil || !bytes.Equal(again, header) {
			t.Fatalf("age sees another header: %v", err)
		}
		if CheckHeader(header, AnyStanzas) == nil {
			want := bytes.Count(header, []byte("\n-> "))
			if CheckHeader(header, want) != nil || CheckHeader(header, want+1) == nil {
				t.Fatal("the count of stanzas is not checked")
			}
		}
	})
}
