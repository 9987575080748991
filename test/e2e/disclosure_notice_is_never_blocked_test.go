package e2e

import "testing"

// UN Convention against Transnational Organized Crime, Article 18(5): restrictions
// do not prevent a disclosure that exculpates, and the originator is told.
func TestADisclosureNoticeIsNeverBlocked(t *testing.T) {
	one := drafted(t, "bilateral", endsAtOnce, a, b).enters(t)
	item := shared(t, one)
	notice := func(more ...string) []string { return append([]string{"notice", "disclosure", item}, more...) }
	one.step(t, ok, a, "suspend", "--reason", "review")
	do(t, refused, analyst(b), open(item)...)
	do(t, ok, releaser(b), notice("--cause", "exculpatory", "--when", "2029-12-31", "--consult")...)
	reads(t, releaser(a), item, b+" tells of a disclosure to exculpate a person")
	one.step(t, ok, a, "terminate", "--reason", "other")
	do(t, ok, releaser(b), notice("--cause", "compelled", "--advance=false", "--why", "court-forbade-it")...)
	reads(t, releaser(a), item, b+" tells of a disclosure that its law compels")
}
