package bootstrap_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/bootstrap"
	"github.com/concordat-hub/concordat/internal/vault/vaulttest"
)

func TestThePlanIsAppliedOnceAndChangesNothingAgain(t *testing.T) {
	server, cluster := vaulttest.Start(t), newCluster(t)
	root := server.Root()
	plan, err := bootstrap.NewPlan(cluster.config())
	if err != nil {
		t.Fatal(err)
	}
	pending, err := plan.Pending(t.Context(), root)
	if err != nil || len(pending) != len(plan.Steps) {
		t.Fatalf("%d of %d pending: %v", len(pending), len(plan.Steps), err)
	}
	if again, _ := plan.Pending(t.Context(), root); len(again) != len(plan.Steps) {
		t.Error("looking changed something")
	}
	changed, err := plan.Apply(t.Context(), root)
	if err != nil || changed != len(plan.Steps) {
		t.Fatalf("%d of %d changed: %v", changed, len(plan.Steps), err)
	}
	if changed, err := plan.Apply(t.Context(), root); err != nil || changed != 0 {
		t.Errorf("%d changed again: %v", changed, err)
	}
}

// Each drift is put back by exactly the calls it needs.
func TestDriftIsPutBack(t *testing.T) {
	server, cluster := vaulttest.Start(t), newCluster(t)
	root := server.Root()
	plan := apply(t, root, cluster.config())
	for name, c := range map[string]call{
		"a role that lets any namespace in": {"auth/kubernetes/role/desk", map[string]any{"bound_service_account_namespaces": "*"}},
		"a role with another policy":        {"auth/kubernetes/role/hub", map[string]any{"token_policies": "root"}},
		"a policy with one more right":      {"sys/policies/acl/concordat-desk", map[string]any{"policy": `path "concordat/+/sign/desk-sign" { capabilities=["update"] }`}},
		"reviewing by the login token":      {"auth/kubernetes/config", map[string]any{"kubernetes_host": cluster.server.URL, "kubernetes_ca_cert": certificate(cluster.server), "disable_local_ca_jwt": true}},
		"keys made by encryption":           {"concordat-hub/config/keys", map[string]any{"disable_upsert": false}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := root.Write(t.Context(), c.path, c.body); err != nil {
				t.Fatal(err)
			}
			if changed, err := plan.Apply(t.Context(), root); err != nil || changed != 1 {
				t.Errorf("%d changed: %v", changed, err)
			}
			if changed, err := plan.Apply(t.Context(), root); err != nil || changed != 0 {
				t.Errorf("%d changed again: %v", changed, err)
			}
		})
	}
}

func TestANewReviewerTokenIsSentAndRemembered(t *testing.T) {
	server, cluster := vaulttest.Start(t), newCluster(t)
	root := server.Root()
	apply(t, root, cluster.config())
	cluster.reviewer = cluster.token("concordat-system", "vault-reviewer", func(c jwt.MapClaims) { c["jti"] = "second" })
	plan, err := bootstrap.NewPlan(cluster.config())
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := plan.Apply(t.Context(), root); err != nil || changed != 2 {
		t.Errorf("%d changed: %v", changed, err)
	}
	if changed, err := plan.Apply(t.Context(), root); err != nil || changed != 0 {
		t.Errorf("%d changed again: %v", changed, err)
	}
	if _, err := root.Login(t.Context(), "kubernetes", "hub", cluster.token("concordat-system", "concordat-hub")); err != nil {
		t.Errorf("the new reviewer is not used: %v", err)
	}
}

