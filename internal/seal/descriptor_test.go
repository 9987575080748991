package seal

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/canonical"
)

const testItem = "itm-abcdefghijklmnopqrstuvwxyz"

func describe(t testing.TB, s Sealed, to *Identity, commitment string) Descriptor {
	t.Helper()
	d, err := s.Describe(Descriptor{
		Item: testItem, ItemVersion: 1, Part: "body", Agency: "agencyb",
		Sealing: to.Thumbprint(), Content: commitment,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAPartOpensAsItsDescriptorSays(t *testing.T) {
	current, former, other := newIdentity(t), newIdentity(t), newIdentity(t)
	content := []byte("a method, never a person")
	framed, commitment, salt, err := Frame(content)
	if err != nil {
		t.Fatal(err)
	}
	s := mustSeal(t, framed, former, other)
	d := describe(t, s, former, commitment)
	ring := NewKeyring(current, former)

	got, gotSalt, err := ring.OpenPart(d, s.Header, s.Body, 2)
	if err != nil || !bytes.Equal(got, content) || !bytes.Equal(gotSalt, salt) {
		t.Fatalf("OpenPart = %q, %v", got, err)
	}

	refusals := map[string]struct {
		change func(*Descriptor)
		count  int
		want   error
	}{
		"more stanzas than recipients": {func(*Descriptor) {}, 1, ErrHeader},
		"another identity":             {func(d *Descriptor) { d.Sealing = current.Thumbprint() }, 2, ErrNotRecipient},
		"an identity we do not have":   {func(d *Descriptor) { d.Sealing = other.Thumbprint() }, 2, ErrNoIdentity},
		"another content":              {func(d *Descriptor) { d.Content = Commitment(salt, []byte("other")) }, 2, ErrMismatch},
		"another digest":               {func(d *Descriptor) { d.Digest = d.BodyDigest }, 2, ErrDigest},
		"another body":                 {func(d *Descriptor) { d.BodyDigest = d.Digest }, 2, ErrDigest},
		"another header size":          {func(d *Descriptor) { d.HeaderSize-- }, 2, ErrMismatch},
		"another size":                 {func(d *Descriptor) { d.Size++ }, 2, ErrMismatch},
		"a later version":              {func(d *Descriptor) { d.Version++ }, 2, ErrMismatch},
	}
	for name, test := range refusals {
		t.Run(name, func(t *testing.T) {
			changed := d
			test.change(&changed)
			if content, _, err := ring.OpenPart(changed, s.Header, s.Body, test.count); !errors.Is(err, test.want) || content != nil {
				t.Fatalf("OpenPart = %q, %v; want %v", content, err, test.want)
			}
		})
	}
}

func TestDescriptorHashDependsOnEveryFieldAndOnTheSalt(t *testing.T) {
	identity := newIdentity(t)
	d := describe(t, mustSeal(t, []byte("x"), identity), identity, Commitment(make([]byte, SaltSize), nil))
	zero := "sha256:" + strings.Repeat("0", 64)
	changes := map[string]func(*Descriptor){
		"version":     func(d *Descriptor) { d.Version = 2 },
		"item":        func(d *Descriptor) { d.Item = "itm-" + strings.Repeat("a", 26) },
		"itemVersion": func(d *Descriptor) { d.ItemVersion = 2 },
		"part":        func(d *Descriptor) { d.Part = "cover" },
		"ordinal":     func(d *Descriptor) { d.Ordinal = 1 },
		"agency":      func(d *Descriptor) { d.Agency = "agencyc" },
		"sealing":     func(d *Descriptor) { d.Sealing = strings.Repeat("A", 43) },
		"digest":      func(d *Descriptor) { d.Digest = zero },
		"size":        func(d *Descriptor) { d.Size++ },
		"headerSize":  func(d *Descriptor) { d.HeaderSize-- },
		"bodyDigest":  func(d *Descriptor) { d.BodyDigest = zero },
		"content":     func(d *Descriptor) { d.Content = zero },
	}
	salt := NewSalt()
	seen := map[string]string{d.Hash(salt): "nothing", d.Hash(NewSalt()): "salt"}
	for name, change := range changes {
		changed := d
		change(&changed)
		if before, ok := seen[changed.Hash(salt)]; ok {
			t.Errorf("changing %s gives the hash of changing %s", name, before)
		}
		seen[changed.Hash(salt)] = name
	}
	if len(seen) != len(changes)+2 {
		t.Errorf("%d different hashes of %d", len(seen), len(changes)+2)
	}
}

func TestValidateRefusesWhatCouldMeanSomethingElse(t *testing.T) {
	identity := newIdentity(t)
	good := describe(t, mustSeal(t, []byte("x"), identity), identity, Commitment(make([]byte, SaltSize), nil))
	bad := map[string]func(*Descriptor){
		"version 0":            func(d *Descriptor) { d.Version = 0 },
		"item upper case":      func(d *Descriptor) { d.Item = strings.ToUpper(d.Item) },
		"item with a newline":  func(d *Descriptor) { d.Item += "\n" },
		"item version 0":       func(d *Descriptor) { d.ItemVersion = 0 },
		"part with a path":     func(d *Descriptor) { d.Part = "../body" },
		"negative ordinal":     func(d *Descriptor) { d.Ordinal = -1 },
		"agency with a hyphen": func(d *Descriptor) { d.Agency = "agency-b" },
		"short thumbprint":     func(d *Descriptor) { d.Sealing = d.Sealing[1:] },
		"digest upper case":    func(d *Descriptor) { d.Digest = "sha256:" + strings.Repeat("A", 64) },
		"digest of nothing":    func(d *Descriptor) { d.BodyDigest = "" },
		"no header":            func(d *Descriptor) { d.HeaderSize = 0 },
		"header of all":        func(d *Descriptor) { d.HeaderSize = int(d.Size) },
		"size above the cap":   func(d *Descriptor) { d.Size = int64(d.HeaderSize) + MaxBody + 1 },
		"content without kind": func(d *Descriptor) { d.Content = strings.Repeat("0", 64) },
	}
	for name, change := range bad {
		d := good
		change(&d)
		if d.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSaltedDescriptorHasOneSpelling(t *testing.T) {
	identity := newIdentity(t)
	s := NewSaltedDescriptor(describe(t, mustSeal(t, []byte("x"), identity), identity, Commitment(make([]byte, SaltSize), nil)))
	b, err := canonical.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var again SaltedDescriptor
	if err := canonical.Unmarshal(b, &again); err != nil || again.Hash() != s.Hash() {
		t.Fatalf("Unmarshal: %v", err)
	}
	if d := cmp.Diff(s, again); d != "" {
		t.Fatal(d)
	}
	for _, text := range []string{"", "AAAA", strings.Repeat("A", 42) + "B", strings.Repeat("A", 43) + "=", strings.Repeat("A", 43) + "\n", strings.Repeat("A", 44)} {
		var salt Salt
		if salt.UnmarshalText([]byte(text)) == nil {
			t.Errorf("salt %q accepted", text)
		}
	}
}

func TestPaddingHidesHowManyDescriptorsThereAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 70).Draw(t, "n")
		var hashes []string
		for range n {
			salt := NewSalt()
			hashes = append(hashes, canonical.Digest(salt[:]))
		}
		padded := Pad(hashes)
		if err := CheckPadded(padded); err != nil {
			t.Fatal(err)
		}
		if len(padded) >= 2*n && n > 1 {
			t.Fatalf("%d padded to %d", n, len(padded))
		}
		in := map[string]bool{}
		for _, h := range padded {
			in[h] = true
		}
		for _, h := range hashes {
			if !in[h] {
				t.Fatal("a descriptor's hash is missing")
			}
		}
	})
}

func TestCheckPaddedRefusesWhatPadDoesNotMake(t *testing.T) {
	digest := func(c string) string { return "sha256:" + strings.Repeat(c, 64) }
	tests := map[string][]string{
		"none":           {},
		"three":          {digest("1"), digest("2"), digest("3")},
		"out of order":   {digest("2"), digest("1")},
		"the same twice": {digest("1"), digest("1")},
		"not a digest":   {digest("1"), "sha256:x"},
	}
	for name, list := range tests {
		if CheckPadded(list) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestCommitmentNeedsItsSaltAndAllOfTheContent(t *testing.T) {
	framed, commitment, salt, err := Frame([]byte("content"))
	if err != nil {
		t.Fatal(err)
	}
	content, again, err := Unframe(framed)
	if err != nil || string(content) != "content" || !bytes.Equal(again, salt) {
		t.Fatalf("Unframe = %q, %v", content, err)
	}
	if Commitment(salt, []byte("content")) != commitment {
		t.Fatal("Frame and Commitment differ")
	}
	if Commitment(salt, []byte("Content")) == commitment || Commitment(make([]byte, SaltSize), content) == commitment {
		t.Fatal("another content or salt has the same commitment")
	}
	if Commitment(salt[:31], content) != "" || Commitment(nil, nil) != "" {
		t.Fatal("a salt of another length has a commitment")
	}
	if _, _, err := Unframe(framed[:SaltSize-1]); !errors.Is(err, ErrMismatch) {
		t.Fatalf("Unframe without a salt: %v", err)
	}
}
