package cli

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Wrapping changes where lines end and nothing else.
func TestWrappingLosesNoWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-zé]{1,12}( [a-zé]{1,12}){0,30}`).Draw(t, "text")
		room := rapid.IntRange(1, 60).Draw(t, "room")
		lines := wrap(text, room)
		if joined := strings.Join(lines, " "); joined != text {
			t.Fatalf("%q became %q", text, joined)
		}
		for _, line := range lines {
			if len([]rune(line)) > room && strings.Contains(line, " ") {
				t.Fatalf("the line %q is longer than %d and could be broken", line, room)
			}
		}
	})
}
