package main

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

var (
	errUnknownClient  = errors.New("no such client")
	errUnknownRequest = errors.New("no such request, or it took too long")
	errUnknownToken   = errors.New("no such token, or it has expired")
	errNotOffered     = errors.New("this provider does not offer that")
)

// authRequest is one login under way: what the client asked for, and who turned out to ask.
type authRequest struct {
	id       string
	asked    oidc.AuthRequest
	expires  time.Time
	tries    int // wrong passwords so far
	done     bool
	subject  string
	authTime time.Time
}

func (a *authRequest) GetID() string                      { return a.id }
func (a *authRequest) GetACR() string                     { return acrPassword }
func (a *authRequest) GetAMR() []string                   { return []string{"pwd"} } // RFC 8176 §2
func (a *authRequest) GetAudience() []string              { return []string{a.asked.ClientID} }
func (a *authRequest) GetAuthTime() time.Time             { return a.authTime }
func (a *authRequest) GetClientID() string                { return a.asked.ClientID }
func (a *authRequest) GetNonce() string                   { return a.asked.Nonce }
func (a *authRequest) GetRedirectURI() string             { return a.asked.RedirectURI }
func (a *authRequest) GetResponseType() oidc.ResponseType { return a.asked.ResponseType }
func (a *authRequest) GetResponseMode() oidc.ResponseMode { return oidc.ResponseModeQuery }
func (a *authRequest) GetScopes() []string                { return a.asked.Scopes }
func (a *authRequest) GetState() string                   { return a.asked.State }
func (a *authRequest) GetSubject() string                 { return a.subject }
func (a *authRequest) Done() bool                         { return a.done }
func (a *authRequest) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: a.asked.CodeChallenge, Method: a.asked.CodeChallengeMethod}
}

// accessToken lets its bearer ask /userinfo who logged in, and nothing else.
type accessToken struct {
	subject string
	expires time.Time
}

// storage is what pkg/op asks of a realm. Grants that are not offered answer errNotOffered.
type storage struct{ r *realm }

var (
	_ op.Storage                    = storage{}
	_ op.DeviceAuthorizationStorage = storage{}
	_ op.CanSetUserinfoFromRequest  = storage{}
)

// CreateAuthRequest is the last check before the login page is shown, and the place where what
// pkg/op leaves open is closed: PKCE with S256 is required, a redirect matches to the letter but for
// a loopback port, and prompt=none cannot succeed since nobody stays logged in.
func (s storage) CreateAuthRequest(_ context.Context, asked *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if !s.r.clients[asked.ClientID].allowsRedirect(asked.RedirectURI) {
		return nil, oidc.ErrInvalidRequestRedirectURI().WithDescription("redirect_uri is not registered for this client")
	}
	// RFC 9700 §2.1.1: public clients must use PKCE, and the plain method protects nothing.
	if asked.CodeChallenge == "" || asked.CodeChallengeMethod != oidc.CodeChallengeMethodS256 {
		return nil, oidc.ErrInvalidRequest().WithDescription("PKCE with code_challenge_method S256 is required")
	}
	if slices.Contains(asked.Prompt, oidc.PromptNone) {
		return nil, oidc.ErrLoginRequired().WithDescription("every login asks for the password")
	}
	if !slices.Contains(asked.Scopes, oidc.ScopeOpenID) {
		return nil, oidc.ErrInvalidScope().WithDescription("scope openid is required")
	}
	s.r.forgetExpired()
	request := &authRequest{id: hex.EncodeToString(random(16)), asked: *asked, expires: s.r.now().Add(requestLife)}
	s.r.requests[request.id] = request
	return request, nil
}

// forgetExpired drops what nobody can use any more; r.mu must be held.
func (r *realm) forgetExpired() {
	now := r.now()
	for id, request := range r.requests {
		if now.After(request.expires) {
			delete(r.requests, id)
		}
	}
	for code, id := range r.codes {
		if r.requests[id] == nil {
			delete(r.codes, code)
		}
	}
	for id, token := range r.tokens {
		if now.After(token.expires) {
			delete(r.tokens, id)
		}
	}
	for code, device := range r.devices {
		if now.After(device.state.Expires) {
			delete(r.devices, code)
		}
	}
}

