package vaulttest

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/concordat-hub/concordat/internal/vault"
)

// Server is one real Vault server with storage of its own, initialised and unsealed, with two file
// audit devices, serving TLS from an authority that exists for this test only.
type Server struct {
	// Address is https://127.0.0.1:<port>; the port stays the same over Kill and Restart.
	Address string
	// CAFile holds the throw-away authority.
	CAFile string
	// RootToken may do anything.
	RootToken string
	// AuditFiles are the two audit devices' files.
	AuditFiles []string

	tb        testing.TB
	dir       string
	unsealKey string
	process   *exec.Cmd
	exited    chan struct{} // closed when the process has ended
	root      *api.Client
}

// Start runs bin/concordat-vaultd and stops it when the test ends. A missing binary fails the test:
// `make tools` builds it.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{tb: tb, dir: tb.TempDir()}
	s.CAFile = filepath.Join(s.dir, "ca.pem")
	s.makeCertificates()
	s.run("127.0.0.1:0")
	tb.Cleanup(func() { s.end(syscall.SIGTERM) })
	s.connect()
	s.initialise()
	return s
}

// Config is the client configuration for this server.
func (s *Server) Config() vault.Config {
	return vault.Config{Address: s.Address, CAFile: s.CAFile}
}

// Root is an administrator with the root token.
func (s *Server) Root() *vault.Admin { return s.Admin(s.RootToken) }

// Admin makes any call with this token: what comes back shows what the token may do.
func (s *Server) Admin(token string) *vault.Admin {
	s.tb.Helper()
	admin, err := vault.NewAdmin(s.Config(), vault.TokenAuth{Token: token})
	if err != nil {
		s.tb.Fatal(err)
	}
	return admin
}

// Client is a client with this token.
func (s *Server) Client(token string) *vault.Client {
	s.tb.Helper()
	client, err := vault.New(s.Config(), vault.TokenAuth{Token: token})
	if err != nil {
		s.tb.Fatal(err)
	}
	s.tb.Cleanup(client.Close)
	return client
}

// Token makes a token with these policies and nothing else, for one hour.
func (s *Server) Token(policies ...string) string {
	s.tb.Helper()
	secret, err := s.root.Auth().Token().CreateOrphan(&api.TokenCreateRequest{
		Policies: policies, NoDefaultPolicy: true, TTL: "1h",
	})
	if err != nil {
		s.tb.Fatal(err)
	}
	return secret.Auth.ClientToken
}

// Health is the HTTP status of Vault's own health page.
func (s *Server) Health() int {
	s.tb.Helper()
	resp, err := s.root.Logical().ReadRaw("sys/health")
	if resp == nil {
		s.tb.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// Seal seals the server.
func (s *Server) Seal() {
	s.tb.Helper()
	if err := s.root.Sys().Seal(); err != nil {
		s.tb.Fatal(err)
	}
}

// Unseal unseals the server and waits until it answers.
func (s *Server) Unseal() {
	s.tb.Helper()
	if _, err := s.root.Sys().Unseal(s.unsealKey); err != nil {
		s.tb.Fatal(err)
	}
	s.await("active", func() bool {
		_, err := s.root.Auth().Token().LookupSelf()
		return err == nil
	})
}

// Kill ends the process as kill -9 does.
func (s *Server) Kill() {
	s.tb.Helper()
	s.end(syscall.SIGKILL)
}

// Pause stops the process without ending it: connections open and nothing answers. Resume goes on.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

// Restart runs the server again on the same storage and port, and unseals it.
func (s *Server) Restart() {
	s.tb.Helper()
	s.run(strings.TrimPrefix(s.Address, "https://"))
	s.Unseal()
}

func (s *Server) signal(sig syscall.Signal) {
	s.tb.Helper()
	if err := s.process.Process.Signal(sig); err != nil {
		s.tb.Fatal(err)
	}
}

func (s *Server) end(sig syscall.Signal) {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(syscall.SIGCONT) // a paused process would not hear the other signal
	_ = s.process.Process.Signal(sig)
	select {
	case <-s.exited:
	case <-time.After(10 * time.Second):
		_ = s.process.Process.Kill()
		<-s.exited
	}
	s.process = nil
}

// run starts the process and reads from its standard error where it serves.
func (s *Server) run(listen string) {
	s.tb.Helper()
	s.process = exec.Command(binary(s.tb), "--listen", listen,
		"--storage", filepath.Join(s.dir, "data"), "--log", filepath.Join(s.dir, "vault.log"),
		"--tls-cert", filepath.Join(s.dir, "server.pem"), "--tls-key", filepath.Join(s.dir, "server-key.pem"))
	stderr, err := s.process.StderrPipe()
	if err != nil {
		s.tb.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		s.tb.Fatal(err)
	}
	s.exited = make(chan struct{})
	lines := make(chan string, 16)
	go func(process *exec.Cmd, exited chan<- struct{}) {
		defer close(exited)
		defer close(lines)
		for scanner := bufio.NewScanner(stderr); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			default: // nobody reads after the first line
			}
		}
		_ = process.Wait() // how it ended is told by its last lines
	}(s.process, s.exited)
	var said []string
	deadline := time.After(20 * time.Second)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				s.tb.Fatalf("concordat-vaultd ended: %s", strings.Join(said, "\n"))
			}
			said = append(said, line)
			if _, address, found := strings.Cut(line, "serving on "); found {
				s.Address = strings.TrimSpace(address)
				return
			}
		case <-deadline:
			s.tb.Fatalf("concordat-vaultd does not say where it serves: %s", strings.Join(said, "\n"))
		}
	}
}

