package e2e

import "testing"

// suspend freezes an agency from kubectl, and has it thawed after the test.
func suspend(t *testing.T, agency string) {
	t.Helper()
	t.Cleanup(func() {
		tidy(t, "patch", "agency", agency, "--type=merge", `--patch={"spec":{"suspended":false}}`)
		tidy(t, "wait", "--for=condition=Ready", "--timeout=60s", "agency/"+agency)
	})
	kubectl(t, "patch", "agency", agency, "--type=merge", `--patch={"spec":{"suspended":true}}`)
	eventually(t, agency+" to be suspended", func() bool { return condition(t, agency, "Ready") == "False Suspended" })
}

func resume(t *testing.T, agency string) {
	t.Helper()
	kubectl(t, "patch", "agency", agency, "--type=merge", `--patch={"spec":{"suspended":false}}`)
	ready(t, agency)
}

func TestASuspendedAgencyStopsEverywhere(t *testing.T) {
	one := inForce(t, a, b)
	item := released(t, one, 1)
	arrives(t, b, item)
	do(t, ok, analyst(b), open(item)...)
	release := func(draft string) []string {
		return []string{"bulletin", "release", draft, "--agreement", one.reference, "--tlp", "TLP:AMBER+STRICT", "--yes"}
	}

	suspend(t, b)
	do(t, refused, analyst(b), open(item)...)
	proposal := propose(t, a, c)
	do(t, ok, signatory(a), "agreement", "sign", proposal.reference, "--yes", "--compared-fingerprints") // the others go on
	resume(t, b)
	do(t, ok, analyst(b), open(item)...)

	draft, another := approved(t, a, 1), document(t, a, c)
	suspend(t, a)
	do(t, refused, releaser(a), release(draft)...)
	do(t, refused, signatory(a), "agreement", "propose", another.file, "--yes")
	resume(t, a)
	do(t, ok, releaser(a), release(draft)...)
}
