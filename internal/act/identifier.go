package act

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"strings"
)

var lowerBase32 = base32.StdEncoding.WithPadding(base32.NoPadding)

func randomName(prefix string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return prefix + strings.ToLower(lowerBase32.EncodeToString(b[:]))
}

// NewItemID returns a random 128-bit item id: ids that could be guessed would
// tell an outsider what exists.
func NewItemID() string { return randomName("itm-") }

// NewAgreementID returns a random 128-bit agreement id.
func NewAgreementID() string { return randomName("agr-") }

// NewJTI returns a random 128-bit identifier for an act.
func NewJTI() string { return randomName("") }

// OfficerName turns 16 bytes of an agency's own keyed hash of an officer into
// the pseudonym under which the officer is known outside it.
func OfficerName(mac [16]byte) string {
	return "ofc-" + strings.ToLower(lowerBase32.EncodeToString(mac[:]))
}

// NewSalt returns 32 random bytes and their base64url form.
func NewSalt() ([32]byte, string) {
	var salt [32]byte
	_, _ = rand.Read(salt[:])
	return salt, base64.RawURLEncoding.EncodeToString(salt[:])
}
