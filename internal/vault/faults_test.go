package vault_test

import (
	"crypto"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/vaulttest"
)

// calls are one call of each sort; all must fail alike while Vault is away.
func calls(t *testing.T, client *vault.Client, signer *vault.Signer) map[string]func() error {
	return map[string]func() error{
		"sign":    func() error { return second(signer.Sign(nil, []byte("x"), crypto.Hash(0))) },
		"encrypt": func() error { return second(client.Encrypt(t.Context(), mount, "wrap", []byte("x"), nil)) },
		"decrypt": func() error { return second(client.Decrypt(t.Context(), mount, "wrap", "vault:v1:AAAA", nil)) },
		"read":    func() error { return second(client.CheckKey(t.Context(), mount, "wrap", vault.TypeAES, "")) },
		"ready":   func() error { return client.Ready(t.Context(), mount, "desk-sign") },
		"ensure":  func() error { return second(client.EnsureKey(t.Context(), mount, "wrap", vault.TypeAES)) },
	}
}

func eachFails(t *testing.T, calls map[string]func() error, want error) {
	t.Helper()
	for name, call := range calls {
		begin := time.Now()
		err := call()
		if took := time.Since(begin); took > vault.MaxTimeout+500*time.Millisecond {
			t.Errorf("%s took %s", name, took)
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// awaitReady polls until Vault serves again; the client needs no help.
func awaitReady(t *testing.T, client *vault.Client) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := client.Ready(t.Context(), mount, "desk-sign")
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestASealedVaultIsSaidToBeSealedAndServesAfterUnsealing(t *testing.T) {
	server := vaulttest.Start(t)
	client := server.Client(server.RootToken)
	agency(t, client, mount)
	signer, err := client.Signer(t.Context(), mount, "desk-sign")
	if err != nil {
		t.Fatal(err)
	}
	server.Seal()
	eachFails(t, calls(t, client, signer), vault.ErrSealed)
	server.Unseal()
	awaitReady(t, client)
	if _, err := signer.Sign(nil, []byte("x"), crypto.Hash(0)); err != nil {
		t.Error(err)
	}
}

func TestAKilledVaultIsUnavailableAndServesAfterARestart(t *testing.T) {
	server := vaulttest.Start(t)
	client := server.Client(server.RootToken)
	known := agency(t, client, mount)["desk-sign"].Thumbprint
	signer, err := client.Signer(t.Context(), mount, "desk-sign")
	if err != nil {
		t.Fatal(err)
	}
	server.Kill()
	eachFails(t, calls(t, client, signer), vault.ErrUnavailable)
	server.Restart()
	awaitReady(t, client)
	if _, err := client.CheckKey(t.Context(), mount, "desk-sign", vault.TypeEd25519, known); err != nil {
		t.Errorf("after kill -9: %v", err)
	}
}

// A process that is stopped keeps its connections open and answers nothing, as behind a network that
// drops packets.
func TestASilentVaultIsUnavailableInTimeWithoutPilingUp(t *testing.T) {
	server := vaulttest.Start(t)
	client := server.Client(server.RootToken)
	agency(t, client, mount)
	signer, err := client.Signer(t.Context(), mount, "desk-sign")
	if err != nil {
		t.Fatal(err)
	}
	server.Pause()
	before := runtime.NumGoroutine()
	failed := make(chan error, 64)
	begin := time.Now()
	for range cap(failed) {
		go func() { failed <- second(signer.Sign(nil, []byte("x"), crypto.Hash(0))) }()
	}
	for range cap(failed) {
		if err := <-failed; !errors.Is(err, vault.ErrUnavailable) {
			t.Errorf("%v", err)
		}
	}
	if took := time.Since(begin); took > vault.MaxTimeout+time.Second {
		t.Errorf("took %s", took)
	}
	begin = time.Now()
	if _, err := signer.Sign(nil, []byte("x"), crypto.Hash(0)); !errors.Is(err, vault.ErrUnavailable) {
		t.Error(err)
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("the breaker is not open: the next call took %s", took)
	}
	server.Resume()
	awaitReady(t, client)
	client.Close()
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before+4 {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// With every audit device full, Vault's health page still says 200; only doing the thing shows it.
func TestAFullAuditDiskMakesTheCanaryFailAndOneOfTwoDoesNot(t *testing.T) {
	server := vaulttest.Start(t)
	client, root := server.Client(server.RootToken), server.Root()
	agency(t, client, mount)
	_, err := root.Write(t.Context(), "sys/audit/full", map[string]any{
		"type": "file", "options": map[string]any{"file_path": "/dev/full", "mode": "0000", "skip_test": "true"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := root.Delete(t.Context(), "sys/audit/file-1"); err != nil {
		t.Fatal(err)
	}
	if err := client.Ready(t.Context(), mount, "desk-sign"); err != nil {
		t.Errorf("one of two devices is full: %v", err)
	}
	// The answer to this call can no longer be audited, so it fails although it takes effect.
	_ = root.Delete(t.Context(), "sys/audit/file-2")
	if err := client.Ready(t.Context(), mount, "desk-sign"); !errors.Is(err, vault.ErrUnavailable) {
		t.Errorf("every device is full: %v", err)
	}
	if health := server.Health(); health != 200 {
		t.Errorf("the health page says %d; this test assumes that it knows nothing", health)
	}
}
