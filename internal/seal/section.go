package seal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// SectionFormat is the schema of a section's part.
const SectionFormat = "concordat-section/v1"

const (
	// MaxSections is how many restricted sections one content can have.
	MaxSections = 6
	// bindingSize is the length of every binding. Two places more than there can
	// be sections: at least two are random, and one of them alone hides the rest.
	bindingSize  = 8
	bindingLabel = "concordat-binding/v1"
	passageLabel = "concordat-passage/v1"
)

// PlacesPerParty is how many descriptor hashes each party of an agreement has
// room for in a release: cover, body and MaxSections sections. A list that is
// padded to that many times the parties has a length that the agreement alone
// gives, and says nothing about sections or readers.
const PlacesPerParty = 2 + MaxSections

var (
	sectionPattern  = regexp.MustCompile(`^section-[a-z2-7]{16}$`)
	axisPattern     = regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,62}$`)
	sectionEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
)

// NewSectionPart draws the name of a section's part: it says nothing about the
// section, its place or how many there are.
func NewSectionPart() string {
	var raw [10]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the program instead
	return "section-" + sectionEncoding.EncodeToString(raw[:])
}

// IsSection reports whether a part of this name is a restricted section.
func IsSection(part string) bool { return sectionPattern.MatchString(part) }

// Limits of the restrictions of one part. What an axis means is not judged here:
// one of a later version denies where it is decided.
const (
	maxAxes = 64
	maxTerm = 256
)

// sectionIsRestricted: a section has restrictions, and nothing else has.
func (d Descriptor) sectionIsRestricted() bool {
	if !IsSection(d.Part) {
		return d.Restrictions == nil
	}
	if d.Ordinal != 0 || len(d.Restrictions) == 0 || len(d.Restrictions) > maxAxes {
		return false
	}
	for axis, terms := range d.Restrictions {
		if !axisPattern.MatchString(axis) || len(terms) == 0 || len(terms) > MaxRecipients {
			return false
		}
		for n, term := range terms {
			if term == "" || len(term) > maxTerm || n > 0 && terms[n-1] >= term {
				return false
			}
		}
	}
	return true
}

// Binding ties the restricted sections of a content to its body without a trace
// in it. It has eight digests in ascending order: a salted commitment to each
// section, and random ones in the other places. Its Salt is the salt under which
// the body is framed. So the commitment to the body, which a second officer
// approves and the publisher signs, is one to every section too; a reader of the
// body sees a random salt, and a reader of one section cannot tell the others'
// places from random ones.
type Binding []string

// Passage is one section on its way into a part: its canonical bytes and the salt
// of its place in the binding.
type Passage struct {
	Salt    Salt
	Section []byte
}

// NewPassage adds a fresh salt.
func NewPassage(section []byte) Passage { return Passage{NewSalt(), section} }

func (p Passage) place() string { return labelled(passageLabel, p.Salt[:], p.Section) }

// Bind makes the binding of at most MaxSections passages. The random places are
// drawn anew: keep the result.
func Bind(passages []Passage) (Binding, error) {
	if len(passages) > MaxSections {
		return nil, fmt.Errorf("%w: %d sections, at most %d", ErrTooLarge, len(passages), MaxSections)
	}
	b := make(Binding, 0, bindingSize)
	for _, p := range passages {
		b = append(b, p.place())
	}
	for len(b) < bindingSize {
		dummy := NewSalt()
		b = append(b, "sha256:"+hex.EncodeToString(dummy[:]))
	}
	slices.Sort(b)
	return b, nil
}

// Salt returns SHA-256("concordat-binding/v1" || digests), 32 bytes each. The
// error wraps ErrMismatch and is of a binding that Bind did not make.
func (b Binding) Salt() ([]byte, error) {
	if len(b) != bindingSize {
		return nil, fmt.Errorf("%w: a binding of %d places", ErrMismatch, len(b))
	}
	h := sha256.New()
	h.Write([]byte(bindingLabel))
	for n, place := range b {
		if !digestPattern.MatchString(place) || n > 0 && b[n-1] >= place {
			return nil, fmt.Errorf("%w: place %d of a binding", ErrMismatch, n)
		}
		raw, _ := hex.DecodeString(place[len("sha256:"):]) // the pattern says that they are digits
		h.Write(raw)
	}
	return h.Sum(nil), nil
}

// sealedSection is the RFC 8785 content of a section's part.
type sealedSection struct {
	Binding Binding        `json:"binding"`
	Format  string         `json:"format"`
	Salt    Salt           `json:"salt"`
	Section jsontext.Value `json:"section"`
}

// EncodeSection returns the content of a section's part. The section must be
// canonical.
func EncodeSection(p Passage, b Binding) ([]byte, error) {
	content, err := canonical.Marshal(sealedSection{b, SectionFormat, p.Salt, jsontext.Value(p.Section)})
	if err != nil {
		return nil, err
	}
	if _, err := DecodeSection(content, nil); err != nil {
		return nil, err
	}
	return content, nil
}

// DecodeSection returns the canonical bytes of the section in a part's content,
// having checked that it is one of those that the binding commits to, and that
// the body was framed under the binding's salt: what was approved with this body
// is this section. A nil bodySalt leaves the second check out, for content that
// had it before. The error wraps ErrMismatch.
func DecodeSection(content, bodySalt []byte) (section []byte, err error) {
	var s sealedSection
	if err := canonical.Unmarshal(content, &s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMismatch, err)
	}
	salt, err := s.Binding.Salt()
	if err != nil {
		return nil, err
	}
	passage := Passage{s.Salt, s.Section}
	switch {
	case s.Format != SectionFormat:
		return nil, fmt.Errorf("%w: section's format", ErrMismatch)
	case !slices.Contains(s.Binding, passage.place()):
		return nil, fmt.Errorf("%w: the section is not among those that were bound", ErrMismatch)
	case bodySalt != nil && !slices.Equal(salt, bodySalt):
		return nil, fmt.Errorf("%w: the section is not bound to this body", ErrMismatch)
	}
	return passage.Section, nil
}