// binary finds bin/concordat-vaultd from whichever package's folder the test runs in.
func binary(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("the test runs outside the repository")
		}
		dir = parent
	}
	path := filepath.Join(dir, "bin", "concordat-vaultd")
	if _, err := os.Stat(path); err != nil {
		tb.Fatal("bin/concordat-vaultd is missing: run `make tools`")
	}
	return path
}

func (s *Server) connect() {
	s.tb.Helper()
	config := api.DefaultConfig()
	config.Address = s.Address
	if err := config.ConfigureTLS(&api.TLSConfig{CACert: s.CAFile}); err != nil {
		s.tb.Fatal(err)
	}
	var err error
	if s.root, err = api.NewClient(config); err != nil {
		s.tb.Fatal(err)
	}
	s.root.ClearNamespace()
}

func (s *Server) initialise() {
	s.tb.Helper()
	answer, err := s.root.Sys().Init(&api.InitRequest{SecretShares: 1, SecretThreshold: 1})
	if err != nil {
		s.tb.Fatal(err)
	}
	s.unsealKey, s.RootToken = answer.Keys[0], answer.RootToken
	s.root.SetToken(s.RootToken)
	s.Unseal()
	for i := range 2 {
		file := filepath.Join(s.dir, fmt.Sprintf("audit-%d.log", i+1))
		err := s.root.Sys().EnableAuditWithOptions(fmt.Sprintf("file-%d", i+1), &api.EnableAuditOptions{
			Type: "file", Options: map[string]string{"file_path": file},
		})
		if err != nil {
			s.tb.Fatal(err)
		}
		s.AuditFiles = append(s.AuditFiles, file)
	}
}

func (s *Server) await(what string, ready func() bool) {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-ctx.Done():
			s.tb.Fatalf("vault is not %s", what)
		case <-tick.C:
		}
	}
}

// makeCertificates writes an authority and a server certificate for 127.0.0.1, good for one day.
func (s *Server) makeCertificates() {
	s.tb.Helper()
	caKey, ca := s.certificate(&x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "throw-away authority"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	key, leaf := s.certificate(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "vault under test"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca, caKey)
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		s.tb.Fatal(err)
	}
	s.writePEM("ca.pem", "CERTIFICATE", ca.Raw)
	s.writePEM("server.pem", "CERTIFICATE", leaf.Raw)
	s.writePEM("server-key.pem", "EC PRIVATE KEY", der)
}

func (s *Server) certificate(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate) {
	s.tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.tb.Fatal(err)
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Minute), time.Now().Add(24*time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		s.tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		s.tb.Fatal(err)
	}
	return key, cert
}

func (s *Server) writePEM(name, kind string, der []byte) {
	s.tb.Helper()
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(filepath.Join(s.dir, name), block, 0o600); err != nil {
		s.tb.Fatal(err)
	}
}
