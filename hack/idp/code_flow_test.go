package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"
)

// claims are those that desks and Vault rely on.
type claims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  []string `json:"aud"`
	Nonce     string   `json:"nonce"`
	ACR       string   `json:"acr"`
	AMR       []string `json:"amr"`
	AuthTime  int64    `json:"auth_time"`
	IssuedAt  int64    `json:"iat"`
	Expiry    int64    `json:"exp"`
	Preferred string   `json:"preferred_username"`
	Groups    []string `json:"groups"`
}

func TestCodeFlowWithPKCELogsAnOfficerIn(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya"), sampleRealm("agencyb")}})
	conf, discovered := p.oauth(t, "agencya", "concordat-sign-agencya", "http://127.0.0.1:49152/callback")
	verifier := oauth2.GenerateVerifier()
	before := time.Now().Unix()
	back := p.login(t, conf.AuthCodeURL("some-state", oidc.Nonce("sha256-of-the-signing-input"),
		oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("max_age", "0")), "analyst-1", samplePassword)

	issuer := p.url + "/agencya"
	if got := back.Scheme + "://" + back.Host + back.Path; got != "http://127.0.0.1:49152/callback" {
		t.Fatalf("led back to %s", got)
	}
	if got := back.Query().Get("state"); got != "some-state" {
		t.Errorf("state is %q", got)
	}
	if got := back.Query().Get("iss"); got != issuer {
		t.Errorf("iss in the response is %q, want %q (RFC 9207)", got, issuer)
	}

	token, err := conf.Exchange(p.context(), back.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	idToken, err := discovered.Verifier(&oidc.Config{ClientID: conf.ClientID}).Verify(p.context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := idToken.VerifyAccessToken(token.AccessToken); err != nil {
		t.Errorf("at_hash: %v", err)
	}
	var got claims
	if err := idToken.Claims(&got); err != nil {
		t.Fatal(err)
	}
	if life := got.Expiry - got.IssuedAt; life != 300 {
		t.Errorf("the id_token lives %d s, want 300", life)
	}
	if got.AuthTime < before || got.AuthTime > time.Now().Unix() {
		t.Errorf("auth_time %d is not the time of this login", got.AuthTime)
	}
	if len(got.Subject) != 32 || strings.Contains(got.Subject, "analyst") {
		t.Errorf("sub %q is not opaque", got.Subject)
	}
	want := claims{
		Issuer: issuer, Subject: got.Subject, Audience: []string{"concordat-sign-agencya"}, Nonce: "sha256-of-the-signing-input",
		ACR: "urn:concordat:acr:password", AMR: []string{"pwd"}, Preferred: "analyst-1", Groups: []string{"analyst", "reader"},
		AuthTime: got.AuthTime, IssuedAt: got.IssuedAt, Expiry: got.Expiry,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("id_token (-want +got):\n%s", diff)
	}

	info, err := discovered.UserInfo(p.context(), oauth2.StaticTokenSource(token))
	if err != nil {
		t.Fatal(err)
	}
	if info.Subject != got.Subject {
		t.Errorf("userinfo names %q, the id_token %q", info.Subject, got.Subject)
	}
}

func TestCodeIsWorthNothingWithoutItsVerifierOrASecondTime(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya")}})
	conf, _ := p.oauth(t, "agencya", "concordat-agencya", loopback)

	verifier := oauth2.GenerateVerifier()
	stolen := p.login(t, conf.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), "analyst-1", samplePassword).Query().Get("code")
	if _, err := conf.Exchange(p.context(), stolen, oauth2.VerifierOption(oauth2.GenerateVerifier())); err == nil {
		t.Fatal("a code was exchanged with another verifier")
	}
	if _, err := conf.Exchange(p.context(), stolen, oauth2.VerifierOption(verifier)); err == nil {
		t.Error("a code survived a wrong verifier")
	}

	code := p.login(t, conf.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), "analyst-1", samplePassword).Query().Get("code")
	if _, err := conf.Exchange(p.context(), code, oauth2.VerifierOption(verifier)); err != nil {
		t.Fatal(err)
	}
	if _, err := conf.Exchange(p.context(), code, oauth2.VerifierOption(verifier)); err == nil {
		t.Error("a code was exchanged twice")
	}
}

func TestCodeOfOneRealmIsWorthNothingInAnother(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya"), sampleRealm("agencyb")}})
	a, _ := p.oauth(t, "agencya", "concordat-agencya", loopback)
	b, _ := p.oauth(t, "agencyb", "concordat-agencyb", loopback)
	verifier := oauth2.GenerateVerifier()
	code := p.login(t, a.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), "analyst-1", samplePassword).Query().Get("code")
	if _, err := b.Exchange(p.context(), code, oauth2.VerifierOption(verifier)); err == nil {
		t.Error("agencyb took agencya's code")
	}
}

