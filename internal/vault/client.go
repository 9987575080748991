package vault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/hashicorp/vault/api"
)

// Client speaks to one Vault with one identity. It logs in at the first call and again when half
// of the token's life has passed or when Vault refuses the token. Safe for concurrent use.
type Client struct {
	config    Config
	auth      Auth
	transport *http.Client
	breaker   breaker

	// gate holds one value; who takes it may log in. A channel, so that waiting ends with the context.
	gate    chan struct{}
	mu      sync.Mutex
	session session
	keys    keyCache
}

// session is one login's outcome.
type session struct {
	api     *api.Client
	token   string
	since   time.Time
	renew   time.Time // zero: never by time
	expires time.Time // zero: unknown
}

// New checks the configuration and connects to nothing.
func New(config Config, auth Auth) (*Client, error) {
	if auth == nil {
		return nil, errors.New("vault: no way to log in")
	}
	transport, err := config.connect()
	if err != nil {
		return nil, err
	}
	if _, err := config.api(transport, ""); err != nil {
		return nil, err
	}
	return &Client{config: config, auth: auth, transport: transport, gate: make(chan struct{}, 1)}, nil
}

// Close gives up idle connections. The token is left to expire: no policy of ours allows more.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// read, write and so on are the only calls there are; each is bounded, logged in and classified.
func (c *Client) read(ctx context.Context, op, path string, query url.Values) (*api.Secret, error) {
	return c.do(ctx, op, path, func(ctx context.Context, a *api.Client) (*api.Secret, error) {
		return a.Logical().ReadWithDataWithContext(ctx, path, query)
	})
}

func (c *Client) write(ctx context.Context, op, path string, body map[string]any) (*api.Secret, error) {
	return c.do(ctx, op, path, func(ctx context.Context, a *api.Client) (*api.Secret, error) {
		return a.Logical().WriteWithContext(ctx, path, body)
	})
}

type request func(context.Context, *api.Client) (*api.Secret, error)

func (c *Client) do(ctx context.Context, op, path string, call request) (*api.Secret, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if !c.breaker.allow(time.Now()) {
		return nil, failure(ErrUnavailable, op, path, "the last calls had no answer; waiting a moment")
	}
	bounded, cancel := context.WithTimeout(ctx, c.config.timeout())
	defer cancel()
	secret, err := c.once(bounded, op, path, call)
	// A caller who gave up says nothing about Vault.
	c.breaker.report(time.Now(), err, ctx.Err() != nil)
	return secret, err
}

// once makes the call, and once more with a new login where Vault refuses a token that is not new:
// it may have been revoked, or its entity disabled and enabled again.
func (c *Client) once(ctx context.Context, op, path string, call request) (*api.Secret, error) {
	s, err := c.login(ctx, "")
	if err != nil {
		return nil, err
	}
	secret, err := call(ctx, s.api)
	if err == nil {
		return secret, nil
	}
	err = classify(op, path, err)
	if !errors.Is(err, ErrDenied) || time.Since(s.since) < time.Second {
		return nil, err
	}
	again, loginErr := c.login(ctx, s.token)
	if loginErr != nil || again.token == s.token {
		return nil, err
	}
	if secret, retryErr := call(ctx, again.api); retryErr == nil {
		return secret, nil
	} else {
		return nil, classify(op, path, retryErr)
	}
}

// login returns the current session, or a new one where it is due or its token is the refused one.
// While a token still lives, a failed login is no reason to stop.
func (c *Client) login(ctx context.Context, refused string) (session, error) {
	if s, ok := c.current(refused); ok {
		return s, nil
	}
	select {
	case c.gate <- struct{}{}:
		defer func() { <-c.gate }()
	case <-ctx.Done():
		return session{}, failure(ErrUnavailable, "login", c.config.Address, "no answer in time")
	}
	if s, ok := c.current(refused); ok { // somebody else logged in while we waited
		return s, nil
	}
	fresh, err := c.newSession(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if old := c.session; old.token != "" && old.token != refused && time.Now().Before(old.expires) {
			return old, nil
		}
		return session{}, err
	}
	c.session = fresh
	return fresh, nil
}

func (c *Client) current(refused string) (session, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	if s.token == "" || s.token == refused {
		return session{}, false
	}
	return s, s.renew.IsZero() || time.Now().Before(s.renew)
}

func (c *Client) newSession(ctx context.Context) (session, error) {
	anonymous, err := c.config.api(c.transport, "")
	if err != nil {
		return session{}, err
	}
	token, ttl, err := c.auth.login(ctx, anonymous)
	if err != nil {
		return session{}, err
	}
	s := session{token: token, since: time.Now()}
	if ttl > 0 {
		s.renew, s.expires = s.since.Add(ttl/2), s.since.Add(ttl)
	}
	if s.api, err = c.config.api(c.transport, token); err != nil {
		return session{}, err
	}
	return s, nil
}

// retryLostConnection allows one more try where the connection broke, as it does when Vault restarts
// under a kept-alive connection. All calls of this package may be made twice.
func retryLostConnection(ctx context.Context, _ *http.Response, err error) (bool, error) {
	if err == nil || ctx.Err() != nil {
		return false, ctx.Err()
	}
	var unknown x509.UnknownAuthorityError
	var verify *tls.CertificateVerificationError
	if errors.Is(err, errRedirected) || errors.As(err, &unknown) || errors.As(err, &verify) {
		return false, err
	}
	return true, nil
}

// breaker spares callers the wait for a Vault that does not answer: after three such calls in a row
// it refuses at once, and lets one call through each second to see.
type breaker struct {
	mu        sync.Mutex
	failures  int
	nextProbe time.Time
}

const (
	breakerThreshold = 3
	breakerPause     = time.Second
)

func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < breakerThreshold {
		return true
	}
	if now.Before(b.nextProbe) {
		return false
	}
	b.nextProbe = now.Add(MaxTimeout) // until the probe reports
	return true
}

// report counts calls without any HTTP answer. An answer of whatever kind closes the breaker.
func (b *breaker) report(now time.Time, err error, abandoned bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var e *Error
	silent := errors.As(err, &e) && errors.Is(err, ErrUnavailable) && e.Status == 0
	switch {
	case silent && abandoned:
		b.nextProbe = now
	case silent:
		b.failures++
		b.nextProbe = now.Add(breakerPause)
	default:
		b.failures = 0
	}
}

// Address returns the configured address, for messages.
func (c *Client) Address() string { return c.config.Address }

func unexpected(op, path string, format string, args ...any) error {
	return failure(ErrUnavailable, op, path, fmt.Sprintf(format, args...))
}
