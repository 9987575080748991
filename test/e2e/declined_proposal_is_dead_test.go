package e2e

import (
	"strings"
	"testing"
)

func TestADeclinedProposalIsDead(t *testing.T) {
	one := drafted(t, "bilateral", nil, a, b)
	do(t, ok, signatory(a), "agreement", "propose", one.file, "--yes")
	one.reaches(t, b, "proposed")
	if said := one.step(t, ok, b, "decline", "--reason", "domestic-law"); !strings.Contains(said, "The proposal is dead with this") {
		t.Errorf("nobody said what declining does: %s", said)
	}
	one.reaches(t, a, "declined")
	if said := one.step(t, refused, b, "sign", "--compared-fingerprints"); !strings.Contains(said, "declined") {
		t.Errorf("signing after declining was refused with: %s", said)
	}
	if said := one.step(t, refused, a, "sign", "--compared-fingerprints"); !strings.Contains(said, "declined") {
		t.Errorf("signing what can never be complete was refused with: %s", said)
	}
	do(t, refused, releaser(a), "bulletin", "release", approved(t, a, 1), "--agreement", one.reference, "--tlp", "TLP:AMBER+STRICT", "--yes")
	if said := one.why(t, a, b); !strings.Contains(said, "because "+b+" declined it") {
		t.Errorf("why: %s", said)
	}
}
