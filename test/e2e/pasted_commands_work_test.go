package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the demo prints at its end, pasted into a shell one line after the other by
// somebody who has set nothing.
func TestPastedCommandsWork(t *testing.T) {
	one := inForce(t, b, a)
	item := released(t, one, 1)
	arrives(t, a, item)
	printed, err := exec.CommandContext(t.Context(), filepath.Join(programs, "platform"), "--dir", folder, "next").Output()
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for line := range strings.Lines(string(printed)) {
		if strings.HasPrefix(line, "  ") {
			commands = append(commands, strings.TrimSpace(line))
		}
	}
	if len(commands) != 5 {
		t.Fatalf("%d commands are printed, not 5:\n%s", len(commands), printed)
	}
	shell := exec.CommandContext(t.Context(), "bash", "-e", "-c", strings.Join(commands, "\n"))
	shell.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + os.Getenv("HOME"), "LANG=C.UTF-8"}
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", strings.Join(commands, "\n"), err, out)
	}
	for _, shown := range []string{item, one.at(t, a).ID, "agencya", "Nusantara Anti-Trafficking Desk"} {
		if !strings.Contains(string(out), shown) {
			t.Errorf("the commands do not show %q:\n%s", shown, out)
		}
	}
}
