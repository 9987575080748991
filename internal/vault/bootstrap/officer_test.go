package bootstrap_test

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/bootstrap"
)

const strong = "phr" // the acr that the sample providers give for a phishing-resistant login

// provider is an agency's identity provider as far as Vault asks it: discovery and keys.
type provider struct {
	t      *testing.T
	server *httptest.Server
	key    *rsa.PrivateKey
	agency string
}

func newProvider(t *testing.T, agency string) *provider {
	t.Helper()
	p := &provider{t: t, key: newRSA(t), agency: agency}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(fields{
			"issuer": p.server.URL, "jwks_uri": p.server.URL + "/keys",
			"authorization_endpoint": p.server.URL + "/authorize", "token_endpoint": p.server.URL + "/token",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		b64 := base64.RawURLEncoding.EncodeToString
		_ = json.NewEncoder(w).Encode(fields{"keys": []fields{{
			"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256",
			"n": b64(p.key.N.Bytes()), "e": b64(big.NewInt(int64(p.key.E)).Bytes()),
		}}})
	})
	p.server = httptest.NewTLSServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

func (p *provider) enrol() bootstrap.Enrol {
	return bootstrap.Enrol{Agency: p.agency, Issuer: p.server.URL, IssuerCA: certificate(p.server), ACR: strong}
}

// claims are those of a signatory who logged in strongly just now, for these bytes.
func (p *provider) claims(input []byte, change ...func(jwt.MapClaims)) jwt.MapClaims {
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": p.server.URL, "aud": bootstrap.SigningClientID(p.agency), "sub": "officer-7",
		"iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "auth_time": now.Unix(),
		"nonce": vault.OfficerNonce(input), "acr": strong, "groups": []string{"analyst", "signatory"},
	}
	for _, f := range change {
		f(claims)
	}
	return claims
}

func (p *provider) token(input []byte, change ...func(jwt.MapClaims)) string {
	p.t.Helper()
	return sign(p.t, jwt.SigningMethodRS256, p.key, "k1", p.claims(input, change...))
}

// enrolled is a house with the officers' login of agency aa.
func enrolled(t *testing.T) (house, *provider) {
	t.Helper()
	h, p := newHouse(t), newProvider(t, "aa")
	h.enrol(t, p)
	return h, p
}

func (h house) enrol(t *testing.T, p *provider) {
	t.Helper()
	plan, err := bootstrap.EnrolPlan(p.enrol())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Apply(t.Context(), h.Root()); err != nil {
		t.Fatal(err)
	}
}

func (h house) request(p *provider, input []byte) vault.OfficerRequest {
	key := h.keys["aa"]["officer-sign"]
	return vault.OfficerRequest{
		AuthMount: bootstrap.OfficerAuth("aa"), Role: bootstrap.OfficerRole, IDToken: p.token(input),
		Mount: m, Public: key.Public[1], Thumbprint: key.Thumbprint, Version: 1, SigningInput: input,
	}
}

func TestASignatorySignsWithTheirOwnLogin(t *testing.T) {
	h, p := enrolled(t)
	input := []byte("header.payload")
	r := h.request(p, input)
	signature, err := vault.OfficerSign(t.Context(), h.Config(), r)
	if err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(r.Public, input, signature) {
		t.Error("the signature does not verify")
	}
}

func TestAnIDTokenForOtherBytesNeverLeavesTheProgram(t *testing.T) {
	var reached bool
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	p := newProvider(t, "aa")
	public, _, _ := ed25519.GenerateKey(nil)
	for name, token := range map[string]string{
		"made for other bytes": p.token([]byte("other")),
		"without a nonce":      p.token([]byte("x"), func(c jwt.MapClaims) { delete(c, "nonce") }),
		"expired":              p.token([]byte("x"), func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Second).Unix() }),
		"without an end":       p.token([]byte("x"), func(c jwt.MapClaims) { delete(c, "exp") }),
		"no token":             "x",
	} {
		_, err := vault.OfficerSign(t.Context(), vault.Config{Address: server.URL}, vault.OfficerRequest{
			AuthMount: "idp-aa", Role: "officer-sign", IDToken: token, Mount: m, Public: public, SigningInput: []byte("x"),
		})
		if !errors.Is(err, vault.ErrNonce) || reached {
			t.Errorf("%s: reached %v, %v", name, reached, err)
		}
	}
}

