package compose

import (
	"bytes"
	"maps"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/cli/keyring"
)

// Next composes the revision that follows last, whose digest is given: its id, its
// number, what it supersedes and the digests of its texts are filled in where the
// source leaves them out or still has those of last. A source of another agreement is refused: its terms
// would replace those of this one. Bytes that are a document are taken verbatim and
// must be the next revision already.
func Next(input []byte, known *keyring.Ring, last *agreement.Document, digest string) (*Composed, error) {
	for _, verbatim := range [][]byte{input, bytes.TrimRight(input, "\r\n")} {
		document, found, err := agreement.Parse(verbatim)
		if err != nil {
			continue
		}
		if document.ID != last.ID || document.Revision != last.Revision+1 || document.Supersedes != digest {
			return nil, &Error{Code: "not_the_next_revision", Place: "/revision"}
		}
		return &Composed{Document: document, Bytes: verbatim, Digest: found}, nil
	}
	return compose(input, known, func(d *agreement.Document, t *tree) error {
		switch {
		case d.ID != "" && d.ID != last.ID:
			return t.refuse("not_the_next_revision", "/id")
		case d.Revision != 0 && d.Revision != last.Revision && d.Revision != last.Revision+1:
			return t.refuse("not_the_next_revision", "/revision")
		case d.Supersedes != "" && d.Supersedes != last.Supersedes && d.Supersedes != digest:
			return t.refuse("not_the_next_revision", "/supersedes")
		}
		d.ID, d.Revision, d.Supersedes = last.ID, last.Revision+1, digest
		if maps.Equal(d.Texts, last.Texts) {
			d.Texts = nil // of the last revision's words, and not of these
		}
		return nil
	})
}
