package main

import (
	"net/http"
	"net/url"
	"testing"

	"golang.org/x/oauth2"
)

func TestWrongPasswordShowsTheFormAgainUntilTriesRunOut(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya")}})
	conf, _ := p.oauth(t, "agencya", "concordat-agencya", loopback)
	_, page := p.get(t, conf.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	request, action := page.Query().Get("request"), p.url+"/agencya/login"
	try := func(officer, password string) (int, *url.URL) {
		return p.submit(t, action, url.Values{"request": {request}, "username": {officer}, "password": {password}})
	}
	wrong := [][2]string{{"analyst-1", "wrong"}, {"analyst-1", ""}, {"nobody", samplePassword}, {"signatory-1", samplePassword}, {"", ""}}
	for _, w := range wrong {
		if status, back := try(w[0], w[1]); status != http.StatusUnauthorized || back != nil {
			t.Errorf("%q with %q answered %d to %v, want 401", w[0], w[1], status, back)
		}
	}
	if status, back := try("analyst-1", samplePassword); status != http.StatusBadRequest || back != nil {
		t.Errorf("after %d wrong tries the right password answered %d to %v, want 400", len(wrong), status, back)
	}
}

func TestFinishedLoginGivesItsCodeToNobodyElse(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya")}})
	conf, _ := p.oauth(t, "agencya", "concordat-agencya", loopback)
	_, page := p.get(t, conf.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	fields := url.Values{"request": {page.Query().Get("request")}, "username": {"analyst-1"}, "password": {samplePassword}}
	if _, back := p.submit(t, p.url+"/agencya/login", fields); back == nil {
		t.Fatal("the login failed")
	}
	if status, back := p.submit(t, p.url+"/agencya/login", fields); status != http.StatusBadRequest || back != nil {
		t.Errorf("the same form answered %d to %v, want 400", status, back)
	}
	if status, _ := p.get(t, page.String()); status != http.StatusBadRequest {
		t.Errorf("the login page answered %d afterwards, want 400", status)
	}
}

func TestPagesRefuseFramesAndCaches(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya")}})
	conf, _ := p.oauth(t, "agencya", "concordat-agencya", loopback)
	_, page := p.get(t, conf.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	resp, err := p.client.Get(page.String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	if got := resp.Header.Get("Content-Security-Policy"); got != "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'" {
		t.Errorf("Content-Security-Policy is %q", got)
	}
}