func TestASignatureByAnotherKeyThanTheNamedOneIsRefused(t *testing.T) {
	h, p := enrolled(t)
	input := []byte("header.payload")
	other := h.keys["bb"]["officer-sign"]
	for name, change := range map[string]func(*vault.OfficerRequest){
		"another public key":   func(r *vault.OfficerRequest) { r.Public, r.Thumbprint = other.Public[1], other.Thumbprint },
		"another thumbprint":   func(r *vault.OfficerRequest) { r.Thumbprint = other.Thumbprint },
		"another version":      func(r *vault.OfficerRequest) { r.Version = 2 },
		"no public key at all": func(r *vault.OfficerRequest) { r.Public = nil },
	} {
		r := h.request(p, input)
		change(&r)
		if signature, err := vault.OfficerSign(t.Context(), h.Config(), r); !errors.Is(err, vault.ErrKeyTampered) || signature != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Everything that is not exactly a signatory's fresh, strong login for the signing client is refused,
// without any grace in time.
func TestOnlyAFreshStrongLoginOfASignatoryIsAccepted(t *testing.T) {
	h, p := enrolled(t)
	at := func(claim string, d time.Duration) func(jwt.MapClaims) {
		return func(c jwt.MapClaims) { c[claim] = time.Now().Add(d).Unix() }
	}
	set := func(claim string, value any) func(jwt.MapClaims) {
		return func(c jwt.MapClaims) { c[claim] = value }
	}
	without := func(claim string) func(jwt.MapClaims) { return func(c jwt.MapClaims) { delete(c, claim) } }
	for name, change := range map[string]func(jwt.MapClaims){
		"the desk's client":              set("aud", "concordat-desk-aa"),
		"another agency's client":        set("aud", "concordat-sign-bb"),
		"no audience":                    without("aud"),
		"another issuer":                 set("iss", "https://idp.elsewhere"),
		"no issuer":                      without("iss"),
		"expired one second ago":         at("exp", -time.Second),
		"expired 30 seconds ago":         at("exp", -30*time.Second),
		"expired 50 seconds ago":         at("exp", -50*time.Second),
		"no end":                         without("exp"),
		"not before 30 seconds from now": at("nbf", 30*time.Second),
		"issued 30 seconds from now":     at("iat", 30*time.Second),
		"no acr":                         without("acr"),
		"a weaker acr":                   set("acr", "pwd"),
		"an acr that begins alike":       set("acr", strong+"h"),
		"an acr with a wildcard":         set("acr", "*"),
		"no groups":                      without("groups"),
		"other groups":                   set("groups", []string{"analyst", "releaser"}),
		"a group that begins alike":      set("groups", []string{"signatory-in-training"}),
		"a group with a wildcard":        set("groups", []string{"*", "signator*"}),
		"no subject":                     without("sub"),
	} {
		if _, err := h.Root().Login(t.Context(), "idp-aa", "officer-sign", p.token([]byte("x"), change)); !errors.Is(err, vault.ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyTheProvidersOwnSignatureIsAccepted(t *testing.T) {
	h, p := enrolled(t)
	claims := p.claims([]byte("x"))
	der, err := x509.MarshalPKIXPublicKey(&p.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	_, edwards, _ := ed25519.GenerateKey(nil)
	bb := newProvider(t, "bb")
	h.enrol(t, bb)
	for name, token := range map[string]string{
		"no algorithm":                   sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "k1", claims),
		"a MAC under the public key":     sign(t, jwt.SigningMethodHS256, publicPEM, "k1", claims),
		"another key under the same kid": sign(t, jwt.SigningMethodRS256, newRSA(t), "k1", claims),
		"another kind of key":            sign(t, jwt.SigningMethodEdDSA, edwards, "k1", claims),
		"an unknown kid":                 sign(t, jwt.SigningMethodRS256, newRSA(t), "k2", claims),
		"another agency's provider":      bb.token([]byte("x"), func(c jwt.MapClaims) { c["aud"] = claims["aud"] }),
		"cut short":                      p.token([]byte("x"))[:200],
	} {
		if _, err := h.Root().Login(t.Context(), "idp-aa", "officer-sign", token); !errors.Is(err, vault.ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Root().Login(t.Context(), "idp-bb", "officer-sign", p.token([]byte("x"))); !errors.Is(err, vault.ErrDenied) {
		t.Errorf("aa's token at bb's login: %v", err)
	}
}

// Whatever else a hostile provider puts into its tokens, the login reaches its own agency's
// officer-sign and nothing else. With a templated policy, a claim "+" would match every agency.
func TestHostileClaimsReachNothingElse(t *testing.T) {
	h, p := enrolled(t)
	reach := map[string]operation{"read its own key": {"GET", m + "/keys/officer-sign?type=ed25519", nil}}
	for name, o := range keyMatter {
		if name != "sign as officer" {
			reach[name] = o
		}
	}
	for _, slug := range []string{"aab", "bb"} {
		reach["sign as officer of "+slug] = operation{"POST", "concordat/agency-" + slug + "/sign/officer-sign", fields{"input": "eA=="}}
	}
	for _, value := range []string{"+", "*", "a*", "..", "aa/../bb", "agency-bb", "{{identity.entity.name}}", "concordat-desk", "root"} {
		hostile := func(c jwt.MapClaims) {
			c["sub"], c["namespace"], c["service_account_namespace"], c["agency"] = value, value, value, value
			c["policies"], c["groups"] = []string{value, "root"}, []string{"signatory", value}
			c["metadata"] = fields{"service_account_namespace": value}
		}
		// Each login is good for one call, and so each line has a login of its own.
		for name, o := range reach {
			token, err := h.Root().Login(t.Context(), "idp-aa", "officer-sign", p.token([]byte("x"), hostile))
			if errors.Is(err, vault.ErrDenied) {
				continue // Vault refuses the value outright
			}
			if err != nil {
				t.Fatal(err)
			}
			denied(t, h.Admin(token), map[string]operation{value + ": " + name: o})
		}
	}
}

func TestOneLoginIsOneSignature(t *testing.T) {
	h, p := enrolled(t)
	login := func() *vault.Admin {
		token, err := h.Root().Login(t.Context(), "idp-aa", "officer-sign", p.token([]byte("x")))
		if err != nil {
			t.Fatal(err)
		}
		return h.Admin(token)
	}
	once, signing := login(), operation{"POST", m + "/sign/officer-sign", fields{"input": "eA=="}}
	if err := signing.try(t, once); err != nil {
		t.Fatal(err)
	}
	denied(t, once, map[string]operation{"the second": signing})
	batch := []fields{{"input": "eA=="}, {"input": "eQ=="}}
	denied(t, login(), map[string]operation{"a batch": {"POST", m + "/sign/officer-sign", fields{"batch_input": batch}}})
	denied(t, login(), map[string]operation{"a batch beside an input": {"POST", m + "/sign/officer-sign", fields{"input": "eA==", "batch_input": batch}}})
	denied(t, login(), map[string]operation{"making a token": {"POST", "auth/token/create", nil}})
}

// Vault keeps no memory of id_tokens: this is why the nonce binds each to the bytes it is for, and
// why the program that has one shows it to Vault only.
func TestVaultDoesNotNoticeAnIDTokenThatIsUsedTwice(t *testing.T) {
	h, p := enrolled(t)
	r := h.request(p, []byte("header.payload"))
	for range 2 {
		if _, err := vault.OfficerSign(t.Context(), h.Config(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEnrollingAgainChangesNothingAndDriftIsPutBack(t *testing.T) {
	h, p := enrolled(t)
	plan, err := bootstrap.EnrolPlan(p.enrol())
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := plan.Apply(t.Context(), h.Root()); err != nil || changed != 0 {
		t.Fatalf("%d changed: %v", changed, err)
	}
	for name, body := range map[string]fields{
		"a claim that reaches metadata": {"claim_mappings": fields{"ns": "service_account_namespace"}},
		"grace after the end":           {"expiration_leeway": 60},
		"patterns instead of values":    {"bound_claims_type": "glob"},
		"a second client":               {"bound_audiences": []string{"concordat-sign-aa", "concordat-desk-aa"}},
		"tokens for many uses":          {"token_num_uses": 0},
	} {
		whole := fields{
			"role_type": "jwt", "user_claim": "sub", "bound_audiences": []string{"concordat-sign-aa"},
			"bound_claims": fields{"acr": strong, "groups": []string{"signatory"}},
		}
		for k, v := range body {
			whole[k] = v
		}
		if _, err := h.Root().Write(t.Context(), "auth/idp-aa/role/officer-sign", whole); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if changed, err := plan.Apply(t.Context(), h.Root()); err != nil || changed != 1 {
			t.Errorf("%s: %d changed: %v", name, changed, err)
		}
	}
	if _, err := vault.OfficerSign(t.Context(), h.Config(), h.request(p, []byte("x"))); err != nil {
		t.Errorf("after putting back: %v", err)
	}
	if _, err := h.Root().Write(t.Context(), "auth/idp-aa/role/second", fields{
		"role_type": "jwt", "user_claim": "sub", "bound_audiences": "x",
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Apply(t.Context(), h.Root()); !errors.Is(err, bootstrap.ErrForeignRole) {
		t.Errorf("a second role: %v", err)
	}
}
