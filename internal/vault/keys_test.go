package vault_test

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"

	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/vaulttest"
)

const mount = "concordat/agency-agencya"

// agency makes a mount with the four keys, as the operator does.
func agency(t *testing.T, client *vault.Client, mount string) map[string]vault.Key {
	t.Helper()
	if err := client.EnsureMount(t.Context(), mount); err != nil {
		t.Fatal(err)
	}
	keys := map[string]vault.Key{}
	for name, typ := range map[string]string{
		"officer-sign": vault.TypeEd25519, "desk-sign": vault.TypeEd25519,
		"witness-sign": vault.TypeEd25519, "wrap": vault.TypeAES,
	} {
		key, err := client.EnsureKey(t.Context(), mount, name, typ)
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = key
	}
	return keys
}

func TestMountAndKeysAreMadeOnceAndReadBack(t *testing.T) {
	server := vaulttest.Start(t)
	client := server.Client(server.RootToken)
	first := agency(t, client, mount)
	second := agency(t, client, mount)
	for name, key := range first {
		again := second[name]
		if !key.Created || again.Created {
			t.Errorf("%s: made at first %v, made again %v", name, key.Created, again.Created)
		}
		if key.Thumbprint != again.Thumbprint || (key.Thumbprint == "") != (name == "wrap") || key.Latest != 1 {
			t.Errorf("%s: %+v, then %+v", name, key, again)
		}
	}
	settings, err := server.Root().Read(t.Context(), mount+"/config/keys", nil)
	if err != nil || settings["disable_upsert"] != true {
		t.Errorf("settings %v: %v", settings, err)
	}
}

func TestAMountOfAnotherTypeIsNotTaken(t *testing.T) {
	server := vaulttest.Start(t)
	if _, err := server.Root().Write(t.Context(), "sys/mounts/"+mount, map[string]any{"type": "kv"}); err != nil {
		t.Fatal(err)
	}
	if err := server.Client(server.RootToken).EnsureMount(t.Context(), mount); !errors.Is(err, vault.ErrRefused) {
		t.Error(err)
	}
}

