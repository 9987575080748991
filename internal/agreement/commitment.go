package agreement

import (
	"errors"
	"slices"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
)

// MaxCommitmentSize bounds the canonical bytes of one commitment, as an accession
// carries them.
const MaxCommitmentSize = 24 << 10

// Commitment returns what the party of the document undertakes, or nil: a document
// of schema v1 says nothing of it.
func (d *Document) Commitment(name act.AgencyName) *Commitment {
	for i := range d.Commitments {
		if d.Commitments[i].Party == name {
			return &d.Commitments[i]
		}
	}
	return nil
}

// Gives reports whether who undertook this releases items of the kind.
func (c *Commitment) Gives(kind string) bool { return slices.Contains(c.Give, kind) }

// Receives reports whether who undertook this receives items of the kind.
func (c *Commitment) Receives(kind string) bool { return slices.Contains(c.Receive, kind) }

// RequiresReciprocity reports whether who gives something opens what others gave
// only once it has itself given.
func (d *Document) RequiresReciprocity() bool { return d.Reciprocity == "required" }

// UsualCommitment is to give and to receive every kind of the document as far as the
// party's role lets it.
func (d *Document) UsualCommitment(p *Party) *Commitment {
	c := &Commitment{Party: p.Agency, Give: []string{}, Receive: []string{}}
	if p.MayRelease() {
		c.Give = slices.Clone(d.ItemKinds)
	}
	if p.MayReceiveCovers() {
		c.Receive = slices.Clone(d.ItemKinds)
	}
	return c
}

// ParseCommitment reads the exact bytes in which an agency that accedes says what it
// undertakes: canonical JSON. The error is an *Error with a place inside the
// commitment. Whether it fits a document is asked of AdmitsCommitment.
func ParseCommitment(b []byte) (*Commitment, error) {
	if len(b) > MaxCommitmentSize {
		return nil, &Error{"commitment_malformed", "/"}
	}
	var c Commitment
	if err := canonical.Unmarshal(b, &c); err != nil {
		place := "/"
		var refused *canonical.Error
		if errors.As(err, &refused) && refused.Pointer != "" {
			place = refused.Pointer
		}
		return nil, &Error{"commitment_malformed", place}
	}
	// An empty list says that nothing is given; its absence would say the same in
	// another text.
	switch again, err := c.Bytes(); {
	case err != nil:
		return nil, err
	case string(again) != string(b):
		return nil, &Error{"commitment_malformed", "/"}
	}
	return &c, nil
}

// Bytes returns the canonical bytes of a commitment that stands by itself.
func (c *Commitment) Bytes() ([]byte, error) {
	switch {
	case c.Give == nil:
		return nil, &Error{"commitment_malformed", "/give"}
	case c.Receive == nil:
		return nil, &Error{"commitment_malformed", "/receive"}
	}
	if err := checkCharacters(c); err != nil {
		return nil, err
	}
	return canonical.Marshal(c)
}

// AdmitsCommitment returns an *Error, with a place inside the commitment, if a party
// that joins cannot undertake this: as of a commitment in the document, it is the
// party's own, and inside its role and the document's kinds.
func (d *Document) AdmitsCommitment(p *Party, c *Commitment) error {
	if c.Party != p.Agency {
		return wrong("clause_names_no_party", "/party")
	}
	return d.checkCommitment("", c, p)
}
