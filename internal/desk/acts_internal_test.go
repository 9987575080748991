package desk

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/message"
)

// Whoever adds a kind of act says whether it waits: neither answer goes without
// saying.
func TestEveryKindOfActWaitsOrDoesNot(t *testing.T) {
	files, err := filepath.Glob("../act/*.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`Kind\s+Kind = "([a-z.-]+)"`).FindAllStringSubmatch(string(source), -1) {
			kinds++
			kind := act.Kind(found[1])
			// The registrar's acts are no desk's, and a release and an open have ways of
			// their own.
			own := !strings.HasPrefix(found[1], "agency.") && kind != act.ItemReleaseKind && kind != act.ItemOpenKind
			if _, said := waits[kind]; said != own {
				t.Errorf("%s: said whether it waits: %v, want %v", kind, said, own)
			}
			if waits[kind] && message.Word("en", "act", found[1]) == found[1] {
				t.Errorf("%s waits and has no word", kind)
			}
		}
	}
	if kinds < 30 {
		t.Errorf("only %d kinds were found", kinds)
	}
}
