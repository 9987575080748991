package bootstrap_test

import (
	"crypto"
	"errors"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/bootstrap"
)

// withSite is a house in which this agency also has a site, with a token for it.
func (h house) withSite(t *testing.T, slug string) string {
	t.Helper()
	plan, err := bootstrap.SitePlan(slug)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Apply(t.Context(), h.Root()); err != nil {
		t.Fatal(err)
	}
	token, err := h.Root().CreateToken(t.Context(), bootstrap.SiteRole(slug))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestASitesPlanIsTwoCallsAndChangesNothingAgain(t *testing.T) {
	h, p := newHouse(t), newProvider(t, "aa")
	both := p.enrol()
	both.Site = true
	site, err := bootstrap.SitePlan("aa")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := bootstrap.EnrolPlan(both)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		plan  bootstrap.Plan
		calls []string
		first int
	}{
		{site, []string{"01-policy-concordat-site-aa.json", "02-token-roles-concordat-site-aa.json"}, 2},
		{whole, []string{
			"01-policy-concordat-officer-aa.json", "02-auth-idp-aa.json", "03-idp-aa-config.json", "04-idp-aa-role-officer-sign.json",
			"05-policy-concordat-site-aa.json", "06-token-roles-concordat-site-aa.json",
		}, 4},
	} {
		var calls []string
		for _, s := range c.plan.Steps {
			calls = append(calls, s.File)
		}
		if diff := cmp.Diff(c.calls, calls); diff != "" {
			t.Error(diff)
		}
		for _, want := range []int{c.first, 0} {
			if changed, err := c.plan.Apply(t.Context(), h.Root()); err != nil || changed != want {
				t.Errorf("%d changed, not %d: %v", changed, want, err)
			}
		}
	}
	role := "auth/token/roles/concordat-site-aa"
	for name, drift := range map[string]call{
		"a role with another policy":       {role, fields{"allowed_policies": "root"}},
		"a role that forbids no policy":    {role, fields{"disallowed_policies": ""}},
		"a role with the default policy":   {role, fields{"token_no_default_policy": false}},
		"a role for tokens without an end": {role, fields{"token_period": 0}},
		"a role for a month":               {role, fields{"token_period": 30 * bootstrap.SitePeriod}},
		"a role for batch tokens":          {role, fields{"token_type": "batch", "renewable": false, "token_period": 0}},
		"a policy for every agency":        {"sys/policies/acl/concordat-site-aa", fields{"policy": `path "concordat/+/decrypt/wrap" { capabilities=["update"] }`}},
	} {
		if _, err := h.Root().Write(t.Context(), drift.path, drift.body); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{1, 0} {
			if changed, err := site.Apply(t.Context(), h.Root()); err != nil || changed != want {
				t.Errorf("%s: %d changed, not %d: %v", name, changed, want, err)
			}
		}
	}
	for _, slug := range []string{"", "a+", "a-b", "aa/../bb", "hub", "AA", "*"} {
		if _, err := bootstrap.SitePlan(slug); err == nil {
			t.Errorf("%q is taken", slug)
		}
	}
}

// A right that managed desks are given or lose is given to sites or lost by them, too.
func TestASiteHasTheRightsOfAManagedDesk(t *testing.T) {
	rights := func(file string) []string {
		text, err := os.ReadFile("policies/" + file)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, r := range regexp.MustCompile(`path "(?:concordat/(?:\{\{.*?\}\}|agency-@slug@)/)?(.*?)"\s*(\{.*)`).FindAllStringSubmatch(string(text), -1) {
			found = append(found, r[1]+" "+r[2])
		}
		return found
	}
	desk := rights("desk.hcl")
	if len(desk) != 8 {
		t.Fatalf("a desk has %q", desk)
	}
	want := append(slices.Clone(desk),
		`auth/token/lookup-self { capabilities = ["read"] }`, `auth/token/renew-self { capabilities = ["update"] }`)
	if diff := cmp.Diff(want, rights("site.hcl")); diff != "" {
		t.Error(diff)
	}
}

