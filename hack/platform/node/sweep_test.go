package node

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// leftover starts a process as a stand-in with this marker would have left it.
func leftover(t *testing.T, marker string) (*exec.Cmd, <-chan struct{}) {
	t.Helper()
	cmd := exec.Command("sleep", "300")
	cmd.Env = append(os.Environ(), marker)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-done })
	return cmd, done
}

func TestANodeEndsTheLeftOversOfItsKilledPredecessor(t *testing.T) {
	h := newHome(t)
	_, done := leftover(t, marker(h.config.PodsDir))
	h.start(t)
	select {
	case <-done:
	case <-time.After(patience):
		t.Error("a left-over runs on")
	}
}

func TestOnlyLeftOversOfThisNodeAreEnded(t *testing.T) {
	dir := t.TempDir()
	_, ours := leftover(t, marker(dir))
	theirs, _ := leftover(t, marker(dir+"-other"))
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ours:
	case <-time.After(patience):
		t.Error("a left-over runs on")
	}
	if err := theirs.Process.Signal(syscall.Signal(0)); err != nil {
		t.Error("another node's process was ended:", err)
	}
	if err := Sweep(dir + "/absent"); err != nil {
		t.Error("nothing to sweep is no error:", err)
	}
	unlock, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if err := Sweep(dir); err == nil {
		t.Error("swept below a running node")
	}
}
