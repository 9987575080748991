package item

import (
	"errors"
	"fmt"
)

// Kind reads drafts of one kind of item. Implementations are pure and safe for
// concurrent use.
type Kind interface {
	// Name is the stable name of the kind, for example "bulletin": lower-case
	// letters and hyphens. It stands in covers, acts and agreements.
	Name() string

	// Decode reads a draft, YAML or JSON, strictly: what it does not know it
	// refuses. A draft may be incomplete; Content.Validate says what is missing.
	// The error is a Problems: places and codes, never the text at fault.
	Decode(draft []byte) (Content, error)
}

// Content is one decoded version of an item.
type Content interface {
	// Canonical returns the RFC 8785 bytes of the body. They are what approvals
	// bind to, what is sealed and what a receipt proves. Kind.Decode of them
	// returns the same content.
	Canonical() []byte

	// Cover returns what may be shown before the content is opened. It carries
	// no item id: the desk sets Cover.Item.
	Cover() Cover

	// Validate lists everything that keeps the content from being released, in
	// the order of the draft; empty means it may go on to the guard.
	Validate() []Problem

	// Screen lists every text that a person wrote, for the guard. A text left
	// out here is not screened: a kind's tests must show that none is.
	Screen() []Text

	// Render returns the content for a person, as plain text in lang, or in the
	// authentic language where a translation is missing.
	Render(lang string) string
}

// Use says what a text is for, so that the guard can tell a citation from a
// passage. The zero Use is Prose, the strictest.
type Use int

const (
	// Prose is a passage in a language: everything is looked for.
	Prose Use = iota
	// Citation is the title of a public instrument or report, which may carry
	// its official words, number and date.
	Citation
	// PublicLink is the address of a public instrument.
	PublicLink
)

// Text is one passage of a content with its place.
type Text struct {
	Path  string // RFC 6901 pointer into the canonical body
	Lang  string // BCP 47, empty for texts without a language
	Use   Use
	Value string
}

// Kinds are the kinds that a program is wired with, by name.
type Kinds map[string]Kind

// ErrUnknownKind says that this program was not built with the kind.
var ErrUnknownKind = errors.New("unknown kind of item")

// NewKinds indexes kinds by their names; two of one name are a wiring defect.
func NewKinds(kinds ...Kind) (Kinds, error) {
	index := make(Kinds, len(kinds))
	for _, kind := range kinds {
		if _, taken := index[kind.Name()]; taken {
			return nil, fmt.Errorf("two kinds are named %q", kind.Name())
		}
		index[kind.Name()] = kind
	}
	return index, nil
}

// Decode reads a draft of the named kind. Without that kind the error is
// ErrUnknownKind, else it is Kind.Decode's.
func (k Kinds) Decode(name string, draft []byte) (Content, error) {
	kind, known := k[name]
	if !known {
		return nil, ErrUnknownKind
	}
	return kind.Decode(draft)
}
