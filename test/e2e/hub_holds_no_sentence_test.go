package e2e

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// The sentence stands in the sample bulletin, in what the reader opened, and
// nowhere else: not at the hub, not in a log, not at rest at either desk.
func TestOnlyTheReadersHoldTheSentence(t *testing.T) {
	const sentence = "job offers on general websites"
	one := inForce(t, a, b)
	item := released(t, one, 1)
	arrives(t, b, item)
	opened := do(t, ok, analyst(b), open(item)...)
	if !bytes.Contains([]byte(words(opened.Stdout)), []byte(sentence)) {
		t.Fatalf("the reader did not read the sentence:\n%s", opened.Stdout)
	}
	searched := 0
	for _, name := range []string{"hub", "logs", "volumes", "pods", "audit", "vault", "etcd"} {
		err := filepath.WalkDir(filepath.Join(folder, name), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return nil // files come and go while the platform runs
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return nil
			}
			searched++
			if bytes.Contains(raw, []byte(sentence)) {
				t.Errorf("%s holds the sentence", path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if searched < 10 {
		t.Fatalf("only %d files were searched", searched)
	}
}