// A further role on the mount could move a live token to another agency's metadata.
func TestAForeignRoleStopsThePlan(t *testing.T) {
	server, cluster := vaulttest.Start(t), newCluster(t)
	root := server.Root()
	plan := apply(t, root, cluster.config())
	_, err := root.Write(t.Context(), "auth/kubernetes/role/convenience", map[string]any{
		"bound_service_account_names": "ci", "bound_service_account_namespaces": "default", "audience": "x",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Apply(t.Context(), root); !errors.Is(err, bootstrap.ErrForeignRole) || !strings.Contains(err.Error(), "convenience") {
		t.Errorf("%v", err)
	}
}

// What exists under our names and is not ours is neither used nor replaced.
func TestThePlanReplacesNoMountAndNoKey(t *testing.T) {
	transit := call{"sys/mounts/concordat-hub", map[string]any{"type": "transit"}}
	for name, prepare := range map[string][]call{
		"a mount of another type":      {{"sys/mounts/concordat-hub", map[string]any{"type": "kv"}}},
		"a login of another type":      {{"sys/auth/kubernetes", map[string]any{"type": "approle"}}},
		"an exportable log key":        {transit, {"concordat-hub/keys/log-sign", map[string]any{"type": "ed25519", "exportable": true}}},
		"a registrar key of AES":       {transit, {"concordat-hub/keys/registrar-sign", map[string]any{"type": "aes256-gcm96"}}},
		"a lock without derivation":    {transit, {"concordat-hub/keys/lock", map[string]any{"type": "aes256-gcm96"}}},
		"a log key that needs context": {transit, {"concordat-hub/keys/log-sign", map[string]any{"type": "ed25519", "derived": true}}},
	} {
		t.Run(name, func(t *testing.T) {
			server, cluster := vaulttest.Start(t), newCluster(t)
			for _, p := range prepare {
				if _, err := server.Root().Write(t.Context(), p.path, p.body); err != nil {
					t.Fatal(err)
				}
			}
			plan, err := bootstrap.NewPlan(cluster.config())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := plan.Apply(t.Context(), server.Root()); !errors.Is(err, bootstrap.ErrConflict) {
				t.Errorf("%v", err)
			}
		})
	}
}

type call struct {
	path string
	body map[string]any
}

// An interrupted Apply is completed by the next one.
func TestAnInterruptedPlanIsCompleted(t *testing.T) {
	server, cluster := vaulttest.Start(t), newCluster(t)
	root := server.Root()
	plan, err := bootstrap.NewPlan(cluster.config())
	if err != nil {
		t.Fatal(err)
	}
	half := bootstrap.Plan{Steps: plan.Steps[:7]}
	if changed, err := half.Apply(t.Context(), root); err != nil || changed != 7 {
		t.Fatalf("%d changed: %v", changed, err)
	}
	// The seventh step sent the reviewer's token; its digest is not remembered yet, so it is sent again.
	if changed, err := plan.Apply(t.Context(), root); err != nil || changed != len(plan.Steps)-6 {
		t.Errorf("%d changed: %v", changed, err)
	}
	if changed, err := plan.Apply(t.Context(), root); err != nil || changed != 0 {
		t.Errorf("%d changed again: %v", changed, err)
	}
}

func TestTheFilesSayEverythingExceptTheSecret(t *testing.T) {
	cluster := newCluster(t)
	plan, err := bootstrap.NewPlan(cluster.config())
	if err != nil {
		t.Fatal(err)
	}
	enrol, err := bootstrap.EnrolPlan(bootstrap.Enrol{Agency: "aa", Issuer: "https://idp.example", ACR: "phr", Site: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []bootstrap.Plan{plan, enrol} {
		dir := filepath.Join(t.TempDir(), "plan")
		for range 2 { // writing again over the same plan is fine
			if err := p.WriteFiles(dir); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range p.Steps {
			if !message.Known(s.Title.Code) {
				t.Errorf("%s: no sentence for %s", s.File, s.Title.Code)
			}
			checkStepFile(t, dir, s)
		}
		all, _ := filepath.Glob(filepath.Join(dir, "*"))
		for _, file := range all {
			if raw, _ := os.ReadFile(file); strings.Contains(string(raw), cluster.reviewer) {
				t.Errorf("%s holds the reviewer's token", file)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "16-extra.json"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := p.WriteFiles(dir); err == nil {
			t.Error("a file that is not of the plan goes unnoticed")
		}
	}
}

// checkStepFile reads a step back as a reviewer does.
func checkStepFile(t *testing.T, dir string, s bootstrap.Step) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, s.File))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Title, Method, Path string
		Body                map[string]any
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatalf("%s: %v", s.File, err)
	}
	if file.Title == "" || strings.Contains(file.Title, "<no value>") || file.Method != "POST" || file.Path != "/v1/"+s.Path {
		t.Errorf("%s: %+v", s.File, file)
	}
	if got, want := slices.Sorted(maps.Keys(file.Body)), slices.Sorted(maps.Keys(s.Body)); !slices.Equal(got, want) {
		t.Errorf("%s: body %v, want %v", s.File, got, want)
	}
	if name, ok := file.Body["policy"].(string); ok {
		hcl, err := os.ReadFile(filepath.Join(dir, strings.TrimPrefix(name, "@")))
		if err != nil || string(hcl) != s.Body["policy"] {
			t.Errorf("%s: policy file %s: %v", s.File, name, err)
		}
	}
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	good := newCluster(t).config()
	for name, change := range map[string]func(*bootstrap.Config){
		"no reviewer": func(c *bootstrap.Config) { c.ReviewerToken = "" },
		"no CA":       func(c *bootstrap.Config) { c.KubernetesCA = "" },
		"plain http":  func(c *bootstrap.Config) { c.KubernetesHost = "http://127.0.0.1:8080" },
	} {
		c := good
		change(&c)
		if _, err := bootstrap.NewPlan(c); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for name, e := range map[string]bootstrap.Enrol{
		"a slug with a hyphen":   {Agency: "a-b", Issuer: "https://idp", ACR: "phr"},
		"a slug with a wildcard": {Agency: "a+", Issuer: "https://idp", ACR: "phr"},
		"a slug with a path":     {Agency: "aa/../bb", Issuer: "https://idp", ACR: "phr"},
		"a reserved name":        {Agency: "hub", Issuer: "https://idp", ACR: "phr"},
		"plain http":             {Agency: "aa", Issuer: "http://idp", ACR: "phr"},
		"no acr":                 {Agency: "aa", Issuer: "https://idp"},
	} {
		if _, err := bootstrap.EnrolPlan(e); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func apply(t *testing.T, root *vault.Admin, c bootstrap.Config) bootstrap.Plan {
	t.Helper()
	plan, err := bootstrap.NewPlan(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Apply(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	return plan
}
