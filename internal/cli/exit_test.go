package cli

import (
	"net/http"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

// Each kind of thing that goes wrong has one exit code and one sentence.
func TestExitCodes(t *testing.T) {
	conditions := "GET /api/v1/items/" + itemID + "/conditions?release="
	open := []string{"bulletin", "open", itemID, "--purpose", "detection", "--accept", sampleConditions().RestrictionsDigest}
	for name, row := range map[string]struct {
		prepare func(*world)
		args    []string
		want    Exit
		says    string
	}{
		"an unknown release": {nil, open, NotFound, "There is no such thing."},
		"refused by policy": {func(w *world) {
			w.desk.says(conditions, sampleConditions())
			w.desk.refuses("POST /api/v1/items/"+itemID+"/opens", deskapi.ProblemDetails{Status: 403, Code: "open_denied", Title: "The agreement is suspended."})
		}, open, Refused, "The agreement is suspended."},
		"a second officer is missing": {func(w *world) {
			w.withAgreement()
			w.desk.refuses("POST /api/v1/drafts/draft-1/releases", deskapi.ProblemDetails{Status: 409, Code: "two_person_required", Title: "A second officer must approve."})
		}, []string{"bulletin", "release", "draft-1", "--agreement", "AG-1", "--yes"}, Refused, "A second officer must approve."},
		"a role is missing": {func(w *world) {
			w.desk.refuses("GET /api/v1/drafts", deskapi.ProblemDetails{Status: 403, Code: "role_required", Title: "Only an analyst may."})
		}, []string{"bulletin", "drafts"}, Refused, "Only an analyst may."},
		"the guard refuses": {func(w *world) {
			w.desk.refuses("POST /api/v1/drafts", deskapi.ProblemDetails{
				Status: 422, Code: "screen_refused", Title: "The draft holds what must not be shared.",
				Findings: []deskapi.Finding{{Path: "/summary/en", Line: 12, Message: "Looks like a person's name."}},
			})
		}, []string{"bulletin", "draft", "-"}, Refused, "The draft holds what must not be shared."},
		"Vault is away": {func(w *world) {
			w.desk.refuses("GET /api/v1/drafts", deskapi.ProblemDetails{Status: 503, Code: "vault_unavailable", Title: "Vault does not answer."})
		}, []string{"bulletin", "drafts"}, Unavailable, "Vault does not answer."},
		"the desk is away": {func(w *world) { w.desk.Close() }, []string{"bulletin", "drafts"}, Unavailable, "Nothing answers at"},
		"a proxy answers instead of the desk": {func(w *world) {
			w.desk.set("GET /api/v1/drafts", answer{status: http.StatusBadGateway, kind: "text/html", body: []byte("<h1>stack trace</h1>")})
		}, []string{"bulletin", "drafts"}, Unavailable, "status 502"},
		"somebody else changed the draft": {func(w *world) {
			w.desk.refuses("PUT /api/v1/drafts/draft-1", deskapi.ProblemDetails{Status: 412, Code: "draft_changed", Title: "The draft has changed."})
		}, []string{"bulletin", "draft", "-", "--draft", "draft-1", "--version", "1"}, Failed, "The draft has changed."},
		"the session is over at the desk": {func(w *world) {
			w.desk.refuses("GET /api/v1/me", deskapi.ProblemDetails{Status: 401, Code: "unauthenticated", Title: "Log in."})
		}, []string{"whoami"}, NotLoggedIn, "concordat login"},
		"an agreement that is not there":   {func(w *world) { w.withAgreement() }, []string{"agreement", "show", "AG-9"}, NotFound, "no agreement AG-9"},
		"an unknown command":               {nil, []string{"bulletins", "burn"}, Usage, "no command burn"},
		"an unknown flag":                  {nil, []string{"whoami", "--loud"}, Usage, "--loud"},
		"a missing flag":                   {nil, []string{"bulletin", "release", "draft-1"}, Usage, "agreement"},
		"too few arguments":                {nil, []string{"agreement", "show"}, Usage, "agreement show AGREEMENT"},
		"an unknown output":                {nil, []string{"whoami", "-o", "xml"}, Usage, "xml"},
		"a file that is not there":         {nil, []string{"bulletin", "draft", "/nowhere/b1.yaml"}, Usage, "/nowhere/b1.yaml"},
		"an unknown purpose":               {nil, []string{"bulletin", "open", itemID, "--purpose", "curiosity"}, Usage, "curiosity"},
		"an unknown marking":               {nil, []string{"bulletin", "release", "d", "--agreement", "AG-1", "--tlp", "TLP:PINK"}, Usage, "TLP:PINK"},
		"an address in the clear":          {nil, []string{"login", "--desk", "http://desk.example"}, Usage, "not an https address"},
		"a context that leaves its folder": {nil, []string{"whoami", "--context", "../x"}, Usage, "../x"},
		"conditions that changed": {func(w *world) { w.desk.says(conditions, sampleConditions()) },
			[]string{"bulletin", "open", itemID, "--purpose", "detection", "--accept", "sha256:old"}, Refused, "read and accept them again"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).loggedIn()
			if row.prepare != nil {
				row.prepare(w)
			}
			w.stdin = "kind: bulletin\n"
			got := w.expect(row.want, row.args...)
			lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
			if last := lines[len(lines)-1]; !strings.Contains(last, row.says) || !strings.HasPrefix(last, "concordat: ") {
				t.Errorf("the last line is %q, want %q in it", last, row.says)
			}
			if got.stdout != "" {
				t.Errorf("stdout holds %q", got.stdout)
			}
		})
	}
}

