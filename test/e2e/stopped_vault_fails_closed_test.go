package e2e

import (
	"context"
	"testing"
)

func TestWithoutVaultNothingOpens(t *testing.T) {
	one := inForce(t, a, b)
	item := released(t, one, 1)
	arrives(t, b, item)
	if err := control(t.Context(), "stop", "vault"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := control(context.Background(), "start", "vault"); err != nil { // the test's own context has ended
			t.Error(err)
		}
	})
	do(t, unavailable, analyst(b), open(item)...)
	if err := control(t.Context(), "start", "vault"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "opening to go on", func() bool {
		result, err := analyst(b).Do(t.Context(), open(item)...)
		return err == nil && result.Code == ok
	})
}
