package vault

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/hashicorp/vault/api"
)

// MaxTimeout bounds every call, login included.
const MaxTimeout = 5 * time.Second

// Config says which Vault to speak to.
type Config struct {
	// Address is an https URL without a path. Plain http is refused.
	Address string
	// CAFile is a PEM file with the only authorities that are trusted for Address; empty means the
	// system's. It is read once.
	CAFile string
	// Timeout bounds a call; 0 and anything longer mean MaxTimeout.
	Timeout time.Duration
	// Namespace is the Enterprise or OpenBao namespace; empty means none.
	Namespace string
}

// connect makes the transport that all sessions of a client share.
func (c Config) connect() (*http.Client, error) {
	u, err := url.Parse(c.Address)
	if err != nil {
		return nil, fmt.Errorf("vault address: %w", err)
	}
	if u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || (u.Path != "" && u.Path != "/") {
		return nil, fmt.Errorf("vault address %q is not an https URL of a host", u.Redacted())
	}
	roots, err := c.roots()
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Transport: &wire{Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
			TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots},
			TLSHandshakeTimeout:   3 * time.Second,
			ResponseHeaderTimeout: MaxTimeout,
			MaxIdleConnsPerHost:   16,
			IdleConnTimeout:       90 * time.Second,
			ForceAttemptHTTP2:     true,
			HTTP2:                 &http.HTTP2Config{SendPingTimeout: 3 * time.Second, PingTimeout: 2 * time.Second},
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

func (c Config) roots() (*x509.CertPool, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("vault CA: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("vault CA: %s holds no certificate", c.CAFile)
	}
	return pool, nil
}

func (c Config) timeout() time.Duration {
	if c.Timeout <= 0 || c.Timeout > MaxTimeout {
		return MaxTimeout
	}
	return c.Timeout
}

// api makes a client that carries the token. The library reads VAULT_TOKEN, VAULT_NAMESPACE and
// VAULT_HEADERS by itself; all are overwritten, so that a variable left in a shell never lends a
// program somebody else's rights.
func (c Config) api(transport *http.Client, token string) (*api.Client, error) {
	client, err := api.NewClient(&api.Config{
		Address: c.Address, HttpClient: transport, Timeout: c.timeout(),
		MinRetryWait: 100 * time.Millisecond, MaxRetryWait: 100 * time.Millisecond,
		MaxRetries: 1, CheckRetry: retryLostConnection, DisableRedirects: true,
	})
	if err != nil {
		return nil, fmt.Errorf("vault client: %w", err)
	}
	headers := http.Header{api.RequestHeaderName: {"true"}}
	if c.Namespace != "" {
		headers.Set(api.NamespaceHeaderName, c.Namespace)
	}
	client.SetHeaders(headers)
	client.SetToken(token)
	return client, nil
}
