package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/bootstrap"
)

func (u *up) startVault(ctx context.Context) error {
	err := u.start(process{name: "vault", path: u.program("concordat-vaultd"), args: []string{
		fmt.Sprintf("--listen=127.0.0.1:%d", u.ports.Vault), "--storage=" + u.path("vault"),
		"--tls-cert=" + u.path("pki", "vault.crt"), "--tls-key=" + u.path("pki", "vault.key"),
	}})
	if err != nil {
		return err
	}
	api, err := u.vaultAPI()
	if err != nil {
		return err
	}
	if err := u.until(ctx, "vault", func(ctx context.Context) error { return api.call(ctx, http.MethodGet, "sys/seal-status", nil, nil) }); err != nil {
		return err
	}
	if err := u.unseal(ctx, api); err != nil {
		return err
	}
	return u.audit(ctx, api)
}

// unseal initialises Vault the first time and unseals it each time. The one
// unseal key lies beside the data: good enough for a demo, and for nothing else.
func (u *up) unseal(ctx context.Context, api vaultAPI) error {
	file := u.path("vault-files", "init.json")
	if _, err := os.Stat(file); err != nil {
		var keys json.RawMessage
		if err := api.call(ctx, http.MethodPut, "sys/init", map[string]int{"secret_shares": 1, "secret_threshold": 1}, &keys); err != nil {
			return err
		}
		if err := replace(file, keys, 0o600); err != nil {
			return err
		}
	}
	keys, err := u.vaultKeys()
	if err != nil {
		return err
	}
	if err := api.call(ctx, http.MethodPut, "sys/unseal", map[string]string{"key": keys.Unseal[0]}, nil); err != nil {
		return err
	}
	if err := replace(u.path("vault-files", "root-token"), []byte(keys.Root), 0o600); err != nil {
		return err
	}
	return u.until(ctx, "vault", func(ctx context.Context) error { return api.call(ctx, http.MethodGet, "sys/health", nil, nil) })
}

type vaultKeys struct {
	Unseal []string `json:"keys_base64"`
	Root   string   `json:"root_token"`
}

func (u *up) vaultKeys() (vaultKeys, error) {
	var keys vaultKeys
	raw, err := os.ReadFile(u.path("vault-files", "init.json"))
	if err != nil {
		return keys, err
	}
	if err := json.Unmarshal(raw, &keys); err != nil || len(keys.Unseal) == 0 {
		return keys, errors.New("the record of Vault's initialisation is damaged; make clean-up starts over")
	}
	return keys, nil
}

// audit enables two devices: with one, a full disk stops every operation while
// the health endpoint still says that all is well.
func (u *up) audit(ctx context.Context, api vaultAPI) error {
	keys, err := u.vaultKeys()
	if err != nil {
		return err
	}
	api.token = keys.Root
	for _, name := range []string{"first", "second"} {
		err := api.call(ctx, http.MethodPut, "sys/audit/"+name, map[string]any{
			"type": "file", "options": map[string]string{"file_path": u.path("audit", name+".log"), "mode": "0600"},
		}, nil)
		if err != nil && !strings.Contains(err.Error(), "already in use") {
			return err
		}
	}
	return nil
}

// bootstrapVault applies the plan that `concordat vault bootstrap` prints, and
// leaves it in vault-files/ to be read.
func (u *up) bootstrapVault(ctx context.Context) error {
	reviewer, err := u.reviewerToken(ctx)
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(u.caFile())
	if err != nil {
		return err
	}
	plan, err := bootstrap.NewPlan(bootstrap.Config{KubernetesHost: loopback(u.ports.API), KubernetesCA: string(ca), ReviewerToken: reviewer})
	if err != nil {
		return err
	}
	return u.applyPlan(ctx, plan, "bootstrap")
}

func (u *up) applyPlan(ctx context.Context, plan bootstrap.Plan, name string) error {
	if err := plan.WriteFiles(u.path("vault-files", name)); err != nil {
		return err
	}
	admin, err := vault.NewAdmin(vault.Config{Address: loopback(u.ports.Vault), CAFile: u.caFile()}, vault.TokenFileAuth{Path: u.path("vault-files", "root-token")})
	if err != nil {
		return err
	}
	_, err = plan.Apply(ctx, admin)
	return err
}

// enrolOfficers sets up the login by which an agency's officers sign.
func (u *up) enrolOfficers(ctx context.Context, slug string) error {
	ca, err := os.ReadFile(u.caFile())
	if err != nil {
		return err
	}
	plan, err := bootstrap.EnrolPlan(bootstrap.Enrol{Agency: slug, Issuer: u.issuer(slug), IssuerCA: string(ca), ACR: passwordACR})
	if err != nil {
		return err
	}
	return u.applyPlan(ctx, plan, "enrol-"+slug)
}

// vaultAPI speaks the few calls that come before any client could log in.
type vaultAPI struct {
	base, token string
	client      *http.Client
}

func (u *up) vaultAPI() (vaultAPI, error) {
	client, err := u.httpClient()
	return vaultAPI{base: loopback(u.ports.Vault) + "/v1/", client: client}, err
}

// httpClient trusts the platform's own authority and nothing else.
func (u *up) httpClient() (*http.Client, error) {
	pem, err := os.ReadFile(u.caFile())
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}, nil
}

func (v vaultAPI) call(ctx context.Context, method, path string, body, into any) error {
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = strings.NewReader(string(raw))
	}
	request, err := http.NewRequestWithContext(ctx, method, v.base+path, reader)
	if err != nil {
		return err
	}
	if v.token != "" {
		request.Header.Set("X-Vault-Token", v.token)
	}
	response, err := v.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("vault answers %s to %s %s: %s", response.Status, method, path, raw)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}
