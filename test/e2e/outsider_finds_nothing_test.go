package e2e

import "testing"

func TestAnOutsiderFindsNothing(t *testing.T) {
	one := inForce(t, a, b)
	item := released(t, one, 1)
	arrives(t, b, item)
	if items := get[[]any](t, analyst(d), "bulletin", "inbox"); len(items) != 0 {
		t.Errorf("the outsider's inbox holds %d items", len(items))
	}
	if one.at(t, d).ID != "" {
		t.Error("the outsider sees the agreement")
	}
	real := do(t, notFound, analyst(d), open(item)...)
	imagined := do(t, notFound, analyst(d), open("itm-aaaaaaaaaaaaaaaaaaaaaaaaaa")...)
	if real.Stdout != imagined.Stdout || real.Stderr != imagined.Stderr {
		t.Errorf("what exists looks different from what does not:\n%s%s\n%s%s", real.Stdout, real.Stderr, imagined.Stdout, imagined.Stderr)
	}
}
