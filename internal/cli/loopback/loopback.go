package loopback

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Path is where the redirect comes back. Clients register
// http://127.0.0.1/callback; the port is free (RFC 8252 section 7.3).
const Path = "/callback"

// Request says whom to log in, where and for what.
type Request struct {
	Issuer   string
	ClientID string
	Nonce    string // must come back in the id_token
	// Fresh asks for a login now (max_age=0), not for a session that the browser
	// still has: who signs must be at the keyboard.
	Fresh bool
	// Client reaches the provider; its transport decides whom to trust.
	Client *http.Client
	// Visit shows the address to the person or opens it. An error ends the login.
	Visit func(ctx context.Context, address string) error
	// Page is what the browser shows at the end, by outcome.
	Page func(ok bool) string
	// Now is the clock against which auth_time is held.
	Now func() time.Time
}

// The ways in which a login fails that a person can do something about.
var (
	ErrProvider = errors.New("the identity provider does not answer as it should")
	ErrRefused  = errors.New("the identity provider refused the login")
	ErrToken    = errors.New("the identity provider's token is not for this login")
	ErrStale    = errors.New("the login is not fresh")
)

// freshness is how old auth_time may be for a Fresh login: the person's time at
// the provider's page after the password, and clocks that differ a little.
const freshness = 5 * time.Minute

// Login returns a verified id_token. It ends when ctx does.
func Login(ctx context.Context, r Request) (string, error) {
	ctx = oidc.ClientContext(ctx, r.Client)
	provider, err := oidc.NewProvider(ctx, r.Issuer)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrProvider, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("no free port for the redirect: %w", err)
	}
	config := oauth2.Config{
		ClientID: r.ClientID, Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "groups"},
		RedirectURL: "http://" + listener.Addr().String() + Path,
	}
	verifier := oauth2.GenerateVerifier()
	state := random()
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier), oidc.Nonce(r.Nonce)}
	if r.Fresh {
		options = append(options, oauth2.SetAuthURLParam("max_age", "0"), oauth2.SetAuthURLParam("prompt", "login"))
	}
	code, err := r.await(ctx, listener, state, config.AuthCodeURL(state, options...))
	if err != nil {
		return "", err
	}
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return "", fmt.Errorf("%w: exchange of the code: %w", ErrRefused, err)
	}
	raw, _ := token.Extra("id_token").(string)
	return raw, r.check(ctx, provider, raw)
}

// check refuses a token that was made for another login before anybody sees it.
func (r Request) check(ctx context.Context, provider *oidc.Provider, raw string) error {
	verified, err := provider.Verifier(&oidc.Config{ClientID: r.ClientID, Now: r.Now}).Verify(ctx, raw)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrToken, err)
	}
	// OpenID Connect Core 1.0, section 3.1.3.7, item 11.
	if verified.Nonce != r.Nonce {
		return fmt.Errorf("%w: nonce", ErrToken)
	}
	if !r.Fresh {
		return nil
	}
	// Item 13: with max_age the provider must send auth_time.
	var claims struct {
		AuthTime int64 `json:"auth_time"`
	}
	if err := verified.Claims(&claims); err != nil || claims.AuthTime == 0 {
		return fmt.Errorf("%w: no auth_time", ErrStale)
	}
	if age := r.Now().Sub(time.Unix(claims.AuthTime, 0)); age > freshness || age < -freshness {
		return fmt.Errorf("%w: auth_time is %s old", ErrStale, age.Round(time.Second))
	}
	return nil
}

func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}
