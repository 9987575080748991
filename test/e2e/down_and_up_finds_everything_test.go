package e2e

import "testing"

func TestDownAndUpFindsEverythingAsItWas(t *testing.T) {
	one := inForce(t, a, b)
	item := released(t, one, 1)
	arrives(t, b, item)
	if err := control(t.Context(), "down"); err != nil {
		t.Fatal(err)
	}
	if err := control(t.Context(), "up"); err != nil {
		t.Fatal(err)
	}
	if err := platform.Reload(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the item to be read", func() bool {
		result, err := analyst(b).Do(t.Context(), open(item)...)
		return err == nil && result.Code == ok
	})
	if state := one.at(t, a).State; state != "in-force" {
		t.Errorf("the agreement is %s", state)
	}
}
