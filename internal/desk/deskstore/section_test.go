package deskstore

import (
	"errors"
	"testing"
)

// A section is kept beside its body with a lease of its own, and goes with it.
func TestASectionIsKeptAndErasedApartFromItsBody(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	const part, other = "section-abcdefghijklmnop", "section-bbbbbbbbbbbbbbbb"
	for _, k := range []Kept{
		{Release: "r", Officer: "o", Purpose: "training", Until: 20, Secret: KeptSecret{Content: []byte("body")}},
		{Release: "r", Officer: "o", Purpose: "training", Part: part, Until: 10, Secret: KeptSecret{Content: []byte("section")}},
		{Release: "r", Officer: "o", Purpose: "training", Part: other, Until: 10, Secret: KeptSecret{Content: []byte("other")}},
		{Release: "q", Officer: "o", Purpose: "training", Part: part, Until: 10, Secret: KeptSecret{Content: []byte("another release")}},
	} {
		if err := s.PutKept(ctx, k); err != nil {
			t.Fatal(err)
		}
	}
	kept := func(release, part string) string {
		k, err := s.Kept(ctx, release, "o", "training", part)
		if errors.Is(err, ErrNotFound) {
			return ""
		}
		if err != nil || k.Part != part {
			t.Fatalf("%+v, %v", k, err)
		}
		return string(k.Secret.Content)
	}
	list, err := s.KeptReleases(ctx)
	if err != nil || len(list) != 4 || list[1].Purpose != "training" || list[1].Part != "" || list[2].Purpose != "training" || list[2].Part != part {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := s.ErasePart(ctx, "r", part); err != nil {
		t.Fatal(err)
	}
	if kept("r", part) != "" || kept("r", "") != "body" || kept("r", other) != "other" || kept("q", part) != "another release" {
		t.Error("not exactly one section was erased")
	}
	if err := s.Erase(ctx, "r"); err != nil {
		t.Fatal(err)
	}
	if kept("r", "") != "" || kept("r", other) != "" {
		t.Error("a section stays when its body goes")
	}
}

func TestADraftKeepsItsSectionsEncrypted(t *testing.T) {
	s := open(t)
	want := draft("one", 1, "first")
	want.Secret.Whole, want.Secret.Sections = []byte("whole"), []SectionSecret{{Content: []byte("section"), Salt: []byte("salt")}}
	if err := s.AddDraft(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got, err := s.Draft(t.Context(), "one")
	if err != nil || len(got.Secret.Sections) != 1 || string(got.Secret.Sections[0].Content) != "section" || string(got.Secret.All()) != "whole" {
		t.Fatalf("%+v, %v", got, err)
	}
	if plain := draft("two", 1, "first"); string(plain.Secret.All()) != string(plain.Secret.Canonical) {
		t.Error("a draft without sections is more than its body")
	}
}
