package desk

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// OIDCConfig is the agency's provider and the desk's client there.
type OIDCConfig struct {
	Issuer   string
	ClientID string
	CAFile   string // PEM; empty means the system's authorities
	// GroupsClaim names the claim with the officer's groups, a string or a list of
	// strings; empty means "groups".
	GroupsClaim string
}

// NoProvider is Provider for an agency that has named none: nobody logs in, and
// everything else works.
type NoProvider struct{}

var errNoProvider = errors.New("the agency has named no OpenID Connect provider")

// Verify implements Provider.
func (NoProvider) Verify(context.Context, string, string) (Claims, error) {
	return Claims{}, refuseFor(CodeProviderAway, errNoProvider)
}

// Ready implements Provider.
func (NoProvider) Ready(context.Context) error { return errNoProvider }

// OIDC is Provider for any OpenID Connect provider. It reads the discovery
// document at the first use and keys when they are needed.
type OIDC struct {
	config   OIDCConfig
	client   *http.Client
	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier
}

// maxTokenAge bounds how long after its issue an id_token starts a session.
const maxTokenAge = 10 * time.Minute

// NewOIDC checks the configuration and connects to nothing.
func NewOIDC(config OIDCConfig) (*OIDC, error) {
	if config.Issuer == "" || config.ClientID == "" {
		return nil, errors.New("issuer and client id of the agency's provider are required")
	}
	if config.GroupsClaim == "" {
		config.GroupsClaim = "groups"
	}
	roots, err := certPool(config.CAFile)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 3 * time.Second, ResponseHeaderTimeout: 5 * time.Second, IdleConnTimeout: time.Minute,
		ForceAttemptHTTP2: true,
	}
	return &OIDC{config: config, client: &http.Client{Transport: transport, Timeout: 10 * time.Second}}, nil
}

func certPool(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("the CA file holds no certificate")
	}
	return pool, nil
}

func (p *OIDC) discover(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.verifier != nil {
		return p.verifier, nil
	}
	// The key set outlives this call, so it must not inherit its context.
	provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.config.Issuer)
	if err != nil {
		return nil, refuseFor(CodeProviderAway, err)
	}
	p.verifier = provider.Verifier(&oidc.Config{
		ClientID:             p.config.ClientID,
		SupportedSigningAlgs: []string{oidc.RS256, oidc.PS256, oidc.ES256, oidc.ES384, oidc.EdDSA},
	})
	return p.verifier, nil
}

// Ready implements Provider.
func (p *OIDC) Ready(ctx context.Context) error {
	_, err := p.discover(ctx)
	return err
}

// Verify implements Provider. OpenID Connect Core 1.0, section 3.1.3.7.
func (p *OIDC) Verify(ctx context.Context, idToken, nonce string) (Claims, error) {
	if len(idToken) > 16<<10 {
		return Claims{}, refuse(CodeLoginRefused)
	}
	verifier, err := p.discover(ctx)
	if err != nil {
		return Claims{}, err
	}
	token, err := verifier.Verify(oidc.ClientContext(ctx, p.client), idToken)
	if err != nil {
		return Claims{}, refuseFor(CodeLoginRefused, err)
	}
	var told struct {
		AuthorizedParty string `json:"azp"`
		Label           string `json:"preferred_username"`
	}
	if err := token.Claims(&told); err != nil {
		return Claims{}, refuseFor(CodeLoginRefused, err)
	}
	groups, err := groupsOf(token, p.config.GroupsClaim)
	if err != nil {
		return Claims{}, refuseFor(CodeLoginRefused, err)
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(nonce)) != 1 || nonce == "":
		return Claims{}, refuseFor(CodeLoginRefused, errors.New("the token was not issued for this login"))
	case len(token.Audience) > 1 && told.AuthorizedParty == "", told.AuthorizedParty != "" && told.AuthorizedParty != p.config.ClientID:
		return Claims{}, refuseFor(CodeLoginRefused, errors.New("the token was issued to another client"))
	case token.Subject == "":
		return Claims{}, refuseFor(CodeLoginRefused, errors.New("the token names nobody"))
	case time.Since(token.IssuedAt) > maxTokenAge:
		return Claims{}, refuseFor(CodeLoginRefused, errors.New("the token is old"))
	}
	return Claims{Issuer: token.Issuer, Subject: token.Subject, Label: told.Label, Groups: groups}, nil
}

// groupsOf reads the claim with the groups; absent is none.
func groupsOf(token *oidc.IDToken, claim string) ([]string, error) {
	var all map[string]json.RawMessage
	if err := token.Claims(&all); err != nil {
		return nil, err
	}
	raw, present := all[claim]
	if !present {
		return nil, nil
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var many []string
	err := json.Unmarshal(raw, &many)
	return many, err
}
