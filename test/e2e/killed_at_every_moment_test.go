package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/failpoint"
)

// hubProcess returns the id of the running hub and how it was started.
func hubProcess(t *testing.T) (pid string, command []string) {
	t.Helper()
	pid = held(t, "run", "hub")
	raw, err := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
	if err != nil {
		t.Fatal(err)
	}
	return pid, strings.Split(strings.TrimRight(string(raw), "\x00"), "\x00")
}

// armed starts the hub anew, to be killed at the point, and returns a function
// that waits for its end and starts it again.
func armed(t *testing.T, point string) (again func()) {
	t.Helper()
	if err := control(t.Context(), "stop", "hub"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := control(context.Background(), "start", "hub"); err != nil {
			t.Error(err)
		}
	})
	t.Setenv(failpoint.Variable, point)
	started := control(t.Context(), "start", "hub")
	if err := os.Unsetenv(failpoint.Variable); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if started == nil { // else it has met the point while it was starting
			pid := held(t, "run", "hub")
			eventually(t, "the hub to be killed at "+point, func() bool {
				raw, err := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
				return err != nil || len(raw) == 0
			})
		}
		if err := control(t.Context(), "start", "hub"); err != nil {
			t.Fatal(err)
		}
	}
}

func inbox(t *testing.T, agency string) (items []string) {
	t.Helper()
	for _, got := range get[[]struct {
		Item string `json:"item"`
	}](t, analyst(agency), "bulletin", "inbox") {
		items = append(items, got.Item)
	}
	return items
}

// verifies gets a receipt and checks it without any server.
func verifies(t *testing.T, one *agreement, agency, item, of string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "receipt")
	eventually(t, "the receipt of the "+of, func() bool {
		result, err := analyst(agency).Do(t.Context(), "receipt", "get", item, "--of", of, "--out", file)
		return err == nil && result.Code == ok
	})
	logKey := get[agreementView](t, signatory(agency), "agreement", "show", one.reference).LogKey
	if result, err := platform.Concordat(t.Context(), "receipt", "verify", file, "--log-key", logKey); err != nil || result.Code != ok {
		t.Errorf("the receipt of the %s does not verify: %v %s", of, err, result.Stderr)
	}
}

// sound stops the hub, has it check everything it stored, and starts it again.
func sound(t *testing.T) {
	t.Helper()
	_, command := hubProcess(t)
	if err := control(t.Context(), "stop", "hub"); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), command[0], append(command[1:], "--verify")...).CombinedOutput()
	if startErr := control(t.Context(), "start", "hub"); startErr != nil {
		t.Fatal(startErr)
	}
	if err != nil {
		t.Errorf("the hub's ledger is not sound: %v\n%s", err, out)
	}
}

// The hub is killed in the middle of a release, at each of its steps. Releasing
// again gives the one item, whether or not the first attempt had come through.
func TestAHubKilledWhilePublishingPublishesOnce(t *testing.T) {
	one := inForce(t, a, b)
	for _, point := range []string{
		"upload.after_write", "upload.before_rename", "upload.after_rename", "release.verified", "release.locked",
		"release.in_tx", "append.in_tx", "append.after_commit", "release.before_answer", "checkpoint.signed",
	} {
		t.Run(point, func(t *testing.T) {
			draft := approved(t, a, 1)
			before := inbox(t, b)
			release := []string{"bulletin", "release", draft, "--agreement", one.reference, "--tlp", "TLP:AMBER+STRICT", "--yes"}
			again := armed(t, point)
			first, err := releaser(a).Do(t.Context(), release...)
			if err != nil || first.Code != ok && first.Code != unavailable {
				t.Fatalf("exit code %d %v %s", first.Code, err, first.Stderr)
			}
			again()
			var done struct{ Item string }
			eventually(t, "the release", func() bool {
				return releaser(a).Must(t.Context(), &done, release...) == nil
			})
			arrives(t, b, done.Item)
			if after := inbox(t, b); len(after) != len(before)+1 {
				t.Errorf("the inbox grew by %d items", len(after)-len(before))
			}
			do(t, ok, analyst(b), open(done.Item)...)
			verifies(t, one, a, done.Item, "release")
		})
	}
	sound(t)
}

// The hub is killed in the middle of an open. Whoever read has a record of it.
func TestAHubKilledWhileOpeningOpensAgain(t *testing.T) {
	one := inForce(t, a, b)
	for _, point := range []string{"open.unlocked", "open.in_tx", "append.in_tx", "append.after_commit", "open.recorded"} {
		t.Run(point, func(t *testing.T) {
			item := released(t, one, 1)
			arrives(t, b, item)
			again := armed(t, point)
			first, err := analyst(b).Do(t.Context(), open(item)...)
			if err != nil || first.Code != unavailable && (first.Code != ok || strings.HasPrefix(point, "open.")) {
				t.Errorf("exit code %d %v %s", first.Code, err, first.Stderr)
			}
			again()
			eventually(t, "the item to be read", func() bool {
				result, err := analyst(b).Do(t.Context(), open(item)...)
				return err == nil && result.Code == ok
			})
			verifies(t, one, b, item, "open")
		})
	}
	sound(t)
}
