package hubtest

import (
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/vault/bootstrap"
	"github.com/concordat-hub/concordat/internal/vault/vaulttest"
)

// Vault is a real server that was bootstrapped for a hub.
type Vault struct {
	*vaulttest.Server
	// Token has the hub's own policy and nothing else.
	Token string
}

// StartVault runs a server and makes the hub's mount, keys and policy as
// bootstrap does. Workload logins are not set up: the hub uses Token.
func StartVault(tb testing.TB) *Vault {
	tb.Helper()
	server := vaulttest.Start(tb)
	plan, err := bootstrap.NewPlan(bootstrap.Config{
		KubernetesHost: "https://127.0.0.1:1", KubernetesCA: "-----BEGIN CERTIFICATE-----", ReviewerToken: "a.b.c",
	})
	if err != nil {
		tb.Fatal(err)
	}
	root := server.Root()
	for _, step := range plan.Steps {
		ours := strings.HasPrefix(step.Path, "sys/mounts/"+bootstrap.HubMount) || strings.HasPrefix(step.Path, bootstrap.HubMount+"/") ||
			step.Path == "sys/policies/acl/concordat-hub"
		if !ours {
			continue
		}
		if _, err := root.Write(tb.Context(), step.Path, step.Body); err != nil {
			tb.Fatalf("%s: %v", step.Path, err)
		}
	}
	return &Vault{Server: server, Token: server.Token("concordat-hub")}
}
