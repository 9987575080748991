package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

// What waits for the hub is done as far as the officer is concerned: the command
// says so and ends with 0.
func TestWhatWaitsForTheHubIsSaidAndEndsWell(t *testing.T) {
	waiting := deskapi.Appended{Act: releaseID, State: "pending"}
	for name, row := range map[string]struct {
		request string
		answer  any
		args    []string
		word    string
	}{
		"retract":       {"retractions", waiting, []string{"bulletin", "retract", itemID, "--yes"}, "item.retract"},
		"cannot comply": {"hindrances", waiting, []string{"bulletin", "cannot-comply", itemID, "--axis", "tlp", "--reason", "technical", "--yes"}, "item.cannot-comply"},
		"attest":        {"attestations", waiting, []string{"bulletin", "attest", itemID, "--statement", "destroyed", "--yes"}, "item.attest"},
		"lift a hold":   {"holds", waiting, []string{"hold", "lift", itemID, "--reason", "court-order"}, "hold.lift"},
		"recall": {"restrictions", deskapi.Restricted{Acts: []deskapi.Appended{waiting}, AcknowledgeBy: sampleTime},
			[]string{"bulletin", "recall", itemID, "--yes"}, "item.restrict"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, lang := range message.Languages() {
				w := newWorld(t).loggedIn()
				w.desk.says("POST /api/v1/items/"+itemID+"/"+row.request, row.answer)
				got := w.expect(OK, append(row.args, "--lang", lang)...)
				if word := message.Word(lang, "act", row.word); !strings.Contains(got.stderr, word) || strings.Contains(got.stderr, "cli_") {
					t.Errorf("%s: %q does not say %q", lang, got.stderr, word)
				}
				if strings.Contains(got.stdout, "0001") {
					t.Errorf("it shows a time that it does not have: %s", got.stdout)
				}
			}
		})
	}
}

func TestTheOutboxSaysWhatWaitsAndWhatWasRefused(t *testing.T) {
	list := []deskapi.Outgoing{
		{Act: releaseID, Kind: "item.retract", State: "pending", Item: itemID, Signed: sampleTime, Message: "It waits."},
		{Act: "other", Kind: "agreement.suspend", State: "refused", Reason: "agreement_suspended", Agreement: "agr-x", Signed: sampleTime, Message: "It was refused."},
	}
	for _, lang := range message.Languages() {
		w := newWorld(t).loggedIn()
		w.desk.says("GET /api/v1/outbox", list)
		w.width = 400
		got := w.expect(OK, "outbox", "list", "--lang", lang)
		for _, want := range []string{message.Word(lang, "act", "item.retract"), message.Word(lang, "act", "agreement.suspend")[:9], message.Word(lang, "item", "refused"), itemID, "agr-x"} {
			if !strings.Contains(got.stdout, want) {
				t.Errorf("%s: %s does not show %q", lang, got.stdout, want)
			}
		}
		if !strings.Contains(got.stderr, "It waits.") || !strings.Contains(got.stderr, "It was refused.") {
			t.Errorf("%s: %s", lang, got.stderr)
		}
	}
	w := newWorld(t).loggedIn()
	w.desk.says("GET /api/v1/outbox", list)
	var read []deskapi.Outgoing
	if err := json.Unmarshal([]byte(w.expect(OK, "outbox", "list", "-o", "json", "--lang", "fr").stdout), &read); err != nil || len(read) != 2 || read[0].Kind != "item.retract" || read[1].State != "refused" {
		t.Errorf("%+v, %v", read, err)
	}
	w.desk.set("DELETE /api/v1/outbox/other", answer{status: 204})
	w.expect(OK, "outbox", "dismiss", "other")
	w.desk.refuses("DELETE /api/v1/outbox/other", deskapi.ProblemDetails{Status: 409, Code: "act_waits", Title: "It waits."})
	w.expect(Refused, "outbox", "dismiss", "other")
}

// Codes of closed lists are said in the reader's language in tables, and stay
// codes in what programs read.
func TestStatesAndAxesAreSaidInTheReadersLanguage(t *testing.T) {
	duties := []deskapi.Duty{{Kind: "report-use", Holder: "agencyb", Item: itemID, Due: sampleTime, State: "overdue"}}
	for lang, want := range map[string][]string{"en": {"report-use", "overdue"}, "fr": {"rendre compte", "en retard"}, "id": {"melaporkan", "terlambat"}} {
		w := newWorld(t).loggedIn()
		w.desk.says("GET /api/v1/duties?", duties)
		got := w.expect(OK, "duties", "--lang", lang)
		for _, word := range want {
			if !strings.Contains(got.stdout, word) {
				t.Errorf("%s: %s does not say %q", lang, got.stdout, word)
			}
		}
		if raw := w.expect(OK, "duties", "--lang", lang, "-o", "json"); !strings.Contains(raw.stdout, `"state": "overdue"`) || !strings.Contains(raw.stdout, `"kind": "report-use"`) {
			t.Errorf("%s: %s", lang, raw.stdout)
		}
	}
	a := &app{lang: "fr"}
	set := map[string][]string{"purposes": {"detection", "training"}, "recipients": {"training"}, "tlp": {"TLP:RED"}}
	if got := a.restrictionText(set); got != "finalités=détection,formation; destinataires=training; tlp=TLP:RED" {
		t.Error(got)
	}
}
