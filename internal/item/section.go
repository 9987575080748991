package item

import (
	"errors"

	"github.com/concordat-hub/concordat/internal/restriction"
)

// MaxSections is how many restricted sections one content can have: the lists that
// hide how many there are have room for so many.
const MaxSections = 6

// Section is a passage of a content that only some of its readers may have.
type Section struct {
	Title        map[string]string // by language, for whoever may have the section
	Restrictions restriction.Set   // what binds it beside the release's own; never empty
	Canonical    []byte            // RFC 8785, with the restrictions in it: what a second officer approves and a receipt proves
}

// Sectioned is a content that can have restricted sections. Its Canonical and its
// Cover leave them out and are the same without them, byte for byte; its Validate,
// Screen and Render speak of all that it has.
type Sectioned interface {
	Content

	// Sections lists the restricted sections in the order in which Render shows
	// them. The order MUST be a function of each section alone, so that it says
	// nothing to who lacks one.
	Sections() []Section

	// Whole returns the RFC 8785 bytes of the content with its sections. Kind.Decode
	// of them returns the same content. They never leave the publisher's desk.
	Whole() []byte
}

// Joiner is a Kind whose contents can be Sectioned.
type Joiner interface {
	Kind

	// Join returns the content of a body with the sections that a reader has, by
	// their canonical bytes. The error is a Problems.
	Join(body Content, sections [][]byte) (Content, error)

	// DecodeSection reads one section strictly. The error is a Problems.
	DecodeSection(canonical []byte) (Section, error)
}

// SectionsOf returns the restricted sections of a content, none of one whose kind
// has no such thing.
func SectionsOf(content Content) []Section {
	if sectioned, ok := content.(Sectioned); ok {
		return sectioned.Sections()
	}
	return nil
}

// Whole returns the canonical bytes of all of a content: with its sections, or the
// body of one that has none.
func Whole(content Content) []byte {
	if sectioned, ok := content.(Sectioned); ok {
		return sectioned.Whole()
	}
	return content.Canonical()
}

// ErrNoSections says that a kind of item has no restricted sections.
var ErrNoSections = errors.New("this kind of item has no restricted sections")

// Joiner returns the named kind if it has restricted sections. The error is
// ErrUnknownKind or ErrNoSections.
func (k Kinds) Joiner(name string) (Joiner, error) {
	kind, known := k[name]
	if !known {
		return nil, ErrUnknownKind
	}
	joiner, ok := kind.(Joiner)
	if !ok {
		return nil, ErrNoSections
	}
	return joiner, nil
}
