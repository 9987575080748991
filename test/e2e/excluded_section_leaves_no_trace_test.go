package e2e

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// passage stands in a section for agency b only.
const passage = "ask for the contract in a private room before anybody else joins"

// The same bulletin is released twice to b and c: as it is, and with a section that
// excludes c. b reads the section and proves it; c gets, byte for byte, what it got
// the first time.
func TestAnExcludedSectionLeavesNoTrace(t *testing.T) {
	one := inForce(t, a, b, c)
	plain := released(t, one, 1)
	whole := releasedSource(t, one, "\nsections:\n  - title: {en: For one agency}\n    text: {en: \""+passage+"\"}\n    restrictions: {recipients: [agencyb]}\n")
	for _, item := range []string{plain, whole} {
		arrives(t, b, item)
		arrives(t, c, item)
	}

	opened := do(t, ok, analyst(b), open(whole)...)
	if !strings.Contains(words(opened.Stdout), passage) {
		t.Fatalf("the entitled agency does not read the section:\n%s", opened.Stdout)
	}
	sectionVerifies(t, one, whole)

	for name, args := range map[string][]string{
		"what it shows":          {"bulletin", "show", "ITEM"},
		"what it shows to tools": {"bulletin", "show", "ITEM", "-o", "json"},
		"what it opens":          open("ITEM"),
		"what tools open":        append(open("ITEM"), "-o", "json"),
		"who could open it":      {"bulletin", "access", "ITEM", "-o", "json"},
	} {
		who := analyst(c)
		if args[1] == "access" {
			who = auditor(c)
		}
		ask := func(item string) string {
			given := make([]string, len(args))
			for n, arg := range args {
				given[n] = strings.ReplaceAll(arg, "ITEM", item)
			}
			result := do(t, ok, who, given...)
			return blurred(result.Stdout + "\n--\n" + result.Stderr)
		}
		if first, second := ask(plain), ask(whole); first != second {
			t.Errorf("%s differs:\n%s\n%s", name, first, second)
		}
	}
	if parts := receiptParts(t, c, one, whole); len(parts) != 2 {
		t.Errorf("the excluded agency's receipt has %d parts", len(parts))
	}
	nothingHolds(t, passage)
}

// releasedSource releases the first sample bulletin with more appended to it.
func releasedSource(t *testing.T, under *agreement, more string) string {
	t.Helper()
	raw, err := os.ReadFile(sample(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "bulletin.yaml")
	if err := os.WriteFile(file, append(raw, more...), 0o600); err != nil {
		t.Fatal(err)
	}
	draft := get[struct {
		ID string `json:"id"`
	}](t, analyst(a), "bulletin", "draft", file)
	do(t, ok, platform.As(a, "analyst-2"), "bulletin", "approve", draft.ID, "--yes")
	return get[struct {
		Item string `json:"item"`
	}](t, releaser(a), "bulletin", "release", draft.ID, "--agreement", under.reference, "--tlp", "TLP:AMBER+STRICT", "--yes").Item
}

// sectionVerifies proves the section offline, with a receipt of its own.
func sectionVerifies(t *testing.T, one *agreement, item string) {
	t.Helper()
	dir := t.TempDir()
	content, receipt := filepath.Join(dir, "content"), filepath.Join(dir, "receipt")
	do(t, ok, analyst(b), append(open(item), "--content-out", content)...)
	files, err := filepath.Glob(content + ".section-*")
	if err != nil || len(files) != 1 {
		t.Fatalf("sections written: %q, %v", files, err)
	}
	part := strings.TrimPrefix(filepath.Ext(files[0]), ".")
	do(t, ok, analyst(b), "receipt", "get", item, "--part", part, "--out", receipt)
	logKey := get[agreementView](t, signatory(b), "agreement", "show", one.reference).LogKey
	for file, want := range map[string]int{files[0]: ok, content: failed} {
		result, err := platform.Concordat(t.Context(), "receipt", "verify", receipt, "--log-key", logKey, "--content", file)
		if err != nil || result.Code != want {
			t.Errorf("%s against the section's receipt: exit code %d, want %d, %v %s", filepath.Base(file), result.Code, want, err, result.Stderr)
		}
	}
}

func receiptParts(t *testing.T, agency string, one *agreement, item string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "receipt")
	do(t, ok, analyst(agency), "receipt", "get", item, "--out", file)
	logKey := get[agreementView](t, signatory(agency), "agreement", "show", one.reference).LogKey
	result, err := platform.Concordat(t.Context(), "receipt", "verify", file, "--log-key", logKey, "-o", "json")
	if err != nil || result.Code != ok {
		t.Fatalf("%v %s", err, result.Stderr)
	}
	return regexp.MustCompile(`"part": ?"[^"]*"`).FindAllString(result.Stdout, -1)
}

var (
	chance = regexp.MustCompile(`[A-Za-z0-9_+/=-]{16,}`)
	digits = regexp.MustCompile(`[0-9]+`)
)

// blurred keeps every length and blots out ids, digests, times and entries.
func blurred(text string) string {
	text = chance.ReplaceAllStringFunc(text, func(s string) string { return strings.Repeat("x", len(s)) })
	return digits.ReplaceAllString(text, "0")
}

// nothingHolds searches everything at rest: the readers hold it encrypted.
func nothingHolds(t *testing.T, sentence string) {
	t.Helper()
	for _, name := range []string{"hub", "logs", "volumes", "pods", "audit", "vault", "etcd"} {
		err := filepath.WalkDir(filepath.Join(folder, name), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return nil // files come and go while the platform runs
			}
			if raw, err := os.ReadFile(path); err == nil && bytes.Contains(raw, []byte(sentence)) {
				t.Errorf("%s holds the section", path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
