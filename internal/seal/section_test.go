package seal

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/canonical"
)

func section(n int) []byte {
	b, err := canonical.Marshal(map[string]string{"text": strings.Repeat("a passage ", n+1)})
	if err != nil {
		panic(err)
	}
	return b
}

func bound(t testing.TB, count int) ([]Passage, Binding, []byte) {
	t.Helper()
	var passages []Passage
	for n := range count {
		passages = append(passages, NewPassage(section(n)))
	}
	b, err := Bind(passages)
	if err != nil {
		t.Fatal(err)
	}
	salt, err := b.Salt()
	if err != nil {
		t.Fatal(err)
	}
	return passages, b, salt
}

func TestASectionIsBoundToItsBodyAndToNoOther(t *testing.T) {
	passages, b, salt := bound(t, 3)
	_, _, otherBody := bound(t, 3)
	for n, p := range passages {
		content, err := EncodeSection(p, b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeSection(content, salt)
		if err != nil || !bytes.Equal(got, section(n)) {
			t.Fatalf("section %d: %s, %v", n, got, err)
		}
		if _, err := DecodeSection(content, otherBody); !errors.Is(err, ErrMismatch) {
			t.Errorf("section %d under another body: %v", n, err)
		}
		for name, changed := range map[string][]byte{
			"another text":   bytes.Replace(content, []byte("a passage"), []byte("b passage"), 1),
			"another format": bytes.Replace(content, []byte("section/v1"), []byte("section/v2"), 1),
			"another member": bytes.Replace(content, []byte(`{"binding"`), []byte(`{"aside":1,"binding"`), 1),
			"a place less":   bytes.Replace(content, []byte(`"`+b[0]+`",`), nil, 1),
			"spaces":         append([]byte(" "), content...),
			"nothing":        nil,
		} {
			if _, err := DecodeSection(changed, salt); !errors.Is(err, ErrMismatch) {
				t.Errorf("section %d with %s: %v", n, name, err)
			}
		}
	}
	if _, err := EncodeSection(NewPassage(section(9)), b); !errors.Is(err, ErrMismatch) {
		t.Errorf("a section that was not bound was encoded: %v", err)
	}
}

// What a reader of one section holds has the same form and length for every
// number of sections beside it.
func TestABindingSaysNothingOfOtherSections(t *testing.T) {
	var lengths []int
	for count := 1; count <= MaxSections; count++ {
		passages, b, _ := bound(t, count)
		content, err := EncodeSection(passages[0], b)
		if err != nil {
			t.Fatal(err)
		}
		lengths = append(lengths, len(content))
		if !slices.IsSorted(b) || len(b) != bindingSize {
			t.Errorf("%d sections: a binding of %d places", count, len(b))
		}
	}
	if slices.Max(lengths) != slices.Min(lengths) {
		t.Errorf("lengths by number of sections: %v", lengths)
	}
	if _, err := Bind(make([]Passage, MaxSections+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("more sections than can be hidden: %v", err)
	}
}

// The hub knows the commitments of every part and tests guesses of a body with
// none of them: random places enter the salt whatever the sections are.
func TestTheBodysSaltCannotBeComputedFromItsSections(t *testing.T) {
	passages, first, saltOfFirst := bound(t, MaxSections)
	again, err := Bind(passages)
	if err != nil {
		t.Fatal(err)
	}
	saltOfAgain, err := again.Salt()
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(first, again) || bytes.Equal(saltOfFirst, saltOfAgain) {
		t.Fatal("the same sections give the same salt")
	}
}

func TestSaltRefusesWhatBindDoesNotMake(t *testing.T) {
	_, good, _ := bound(t, 2)
	for name, change := range map[string]func(Binding) Binding{
		"one place less": func(b Binding) Binding { return b[1:] },
		"none":           func(Binding) Binding { return nil },
		"out of order":   func(b Binding) Binding { slices.Reverse(b); return b },
		"a place twice":  func(b Binding) Binding { b[1] = b[0]; return b },
		"not a digest":   func(b Binding) Binding { b[0] = "sha256:x"; return b },
	} {
		if _, err := change(slices.Clone(good)).Salt(); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyASectionHasRestrictionsAndEverySectionHas(t *testing.T) {
	identity := newIdentity(t)
	restricted := map[string][]string{"recipients": {"agencyb", "agencyc"}}
	good := describe(t, mustSeal(t, []byte("x"), identity), identity, Commitment(make([]byte, SaltSize), nil))
	asSection := func(change func(*Descriptor)) Descriptor {
		d := good
		d.Part, d.Restrictions = NewSectionPart(), restricted
		change(&d)
		return d
	}
	if err := asSection(func(*Descriptor) {}).Validate(); err != nil {
		t.Fatal(err)
	}
	if err := asSection(func(d *Descriptor) { d.Restrictions = map[string][]string{"aLaterAxis": {"x"}} }).Validate(); err != nil {
		t.Errorf("an axis of a later version is not for the descriptor to judge: %v", err)
	}
	for name, change := range map[string]func(*Descriptor){
		"a restricted body":         func(d *Descriptor) { d.Part = "body" },
		"a section without":         func(d *Descriptor) { d.Restrictions = nil },
		"an empty set":              func(d *Descriptor) { d.Restrictions = map[string][]string{} },
		"an axis without terms":     func(d *Descriptor) { d.Restrictions = map[string][]string{"recipients": {}} },
		"terms out of order":        func(d *Descriptor) { d.Restrictions = map[string][]string{"recipients": {"c1", "b1"}} },
		"a term twice":              func(d *Descriptor) { d.Restrictions = map[string][]string{"recipients": {"b1", "b1"}} },
		"an axis with a space":      func(d *Descriptor) { d.Restrictions = map[string][]string{"re cipients": {"b1"}} },
		"an ordinal":                func(d *Descriptor) { d.Ordinal = 1 },
		"a section without a name":  func(d *Descriptor) { d.Part = "section-" },
		"a section with its number": func(d *Descriptor) { d.Part = "section-1" },
	} {
		if asSection(change).Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if plain, changed := good, asSection(func(d *Descriptor) { d.Part = "body" }); plain.Hash(Salt{}) == changed.Hash(Salt{}) {
		t.Error("restrictions are not part of the hash")
	}
}

func TestPaddingToAPlaceForEachPartyHidesHowManySectionsThereAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parties := rapid.IntRange(2, 40).Draw(t, "parties")
		used := rapid.IntRange(2, parties*PlacesPerParty).Draw(t, "used")
		hashes := make([]string, used)
		for n := range hashes {
			salt := NewSalt()
			hashes[n] = canonical.Digest(salt[:])
		}
		padded := PadTo(hashes, parties*PlacesPerParty)
		if err := CheckPadded(padded); err != nil {
			t.Fatal(err)
		}
		if want := len(PadTo(hashes[:1], parties*PlacesPerParty)); len(padded) != want {
			t.Fatalf("%d hashes give a list of %d, one gives %d", used, len(padded), want)
		}
	})
}
