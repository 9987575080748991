package cli

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

const requestID = "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"

func sampleTerms() []deskapi.Term {
	return []deskapi.Term{
		{Axis: "purposes", Terms: []string{"detection"}, Name: "Purposes for which it may be used", Says: []string{"Detection"}, Enforcement: "gated",
			How: "The desk refuses an opening without a declared purpose.", Outside: "Once a copy has left, this is a signed duty and no more."},
		{Axis: "actionExposure", Terms: []string{"none"}, Name: "Acting upon it", Says: []string{"Nothing is done that anybody could notice."}, Enforcement: "recorded",
			How: "It is accepted by signature."},
	}
}

// afterRelease is a desk where something of everything has happened.
func afterRelease(t *testing.T) *world {
	w := answering(t)
	items := "/api/v1/items/" + itemID
	noted := sampleItem()
	noted.Releases[0].Notes = []deskapi.Note{{Code: "restricted_open", Message: "Restricted since you opened it; acknowledge by 2026-12-01 12:00 UTC.", Due: sampleTime}}
	w.desk.says("GET /api/v1/items?box=inbox", []deskapi.Item{noted})
	conditions := sampleConditions()
	conditions.Terms, conditions.Changed, conditions.Prerequisites = sampleTerms(), true, []string{"curriculum-completed"}
	w.desk.says("GET "+items+"/conditions?release=", conditions)
	w.desk.says("POST "+items+"/restrictions", deskapi.Restricted{
		Acts: []deskapi.Appended{{Act: releaseID, Index: 21, Time: sampleTime}}, Terms: sampleTerms(), Readers: []string{"agencyb", "agencyc"}, AcknowledgeBy: sampleTime,
	})
	for _, path := range []string{"acknowledgements", "hindrances", "use-reports", "attestations", "holds", "disclosures"} {
		w.desk.says("POST "+items+"/"+path, deskapi.Appended{Act: releaseID, Index: 22, Time: sampleTime})
	}
	owed := []deskapi.Duty{
		{Kind: "acknowledge", Holder: "agencyb", Originator: "agencya", Item: itemID, Release: releaseID, Because: requestID, Due: sampleTime, State: "overdue", Message: "agencyb should have acknowledged."},
		{Kind: "acknowledge", Holder: "agencyc", Originator: "agencya", Item: itemID, Release: releaseID, Because: requestID, Due: sampleTime, State: "unreachable", Message: "agencyc takes no part any more."},
	}
	w.desk.says("GET "+items+"/duties", owed)
	w.desk.says("GET /api/v1/duties?of=others", owed)
	w.desk.says("GET /api/v1/duties?", []deskapi.Duty{})
	asked := deskapi.Consent{
		Request: requestID, Item: itemID, Release: releaseID, By: "agencyb", Originator: "agencya", Use: "onward", For: "agencyd", Purpose: "detection",
		Until: sampleTime, Asked: sampleTime, Lapses: sampleTime, State: "pending", Message: "agencyb asked agencya.",
	}
	w.desk.says("GET /api/v1/consents", []deskapi.Consent{asked})
	w.desk.says("POST /api/v1/consents", asked)
	asked.State = "granted"
	w.desk.says("POST /api/v1/consents/"+requestID+"/answers", asked)
	w.desk.says("POST "+items+"/copies", sampleDraft())
	return w
}

// What these commands print is a contract too.
func TestOutputsAfterARelease(t *testing.T) {
	for name, args := range map[string][]string{
		"inbox-notes": {"bulletin", "inbox"},
		"restrict":    {"bulletin", "restrict", itemID, "--restrict", "purposes=detection", "--yes"},
		"obligations": {"bulletin", "obligations", itemID},
		"consents":    {"consent", "list"},
		"pass-on":     {"bulletin", "pass-on", itemID, "--agreement", "AG-1", "--to", "agencyd", "--purpose", "detection"},
	} {
		for output, suffix := range map[string]string{"table": "txt", "json": "json", "name": "name"} {
			t.Run(name+"."+suffix, func(t *testing.T) {
				got := afterRelease(t).expect(OK, append(args, "-o", output)...)
				golden(t, name+"."+suffix, got.stdout)
			})
		}
	}
}

// Before anything is accepted, each term is said with what stands behind it.
func TestConditionsSayWhatStandsBehindEachTerm(t *testing.T) {
	for _, lang := range message.Languages() {
		w := afterRelease(t)
		got := w.expect(OK, "bulletin", "acknowledge", itemID, "--accept", "yes", "--lang", lang)
		for _, term := range sampleTerms() {
			word := message.Render(lang, message.New("cli_enforced_"+term.Enforcement, nil))
			if !strings.Contains(got.stderr, term.Name) || !strings.Contains(got.stderr, "["+word+"] "+term.How) {
				t.Errorf("%s does not say %+v:\n%s", lang, term, got.stderr)
			}
		}
		if !strings.Contains(got.stderr, "curriculum-completed") || !strings.Contains(got.stderr, message.Render(lang, message.New("cli_text_terms_changed", nil))) {
			t.Errorf("%s:\n%s", lang, got.stderr)
		}
	}
}

