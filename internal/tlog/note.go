package tlog

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// Signature types of C2SP signed-note, section "Signature types".
const (
	typeEd25519     = 0x01
	typeCosignature = 0x04
)

const (
	maxNote       = 64 << 10 // a checkpoint with a hundred cosignatures is below 20 KiB
	maxSignatures = 256
)

// keyID is the pair that identifies a key in signature lines.
type keyID struct {
	name string
	hash uint32
}

func idOf(v interface {
	Name() string
	KeyHash() uint32
}) keyID {
	return keyID{v.Name(), v.KeyHash()}
}

// keyHash returns SHA-256(name || "\n" || type || public key)[:4], big-endian.
func keyHash(name string, kind byte, public ed25519.PublicKey) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	h.Write([]byte{kind})
	h.Write(public)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func formatVKey(name string, kind byte, public ed25519.PublicKey) string {
	material := append([]byte{kind}, public...)
	return fmt.Sprintf("%s+%08x+%s", name, keyHash(name, kind, public), base64.StdEncoding.EncodeToString(material))
}

// VKey returns the verifier key of a log: name, key id and public key (C2SP
// signed-note, "Verifier keys", type 0x01). The name must be a ValidName.
func VKey(name string, public ed25519.PublicKey) string { return formatVKey(name, typeEd25519, public) }

// parseVKey is the inverse of formatVKey.
func parseVKey(vkey string) (name string, kind byte, public ed25519.PublicKey, err error) {
	bad := fmt.Errorf("%w: not a verifier key", ErrMalformed)
	parts := strings.Split(vkey, "+")
	if len(parts) < 3 {
		return "", 0, nil, bad
	}
	// The base64 of the key may hold a plus too; the name may not.
	material, err := decodeBase64(strings.Join(parts[2:], "+"))
	if err != nil || len(material) != 1+ed25519.PublicKeySize || !ValidName(parts[0]) {
		return "", 0, nil, bad
	}
	name, kind, public = parts[0], material[0], material[1:]
	if formatVKey(name, kind, public) != vkey {
		return "", 0, nil, fmt.Errorf("%w: key id of the verifier key", ErrMalformed)
	}
	return name, kind, public, nil
}

// NewVerifier reads a VKey. A cosigner's key is refused: see ParseCosigner.
func NewVerifier(vkey string) (note.Verifier, error) {
	name, kind, public, err := parseVKey(vkey)
	if err != nil {
		return nil, err
	}
	if kind != typeEd25519 {
		return nil, fmt.Errorf("%w: verifier key of type %#02x, want 0x01", ErrMalformed, kind)
	}
	return &verifier{keyID{name, keyHash(name, kind, public)}, public}, nil
}

type verifier struct {
	id     keyID
	public ed25519.PublicKey
}

func (v *verifier) Name() string    { return v.id.name }
func (v *verifier) KeyHash() uint32 { return v.id.hash }
func (v *verifier) Verify(message, signature []byte) bool {
	return len(signature) == ed25519.SignatureSize && ed25519.Verify(v.public, message, signature)
}

// NewSigner signs notes as name with an Ed25519 key that may be elsewhere, for
// example in Vault. Each signature is verified before it is used.
func NewSigner(name string, key crypto.Signer) (note.Signer, error) {
	public, err := publicKey(name, key)
	if err != nil {
		return nil, err
	}
	return &signer{keyID{name, keyHash(name, typeEd25519, public)}, key, public}, nil
}

func publicKey(name string, key crypto.Signer) (ed25519.PublicKey, error) {
	if !ValidName(name) {
		return nil, fmt.Errorf("%w: key name", ErrMalformed)
	}
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok || len(public) != ed25519.PublicKeySize {
		return nil, errors.New("signing key is not Ed25519")
	}
	return public, nil
}

type signer struct {
	id     keyID
	key    crypto.Signer
	public ed25519.PublicKey
}

func (s *signer) Name() string    { return s.id.name }
func (s *signer) KeyHash() uint32 { return s.id.hash }
func (s *signer) Sign(message []byte) ([]byte, error) {
	return signVerified(s.key, s.public, message)
}

// signVerified guards against a key that was replaced or restored behind its
// name: a signature that does not verify under the pinned public key is never
// published.
func signVerified(key crypto.Signer, public ed25519.PublicKey, message []byte) ([]byte, error) {
	signature, err := key.Sign(rand.Reader, message, crypto.Hash(0))
	if err != nil {
		return nil, err
	}
	if len(signature) != ed25519.SignatureSize || !ed25519.Verify(public, message, signature) {
		return nil, fmt.Errorf("%w: the signer answered with one that does not verify", ErrSignature)
	}
	return signature, nil
}

// signatureLine is one line below the text of a note.
type signatureLine struct {
	id        keyID
	signature []byte // without the key id
}

func (l signatureLine) String() string {
	b := binary.BigEndian.AppendUint32(nil, l.id.hash)
	b = append(b, l.signature...)
	return "— " + l.id.name + " " + base64.StdEncoding.EncodeToString(b) + "\n"
}

// splitNote separates text and signature lines and is stricter than note.Open,
// which accepts base64 with spare bits set: a byte changed there would go
// unnoticed. The error wraps ErrMalformed.
func splitNote(signed []byte) (text []byte, lines []signatureLine, err error) {
	if len(signed) > maxNote || !utf8.Valid(signed) || bytes.ContainsFunc(signed, isControl) {
		return nil, nil, fmt.Errorf("%w: not a signed note", ErrMalformed)
	}
	cut := bytes.LastIndex(signed, []byte("\n\n"))
	if cut < 0 {
		return nil, nil, fmt.Errorf("%w: note without signatures", ErrMalformed)
	}
	text = signed[: cut+1 : cut+1]
	lines, err = parseSignatureLines(signed[cut+2:])
	return text, lines, err
}

func isControl(r rune) bool { return r < 0x20 && r != '\n' }

func parseSignatureLines(block []byte) ([]signatureLine, error) {
	if !bytes.HasSuffix(block, []byte("\n")) {
		return nil, fmt.Errorf("%w: signature lines do not end in a newline", ErrMalformed)
	}
	var lines []signatureLine
	for raw := range bytes.Lines(block) {
		name, encoded, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(string(raw), "— "), "\n"), " ")
		b, err := decodeBase64(encoded)
		if err != nil || len(b) < 5 || !ValidName(name) || len(lines) == maxSignatures {
			return nil, fmt.Errorf("%w: signature line %d", ErrMalformed, len(lines)+1)
		}
		line := signatureLine{keyID{name, binary.BigEndian.Uint32(b)}, b[4:]}
		if line.String() != string(raw) {
			return nil, fmt.Errorf("%w: signature line %d", ErrMalformed, len(lines)+1)
		}
		lines = append(lines, line)
	}
	return lines, nil
}
