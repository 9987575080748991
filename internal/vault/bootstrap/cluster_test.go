package bootstrap_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/bootstrap"
	"github.com/concordat-hub/concordat/internal/vault/vaulttest"
)

// cluster is the one page of an apiserver that Vault's kubernetes login asks: TokenReview. The whole
// apiserver stands behind the end-to-end tests.
type cluster struct {
	t        *testing.T
	server   *httptest.Server
	key      *rsa.PrivateKey
	reviewer string
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, key: newRSA(t)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /apis/authentication.k8s.io/v1/tokenreviews", c.review)
	c.server = httptest.NewTLSServer(mux)
	t.Cleanup(c.server.Close)
	c.reviewer = c.token("concordat-system", "vault-reviewer", func(claims jwt.MapClaims) { claims["aud"] = []string{"kubernetes"} })
	return c
}

func (c *cluster) config() bootstrap.Config {
	return bootstrap.Config{KubernetesHost: c.server.URL, KubernetesCA: certificate(c.server), ReviewerToken: c.reviewer}
}

// token is a projected ServiceAccount token with Vault's audience, changed as the caller likes.
func (c *cluster) token(namespace, account string, change ...func(jwt.MapClaims)) string {
	c.t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": c.server.URL, "sub": "system:serviceaccount:" + namespace + ":" + account,
		"aud": []string{bootstrap.Audience}, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
		"kubernetes.io": map[string]any{
			"namespace":      namespace,
			"serviceaccount": map[string]any{"name": account, "uid": "uid-" + namespace + "-" + account},
		},
	}
	for _, f := range change {
		f(claims)
	}
	return sign(c.t, jwt.SigningMethodRS256, c.key, "", claims)
}

// review answers as kube-apiserver does: only to the reviewer, and only for tokens that it issued,
// that live, and that have one of the audiences asked for.
func (c *cluster) review(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Spec struct {
			Token     string
			Audiences []string
		}
	}
	if r.Header.Get("Authorization") != "Bearer "+c.reviewer {
		http.Error(w, `{"kind":"Status","status":"Failure","code":401}`, http.StatusUnauthorized)
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	status := map[string]any{"authenticated": false}
	parsed, err := jwt.Parse(ask.Spec.Token, func(*jwt.Token) (any, error) { return &c.key.PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired())
	if err == nil {
		claims := parsed.Claims.(jwt.MapClaims)
		audiences, _ := claims.GetAudience()
		shared := slices.DeleteFunc(slices.Clone(ask.Spec.Audiences), func(a string) bool { return !slices.Contains(audiences, a) })
		account := claims["kubernetes.io"].(map[string]any)["serviceaccount"].(map[string]any)
		if len(shared) > 0 {
			status = map[string]any{"authenticated": true, "audiences": shared, "user": map[string]any{
				"username": claims["sub"], "uid": account["uid"],
			}}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "status": status,
	})
}

// house is a Vault after bootstrap, with the operator, the hub and three agencies whose names are
// prefixes of each other where names could be mistaken.
type house struct {
	*vaulttest.Server
	cluster *cluster
	plan    bootstrap.Plan
	keys    map[string]map[string]vault.Key // agency → key
}

var agencies = []string{"aa", "aab", "bb"}

func newHouse(t *testing.T) house {
	t.Helper()
	h := house{Server: vaulttest.Start(t), cluster: newCluster(t), keys: map[string]map[string]vault.Key{}}
	var err error
	if h.plan, err = bootstrap.NewPlan(h.cluster.config()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.plan.Apply(t.Context(), h.Root()); err != nil {
		t.Fatal(err)
	}
	operator := h.workload(t, "concordat-system", "concordat-operator", "operator")
	for _, slug := range agencies {
		h.keys[slug] = provide(t, operator, slug)
	}
	return h
}

// provide does what the operator does for an agency.
func provide(t *testing.T, operator *vault.Client, slug string) map[string]vault.Key {
	t.Helper()
	mount := bootstrap.AgencyMount(slug)
	if err := operator.EnsureMount(t.Context(), mount); err != nil {
		t.Fatal(err)
	}
	keys := map[string]vault.Key{}
	for name, typ := range map[string]string{
		"officer-sign": vault.TypeEd25519, "desk-sign": vault.TypeEd25519,
		"witness-sign": vault.TypeEd25519, "wrap": vault.TypeAES,
	} {
		key, err := operator.EnsureKey(t.Context(), mount, name, typ)
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = key
	}
	return keys
}

// workload is a client that logs in as a pod of that ServiceAccount does.
func (h house) workload(t *testing.T, namespace, account, role string) *vault.Client {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(h.cluster.token(namespace, account)), 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := vault.New(h.Config(), vault.KubernetesAuth{Role: role, TokenFile: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// as makes any call with the rights of that workload.
func (h house) as(t *testing.T, namespace, account, role string) *vault.Admin {
	t.Helper()
	token, err := h.Root().Login(t.Context(), bootstrap.KubernetesAuth, role, h.cluster.token(namespace, account))
	if err != nil {
		t.Fatal(err)
	}
	return h.Admin(token)
}

func newRSA(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, method jwt.SigningMethod, key any, kid string, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	if kid != "" {
		token.Header["kid"] = kid
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func certificate(s *httptest.Server) string {
	var out strings.Builder
	_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	return out.String()
}
