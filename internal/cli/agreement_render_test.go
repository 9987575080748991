package cli

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/render"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/cli/compose"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

// composedNew is a new bilateral agreement as its parties would sign it.
func composedNew(t *testing.T, w *world) (source string, composed *compose.Composed) {
	t.Helper()
	source = w.expect(OK, "agreement", "new", "--reference", "AG-9", "--party", "agencya", "--party", "agencyb").stdout
	composed, err := compose.Document([]byte(source), knownRing())
	if err != nil {
		t.Fatal(err)
	}
	return source, composed
}

func TestTheTextOfADraftAndOfItsDocument(t *testing.T) {
	w := newWorld(t)
	source, composed := composedNew(t, w)
	draft := w.expect(OK, "agreement", "render", w.file("ag9.yaml", source)).stdout
	if !strings.HasPrefix(draft, "# AG-9: ") || !strings.Contains(draft, "## Article 25.") {
		t.Errorf("the draft's text is\n%s", draft)
	}
	file := w.file("ag9.json", string(composed.Bytes))
	text := w.expect(OK, "agreement", "render", file).stdout
	if digest := canonical.Digest([]byte(text)); digest != composed.Document.Texts["en"] {
		t.Errorf("the text has the digest %s, the document names %s", digest, composed.Document.Texts["en"])
	}
	if french := w.expect(OK, "agreement", "render", file, "--lang", "fr").stdout; !strings.Contains(french, "Base juridique") {
		t.Errorf("the French text is\n%s", french)
	}
	w.expect(Usage, "agreement", "render", file, "--lang", "de")
	w.expect(Usage, "agreement", "render", file, "--format", "doc")
	w.expect(Usage, "agreement", "render", w.file("broken.yaml", "form: [\n"))
}

func TestTermsAreTheDocument(t *testing.T) {
	w := newWorld(t)
	_, composed := composedNew(t, w)
	var terms agreement.Document
	if err := json.Unmarshal([]byte(w.expect(OK, "agreement", "render", w.file("ag9.json", string(composed.Bytes)), "--format", "terms").stdout), &terms); err != nil {
		t.Fatal(err)
	}
	if _, digest, err := terms.Bytes(); err != nil || digest != composed.Digest {
		t.Errorf("the terms have the digest %s, %v", digest, err)
	}
}

func TestPaperCarriesTheDigestOfItsText(t *testing.T) {
	w := newWorld(t)
	_, composed := composedNew(t, w)
	out := filepath.Join(w.home, "ag9.pdf")
	w.expect(OK, "agreement", "render", w.file("ag9.json", string(composed.Bytes)), "--format", "pdf", "--out", out)
	file, err := os.ReadFile(out)
	if err != nil || !strings.HasPrefix(string(file), "%PDF-") || !strings.Contains(string(file), wide(composed.Document.Texts["en"])) {
		t.Errorf("the file has %d bytes, %v", len(file), err)
	}
	named := func(name string) string {
		composed.Document.Parties[0].LegalName = name
		composed.Document.Texts = render.Digests(composed.Document)
		raw, _, err := composed.Document.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return w.file("ag9.json", string(raw))
	}
	w.expect(OK, "agreement", "render", named("Łódź, Ґанок, Cục Phòng"), "--format", "pdf", "--out", out)
	// What the pages cannot show is not printed with a hole, and the text has it.
	thai := named("สำนักงาน")
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	got := w.expect(Usage, "agreement", "render", thai, "--format", "pdf", "--out", out)
	if !strings.Contains(got.stderr, "U+0E2A") || !strings.Contains(got.stderr, "--format md") {
		t.Errorf("said %q", got.stderr)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a file is written")
	}
	if text := w.expect(OK, "agreement", "render", thai).stdout; !strings.Contains(text, "สำนักงาน") {
		t.Errorf("the text is %s", text)
	}
}

// wide is ASCII as it stands on a page: two bytes for each letter.
func wide(text string) string {
	var out strings.Builder
	for _, c := range []byte(text) {
		out.Write([]byte{0, c})
	}
	return out.String()
}

// What a lawyer read stays bound: whether today's words are those is said.
func TestCheckSaysWhetherTheTextIsTheSignedOne(t *testing.T) {
	w := newWorld(t)
	_, composed := composedNew(t, w)
	same := w.expect(OK, "agreement", "render", w.file("ag9.json", string(composed.Bytes)), "--check")
	if !strings.Contains(same.stdout, composed.Document.Texts["en"]) {
		t.Errorf("said %q", same.stdout)
	}
	earlier := "sha256:" + strings.Repeat("0", 64)
	composed.Document.Texts["en"] = earlier
	raw, _, err := composed.Document.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	file := w.file("ag9.json", string(raw))
	if got := w.expect(Failed, "agreement", "render", file, "--check"); !strings.Contains(got.stdout, earlier) {
		t.Errorf("said %q", got.stdout)
	}
	var checked []render.Checked
	got := w.expect(Failed, "agreement", "render", file, "--check", "-o", "json")
	if err := json.Unmarshal([]byte(got.stdout), &checked); err != nil || len(checked) != 1 || checked[0].Signed != earlier || checked[0].Same() {
		t.Errorf("%v: %s", err, got.stdout)
	}
	old := sampleDocument(t, publicFrom("officer a"))
	if got := w.expect(Failed, "agreement", "render", w.file("ag1.json", string(old.Bytes)), "--check"); !strings.Contains(got.stdout, "first schema") {
		t.Errorf("said %q", got.stdout)
	}
}

func TestAnAgreementIsRenderedFromTheDesk(t *testing.T) {
	w := newWorld(t).loggedIn()
	w.withAgreement()
	for _, name := range []string{"AG-1", "AG-1@1"} {
		if got := w.expect(OK, "agreement", "render", name).stdout; !strings.HasPrefix(got, "# AG-1: ") {
			t.Errorf("%s is\n%s", name, got)
		}
	}
	w.expect(NotFound, "agreement", "render", "AG-1@7")
}

func TestTheSchemaThatIsPublishedIsPrinted(t *testing.T) {
	published, err := os.ReadFile("../../docs/schemas/agreement-v2.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := newWorld(t).expect(OK, "agreement", "schema").stdout; got != string(published) {
		t.Error("the program prints another schema")
	}
}

// Who signs sees every clause, and whether these are the words that the document
// names.
func TestWhatIsSignedIsShownAsLawyersReadIt(t *testing.T) {
	w := bound(t)
	got := w.expect(OK, "agreement", "show", "AG-9").stdout
	if !strings.Contains(got, "renders exactly the signed text") || !strings.Contains(got, "## Article 17. Retention and disposal") {
		t.Errorf("shown is\n%s", got)
	}
	_, composed := composedNew(t, w)
	composed.Document.Texts["en"] = "sha256:" + strings.Repeat("0", 64)
	raw, digest, err := composed.Document.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	other := deskapi.Agreement{Document: string(raw), AgreementSummary: deskapi.AgreementSummary{
		ID: composed.Document.ID, Reference: "AG-10", Title: composed.Document.Title, Revision: 1, Digest: digest, State: "proposed", Pending: []string{"agencya"},
	}}
	w.desk.says("GET /api/v1/agreements", []deskapi.AgreementSummary{other.AgreementSummary})
	w.desk.says("GET /api/v1/agreements/"+other.ID+"?digest="+url.QueryEscape(digest), other)
	if got := w.expect(OK, "agreement", "show", "AG-10").stdout; !strings.Contains(got, "The signed text counts") {
		t.Errorf("shown is\n%s", got)
	}
}
