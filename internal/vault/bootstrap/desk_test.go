package bootstrap_test

import (
	"crypto"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/concordat-hub/concordat/internal/vault"
)

func TestADeskUsesItsOwnKeysByName(t *testing.T) {
	h := newHouse(t)
	for _, slug := range agencies {
		desk, mount := h.workload(t, "agency-"+slug, "desk", "desk"), "concordat/agency-"+slug
		for _, key := range []string{"desk-sign", "witness-sign"} {
			signer, err := desk.SignerFor(t.Context(), mount, key, h.keys[slug][key].Thumbprint)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := signer.Sign(nil, []byte("x"), crypto.Hash(0)); err != nil {
				t.Errorf("%s of %s: %v", key, slug, err)
			}
		}
		if _, _, err := desk.PublicKeys(t.Context(), mount, "officer-sign"); err != nil {
			t.Error(err)
		}
		if err := desk.Ready(t.Context(), mount, "desk-sign"); err != nil {
			t.Error(err)
		}
		ciphertext, err := desk.Encrypt(t.Context(), mount, "wrap", []byte("identity"), []byte("aad"))
		if err != nil {
			t.Fatal(err)
		}
		if plaintext, err := desk.Decrypt(t.Context(), mount, "wrap", ciphertext, []byte("aad")); err != nil || string(plaintext) != "identity" {
			t.Errorf("%q: %v", plaintext, err)
		}
	}
}

// The desk of "bb" tries everything at "aa"; those of "aab" and "aa", whose names begin alike, try
// each other.
func TestADeskReachesNoOtherAgency(t *testing.T) {
	h := newHouse(t)
	foreign := maps.Clone(keyMatter)
	for _, key := range []string{"officer-sign", "desk-sign", "witness-sign", "wrap"} {
		foreign["read "+key] = operation{"GET", m + "/keys/" + key + "?type=ed25519", nil}
	}
	for _, c := range []struct{ slug, target string }{{"bb", "aa"}, {"aab", "aa"}, {"aa", "aab"}} {
		desk := h.as(t, "agency-"+c.slug, "desk", "desk")
		aimed := map[string]operation{}
		for name, o := range foreign {
			o.path = strings.Replace(o.path, m, "concordat/agency-"+c.target, 1)
			aimed[name] = o
		}
		denied(t, desk, aimed)
		denied(t, desk, power)
	}
}

func TestADeskDoesNothingElseAtItsOwnMount(t *testing.T) {
	h := newHouse(t)
	own := maps.Clone(keyMatter)
	for _, allowed := range []string{"sign as desk", "sign as witness", "decrypt", "encrypt"} {
		delete(own, allowed)
	}
	own["make desk-sign"] = operation{"POST", m + "/keys/desk-sign", fields{"type": "ed25519"}}
	own["settings"] = operation{"POST", m + "/config/keys", fields{"disable_upsert": false}}
	denied(t, h.as(t, "agency-aa", "desk", "desk"), own)
}

// With the desk's own rights a lost key is called missing, not denied, and is not made anew.
func TestADeskIsToldThatItsKeyIsMissing(t *testing.T) {
	h := newHouse(t)
	desk := h.workload(t, "agency-aa", "desk", "desk")
	for _, key := range []string{"wrap", "desk-sign"} {
		if _, err := h.Root().Write(t.Context(), m+"/keys/"+key+"/config", fields{"deletion_allowed": true}); err != nil {
			t.Fatal(err)
		}
		if err := h.Root().Delete(t.Context(), m+"/keys/"+key); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		for call, err := range map[string]error{
			"encrypt": second(desk.Encrypt(t.Context(), m, "wrap", []byte("x"), nil)),
			"decrypt": second(desk.Decrypt(t.Context(), m, "wrap", "vault:v1:AAAA", nil)),
			"signer":  second(desk.Signer(t.Context(), m, "desk-sign")),
		} {
			if !errors.Is(err, vault.ErrKeyMissing) {
				t.Errorf("%s: %v", call, err)
			}
		}
	}
}

func TestOnlyTheNamedServiceAccountsLogIn(t *testing.T) {
	h := newHouse(t)
	changed := func(change func(jwt.MapClaims)) string { return h.cluster.token("agency-aa", "desk", change) }
	stranger := *h.cluster
	stranger.key = newRSA(t)
	for name, c := range map[string]struct{ role, token string }{
		"another account of the agency":      {"desk", h.cluster.token("agency-aa", "default")},
		"an account with a longer name":      {"desk", h.cluster.token("agency-aa", "desk-2")},
		"a desk outside agency namespaces":   {"desk", h.cluster.token("default", "desk")},
		"a namespace that ends like ours":    {"desk", h.cluster.token("my-agency-aa", "desk")},
		"a desk as operator":                 {"operator", h.cluster.token("agency-aa", "desk")},
		"a desk as hub":                      {"hub", h.cluster.token("agency-aa", "desk")},
		"the hub as operator":                {"operator", h.cluster.token("concordat-system", "concordat-hub")},
		"the operator as hub":                {"hub", h.cluster.token("concordat-system", "concordat-operator")},
		"the operator's name elsewhere":      {"operator", h.cluster.token("agency-aa", "concordat-operator")},
		"a role that is not there":           {"root", h.cluster.token("agency-aa", "desk")},
		"another audience":                   {"desk", changed(func(c jwt.MapClaims) { c["aud"] = []string{"concordat-hub"} })},
		"no audience":                        {"desk", changed(func(c jwt.MapClaims) { delete(c, "aud") })},
		"an expired token":                   {"desk", changed(func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Second).Unix() })},
		"a token without an end":             {"desk", changed(func(c jwt.MapClaims) { delete(c, "exp") })},
		"a token signed by somebody else":    {"desk", stranger.token("agency-aa", "desk")},
		"a namespace claimed but not signed": {"desk", unsigned(h.cluster.token("agency-bb", "desk"))},
		"nothing":                            {"desk", "x"},
	} {
		if token, err := h.Root().Login(t.Context(), "kubernetes", c.role, c.token); err == nil {
			t.Errorf("%s logs in with %.8s…", name, token)
		}
	}
}