func TestWithoutASessionEveryDeskCommandSaysToLogIn(t *testing.T) {
	for _, args := range [][]string{
		{"whoami"}, {"agreement", "list"}, {"agreement", "sign", "AG-1"}, {"bulletin", "inbox"}, {"bulletin", "open", itemID, "--purpose", "training"},
		{"bulletin", "drafts"}, {"receipt", "get", itemID}, {"agency", "list"},
	} {
		w := newWorld(t)
		got := w.expect(NotLoggedIn, args...)
		if !strings.Contains(got.stderr, "concordat login") || len(w.desk.asked) != 0 {
			t.Errorf("%v: %s; the desk was asked %d times", args, got.stderr, len(w.desk.asked))
		}
	}
}

// A script that forgot to say yes changes nothing and learns what to write.
func TestNothingIsAskedWithoutATerminal(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		says string
	}{
		"sign":                     {[]string{"agreement", "sign", "AG-1"}, "--yes --compared-fingerprints"},
		"sign with half a yes":     {[]string{"agreement", "sign", "AG-1", "--yes"}, "--compared-fingerprints"},
		"sign with the other half": {[]string{"agreement", "sign", "AG-1", "--compared-fingerprints"}, "--yes"},
		"suspend":                  {[]string{"agreement", "suspend", "AG-1"}, "--yes"},
		"terminate":                {[]string{"agreement", "terminate", "AG-1"}, "--yes"},
		"decline":                  {[]string{"agreement", "decline", "AG-1", "--reason", "terms"}, "--yes"},
		"suspend one party":        {[]string{"agreement", "suspend", "AG-1", "--party", "agencyb", "--reason", "breach"}, "--yes"},
		"invite":                   {[]string{"agreement", "invite", "AG-1", "--agency", "agencyc"}, "--yes"},
		"review":                   {[]string{"agreement", "review", "AG-1", "--outcome", "continue"}, "--yes"},
		"a notice of a breach":     {[]string{"agreement", "breach", "AG-1", "--class", "other"}, "--yes"},
		"approve":                  {[]string{"bulletin", "approve", "draft-1"}, "--yes"},
		"release":                  {[]string{"bulletin", "release", "draft-1", "--agreement", "AG-1"}, "--yes"},
		"retract":                  {[]string{"bulletin", "retract", itemID}, "--yes"},
		"open":                     {[]string{"bulletin", "open", itemID, "--purpose", "detection"}, "--accept " + sampleConditions().RestrictionsDigest},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).loggedIn()
			w.withAgreement()
			w.stdin = "yes\nyes\nyes\n"
			w.desk.says("GET /api/v1/drafts/draft-1", sampleDraft())
			w.desk.says("GET /api/v1/items/"+itemID+"/conditions?release=", sampleConditions())
			w.desk.set("POST /api/v1/drafts/draft-1/releases", answer{status: 200, reply: func(body []byte) any {
				if !strings.Contains(string(body), `"dryRun":true`) {
					t.Errorf("a release was asked for: %s", body)
				}
				return deskapi.DryRun{Allow: true}
			}})
			got := w.expect(Usage, row.args...)
			if !strings.Contains(got.stderr, row.says) {
				t.Errorf("stderr does not name %q:\n%s", row.says, got.stderr)
			}
			if n := w.desk.changes(); n > 0 && name != "release" {
				t.Errorf("%d requests could have changed something", n)
			}
		})
	}
}

func TestOnlyTheWholeWordYesIsAYes(t *testing.T) {
	for _, said := range []string{"no\n", "\n", "y\n", "yess\n", "", "maybe yes\n"} {
		w := newWorld(t).loggedIn()
		w.interactive, w.stdin = true, said
		got := w.run("bulletin", "retract", itemID)
		if got.exit == int(OK) || w.desk.changes() != 0 {
			t.Errorf("%q was taken for a yes: exit %d", said, got.exit)
		}
	}
	w := newWorld(t).loggedIn()
	w.interactive, w.stdin = true, "YES\n"
	w.desk.says("POST /api/v1/items/"+itemID+"/retractions", deskapi.Appended{Act: releaseID, Index: 3, Time: sampleTime})
	w.expect(OK, "bulletin", "retract", itemID)
}
