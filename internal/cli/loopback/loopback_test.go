package loopback_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/concordat-hub/concordat/internal/cli/loopback"
	"github.com/concordat-hub/concordat/internal/cli/loopback/loopbacktest"
)

func request(p *loopbacktest.Provider) loopback.Request {
	return loopback.Request{
		Issuer: p.URL, ClientID: "concordat-desk", Nonce: "nonce-1", Client: p.Client(), Now: time.Now,
		Page:  func(ok bool) string { return map[bool]string{true: "done", false: "failed"}[ok] },
		Visit: func(ctx context.Context, address string) error { _, err := visit(ctx, p, address); return err },
	}
}

// visit is a browser without a person: it follows the redirects to the end.
func visit(ctx context.Context, p *loopbacktest.Provider, address string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	resp, err := p.Client().Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	return string(page), err
}

func login(t *testing.T, r loopback.Request) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return loopback.Login(ctx, r)
}

func TestALoginReturnsATokenForItsNonce(t *testing.T) {
	p := loopbacktest.New(t)
	r := request(p)
	shown := make(chan string, 1)
	r.Visit = func(ctx context.Context, address string) error {
		page, err := visit(context.WithoutCancel(ctx), p, address)
		shown <- page
		return err
	}
	token, err := login(t, r)
	if err != nil || strings.Count(token, ".") != 2 {
		t.Fatalf("Login = %q, %v", token, err)
	}
	if page := <-shown; page != "done" {
		t.Errorf("the browser shows %q", page)
	}
}

func TestALoginAsksForPKCEAndAFreshPerson(t *testing.T) {
	p := loopbacktest.New(t)
	r := request(p)
	r.Fresh = true
	var asked url.Values
	r.Visit = func(ctx context.Context, address string) error {
		parsed, err := url.Parse(address)
		if err != nil {
			return err
		}
		asked = parsed.Query()
		_, err = visit(ctx, p, address)
		return err
	}
	if _, err := login(t, r); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"code_challenge_method": "S256", "max_age": "0", "nonce": "nonce-1", "response_type": "code"} {
		if got := asked.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if redirect := asked.Get("redirect_uri"); !strings.HasPrefix(redirect, "http://127.0.0.1:") || !strings.HasSuffix(redirect, "/callback") {
		t.Errorf("redirect_uri is %q", redirect)
	}
}

// A token that was made for something else must not leave the program.
func TestALoginRefusesWhatABadProviderSends(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(*loopbacktest.Provider)
		want  error
	}{
		"another nonce":  {func(p *loopbacktest.Provider) { p.Claims = func(c jwt.MapClaims) { c["nonce"] = "nonce-2" } }, loopback.ErrToken},
		"no nonce":       {func(p *loopbacktest.Provider) { p.Claims = func(c jwt.MapClaims) { delete(c, "nonce") } }, loopback.ErrToken},
		"another client": {func(p *loopbacktest.Provider) { p.Claims = func(c jwt.MapClaims) { c["aud"] = "other" } }, loopback.ErrToken},
		"another issuer": {func(p *loopbacktest.Provider) {
			p.Claims = func(c jwt.MapClaims) { c["iss"] = "https://other.example" }
		}, loopback.ErrToken},
		"an expired token":  {func(p *loopbacktest.Provider) { p.Claims = func(c jwt.MapClaims) { c["exp"] = 1 } }, loopback.ErrToken},
		"a login of before": {func(p *loopbacktest.Provider) { p.Claims = func(c jwt.MapClaims) { c["auth_time"] = 1 } }, loopback.ErrStale},
		"no time of login":  {func(p *loopbacktest.Provider) { p.Claims = func(c jwt.MapClaims) { delete(c, "auth_time") } }, loopback.ErrStale},
		"a mix-up": {func(p *loopbacktest.Provider) {
			p.Redirect = func(v url.Values) { v.Set("iss", "https://other.example") }
		}, loopback.ErrToken},
		"a refusal": {func(p *loopbacktest.Provider) {
			p.Redirect = func(v url.Values) { v.Del("code"); v.Set("error", "access_denied") }
		}, loopback.ErrRefused},
		"a wrong code": {func(p *loopbacktest.Provider) { p.Redirect = func(v url.Values) { v.Set("code", "x") } }, loopback.ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			p := loopbacktest.New(t)
			row.spoil(p)
			r := request(p)
			r.Fresh = true
			if token, err := login(t, r); !errors.Is(err, row.want) {
				t.Errorf("Login = %q, %v; want %v", token, err, row.want)
			}
		})
	}
}

// Another page or program of the machine may call the loopback address: without
// the state it neither completes nor ends the login.
func TestAnAnswerWithoutOurStateChangesNothing(t *testing.T) {
	p := loopbacktest.New(t)
	r := request(p)
	r.Visit = func(ctx context.Context, address string) error {
		parsed, err := url.Parse(address)
		if err != nil {
			return err
		}
		redirect := parsed.Query().Get("redirect_uri")
		for _, query := range []string{"", "?code=x", "?code=x&state=wrong", "?error=access_denied&state="} {
			resp, err := http.Get(redirect + query)
			if err != nil {
				return err
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusNotFound {
				t.Errorf("%q is answered with %s", query, resp.Status)
			}
		}
		_, err = visit(ctx, p, address)
		return err
	}
	if _, err := login(t, r); err != nil {
		t.Error(err)
	}
}

func TestALoginEndsWithItsContext(t *testing.T) {
	p := loopbacktest.New(t)
	r := request(p)
	r.Visit = func(context.Context, string) error { return nil } // shown, and nobody comes
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := loopback.Login(ctx, r); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}

func TestAProviderThatIsNotThere(t *testing.T) {
	p := loopbacktest.New(t)
	r := request(p)
	p.Close()
	if _, err := login(t, r); !errors.Is(err, loopback.ErrProvider) {
		t.Errorf("error is %v", err)
	}
}
