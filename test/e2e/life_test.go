package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// edit is a change to the YAML of an agreement: one line for another.
type edit struct{ line, instead string }

// drafted makes the document of an agreement with every clause, from a template
// with some lines changed.
func drafted(t *testing.T, template string, edits []edit, parties ...string) *agreement {
	t.Helper()
	one := &agreement{reference: newReference(), parties: parties}
	args := []string{"agreement", "new", "--template", template, "--reference", one.reference}
	for _, party := range parties {
		args = append(args, "--party", party)
	}
	made := do(t, ok, signatory(parties[0]), args...)
	source := edited(t, made.Stdout, edits...)
	one.file = filepath.Join(filepath.Dir(source), "agreement.json")
	do(t, ok, signatory(parties[0]), "agreement", "document", source, "--parties-from-cluster", "--out", one.file)
	return one
}

// edited writes a source in which each line that begins as an edit says is replaced.
func edited(t *testing.T, source string, edits ...edit) (file string) {
	t.Helper()
	for _, e := range edits {
		lines, found := strings.Split(source, "\n"), false
		for i, line := range lines {
			if strings.HasPrefix(line, e.line) {
				lines[i], found = e.instead, true
				break
			}
		}
		if !found {
			t.Fatalf("the template has no line %q", e.line)
		}
		source = strings.Join(lines, "\n")
	}
	file = filepath.Join(t.TempDir(), "agreement.yaml")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// enters proposes the document and has all parties sign it.
func (one *agreement) enters(t *testing.T) *agreement {
	t.Helper()
	do(t, ok, signatory(one.parties[0]), "agreement", "propose", one.file, "--yes")
	for _, party := range one.parties {
		one.sign(t, party)
	}
	for _, party := range one.parties {
		one.reaches(t, party, "in-force")
	}
	return one
}

// reaches waits until an agency's desk shows the newest revision in this state.
func (one *agreement) reaches(t *testing.T, agency, state string) {
	t.Helper()
	eventually(t, one.reference+" to be "+state+" at "+agency, func() bool { return one.at(t, agency).State == state })
}

// step takes a step of the agreement's life as an agency's signatory.
func (one *agreement) step(t *testing.T, code int, agency, verb string, more ...string) string {
	t.Helper()
	result := do(t, code, signatory(agency), append([]string{"agreement", verb, one.reference, "--yes"}, more...)...)
	return words(result.Stderr)
}

// releasedBy releases a sample bulletin of an agency and returns its item.
func releasedBy(t *testing.T, agency string, under *agreement, number int) string {
	t.Helper()
	return get[struct {
		Item string `json:"item"`
	}](t, releaser(agency), "bulletin", "release", approved(t, agency, number), "--agreement", under.reference, "--tlp", "TLP:AMBER+STRICT", "--yes").Item
}

// why is the one sentence about an agency, as an officer of another reads it.
func (one *agreement) why(t *testing.T, reader, about string) string {
	t.Helper()
	return words(do(t, ok, signatory(reader), "agreement", "why", one.reference, "--agency", about, "--lang", "en").Stdout)
}
