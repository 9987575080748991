package act

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// Act is a signed act that passed the profile. Verify alone makes one whose
// signature was checked; Parse leaves that to a caller who verified it before.
type Act struct {
	Kind    Kind
	KeyID   KeyID
	ID      ID
	Payload Payload
	Raw     string // the compact JWS, as received
}

// Common returns what the act says of itself.
func (a *Act) Common() Common { return CommonOf(a.Payload) }

// KeyResolver finds the public key behind a kid. It returns an error for a key
// that is unknown, revoked, or of a suspended agency: the act is then refused
// with the code sig_key_unknown.
type KeyResolver interface {
	ResolveKey(KeyID) (ed25519.PublicKey, error)
}

// header is the protected header: exactly these members (RFC 7515 section 4.1).
// A header with jku, jwk, x5u, crit, b64 or zip could move the trust elsewhere.
type header struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	Type      string `json:"typ"`
}

var (
	encoding = base64.RawURLEncoding.Strict()
	compact  = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)
	actType  = regexp.MustCompile(`^concordat\.([a-z]+\.[a-z]+(?:-[a-z]+)?)\.v[1-9]\+jws$`)
)

// Type returns the typ header of a kind in version 1.
func (k Kind) Type() string { return "concordat." + string(k) + ".v1+jws" }

// Verify returns the act if raw is within the profile, addressed to hub, and
// signed by a key that keys resolves. The error is an *Error.
func Verify(raw []byte, hub string, keys KeyResolver) (*Act, error) {
	a, err := Parse(raw)
	if err != nil {
		return nil, err
	}
	if a.Common().Audience != hub {
		return nil, refuse("sig_audience", "the act is addressed to another hub")
	}
	key, err := keys.ResolveKey(a.KeyID)
	if err != nil {
		return nil, refuse("sig_key_unknown", "the key that signed is not in force at this hub")
	}
	if err := verifySignature(a.Raw, key); err != nil {
		return nil, err
	}
	return a, nil
}

// Parse checks everything but the audience and the signature. Use it only for
// acts whose signature was checked when they were admitted.
func Parse(raw []byte) (*Act, error) {
	head, payload, err := split(raw, limitProposal)
	if err != nil {
		return nil, err
	}
	h, id, err := parseHeader(head)
	if err != nil {
		return nil, err
	}
	match := actType.FindStringSubmatch(h.Type)
	if match == nil {
		return nil, refuse("sig_type_mismatch", "typ does not name an act")
	}
	kind := Kind(match[1])
	known, ok := profiles[kind]
	if !ok {
		return nil, refuse("act_kind_unknown", "this version does not know the kind of the act")
	}
	if len(raw) > known.limit {
		return nil, refuse("act_too_large", "an act of this kind has at most %d bytes", known.limit)
	}
	if !slices.Contains(known.signers, id.Purpose) {
		return nil, refuse("sig_purpose_mismatch", "a key of this purpose does not sign acts of this kind")
	}
	body := known.empty()
	if !slices.Contains(versionsOf(body), h.Type) {
		return nil, refuse("act_kind_unknown", "this version does not know that version of the kind")
	}
	if err := decode(payload, body); err != nil {
		return nil, err
	}
	// A member of a later version under an earlier typ would be read by nobody who
	// knows only the earlier one.
	if typeOf(body) != h.Type {
		return nil, refuse("sig_type_mismatch", "typ names another version than the members of the payload")
	}
	if body.common().Issuer != id.Agency {
		return nil, refuse("sig_issuer_mismatch", "the kid belongs to another agency than the issuer")
	}
	if id.Purpose == RegistrarSign && id.Agency != Registrar {
		return nil, refuse("sig_issuer_mismatch", "only the registrar has a registrar key")
	}
	if err := body.check(); err != nil {
		return nil, err
	}
	return &Act{Kind: kind, KeyID: id, ID: inputID(raw), Payload: body, Raw: string(raw)}, nil
}

