package bootstrap_test

import (
	"errors"
	"net/url"
	"testing"

	"github.com/concordat-hub/concordat/internal/vault"
)

// operation is one call at Vault's API.
type operation struct {
	method, path string
	body         map[string]any
}

func (o operation) try(t *testing.T, a *vault.Admin) error {
	t.Helper()
	switch o.method {
	case "GET":
		path, query, _ := cut(o.path)
		return second(a.Read(t.Context(), path, query))
	case "LIST":
		return second(a.List(t.Context(), o.path))
	case "DELETE":
		return a.Delete(t.Context(), o.path)
	default:
		return second(a.Write(t.Context(), o.path, o.body))
	}
}

func cut(path string) (string, url.Values, bool) {
	u, err := url.Parse(path)
	if err != nil {
		return path, nil, false
	}
	return u.Path, u.Query(), u.RawQuery != ""
}

func second[T any](_ T, err error) error { return err }

// denied tries each operation and wants nothing but a denial by policy, on every line.
func denied(t *testing.T, a *vault.Admin, operations map[string]operation) {
	t.Helper()
	for name, o := range operations {
		err := o.try(t, a)
		var e *vault.Error
		if !errors.Is(err, vault.ErrDenied) || !errors.As(err, &e) || e.Status != 403 {
			t.Errorf("%s: %s %s: %v", name, o.method, o.path, err)
		}
	}
}

type fields = map[string]any

const m = "concordat/agency-aa"

// keyMatter reaches, uses, moves or replaces key material of an agency. No program but the agency's
// own desk may do any of it, and the desk only some.
var keyMatter = map[string]operation{
	"sign as officer":            {"POST", m + "/sign/officer-sign", fields{"input": "eA=="}},
	"sign as desk":               {"POST", m + "/sign/desk-sign", fields{"input": "eA=="}},
	"sign as witness":            {"POST", m + "/sign/witness-sign", fields{"input": "eA=="}},
	"sign by algorithm path":     {"POST", m + "/sign/desk-sign/sha2-256", fields{"input": "eA=="}},
	"verify":                     {"POST", m + "/verify/desk-sign", fields{"input": "eA==", "signature": "vault:v1:AA=="}},
	"hmac":                       {"POST", m + "/hmac/wrap", fields{"input": "eA=="}},
	"decrypt":                    {"POST", m + "/decrypt/wrap", fields{"ciphertext": "vault:v1:AAAA"}},
	"encrypt":                    {"POST", m + "/encrypt/wrap", fields{"plaintext": "eA=="}},
	"encrypt under a new name":   {"POST", m + "/encrypt/other", fields{"plaintext": "eA=="}},
	"rewrap":                     {"POST", m + "/rewrap/wrap", fields{"ciphertext": "vault:v1:AAAA"}},
	"plain data key":             {"POST", m + "/datakey/plaintext/wrap", nil},
	"wrapped data key":           {"POST", m + "/datakey/wrapped/wrap", nil},
	"export":                     {"GET", m + "/export/signing-key/desk-sign", nil},
	"export to another key":      {"GET", m + "/byok-export/wrap/desk-sign", nil},
	"backup":                     {"GET", m + "/backup/desk-sign", nil},
	"restore":                    {"POST", m + "/restore/desk-sign", fields{"backup": "x", "force": true}},
	"restore under a new name":   {"POST", m + "/restore", fields{"backup": "x"}},
	"import":                     {"POST", m + "/keys/desk-sign/import", fields{"ciphertext": "x", "type": "ed25519"}},
	"import a version":           {"POST", m + "/keys/desk-sign/import_version", fields{"ciphertext": "x"}},
	"make exportable":            {"POST", m + "/keys/desk-sign/config", fields{"exportable": true}},
	"allow deletion":             {"POST", m + "/keys/wrap/config", fields{"deletion_allowed": true}},
	"rotate":                     {"POST", m + "/keys/desk-sign/rotate", nil},
	"trim":                       {"POST", m + "/keys/wrap/trim", fields{"min_available_version": 1}},
	"delete a key":               {"DELETE", m + "/keys/wrap", nil},
	"soft-delete a key":          {"DELETE", m + "/keys/wrap/soft-delete", nil},
	"list keys":                  {"LIST", m + "/keys", nil},
	"cache settings":             {"POST", m + "/cache-config", fields{"size": 0}},
	"make a key of another name": {"POST", m + "/keys/other", fields{"type": "ed25519"}},
	"sign checkpoints":           {"POST", "concordat-hub/sign/log-sign", fields{"input": "eA=="}},
	"admit agencies":             {"POST", "concordat-hub/sign/registrar-sign", fields{"input": "eA=="}},
	"lock headers":               {"POST", "concordat-hub/encrypt/lock", fields{"plaintext": "eA==", "context": "eA=="}},
	"unlock headers":             {"POST", "concordat-hub/decrypt/lock", fields{"ciphertext": "vault:v1:AAAA", "context": "eA=="}},
	"make hub keys":              {"POST", "concordat-hub/keys/log-sign", fields{"type": "ed25519"}},
}

