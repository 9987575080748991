package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
)

var onlyEdDSA = []jose.SignatureAlgorithm{jose.EdDSA}

// An act is a JWS to any JOSE library: the key as the ledger publishes it is
// enough, and the payload is what was signed.
func TestGoJOSEVerifiesAnAct(t *testing.T) {
	h := newHand("agencya", act.DeskSign)
	payload := h.retract()
	raw := h.sign(t, payload)
	published, err := json.Marshal(act.NewJWK(h.public()))
	if err != nil {
		t.Fatal(err)
	}
	var key jose.JSONWebKey
	if err := key.UnmarshalJSON(published); err != nil {
		t.Fatal(err)
	}
	jws, err := jose.ParseSignedCompact(raw, onlyEdDSA)
	if err != nil {
		t.Fatal(err)
	}
	got, err := jws.Verify(key)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := canonical.Marshal(payload); string(got) != string(want) {
		t.Errorf("payload %s, want %s", got, want)
	}
	protected := jws.Signatures[0].Protected
	if protected.KeyID != h.id.String() || protected.ExtraHeaders[jose.HeaderType] != act.ItemRetractKind.Type() {
		t.Errorf("protected header %+v", protected)
	}
	if _, err := jws.Verify(newHand("agencya", act.DeskSign).public()); err == nil {
		t.Error("another key verifies the act")
	}
}

// A desk's bearer is a JWT (RFC 7519) with NumericDate claims.
func TestGoJOSEValidatesABearer(t *testing.T) {
	h := newHand("agencya", act.DeskSign)
	raw, err := act.SignBearer(h.private, h.id, hubID, act.NewJTI(), moment)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.ParseSigned(raw, onlyEdDSA)
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.Claims
	if err := token.Claims(h.public(), &claims); err != nil {
		t.Fatal(err)
	}
	want := jwt.Expected{Issuer: "agencya", AnyAudience: jwt.Audience{hubID}, Time: moment.Add(time.Minute)}
	if err := claims.ValidateWithLeeway(want, 0); err != nil {
		t.Error(err)
	}
	want.Time = moment.Add(act.MaxBearerAge + time.Second)
	if err := claims.ValidateWithLeeway(want, 0); !errors.Is(err, jwt.ErrExpired) {
		t.Errorf("after its end: %v", err)
	}
}

// theirs signs with go-jose.
func theirs(tb testing.TB, alg jose.SignatureAlgorithm, key any, options *jose.SignerOptions, payload []byte) *jose.JSONWebSignature {
	tb.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		tb.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		tb.Fatal(err)
	}
	return jws
}

func compact(tb testing.TB, jws *jose.JSONWebSignature) string {
	tb.Helper()
	raw, err := jws.CompactSerialize()
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func options(kid, typ string) *jose.SignerOptions {
	o := (&jose.SignerOptions{}).WithType(jose.ContentType(typ))
	return o.WithHeader(jose.HeaderKey("kid"), kid)
}

// The profile is narrow, and not secret: who keeps to it may sign with what he
// has, and everything else that the library can make is refused by its code.
func TestTokensOfGoJOSE(t *testing.T) {
	h := newHand("agencya", act.DeskSign)
	kid, typ := h.id.String(), act.ItemRetractKind.Type()
	payload, err := canonical.Marshal(h.retract())
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ours := func(o *jose.SignerOptions, payload []byte) string {
		return compact(t, theirs(t, jose.EdDSA, h.private, o, payload))
	}
	spaced := []byte(strings.Replace(string(payload), ":", ": ", 1))
	elsewhere := []byte(strings.Replace(string(payload), hubID, "interop.test/other", 1))
	own := options(kid, typ)
	embedded := options(kid, typ)
	embedded.EmbedJWK = true
	whole := theirs(t, jose.EdDSA, h.private, options(kid, typ), payload)
	detached, err := whole.DetachedCompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ raw, code string }{
		"within the profile":         {ours(own, payload), ""},
		"typ JWT":                    {ours(options(kid, "JWT"), payload), "sig_type_mismatch"},
		"no typ":                     {ours((&jose.SignerOptions{}).WithHeader("kid", kid), payload), "sig_type_mismatch"},
		"no kid":                     {ours((&jose.SignerOptions{}).WithType(jose.ContentType(typ)), payload), "sig_kid_malformed"},
		"cty":                        {ours(options(kid, typ).WithContentType("json"), payload), "sig_header_forbidden"},
		"jku":                        {ours(options(kid, typ).WithHeader("jku", "https://keys.test"), payload), "sig_header_forbidden"},
		"x5u":                        {ours(options(kid, typ).WithHeader("x5u", "https://keys.test"), payload), "sig_header_forbidden"},
		"a nonce":                    {ours(options(kid, typ).WithHeader("nonce", "1"), payload), "sig_header_forbidden"},
		"the key within":             {ours(embedded, payload), "sig_header_forbidden"},
		"critical b64":               {unencoded(t, h, kid, typ, payload), "sig_header_forbidden"},
		"white space in the payload": {ours(options(kid, typ), spaced), "act_not_canonical"},
		"text for a payload":         {ours(options(kid, typ), []byte("Test")), "act_malformed"},
		"for another hub":            {ours(options(kid, typ), elsewhere), "sig_audience"},
		"detached payload":           {detached, "sig_malformed"},
		"JSON serialization":         {whole.FullSerialize(), "sig_malformed"},
		"HS256 with the public key":  {compact(t, theirs(t, jose.HS256, []byte(h.public()), options(kid, typ), payload)), "sig_alg_not_allowed"},
		"RS256":                      {compact(t, theirs(t, jose.RS256, rsaKey, options(kid, typ), payload)), "sig_alg_not_allowed"},
		"PS256":                      {compact(t, theirs(t, jose.PS256, rsaKey, options(kid, typ), payload)), "sig_alg_not_allowed"},
		"ES256":                      {compact(t, theirs(t, jose.ES256, ecKey, options(kid, typ), payload)), "sig_alg_not_allowed"},
		"a stranger's key":           {compact(t, theirs(t, jose.EdDSA, newHand("agencya", act.DeskSign).private, options(kid, typ), payload)), "sig_invalid"},
		"encrypted instead":          {encrypted(t, payload), "sig_malformed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := act.Verify([]byte(test.raw), hubID, h)
			var refused *act.Error
			switch {
			case test.code == "" && err != nil:
				t.Errorf("Verify = %v", err)
			case test.code != "" && (!errors.As(err, &refused) || refused.Code != test.code):
				t.Errorf("Verify = %v, want %s", err, test.code)
			}
		})
	}
}

