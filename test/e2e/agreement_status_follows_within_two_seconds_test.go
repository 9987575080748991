package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An act of a party's signatory shows in kubectl within two seconds of its showing
// at the other party's desk, with why, what comes next, and whom it stops.
func TestAnActShowsInTheStatusOfItsAgreementWithinTwoSeconds(t *testing.T) {
	one := document(t, a, b)
	name := strings.ToLower(one.reference)
	manifest := filepath.Join(t.TempDir(), "manifest.yaml")
	do(t, ok, signatory(a), "agreement", "document", one.file, "--manifest", name, "--proposed-by", a, "--out", manifest)
	kubectl(t, "apply", "-f", manifest)
	status := func(path string) string {
		return kubectl(t, "get", "sharingagreement", name, "-o", "jsonpath={.status."+path+"}")
	}
	eventually(t, "the request to be seen", func() bool { return status("state") == "Requested" })

	follows(t, name, "Proposed", func() { do(t, ok, signatory(a), "agreement", "propose", "--object", name, "--yes") },
		func() bool { return one.at(t, b).State == "proposed" })
	do(t, ok, signatory(a), "agreement", "sign", one.reference, "--yes", "--compared-fingerprints")
	follows(t, name, "InForce", func() {
		do(t, ok, signatory(b), "agreement", "sign", one.reference, "--yes", "--compared-fingerprints")
	},
		func() bool { return one.at(t, a).State == "in-force" })
	follows(t, name, "Suspended", func() { do(t, ok, signatory(a), "agreement", "suspend", one.reference, "--yes", "--reason", "review") },
		func() bool { return one.at(t, b).State == "suspended" })

	if why := status("why"); why != "Suspended by agencya." {
		t.Errorf("it is suspended because of %q", why)
	}
	why := status(`partyStates[?(@.agency=="agencyb")].why`)
	if !strings.Contains(why, "suspended by agencya") || !strings.Contains(why, "concordat agreement resume "+one.reference) {
		t.Errorf("agencyb cannot read because of %q", why)
	}
	denied(t, "is in force or can be again", "delete", "sharingagreement", name, "--dry-run=server")
	line := words(kubectl(t, "get", "sharingagreement", name, "--no-headers"))
	if next := status("nextState") + " " + status("nextChange"); !strings.Contains(line, one.reference+" Suspended Suspended by agencya. "+next) || len(next) < 20 {
		t.Errorf("kubectl get shows %q, which lacks what comes next, %q", line, next)
	}
	follows(t, name, "InForce", func() { do(t, ok, signatory(a), "agreement", "resume", one.reference, "--yes") },
		func() bool { return one.at(t, b).State == "in-force" })
}

// follows lets the act be done, and sees to it that the status shows the state at
// most two seconds after a desk does.
func follows(t *testing.T, name, state string, do func(), desk func() bool) {
	t.Helper()
	shown := make(chan error, 1)
	var at time.Time
	go func() {
		result, err := platform.Kubectl(t.Context(), "wait", "--for=jsonpath={.status.state}="+state, "--timeout=60s", "sharingagreement/"+name)
		at = time.Now()
		if err == nil && result.Code != 0 {
			err = fmt.Errorf("kubectl wait: %s", result.Stderr)
		}
		shown <- err
	}()
	do()
	done := time.Now()
	eventually(t, "the desk to show "+state, desk)
	peer := time.Now()
	if err := <-shown; err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: at the desk %s after the command ended, in kubectl %s", state, peer.Sub(done).Round(time.Millisecond), at.Sub(done).Round(time.Millisecond))
	if late := at.Sub(peer); late > 2*time.Second {
		t.Errorf("%s shows in kubectl %s after it does at a desk", state, late.Round(time.Millisecond))
	}
}