// unsigned drops the signature and says so in the header.
func unsigned(token string) string {
	parts := strings.Split(token, ".")
	return "eyJhbGciOiJub25lIn0." + parts[1] + "."
}

// A token of a login lives ten minutes at most, can be revoked, and has no right beyond its policy.
func TestLoginsAreShortLivedAndRevocable(t *testing.T) {
	h := newHouse(t)
	token, err := h.Root().Login(t.Context(), "kubernetes", "desk", h.cluster.token("agency-aa", "desk"))
	if err != nil {
		t.Fatal(err)
	}
	told, err := h.Root().Write(t.Context(), "auth/token/lookup", fields{"token": token})
	if err != nil {
		t.Fatal(err)
	}
	if told["type"] != "service" || told["accessor"] == "" {
		t.Errorf("type %v, accessor %v", told["type"], told["accessor"])
	}
	if policies, _ := told["policies"].([]any); len(policies) != 1 || policies[0] != "concordat-desk" {
		t.Errorf("policies %v", told["policies"])
	}
	role, err := h.Root().Read(t.Context(), "auth/kubernetes/role/desk", nil)
	if err != nil {
		t.Fatal(err)
	}
	if max := asInt(t, role["token_max_ttl"]); max > 600 || max == 0 {
		t.Errorf("a token lives up to %d s", max)
	}
	if _, err := h.Root().Write(t.Context(), "auth/token/revoke-accessor", fields{"accessor": told["accessor"]}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Admin(token).Read(t.Context(), m+"/keys/desk-sign", nil); !errors.Is(err, vault.ErrDenied) {
		t.Errorf("revoked: %v", err)
	}
}

// The kill switch: a disabled entity stops a live token and the next login at once.
func TestTheKeykeeperStopsADesk(t *testing.T) {
	h := newHouse(t)
	keeper := h.Admin(h.Token("concordat-keykeeper"))
	desk := h.as(t, "agency-aa", "desk", "desk")
	auth, err := h.Root().Read(t.Context(), "sys/auth/kubernetes", nil)
	if err != nil {
		t.Fatal(err)
	}
	entity, err := keeper.Write(t.Context(), "identity/lookup/entity", fields{
		"alias_name": "uid-agency-aa-desk", "alias_mount_accessor": auth["accessor"],
	})
	if err != nil || entity == nil {
		t.Fatalf("no entity: %v", err)
	}
	path := "identity/entity/id/" + entity["id"].(string)
	denied(t, keeper, map[string]operation{"give it a policy": {"POST", path, fields{"policies": []string{"root"}}}})
	if _, err := keeper.Write(t.Context(), path, fields{"disabled": true}); err != nil {
		t.Fatal(err)
	}
	if _, err := desk.Read(t.Context(), m+"/keys/desk-sign", nil); !errors.Is(err, vault.ErrDenied) {
		t.Errorf("live token: %v", err)
	}
	if _, err := h.Root().Login(t.Context(), "kubernetes", "desk", h.cluster.token("agency-aa", "desk")); !errors.Is(err, vault.ErrDenied) {
		t.Errorf("new login: %v", err)
	}
	other := h.as(t, "agency-bb", "desk", "desk")
	if _, err := other.Read(t.Context(), "concordat/agency-bb/keys/desk-sign", nil); err != nil {
		t.Errorf("another agency: %v", err)
	}
}

func TestTheKeykeeperRotatesAndReadsNoSecret(t *testing.T) {
	h := newHouse(t)
	keeper := h.Admin(h.Token("concordat-keykeeper"))
	for _, o := range []operation{
		{"POST", m + "/keys/desk-sign/rotate", nil},
		{"POST", m + "/keys/wrap/rotate", nil},
		{"POST", "concordat-hub/keys/log-sign/rotate", nil},
		{"POST", m + "/keys/wrap/config", fields{"min_decryption_version": 2}},
		{"GET", m + "/keys/desk-sign", nil},
	} {
		if err := o.try(t, keeper); err != nil {
			t.Errorf("%s: %v", o.path, err)
		}
	}
	forbidden := maps.Clone(keyMatter)
	for _, allowed := range []string{"rotate", "trim", "allow deletion", "delete a key"} {
		delete(forbidden, allowed)
	}
	forbidden["delete a signing key"] = operation{"DELETE", m + "/keys/officer-sign", nil}
	forbidden["allow its deletion"] = operation{"POST", m + "/keys/officer-sign/config", fields{"deletion_allowed": true}}
	forbidden["make wrap exportable"] = operation{"POST", m + "/keys/wrap/config", fields{"exportable": true}}
	denied(t, keeper, forbidden)
	authority := maps.Clone(power)
	for _, allowed := range []string{"look up an entity", "revoke by accessor"} {
		delete(authority, allowed)
	}
	denied(t, keeper, authority)
}
