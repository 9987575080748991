package interop

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
)

const (
	hubID      = "interop.test/hub"
	sha256Hash = crypto.SHA256
)

var moment = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// hand signs as one agency and is the KeyResolver that knows its one key.
type hand struct {
	private ed25519.PrivateKey
	id      act.KeyID
}

func newHand(agency act.AgencyName, purpose act.Purpose) *hand {
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	return &hand{private, act.KeyID{Agency: agency, Purpose: purpose, Thumbprint: act.ThumbprintOf(public)}}
}

func (h *hand) public() ed25519.PublicKey { return h.private.Public().(ed25519.PublicKey) }

// ResolveKey implements act.KeyResolver.
func (h *hand) ResolveKey(id act.KeyID) (ed25519.PublicKey, error) {
	if id != h.id {
		return nil, errors.New("unknown")
	}
	return h.public(), nil
}

func (h *hand) retract() *act.ItemRetract {
	return &act.ItemRetract{
		Common: act.Common{Issuer: h.id.Agency, Audience: hubID, JTI: act.NewJTI(), IssuedAt: canonical.At(time.Now())},
		Item:   act.NewItemID(), Officer: act.OfficerName([16]byte{1}), Reason: "error",
	}
}

func (h *hand) sign(tb testing.TB, payload act.Payload) string {
	tb.Helper()
	raw, err := act.Sign(h.private, h.id, payload)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// cut separates what is signed from the signature.
func cut(tb testing.TB, raw string) (input, signature []byte) {
	tb.Helper()
	at := bytes.LastIndexByte([]byte(raw), '.')
	signature, err := base64.RawURLEncoding.DecodeString(raw[at+1:])
	if err != nil {
		tb.Fatal(err)
	}
	return []byte(raw[:at]), signature
}
