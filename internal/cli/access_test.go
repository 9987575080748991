package cli

import (
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/policy"
)

func sampleAccess() deskapi.Access {
	return deskapi.Access{Item: itemID, At: sampleTime, Agencies: []deskapi.AgencyAccess{
		{Agency: "agencya", Allow: true, Reason: policy.Allowed, Evidence: []string{releaseID}, Message: "agencya could open it: AG-1 was in force and nothing forbade it.",
			Release: releaseID, Version: 1, Reference: "AG-1"},
		{Agency: "agencyb", Reason: policy.AgreementWithdrawn, Evidence: []string{releaseID},
			Message: "agencyb withdrew from AG-1 with effect from 2026-11-21T20:00:00.000Z, so it could not open it.", Release: releaseID, Version: 1, Reference: "AG-1"},
	}}
}

// The answer to "why can't B read this?" is one sentence and nothing else.
func TestOneAgencyIsAnsweredInOneSentence(t *testing.T) {
	w := answering(t)
	got := w.expect(OK, "bulletin", "access", itemID, "--agency", "agencyb")
	if want := sampleAccess().Agencies[1].Message + "\n"; got.stdout != want || got.stderr != "" {
		t.Errorf("stdout %q, stderr %q, want %q", got.stdout, got.stderr, want)
	}
	got = w.expect(OK, "bulletin", "access", itemID, "--agency", "agencyb", "-o", "json")
	if strings.Contains(got.stdout, `"agencya"`) || !strings.Contains(got.stdout, policy.AgreementWithdrawn) {
		t.Errorf("stdout is %s", got.stdout)
	}
	got = w.expect(NotFound, "bulletin", "access", itemID, "--agency", "agencyz")
	if !strings.Contains(got.stderr, "agencyz") || got.stdout != "" {
		t.Errorf("%+v", got)
	}
}

func TestTheInstantIsSentInUTC(t *testing.T) {
	w := newWorld(t).loggedIn()
	w.desk.says("GET /api/v1/items/"+itemID+"/access?at=2026-11-21T20%3A00%3A00.25Z&release="+releaseID, sampleAccess())
	w.expect(OK, "bulletin", "access", itemID, "--at", "2026-11-21T21:00:00.250+01:00", "--release", releaseID)
	for _, wrong := range []string{"yesterday", "2026-11-21", "20:00", "2026-11-21T20:00:00"} {
		got := w.expect(Usage, "bulletin", "access", itemID, "--at", wrong)
		if !strings.Contains(got.stderr, wrong) {
			t.Errorf("%s: %s", wrong, got.stderr)
		}
	}
}

func TestADeskThatForgotSaysSo(t *testing.T) {
	w := answering(t)
	forgot := sampleAccess()
	forgot.Incomplete = true
	w.desk.says("GET /api/v1/items/"+itemID+"/access?", forgot)
	if got := w.expect(OK, "bulletin", "access", itemID); !strings.Contains(got.stderr, "no longer knows") {
		t.Errorf("stderr is %q", got.stderr)
	}
}
