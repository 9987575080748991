package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	samplePassword = "correct-horse-1"
	loopback       = "http://127.0.0.1/callback"
	deskCallback   = "https://desk.agencya.example/auth/callback"
)

// provider is a running server with two realms, and what a client needs to talk to it.
type provider struct {
	url, dir, config, ca string
	client               *http.Client // follows no redirect
}

func sampleRealm(slug string) realmConfig {
	return realmConfig{
		Slug: slug,
		Clients: []clientConfig{
			{ID: "concordat-" + slug, RedirectURIs: []string{loopback, deskCallback}, Device: true},
			{ID: "concordat-sign-" + slug, RedirectURIs: []string{loopback}},
		},
		Officers: []officerConfig{
			{Name: "analyst-1", Password: samplePassword, Groups: []string{"analyst", "reader"}},
			{Name: "signatory-1", Password: "other-horse-2", Groups: nil},
		},
	}
}

// writeConfig replaces the file in one step, as a runner should.
func writeConfig(t *testing.T, path string, c config) {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func start(t *testing.T, c config) *provider {
	t.Helper()
	dir := t.TempDir()
	p := &provider{dir: dir, config: filepath.Join(dir, "idp.json"), ca: filepath.Join(dir, "ca.pem")}
	writeConfig(t, p.config, c)
	p.serve(t)
	return p
}

// serve starts the provider over the same folder; the address is a new one each time.
func (p *provider) serve(t *testing.T) {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS()
	t.Cleanup(web.Close)
	handler, err := newServer(p.config, filepath.Join(p.dir, "state"), web.URL, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	web.Config.Handler = handler
	p.url = web.URL
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	if err := os.WriteFile(p.ca, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(web.Certificate())
	p.client = &http.Client{
		Timeout:       10 * time.Second,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (p *provider) context() context.Context {
	return oidc.ClientContext(context.Background(), p.client)
}

func (p *provider) oauth(t *testing.T, slug, clientID, redirect string) (*oauth2.Config, *oidc.Provider) {
	t.Helper()
	discovered, err := oidc.NewProvider(p.context(), p.url+"/"+slug)
	if err != nil {
		t.Fatal(err)
	}
	return &oauth2.Config{
		ClientID: clientID, Endpoint: discovered.Endpoint(), RedirectURL: redirect, Scopes: []string{oidc.ScopeOpenID, "profile"},
	}, discovered
}

// get asks for an address and returns the status and where it redirects to, nil when nowhere.
func (p *provider) get(t *testing.T, address string) (int, *url.URL) {
	t.Helper()
	resp, err := p.client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode, locationOf(resp)
}

// submit sends a login form.
func (p *provider) submit(t *testing.T, action string, fields url.Values) (int, *url.URL) {
	t.Helper()
	resp, err := p.client.PostForm(action, fields)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode, locationOf(resp)
}

func locationOf(resp *http.Response) *url.URL {
	location, err := resp.Location()
	if err != nil {
		return nil
	}
	return location
}

// login goes from an authorisation URL to the redirect that carries the code.
func (p *provider) login(t *testing.T, authorise, officer, password string) *url.URL {
	t.Helper()
	status, page := p.get(t, authorise)
	if page == nil || page.Query().Get("request") == "" {
		t.Fatalf("authorisation request answered %d to %v, want a redirect to the login page", status, page)
	}
	_, back := p.submit(t, page.Scheme+"://"+page.Host+page.Path, url.Values{
		"request": {page.Query().Get("request")}, "username": {officer}, "password": {password},
	})
	if back == nil {
		t.Fatal("the login did not lead back to the client")
	}
	return back
}
