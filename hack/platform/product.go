package main

import (
	"context"
	"fmt"
)

// HubID is the local hub's id, which is also the origin of its checkpoints.
const hubID = "concordat.local/hub"

// pinKeys writes down the apiserver's ServiceAccount keys: the hub checks the
// tokens of operator and desks offline against them.
func (u *up) pinKeys(ctx context.Context) error {
	keys, err := u.kubectl(ctx, "get", "--raw", "/openid/v1/jwks")
	if err != nil {
		return err
	}
	return replace(u.path("hub", "cluster-jwks.json"), []byte(keys), 0o600)
}

func (u *up) hubProcess() process {
	return process{name: "hub", path: u.program("hub"), args: []string{
		"--id=" + hubID, fmt.Sprintf("--listen=127.0.0.1:%d", u.ports.Hub), "--external-url=" + loopback(u.ports.Hub),
		"--state=" + u.path("hub"), "--tls-cert=" + u.path("pki", "hub.crt"), "--tls-key=" + u.path("pki", "hub.key"),
		"--vault=" + loopback(u.ports.Vault), "--vault-ca=" + u.caFile(), "--vault-token-file=" + u.path("tokens", "hub-vault"), "--vault-role=hub",
		"--cluster-issuer=" + loopback(u.ports.API), "--cluster-jwks-file=" + u.path("hub", "cluster-jwks.json"),
	}}
}

func (u *up) startHub(ctx context.Context) error {
	if err := u.pinKeys(ctx); err != nil {
		return err
	}
	if err := u.start(u.hubProcess()); err != nil {
		return err
	}
	return u.until(ctx, "hub", func(ctx context.Context) error { return u.answers(ctx, loopback(u.ports.Hub)+"/readyz") })
}

func (u *up) operatorProcess() process {
	return process{name: "operator", path: u.program("operator"), args: []string{
		"--kubeconfig=" + u.path("operator.kubeconfig"), "--system-namespace=" + systemNamespace,
		"--hub=" + loopback(u.ports.Hub), "--hub-ca=" + u.caFile(), "--hub-token-file=" + u.path("tokens", "operator-hub"),
		"--vault=" + loopback(u.ports.Vault), "--vault-ca=" + u.caFile(), "--vault-token-file=" + u.path("tokens", "operator-vault"), "--vault-role=operator",
		fmt.Sprintf("--metrics-bind-address=127.0.0.1:%d", u.ports.OperatorMetrics),
		fmt.Sprintf("--health-probe-bind-address=127.0.0.1:%d", u.ports.OperatorHealth), "--leader-elect=true",
		"--desk-image=concordat-desk:local", "--cluster-ca-file=" + u.caFile(),
	}}
}

func (u *up) startOperator(ctx context.Context) error {
	if err := u.start(u.operatorProcess()); err != nil {
		return err
	}
	return u.until(ctx, "operator", func(ctx context.Context) error {
		return u.answers(ctx, fmt.Sprintf("http://127.0.0.1:%d/readyz", u.ports.OperatorHealth))
	})
}
