package e2e

import (
	"net/http"
	"testing"
)

// vaultTry is one call and the status that must answer it.
type vaultTry struct {
	method, path string
	body         map[string]any
	want         int
}

func (v vaultCaller) tries(t *testing.T, tries []vaultTry) {
	t.Helper()
	for _, try := range tries {
		var body any
		if try.body != nil {
			body = try.body
		}
		if got := v.call(t, try.method, try.path, body, nil); got != try.want {
			t.Errorf("%s %s: %d, want %d", try.method, try.path, got, try.want)
		}
	}
}

var (
	someInput  = map[string]any{"input": "YQ=="}
	someText   = map[string]any{"plaintext": "YQ=="}
	someCipher = map[string]any{"ciphertext": "vault:v1:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"}
)

// The tokens are those that the running programs log in with.
func TestTheOperatorUsesNoKey(t *testing.T) {
	operator, err := vaultLogin(t, "operator", held(t, "tokens", "operator-vault"))
	if err != nil {
		t.Fatal(err)
	}
	const mount = "concordat/agency-agencya/"
	operator.tries(t, []vaultTry{
		{http.MethodGet, mount + "keys/desk-sign?type=ed25519", nil, 200},
		{http.MethodPost, mount + "sign/desk-sign", someInput, 403},
		{http.MethodPost, mount + "sign/officer-sign", someInput, 403},
		{http.MethodPost, mount + "decrypt/wrap", someCipher, 403},
		{http.MethodPost, mount + "encrypt/wrap", someText, 403},
		{http.MethodPost, mount + "rewrap/wrap", someCipher, 403},
		{http.MethodPost, mount + "keys/wrap/config", map[string]any{"exportable": true}, 403},
		{http.MethodPost, mount + "keys/wrap/rotate", nil, 403},
		{http.MethodDelete, mount + "keys/desk-sign", nil, 403},
		{http.MethodGet, mount + "export/signing-key/desk-sign", nil, 403},
		{http.MethodGet, mount + "backup/wrap", nil, 403},
		{http.MethodPost, mount + "restore/wrap", map[string]any{"backup": "YQ==", "force": true}, 403},
		{"LIST", mount + "keys", nil, 403},
		{http.MethodPost, "concordat-hub/sign/registrar-sign", someInput, 403},
		{http.MethodGet, "sys/policies/acl/desk", nil, 403},
		{http.MethodPost, "sys/policies/acl/mine", map[string]any{"policy": `path "*" { capabilities = ["sudo"] }`}, 403},
		{http.MethodPost, "auth/kubernetes/role/mine", map[string]any{"token_policies": "root"}, 403},
		{http.MethodPost, "auth/token/create", map[string]any{"policies": []string{"root"}}, 403},
		{http.MethodDelete, "sys/mounts/concordat/agency-agencya", nil, 403},
		{http.MethodPost, "sys/remount", map[string]any{"from": "concordat/agency-agencya", "to": "mine"}, 403},
	})
}

func TestADeskReachesItsOwnKeysOnly(t *testing.T) {
	token := deskToken(t, a)
	desk, err := vaultLogin(t, "desk", token)
	if err != nil {
		t.Fatal(err)
	}
	desk.tries(t, []vaultTry{
		{http.MethodPost, "concordat/agency-agencya/sign/desk-sign", someInput, 200},
		{http.MethodPost, "concordat/agency-agencya/encrypt/wrap", someText, 200},
		{http.MethodPost, "concordat/agency-agencya/sign/officer-sign", someInput, 403},
		{http.MethodPost, "concordat/agency-agencya/keys/desk-sign/config", map[string]any{"exportable": true}, 403},
		{http.MethodPost, "concordat/agency-agencyb/sign/desk-sign", someInput, 403},
		{http.MethodPost, "concordat/agency-agencyb/decrypt/wrap", someCipher, 403},
		{http.MethodPost, "concordat/agency-agencyb/encrypt/wrap", someText, 403},
		{http.MethodGet, "concordat/agency-agencyb/keys/desk-sign", nil, 403},
		{http.MethodGet, "concordat/agency-nobody/keys/desk-sign", nil, 403}, // nothing tells an agency from none
		{http.MethodPost, "concordat-hub/sign/log-sign", someInput, 403},
		{http.MethodPost, "concordat-hub/decrypt/lock", someCipher, 403},
	})
	for _, role := range []string{"operator", "hub"} {
		if _, err := vaultLogin(t, role, token); err == nil {
			t.Errorf("the desk logged in as %s", role)
		}
	}
	if _, err := vaultLogin(t, "desk", deskHubToken(t, a)); err == nil {
		t.Error("a token made for the hub logged in at Vault")
	}
}

func TestTheHubReachesNoAgencysKey(t *testing.T) {
	hub, err := vaultLogin(t, "hub", held(t, "tokens", "hub-vault"))
	if err != nil {
		t.Fatal(err)
	}
	hub.tries(t, []vaultTry{
		{http.MethodPost, "concordat-hub/sign/log-sign", someInput, 200},
		{http.MethodPost, "concordat/agency-agencya/sign/desk-sign", someInput, 403},
		{http.MethodPost, "concordat/agency-agencya/sign/officer-sign", someInput, 403},
		{http.MethodPost, "concordat/agency-agencya/decrypt/wrap", someCipher, 403},
		{http.MethodPost, "concordat/agency-agencya/encrypt/wrap", someText, 403},
		{http.MethodGet, "concordat/agency-agencya/keys/wrap", nil, 403},
		{http.MethodPost, "concordat-hub/keys/registrar-sign/config", map[string]any{"exportable": true}, 403},
	})
	if _, err := vaultLogin(t, "desk", held(t, "tokens", "hub-vault")); err == nil {
		t.Error("the hub logged in as a desk")
	}
}

// deskToken is what the kubelet projects into the pod of an agency's desk for Vault.
func deskToken(t *testing.T, agency string) string {
	t.Helper()
	return held(t, "pods", deskPod(t, agency), "volumes", "tokens", "vault")
}

func deskHubToken(t *testing.T, agency string) string {
	t.Helper()
	return held(t, "pods", deskPod(t, agency), "volumes", "tokens", "hub")
}

func deskPod(t *testing.T, agency string) string {
	t.Helper()
	return kubectl(t, "--namespace=agency-"+agency, "get", "pods", "-l", "app.kubernetes.io/name=concordat-desk", "-o", "jsonpath={.items[0].metadata.uid}")
}
