package vault_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/vaulttest"
)

func TestOfficerLoginIsReadyWithMountConfigurationAndRole(t *testing.T) {
	server := vaulttest.Start(t)
	ready := func() bool {
		return vault.OfficerLoginReady(t.Context(), server.Config(), "idp-agencya", "officer-sign") == nil
	}
	root := server.Root()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	steps := []struct {
		path string
		body map[string]any
	}{
		{"sys/auth/idp-agencya", map[string]any{"type": "jwt"}},
		{"auth/idp-agencya/config", map[string]any{"jwt_validation_pubkeys": []string{key}}},
		{"auth/idp-agencya/role/officer-sign", map[string]any{
			"role_type": "jwt", "user_claim": "sub", "bound_audiences": []string{"concordat-sign-agencya"}, "policies": []string{"none"},
		}},
	}
	for _, step := range steps {
		if ready() {
			t.Fatalf("ready before %s", step.path)
		}
		if _, err := root.Write(t.Context(), step.path, step.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := vault.OfficerLoginReady(t.Context(), server.Config(), "idp-agencya", "officer-sign"); err != nil {
		t.Fatal(err)
	}
	server.Seal()
	if ready() {
		t.Fatal("ready while Vault is sealed")
	}
}