func TestAuthorisationRequestsThatAreRefused(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya")}})
	challenge := url.Values{"code_challenge": {oauth2.S256ChallengeFromVerifier(oauth2.GenerateVerifier())}, "code_challenge_method": {"S256"}}
	base := func(change url.Values, drop ...string) string {
		q := url.Values{"response_type": {"code"}, "client_id": {"concordat-agencya"}, "redirect_uri": {loopback}, "scope": {"openid"}, "state": {"s"}}
		for name, value := range challenge {
			q[name] = value
		}
		for name, value := range change {
			q[name] = value
		}
		for _, name := range drop {
			q.Del(name)
		}
		return p.url + "/agencya/authorize?" + q.Encode()
	}
	tests := map[string]struct {
		address   string
		wantError string // in the redirect to the client; empty: 400 and no redirect at all
	}{
		"no PKCE":                          {base(nil, "code_challenge", "code_challenge_method"), "invalid_request"},
		"PKCE without a method":            {base(nil, "code_challenge_method"), "invalid_request"},
		"PKCE plain":                       {base(url.Values{"code_challenge_method": {"plain"}}), "invalid_request"},
		"no scope openid":                  {base(url.Values{"scope": {"profile"}}), "invalid_scope"},
		"prompt none":                      {base(url.Values{"prompt": {"none"}}), "login_required"},
		"implicit flow":                    {base(url.Values{"response_type": {"id_token"}, "nonce": {"n"}}), ""},
		"answer in the fragment":           {base(url.Values{"response_mode": {"fragment"}}), ""},
		"answer in a form":                 {base(url.Values{"response_mode": {"form_post"}}), ""},
		"unknown client":                   {base(url.Values{"client_id": {"concordat-agencyz"}}), ""},
		"redirect to another host":         {base(url.Values{"redirect_uri": {"https://elsewhere.example/callback"}}), ""},
		"redirect to localhost by name":    {base(url.Values{"redirect_uri": {"http://localhost:4000/callback"}}), ""},
		"redirect to another path":         {base(url.Values{"redirect_uri": {"http://127.0.0.1:4000/other"}}), ""},
		"another port where one was given": {base(url.Values{"redirect_uri": {"https://desk.agencya.example:4000/auth/callback"}}), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, location := p.get(t, test.address)
			if test.wantError == "" {
				if status != http.StatusBadRequest || location != nil {
					t.Fatalf("answered %d to %v, want 400 and no redirect", status, location)
				}
				return
			}
			if location == nil || !strings.HasPrefix(location.String(), loopback+"?") {
				t.Fatalf("answered %d to %v, want a redirect to the client", status, location)
			}
			want := url.Values{"error": {test.wantError}, "iss": {p.url + "/agencya"}, "state": {"s"}}
			got := location.Query()
			got.Del("error_description")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("error response (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDiscoveryAnnouncesOnlyWhatIsThere(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya")}})
	_, discovered := p.oauth(t, "agencya", "concordat-agencya", loopback)
	var got struct {
		Issuer     string   `json:"issuer"`
		Responses  []string `json:"response_types_supported"`
		Grants     []string `json:"grant_types_supported"`
		Methods    []string `json:"token_endpoint_auth_methods_supported"`
		Challenges []string `json:"code_challenge_methods_supported"`
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
		ISS        bool     `json:"authorization_response_iss_parameter_supported"`
		Revocation string   `json:"revocation_endpoint"`
	}
	if err := discovered.Claims(&got); err != nil {
		t.Fatal(err)
	}
	want := got
	want.Issuer, want.Responses, want.Methods = p.url+"/agencya", []string{"code"}, []string{"none"}
	want.Grants = []string{"authorization_code", "urn:ietf:params:oauth:grant-type:device_code"}
	want.Challenges, want.Algorithms, want.ISS, want.Revocation = []string{"S256"}, []string{"ES256"}, true, ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("discovery (-want +got):\n%s", diff)
	}
	for _, path := range []string{"/agencya/authorize/callback?id=x", "/agencya/oauth/introspect", "/agencya/revoke", "/agencya/end_session", "/agencyz/keys", "/"} {
		if status, _ := p.get(t, p.url+path); status != http.StatusNotFound {
			t.Errorf("%s answered %d, want 404", path, status)
		}
	}
}
