package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
)

func TestDeviceGrantLogsInWithoutACRAndNonce(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya")}})
	conf, discovered := p.oauth(t, "agencya", "concordat-agencya", "")
	device, err := conf.DeviceAuth(p.context())
	if err != nil {
		t.Fatal(err)
	}
	if device.VerificationURI != p.url+"/agencya/device" {
		t.Errorf("verification_uri is %s", device.VerificationURI)
	}
	if status, _ := p.get(t, device.VerificationURIComplete); status != http.StatusOK {
		t.Errorf("the device page answered %d", status)
	}
	for _, wrong := range []url.Values{
		{"user_code": {device.UserCode}, "username": {"analyst-1"}, "password": {"wrong"}},
		{"user_code": {"BBBB-BBBB"}, "username": {"analyst-1"}, "password": {samplePassword}},
	} {
		if status, _ := p.submit(t, device.VerificationURI, wrong); status != http.StatusUnauthorized {
			t.Errorf("%v answered %d, want 401", wrong, status)
		}
	}
	right := url.Values{"user_code": {device.UserCode}, "username": {"analyst-1"}, "password": {samplePassword}}
	if status, _ := p.submit(t, device.VerificationURI, right); status != http.StatusOK {
		t.Fatalf("the right code and password answered %d", status)
	}
	token, err := conf.DeviceAccessToken(p.context(), device)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	idToken, err := discovered.Verifier(&oidc.Config{ClientID: conf.ClientID}).Verify(p.context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	var got claims
	if err := idToken.Claims(&got); err != nil {
		t.Fatal(err)
	}
	// Without acr and nonce such a token signs no act: Vault's role binds both.
	if got.ACR != "" || got.Nonce != "" || got.Preferred != "analyst-1" {
		t.Errorf("id_token has acr %q, nonce %q, name %q", got.ACR, got.Nonce, got.Preferred)
	}
	if _, err := conf.DeviceAccessToken(p.context(), device); err == nil {
		t.Error("the device code worked twice")
	}
}

func TestDeviceGrantIsOnlyForClientsThatAskedForIt(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya")}})
	conf, _ := p.oauth(t, "agencya", "concordat-sign-agencya", "")
	if _, err := conf.DeviceAuth(p.context()); err == nil {
		t.Error("the signing client got a device code")
	}
}
