//go:build mutants

// Package mutants plants bugs in the rules, one at a time, and promises that the
// rules' own tests find each. The source tree is never changed: go test sees the
// planted bug through an overlay. It is slow, and so a command of its own:
//
//	go test -tags mutants -timeout 180m -parallel 2 ./test/mutants
//
// CONCORDAT_MUTANTS=2/8 plants the second of every eight: a part that fits into a
// pause. All parts together are the whole.
//
// A bug that is not found is a rule that no test holds: write the test, in the
// package of the rule. A bug whose text is no longer in the source was moved or
// mended: plant it anew.
package mutants

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mutant is one planted bug: old occurs exactly once in file.
type mutant struct {
	breaks   string // what no longer holds
	file     string // below internal
	old, new string
}

const root = "../.."

// The tests of a package, in the order in which they are asked: its own, then
// those of what builds on it. Random histories are few here, and the same for each
// bug: one that only thousands of them find is not found fast enough, and one that
// only some of them find may hide tomorrow.
var judges = map[string][]string{
	"restriction": {"restriction", "policy"},
	"agreement":   {"agreement", "ledger", "policy"},
	"ledger":      {"ledger", "policy"},
	"policy":      {"policy"},
}

var flags = map[string][]string{
	"restriction": {"-rapid.checks=100", "-rapid.seed=20261121", "-rapid.nofailfile"},
	"policy":      {"-rapid.checks=50", "-rapid.seed=20261121", "-rapid.nofailfile"},
}

func goCommand(t *testing.T, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = root
	command.Env = append(os.Environ(), "CONCORDAT_DECISIONS=20000", "CONCORDAT_ACTS=-1")
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err := command.Run()
	return out.String(), err
}

func judge(t *testing.T, name string, overlay ...string) (string, error) {
	t.Helper()
	args := append([]string{"test", "-count=1", "-failfast", "-vet=off", "-ldflags=-s -w", "-timeout=10m"}, overlay...)
	args = append(args, "./internal/"+name)
	return goCommand(t, append(args, flags[name]...)...)
}

func TestEveryPlantedBugIsFound(t *testing.T) {
	for name := range judges {
		if out, err := judge(t, name); err != nil {
			t.Fatalf("the tests of %s fail without any planted bug:\n%s", name, out)
		}
	}
	all := slices.Concat(ofPolicy, ofLedger, ofTerms, ofAgreement)
	if len(all) < 50 {
		t.Errorf("only %d bugs are planted", len(all))
	}
	part, parts := 1, 1
	if asked := os.Getenv("CONCORDAT_MUTANTS"); asked != "" {
		if n, err := fmt.Sscanf(asked, "%d/%d", &part, &parts); err != nil || n != 2 || part < 1 || part > parts {
			t.Fatalf("CONCORDAT_MUTANTS is %q, not a part such as 2/8", asked)
		}
	}
	for n, m := range all {
		if n%parts == part-1 {
			t.Run(m.breaks, m.mustBeFound)
		}
	}
}

func (m mutant) mustBeFound(t *testing.T) {
	t.Parallel()
	path, err := filepath.Abs(filepath.Join(root, "internal", m.file))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), m.old); n != 1 {
		t.Fatalf("%s has %d times, not once:\n%s", m.file, n, m.old)
	}
	overlay := m.plant(t, path, string(source))
	name, _, _ := strings.Cut(m.file, "/")
	// What does not compile would seem to be found.
	if out, err := goCommand(t, "build", overlay, "./internal/"+name); err != nil {
		t.Fatalf("the planted bug does not compile:\n%s", out)
	}
	for _, tests := range judges[name] {
		out, err := judge(t, tests, overlay)
		if err == nil {
			continue
		}
		found := firstFailure(out)
		if found == "" || strings.Contains(out, "panic: test timed out") {
			t.Fatalf("no test of %s failed by name, or they did not end in time: whether the bug is found is not known\n%s", tests, out)
		}
		t.Logf("found by %s: %s", tests, found)
		return
	}
	t.Errorf("nothing finds it: in %s\n%s\nbecomes\n%s", m.file, m.old, m.new)
}

func (m mutant) plant(t *testing.T, path, source string) string {
	t.Helper()
	dir := t.TempDir()
	planted, overlay := filepath.Join(dir, "planted.go"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {path: planted}})
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string]string{planted: strings.Replace(source, m.old, m.new, 1), overlay: string(replace)} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return "-overlay=" + overlay
}

func firstFailure(out string) string {
	for line := range strings.Lines(out) {
		if strings.Contains(line, "--- FAIL: ") || strings.HasPrefix(line, "panic: ") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
