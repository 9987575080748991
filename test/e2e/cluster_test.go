package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// denied runs a kubectl command that kube-apiserver must refuse, and looks in the
// refusal for why.
func denied(t *testing.T, why string, args ...string) {
	t.Helper()
	result, err := platform.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	if result.Code == 0 {
		t.Errorf("kubectl %s was allowed:\n%s", strings.Join(args, " "), result.Stdout)
	} else if !strings.Contains(result.Stderr, why) {
		t.Errorf("kubectl %s failed, but not because of %q:\n%s", strings.Join(args, " "), why, result.Stderr)
	}
}

// applied applies a manifest as the cluster's administrator.
func applied(t *testing.T, manifest string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "apply", "--server-side", "-f", file)
}

// tidy runs kubectl after the test, when the test's own context has ended.
func tidy(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	if result, err := platform.Kubectl(ctx, args...); err != nil || result.Code != 0 {
		t.Errorf("kubectl %s: %v %s", strings.Join(args, " "), err, result.Stderr)
	}
}

// condition is a condition's status and reason, such as "True Working".
func condition(t *testing.T, agency, kind string) string {
	t.Helper()
	return kubectl(t, "get", "agency", agency, "-o", `jsonpath={range .status.conditions[?(@.type=="`+kind+`")]}{.status} {.reason}{end}`)
}

func ready(t *testing.T, agency string) {
	t.Helper()
	kubectl(t, "wait", "--for=condition=Ready", "--timeout=60s", "agency/"+agency)
}

// held reads a file of the platform's state.
func held(t *testing.T, name ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(append([]string{folder}, name...)...))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

// trusting is an HTTP client that trusts the platform's authority.
func trusting(t *testing.T) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(held(t, "pki", "ca.crt"))) {
		t.Fatal("the platform's authority is no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Timeout: 10 * time.Second, Transport: transport}
}

// vaultCaller calls Vault with one token, as a program or a thief of the token would.
type vaultCaller struct {
	client *http.Client
	token  string
}

// call returns the status of Vault's answer and decodes its body into v, which may be nil.
func (v vaultCaller) call(t *testing.T, method, path string, body, into any) int {
	t.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, platform.Get("VAULT_ADDR")+"/v1/"+path, reader)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Vault-Token", v.token)
	response, err := v.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil && response.StatusCode < 300 {
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	return response.StatusCode
}

// vaultLogin logs in as a pod with this ServiceAccount token does.
func vaultLogin(t *testing.T, role, token string) (vaultCaller, error) {
	t.Helper()
	v := vaultCaller{client: trusting(t)}
	var answer struct {
		Auth struct {
			Token string `json:"client_token"`
		} `json:"auth"`
	}
	if status := v.call(t, http.MethodPost, "auth/kubernetes/login", map[string]string{"role": role, "jwt": token}, &answer); status != http.StatusOK {
		return v, fmt.Errorf("login as %s: %d", role, status)
	}
	v.token = answer.Auth.Token
	return v, nil
}

// vaultRoot has every right, as whoever keeps Vault has.
func vaultRoot(t *testing.T) vaultCaller {
	t.Helper()
	return vaultCaller{trusting(t), held(t, "vault-files", "root-token")}
}

// kubectlOutput is what kubectl printed, however it ended.
func kubectlOutput(t *testing.T, args ...string) string {
	t.Helper()
	result, err := platform.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return result.Stdout
}
