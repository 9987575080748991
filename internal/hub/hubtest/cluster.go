package hubtest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub/hubhttp"
)

// Cluster signs ServiceAccount tokens as an apiserver does.
type Cluster struct {
	Issuer   string
	JWKSFile string

	tb  testing.TB
	key *rsa.PrivateKey
}

// NewCluster makes a key and writes its key set.
func NewCluster(tb testing.TB) *Cluster {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "one", Algorithm: "RS256", Use: "sig"}}}
	raw, err := json.Marshal(set)
	if err != nil {
		tb.Fatal(err)
	}
	c := &Cluster{Issuer: "https://cluster.test", JWKSFile: filepath.Join(tb.TempDir(), "jwks.json"), tb: tb, key: key}
	if err := os.WriteFile(c.JWKSFile, raw, 0o600); err != nil {
		tb.Fatal(err)
	}
	return c
}

// Token is a ServiceAccount token for the hub; change may spoil its claims.
func (c *Cluster) Token(subject string, change ...func(jwt.MapClaims)) string {
	c.tb.Helper()
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": c.Issuer, "aud": []string{hubhttp.WorkloadAudience}, "sub": subject,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
	for _, f := range change {
		f(claims)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = "one"
	signed, err := token.SignedString(c.key)
	if err != nil {
		c.tb.Fatal(err)
	}
	return signed
}

// DeskToken is the token of an agency's desk, OperatorToken the operator's.
func (c *Cluster) DeskToken(slug act.AgencyName) string {
	return c.Token("system:serviceaccount:agency-" + string(slug) + ":desk")
}

// OperatorToken is the operator's.
func (c *Cluster) OperatorToken() string { return c.Token(hubhttp.OperatorSubject) }