func TestASiteDoesWhatItsDeskNeedsAndNothingElse(t *testing.T) {
	h := newHouse(t)
	token := h.withSite(t, "aa")
	desk, site := h.Client(token), h.Admin(token)

	for _, key := range []string{"desk-sign", "witness-sign"} {
		signer, err := desk.SignerFor(t.Context(), m, key, h.keys["aa"][key].Thumbprint)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signer.Sign(nil, []byte("x"), crypto.Hash(0)); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	ciphertext, err := desk.Encrypt(t.Context(), m, "wrap", []byte("identity"), []byte("aad"))
	if err != nil {
		t.Fatal(err)
	}
	if plaintext, err := desk.Decrypt(t.Context(), m, "wrap", ciphertext, []byte("aad")); err != nil || string(plaintext) != "identity" {
		t.Errorf("%q: %v", plaintext, err)
	}
	for _, o := range []operation{
		{"GET", m + "/keys/officer-sign", nil}, {"GET", m + "/keys/desk-sign", nil},
		{"GET", m + "/keys/witness-sign", nil}, {"GET", m + "/keys/wrap", nil},
		{"GET", "auth/token/lookup-self", nil}, {"POST", "auth/token/renew-self", nil},
	} {
		if err := o.try(t, site); err != nil {
			t.Errorf("%s %s: %v", o.method, o.path, err)
		}
	}

	own := maps.Clone(keyMatter)
	for _, allowed := range []string{"sign as desk", "sign as witness", "decrypt", "encrypt"} {
		delete(own, allowed)
	}
	for _, key := range []string{"officer-sign", "desk-sign", "witness-sign", "wrap"} {
		own["make "+key] = operation{"POST", m + "/keys/" + key, fields{"type": "ed25519"}}
	}
	own["settings"] = operation{"POST", m + "/config/keys", fields{"disable_upsert": false}}
	own["another token of its role"] = operation{"POST", "auth/token/create/" + bootstrap.SiteRole("aa"), nil}
	own["change its role"] = operation{"POST", "auth/token/roles/" + bootstrap.SiteRole("aa"), fields{"allowed_policies": "root"}}
	own["read its role"] = operation{"GET", "auth/token/roles/" + bootstrap.SiteRole("aa"), nil}
	own["change its policy"] = operation{"POST", "sys/policies/acl/" + bootstrap.SiteRole("aa"), fields{"policy": `path "*" { capabilities=["sudo"] }`}}
	own["look at another token"] = operation{"POST", "auth/token/lookup", fields{"token": h.RootToken}}
	own["renew another token"] = operation{"POST", "auth/token/renew", fields{"token": h.RootToken}}
	own["revoke itself"] = operation{"POST", "auth/token/revoke-self", nil} // whoever keeps Vault ends it
	own["a cubbyhole"] = operation{"POST", "cubbyhole/x", fields{"y": "z"}}
	denied(t, site, own)
	denied(t, site, power)
}

// The site of "aa" tries everything at the agencies whose names begin alike, and at another one.
func TestASiteReachesNoOtherAgency(t *testing.T) {
	h := newHouse(t)
	site := h.Admin(h.withSite(t, "aa"))
	h.withSite(t, "aab") // whose role is no use to it either
	foreign := maps.Clone(keyMatter)
	for _, key := range []string{"officer-sign", "desk-sign", "witness-sign", "wrap"} {
		foreign["read "+key] = operation{"GET", m + "/keys/" + key, nil}
	}
	for _, target := range []string{"aab", "bb", "none"} {
		aimed := map[string]operation{"a token": {"POST", "auth/token/create/" + bootstrap.SiteRole(target), nil}}
		for name, o := range foreign {
			o.path = strings.Replace(o.path, m, "concordat/agency-"+target, 1)
			aimed[name] = o
		}
		denied(t, site, aimed)
	}
}

// What is asked for with a token is given or refused, and never more than the role says.
func TestASitesTokenIsWhatItsRoleSays(t *testing.T) {
	h := newHouse(t)
	token := h.withSite(t, "aa")
	told, err := h.Root().Write(t.Context(), "auth/token/lookup", fields{"token": token})
	if err != nil {
		t.Fatal(err)
	}
	if told["type"] != "service" || told["orphan"] != true || told["renewable"] != true {
		t.Errorf("type %v, orphan %v, renewable %v", told["type"], told["orphan"], told["renewable"])
	}
	if policies, _ := told["policies"].([]any); len(policies) != 1 || policies[0] != "concordat-site-aa" {
		t.Errorf("policies %v", told["policies"])
	}
	if ttl := asInt(t, told["ttl"]); ttl == 0 || ttl > 24*60*60 {
		t.Errorf("it lives %d s", ttl)
	}
	for _, policy := range []string{"root", "default", "concordat-keykeeper", "concordat-site-bb"} {
		_, err := h.Root().Write(t.Context(), "auth/token/create/concordat-site-aa", fields{"policies": []string{policy}})
		if !errors.Is(err, vault.ErrRefused) {
			t.Errorf("a token with %s: %v", policy, err)
		}
	}
}

// Two ways to end a site, both at once.
func TestASiteIsStopped(t *testing.T) {
	h := newHouse(t)
	for name, stop := range map[string]func(accessor any) error{
		"by keykeepers, by the token's accessor": func(accessor any) error {
			keeper := h.Admin(h.Token("concordat-keykeeper"))
			return second(keeper.Write(t.Context(), "auth/token/revoke-accessor", fields{"accessor": accessor}))
		},
		"by administrators, by its policy": func(any) error {
			return h.Root().Delete(t.Context(), "sys/policies/acl/concordat-site-aa")
		},
	} {
		token := h.withSite(t, "aa")
		told, err := h.Admin(token).Read(t.Context(), "auth/token/lookup-self", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := stop(told["accessor"]); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Admin(token).Read(t.Context(), m+"/keys/desk-sign", nil); !errors.Is(err, vault.ErrDenied) {
			t.Errorf("stopped %s: %v", name, err)
		}
	}
}
