package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/oauth2"
)

func TestBrowserLogsInAndReachesTheLoopbackCallback(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya")}})
	arrived := make(chan url.Values, 1)
	cli := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { arrived <- r.URL.Query() }))
	defer cli.Close()
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(samplePassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	conf, _ := p.oauth(t, "agencya", "concordat-agencya", cli.URL+"/callback")
	verifier := oauth2.GenerateVerifier()
	address := conf.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier))

	var output bytes.Buffer
	args := []string{"concordat-idp", "browser", "--username", "analyst-1", "--password-file", password, "--ca", p.ca, address}
	if err := run(context.Background(), args, &output); err != nil {
		t.Fatalf("%v\n%s", err, &output)
	}
	if _, err := conf.Exchange(p.context(), (<-arrived).Get("code"), oauth2.VerifierOption(verifier)); err != nil {
		t.Error(err)
	}
}

func TestBrowserTakesEverythingFromTheEnvironmentWhenCalledByItsOtherName(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya")}})
	cli := httptest.NewServer(http.NotFoundHandler())
	cli.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	defer cli.Close()
	t.Setenv("CONCORDAT_BROWSER_USERNAME", "analyst-1")
	t.Setenv("CONCORDAT_BROWSER_PASSWORD", samplePassword)
	t.Setenv("CONCORDAT_BROWSER_CA", p.ca)
	conf, _ := p.oauth(t, "agencya", "concordat-agencya", cli.URL+"/callback")
	address := conf.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
	if err := run(context.Background(), []string{"/somewhere/concordat-idp-browser", address}, &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}

func TestBrowserReportsAWrongPassword(t *testing.T) {
	p := start(t, config{Realms: []realmConfig{sampleRealm("agencya")}})
	conf, _ := p.oauth(t, "agencya", "concordat-agencya", loopback)
	b, err := newBrowser("analyst-1", "wrong", p.ca)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.open(context.Background(), conf.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))); !errors.Is(err, errBadLogin) {
		t.Errorf("got %v", err)
	}
}

func TestBrowserGivesThePasswordToNobodyElse(t *testing.T) {
	form := `<form method=post action=%s><input name=u><input type=password name=p></form>`
	tests := map[string]string{"plain http": "", "another origin": "https://elsewhere.example/login"}
	for name, action := range tests {
		t.Run(name, func(t *testing.T) {
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet {
					t.Error("the form was sent")
				}
				w.Header().Set("Content-Type", "text/html")
				_, _ = w.Write(bytes.ReplaceAll([]byte(form), []byte("%s"), []byte(`"`+action+`"`)))
			}))
			defer web.Close()
			b, err := newBrowser("analyst-1", samplePassword, "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.open(context.Background(), web.URL); err == nil {
				t.Error("no error")
			}
		})
	}
}
