package e2e

import "testing"

func TestASuspendedAgreementStopsReadingAtOnce(t *testing.T) {
	one := inForce(t, a, b)
	item := released(t, one, 1)
	arrives(t, b, item)
	do(t, ok, analyst(b), open(item)...)
	do(t, ok, signatory(a), "agreement", "suspend", one.reference, "--yes")
	do(t, refused, analyst(b), open(item)...)
	do(t, ok, signatory(a), "agreement", "resume", one.reference, "--yes")
	eventually(t, "reading to go on", func() bool {
		result, err := analyst(b).Do(t.Context(), open(item)...)
		return err == nil && result.Code == ok
	})
}
