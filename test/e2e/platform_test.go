// Package e2e keeps promises on a whole local platform: real kube-apiserver and
// etcd, real Vault, real database, real OpenID provider, and the commands that
// people use. A file's name is the promise.
package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/hack/platform/officer"
)

var (
	platform *officer.Platform
	folder   string // of the platform's state
	programs string
)

// TestMain brings one platform up for all tests. CONCORDAT_E2E names the folder
// of one that is up already, to save the time while writing a test.
func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "the platform did not come up:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (int, error) {
	var err error
	if programs, err = filepath.Abs("../../bin"); err != nil {
		return 1, err
	}
	folder = os.Getenv("CONCORDAT_E2E")
	if folder == "" {
		if folder, err = os.MkdirTemp("", "concordat-e2e-"); err != nil {
			return 1, err
		}
		defer func() {
			_ = control(context.Background(), "clean-up")
			_ = os.RemoveAll(folder)
		}()
		if err := control(context.Background(), "up"); err != nil {
			return 1, err
		}
	}
	if platform, err = officer.Load(folder, programs); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// control runs the platform's own command.
func control(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(programs, "platform"), append([]string{"--dir", folder}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("platform %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// Exit codes of the command line.
const (
	ok          = 0
	failed      = 1
	refused     = 3
	notFound    = 4
	unavailable = 6
)

// do runs a command as an officer and fails the test unless it ends with code.
func do(t *testing.T, code int, o *officer.Officer, args ...string) officer.Result {
	t.Helper()
	result, err := o.Do(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	if result.Code != code {
		t.Fatalf("concordat %s, as %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), o, result.Code, code, result.Stdout, result.Stderr)
	}
	return result
}

// get runs a command as an officer and decodes its -o json.
func get[T any](t *testing.T, o *officer.Officer, args ...string) T {
	t.Helper()
	var v T
	if err := o.Must(t.Context(), &v, args...); err != nil {
		t.Fatal(err)
	}
	return v
}

func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	result, err := platform.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	if result.Code != 0 {
		t.Fatalf("kubectl %s: %s", strings.Join(args, " "), result.Stderr)
	}
	return result.Stdout
}

// eventually polls until ready says yes, and fails the test after a minute.
func eventually(t *testing.T, what string, ready func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ready() {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute in vain for %s", what)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
