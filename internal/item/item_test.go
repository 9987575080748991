package item

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNewIDIsAcceptedByParseID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "seed")
		id, err := NewID(bytes.NewReader(seed))
		if err != nil {
			t.Fatal(err)
		}
		if parsed, err := ParseID(string(id)); err != nil || parsed != id {
			t.Fatalf("ParseID(%s) = %s, %v", id, parsed, err)
		}
	})
}

func TestNewIDFailsWithoutRandomness(t *testing.T) {
	if id, err := NewID(strings.NewReader("short")); err == nil {
		t.Fatalf("an id was made of too little randomness: %s", id)
	}
}

func TestParseIDRefusesOtherSpellings(t *testing.T) {
	id, err := NewID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	valid := string(id)
	for name, s := range map[string]string{
		"empty":             "",
		"no prefix":         strings.TrimPrefix(valid, "itm-"),
		"agreement prefix":  "agr-" + strings.TrimPrefix(valid, "itm-"),
		"upper case":        strings.ToUpper(valid),
		"one short":         valid[:len(valid)-1],
		"one long":          valid + "a",
		"padding":           valid + "======",
		"newline":           valid + "\n",
		"unused bits set":   "itm-aaaaaaaaaaaaaaaaaaaaaaaaab",
		"foreign character": valid[:len(valid)-1] + "1",
	} {
		if _, err := ParseID(s); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func sampleCover() Cover {
	return Cover{
		Format: CoverFormat, Item: "itm-aaaaaaaaaaaaaaaaaaaaaaaaaa", Kind: "bulletin",
		Title:     map[string]string{"en": "A title", "fr": "Un titre"},
		Facets:    map[string][]string{"act": {"receipt", "recruitment"}},
		Languages: []string{"en", "fr"},
	}
}

func TestCoverSurvivesItsCanonicalForm(t *testing.T) {
	want := sampleCover()
	b, err := want.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeCover(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeCoverRefusesWhatNoDeskWrites(t *testing.T) {
	change := map[string]func(*Cover){
		"other format":           func(c *Cover) { c.Format = "concordat-cover/v9" },
		"bad item":               func(c *Cover) { c.Item = "itm-1" },
		"bad kind":               func(c *Cover) { c.Kind = "../bulletin" },
		"no language":            func(c *Cover) { c.Languages = nil; c.Title = nil },
		"title missing":          func(c *Cover) { c.Title = map[string]string{"en": "A title", "id": "Judul"} },
		"title too long":         func(c *Cover) { c.Title["en"] = strings.Repeat("a", MaxTitle+1) },
		"facet with a sentence":  func(c *Cover) { c.Facets["a sentence"] = []string{"x"} },
		"term with a sentence":   func(c *Cover) { c.Facets["act"] = []string{"a whole sentence"} },
		"terms out of order":     func(c *Cover) { c.Facets["act"] = []string{"b", "a"} },
		"term twice":             func(c *Cover) { c.Facets["act"] = []string{"a", "a"} },
		"facet without any term": func(c *Cover) { c.Facets["act"] = nil },
	}
	for name, apply := range change {
		cover := sampleCover()
		apply(&cover)
		b, err := cover.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeCover(b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	valid, _ := sampleCover().Canonical()
	for name, b := range map[string][]byte{
		"spaces":        append([]byte(" "), valid...),
		"unknown field": bytes.Replace(valid, []byte(`{"facets"`), []byte(`{"extra":1,"facets"`), 1),
		"too large":     bytes.Repeat([]byte("a"), MaxCoverBytes+1),
		"nothing":       nil,
	} {
		if _, err := DecodeCover(b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDecodeCoverNeverEchoesWhatItRefused(t *testing.T) {
	cover := sampleCover()
	cover.Facets["act"] = []string{"marker text"}
	b, _ := cover.Canonical()
	_, err := DecodeCover(b)
	if err == nil || strings.Contains(err.Error(), "marker") {
		t.Fatalf("error repeats the text: %v", err)
	}
}

func TestPointerEscapesAsRFC6901(t *testing.T) {
	if got, want := Pointer("/a", "b/c", "d~e"), "/a/b~1c/d~0e"; got != want {
		t.Errorf("Pointer = %s, want %s", got, want)
	}
}

type stubKind struct{ name string }

func (k stubKind) Name() string                   { return k.name }
func (k stubKind) Decode([]byte) (Content, error) { return nil, Problems{{Code: "malformed"}} }

func TestKinds(t *testing.T) {
	kinds, err := NewKinds(stubKind{"one"}, stubKind{"two"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kinds.Decode("three", nil); !errors.Is(err, ErrUnknownKind) {
		t.Errorf("unknown kind: %v", err)
	}
	var problems Problems
	if _, err := kinds.Decode("two", nil); !errors.As(err, &problems) {
		t.Errorf("known kind: %v", err)
	}
	if _, err := NewKinds(stubKind{"one"}, stubKind{"one"}); err == nil {
		t.Error("two kinds of one name were accepted")
	}
}
