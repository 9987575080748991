package e2e

import "testing"

func TestARetractedItemIsNotOpenedAgain(t *testing.T) {
	one := inForce(t, a, b)
	item := released(t, one, 1)
	arrives(t, b, item)
	do(t, ok, analyst(b), open(item)...)
	do(t, ok, releaser(a), "bulletin", "retract", item, "--reason", "error", "--yes")
	do(t, refused, analyst(b), open(item)...)
}
