package vault

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// ErrNonce says that the id_token was not issued for these bytes, or its time is over.
var ErrNonce = errors.New("the login was not made for this signature")

// OfficerRequest is one signature by an officer's own login.
type OfficerRequest struct {
	// AuthMount is the agency's jwt mount, "idp-<slug>"; Role is "officer-sign".
	AuthMount, Role string
	// IDToken was issued to the signing client with OfficerNonce(SigningInput) as its nonce.
	IDToken string
	// Mount is the agency's transit mount, "concordat/agency-<slug>".
	Mount string
	// Public is the key that the agreement or the ledger names; the signature must verify under it.
	Public ed25519.PublicKey
	// Thumbprint, where not empty, must be that of Public.
	Thumbprint string
	// Version is the key's version where the caller knows it; 0 takes any that verifies.
	Version int
	// SigningInput is the JWS signing input, which the caller showed to the officer.
	SigningInput []byte
}

// OfficerNonce is the nonce that binds an OIDC login to what will be signed: base64url of SHA-256.
func OfficerNonce(signingInput []byte) string {
	sum := sha256.Sum256(signingInput)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// OfficerSign logs in at the agency's jwt mount and signs once with officer-sign; Vault's token is
// good for that single call. It returns the 64-byte signature after verifying it.
//
// Vault checks the id_token's signature, issuer, audience, acr, groups and times, but neither its
// nonce nor whether it was used before. The nonce is therefore checked here, before the token leaves
// this process: an id_token that was made for other bytes is never sent (ErrNonce).
func OfficerSign(ctx context.Context, config Config, r OfficerRequest) ([]byte, error) {
	if len(r.Public) != ed25519.PublicKeySize || (r.Thumbprint != "" && r.Thumbprint != Thumbprint(r.Public)) {
		return nil, failure(ErrKeyTampered, "sign", r.Mount+"/sign/officer-sign", "the public key is not the one that is named")
	}
	if err := checkIDToken(r.IDToken, OfficerNonce(r.SigningInput), time.Now()); err != nil {
		return nil, err
	}
	client, err := New(config, idTokenAuth{r.AuthMount, r.Role, r.IDToken})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	path := r.Mount + "/sign/officer-sign"
	secret, err := client.write(ctx, "sign", path, map[string]any{
		"input": base64.StdEncoding.EncodeToString(r.SigningInput),
	})
	if err != nil {
		return nil, err
	}
	signature, version, err := parseSignature(field(secret, "signature"))
	if err != nil {
		return nil, unexpected("sign", path, "%v", err)
	}
	if (r.Version != 0 && version != r.Version) || !ed25519.Verify(r.Public, r.SigningInput, signature) {
		return nil, failure(ErrKeyTampered, "sign", path, "the signature, by version "+strconv.Itoa(version)+", is not by the named key")
	}
	return signature, nil
}

// checkIDToken reads nonce and exp without verifying the signature: Vault does that. It keeps a
// token that is stale or meant for something else from being shown to anybody.
func checkIDToken(token, nonce string, now time.Time) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ErrNonce
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ErrNonce
	}
	var claims struct {
		Nonce   string  `json:"nonce"`
		Expires float64 `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return ErrNonce
	}
	if subtle.ConstantTimeCompare([]byte(claims.Nonce), []byte(nonce)) != 1 || float64(now.Unix()) >= claims.Expires {
		return ErrNonce
	}
	return nil
}