// power gives oneself or others rights, or hides what one did.
var power = map[string]operation{
	"write a policy":          {"POST", "sys/policies/acl/concordat-desk", fields{"policy": `path "*" { capabilities=["sudo"] }`}},
	"write an old policy":     {"POST", "sys/policy/own", fields{"policy": `path "*" { capabilities=["sudo"] }`}},
	"read a policy":           {"GET", "sys/policies/acl/concordat-desk", nil},
	"write a role":            {"POST", "auth/kubernetes/role/own", fields{"bound_service_account_names": "*", "bound_service_account_namespaces": "*", "token_policies": "root"}},
	"read a role":             {"GET", "auth/kubernetes/role/desk", nil},
	"change the reviewer":     {"POST", "auth/kubernetes/config", fields{"kubernetes_host": "https://elsewhere"}},
	"write an officer role":   {"POST", "auth/idp-aa/role/officer-sign", fields{"user_claim": "sub"}},
	"enable a login":          {"POST", "sys/auth/own", fields{"type": "approle"}},
	"make a token":            {"POST", "auth/token/create", fields{"policies": []string{"root"}}},
	"make an orphan token":    {"POST", "auth/token/create-orphan", nil},
	"list accessors":          {"LIST", "auth/token/accessors", nil},
	"revoke by accessor":      {"POST", "auth/token/revoke-accessor", fields{"accessor": "x"}},
	"write an entity":         {"POST", "identity/entity", fields{"name": "own", "policies": []string{"root"}}},
	"write an alias":          {"POST", "identity/entity-alias", fields{"name": "own"}},
	"write a group":           {"POST", "identity/group", fields{"name": "own", "policies": []string{"root"}}},
	"look up an entity":       {"POST", "identity/lookup/entity", fields{"name": "x"}},
	"mount elsewhere":         {"POST", "sys/mounts/elsewhere", fields{"type": "transit"}},
	"mount deeper":            {"POST", "sys/mounts/concordat/agency-aa/deeper", fields{"type": "transit"}},
	"mount over the hub":      {"POST", "sys/mounts/concordat-hub", fields{"type": "transit"}},
	"tune a mount":            {"POST", "sys/mounts/" + m + "/tune", fields{"audit_non_hmac_request_keys": "input"}},
	"move a mount":            {"POST", "sys/remount", fields{"from": m, "to": "concordat/agency-zz"}},
	"unmount":                 {"DELETE", "sys/mounts/" + m, nil},
	"list mounts":             {"GET", "sys/mounts", nil},
	"enable an audit device":  {"POST", "sys/audit/own", fields{"type": "file", "options": fields{"file_path": "/dev/null"}}},
	"disable an audit device": {"DELETE", "sys/audit/file-1", nil},
	"set a quota":             {"POST", "sys/quotas/rate-limit/own", fields{"rate": 1}},
	"seal":                    {"POST", "sys/seal", nil},
	"rotate the barrier":      {"POST", "sys/rotate", nil},
	"read raw storage":        {"GET", "sys/raw/core", nil},
}

func TestTheOperatorMakesMountsAndNamedKeysAndNothingElse(t *testing.T) {
	h := newHouse(t) // the operator made three agencies with this very role
	operator := h.as(t, "concordat-system", "concordat-operator", "operator")
	denied(t, operator, keyMatter)
	denied(t, operator, power)
	denied(t, operator, map[string]operation{
		"a key without a type":          {"POST", m + "/keys/desk-sign", nil},
		"a key of another type":         {"POST", m + "/keys/desk-sign", fields{"type": "aes256-gcm96"}},
		"an exportable key":             {"POST", m + "/keys/desk-sign", fields{"type": "ed25519", "exportable": true}},
		"a wrap key that is derived":    {"POST", m + "/keys/wrap", fields{"type": "aes256-gcm96", "derived": true}},
		"a wrap key of another type":    {"POST", m + "/keys/wrap", fields{"type": "ed25519"}},
		"reading without the parameter": {"GET", m + "/keys/desk-sign", nil},
		"keys made by encryption":       {"POST", m + "/config/keys", fields{"disable_upsert": false}},
		"a mount of another type":       {"POST", "sys/mounts/concordat/agency-zz", fields{"type": "kv"}},
		"a mount without a type":        {"POST", "sys/mounts/concordat/agency-zz", nil},
		"a mount with settings":         {"POST", "sys/mounts/concordat/agency-zz", fields{"type": "transit", "config": fields{"audit_non_hmac_request_keys": "input"}}},
		"a mount with options":          {"POST", "sys/mounts/concordat/agency-zz", fields{"type": "transit", "options": fields{"x": "y"}}},
		"a local mount":                 {"POST", "sys/mounts/concordat/agency-zz", fields{"type": "transit", "local": true}},
	})
	// The parameter that the policy asks for opens no path below the four keys, nor a fifth key.
	for _, typ := range []string{"ed25519", "aes256-gcm96"} {
		smuggled := map[string]operation{"a key of another name": {"POST", m + "/keys/other", fields{"type": typ}}}
		for _, key := range []string{"officer-sign", "desk-sign", "witness-sign", "wrap"} {
			for _, below := range []string{"rotate", "config", "trim", "import", "import_version"} {
				smuggled[below+" "+key+" with type "+typ] = operation{"POST", m + "/keys/" + key + "/" + below, fields{"type": typ}}
			}
		}
		denied(t, operator, smuggled)
	}
	if count := len(keyMatter) + len(power); count < 24 {
		t.Errorf("only %d operations are tried", count)
	}
}

// The operator's reads and repeated writes in steady state are all allowed: a denial here would turn
// each resync into an error.
func TestTheOperatorCanLookAgainAndChangesNothing(t *testing.T) {
	h := newHouse(t)
	operator := h.workload(t, "concordat-system", "concordat-operator", "operator")
	again := provide(t, operator, "aa")
	for name, key := range again {
		if key.Created || key.Thumbprint != h.keys["aa"][name].Thumbprint {
			t.Errorf("%s: %+v", name, key)
		}
	}
	if err := operator.CheckMount(t.Context(), "concordat/agency-none"); !errors.Is(err, vault.ErrKeyMissing) {
		t.Errorf("a mount that is not there: %v", err)
	}
	if _, err := operator.CheckKey(t.Context(), m, "wrap", vault.TypeAES, ""); err != nil {
		t.Error(err)
	}
}
