package deskstore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
)

// KeySize is the length of the store key, in bytes.
const KeySize = 32

// ErrDamaged: a row does not decrypt at its place. It was changed, moved from
// another row, or written under another key.
var ErrDamaged = errors.New("a stored row does not decrypt at its place")

// box encrypts rows with AES-256-GCM. The associated data are table, row and
// version, so that a ciphertext moved to another row does not open there.
type box struct{ aead cipher.AEAD }

func newBox(key []byte) (*box, error) {
	if len(key) != KeySize {
		return nil, errors.New("the store key has 32 bytes")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	// A random 96-bit nonce per row: 2^32 rows before a repeat becomes thinkable.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &box{aead}, nil
}

func (b *box) seal(plaintext []byte, place ...string) []byte {
	return b.aead.Seal(nil, nil, plaintext, placeBytes(place))
}

func (b *box) open(sealed []byte, place ...string) ([]byte, error) {
	plaintext, err := b.aead.Open(nil, nil, sealed, placeBytes(place))
	if err != nil {
		return nil, ErrDamaged
	}
	return plaintext, nil
}

// placeBytes is injective: each part is preceded by its length.
func placeBytes(place []string) []byte {
	out := []byte("concordat-desk-row/v1")
	for _, part := range place {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part)))
		out = append(out, part...)
	}
	return out
}

// NewKey draws a store key.
func NewKey() []byte {
	key := make([]byte, KeySize)
	_, _ = rand.Read(key) // never fails
	return key
}
