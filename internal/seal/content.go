package seal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// SaltSize is the length of every salt of this package, in bytes.
const SaltSize = 32

const (
	contentLabel    = "concordat-content/v1"
	descriptorLabel = "concordat-descriptor/v1"
)

// Frame puts a fresh salt before content, ready to be sealed, and returns the
// commitment that goes into the descriptor. Because the salt travels only inside
// the sealed part, who knows the commitment alone cannot test guesses.
// Content beyond MaxContent is ErrTooLarge.
func Frame(content []byte) (framed []byte, commitment string, salt []byte, err error) {
	salt = make([]byte, SaltSize)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the program instead
	framed, commitment, err = FrameWith(salt, content)
	if err != nil {
		return nil, "", nil, err
	}
	return framed, commitment, salt, nil
}

// FrameWith is Frame with a salt that was fixed before: an approval binds the
// commitment, so content that was approved is sealed under the same salt. The
// salt MUST have come from crypto/rand for this one content.
func FrameWith(salt, content []byte) (framed []byte, commitment string, err error) {
	if len(content) > MaxContent {
		return nil, "", fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(content), MaxContent)
	}
	if len(salt) != SaltSize {
		return nil, "", fmt.Errorf("%w: a salt of %d bytes", ErrMismatch, len(salt))
	}
	framed = make([]byte, 0, SaltSize+len(content))
	framed = append(append(framed, salt...), content...)
	return framed, Commitment(salt, content), nil
}

// Unframe separates what Frame joined. The results alias framed.
func Unframe(framed []byte) (content, salt []byte, err error) {
	if len(framed) < SaltSize {
		return nil, nil, fmt.Errorf("%w: %d bytes are too few for a salt", ErrMismatch, len(framed))
	}
	return framed[SaltSize:], framed[:SaltSize:SaltSize], nil
}

// Commitment returns "sha256:" and the hexadecimal digits of
// SHA-256("concordat-content/v1" || salt || SHA-256(content)). A salt that is
// not SaltSize bytes long gives "", which equals no commitment: with a free
// length, two splits of the same bytes could share one commitment.
func Commitment(salt, content []byte) string {
	if len(salt) != SaltSize {
		return ""
	}
	return labelled(contentLabel, salt, content)
}

func labelled(label string, salt, message []byte) string {
	inner := sha256.Sum256(message)
	h := sha256.New()
	h.Write([]byte(label))
	h.Write(salt)
	h.Write(inner[:])
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
