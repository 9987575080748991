package vault_test

import (
	"os"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/vaulttest"
)

const (
	useKey   = `path "m/encrypt/k" { capabilities = ["update"] }` + "\n"
	lookSelf = `path "auth/token/lookup-self" { capabilities = ["read"] }` + "\n"
	renew    = `path "auth/token/renew-self" { capabilities = ["update"] }` + "\n"
)

// keeper is a Vault with a key m/k, and root's hands to give tokens out.
type keeper struct {
	*vaulttest.Server
	t *testing.T
}

func newKeeper(t *testing.T) keeper {
	t.Helper()
	k := keeper{vaulttest.Start(t), t}
	k.write("sys/mounts/m", map[string]any{"type": "transit"})
	k.write("m/keys/k", map[string]any{"type": vault.TypeAES})
	return k
}

func (k keeper) write(path string, body map[string]any) map[string]any {
	k.t.Helper()
	told, err := k.Root().Write(k.t.Context(), path, body)
	if err != nil {
		k.t.Fatal(err)
	}
	return told
}

// token makes one token of a role of its own, with exactly this policy.
func (k keeper) token(policy string, role map[string]any) string {
	k.t.Helper()
	k.write("sys/policies/acl/p", map[string]any{"policy": policy})
	role["allowed_policies"], role["orphan"], role["token_no_default_policy"] = []string{"p"}, true, true
	k.write("auth/token/roles/r", role)
	token, err := k.Root().CreateToken(k.t.Context(), "r")
	if err != nil {
		k.t.Fatal(err)
	}
	return token
}

func (k keeper) client(file string) *vault.Client {
	k.t.Helper()
	client, err := vault.New(k.Config(), vault.TokenFileAuth{Path: file})
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(client.Close)
	return client
}

// worksFor makes calls for a while and returns the first error.
func worksFor(t *testing.T, client *vault.Client, long time.Duration) error {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(long); time.Now().Before(end); <-tick.C {
		if err := encrypt(t, client); err != nil {
			return err
		}
	}
	return nil
}

func TestAProgramsTokenFromAFileLivesOn(t *testing.T) {
	k := newKeeper(t)
	file := tokenFile(t, k.token(useKey+lookSelf+renew, map[string]any{"token_period": 5}))
	client := k.client(file)
	if err := worksFor(t, client, 8*time.Second); err != nil {
		t.Fatalf("a token with a period of 5 s, in use for 8 s: %v", err)
	}
	// What somebody puts into its place is taken at half of the life, without a refusal.
	next := k.token(useKey+lookSelf+renew, map[string]any{"token_period": 60})
	if err := os.WriteFile(file, []byte(next), 0o600); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		if err := worksFor(t, client, 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if k.write("auth/token/lookup", map[string]any{"token": next})["last_renewal"] != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the new token was not taken")
		}
	}
}

// Somebody gave these their end; the keykeeper's hour, for one, must stay an hour.
func TestATokenWithAnEndIsNotRenewed(t *testing.T) {
	k := newKeeper(t)
	k.write("sys/policies/acl/p", map[string]any{"policy": useKey + lookSelf + renew})
	token := k.Token("p")
	if err := encrypt(t, k.client(tokenFile(t, token))); err != nil {
		t.Fatal(err)
	}
	if told := k.write("auth/token/lookup", map[string]any{"token": token}); told["renewable"] != true || told["last_renewal"] != nil {
		t.Errorf("%v", told)
	}
}

// Its maker renews it: a token that may only do its work is used as it is.
func TestATokenThatMayNotRenewItselfWorks(t *testing.T) {
	k := newKeeper(t)
	for name, policy := range map[string]string{"nor look": useKey, "but look": useKey + lookSelf} {
		token := k.token(policy, map[string]any{"token_period": 60})
		if err := encrypt(t, k.client(tokenFile(t, token))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
