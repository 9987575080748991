package act

import (
	"crypto"
	"crypto/ed25519"
	"time"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// Two more JWS that a desk signs are no acts: they change nothing by themselves
// and never enter the ledger as entries of their own.
const (
	bearerType    = "concordat-desk-auth+jwt"
	enrolmentType = "concordat-desk-enrolment+jwt"
)

// MaxBearerAge is how long a bearer may live. It authorises reads and transport
// only; every effect is an act.
const MaxBearerAge = 5 * time.Minute

// bearer is the claim set of RFC 7519, with times as NumericDate.
type bearer struct {
	Issuer   AgencyName `json:"iss"`
	Audience string     `json:"aud"`
	JTI      string     `json:"jti"`
	IssuedAt int64      `json:"iat"`
	Expires  int64      `json:"exp"`
}

// SignBearer makes the short-lived token with which a desk speaks to the hub.
func SignBearer(signer crypto.Signer, id KeyID, hub, jti string, now time.Time) (string, error) {
	claims := bearer{id.Agency, hub, jti, now.Unix(), now.Add(MaxBearerAge).Unix()}
	input, err := signingInput(id, bearerType, claims)
	if err != nil {
		return "", err
	}
	return sign(signer, input)
}

// VerifyBearer returns the agency that a bearer speaks for. An expired, overlong
// or not yet valid bearer is refused with code bearer_expired.
func VerifyBearer(raw []byte, hub string, keys KeyResolver, now time.Time) (AgencyName, error) {
	var claims bearer
	id, err := verifyCredential(raw, bearerType, &claims, keys.ResolveKey)
	if err != nil {
		return "", err
	}
	if id.Purpose != DeskSign || claims.Issuer != id.Agency {
		return "", refuse("sig_issuer_mismatch", "a bearer is signed by the desk-sign key of its issuer")
	}
	if claims.Audience != hub {
		return "", refuse("sig_audience", "the bearer is addressed to another hub")
	}
	issued, expires := time.Unix(claims.IssuedAt, 0), time.Unix(claims.Expires, 0)
	if !now.Before(expires) || expires.Sub(issued) > MaxBearerAge || issued.After(now.Add(30*time.Second)) {
		return "", refuse("bearer_expired", "the bearer is not valid now")
	}
	return claims.Issuer, nil
}

func verifyCredential(raw []byte, typ string, claims any, resolve func(KeyID) (ed25519.PublicKey, error)) (KeyID, error) {
	head, payload, err := split(raw, limitOther)
	if err != nil {
		return KeyID{}, err
	}
	h, id, err := parseHeader(head)
	if err != nil {
		return KeyID{}, err
	}
	if h.Type != typ {
		return KeyID{}, refuse("sig_type_mismatch", "typ is not %s", typ)
	}
	key, err := resolve(id)
	if err != nil {
		return KeyID{}, refuse("sig_key_unknown", "the key that signed is not in force at this hub")
	}
	if err := verifySignature(string(raw), key); err != nil {
		return KeyID{}, err
	}
	return id, decode(payload, claims)
}

// Enrolment is a desk's proof that it holds the desk-sign key among the keys
// that it submits.
type Enrolment struct {
	Issuer   AgencyName     `json:"iss"`
	Audience string         `json:"aud"`
	JTI      string         `json:"jti"`
	IssuedAt canonical.Time `json:"iat"`
	Keys     EnrolledKeys   `json:"keys"`
}

// SignEnrolment makes the proof of possession.
func SignEnrolment(signer crypto.Signer, enrolment Enrolment) (string, error) {
	id := KeyID{enrolment.Issuer, DeskSign, enrolment.Keys.DeskSign.Thumbprint()}
	input, err := signingInput(id, enrolmentType, enrolment)
	if err != nil {
		return "", err
	}
	return sign(signer, input)
}

// VerifyEnrolment checks the proof against the desk-sign key that it submits.
func VerifyEnrolment(raw []byte, hub string) (Enrolment, error) {
	var enrolment Enrolment
	_, payload, err := split(raw, limitOther)
	if err != nil {
		return enrolment, err
	}
	if err := decode(payload, &enrolment); err != nil {
		return enrolment, err
	}
	if enrolment.Audience != hub {
		return enrolment, refuse("sig_audience", "the proof is addressed to another hub")
	}
	want := KeyID{enrolment.Issuer, DeskSign, enrolment.Keys.DeskSign.Thumbprint()}
	_, err = verifyCredential(raw, enrolmentType, new(Enrolment), func(id KeyID) (ed25519.PublicKey, error) {
		if id != want {
			return nil, refuse("sig_key_unknown", "the proof is signed by another key than the one it submits")
		}
		return enrolment.Keys.DeskSign.PublicKey()
	})
	return enrolment, err
}
