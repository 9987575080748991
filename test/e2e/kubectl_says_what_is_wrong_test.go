package e2e

import (
	"context"
	"strings"
	"testing"
)

func TestKubectlSaysInOneLineWhatIsWrongAndWhatToDo(t *testing.T) {
	for line := range strings.Lines(kubectl(t, "get", "agencies", "--no-headers")) {
		if !strings.Contains(line, "True") {
			t.Errorf("an agency is not ready: %s", line)
		}
	}
	if err := control(t.Context(), "stop", "vault"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := control(context.Background(), "start", "vault"); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "an agency to say that Vault does not answer", func() bool {
		return strings.Contains(kubectl(t, "get", "agencies", "--no-headers"), "Vault")
	})
	if err := control(t.Context(), "start", "vault"); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "wait", "--for=condition=Ready", "--timeout=90s", "agencies", "--all")
}
