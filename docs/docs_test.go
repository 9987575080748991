// Package docs_test holds the documents to what is there: links resolve, tests
// that are named exist, examples are the golden files, and nothing is written
// that only makes sense on somebody's own machine.
package docs_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = ".."

// documents returns every Markdown file that the project's history holds, by its
// path from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, path := range projectFiles(t) {
		if filepath.Ext(path) != ".md" {
			continue
		}
		found[path] = read(t, path)
	}
	if len(found) < 10 {
		t.Fatalf("found %d documents: the test looks in the wrong place", len(found))
	}
	return found
}

// projectFiles lists the files of the tree, as git knows them where it can be
// asked: build output and editors' leftovers are nobody's document.
func projectFiles(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard").Output()
	if err == nil {
		var files []string
		for _, path := range strings.Fields(string(out)) {
			if _, err := os.Stat(filepath.Join(root, path)); err == nil {
				files = append(files, path)
			}
		}
		return files
	}
	var files []string
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch entry.Name() {
			case ".git", ".concordat", "bin":
				return filepath.SkipDir
			}
			return nil
		}
		relative, err := filepath.Rel(root, path)
		files = append(files, filepath.ToSlash(relative))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	fence   = regexp.MustCompile("(?ms)^```.*?^```[ \t]*$")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
)

// anchors are the names under which GitHub offers the headings of a document.
func anchors(text string) []string {
	var names []string
	for _, match := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		var name strings.Builder
		for _, r := range strings.ToLower(match[1]) {
			switch {
			case r == ' ' || r == '-':
				name.WriteByte('-')
			case r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 127:
				name.WriteRune(r)
			}
		}
		names = append(names, name.String())
	}
	return names
}

func TestEveryRelativeLinkResolves(t *testing.T) {
	all := documents(t)
	for path, text := range all {
		for _, match := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			target := match[1]
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			file, anchor, _ := strings.Cut(target, "#")
			resolved := path
			if file != "" {
				resolved = filepath.ToSlash(filepath.Join(filepath.Dir(path), file))
			}
			if _, err := os.Stat(filepath.Join(root, resolved)); err != nil {
				t.Errorf("%s links to %s, which is not there", path, target)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(all[resolved]), anchor) {
				t.Errorf("%s links to %s, which has no such heading", path, target)
			}
		}
	}
}

