package act

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
)

// AgencyName is an agency's slug: it is never reused and never renamed.
type AgencyName string

// Registrar is the issuer of the registrar's own acts. It is reserved: no
// agency can be called so.
const Registrar AgencyName = "registrar"

// No hyphen, so that no slug is a prefix of another's derived name.
var slug = regexp.MustCompile(`^[a-z][a-z0-9]{1,30}$`)

// Reserved lists the slugs that no agency may have.
func Reserved() []AgencyName {
	return []AgencyName{"hub", Registrar, "system", "operator", "concordat"}
}

// CheckAgencyName returns an *Error with code agency_name_invalid unless name is
// a slug that an agency may have.
func CheckAgencyName(name AgencyName) error {
	if !slug.MatchString(string(name)) || slices.Contains(Reserved(), name) {
		return refuse("agency_name_invalid", "an agency's name has 2 to 31 characters a-z and 0-9, begins with a letter and is not reserved")
	}
	return nil
}

// Purpose says what a key is for. A key has one purpose for its whole life.
type Purpose string

// The purposes of keys. Their values are also the names of the Vault keys.
const (
	OfficerSign   Purpose = "officer-sign"   // agreement acts and later signing keys, by an officer's own login
	DeskSign      Purpose = "desk-sign"      // releases, opens, sealing identities, the desk's bearer
	WitnessSign   Purpose = "witness-sign"   // cosignatures of checkpoints
	RegistrarSign Purpose = "registrar-sign" // the hub's registrar: enrolment, suspension, offboarding
	Sealing       Purpose = "sealing"        // an age recipient, to which items are sealed
)

// Thumbprint identifies a public key: for signing keys the RFC 7638 thumbprint
// of its JWK, for sealing identities the SHA-256 of the age recipient string;
// both 43 characters of unpadded base64url.
type Thumbprint string

var thumbprint = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// Valid reports whether t has the form of a thumbprint.
func (t Thumbprint) Valid() bool { return thumbprint.MatchString(string(t)) }

// JWK is an Ed25519 public key as RFC 8037 writes it.
type JWK struct {
	Curve string `json:"crv"`
	Type  string `json:"kty"`
	X     string `json:"x"`
}

// NewJWK returns the JWK of a public key.
func NewJWK(key ed25519.PublicKey) JWK {
	return JWK{Curve: "Ed25519", Type: "OKP", X: base64.RawURLEncoding.EncodeToString(key)}
}

// PublicKey returns the key, or an *Error with code key_malformed.
func (k JWK) PublicKey() (ed25519.PublicKey, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(k.X)
	if err != nil || k.Curve != "Ed25519" || k.Type != "OKP" || len(raw) != ed25519.PublicKeySize {
		return nil, refuse("key_malformed", "a signing key is a JWK of type OKP with curve Ed25519")
	}
	return raw, nil
}

// Thumbprint returns the RFC 7638 thumbprint: SHA-256 over the required members
// in lexicographic order (section 3.2; for OKP keys RFC 8037 appendix A.3).
func (k JWK) Thumbprint() Thumbprint {
	sum := sha256.Sum256([]byte(fmt.Sprintf(`{"crv":%q,"kty":%q,"x":%q}`, k.Curve, k.Type, k.X)))
	return Thumbprint(base64.RawURLEncoding.EncodeToString(sum[:]))
}

// ThumbprintOf returns the RFC 7638 thumbprint of a public key.
func ThumbprintOf(key ed25519.PublicKey) Thumbprint { return NewJWK(key).Thumbprint() }

// SealingThumbprint returns the thumbprint of an age recipient string.
func SealingThumbprint(recipient string) Thumbprint {
	sum := sha256.Sum256([]byte(recipient))
	return Thumbprint(base64.RawURLEncoding.EncodeToString(sum[:]))
}

// KeyID names a signing key: whose, for what, and which.
type KeyID struct {
	Agency     AgencyName
	Purpose    Purpose
	Thumbprint Thumbprint
}

// The part after # is a thumbprint and not a version: a key that was deleted and
// made again starts at version 1, and an old signature must not seem to be its.
var keyID = regexp.MustCompile(`^([a-z][a-z0-9]{1,30})/([a-z]+-sign)#([A-Za-z0-9_-]{43})$`)

// ParseKeyID reads the kid header of an act.
func ParseKeyID(s string) (KeyID, error) {
	match := keyID.FindStringSubmatch(s)
	if match == nil {
		return KeyID{}, refuse("sig_kid_malformed", "a kid is agency/purpose#thumbprint")
	}
	id := KeyID{AgencyName(match[1]), Purpose(match[2]), Thumbprint(match[3])}
	switch id.Purpose {
	case OfficerSign, DeskSign, WitnessSign, RegistrarSign:
		return id, nil
	}
	return KeyID{}, refuse("sig_kid_malformed", "the kid names no known purpose")
}

func (k KeyID) String() string {
	return fmt.Sprintf("%s/%s#%s", k.Agency, k.Purpose, k.Thumbprint)
}
