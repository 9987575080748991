package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/vault"
)

func TestCommandLinesThatAreRefused(t *testing.T) {
	good := []string{"--agency=agencya", "--hub=https://h", "--vault=https://v", "--vault-token-file=f", "--state=s", "--tls-cert=c", "--tls-key=k"}
	if _, err := parse(good, io.Discard); err != nil {
		t.Fatal(err)
	}
	roles := filepath.Join(t.TempDir(), "roles.json")
	if err := os.WriteFile(roles, []byte(`{"a":["emperor"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func([]string) []string{
		"a reserved name":            func(a []string) []string { return append(a, "--agency=hub") },
		"no state":                   func(a []string) []string { return append(a, "--state=") },
		"two ways to log in":         func(a []string) []string { return append(a, "--vault-static-token-file=g") },
		"two ways to enrol":          func(a []string) []string { return append(a, "--hub-token-file=g", "--enrolment-code-file=h") },
		"an issuer without client":   func(a []string) []string { return append(a, "--oidc-issuer=https://i") },
		"an unknown flag":            func(a []string) []string { return append(a, "--no-screening") },
		"an argument":                func(a []string) []string { return append(a, "extra") },
		"a role that does not exist": func(a []string) []string { return append(a, "--roles-file="+roles) },
	} {
		if _, err := parse(change(append([]string{}, good...)), io.Discard); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The program as the operator runs it: flags, files, TLS, until it says ready.
func TestTheProgramComesUpFromItsFlags(t *testing.T) {
	h := hubtest.Start(t, hubtest.Options{})
	root := h.Vault.Client(h.Vault.RootToken)
	mount := "concordat/agency-agencya"
	if err := root.EnsureMount(t.Context(), mount); err != nil {
		t.Fatal(err)
	}
	for key, typ := range map[string]string{"officer-sign": vault.TypeEd25519, "desk-sign": vault.TypeEd25519, "witness-sign": vault.TypeEd25519, "wrap": vault.TypeAES} {
		if _, err := root.EnsureKey(t.Context(), mount, key, typ); err != nil {
			t.Fatal(err)
		}
	}
	h.Admit(t, "agencya")
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert, key := certificatePEM(t)
	reader, writer := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{
			"--agency=agencya", "--listen=127.0.0.1:0", "--hub=" + h.URL, "--hub-ca=" + h.CAFile, "--hub-token-file=" + file("hub-token", h.Cluster.DeskToken("agencya")),
			"--vault=" + h.Vault.Address, "--vault-ca=" + h.Vault.CAFile, "--vault-static-token-file=" + file("vault-token", h.Vault.RootToken),
			"--state=" + filepath.Join(dir, "state"), "--tls-cert=" + file("tls.crt", cert), "--tls-key=" + file("tls.key", key),
		}, writer)
		_ = writer.Close()
	}()
	address := serving(t, reader)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(cert))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	deadline := time.Now().Add(30 * time.Second)
	for {
		response, err := client.Get("https://" + address + "/readyz")
		if err == nil {
			body, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("not ready: %s", body)
			}
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
		timer := time.NewTimer(50 * time.Millisecond)
		<-timer.C
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatalf("an orderly end: %v", err)
	}
}

// serving reads the address from the log, and drains it.
func serving(t *testing.T, log io.Reader) string {
	t.Helper()
	found := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(log); lines.Scan(); {
			if _, after, ok := strings.Cut(lines.Text(), "msg=serving"); ok {
				_, after, _ = strings.Cut(after, "address=")
				address, _, _ := strings.Cut(after, " ")
				found <- address
			}
		}
	}()
	select {
	case address := <-found:
		return address
	case <-time.After(20 * time.Second):
		t.Fatal("the program does not say where it serves")
		return ""
	}
}

func certificatePEM(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "desk under test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", raw)
}
