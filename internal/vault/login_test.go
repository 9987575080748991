package vault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/vault"
)

// loginStub counts logins and accepts the tokens of the last one.
type loginStub struct {
	stub
	logins atomic.Int32
	ttl    atomic.Int32
	valid  atomic.Value // string
	jwts   sync.Map
}

func newLoginStub(t *testing.T) *loginStub {
	s := &loginStub{stub: newStub(t)}
	s.ttl.Store(300)
	s.HandleFunc("/v1/auth/kubernetes/login", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Role, JWT string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		s.jwts.Store(body.JWT, body.Role)
		token := fmt.Sprintf("token-%d", s.logins.Add(1))
		s.valid.Store(token)
		respond(w, 200, map[string]any{"auth": map[string]any{"client_token": token, "lease_duration": s.ttl.Load()}})
	})
	s.HandleFunc("/v1/m/encrypt/k", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Vault-Token") != s.valid.Load() {
			respond(w, 403, map[string]any{"errors": []string{"permission denied", "invalid token"}})
			return
		}
		respond(w, 200, dataOf(map[string]any{"ciphertext": "vault:v1:x"}))
	})
	return s
}

func (s *loginStub) login(t *testing.T, file string) *vault.Client {
	t.Helper()
	client, err := vault.New(s.Config, vault.KubernetesAuth{Role: "desk", TokenFile: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func tokenFile(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func encrypt(t *testing.T, client *vault.Client) error {
	t.Helper()
	_, err := client.Encrypt(t.Context(), "m", "k", []byte("x"), nil)
	return err
}

func TestManyCallersShareOneLogin(t *testing.T) {
	s := newLoginStub(t)
	client := s.login(t, tokenFile(t, "jwt-1\n"))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := encrypt(t, client); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := s.logins.Load(); n != 1 {
		t.Errorf("%d logins", n)
	}
	if role, _ := s.jwts.Load("jwt-1"); role != "desk" {
		t.Errorf("role %v", role)
	}
}

func TestATokenIsReplacedBeforeItEndsAndTheFileIsReadAgain(t *testing.T) {
	s := newLoginStub(t)
	s.ttl.Store(1)
	file := tokenFile(t, "jwt-1")
	client := s.login(t, file)
	if err := encrypt(t, client); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("jwt-2"), 0o600); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for s.logins.Load() < 2 {
		if err := encrypt(t, client); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("no second login")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, ok := s.jwts.Load("jwt-2"); !ok {
		t.Error("the second login used the first file's content")
	}
}

func TestARevokedTokenIsReplacedOnce(t *testing.T) {
	s := newLoginStub(t)
	client := s.login(t, tokenFile(t, "jwt"))
	if err := encrypt(t, client); err != nil {
		t.Fatal(err)
	}
	s.valid.Store("none")
	deadline := time.Now().Add(5 * time.Second)
	for { // a token younger than a second is not doubted
		err := encrypt(t, client)
		if err == nil {
			break
		}
		if !errors.Is(err, vault.ErrDenied) || time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if n := s.logins.Load(); n != 2 {
		t.Errorf("%d logins", n)
	}
}

func TestAMissingOrEmptyTokenFileIsADenialThatNamesIt(t *testing.T) {
	s := newLoginStub(t)
	for name, file := range map[string]string{"missing": filepath.Join(t.TempDir(), "none"), "empty": tokenFile(t, " \n")} {
		if err := encrypt(t, s.login(t, file)); !errors.Is(err, vault.ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := s.logins.Load(); n != 0 {
		t.Errorf("%d logins", n)
	}
}
