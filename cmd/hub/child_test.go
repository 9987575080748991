package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/store/files"
	"github.com/concordat-hub/concordat/internal/store/sqlite"
)

// childVariable makes this test binary the hub, so that a test can kill a real
// process without building another binary.
const childVariable = "CONCORDAT_TEST_HUB_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(hubtest.Main(m))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], slog.New(slog.NewJSONHandler(os.Stderr, nil))); err != nil {
		slog.Error(err.Error())
		os.Exit(1)
	}
}

// house is what outlives a hub process: Vault, cluster, certificate, folder.
type house struct {
	vault     *hubtest.Vault
	cluster   *hubtest.Cluster
	cert, key string
	token     string
	dir       string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{vault: hubtest.SharedVault(t), cluster: hubtest.NewCluster(t), dir: t.TempDir()}
	h.cert, h.key = hubtest.Certificate(t)
	h.token = filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(h.token, []byte(h.vault.Token), 0o600); err != nil {
		t.Fatal(err)
	}
	return h
}

type child struct {
	*hubtest.World
	process *exec.Cmd
	exited  chan error
	lines   []string
}

func (h *house) args(more ...string) []string {
	return append([]string{
		"--id", hubtest.HubID, "--listen", "127.0.0.1:0", "--state", h.dir, "--tls-cert", h.cert, "--tls-key", h.key,
		"--vault", h.vault.Address, "--vault-ca", h.vault.CAFile, "--vault-static-token-file", h.token,
		"--cluster-issuer", h.cluster.Issuer, "--cluster-jwks-file", h.cluster.JWKSFile, "--requests-per-second", "100000",
	}, more...)
}

// start runs a hub process with one failpoint armed, or none, and waits until it
// serves.
func (h *house) start(t *testing.T, point string, more ...string) *child {
	t.Helper()
	c := &child{exited: make(chan error, 1)}
	c.process = exec.Command(os.Args[0], h.args(more...)...)
	c.process.Env = append(os.Environ(), childVariable+"=1", failpoint.Variable+"="+point)
	stderr, err := c.process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.process.Process.Kill() })
	address := make(chan string, 1)
	go func() {
		scanner := bufio.NewScanner(stderr)
		for scanner.Scan() {
			var line struct{ Msg, Address string }
			if json.Unmarshal(scanner.Bytes(), &line) == nil && line.Msg == "serving" {
				address <- line.Address
			}
			c.lines = append(c.lines, scanner.Text())
		}
		close(address)
		c.exited <- c.process.Wait()
	}()
	select {
	case at, ok := <-address:
		if !ok {
			t.Fatalf("the hub ended: %v\n%s", <-c.exited, strings.Join(c.lines, "\n"))
		}
		c.World = hubtest.NewWorld(t, "https://"+at, h.cert, h.cluster)
	case <-time.After(20 * time.Second):
		t.Fatal("the hub does not serve")
	}
	return c
}

// stop ends the hub in order; awaitKill waits for it to have killed itself.
func (c *child) stop(t *testing.T) {
	t.Helper()
	c.Hush()
	_ = c.process.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-c.exited:
		if err != nil {
			t.Fatalf("the hub did not end in order: %v\n%s", err, strings.Join(c.lines, "\n"))
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the hub does not end")
	}
}

func (c *child) awaitKill(t *testing.T) {
	t.Helper()
	select {
	case <-c.exited:
		status, ok := c.process.ProcessState.Sys().(syscall.WaitStatus)
		if !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
			t.Fatalf("the hub ended with %v\n%s", c.process.ProcessState, strings.Join(c.lines, "\n"))
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the failpoint was not hit")
	}
}

// stored verifies the whole folder of a hub that does not run and hands it over.
func (h *house) stored(t *testing.T, look func(*sqlite.Store)) hub.Report {
	t.Helper()
	database, err := sqlite.Open(t.Context(), h.dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = database.Close() }()
	blobs, err := files.Open(filepath.Join(h.dir, "blobs"), files.Options{})
	if err != nil {
		t.Fatal(err)
	}
	report, err := hub.Verify(t.Context(), hubtest.HubID, database, blobs)
	if err != nil {
		t.Fatalf("what is stored does not verify: %v", err)
	}
	if look != nil {
		look(database)
	}
	return report
}

// newCertificate puts a renewed certificate under the names of the old one.
func newCertificate(t *testing.T, h *house) string {
	t.Helper()
	cert, key := hubtest.Certificate(t)
	for from, to := range map[string]string{key: h.key, cert: h.cert} {
		raw, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert
}
