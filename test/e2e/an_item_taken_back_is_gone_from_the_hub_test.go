package e2e

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sealedBodies are the bodies on the hub's disk, by the digest that names them.
func sealedBodies(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(folder, "hub"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && filepath.Base(filepath.Dir(filepath.Dir(path))) == "bodies" {
			found["sha256:"+entry.Name()] = true
		}
		return nil // files come and go while the platform runs
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

type disposalView struct {
	Part   string   `json:"part"`
	Reason string   `json:"reason"`
	Bodies []string `json:"bodies"`
}

func disposedOf(t *testing.T, agency, item string) []disposalView {
	t.Helper()
	return get[struct {
		Disposals []disposalView `json:"disposals"`
	}](t, auditor(agency), "bulletin", "access", item).Disposals
}

func TestAnItemTakenBackIsGoneFromTheHub(t *testing.T) {
	one := inForce(t, a, b)
	before := sealedBodies(t)
	item := released(t, one, 1)
	arrives(t, b, item)
	do(t, ok, analyst(b), open(item)...)
	var its []string
	for body := range sealedBodies(t) {
		if !before[body] {
			its = append(its, body)
		}
	}
	if len(its) != 2 {
		t.Fatalf("a release has the sealed bodies of content and cover, and %d came", len(its))
	}
	do(t, ok, releaser(a), "bulletin", "retract", item, "--reason", "error", "--yes")
	eventually(t, "the bodies to be gone from the hub's disk", func() bool {
		left := sealedBodies(t)
		return !left[its[0]] && !left[its[1]]
	})
	for _, agency := range []string{a, b} {
		eventually(t, agency+" to have the hub's word", func() bool { return len(disposedOf(t, agency, item)) == 2 })
		var told []string
		for _, one := range disposedOf(t, agency, item) {
			if one.Reason != "disposal_retracted" {
				t.Errorf("%s is told %+v", agency, one)
			}
			told = append(told, one.Bodies...)
		}
		slices.Sort(told)
		slices.Sort(its)
		if !slices.Equal(told, its) {
			t.Errorf("%s is told of %v, and %v went", agency, told, its)
		}
	}
	if said := words(do(t, ok, auditor(a), "bulletin", "access", item, "--lang", "en").Stdout); !strings.Contains(said, "deleted its copy of the content") {
		t.Errorf("the audit says: %s", said)
	}
	do(t, refused, analyst(b), open(item)...)
	if said := words(do(t, ok, releaser(a), "bulletin", "why", item, "--agency", b, "--lang", "en").Stdout); !strings.Contains(said, "retracted it") {
		t.Errorf("why: %s", said)
	}
}
