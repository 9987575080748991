package seal

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"filippo.io/age"
)

// AnyStanzas is for a reader that cannot know how many recipients a part has.
const AnyStanzas = -1

// The hybrid stanza (age-encryption.org/v1, mlkem768x25519): one argument, the
// HPKE encapsulation (1088 bytes of ML-KEM-768 and 32 of X25519), and a body of
// the 16-byte file key with a 16-byte tag.
const (
	hybridType     = "mlkem768x25519"
	hybridEncBytes = 1088 + 32
	hybridKeyBytes = 16 + 16
)

// Split cuts a sealed file after its header, which ends with the line of the
// MAC. Both results alias file. The reader given to age is bounded, and the cut
// is at the length of the header that age wrote back: age reads past it.
func Split(file []byte) (header, body []byte, err error) {
	bounded := file
	if len(bounded) > MaxHeader {
		bounded = bounded[:MaxHeader]
	}
	exact, err := age.ExtractHeader(bytes.NewReader(bounded))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: not parsed", ErrHeader)
	}
	if !bytes.HasPrefix(file, exact) {
		return nil, nil, fmt.Errorf("%w: not in canonical form", ErrHeader)
	}
	n := len(exact)
	return file[:n:n], file[n:], nil
}

// Join is the inverse of Split; the result is a new slice.
func Join(header, body []byte) []byte {
	file := make([]byte, 0, len(header)+len(body))
	return append(append(file, header...), body...)
}

// CheckHeader accepts exactly one age header, nothing after it, with
// wantStanzas stanzas (or AnyStanzas) that are all well-formed hybrid ones.
// Stanzas carry no recipient: a count that differs from the descriptors is the
// only sign that somebody was added who should not read. It cannot check who
// they are for. The error wraps ErrHeader.
func CheckHeader(header []byte, wantStanzas int) error {
	exact, rest, err := Split(header)
	if err != nil {
		return err
	}
	if len(rest) != 0 {
		return fmt.Errorf("%w: %d bytes after the MAC", ErrHeader, len(rest))
	}
	// age has accepted the grammar and the form is canonical, so a line that
	// begins with "-> " opens a stanza: base64 has no hyphen.
	lines := bytes.Split(exact, []byte("\n"))
	stanzas := 0
	for n, line := range lines {
		if !bytes.HasPrefix(line, []byte("-> ")) {
			continue
		}
		stanzas++
		if err := checkStanza(line, lines[n+1]); err != nil {
			return fmt.Errorf("stanza %d: %w", stanzas, err)
		}
	}
	if wantStanzas != AnyStanzas && stanzas != wantStanzas {
		return fmt.Errorf("%w: %d stanzas, want %d", ErrHeader, stanzas, wantStanzas)
	}
	return nil
}

// checkStanza refuses all but the hybrid form. A malformed body would make age
// stop at it, and so keep every later recipient from opening the file.
func checkStanza(opening, body []byte) error {
	fields := bytes.Split(opening, []byte(" "))
	if len(fields) != 3 || string(fields[1]) != hybridType {
		return fmt.Errorf("%w: not of type %s", ErrHeader, hybridType)
	}
	if base64.RawStdEncoding.DecodedLen(len(fields[2])) != hybridEncBytes {
		return fmt.Errorf("%w: wrong length of encapsulation", ErrHeader)
	}
	if _, err := base64.RawStdEncoding.Strict().DecodeString(string(fields[2])); err != nil {
		return fmt.Errorf("%w: encapsulation is not base64", ErrHeader)
	}
	// A line shorter than 64 columns is a body's last: this is all of it.
	if base64.RawStdEncoding.DecodedLen(len(body)) != hybridKeyBytes {
		return fmt.Errorf("%w: wrong length of wrapped key", ErrHeader)
	}
	return nil
}
