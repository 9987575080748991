package e2e

import (
	"testing"
)

// Each part is ended as a crash would end it, in the middle of an exchange, and
// started again. What was acknowledged is there, once.
func TestKilledProgramsLoseNothing(t *testing.T) {
	for _, part := range []string{"hub", "vault", "operator", "node"} {
		t.Run(part, func(t *testing.T) {
			one := inForce(t, a, b)
			item := released(t, one, 1)
			if err := control(t.Context(), "kill", part); err != nil {
				t.Fatal(err)
			}
			if err := control(t.Context(), "start", part); err != nil {
				t.Fatal(err)
			}
			eventually(t, item+" to be read", func() bool {
				result, err := analyst(b).Do(t.Context(), open(item)...)
				return err == nil && result.Code == ok
			})
			count := 0
			for _, got := range get[[]struct {
				Item string `json:"item"`
			}](t, analyst(b), "bulletin", "inbox") {
				if got.Item == item {
					count++
				}
			}
			if count != 1 {
				t.Errorf("the item stands in the inbox %d times", count)
			}
		})
	}
}
