package tlog

import (
	"crypto"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Cosigner is the public side of a witness: it verifies Ed25519 cosignatures
// (C2SP tlog-cosignature, cosignature/v1) and is a note.Verifier. A witness needs
// a key of its own: the signed message does not name the cosigner.
type Cosigner struct {
	id     keyID
	public ed25519.PublicKey
}

// Cosignature says that at Time the named witness had seen no larger consistent
// tree of that log than the one cosigned.
type Cosignature struct {
	Name    string    // of the witness
	KeyHash uint32    // its key id
	Time    time.Time // UTC, whole seconds
}

// CosignerVKey returns the verifier key of a witness (type 0x04). The name must
// be a ValidName.
func CosignerVKey(name string, public ed25519.PublicKey) string {
	return formatVKey(name, typeCosignature, public)
}

// ParseCosigner reads a CosignerVKey.
func ParseCosigner(vkey string) (*Cosigner, error) {
	name, kind, public, err := parseVKey(vkey)
	if err != nil {
		return nil, err
	}
	if kind != typeCosignature {
		return nil, fmt.Errorf("%w: verifier key of type %#02x, want 0x04", ErrMalformed, kind)
	}
	return &Cosigner{keyID{name, keyHash(name, kind, public)}, public}, nil
}

// Name implements note.Verifier.
func (c *Cosigner) Name() string { return c.id.name }

// KeyHash implements note.Verifier.
func (c *Cosigner) KeyHash() uint32 { return c.id.hash }

// Verify implements note.Verifier for a timestamped_signature over the text of a
// checkpoint.
func (c *Cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	seconds := binary.BigEndian.Uint64(signature)
	// SPEC: "It MUST NOT exceed 2^63 - 1."
	return seconds <= math.MaxInt64 && ed25519.Verify(c.public, cosignedMessage(seconds, text), signature[8:])
}

func (c *Cosigner) read(line signatureLine) Cosignature {
	seconds := binary.BigEndian.Uint64(line.signature)
	return Cosignature{Name: c.id.name, KeyHash: c.id.hash, Time: time.Unix(int64(seconds), 0).UTC()}
}

// SPEC: "two newline terminated lines (one header line and one timestamp line)
// followed by the whole note body of the cosigned checkpoint".
func cosignedMessage(seconds uint64, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", seconds), text...)
}

// Witness is the signing side of a Cosigner. It signs whatever checkpoint it is
// given: whoever holds it has verified the log's signature, checked consistency
// with the latest checkpoint cosigned before, and stored the new one, before the
// cosignature leaves.
type Witness struct {
	Cosigner
	key crypto.Signer
}

// NewWitness signs as name with an Ed25519 key, which may be in Vault.
func NewWitness(name string, key crypto.Signer) (*Witness, error) {
	public, err := publicKey(name, key)
	if err != nil {
		return nil, err
	}
	return &Witness{Cosigner{keyID{name, keyHash(name, typeCosignature, public)}, public}, key}, nil
}

// Cosign returns the signature line for a checkpoint, as the answer of C2SP
// tlog-witness add-checkpoint carries it. at must not be before 1970.
func (w *Witness) Cosign(c Checkpoint, at time.Time) ([]byte, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	signature, err := w.At(at).Sign(c.Marshal())
	if err != nil {
		return nil, err
	}
	return []byte(signatureLine{w.id, signature}.String()), nil
}

// At returns the witness as a note.Signer at a moment, for SignCheckpoint.
func (w *Witness) At(at time.Time) note.Signer { return witnessAt{w, at} }

type witnessAt struct {
	*Witness
	at time.Time
}

func (w witnessAt) Sign(text []byte) ([]byte, error) {
	if w.at.Unix() < 0 {
		return nil, fmt.Errorf("cosign: time %d is before 1970", w.at.Unix())
	}
	seconds := uint64(w.at.Unix())
	signature, err := signVerified(w.key, w.public, cosignedMessage(seconds, text))
	if err != nil {
		return nil, fmt.Errorf("cosign: %w", err)
	}
	return append(binary.BigEndian.AppendUint64(nil, seconds), signature...), nil
}

// AddCosignature verifies a line that a witness answered with and returns the
// checkpoint with it. A bad line is refused and changes nothing: stored with the
// checkpoint, it would make every later reader refuse the whole note. An earlier
// cosignature of the same key is replaced.
func AddCosignature(signed []byte, log note.Verifier, witness *Cosigner, line []byte) ([]byte, error) {
	if _, err := OpenCheckpoint(signed, log); err != nil {
		return nil, err
	}
	text, lines, err := splitNote(signed)
	if err != nil {
		return nil, err
	}
	added, err := parseSignatureLines(line)
	if err != nil {
		return nil, err
	}
	if len(added) != 1 || added[0].id != witness.id || !witness.Verify(text, added[0].signature) {
		return nil, fmt.Errorf("%w of %s does not verify", ErrSignature, witness.Name())
	}
	out := append(append([]byte{}, text...), '\n')
	for _, l := range lines {
		if l.id != witness.id {
			out = append(out, l.String()...)
		}
	}
	return append(out, added[0].String()...), nil
}