var testName = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9_]*)(?:/([^`]+))?`")

// A document that names a test, or a case of one, promises that it is there.
func TestEveryTestThatIsNamedExists(t *testing.T) {
	var code bytes.Buffer
	for _, path := range projectFiles(t) {
		if strings.HasSuffix(path, "_test.go") {
			code.WriteString(read(t, path))
		}
	}
	source := code.String()
	named := 0
	for path, text := range documents(t) {
		for _, match := range testName.FindAllStringSubmatch(text, -1) {
			named++
			if !strings.Contains(source, "func "+match[1]+"(") {
				t.Errorf("%s names %s, which is not in the repository", path, match[1])
			}
			if match[2] != "" && !strings.Contains(source, strconv.Quote(match[2])) {
				t.Errorf("%s names the case %q of %s, which is not in the repository", path, match[2], match[1])
			}
		}
	}
	if named == 0 {
		t.Error("no document names a test: the pattern is wrong")
	}
}

var golden = regexp.MustCompile("(?ms)^<!-- (golden|golden-line): (\\S+) -->\n```[a-z]*\n(.*?)\n```$")

// An example in a document is the golden file, or one line of it.
func TestExamplesAreTheGoldenFiles(t *testing.T) {
	compared := 0
	for path, text := range documents(t) {
		for _, match := range golden.FindAllStringSubmatch(text, -1) {
			compared++
			want, example := strings.TrimRight(read(t, match[2]), "\n"), match[3]
			switch match[1] {
			case "golden":
				if example != want {
					t.Errorf("%s: the example is not %s", path, match[2])
				}
			case "golden-line":
				if !slices.Contains(strings.Split(want, "\n"), example) {
					t.Errorf("%s: the example is no line of %s", path, match[2])
				}
			}
		}
	}
	if compared == 0 {
		t.Error("no example was compared: the pattern is wrong")
	}
}

// What is written here is read elsewhere: no path of a developer's machine, no
// number of a tracker that readers do not have.
func TestNoDocumentSpeaksOfSomebodysMachine(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i:sh[a]red/|/w[o]rk\b|/r[o]ot/|/h[o]me/|iss[u]e #)|\bT[O]DO\b|\bF[I]XME\b`)
	for path, text := range documents(t) {
		for n, line := range strings.Split(text, "\n") {
			if words := forbidden.FindString(line); words != "" {
				t.Errorf("%s:%d says %q", path, n+1, words)
			}
		}
	}
}

// The index leads to every document below docs, so that none is forgotten.
func TestTheIndexLeadsToEveryDocument(t *testing.T) {
	index := read(t, "docs/README.md")
	for path := range documents(t) {
		below, inDocs := strings.CutPrefix(path, "docs/")
		if inDocs && below != "README.md" && !strings.Contains(index, "("+below+")") {
			t.Errorf("docs/README.md does not lead to %s", below)
		}
	}
}

var reason = regexp.MustCompile(`(?m)^\s*(?:const )?(?:Reason|Condition|State|Custody)[A-Za-z]+(?:\s+[A-Za-z]+)?\s*=\s*"([A-Za-z]+)"`)

// Every condition, reason and state that the kinds can show has its row.
func TestEveryConditionAndReasonIsDocumented(t *testing.T) {
	pages := read(t, "docs/kinds/agency.md") + read(t, "docs/kinds/sharingagreement.md") + read(t, "docs/architecture.md")
	found := 0
	for _, path := range projectFiles(t) {
		if !strings.HasPrefix(path, "api/v1alpha1/") || strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, match := range reason.FindAllStringSubmatch(read(t, path), -1) {
			found++
			if match[1] != "Progressing" && !strings.Contains(pages, "`"+match[1]+"`") {
				t.Errorf("%s has %q, which no page explains", path, match[1])
			}
		}
	}
	if found < 40 {
		t.Errorf("found %d conditions and reasons: the pattern is wrong", found)
	}
}

// codeSources are the files whose codes a client can be shown, and the pattern
// under which they stand there.
var codeSources = []struct {
	dir     string
	pattern *regexp.Regexp
}{
	{"internal/hub/errors.go", regexp.MustCompile(`Code[A-Za-z]+\s*=\s*"([a-z_]+)"`)},
	{"internal/desk/errors.go", regexp.MustCompile(`Code[A-Za-z]+\s*=\s*"([a-z_]+)"`)},
	{"internal/policy/decide.go", regexp.MustCompile(`=\s*"(policy_[a-z_]+)"`)},
	{"internal/vault/errors.go", regexp.MustCompile(`: "([a-z]+_[a-z]+)"`)},
	{"internal/act/", regexp.MustCompile(`refuse\("([a-z_]*[a-z])"`)},
	{"internal/ledger/", regexp.MustCompile(`refuse\("([a-z_]*[a-z])"`)},
	{"internal/agreement/", regexp.MustCompile(`(?:wrong\(|&Error\{)"([a-z_]+)"`)},
	{"internal/restriction/", regexp.MustCompile(`, "(restriction_[a-z]+)"`)},
}

// Every code that a client can be shown is explained on the page of faults.
func TestEveryCodeIsExplained(t *testing.T) {
	page := read(t, "docs/faults.md")
	for _, source := range codeSources {
		found := 0
		for _, path := range projectFiles(t) {
			if !strings.HasPrefix(path, source.dir) || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				continue
			}
			for _, match := range source.pattern.FindAllStringSubmatch(read(t, path), -1) {
				found++
				if !strings.Contains(page, "`"+match[1]+"`") {
					t.Errorf("%s has the code %s, which docs/faults.md does not explain", path, match[1])
				}
			}
		}
		if found == 0 {
			t.Errorf("%s has no code: the pattern is wrong", source.dir)
		}
	}
}
