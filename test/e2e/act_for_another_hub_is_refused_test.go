package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
)

// An officer's true signature, made for another hub, says nothing here.
func TestAnActForAnotherHubIsRefused(t *testing.T) {
	one := document(t, a, b)
	raw, err := os.ReadFile(one.file)
	if err != nil {
		t.Fatal(err)
	}
	forged := newForger(t, a)
	proposal := &act.AgreementPropose{Common: forged.common(), Document: string(raw)}
	proposal.Audience = "elsewhere.example/hub"
	signed := forged.sign(t, act.OfficerSign, forged.kid(act.OfficerSign), proposal)
	forged.refuses(t, signed, "sig_audience")

	file := filepath.Join(t.TempDir(), "act.jws")
	if err := os.WriteFile(file, []byte(signed), 0o600); err != nil {
		t.Fatal(err)
	}
	do(t, refused, signatory(a), "agreement", "submit", file)

	proposal.Audience = hubID // and nothing else was wrong with it
	if err := os.WriteFile(file, []byte(forged.sign(t, act.OfficerSign, forged.kid(act.OfficerSign), proposal)), 0o600); err != nil {
		t.Fatal(err)
	}
	do(t, ok, signatory(a), "agreement", "submit", file)
	eventually(t, "the agreement to be proposed", func() bool { return one.at(t, a).State == "proposed" })
}
