package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

// The cluster is lost: etcd begins empty. The same manifests re-attach each
// agency to its identity in the ledger, its mount, and what it received.
func TestAnEmptyClusterReattachesEachAgency(t *testing.T) {
	one := inForce(t, a, b)
	item := released(t, one, 1)
	arrives(t, b, item)
	const identity = `jsonpath={range .items[*]}{.metadata.name} {.status.enrolledIndex} {.status.keys[*].thumbprint}{"\n"}{end}`
	before := kubectl(t, "get", "agencies", "-o", identity)

	if err := control(t.Context(), "down"); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(folder, "etcd")); err != nil {
		t.Fatal(err)
	}
	if err := control(t.Context(), "up"); err != nil {
		t.Fatal(err)
	}
	if err := platform.Reload(); err != nil {
		t.Fatal(err)
	}
	if after := kubectl(t, "get", "agencies", "-o", identity); after != before {
		t.Errorf("identities changed:\nbefore\n%safter\n%s", before, after)
	}
	eventually(t, "the item to be read", func() bool {
		result, err := analyst(b).Do(t.Context(), open(item)...)
		return err == nil && result.Code == ok
	})
}