// unencoded is a JWS by RFC 7797, whose payload is not base64url.
func unencoded(tb testing.TB, h *hand, kid, typ string, payload []byte) string {
	tb.Helper()
	return compact(tb, theirs(tb, jose.EdDSA, h.private, options(kid, typ).WithBase64(false).WithCritical("b64"), payload))
}

// encrypted is a JWE, the five-part cousin.
func encrypted(tb testing.TB, payload []byte) string {
	tb.Helper()
	key := make([]byte, 32)
	encrypter, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: jose.DIRECT, Key: key}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	jwe, err := encrypter.Encrypt(payload)
	if err != nil {
		tb.Fatal(err)
	}
	raw, err := jwe.CompactSerialize()
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// go-jose-made bearers: the claims decide as much as the signature.
func TestBearersOfGoJOSE(t *testing.T) {
	h := newHand("agencya", act.DeskSign)
	kid := h.id.String()
	claims := func(change func(map[string]any)) []byte {
		all := map[string]any{"iss": "agencya", "aud": hubID, "jti": act.NewJTI(), "iat": moment.Unix(), "exp": moment.Add(time.Minute).Unix()}
		change(all)
		raw, err := canonical.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for name, test := range map[string]struct {
		change func(map[string]any)
		code   string
	}{
		"within the profile": {func(map[string]any) {}, ""},
		"an hour long":       {func(c map[string]any) { c["exp"] = moment.Add(time.Hour).Unix() }, "bearer_expired"},
		"over":               {func(c map[string]any) { c["exp"] = moment.Unix() }, "bearer_expired"},
		"not yet":            {func(c map[string]any) { c["iat"] = moment.Add(40 * time.Second).Unix() }, "bearer_expired"},
		"for another hub":    {func(c map[string]any) { c["aud"] = "interop.test/other" }, "sig_audience"},
		"for two hubs":       {func(c map[string]any) { c["aud"] = []string{hubID, "interop.test/other"} }, "act_malformed"},
		"of another agency":  {func(c map[string]any) { c["iss"] = "agencyb" }, "sig_issuer_mismatch"},
		"one claim more":     {func(c map[string]any) { c["scope"] = "all" }, "act_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			raw := compact(t, theirs(t, jose.EdDSA, h.private, options(kid, "concordat-desk-auth+jwt"), claims(test.change)))
			_, err := act.VerifyBearer([]byte(raw), hubID, h, moment)
			var refused *act.Error
			switch {
			case test.code == "" && err != nil:
				t.Errorf("VerifyBearer = %v", err)
			case test.code != "" && (!errors.As(err, &refused) || refused.Code != test.code):
				t.Errorf("VerifyBearer = %v, want %s", err, test.code)
			}
		})
	}
}
