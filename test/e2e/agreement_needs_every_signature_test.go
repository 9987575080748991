package e2e

import "testing"

func TestNothingFlowsWhileOneSignatureIsMissing(t *testing.T) {
	one := propose(t, a, b, c)
	draft := approved(t, a, 1)
	for _, party := range one.parties {
		if state := one.at(t, a).State; state != "proposed" {
			t.Fatalf("before %s signed, the agreement is %q", party, state)
		}
		do(t, refused, releaser(a), "bulletin", "release", draft, "--agreement", one.reference, "--tlp", "TLP:AMBER+STRICT", "--yes")
		one.sign(t, party)
	}
	eventually(t, "the agreement to be in force", func() bool { return one.at(t, a).State == "in-force" })
	do(t, ok, releaser(a), "bulletin", "release", draft, "--agreement", one.reference, "--tlp", "TLP:AMBER+STRICT", "--yes")
}
