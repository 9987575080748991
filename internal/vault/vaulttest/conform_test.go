package vaulttest_test

import (
	"errors"
	"testing"

	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/vaulttest"
)

const mount = "concordat/agency-agencya"

func TestTheFakeBehavesLikeVault(t *testing.T) {
	var fake vaulttest.Fake
	fake.AddSigningKey(mount, "desk-sign")
	fake.AddKey(mount, "wrap")
	fake.AddKey(mount, "lock")
	vaulttest.Conform(t, fake.Subject(mount, "desk-sign", "wrap"))
}

func TestTheClientOnARealServer(t *testing.T) {
	server := vaulttest.Start(t)
	client, root := server.Client(server.RootToken), server.Root()
	if err := client.EnsureMount(t.Context(), mount); err != nil {
		t.Fatal(err)
	}
	for key, typ := range map[string]string{"desk-sign": vault.TypeEd25519, "wrap": vault.TypeAES} {
		if _, err := client.EnsureKey(t.Context(), mount, key, typ); err != nil {
			t.Fatal(err)
		}
	}
	body := map[string]any{"type": vault.TypeAES, "derived": true}
	if _, err := root.Write(t.Context(), mount+"/keys/lock", body); err != nil {
		t.Fatal(err)
	}
	vaulttest.Conform(t, vaulttest.Of(client, mount, "desk-sign", "wrap"))
}

func TestAFailingFakeFailsEverywhereUntilItIsMended(t *testing.T) {
	var fake vaulttest.Fake
	fake.AddSigningKey(mount, "desk-sign")
	signer, err := fake.Signer(t.Context(), mount, "desk-sign")
	if err != nil {
		t.Fatal(err)
	}
	fake.Fail(vault.ErrSealed)
	if _, err := signer.Sign(nil, []byte("x"), nil); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("Sign: %v", err)
	}
	if _, err := fake.Encrypt(t.Context(), mount, "wrap", nil, nil); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("Encrypt: %v", err)
	}
	fake.Fail(nil)
	if _, err := signer.Sign(nil, []byte("x"), nil); err != nil {
		t.Errorf("after mending: %v", err)
	}
}
