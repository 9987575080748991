package cli

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/policy"
)

var update = flag.Bool("update", false, "write golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// answering is a world whose desk has one of everything.
func answering(t *testing.T) *world {
	w := newWorld(t).loggedIn()
	w.withAgreement()
	w.desk.says("GET /api/v1/me", deskapi.Me{Agency: "agencya", Officer: "ofc-aaaaaaaaaaaaaaaaaaaaaaaaaa", Roles: []string{"analyst"}, Rights: []string{"read"}, Expires: sampleTime})
	w.desk.says("GET /api/v1/items?box=inbox", []deskapi.Item{sampleItem()})
	w.desk.says("GET /api/v1/items/"+itemID, sampleItem())
	w.desk.says("GET /api/v1/drafts", []deskapi.Draft{sampleDraft()})
	w.desk.says("GET /api/v1/drafts/draft-1", sampleDraft())
	w.desk.says("POST /api/v1/drafts/draft-1/releases", deskapi.DryRun{
		Agreement: "agr-gpvg7sfgeubi74aurbqtv373me", Reference: "AG-1", Restrictions: map[string][]string{"tlp": {"TLP:AMBER"}}, Allow: true,
		Reason: policy.Allowed, Message: "Allowed.", Recipients: []deskapi.Recipient{
			{Agency: "agencyb", Allow: true, Reason: policy.Allowed, Message: "Allowed."},
			{Agency: "agencyc", Reason: policy.NotAParty, Message: "The agency is not a party to this agreement."},
		},
	})
	w.desk.says("GET /api/v1/items/"+itemID+"/access?", sampleAccess())
	w.desk.says("GET /api/v1/items/"+itemID+"/conditions?release=", sampleConditions())
	w.desk.says("POST /api/v1/items/"+itemID+"/opens", deskapi.Opened{
		Item: itemID, Kind: "bulletin", Version: 1, Release: releaseID, Originator: "agencyb", Content: `{"kind":"bulletin"}`,
		Rendered: "# False job offers\n\nText.\n", Restrictions: map[string][]string{"tlp": {"TLP:AMBER"}}, Purpose: "detection", Decision: 14, ShowUntil: sampleTime,
	})
	return w
}

// commands are the ones whose data other programs read.
var commands = map[string][]string{
	"agreement-list": {"agreement", "list"},
	"agreement-show": {"agreement", "show", "AG-1"},
	"bulletin-inbox": {"bulletin", "inbox"},
	"bulletin-show":  {"bulletin", "show", itemID},
	"draft-list":     {"bulletin", "drafts"},
	"draft-show":     {"bulletin", "show", "draft-1"},
	"dry-run":        {"bulletin", "release", "draft-1", "--agreement", "AG-1", "--dry-run"},
	"open":           {"bulletin", "open", itemID, "--purpose", "detection", "--accept", sampleConditions().RestrictionsDigest},
	"access":         {"bulletin", "access", itemID},
	"access-one":     {"bulletin", "access", itemID, "--agency", "agencyb"},
	"whoami":         {"whoami"},
	"agency-list":    {"agency", "list"},
	"agency-show":    {"agency", "show", "agencyb"},
}

// What -o json prints is a contract: a change here breaks somebody's program.
func TestOutputs(t *testing.T) {
	for name, args := range commands {
		for extension, flags := range map[string][]string{".json": {"-o", "json"}, ".txt": nil, ".name": {"-o", "name"}} {
			t.Run(name+extension, func(t *testing.T) {
				w := answering(t)
				got := w.expect(OK, append(args, flags...)...)
				golden(t, name+extension, strings.ReplaceAll(got.stdout, w.desk.URL, "https://desk.example"))
			})
		}
	}
}

func TestTablesFitInAHundredColumns(t *testing.T) {
	for name, args := range commands {
		if strings.Contains(name, "show") || name == "open" || name == "access-one" {
			continue // texts are wrapped by the terminal
		}
		for _, width := range []int{0, 60, 200} {
			w := answering(t)
			w.width = width
			limit := 100
			if width > 0 && width < limit {
				limit = width
			}
			for _, line := range strings.Split(w.expect(OK, args...).stdout, "\n") {
				if n := utf8.RuneCountInString(line); n > limit && limit >= 100 {
					t.Errorf("%s at width %d: a line of %d columns: %s", name, width, n, line)
				}
			}
		}
	}
}

func TestNoHeadersLeavesOnlyData(t *testing.T) {
	w := answering(t)
	got := w.expect(OK, "bulletin", "inbox", "--no-headers")
	if lines := strings.Split(strings.TrimSpace(got.stdout), "\n"); len(lines) != 1 || !strings.HasPrefix(lines[0], itemID) {
		t.Errorf("stdout is %q", got.stdout)
	}
}

// What another agency wrote must not steer the reader's terminal.
func TestControlCharactersOfOthersNeverReachTheTerminal(t *testing.T) {
	w := answering(t)
	hostile := sampleItem()
	hostile.Title = map[string]string{"en": "calm\x1b]0;owned\x07\x1b[2Jtitle\u202egnp.exe\nsecond line"}
	w.desk.says("GET /api/v1/items?box=inbox", []deskapi.Item{hostile})
	opened := deskapi.Opened{Item: itemID, Rendered: "text\x1b[31m\u2066hidden\r\nnext\n", ShowUntil: sampleTime}
	w.desk.says("POST /api/v1/items/"+itemID+"/opens", opened)
	w.desk.refuses("GET /api/v1/me", deskapi.ProblemDetails{Status: 403, Code: "x", Title: "no\x1b[2J"})
	for _, args := range [][]string{{"bulletin", "inbox"}, commands["open"], {"whoami"}} {
		got := w.run(args...)
		if both := got.stdout + got.stderr; strings.ContainsAny(both, "\x1b\x07\u202e\u2066\r") {
			t.Errorf("%v: %q", args, both)
		}
	}
	if lines := strings.Count(w.run("bulletin", "inbox").stdout, "\n"); lines != 2 {
		t.Errorf("a title made %d lines", lines)
	}
}

func TestTheReaderIsSpokenToInTheirLanguage(t *testing.T) {
	w := newWorld(t)
	for name, row := range map[string]struct {
		env  map[string]string
		args []string
		want string
	}{
		"by the locale":      {map[string]string{"LANG": "fr_FR.UTF-8"}, nil, "fr"},
		"LC_ALL first":       {map[string]string{"LC_ALL": "id_ID", "LANG": "fr_FR"}, nil, "id"},
		"by the flag":        {map[string]string{"LANG": "fr_FR"}, []string{"--lang", "id"}, "id"},
		"C is English":       {map[string]string{"LANG": "C.UTF-8"}, nil, "en"},
		"nothing is English": {nil, nil, "en"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"LANG", "LC_ALL", "LC_MESSAGES"} {
				w.env[variable] = row.env[variable]
			}
			a := &app{env: Env{Now: nil}, lang: row.want}
			want := a.say("cli_not_logged_in", map[string]any{"Context": "default"})
			if got := w.run(append([]string{"whoami"}, row.args...)...); !strings.Contains(got.stderr, want) {
				t.Errorf("stderr is %q, want %q", got.stderr, want)
			}
		})
	}
}
