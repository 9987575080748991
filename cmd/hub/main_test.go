package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/store"
)

func TestACommandLineThatLacksSomethingSaysWhat(t *testing.T) {
	good := "--id h.test/l --state /tmp/x --tls-cert c --tls-key k --vault https://v.test --vault-static-token-file t"
	if _, err := parse(strings.Fields(good)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ args, says string }{
		"nothing":             {"", "--id, --state, --tls-cert, --tls-key, --vault"},
		"no certificate":      {strings.Replace(good, "--tls-cert c", "", 1), "--tls-cert"},
		"no token":            {strings.Replace(good, "--vault-static-token-file t", "", 1), "--vault-token-file"},
		"two tokens":          {good + " --vault-token-file u", "one of"},
		"issuer without keys": {good + " --cluster-issuer https://c.test", "--cluster-jwks-file"},
		"an unknown flag":     {good + " --trust-everybody", "trust-everybody"},
		"a stray word":        {good + " now", "now"},
	} {
		_, err := parse(strings.Fields(c.args))
		if !errors.Is(err, errUsage) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAStoppedHubsFolderCanBeVerifiedAndARunningOnesCannot(t *testing.T) {
	h := newHouse(t)
	running := h.start(t, "")
	running.Enrol(t, "agencya")
	o := options{id: "hub.test/ledger", state: h.dir, verify: true}
	if err := verify(t.Context(), o); !errors.Is(err, store.ErrLocked) {
		t.Errorf("while it runs: %v", err)
	}
	running.stop(t)
	if err := verify(t.Context(), o); err != nil {
		t.Errorf("stopped: %v", err)
	}
	o.id = "else.test/ledger"
	if err := verify(t.Context(), o); err == nil {
		t.Error("verified as another hub")
	}
}

// A second hub on the same folder ends at once and harms nothing.
func TestASecondHubOnTheSameFolderEndsAtOnce(t *testing.T) {
	h := newHouse(t)
	running := h.start(t, "")
	second := exec.Command(os.Args[0], h.args()...)
	second.Env = append(os.Environ(), childVariable+"=1")
	if out, err := second.CombinedOutput(); err == nil || !strings.Contains(string(out), "another process") {
		t.Errorf("%v %s", err, out)
	}
	if err := running.Public.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestARenewedCertificateIsServedAndABrokenOneIsNot(t *testing.T) {
	h := newHouse(t)
	c, err := loadCertificates(h.cert, h.key)
	if err != nil {
		t.Fatal(err)
	}
	first, err := c.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.cert, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.modified = c.modified.Add(-1) // the clock of the file system may be coarse
	if again, err := c.get(nil); err != nil || again != first {
		t.Errorf("half-written: %v", err)
	}
	other := newCertificate(t, h)
	c.modified = c.modified.Add(-1)
	if again, err := c.get(nil); err != nil || again == first || string(again.Certificate[0]) == string(first.Certificate[0]) {
		t.Errorf("renewed (%s): %v", other, err)
	}
	if _, err := loadCertificates(filepath.Join(t.TempDir(), "none"), h.key); err == nil {
		t.Error("started without a certificate")
	}
}

// The version is told without any other flag.
func TestVersionNeedsNothingElse(t *testing.T) {
	if err := run(context.Background(), []string{"--version"}, slog.New(slog.DiscardHandler)); err != nil {
		t.Error(err)
	}
}
