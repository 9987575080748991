package vault_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/vault"
)

func TestOnlyHTTPSAddressesAreTaken(t *testing.T) {
	for _, address := range []string{
		"http://127.0.0.1:8200", "127.0.0.1:8200", "", "https://", "unix:///run/vault.sock",
		"https://user:pw@vault", "https://vault/v1", "https://vault?x=1", "://",
	} {
		if _, err := vault.New(vault.Config{Address: address}, vault.TokenAuth{Token: "t"}); err == nil {
			t.Errorf("%q is taken", address)
		}
	}
	if _, err := vault.New(vault.Config{Address: "https://vault:8200/"}, vault.TokenAuth{Token: "t"}); err != nil {
		t.Error(err)
	}
}

func TestTheEnvironmentChangesNothing(t *testing.T) {
	s := newStub(t)
	var token, namespace, extra string
	s.HandleFunc("/v1/m/encrypt/k", func(w http.ResponseWriter, r *http.Request) {
		token, namespace, extra = r.Header.Get("X-Vault-Token"), r.Header.Get("X-Vault-Namespace"), r.Header.Get("Extra")
		respond(w, 200, dataOf(map[string]any{"ciphertext": "vault:v1:x"}))
	})
	t.Setenv("VAULT_ADDR", "https://elsewhere.invalid")
	t.Setenv("VAULT_TOKEN", "somebody-elses")
	t.Setenv("VAULT_NAMESPACE", "elsewhere")
	t.Setenv("VAULT_HEADERS", `{"Extra":"x"}`)
	t.Setenv("VAULT_SKIP_VERIFY", "true")
	t.Setenv("HTTPS_PROXY", "http://elsewhere.invalid")
	if _, err := s.client(t).Encrypt(t.Context(), "m", "k", []byte("x"), nil); err != nil {
		t.Fatal(err)
	}
	if token != "t" || namespace != "" || extra != "" {
		t.Errorf("token %q, namespace %q, header %q", token, namespace, extra)
	}
}

func TestAServerOfAnotherAuthorityIsNotSpokenTo(t *testing.T) {
	s := newStub(t)
	var reached atomic.Bool
	s.HandleFunc("/", func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	config := s.Config
	config.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(config.CAFile, foreignAuthority(t), 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := vault.New(config, vault.TokenAuth{Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Encrypt(t.Context(), "m", "k", nil, nil); !errors.Is(err, vault.ErrUnavailable) || reached.Load() {
		t.Errorf("reached %v: %v", reached.Load(), err)
	}
}

func TestARedirectIsNeverFollowed(t *testing.T) {
	s, elsewhere := newStub(t), newStub(t)
	var leaked atomic.Bool
	elsewhere.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { leaked.Store(true) })
	s.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.url+r.URL.Path, http.StatusTemporaryRedirect)
	})
	if _, err := s.client(t).Encrypt(t.Context(), "m", "k", nil, nil); !errors.Is(err, vault.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if leaked.Load() {
		t.Error("the token went to another address")
	}
	admin, err := vault.NewAdmin(s.Config, vault.TokenAuth{Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Write(t.Context(), "sys/policies/acl/x", nil); err == nil {
		t.Error("a redirected write looks done")
	}
}

func TestEachAnswerHasItsErrorAndCode(t *testing.T) {
	for name, c := range map[string]struct {
		status    int
		says      string
		want      error
		wantCode  string
		retryable bool
	}{
		"sealed":           {503, "Vault is sealed", vault.ErrSealed, "vault_sealed", true},
		"standby":          {473, "", vault.ErrUnavailable, "vault_unavailable", true},
		"bad gateway":      {502, "", vault.ErrUnavailable, "vault_unavailable", true},
		"audit blocked":    {500, "internal error", vault.ErrUnavailable, "vault_unavailable", true},
		"rate limit":       {429, "request path \"m\": rate limit quota exceeded", vault.ErrUnavailable, "vault_throttled", true},
		"denied":           {403, "permission denied", vault.ErrDenied, "vault_denied", false},
		"mount gone":       {404, "no handler for route \"m/decrypt/k\"", vault.ErrKeyMissing, "key_missing", false},
		"key gone":         {400, "encryption key not found", vault.ErrKeyMissing, "key_missing", false},
		"other associated": {400, "cipher: message authentication failed", vault.ErrRefused, "vault_refused", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			s.answer("/v1/m/decrypt/k", c.status, map[string]any{"errors": []string{c.says}})
			_, err := s.client(t).Decrypt(t.Context(), "m", "k", "vault:v1:x", nil)
			var e *vault.Error
			if !errors.As(err, &e) || !errors.Is(err, c.want) || e.Code != c.wantCode || e.Retryable() != c.retryable {
				t.Fatalf("%v (%+v)", err, e)
			}
			if e.Status != c.status || (e.RetryAfter > 0) != c.retryable {
				t.Errorf("status %d, retry after %s", e.Status, e.RetryAfter)
			}
		})
	}
}

func TestASealedVaultIsAlsoUnavailable(t *testing.T) {
	s := newStub(t)
	s.answer("/v1/m/decrypt/k", 503, map[string]any{"errors": []string{"Vault is sealed"}})
	if _, err := s.client(t).Decrypt(t.Context(), "m", "k", "vault:v1:x", nil); !errors.Is(err, vault.ErrUnavailable) {
		t.Error(err)
	}
}

func TestNamesCannotLeaveTheirPlace(t *testing.T) {
	s := newStub(t)
	s.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { t.Errorf("reached %s", r.URL.Path) })
	client := s.client(t)
	for _, mount := range []string{"concordat/../sys", "", "a//b", "concordat/+", "concordat/agency-a?x", "a b", "concordat/%2e%2e"} {
		if _, err := client.Encrypt(t.Context(), mount, "wrap", nil, nil); err == nil {
			t.Errorf("%q is taken", mount)
		}
	}
	if _, err := client.Signer(t.Context(), "m", "../decrypt/k"); err == nil {
		t.Error("a key name with a path is taken")
	}
}

func TestASilentServerCostsAtMostTheTimeLimitAndThenNothing(t *testing.T) {
	s := newStub(t)
	var calls atomic.Int32
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	s.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	s.Timeout = 200 * time.Millisecond
	client := s.client(t)
	for range 3 {
		begin := time.Now()
		if _, err := client.Encrypt(t.Context(), "m", "k", nil, nil); !errors.Is(err, vault.ErrUnavailable) {
			t.Fatal(err)
		}
		if took := time.Since(begin); took > 2*time.Second {
			t.Fatalf("took %s", took)
		}
	}
	before := calls.Load()
	if _, err := client.Encrypt(t.Context(), "m", "k", nil, nil); !errors.Is(err, vault.ErrUnavailable) {
		t.Fatal(err)
	}
	if calls.Load() != before {
		t.Error("a fourth call was sent at once")
	}
}

func TestAVaultThatComesBackIsNoticedWithinTwoSeconds(t *testing.T) {
	s := newStub(t)
	var well atomic.Bool
	s.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if !well.Load() {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		respond(w, 200, dataOf(map[string]any{"ciphertext": "vault:v1:x"}))
	})
	client := s.client(t)
	for range 4 {
		if _, err := client.Encrypt(t.Context(), "m", "k", nil, nil); !errors.Is(err, vault.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	well.Store(true)
	deadline := time.Now().Add(2 * time.Second)
	for {
		_, err := client.Encrypt(t.Context(), "m", "k", nil, nil)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
