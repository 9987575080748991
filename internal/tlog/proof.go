package tlog

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

const (
	proofHeader = "c2sp.org/tlog-proof@v1"
	// MaxProof bounds what ParseProof reads, in bytes: an act of the largest kind
	// is base64 in its JWS, in its entry and again in `extra`.
	MaxProof = 4 << 20
	// maxProofHashes is the height of the tallest tree an int64 can count.
	maxProofHashes = 63
)

// Proof is an offline proof that a leaf is in the log (C2SP tlog-proof@v1).
// Extra is authenticated by nothing but what the application makes of it.
type Proof struct {
	Extra      []byte // opaque; none if empty
	Index      int64  // of the leaf
	Hashes     []Hash // inclusion proof, from the leaf's sibling up
	Checkpoint []byte // signed note, verbatim
}

// Marshal returns the text form; files of it end in .tlog-proof.
func (p Proof) Marshal() []byte {
	var b bytes.Buffer
	b.WriteString(proofHeader + "\n")
	if len(p.Extra) > 0 {
		b.WriteString("extra " + base64.StdEncoding.EncodeToString(p.Extra) + "\n")
	}
	fmt.Fprintf(&b, "index %d\n", p.Index)
	for _, h := range p.Hashes {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	b.WriteString("\n")
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// ParseProof reads what Marshal wrote and verifies nothing. The checkpoint must
// have the form of one. The error wraps ErrMalformed.
func ParseProof(b []byte) (Proof, error) {
	if len(b) > MaxProof {
		return Proof{}, fmt.Errorf("%w: proof of %d bytes, at most %d", ErrMalformed, len(b), MaxProof)
	}
	head, checkpoint, ok := bytes.Cut(b, []byte("\n\n"))
	if !ok {
		return Proof{}, fmt.Errorf("%w: proof without a checkpoint", ErrMalformed)
	}
	lines := strings.Split(string(head), "\n")
	if lines[0] != proofHeader {
		return Proof{}, fmt.Errorf("%w: first line is not %s", ErrMalformed, proofHeader)
	}
	lines = lines[1:]
	var p Proof
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		extra, err := decodeBase64(lines[0][len("extra "):])
		if err != nil || len(extra) == 0 {
			return Proof{}, fmt.Errorf("%w: extra line", ErrMalformed)
		}
		p.Extra, lines = extra, lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return Proof{}, fmt.Errorf("%w: no index line", ErrMalformed)
	}
	index, err := parseDecimal(lines[0][len("index "):])
	if err != nil {
		return Proof{}, fmt.Errorf("proof index: %w", err)
	}
	p.Index, lines = index, lines[1:]
	if len(lines) > maxProofHashes {
		return Proof{}, fmt.Errorf("%w: %d hashes", ErrMalformed, len(lines))
	}
	for _, line := range lines {
		h, err := parseHash(line)
		if err != nil {
			return Proof{}, fmt.Errorf("proof hash: %w", err)
		}
		p.Hashes = append(p.Hashes, h)
	}
	text, _, err := splitNote(checkpoint)
	if err != nil {
		return Proof{}, err
	}
	if _, err := ParseCheckpoint(text); err != nil {
		return Proof{}, err
	}
	p.Checkpoint = bytes.Clone(checkpoint)
	return p, nil
}

// Verify checks that the checkpoint is of the log and that leaf is at the proof's
// index in it; cosignatures of the given witnesses are verified and returned, and
// how many are enough is the caller's policy. Errors: ErrMalformed, ErrSignature,
// ErrProof.
func (p Proof) Verify(leaf [32]byte, log note.Verifier, witnesses ...*Cosigner) (Checkpoint, []Cosignature, error) {
	c, cosignatures, err := OpenCosigned(p.Checkpoint, log, witnesses...)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	if err := CheckInclusion(p.Hashes, c.Size, c.Root, p.Index, leaf); err != nil {
		return Checkpoint{}, nil, err
	}
	return c, cosignatures, nil
}
