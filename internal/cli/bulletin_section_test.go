package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/policy"
)

const sectionPart = "section-abcdefghijklmnop"

// withSections is a desk whose item has two sections for this reader, one of which
// is withheld.
func withSections(t *testing.T) (*world, []string) {
	t.Helper()
	w := newWorld(t).loggedIn()
	conditions := sampleConditions()
	digests := []string{"sha256:" + strings.Repeat("1", 64), "sha256:" + strings.Repeat("2", 64)}
	conditions.Sections = []deskapi.SectionConditions{
		{Part: sectionPart, Restrictions: map[string][]string{"recipients": {"agencya"}}, RestrictionsDigest: digests[0], Allow: true, Reason: policy.Allowed},
		{Part: "section-bbbbbbbbbbbbbbbb", Restrictions: map[string][]string{"purposes": {"training"}}, RestrictionsDigest: digests[1],
			Reason: policy.RestrictionForbids, Message: "A restriction forbids it (purposes)."},
	}
	w.desk.says("GET /api/v1/items/"+itemID+"/conditions?release=", conditions)
	w.desk.says("POST /api/v1/items/"+itemID+"/opens", deskapi.Opened{
		Item: itemID, Release: releaseID, Content: "body", Rendered: "# A title\n\n## For one agency\n", ShowUntil: sampleTime,
		Sections: []deskapi.OpenedSection{{Part: sectionPart, Content: "the section"}},
		Withheld: []deskapi.WithheldSection{{Part: "section-bbbbbbbbbbbbbbbb", Reason: policy.RestrictionForbids, Message: "A restriction forbids it (purposes)."}},
	})
	return w, digests
}

// accepted are the sections whose conditions the last open accepted.
func (w *world) accepted() []string {
	w.t.Helper()
	w.desk.mu.Lock()
	defer w.desk.mu.Unlock()
	for _, one := range slices.Backward(w.desk.asked) {
		if strings.HasPrefix(one.request, "POST") && strings.HasSuffix(one.request, "/opens") {
			var request deskapi.OpenRequest
			if err := json.Unmarshal(one.body, &request); err != nil {
				w.t.Fatal(err)
			}
			return request.AcceptedSections
		}
	}
	w.t.Fatal("nothing was opened")
	return nil
}

func TestSectionsAreAcceptedByTheirOwnDigests(t *testing.T) {
	w, digests := withSections(t)
	whole := sampleConditions().RestrictionsDigest
	for given, want := range map[string][]string{
		"yes":                    digests,
		whole:                    nil,
		whole + "," + digests[1]: digests[1:],
	} {
		w.expect(OK, "bulletin", "open", itemID, "--purpose", "detection", "--accept", given)
		if got := w.accepted(); !slices.Equal(got, want) {
			t.Errorf("--accept %s accepts %q, want %q", given, got, want)
		}
	}
	got := w.expect(Refused, "bulletin", "open", itemID, "--purpose", "detection", "--accept", whole+",sha256:"+strings.Repeat("9", 64))
	if !strings.Contains(got.stderr, digests[0]) {
		t.Errorf("stderr is %q", got.stderr)
	}
}

func TestASectionIsShownWithItsConditionsAndAWithheldOneWithItsReason(t *testing.T) {
	w, digests := withSections(t)
	out := filepath.Join(w.home, "b1.json")
	got := w.expect(OK, "bulletin", "open", itemID, "--purpose", "detection", "--accept", "yes", "--content-out", out)
	for _, want := range []string{"stricter conditions", digests[0], digests[1], "section-bbbbbbbbbbbbbbbb is not shown. A restriction forbids it (purposes)."} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("stderr has no %q:\n%s", want, got.stderr)
		}
	}
	for file, want := range map[string]string{out: "body", out + "." + sectionPart: "the section"} {
		if b, err := os.ReadFile(file); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", file, b, err)
		}
	}
	w.desk.set("GET /api/v1/items/"+itemID+"/receipt?of=release&part="+sectionPart+"&release=", answer{status: 200, kind: "application/x-tlog-proof", body: []byte("proof")})
	if got := w.expect(OK, "receipt", "get", itemID, "--part", sectionPart); got.stdout != "proof" {
		t.Errorf("stdout is %q", got.stdout)
	}
}

func TestADryRunSaysWhoWouldGetEachSection(t *testing.T) {
	w := answering(t)
	w.desk.says("POST /api/v1/drafts/draft-1/releases", deskapi.DryRun{
		Agreement: "agr-gpvg7sfgeubi74aurbqtv373me", Reference: "AG-1", Allow: true, Reason: policy.Allowed,
		Recipients: []deskapi.Recipient{{Agency: "agencyb", Allow: true}, {Agency: "agencyc", Allow: true}},
		Sections: []deskapi.SectionPlan{
			{Title: map[string]string{"en": "For one"}, Restrictions: map[string][]string{"recipients": {"agencyb"}},
				Recipients: []deskapi.Recipient{{Agency: "agencyb", Allow: true}, {Agency: "agencyc", Reason: policy.RestrictionForbids}}},
			{Title: map[string]string{"en": "For none"}, Recipients: []deskapi.Recipient{{Agency: "agencyb"}}},
		},
	})
	got := w.expect(OK, "bulletin", "release", "draft-1", "--agreement", "AG-1", "--dry-run")
	for _, want := range []string{"“For one” (recipients=agencyb) would go to agencyb only", "“For none”", "to nobody"} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("stderr has no %q:\n%s", want, got.stderr)
		}
	}
}
