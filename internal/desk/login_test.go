package desk_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/concordat-hub/concordat/internal/client/deskclient"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

// Every claim that could come from somebody else's login, one at a time.
func loginIsGoodOnce(t *testing.T, w *world, a, b *site) {
	c := deskclient.New(a.url, a.client)
	now := time.Now()
	for name, claims := range map[string]jwt.MapClaims{
		"another client's token":         {"aud": "concordat-sign-agencya"},
		"another realm's token":          {"iss": w.provider.issuer("agencyb")},
		"a token for two clients":        {"aud": []string{"concordat-desk-agencya", "other"}},
		"issued to another party":        {"azp": "other"},
		"an expired token":               {"exp": now.Add(-time.Second).Unix()},
		"an old token":                   {"iat": now.Add(-time.Hour).Unix()},
		"a token without a nonce":        {"nonce": ""},
		"a token with another nonce":     {"nonce": "other"},
		"a token of nobody":              {"sub": ""},
		"a token for the hub's audience": {"aud": "concordat-hub"},
	} {
		login, err := c.Login(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all := jwt.MapClaims{"sub": "analyst-1", "nonce": login.Nonce, "groups": []string{"analyst"}}
		for member, value := range claims {
			all[member] = value
		}
		token := w.provider.token("agencya", all)
		_, err = c.StartSession(t.Context(), deskapi.SessionRequest{IDToken: token, Nonce: login.Nonce})
		if deskclient.CodeOf(err) != "login_refused" {
			t.Errorf("%s: %v", name, err)
		}
		// The nonce is used up, also by a failed login.
		good := w.provider.token("agencya", jwt.MapClaims{"sub": "analyst-1", "nonce": login.Nonce})
		if _, err := c.StartSession(t.Context(), deskapi.SessionRequest{IDToken: good, Nonce: login.Nonce}); deskclient.CodeOf(err) != "login_refused" {
			t.Errorf("%s: the nonce is good again: %v", name, err)
		}
	}
	good := w.provider.token("agencya", jwt.MapClaims{"sub": "analyst-1", "nonce": "made up"})
	_, err := c.StartSession(t.Context(), deskapi.SessionRequest{IDToken: good, Nonce: "made up"})
	wantCode(t, err, "login_refused")
	// An id_token opens nothing by itself.
	_, err = c.As(good).Me(t.Context())
	wantCode(t, err, "login_required")
}

func sessionEnds(t *testing.T, w *world, a, b *site) {
	analyst := a.officer("leaver-1", "analyst")
	me, err := analyst.Me(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := analyst.EndSession(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = analyst.Me(t.Context())
	wantCode(t, err, "login_required")
	delete(a.tokens, "leaver-1 analyst")

	analyst = a.officer("leaver-1", "analyst")
	admin := a.officer("admin-1", "agency-admin")
	if err := admin.EndSessions(t.Context(), me.Officer); err != nil {
		t.Fatal(err)
	}
	_, err = analyst.Me(t.Context())
	wantCode(t, err, "login_required")
}

func adminGivesRoles(t *testing.T, w *world, a, b *site) {
	admin, nobody := a.officer("admin-1", "agency-admin"), a.officer("newcomer-1")
	_, err := nobody.Drafts(t.Context())
	wantCode(t, err, "role_required")
	me, err := nobody.Me(t.Context())
	if err != nil || len(me.Roles) != 0 {
		t.Fatalf("%+v, %v", me, err)
	}
	if err := admin.SetRoles(t.Context(), me.Officer, "analyst"); err != nil {
		t.Fatal(err)
	}
	if _, err := nobody.Drafts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := admin.SetRoles(t.Context(), me.Officer); err != nil {
		t.Fatal(err)
	}
	_, err = nobody.Drafts(t.Context())
	wantCode(t, err, "role_required")
	own, err := admin.Me(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, admin.SetRoles(t.Context(), own.Officer, "releaser"), "own_roles")
	wantCode(t, admin.SetRoles(t.Context(), me.Officer, "emperor"), "request_malformed")
	wantCode(t, admin.SetRoles(t.Context(), "ofc-unknown", "analyst"), "not_found")
	wantCode(t, nobody.SetRoles(t.Context(), own.Officer, "analyst"), "role_required")
}

// Each call needs a session, and all but those about oneself a role.
func callsNeedRoles(t *testing.T, w *world, a, b *site) {
	calls := []struct{ method, path, body, role string }{
		{"GET", "/api/v1/me", "", ""},
		{"GET", "/api/v1/agency", "", ""},
		{"GET", "/api/v1/officers", "", "agency-admin"},
		{"PUT", "/api/v1/officers/x/roles", `{"roles":[]}`, "agency-admin"},
		{"DELETE", "/api/v1/officers/x/sessions", "", "agency-admin"},
		{"GET", "/api/v1/drafts", "", "analyst"},
		{"POST", "/api/v1/drafts", `{"kind":"bulletin","source":"x"}`, "analyst"},
		{"GET", "/api/v1/drafts/x", "", "analyst"},
		{"PUT", "/api/v1/drafts/x", `{"source":"x"}`, "analyst"},
		{"POST", "/api/v1/drafts/x/approvals", `{"contentDigest":"x"}`, "reviewer"},
		{"POST", "/api/v1/drafts/x/releases", `{"agreement":"x"}`, "releaser"},
		{"POST", "/api/v1/drafts/x/releases", `{"agreement":"x","dryRun":true}`, "releaser"},
		{"GET", "/api/v1/items", "", "reader"},
		{"GET", "/api/v1/items/x", "", "reader"},
		{"GET", "/api/v1/items/x/conditions", "", "reader"},
		{"POST", "/api/v1/items/x/opens", `{"purpose":"training","justification":"","acceptedRestrictions":""}`, "reader"},
		{"POST", "/api/v1/items/x/retractions", `{"reason":"error"}`, "releaser"},
		{"GET", "/api/v1/items/x/receipt", "", "auditor"},
		{"GET", "/api/v1/items/x/access", "", "auditor"},
		{"GET", "/api/v1/agreements", "", "auditor"},
		{"GET", "/api/v1/agreements/x", "", "auditor"},
		{"POST", "/api/v1/acts", `{"act":"x"}`, "signatory"},
	}
	for _, call := range calls {
		if got := a.status(call.method, call.path, call.body, nil); got != http.StatusUnauthorized {
			t.Errorf("%s %s without a session: %d", call.method, call.path, got)
		}
		nobody := a.officer("nobody-1")
		got := a.status(call.method, call.path, call.body, nobody)
		if want := http.StatusForbidden; call.role != "" && got != want {
			t.Errorf("%s %s without a role: %d", call.method, call.path, got)
		}
		if call.role == "" {
			continue
		}
		if got := a.status(call.method, call.path, call.body, a.officer(call.role+"-1", call.role)); got == http.StatusForbidden || got == http.StatusUnauthorized {
			t.Errorf("%s %s as %s: %d", call.method, call.path, call.role, got)
		}
	}
}

// status sends a raw request and returns the status.
func (s *site) status(method, path, body string, c *deskclient.Client) int {
	s.w.t.Helper()
	if c == nil {
		c = deskclient.New(s.url, s.client)
	}
	var raw any
	if body != "" {
		raw = rawJSON(body)
	}
	err := c.Do(s.w.t.Context(), method, path, raw, nil, "If-Match", `"1"`)
	if err == nil {
		return http.StatusOK
	}
	refused, ok := err.(*deskclient.Error)
	if !ok {
		s.w.t.Fatal(err)
	}
	return refused.Status
}

type rawJSON string

func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }
