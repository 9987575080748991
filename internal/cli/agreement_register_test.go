package cli

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/agreement/render"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

// bound lets the desk show a new agreement in several revisions, of which the
// second is in force and the third only proposed.
func bound(t *testing.T) *world {
	t.Helper()
	w := newWorld(t).loggedIn()
	_, composed := composedNew(t, w)
	var summaries []deskapi.AgreementSummary
	for revision, state := range map[int]string{1: "in-force", 2: "in-force", 3: "proposed"} {
		d := *composed.Document
		d.Revision = revision
		if revision > 1 {
			d.Supersedes = composed.Digest
		}
		d.Texts = render.Digests(&d)
		raw, digest, err := d.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		one := deskapi.Agreement{Document: string(raw), AgreementSummary: deskapi.AgreementSummary{
			ID: d.ID, Reference: d.Reference, Title: d.Title, Revision: revision, Digest: digest, State: state, Signed: []string{"agencya", "agencyb"},
		}}
		summaries = append(summaries, one.AgreementSummary)
		w.desk.says("GET /api/v1/agreements/"+one.ID+"?digest="+url.QueryEscape(digest), one)
	}
	w.desk.says("GET /api/v1/agreements", summaries)
	return w
}

func TestRegisterHoldsWhatBindsTheAgency(t *testing.T) {
	w := bound(t)
	text := w.expect(OK, "agreement", "register").stdout
	if strings.Count(text, "\n## ") != 1 || !strings.Contains(text, "revision 2,") || !strings.Contains(text, "agencyb") {
		t.Errorf("the register is\n%s", text)
	}
	var register struct {
		Agency     string         `json:"agency"`
		Agreements []render.Entry `json:"agreements"`
	}
	if err := json.Unmarshal([]byte(w.expect(OK, "agreement", "register", "--format", "json").stdout), &register); err != nil {
		t.Fatal(err)
	}
	if len(register.Agreements) != 1 || register.Agency != "agencya" || register.Agreements[0].Retention.MaxDays != 1825 || register.Agreements[0].Recipients[0].Agency != "agencyb" {
		t.Errorf("the register is %+v", register)
	}
	out := filepath.Join(w.home, "register.pdf")
	w.expect(OK, "agreement", "register", "--format", "pdf", "--out", out)
	if raw, err := os.ReadFile(out); err != nil || !strings.HasPrefix(string(raw), "%PDF-") {
		t.Errorf("the file has %d bytes, %v", len(raw), err)
	}
	w.expect(Usage, "agreement", "register", "--format", "doc")
	w.expect(NotFound, "agreement", "register", "AG-77")
	// An agreement that is named stands in it whatever its state.
	if text := w.expect(OK, "agreement", "register", "AG-9").stdout; !strings.Contains(text, "revision 3,") || !strings.Contains(text, "State: proposed.") {
		t.Errorf("the register is\n%s", text)
	}
}

func TestRegisterOfNothingIsEmpty(t *testing.T) {
	w := newWorld(t).loggedIn()
	w.desk.says("GET /api/v1/agreements", []deskapi.AgreementSummary{})
	if got := w.expect(OK, "agreement", "register", "--format", "json").stdout; !strings.Contains(got, `"agreements": []`) {
		t.Errorf("said %s", got)
	}
	if got := w.expect(OK, "agreement", "register").stdout; !strings.Contains(got, "No agreement binds") {
		t.Errorf("said %s", got)
	}
}