// sent decodes the one body that a request carried.
func sent[T any](t *testing.T, w *world, request string) T {
	t.Helper()
	bodies := w.desk.sent(request)
	if len(bodies) == 0 {
		t.Fatalf("nothing was sent to %s", request)
	}
	var out T
	if err := json.Unmarshal(bodies[len(bodies)-1], &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhatIsTypedIsWhatIsAsked(t *testing.T) {
	w := afterRelease(t)
	items := "POST /api/v1/items/" + itemID
	w.expect(OK, "bulletin", "restrict", "item/"+itemID, "--restrict", "preset:H2", "--restrict", "purposes=training,detection", "--for", "agency/agencyb",
		"--acknowledge-by", "2027-01-31", "--reason", "safety", "--yes")
	got := sent[deskapi.RestrictRequest](t, w, items+"/restrictions")
	want := deskapi.RestrictRequest{
		For: []string{"agencyb"}, AcknowledgeBy: sampleTime, Reason: "safety",
		Restrictions: map[string][]string{"onwardScope": {"none"}, "onwardConsent": {"always"}, "purposes": {"detection", "training"}},
	}
	if diff := cmp.Diff(want, got); diff != "" { // the day is the one that the dry run answered
		t.Error(diff)
	}
	w.expect(OK, "bulletin", "recall", itemID, "--yes")
	if got := sent[deskapi.RestrictRequest](t, w, items+"/restrictions"); !cmp.Equal(got.Restrictions, map[string][]string{"recall": {"recalled"}}) {
		t.Errorf("%+v", got)
	}
	w.expect(OK, "bulletin", "cannot-comply", itemID, "--axis", "onTermination", "--reason", "domestic-law", "--yes")
	if got := sent[deskapi.CannotComplyRequest](t, w, items+"/hindrances"); got.Axis != "onTermination" || got.Reason != "domestic-law" {
		t.Errorf("%+v", got)
	}
	w.expect(OK, "bulletin", "acknowledge", itemID, "--prerequisite", "curriculum-completed", "--accept", sampleConditions().RestrictionsDigest)
	if got := sent[deskapi.AcknowledgeRequest](t, w, items+"/acknowledgements"); got.AcceptedRestrictions != sampleConditions().RestrictionsDigest || len(got.Prerequisites) != 1 {
		t.Errorf("%+v", got)
	}
	w.expect(OK, "bulletin", "report-use", itemID, "--purpose", "detection", "--outcome", "useful")
	w.expect(OK, "bulletin", "attest", itemID, "--statement", "destroyed", "--method", "crypto-erase", "--yes")
	w.expect(OK, "hold", "place", itemID, "--reason", "court-order")
	w.expect(OK, "hold", "lift", itemID, "--reason", "court-order")
	if got := sent[deskapi.HoldRequest](t, w, items+"/holds"); !got.Lift {
		t.Errorf("%+v", got)
	}
	w.expect(OK, "notice", "disclosure", itemID, "--cause", "exculpatory", "--when", "2027-01-31", "--consult")
	if got := sent[deskapi.DisclosureRequest](t, w, items+"/disclosures"); !got.Advance || !got.Consultation || got.Disclosure.Format(time.DateOnly) != "2027-01-31" {
		t.Errorf("%+v", got)
	}
	w.expect(OK, "notice", "disclosure", itemID, "--cause", "compelled", "--advance=false", "--why", "court-forbade-it")
	if got := sent[deskapi.DisclosureRequest](t, w, items+"/disclosures"); got.Advance || got.WhyNotInAdvance == "" || got.Disclosure.IsZero() {
		t.Errorf("%+v", got)
	}
	w.expect(OK, "consent", "request", itemID, "--use", "onward", "--for", "agencyd", "--purpose", "detection", "--until", "2027-01-31")
	w.expect(OK, "consent", "grant", "consent/"+requestID)
	if got := sent[deskapi.ConsentAnswer](t, w, "POST /api/v1/consents/"+requestID+"/answers"); got.Answer != "grant" {
		t.Errorf("%+v", got)
	}
	w.expect(OK, "duties", "--of-others")
	w.expect(OK, "duties")
}

func TestWhatCannotBeSaidIsRefusedBeforeAnythingIsSent(t *testing.T) {
	for name, args := range map[string][]string{
		"an unknown axis":         {"bulletin", "restrict", itemID, "--restrict", "colour=red", "--yes"},
		"no axis":                 {"bulletin", "restrict", itemID, "--restrict", "red", "--yes"},
		"an unknown preset":       {"bulletin", "restrict", itemID, "--restrict", "preset:SECRET", "--yes"},
		"terms that leave none":   {"bulletin", "restrict", itemID, "--restrict", "preset:H0 purposes=training", "--yes"},
		"a day that is none":      {"bulletin", "restrict", itemID, "--restrict", "purposes=detection", "--acknowledge-by", "soon", "--yes"},
		"an unknown hindrance":    {"bulletin", "cannot-comply", itemID, "--axis", "tlp", "--reason", "laziness", "--yes"},
		"an unknown outcome":      {"bulletin", "report-use", itemID, "--outcome", "splendid"},
		"an unknown statement":    {"bulletin", "attest", itemID, "--statement", "lost", "--yes"},
		"an unknown cause":        {"notice", "disclosure", itemID, "--cause", "curiosity"},
		"in advance of no day":    {"notice", "disclosure", itemID, "--cause", "exculpatory"},
		"an unknown use":          {"consent", "request", itemID, "--use", "resale", "--purpose", "detection", "--until", "2027-01-31"},
		"onward to nobody":        {"consent", "request", itemID, "--use", "onward", "--purpose", "detection", "--until", "2027-01-31"},
		"an unknown relation":     {"bulletin", "draft", "-", "--from", itemID, "--relation", "copy"},
		"a question, no terminal": {"bulletin", "attest", itemID, "--statement", "destroyed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := afterRelease(t)
			got := w.expect(Usage, args...)
			if w.desk.changes() != 0 {
				t.Errorf("something was sent: %s", got.stderr)
			}
			if strings.Contains(got.stderr, "cli_") || strings.Contains(got.stderr, "restriction_") || strings.Contains(got.stderr, "<no value>") {
				t.Errorf("%q", got.stderr)
			}
		})
	}
}

// A copy is asked for in the form that the terms want, and never written where
// only showing is asked for.
func TestCopiesAreAskedForInTheirForm(t *testing.T) {
	for form, want := range map[string]struct {
		allowed string
		flags   []string
	}{
		"":                     {"view-only", nil},
		"print":                {"print", []string{"--print"}},
		"download":             {"download", []string{"--out"}},
		"download-watermarked": {"download-watermarked", []string{"--out"}},
	} {
		t.Run("form "+form, func(t *testing.T) {
			w := afterRelease(t)
			conditions := sampleConditions()
			conditions.Restrictions["accessForm"] = []string{want.allowed}
			w.desk.says("GET /api/v1/items/"+itemID+"/conditions?release=", conditions)
			file := w.file("copy.md", "")
			args := append([]string{"bulletin", "open", itemID, "--purpose", "detection", "--accept", "yes"}, want.flags...)
			if len(want.flags) > 0 && want.flags[0] == "--out" {
				args = append(args, file)
			}
			w.expect(OK, args...)
			if got := sent[deskapi.OpenRequest](t, w, "POST /api/v1/items/"+itemID+"/opens").Form; got != form {
				t.Errorf("asked for %q", got)
			}
			written, err := os.ReadFile(file)
			if err != nil || (len(written) > 0) != strings.HasPrefix(form, "download") {
				t.Errorf("the file has %q (%v)", written, err)
			}
		})
	}
}

func TestExportsSayWhatTheyLeaveOut(t *testing.T) {
	w := afterRelease(t)
	w.desk.says("GET /api/v1/items/"+itemID+"/restrictions?format=odrl&release=", deskapi.Export{
		Format: "odrl", Document: json.RawMessage(`{"@context":"http://www.w3.org/ns/odrl.jsonld"}`), Left: []string{"tlp"}, Tightened: []string{"attribution"},
	})
	got := w.expect(OK, "bulletin", "restrictions", itemID, "--format", "odrl")
	if !json.Valid([]byte(got.stdout)) || !strings.Contains(got.stderr, "tlp") || !strings.Contains(got.stderr, "attribution") {
		t.Errorf("%s\n%s", got.stdout, got.stderr)
	}
}

func TestWhyAnItemIsClosedIsOneSentence(t *testing.T) {
	w := afterRelease(t)
	conditions := sampleConditions()
	conditions.Allow, conditions.Message = false, "The agreement is suspended."
	w.desk.says("GET /api/v1/items/"+itemID+"/conditions?release=", conditions)
	if got := w.expect(OK, "bulletin", "why", itemID); got.stdout != "The agreement is suspended.\n" {
		t.Errorf("%q", got.stdout)
	}
	got := w.expect(OK, "bulletin", "why", itemID, "--agency", "agencyb")
	if strings.Count(got.stdout, "\n") != 1 || !strings.Contains(got.stdout, "agencyb") {
		t.Errorf("%q", got.stdout)
	}
	w.expect(NotFound, "bulletin", "why", itemID, "--agency", "agencyz")
}

// What is understood and not allowed ends with 3, whatever the desk calls it.
func TestRefusalsAfterARelease(t *testing.T) {
	for _, code := range []string{"request_loosens", "request_changes_nothing", "own_release", "content_not_held", "copies_held", "act_refused"} {
		w := afterRelease(t)
		w.desk.refuses("POST /api/v1/items/"+itemID+"/attestations", deskapi.ProblemDetails{Status: 422, Code: code, Title: "It is not allowed."})
		if got := w.expect(Refused, "bulletin", "attest", itemID, "--statement", "destroyed", "--yes"); !strings.Contains(got.stderr, "It is not allowed.") {
			t.Errorf("%s: %q", code, got.stderr)
		}
	}
}
