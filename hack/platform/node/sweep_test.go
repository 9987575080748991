package node

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

func TestOnlyLeftOversOfThisNodeAreEnded(t *testing.T) {
	dir := t.TempDir()
	run := func(env string) (*exec.Cmd, chan struct{}) {
		cmd := exec.Command("sleep", "300")
		cmd.Env = append(os.Environ(), env)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { _ = cmd.Wait(); close(done) }()
		t.Cleanup(func() { _ = cmd.Process.Kill(); <-done })
		return cmd, done
	}
	_, ours := run(marker(dir))
	theirs, _ := run(marker(dir + "-other"))
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
