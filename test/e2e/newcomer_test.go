package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// newSlug makes up the name of an agency that only one test knows.
func newSlug() string { return "new" + strings.ToLower(rand.Text()[:10]) }

// manifestOf is the manifest of a sample agency under another name and with a
// provider of its own.
func manifestOf(t *testing.T, slug string, change func(spec map[string]any)) string {
	t.Helper()
	var object map[string]any
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(held(t, "agencies", "agencyf.yaml"), "agencyf", slug)), &object); err != nil {
		t.Fatal(err)
	}
	spec, _ := object["spec"].(map[string]any)
	spec["legalName"] = "Newcomer " + slug + " (sample)"
	change(spec)
	raw, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// apply applies an agency, and detaches it after the test.
func apply(t *testing.T, slug, manifest string) {
	t.Helper()
	t.Cleanup(func() { tidy(t, "delete", "agency", slug, "--ignore-not-found", "--timeout=60s") })
	applied(t, manifest)
}

// officersOf gives an agency the officers of a sample agency, with their
// passwords, at a provider of its own, and lets them sign at Vault.
func officersOf(t *testing.T, slug string) {
	t.Helper()
	var realms struct {
		Realms []json.RawMessage `json:"realms"`
	}
	if err := json.Unmarshal([]byte(held(t, "idp", "realms.json")), &realms); err != nil {
		t.Fatal(err)
	}
	for _, realm := range realms.Realms {
		if bytes.Contains(realm, []byte(`"agencyf"`)) {
			realms.Realms = append(realms.Realms, bytes.ReplaceAll(realm, []byte("agencyf"), []byte(slug)))
			break
		}
	}
	raw, err := json.Marshal(realms)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "idp", "realms.json")
	if err := os.WriteFile(file+".new", raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(folder, "officers", slug), os.DirFS(filepath.Join(folder, "officers", "agencyf"))); err != nil {
		t.Fatal(err)
	}
	issuer := kubectl(t, "get", "agency", slug, "-o", "jsonpath={.spec.oidc.issuer}")
	client := trusting(t)
	eventually(t, "the provider of "+slug, func() bool {
		response, err := client.Get(issuer + "/.well-known/openid-configuration")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	enrolled, err := platform.Concordat(t.Context(), "vault", "enrol", slug, "--acr", "urn:concordat:acr:password", "--apply",
		"--vault-token-file", filepath.Join(folder, "vault-files", "root-token"))
	if err != nil || enrolled.Code != ok {
		t.Fatalf("vault enrol %s: %v %s", slug, err, enrolled.Stderr)
	}
}

// deskAt notes where the desk of an agency is, for its officers' commands.
func deskAt(t *testing.T, slug, url string) {
	t.Helper()
	file := filepath.Join(folder, "env")
	before := held(t, "env")
	line := fmt.Sprintf("export CONCORDAT_%s_DESK='%s'", strings.ToUpper(slug), url)
	if err := os.WriteFile(file, []byte(line+"\n"+before+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(file, []byte(strings.Replace(held(t, "env"), line+"\n", "", 1)+"\n"), 0o600); err != nil {
			t.Error(err)
		}
	})
	if err := platform.Reload(); err != nil {
		t.Fatal(err)
	}
}
