package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The demo, on a platform of its own, told from the beginning to the end.
func TestTheStoryHolds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "story")
	t.Cleanup(func() {
		if out, err := exec.CommandContext(context.Background(), filepath.Join(programs, "platform"), "--dir", dir, "clean-up").CombinedOutput(); err != nil {
			t.Errorf("clean-up: %v\n%s", err, out)
		}
	})
	demo := exec.CommandContext(t.Context(), filepath.Join(programs, "platform"), "--dir", dir, "demo")
	demo.Env = append(os.Environ(), "ONCE=1")
	var stdout, stderr bytes.Buffer
	demo.Stdout, demo.Stderr = &stdout, &stderr
	err := demo.Run()
	told := strings.TrimRight(stdout.String(), "\n")
	if err != nil {
		t.Fatalf("the demo: %v\n%s\n%s", err, told, stderr.String())
	}
	last := told[strings.LastIndexByte(told, '\n')+1:]
	if !regexp.MustCompile(`^[1-9]\d* scenes, 0 failed$`).MatchString(last) {
		t.Errorf("the last line is %q", last)
	}
	for _, left := range []string{"hub", "vault", "kube-apiserver", "operator", "node"} {
		if _, err := os.Stat(filepath.Join(dir, "run", left)); err == nil {
			t.Errorf("the demo left its %s running", left)
		}
	}
}
