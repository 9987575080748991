package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestAReceiptVerifiesOfflineAndNotWithOneByteChanged(t *testing.T) {
	one := inForce(t, a, b)
	item := released(t, one, 1)
	arrives(t, b, item)
	do(t, ok, analyst(b), open(item)...)
	logKey := get[agreementView](t, signatory(b), "agreement", "show", one.reference).LogKey
	for _, of := range []struct{ agency, what string }{{a, "release"}, {b, "open"}} {
		file := filepath.Join(t.TempDir(), "receipt")
		do(t, ok, analyst(of.agency), "receipt", "get", item, "--of", of.what, "--out", file)
		if result, err := platform.Concordat(t.Context(), "receipt", "verify", file, "--log-key", logKey); err != nil || result.Code != ok {
			t.Fatalf("the receipt of the %s does not verify: %v %s", of.what, err, result.Stderr)
		}
		receipt, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []int{0, len(receipt) / 4, len(receipt) / 2, len(receipt) - 3} {
			changed := bytes.Clone(receipt)
			changed[at] ^= 1
			if err := os.WriteFile(file, changed, 0o600); err != nil {
				t.Fatal(err)
			}
			if result, err := platform.Concordat(t.Context(), "receipt", "verify", file, "--log-key", logKey); err != nil || result.Code != failed {
				t.Errorf("the receipt of the %s with byte %d changed: exit code %d, %v", of.what, at, result.Code, err)
			}
		}
	}
}
