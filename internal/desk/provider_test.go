package desk_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// provider is an OpenID Connect provider with one realm per agency.
type provider struct {
	server *httptest.Server
	caFile string
	key    *ecdsa.PrivateKey
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{realm}/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		issuer := p.issuer(r.PathValue("realm"))
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": issuer, "jwks_uri": issuer + "/keys", "authorization_endpoint": issuer + "/auth", "token_endpoint": issuer + "/token",
			"id_token_signing_alg_values_supported": []string{"ES256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		})
	})
	mux.HandleFunc("GET /{realm}/keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "one", Algorithm: "ES256", Use: "sig"}}})
	})
	p.server = httptest.NewTLSServer(mux)
	t.Cleanup(p.server.Close)
	p.caFile = filepath.Join(t.TempDir(), "provider-ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
	if err := os.WriteFile(p.caFile, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *provider) issuer(realm string) string { return p.server.URL + "/" + realm }

// token signs an id_token; claims override the usual ones, nil removes one.
func (p *provider) token(realm string, claims jwt.MapClaims) string {
	now := time.Now()
	all := jwt.MapClaims{
		"iss": p.issuer(realm), "aud": "concordat-desk-" + realm, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	for name, value := range claims {
		all[name] = value
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, all)
	token.Header["kid"] = "one"
	signed, err := token.SignedString(p.key)
	if err != nil {
		panic(err)
	}
	return signed
}
