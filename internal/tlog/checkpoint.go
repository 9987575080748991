package tlog

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// MaxOrigin is the longest origin and key name, in bytes: what the ML-DSA
// cosignature of C2SP can carry, so that a log can be cosigned so later.
const MaxOrigin = 255

// Checkpoint is the head of the log: a note text of three lines (C2SP
// tlog-checkpoint). This log writes no extension lines and reads none: monitors
// cannot audit them.
type Checkpoint struct {
	Origin string   // hub id
	Size   int64    // number of leaves
	Root   [32]byte // RFC 6962 root at that size
}

// Marshal returns the note text, with its final newline.
func (c Checkpoint) Marshal() []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// ParseCheckpoint reads what Marshal wrote. The error wraps ErrMalformed.
func ParseCheckpoint(text []byte) (Checkpoint, error) {
	lines := strings.Split(string(text), "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint does not have three lines", ErrMalformed)
	}
	size, err := parseDecimal(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint size: %w", err)
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint root: %w", err)
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root}
	return c, c.validate()
}

func (c Checkpoint) validate() error {
	if !ValidName(c.Origin) {
		return fmt.Errorf("%w: checkpoint origin", ErrMalformed)
	}
	if c.Size < 0 || (c.Size == 0 && c.Root != emptyRoot) {
		return fmt.Errorf("%w: checkpoint of size %d has a root of another", ErrMalformed, c.Size)
	}
	return nil
}

// SignCheckpoint returns the checkpoint as a signed note, one signature line per
// signer in order. The first signer is the log's and its name must be the origin.
func SignCheckpoint(c Checkpoint, signers ...note.Signer) ([]byte, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	if len(signers) == 0 || signers[0].Name() != c.Origin {
		return nil, fmt.Errorf("checkpoint of %q is signed by another name", c.Origin)
	}
	signed, err := note.Sign(&note.Note{Text: string(c.Marshal())}, signers...)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return signed, nil
}

// OpenCheckpoint reads a signed checkpoint and verifies the log's signature. The
// origin must be the log's name. Errors: ErrMalformed, ErrSignature.
func OpenCheckpoint(signed []byte, log note.Verifier) (Checkpoint, error) {
	c, _, err := OpenCosigned(signed, log)
	return c, err
}

// OpenCosigned verifies the log's signature and that of every witness given. It
// returns the cosignatures that it found, at most one per key, in the order of
// the note. Lines of unknown keys are ignored, as signed-note asks; a bad
// signature of a known key is an error, as is a second one of the same key.
func OpenCosigned(signed []byte, log note.Verifier, witnesses ...*Cosigner) (Checkpoint, []Cosignature, error) {
	text, lines, err := splitNote(signed)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	c, err := ParseCheckpoint(text)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	if log == nil || c.Origin != log.Name() {
		return Checkpoint{}, nil, fmt.Errorf("%w: the checkpoint is of another log", ErrSignature)
	}
	known := map[keyID]note.Verifier{idOf(log): log}
	for _, w := range witnesses {
		if known[w.id] != nil {
			return Checkpoint{}, nil, fmt.Errorf("%w: two known keys have the id of %s", ErrSignature, w.Name())
		}
		known[w.id] = w
	}
	var cosignatures []Cosignature
	seen := map[keyID]bool{}
	for _, line := range lines {
		v, ok := known[line.id]
		if !ok {
			continue
		}
		if seen[line.id] || !v.Verify(text, line.signature) {
			return Checkpoint{}, nil, fmt.Errorf("%w of %s is invalid or there twice", ErrSignature, line.id.name)
		}
		seen[line.id] = true
		if w, ok := v.(*Cosigner); ok {
			cosignatures = append(cosignatures, w.read(line))
		}
	}
	if !seen[idOf(log)] {
		return Checkpoint{}, nil, fmt.Errorf("%w of the log is missing", ErrSignature)
	}
	return c, cosignatures, nil
}

// ValidName says whether a string can be an origin and a key name: not empty, at
// most MaxOrigin bytes, no plus and nothing but graphic characters without spaces
// (C2SP signed-note, "Format").
func ValidName(name string) bool {
	if name == "" || len(name) > MaxOrigin || !utf8.ValidString(name) || strings.Contains(name, "+") {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }) < 0
}

// parseDecimal reads a non-negative decimal without sign or leading zeroes.
func parseDecimal(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%w: not a decimal without leading zeroes", ErrMalformed)
	}
	return n, nil
}

// parseHash reads one hash in the standard base64 of RFC 4648, section 4, with
// no spare bits set.
func parseHash(s string) (Hash, error) {
	b, err := decodeBase64(s)
	if err != nil || len(b) != HashSize {
		return Hash{}, fmt.Errorf("%w: not a hash in base64", ErrMalformed)
	}
	return Hash(b), nil
}

func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, ErrMalformed // the decoder would skip them
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}
