// Package fingerprint shows a key's thumbprint as a few words that two officers
// can compare by telephone.
//
// The words are the first eight bytes of the thumbprint, one word of a list of
// 256 per byte. Comparing them protects against a hub or an admin who shows one
// party another key than its own: a second key with the same words takes about
// 2^64 attempts. The package is pure and may be imported by every other.
package fingerprint

import (
	"encoding/base64"
	"errors"
	"strings"
)

// Length is how many words a fingerprint has.
const Length = 8

var errThumbprint = errors.New("not a thumbprint: 43 characters of base64url")

// Words returns the words of a thumbprint, 43 characters of unpadded base64url.
func Words(thumbprint string) ([]string, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(thumbprint)
	if err != nil || len(raw) != 32 || len(thumbprint) != 43 {
		return nil, errThumbprint
	}
	words := make([]string, Length)
	for i := range words {
		words[i] = list[raw[i]]
	}
	return words, nil
}

// Text returns the words with spaces between them, or the thumbprint itself
// where it is malformed: what a person compares must never be empty.
func Text(thumbprint string) string {
	words, err := Words(thumbprint)
	if err != nil {
		return thumbprint
	}
	return strings.Join(words, " ")
}
