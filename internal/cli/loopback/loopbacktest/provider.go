// Package loopbacktest is an OpenID provider for tests: one person who is always
// at the keyboard, and switches for what a bad provider would do. Only tests
// import it; the local platform has a provider of its own.
package loopbacktest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Provider serves discovery, keys, authorisation and token endpoints over TLS.
type Provider struct {
	*httptest.Server
	// Claims changes what the id_token says before it is signed.
	Claims func(jwt.MapClaims)
	// Redirect changes the answer that goes to the loopback address.
	Redirect func(url.Values)
	// Groups and ACR are those of the person.
	Groups []string
	ACR    string

	key  *rsa.PrivateKey
	mu   sync.Mutex
	asks map[string]url.Values // by code
}

// New starts a provider that ends with the test.
func New(t testing.TB) *Provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{key: key, asks: map[string]url.Values{}, Groups: []string{"signatory"}, ACR: "phr"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	p.Server = httptest.NewTLSServer(mux)
	t.Cleanup(p.Close)
	return p
}

func write(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	write(w, map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	encode := base64.RawURLEncoding.EncodeToString
	write(w, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "test",
		"n": encode(p.key.N.Bytes()), "e": encode(big.NewInt(int64(p.key.E)).Bytes()),
	}}})
}

// authorize sends the browser back at once: the person has logged in.
func (p *Provider) authorize(w http.ResponseWriter, req *http.Request) {
	asked := req.URL.Query()
	code := rand.Text()
	p.mu.Lock()
	p.asks[code] = asked
	p.mu.Unlock()
	answer := url.Values{"code": {code}, "state": {asked.Get("state")}, "iss": {p.URL}}
	if p.Redirect != nil {
		p.Redirect(answer)
	}
	http.Redirect(w, req, asked.Get("redirect_uri")+"?"+answer.Encode(), http.StatusFound)
}

func (p *Provider) token(w http.ResponseWriter, req *http.Request) {
	p.mu.Lock()
	asked, known := p.asks[req.PostFormValue("code")]
	delete(p.asks, req.PostFormValue("code"))
	p.mu.Unlock()
	proof := sha256.Sum256([]byte(req.PostFormValue("code_verifier")))
	if !known || asked.Get("code_challenge_method") != "S256" || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(proof[:]) {
		w.WriteHeader(http.StatusBadRequest)
		write(w, map[string]any{"error": "invalid_grant"})
		return
	}
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": p.URL, "sub": "officer", "aud": asked.Get("client_id"), "nonce": asked.Get("nonce"), "acr": p.ACR, "groups": p.Groups,
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "auth_time": now.Unix(),
	}
	if p.Claims != nil {
		p.Claims(claims)
	}
	unsigned := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	unsigned.Header["kid"] = "test"
	idToken, err := unsigned.SignedString(p.key)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	write(w, map[string]any{"access_token": "unused", "token_type": "Bearer", "id_token": idToken})
}
