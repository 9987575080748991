package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

func TestAgenciesAddedToTheFileCanLogInAtOnce(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya")}})
	conf, _ := p.oauth(t, "agencya", "concordat-agencya", loopback)
	verifier := oauth2.GenerateVerifier()
	_, page := p.get(t, conf.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)))

	writeConfig(t, p.config, config{Realms: []realmConfig{sampleRealm("agencya"), sampleRealm("agencyb")}})
	b, _ := p.oauth(t, "agencyb", "concordat-agencyb", loopback)
	p.login(t, b.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), "analyst-1", samplePassword)
	if status, _ := p.get(t, page.String()); status != http.StatusOK {
		t.Errorf("a login under way at agencya answered %d after the file changed, want 200", status)
	}

	if err := os.WriteFile(p.config, []byte(`{"realms": [`), 0o600); err != nil {
		t.Fatal(err)
	}
	p.login(t, b.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), "analyst-1", samplePassword) // a broken file changes nothing

	writeConfig(t, p.config, config{Realms: []realmConfig{sampleRealm("agencyb")}})
	if status, _ := p.get(t, p.url+"/agencya/keys"); status != http.StatusNotFound {
		t.Errorf("a removed agency answered %d, want 404", status)
	}
}

func TestKeysAndSubjectsOutliveARestart(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya"), sampleRealm("agencyb")}})
	first := p.idToken(t, "agencya")
	other := p.idToken(t, "agencyb")
	oldURL := p.url
	p.serve(t)
	second := p.idToken(t, "agencya")
	if first.Subject != second.Subject {
		t.Errorf("the officer's sub changed from %s to %s", first.Subject, second.Subject)
	}
	if first.Subject == other.Subject {
		t.Error("an officer of the same name has the same sub in another realm")
	}
	// The new process's keys verify what the old one signed.
	keys := oidc.NewRemoteKeySet(p.context(), p.url+"/agencya/keys")
	verifier := oidc.NewVerifier(oldURL+"/agencya", keys, &oidc.Config{ClientID: "concordat-agencya", SupportedSigningAlgs: []string{"ES256"}})
	if _, err := verifier.Verify(context.Background(), first.raw); err != nil {
		t.Errorf("a token from before the restart: %v", err)
	}
	foreign := oidc.NewVerifier(oldURL+"/agencyb", keys, &oidc.Config{ClientID: "concordat-agencyb", SupportedSigningAlgs: []string{"ES256"}})
	if _, err := foreign.Verify(context.Background(), other.raw); err == nil {
		t.Error("agencya's keys verify agencyb's token")
	}
}

type rawToken struct{ Subject, raw string }

func (p *provider) idToken(t *testing.T, slug string) rawToken {
	t.Helper()
	conf, discovered := p.oauth(t, slug, "concordat-"+slug, loopback)
	verifier := oauth2.GenerateVerifier()
	back := p.login(t, conf.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), "analyst-1", samplePassword)
	token, err := conf.Exchange(p.context(), back.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	idToken, err := discovered.Verifier(&oidc.Config{ClientID: conf.ClientID}).Verify(p.context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	return rawToken{idToken.Subject, raw}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	tests := map[string]string{
		"unknown member":            `{"realm": []}`,
		"slug with a hyphen":        `{"realms": [{"slug": "agency-a"}]}`,
		"slug twice":                `{"realms": [{"slug": "agencya"}, {"slug": "agencya"}]}`,
		"officer without password":  `{"realms": [{"slug": "agencya", "officers": [{"name": "analyst-1"}]}]}`,
		"officer named as a person": `{"realms": [{"slug": "agencya", "officers": [{"name": "Jane Doe", "password": "x"}]}]}`,
		"officer twice":             `{"realms": [{"slug": "agencya", "officers": [{"name": "a", "password": "x"}, {"name": "a", "password": "y"}]}]}`,
		"client without id":         `{"realms": [{"slug": "agencya", "clients": [{"id": ""}]}]}`,
		"plain http redirect":       `{"realms": [{"slug": "agencya", "clients": [{"id": "c", "redirectURIs": ["http://desk.example/cb"]}]}]}`,
		"redirect to localhost":     `{"realms": [{"slug": "agencya", "clients": [{"id": "c", "redirectURIs": ["http://localhost/cb"]}]}]}`,
		"issuer without tls":        `{"issuer": "http://127.0.0.1:1", "realms": []}`,
		"issuer with a path":        `{"issuer": "https://127.0.0.1:1/x", "realms": []}`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "idp.json")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := readConfig(path); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestOnlyLoopbackIsServed(t *testing.T) {
	if l, err := listen("0.0.0.0:0", "", ""); err == nil {
		l.Close()
		t.Error("listens on every address")
	}
}
