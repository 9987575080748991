package agency

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// probeTimeout bounds a question to a desk or to Vault's login.
const probeTimeout = 3 * time.Second

// DeskProbe asks desks over TLS. It sends no credential and follows no redirect.
type DeskProbe struct{ client *http.Client }

// NewDeskProbe trusts the authorities in the PEM file, or the system's where the
// name is empty.
func NewDeskProbe(caFile string) (*DeskProbe, error) {
	client, err := probeClient(caFile)
	if err != nil {
		return nil, err
	}
	return &DeskProbe{client}, nil
}

func probeClient(caFile string) (*http.Client, error) {
	var roots *x509.CertPool
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("certificates: %w", err)
		}
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("certificates: %s holds none", caFile)
		}
	}
	return &http.Client{
		Timeout: probeTimeout,
		Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots},
			MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// Ready implements Desks with GET /readyz.
func (p *DeskProbe) Ready(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 4096)) // what came is enough: the status decides
	if response.StatusCode == http.StatusOK {
		return nil
	}
	return &NotReadyError{Says: says(response, body)}
}

// says takes the sentence of the desk's answer (its readiness report, or a problem
// document as of RFC 9457), or the HTTP status.
func says(response *http.Response, body []byte) string {
	var answer struct {
		Message string `json:"message"`
		Title   string `json:"title"`
	}
	if json.Unmarshal(body, &answer) == nil {
		for _, sentence := range []string{answer.Message, answer.Title} {
			if sentence != "" {
				return string(bytes.ToValidUTF8([]byte(sentence[:min(len(sentence), 200)]), nil))
			}
		}
	}
	return response.Status
}

// VaultHealth asks whether Vault is unsealed and active (sys/health), without a
// token. It is a hint that something turned, never a condition: a Vault whose
// audit devices are full is healthy by this and of no use.
func (p *LoginProbe) VaultHealth(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address+"/v1/sys/health?standbyok=true", nil)
	if err != nil {
		return err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New("vault says " + response.Status)
	}
	return nil
}

// LoginProbe asks Vault whether an agency's officers have a login, the way a
// stranger would: with a token that cannot be one. It learns nothing that Vault
// would not tell anybody who can reach it.
type LoginProbe struct {
	client  *http.Client
	address string
}

// NewLoginProbe asks the Vault at this https address.
func NewLoginProbe(address, caFile string) (*LoginProbe, error) {
	client, err := probeClient(caFile)
	if err != nil {
		return nil, err
	}
	return &LoginProbe{client, strings.TrimSuffix(address, "/")}, nil
}

// unconfigured are Vault's words for a login mount that is not finished.
var unconfigured = [][]byte{[]byte("could not be found"), []byte("could not load configuration")}

// LoginExists implements Officers. Vault answers 403 where nothing is mounted and
// 400 to a login that refuses the token; a mount without configuration or without
// the role answers 400 too and is told apart by its words.
func (p *LoginProbe) LoginExists(ctx context.Context, agency string) (bool, error) {
	url := p.address + "/v1/auth/idp-" + agency + "/login"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{"role":"officer-sign","jwt":"none"}`))
	if err != nil {
		return false, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Vault-Request", "true")
	response, err := p.client.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<10))
	if err != nil {
		return false, err
	}
	switch response.StatusCode {
	case http.StatusBadRequest:
		return !slices.ContainsFunc(unconfigured, func(words []byte) bool { return bytes.Contains(body, words) }), nil
	case http.StatusForbidden, http.StatusNotFound:
		return false, nil
	default:
		return false, errors.New("vault answered " + response.Status)
	}
}