// A key is trusted only where every trace says that it was made in Vault and never left it.
func TestATamperedKeyIsNoticed(t *testing.T) {
	server := vaulttest.Start(t)
	client, root := server.Client(server.RootToken), server.Root()
	if err := client.EnsureMount(t.Context(), mount); err != nil {
		t.Fatal(err)
	}
	write := func(path string, body map[string]any) map[string]any {
		t.Helper()
		data, err := root.Write(t.Context(), mount+"/"+path, body)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	fresh := func(name string) {
		t.Helper()
		if _, err := client.EnsureKey(t.Context(), mount, name, vault.TypeEd25519); err != nil {
			t.Fatal(err)
		}
	}
	for name, tamper := range map[string]func(name string){
		"another-type":    func(name string) { write("keys/"+name, map[string]any{"type": vault.TypeAES}) },
		"made-exportable": func(name string) { fresh(name); write("keys/"+name+"/config", map[string]any{"exportable": true}) },
		"open-to-backup": func(name string) {
			fresh(name)
			write("keys/"+name+"/config", map[string]any{"allow_plaintext_backup": true})
		},
		"derived": func(name string) { write("keys/"+name, map[string]any{"type": vault.TypeEd25519, "derived": true}) },
		// Whoever holds a backup can edit it: here it claims never to have been exportable.
		"restored": func(name string) {
			write("keys/source", map[string]any{"type": vault.TypeEd25519, "exportable": true, "allow_plaintext_backup": true})
			backup, err := root.Read(t.Context(), mount+"/backup/source", nil)
			if err != nil {
				t.Fatal(err)
			}
			fresh(name)
			write("restore/"+name, map[string]any{"backup": cleaned(t, backup["backup"].(string)), "force": true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			tamper(name)
			if _, err := client.EnsureKey(t.Context(), mount, name, vault.TypeEd25519); !errors.Is(err, vault.ErrKeyTampered) {
				t.Errorf("EnsureKey: %v", err)
			}
			if _, err := client.Signer(t.Context(), mount, name); !errors.Is(err, vault.ErrKeyTampered) {
				t.Errorf("Signer: %v", err)
			}
		})
	}
}

func TestAKeyThatTheLedgerKnowsByAnotherThumbprintIsTampered(t *testing.T) {
	server := vaulttest.Start(t)
	client := server.Client(server.RootToken)
	keys := agency(t, client, mount)
	known, other := keys["desk-sign"].Thumbprint, keys["witness-sign"].Thumbprint
	if _, err := client.CheckKey(t.Context(), mount, "desk-sign", vault.TypeEd25519, known); err != nil {
		t.Error(err)
	}
	if _, err := client.CheckKey(t.Context(), mount, "desk-sign", vault.TypeEd25519, other); !errors.Is(err, vault.ErrKeyTampered) {
		t.Error(err)
	}
	if _, err := client.SignerFor(t.Context(), mount, "desk-sign", other); !errors.Is(err, vault.ErrKeyTampered) {
		t.Error(err)
	}
}

// A key or mount that vanished is said to be missing, by every call, and nothing makes it anew in
// passing; signatures made before still verify, since that asks nobody.
func TestAKeyThatWasDeletedStaysMissing(t *testing.T) {
	server := vaulttest.Start(t)
	client, root := server.Client(server.RootToken), server.Root()
	keys := agency(t, client, mount)
	old, err := client.Signer(t.Context(), mount, "desk-sign")
	if err != nil {
		t.Fatal(err)
	}
	signature, err := old.Sign(nil, []byte("before"), crypto.Hash(0))
	if err != nil {
		t.Fatal(err)
	}
	remove := func(key string) {
		t.Helper()
		if _, err := root.Write(t.Context(), mount+"/keys/"+key+"/config", map[string]any{"deletion_allowed": true}); err != nil {
			t.Fatal(err)
		}
		if err := root.Delete(t.Context(), mount+"/keys/"+key); err != nil {
			t.Fatal(err)
		}
	}
	remove("desk-sign")
	remove("wrap")
	allMissing := func(what string) {
		t.Helper()
		for call, err := range map[string]error{
			"old signer": second(old.Sign(nil, []byte("after"), crypto.Hash(0))),
			"new signer": second(client.Signer(t.Context(), mount, "desk-sign")),
			"ready":      client.Ready(t.Context(), mount, "desk-sign"),
			"encrypt":    second(client.Encrypt(t.Context(), mount, "wrap", []byte("x"), nil)),
			"batch":      second(client.EncryptBatch(t.Context(), mount, "wrap", [][]byte{{1}}, [][]byte{nil})),
			"decrypt":    second(client.Decrypt(t.Context(), mount, "wrap", "vault:v1:AAAA", nil)),
			"check":      second(client.CheckKey(t.Context(), mount, "desk-sign", vault.TypeEd25519, "")),
		} {
			if !errors.Is(err, vault.ErrKeyMissing) {
				t.Errorf("%s, %s: %v", what, call, err)
			}
		}
	}
	allMissing("key deleted")
	allMissing("still deleted")
	if err := root.Delete(t.Context(), "sys/mounts/"+mount); err != nil {
		t.Fatal(err)
	}
	allMissing("mount gone")
	if err := client.CheckMount(t.Context(), mount); !errors.Is(err, vault.ErrKeyMissing) {
		t.Errorf("CheckMount: %v", err)
	}
	if err := client.EnsureMount(t.Context(), mount); err != nil {
		t.Fatal(err)
	}
	allMissing("mounted anew")
	if !ed25519.Verify(keys["desk-sign"].Public[1], []byte("before"), signature) {
		t.Error("the old signature does not verify")
	}
}

// A key that was deleted and made again under the same name starts at version 1 again: a signer that
// knows the old public key must not pass its signatures on.
func TestAKeyThatWasReplacedIsTampered(t *testing.T) {
	server := vaulttest.Start(t)
	client, root := server.Client(server.RootToken), server.Root()
	known := agency(t, client, mount)["desk-sign"].Thumbprint
	signer, err := client.Signer(t.Context(), mount, "desk-sign")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := root.Write(t.Context(), mount+"/keys/desk-sign/config", map[string]any{"deletion_allowed": true}); err != nil {
		t.Fatal(err)
	}
	if err := root.Delete(t.Context(), mount+"/keys/desk-sign"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.EnsureKey(t.Context(), mount, "desk-sign", vault.TypeEd25519); err != nil {
		t.Fatal(err)
	}
	if _, err := signer.Sign(nil, []byte("x"), crypto.Hash(0)); !errors.Is(err, vault.ErrKeyTampered) {
		t.Errorf("Sign: %v", err)
	}
	if _, err := client.SignerFor(t.Context(), mount, "desk-sign", known); !errors.Is(err, vault.ErrKeyTampered) {
		t.Errorf("SignerFor: %v", err)
	}
}

// After rotation the older version still signs for whoever asks for it, and new signers take the new.
func TestRotationKeepsOldVersionsUsable(t *testing.T) {
	server := vaulttest.Start(t)
	client, root := server.Client(server.RootToken), server.Root()
	known := agency(t, client, mount)["desk-sign"].Thumbprint
	ciphertext, err := client.Encrypt(t.Context(), mount, "wrap", []byte("kept"), []byte("aad"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"desk-sign", "wrap"} {
		if _, err := root.Write(t.Context(), mount+"/keys/"+key+"/rotate", nil); err != nil {
			t.Fatal(err)
		}
	}
	signer, err := client.SignerFor(t.Context(), mount, "desk-sign", known)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signer.Sign(nil, []byte("x"), crypto.Hash(0)); err != nil || signer.Version() != 1 {
		t.Errorf("version %d: %v", signer.Version(), err)
	}
	public, latest, err := client.PublicKeys(t.Context(), mount, "desk-sign")
	if err != nil || latest != 2 || len(public) != 2 || vault.Thumbprint(public[1]) != known {
		t.Errorf("latest %d of %d: %v", latest, len(public), err)
	}
	if plaintext, err := client.Decrypt(t.Context(), mount, "wrap", ciphertext, []byte("aad")); err != nil || string(plaintext) != "kept" {
		t.Errorf("%q: %v", plaintext, err)
	}
}

func TestARealBatchWithOneBadItemIsAnError(t *testing.T) {
	server := vaulttest.Start(t)
	client, root := server.Client(server.RootToken), server.Root()
	agency(t, client, mount)
	signer, err := client.Signer(t.Context(), mount, "desk-sign")
	if err != nil {
		t.Fatal(err)
	}
	messages := [][]byte{[]byte("one"), []byte("two"), {}}
	signatures, err := signer.SignBatch(messages)
	if err != nil {
		t.Fatal(err)
	}
	for i, signature := range signatures {
		if !ed25519.Verify(signer.Public().(ed25519.PublicKey), messages[i], signature) {
			t.Errorf("item %d does not verify", i)
		}
	}
	ciphertexts, err := client.EncryptBatch(t.Context(), mount, "wrap", [][]byte{{1}, {2}}, [][]byte{[]byte("a"), []byte("b")})
	if err != nil {
		t.Fatal(err)
	}
	if plaintext, err := client.Decrypt(t.Context(), mount, "wrap", ciphertexts[1], []byte("b")); err != nil || plaintext[0] != 2 {
		t.Errorf("%v: %v", plaintext, err)
	}
	// A derived key wants a context per item; items without one fail one by one.
	if _, err := root.Write(t.Context(), mount+"/keys/contextual", map[string]any{"type": vault.TypeAES, "derived": true}); err != nil {
		t.Fatal(err)
	}
	if got, err := client.EncryptBatch(t.Context(), mount, "contextual", [][]byte{{1}, {2}}, [][]byte{nil, nil}); !errors.Is(err, vault.ErrRefused) {
		t.Errorf("%v: %v", got, err)
	}
}

// cleaned removes from a transit backup every trace but the one that restoring itself leaves.
func cleaned(t *testing.T, backup string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(backup)
	if err != nil {
		t.Fatal(err)
	}
	var data map[string]map[string]any
	if err := json.Unmarshal(raw, &data); err != nil {
		t.Fatal(err)
	}
	policy := data["policy"]
	policy["exportable"], policy["allow_plaintext_backup"] = false, false
	delete(policy, "backup_info")
	if raw, err = json.Marshal(data); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// second drops a call's result, for tables of errors.
func second[T any](_ T, err error) error { return err }
