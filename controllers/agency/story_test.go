package agency_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
)

// edit changes an Agency as an administrator does with kubectl edit.
func (w *world) edit(t *testing.T, name string, change func(*v1alpha1.Agency)) {
	t.Helper()
	before := w.get(t, name)
	after := before.DeepCopy()
	change(after)
	if err := w.kube.Patch(t.Context(), after, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
}

// eventually waits until it is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there was never %s", what)
		}
	}
}

// vaultWrites counts in Vault's own audit log what changed something there.
// Logins are not counted: a probe of the officers' login changes nothing.
func vaultWrites(t *testing.T, w *world) int {
	t.Helper()
	file, err := os.Open(w.vault.AuditFiles[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	writes := 0
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var line struct {
			Type    string
			Request struct{ Operation, Path string }
		}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		changes := line.Request.Operation != "read" && line.Request.Operation != "list"
		if line.Type == "request" && changes && !strings.HasPrefix(line.Request.Path, "auth/idp-") {
			writes++
		}
	}
	return writes
}
