package e2e

import "testing"

func TestATerminatedAgreementAsksForDisposal(t *testing.T) {
	one := drafted(t, "bilateral", endsAtOnce, a, b).enters(t)
	item := shared(t, one)
	one.step(t, ok, a, "terminate", "--reason", "other")
	becomes(t, releaser(a), item, "dispose", b, "open")
	do(t, refused, analyst(b), open(item)...)
	owes := get[[]dutyView](t, analyst(b), "duties")
	found := false
	for _, duty := range owes {
		found = found || duty.Kind == "dispose" && duty.State == "open"
	}
	if !found {
		t.Errorf("%+v", owes)
	}
	// A legal hold stops it, and the originator is told; then the holder gives its word.
	do(t, ok, releaser(b), "hold", "place", item, "--reason", "court-order")
	becomes(t, releaser(a), item, "dispose", b, "held")
	do(t, refused, releaser(b), "bulletin", "attest", item, "--statement", "destroyed", "--yes")
	do(t, ok, releaser(b), "hold", "lift", item, "--reason", "court-order")
	do(t, refused, releaser(b), "bulletin", "attest", item, "--statement", "retained-under-terms", "--yes")
	do(t, ok, releaser(b), "bulletin", "attest", item, "--statement", "destroyed", "--method", "crypto-erase", "--yes")
	becomes(t, releaser(a), item, "dispose", b, "done")
}