// request returns a login under way that has not expired; r.mu must be held.
func (r *realm) request(id string) (*authRequest, error) {
	request := r.requests[id]
	if request == nil || r.now().After(request.expires) {
		return nil, errUnknownRequest
	}
	return request, nil
}

func (s storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	return s.r.request(id)
}

// AuthRequestByCode consumes the code: a second exchange, and one after a wrong verifier, fails.
// SPEC: RFC 6749 §4.1.2 "The client MUST NOT use the authorization code more than once."
func (s storage) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	id, ok := s.r.codes[code]
	if !ok {
		return nil, errUnknownRequest
	}
	delete(s.r.codes, code)
	request, err := s.r.request(id)
	if err != nil {
		return nil, err
	}
	delete(s.r.requests, id)
	return request, nil
}

// SaveAuthCode remembers the code and starts its short life.
func (s storage) SaveAuthCode(_ context.Context, id, code string) error {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	request, err := s.r.request(id)
	if err != nil {
		return err
	}
	request.expires = s.r.now().Add(codeLife)
	s.r.codes[code] = id
	return nil
}

func (s storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	delete(s.r.requests, id)
	return nil
}

func (s storage) CreateAccessToken(_ context.Context, request op.TokenRequest) (string, time.Time, error) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	id, expires := hex.EncodeToString(random(16)), s.r.now().Add(tokenLife)
	s.r.tokens[id] = accessToken{subject: request.GetSubject(), expires: expires}
	return id, expires, nil
}

func (s storage) SigningKey(context.Context) (op.SigningKey, error) { return s.r.secrets.signing, nil }

func (s storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

func (s storage) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{publicKey{s.r.secrets.signing}}, nil
}

func (s storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	c, ok := s.r.clients[id]
	if !ok {
		return nil, oidc.ErrInvalidClient().WithDescription("no such client").WithParent(errUnknownClient)
	}
	return client{c, s.r.issuer}, nil
}

// SetUserinfoFromRequest puts the officer's role name and groups into the id_token.
func (s storage) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, request op.IDTokenRequest, _ []string) error {
	return s.describe(info, request.GetSubject())
}

// SetUserinfoFromToken answers /userinfo.
func (s storage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, tokenID, subject, _ string) error {
	s.r.mu.Lock()
	token, ok := s.r.tokens[tokenID]
	s.r.mu.Unlock()
	if !ok || token.subject != subject || s.r.now().After(token.expires) {
		return oidc.ErrAccessDenied().WithParent(errUnknownToken)
	}
	return s.describe(info, subject)
}

func (s storage) describe(info *oidc.UserInfo, subject string) error {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	officer, ok := s.r.officerBySubject(subject)
	if !ok {
		return oidc.ErrAccessDenied().WithDescription("the officer is no longer there")
	}
	info.Subject = subject
	info.PreferredUsername = officer.Name
	info.AppendClaims("groups", append([]string{}, officer.Groups...)) // never null
	return nil
}

// SetUserinfoFromScopes is empty as pkg/op asks: SetUserinfoFromRequest does it.
func (storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

func (storage) Health(context.Context) error { return nil }

func (storage) AuthorizeClientIDSecret(context.Context, string, string) error { return errNotOffered }

func (storage) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string, time.Time, error) {
	return "", "", time.Time{}, errNotOffered
}

func (storage) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, op.ErrInvalidRefreshToken
}

func (storage) TerminateSession(context.Context, string, string) error { return errNotOffered }

func (storage) RevokeToken(context.Context, string, string, string) *oidc.Error {
	return oidc.ErrInvalidRequest().WithParent(errNotOffered)
}

func (storage) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}

func (storage) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errNotOffered
}

func (storage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

func (storage) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errNotOffered
}

func (storage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errNotOffered
}
