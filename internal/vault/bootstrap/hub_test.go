package bootstrap_test

import (
	"bytes"
	"crypto"
	"encoding/json"
	"errors"
	"maps"
	"testing"

	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/bootstrap"
)

func TestTheHubSignsAndLocksAtItsOwnMount(t *testing.T) {
	h := newHouse(t)
	hub := h.workload(t, "concordat-system", "concordat-hub", "hub")
	for _, key := range []string{"log-sign", "registrar-sign"} {
		signer, err := hub.Signer(t.Context(), bootstrap.HubMount, key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signer.Sign(nil, []byte("x"), crypto.Hash(0)); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	if err := hub.Ready(t.Context(), bootstrap.HubMount, "log-sign"); err != nil {
		t.Error(err)
	}
	locker, key := hub.Locker(bootstrap.HubMount), bytes.Repeat([]byte{5}, 32)
	wrapped, err := locker.LockKey(t.Context(), "agr-one", key, []byte("part 1"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := locker.UnlockKey(t.Context(), "agr-one", wrapped, []byte("part 1")); err != nil || !bytes.Equal(again, key) {
		t.Errorf("%x: %v", again, err)
	}
	for name, other := range map[string]struct{ agreement, aad string }{
		"another agreement": {"agr-two", "part 1"}, "another part": {"agr-one", "part 2"},
	} {
		if _, err := locker.UnlockKey(t.Context(), other.agreement, wrapped, []byte(other.aad)); !errors.Is(err, vault.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheHubReachesNoAgency(t *testing.T) {
	h := newHouse(t)
	hub := h.as(t, "concordat-system", "concordat-hub", "hub")
	forbidden := maps.Clone(keyMatter)
	for _, allowed := range []string{"sign checkpoints", "admit agencies", "lock headers", "unlock headers"} {
		delete(forbidden, allowed)
	}
	for _, key := range []string{"officer-sign", "desk-sign", "witness-sign", "wrap"} {
		forbidden["read "+key] = operation{"GET", m + "/keys/" + key + "?type=ed25519", nil}
	}
	forbidden["rotate its own log key"] = operation{"POST", "concordat-hub/keys/log-sign/rotate", nil}
	forbidden["export its own log key"] = operation{"GET", "concordat-hub/export/signing-key/log-sign", nil}
	forbidden["back up its own lock"] = operation{"GET", "concordat-hub/backup/lock", nil}
	forbidden["encrypt under a new name"] = operation{"POST", "concordat-hub/encrypt/other", fields{"plaintext": "eA==", "context": "eA=="}}
	denied(t, hub, forbidden)
	denied(t, hub, power)
}

func asInt(t *testing.T, v any) int64 {
	t.Helper()
	number, ok := v.(json.Number)
	if !ok {
		t.Fatalf("%v is no number", v)
	}
	n, err := number.Int64()
	if err != nil {
		t.Fatal(err)
	}
	return n
}