func split(raw []byte, limit int) (head, payload []byte, err error) {
	if len(raw) > limit {
		return nil, nil, refuse("act_too_large", "an act has at most %d bytes", limit)
	}
	if !compact.Match(raw) {
		return nil, nil, refuse("sig_malformed", "not a JWS in compact serialisation")
	}
	parts := bytes.Split(raw, []byte("."))
	head, errHead := encoding.DecodeString(string(parts[0]))
	payload, errPayload := encoding.DecodeString(string(parts[1]))
	if errHead != nil || errPayload != nil {
		return nil, nil, refuse("sig_malformed", "not base64url without padding")
	}
	return head, payload, nil
}

func parseHeader(head []byte) (header, KeyID, error) {
	var h header
	if err := canonical.Unmarshal(head, &h); err != nil {
		return h, KeyID{}, refuse("sig_header_forbidden", "the header has exactly the members alg, kid and typ, in canonical form")
	}
	if h.Algorithm != jwt.SigningMethodEdDSA.Alg() {
		return h, KeyID{}, refuse("sig_alg_not_allowed", "the only algorithm is EdDSA with Ed25519")
	}
	id, err := ParseKeyID(h.KeyID)
	return h, id, err
}

func decode(payload []byte, into any) error {
	err := canonical.Unmarshal(payload, into)
	var refused *canonical.Error
	if errors.As(err, &refused) {
		return refuse("act_"+refused.Code, "%s %s", refused.Detail, refused.Pointer)
	}
	return err
}

func verifySignature(raw string, key ed25519.PublicKey) error {
	cut := strings.LastIndexByte(raw, '.')
	signature, err := encoding.DecodeString(raw[cut+1:])
	if err != nil {
		return refuse("sig_malformed", "not base64url without padding")
	}
	if err := jwt.SigningMethodEdDSA.Verify(raw[:cut], signature, key); err != nil {
		return refuse("sig_invalid", "the signature does not belong to these bytes and this key")
	}
	return nil
}

func inputID(raw []byte) ID {
	sum := sha256.Sum256(raw[:bytes.LastIndexByte(raw, '.')])
	return ID(base64.RawURLEncoding.EncodeToString(sum[:]))
}

// SigningInput returns the bytes that are signed: b64(header).b64(payload), both
// canonical. It refuses a payload that Verify would refuse.
func SigningInput(id KeyID, payload Payload) ([]byte, error) {
	if err := payload.check(); err != nil {
		return nil, err
	}
	return signingInput(id, typeOf(payload), payload)
}

func signingInput(id KeyID, typ string, payload any) ([]byte, error) {
	head, err := canonical.Marshal(header{jwt.SigningMethodEdDSA.Alg(), id.String(), typ})
	if err != nil {
		return nil, err
	}
	body, err := canonical.Marshal(payload)
	if err != nil {
		return nil, err
	}
	input := encoding.AppendEncode(nil, head)
	input = append(input, '.')
	return encoding.AppendEncode(input, body), nil
}

// Assemble joins a signing input and its 64-byte Ed25519 signature.
func Assemble(input, signature []byte) string {
	return string(input) + "." + encoding.EncodeToString(signature)
}

// Sign makes the compact JWS. The signer may hold its key anywhere; it must be
// an Ed25519 signer (golang-jwt refuses others).
func Sign(signer crypto.Signer, id KeyID, payload Payload) (string, error) {
	input, err := SigningInput(id, payload)
	if err != nil {
		return "", err
	}
	return sign(signer, input)
}

// The signature is made over our own canonical input: jwt.Token.SignedString
// would encode the JSON again and break the canonical form.
func sign(signer crypto.Signer, input []byte) (string, error) {
	signature, err := jwt.SigningMethodEdDSA.Sign(string(input), signer)
	if err != nil {
		return "", err
	}
	return Assemble(input, signature), nil
}
