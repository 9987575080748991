package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/hack/platform/officer"
)

const (
	a = "agencya"
	b = "agencyb"
	c = "agencyc"
	d = "agencyd"
)

// agreement is one between the parties that only this test knows.
type agreement struct {
	reference, file string
	parties         []string
}

type agreementView struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	Digest    string `json:"digest"`
	State     string `json:"state"`
	LogKey    string `json:"logKey"`
}

// propose makes a document for the parties and lets the first propose it.
func propose(t *testing.T, parties ...string) *agreement {
	t.Helper()
	one := document(t, parties...)
	do(t, ok, signatory(parties[0]), "agreement", "propose", one.file, "--yes")
	return one
}

func newReference() string { return fmt.Sprintf("T-%d", time.Now().UnixNano()%1e12) }

// document makes the document of an agreement that nobody has proposed yet.
func document(t *testing.T, parties ...string) *agreement {
	t.Helper()
	one := &agreement{reference: newReference(), parties: parties}
	dir := t.TempDir()
	source, document := filepath.Join(dir, "agreement.yaml"), filepath.Join(dir, "agreement.json")
	args := []string{"agreement", "new", "--reference", one.reference}
	for _, party := range parties {
		args = append(args, "--party", party)
	}
	made := do(t, ok, signatory(parties[0]), args...)
	if err := os.WriteFile(source, []byte(made.Stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	do(t, ok, signatory(parties[0]), "agreement", "document", source, "--parties-from-cluster", "--out", document)
	one.file = document
	return one
}

func (one *agreement) at(t *testing.T, party string) agreementView {
	t.Helper()
	for _, found := range get[[]agreementView](t, signatory(party), "agreement", "list") {
		if found.Reference == one.reference {
			return found
		}
	}
	return agreementView{}
}

func (one *agreement) sign(t *testing.T, party string) {
	t.Helper()
	eventually(t, one.reference+" to reach "+party, func() bool { return one.at(t, party).ID != "" })
	do(t, ok, signatory(party), "agreement", "sign", one.reference, "--yes", "--compared-fingerprints")
}

// inForce makes an agreement that all parties have signed.
func inForce(t *testing.T, parties ...string) *agreement {
	t.Helper()
	one := propose(t, parties...)
	for _, party := range parties {
		one.sign(t, party)
	}
	for _, party := range parties {
		eventually(t, one.reference+" to be in force at "+party, func() bool { return one.at(t, party).State == "in-force" })
	}
	return one
}

func signatory(agency string) *officer.Officer { return platform.As(agency, "signatory-1") }
func analyst(agency string) *officer.Officer   { return platform.As(agency, "analyst-1") }
func releaser(agency string) *officer.Officer  { return platform.As(agency, "releaser-1") }

// approved drafts a sample bulletin and lets a second officer approve it.
func approved(t *testing.T, agency string, number int) string {
	t.Helper()
	draft := get[struct {
		ID string `json:"id"`
	}](t, analyst(agency), "bulletin", "draft", sample(t, number))
	do(t, ok, platform.As(agency, "analyst-2"), "bulletin", "approve", draft.ID, "--yes")
	return draft.ID
}

func sample(t *testing.T, number int) string {
	t.Helper()
	found, err := filepath.Glob(fmt.Sprintf("../../config/samples/bulletins/b%02d-*.yaml", number))
	if err != nil || len(found) != 1 {
		t.Fatalf("sample bulletin %d: %v %v", number, found, err)
	}
	return found[0]
}

// released releases a sample bulletin and returns its item.
func released(t *testing.T, under *agreement, number int) string {
	t.Helper()
	draft := approved(t, under.parties[0], number)
	return get[struct {
		Item string `json:"item"`
	}](t, releaser(under.parties[0]), "bulletin", "release", draft, "--agreement", under.reference, "--tlp", "TLP:AMBER+STRICT", "--yes").Item
}

// arrives waits until an item stands in an agency's inbox.
func arrives(t *testing.T, agency, item string) {
	t.Helper()
	eventually(t, item+" to reach "+agency, func() bool {
		result, err := analyst(agency).Do(t.Context(), "bulletin", "show", item)
		return err == nil && result.Code == ok
	})
}

func open(item string) []string {
	return []string{"bulletin", "open", item, "--purpose", "detection", "--justification", "a test", "--accept", "yes", "--lang", "en"}
}

// words is the text of a command's output with single spaces.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }
