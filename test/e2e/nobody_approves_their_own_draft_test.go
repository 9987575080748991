package e2e

import "testing"

func TestNobodyApprovesTheirOwnDraft(t *testing.T) {
	author := platform.As(a, "analyst-2")
	draft := get[struct {
		ID string `json:"id"`
	}](t, author, "bulletin", "draft", sample(t, 1))
	do(t, refused, author, "bulletin", "approve", draft.ID, "--yes")
	one := inForce(t, a, b)
	do(t, refused, releaser(a), "bulletin", "release", draft.ID, "--agreement", one.reference, "--tlp", "TLP:AMBER+STRICT", "--yes")
}
