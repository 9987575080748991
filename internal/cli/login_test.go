package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/cli/loopback/loopbacktest"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

// withProvider lets people log in: a provider, a browser and a desk that gives sessions.
func (w *world) withProvider() *loopbacktest.Provider {
	w.t.Helper()
	p := loopbacktest.New(w.t)
	w.t.Setenv("CONCORDAT_TEST_BROWSER", "1")
	w.env["BROWSER"] = os.Args[0]
	w.env["CONCORDAT_CA"] = w.authority(w.desk.Server, p.Server)
	w.desk.says("GET /api/v1/login", deskapi.Login{
		Agency: "agencya", Issuer: p.URL, ClientID: "concordat-desk-agencya", SignClientID: "concordat-sign-agencya", Nonce: "nonce-1",
		Vault: deskapi.LoginVault{Address: "https://vault.example"},
	})
	w.desk.says("POST /api/v1/sessions", deskapi.Session{
		Token: "token-2", Expires: now.Add(time.Hour), Officer: "ofc-cccccccccccccccccccccccccc", Roles: []string{"analyst"},
	})
	w.desk.says("GET /api/v1/me", deskapi.Me{Agency: "agencya", Officer: "ofc-cccccccccccccccccccccccccc", Expires: now.Add(time.Hour)})
	w.desk.set("DELETE /api/v1/sessions/current", answer{status: 204})
	return p
}

func TestLoginKeepsASessionThatOnlyItsOwnerReads(t *testing.T) {
	w := newWorld(t)
	w.withProvider()
	got := w.expect(OK, "login", "--context", "agencya")
	if got.stdout != "" || !strings.Contains(got.stderr, "ofc-cccccccccccccccccccccccccc") || strings.Contains(got.stderr, "token-2") {
		t.Errorf("login says %q and %q", got.stdout, got.stderr)
	}
	file := filepath.Join(w.home, "config", "concordat", "agencya.json")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	var request deskapi.SessionRequest
	if sent := w.desk.sent("POST /api/v1/sessions"); len(sent) != 1 || json.Unmarshal(sent[0], &request) != nil || request.Nonce != "nonce-1" || strings.Count(request.IDToken, ".") != 2 {
		t.Errorf("the desk was sent %s", sent)
	}
	// The desk and its CA are remembered: later commands need neither.
	w.env["CONCORDAT_DESK"], w.env["CONCORDAT_CA"] = "", ""
	w.expect(OK, "whoami", "--context", "agencya")
	w.desk.mu.Lock()
	token := w.desk.asked[len(w.desk.asked)-1].token
	w.desk.mu.Unlock()
	if token != "token-2" {
		t.Errorf("whoami sent the token %q", token)
	}
	w.expect(OK, "logout", "--context", "agencya")
	if raw, err := os.ReadFile(file); err != nil || strings.Contains(string(raw), "token-2") {
		t.Errorf("after logout the file holds %s, %v", raw, err)
	}
	w.expect(NotLoggedIn, "whoami", "--context", "agencya")
	w.expect(OK, "login", "--context", "agencya") // without naming the desk again
}

func TestASessionIsNotUsedWhenItCannotBeTrusted(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, *world, string){
		"others can read it": func(t *testing.T, _ *world, file string) {
			if err := os.Chmod(file, 0o644); err != nil {
				t.Fatal(err)
			}
		},
		"it is of another desk": func(_ *testing.T, w *world, _ string) { w.env["CONCORDAT_DESK"] = "https://other.example" },
		"it is over": func(t *testing.T, _ *world, file string) {
			raw := encode(session{Desk: "https://desk.example", Token: "t", Expires: now.Add(-time.Second)})
			if err := os.WriteFile(file, raw, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"it is damaged": func(t *testing.T, _ *world, file string) {
			if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).loggedIn()
			spoil(t, w, filepath.Join(w.home, "config", "concordat", "default.json"))
			w.expect(NotLoggedIn, "whoami")
			if len(w.desk.asked) != 0 {
				t.Error("the desk was asked all the same")
			}
		})
	}
}

func TestLoginFailsInOneSentence(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(*world, *loopbacktest.Provider)
		want  Exit
		says  string
	}{
		"no desk is named":     {func(w *world, _ *loopbacktest.Provider) { w.env["CONCORDAT_DESK"] = "" }, Usage, "Which desk?"},
		"the browser fails":    {func(w *world, _ *loopbacktest.Provider) { w.env["BROWSER"] = "false" }, NotLoggedIn, "browser command false failed"},
		"the provider is away": {func(_ *world, p *loopbacktest.Provider) { p.Close() }, Unavailable, "does not answer as it should"},
		"the desk is strange":  {func(w *world, _ *loopbacktest.Provider) { w.env["CONCORDAT_CA"] = "" }, Unavailable, "not one that you trust"},
		"the desk refuses": {func(w *world, _ *loopbacktest.Provider) {
			w.desk.refuses("POST /api/v1/sessions", deskapi.ProblemDetails{Status: 401, Code: "login_refused", Title: "The login was not accepted."})
		}, NotLoggedIn, "The login was not accepted."},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			row.spoil(w, w.withProvider())
			if got := w.expect(row.want, "login"); !strings.Contains(got.stderr, row.says) {
				t.Errorf("stderr is %q, want %q in it", got.stderr, row.says)
			}
		})
	}
}

func TestWithoutABrowserTheAddressIsShownWhole(t *testing.T) {
	w := newWorld(t)
	w.withProvider()
	w.env["BROWSER"] = ""
	got := w.expect(NotLoggedIn, "login", "--wait", "300ms") // nobody opens it
	var address string
	for _, line := range strings.Split(got.stderr, "\n") {
		if strings.HasPrefix(line, "https://") {
			address = line
		}
	}
	if !strings.Contains(address, "code_challenge_method=S256") || !strings.Contains(address, "nonce=nonce-1") {
		t.Errorf("stderr is %q", got.stderr)
	}
}
