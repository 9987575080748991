package main

import (
	"context"
	"crypto/x509/pkix"
	"fmt"
)

// systemNamespace is where hub and operator have their ServiceAccounts.
const systemNamespace = "concordat-system"

func (u *up) startEtcd(ctx context.Context) error {
	client, peer := loopback(u.ports.Etcd), loopback(u.ports.EtcdPeer)
	ca, cert, key := u.caFile(), u.path("pki", "etcd.crt"), u.path("pki", "etcd.key")
	return u.start(process{name: "etcd", path: u.path("bin", "etcd"), args: []string{
		"--name=local", "--data-dir=" + u.path("etcd"), "--logger=zap", "--log-level=warn",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=local=" + peer,
		"--trusted-ca-file=" + ca, "--cert-file=" + cert, "--key-file=" + key, "--client-cert-auth",
		"--peer-trusted-ca-file=" + ca, "--peer-cert-file=" + cert, "--peer-key-file=" + key, "--peer-client-cert-auth",
	}})
}

// certificates makes what the control plane, Vault, the provider and the hub
// serve with, and the clients' that speak to the apiserver.
func (u *up) certificates() error {
	if err := u.serviceAccountKeys(); err != nil {
		return err
	}
	for _, name := range []string{"apiserver", "etcd", "vault", "idp", "hub"} {
		if err := u.ca.server(name, "kubernetes", "kubernetes.default", "kubernetes.default.svc"); err != nil {
			return err
		}
	}
	for name, subject := range map[string]pkix.Name{
		"admin":                   {CommonName: "admin", Organization: []string{"system:masters"}},
		"kube-controller-manager": {CommonName: "system:kube-controller-manager"},
	} {
		if err := u.ca.client(name, subject); err != nil {
			return err
		}
		file := u.path(name + ".kubeconfig")
		if name == "admin" {
			file = u.path("kubeconfig")
		}
		if err := u.kubeconfig(file, name, loopback(u.ports.API), ""); err != nil {
			return err
		}
	}
	return u.kubeconfig(u.path("operator.kubeconfig"), "concordat-operator", loopback(u.ports.API), u.path("tokens", "operator-kube"))
}

func (u *up) startAPIServer(ctx context.Context) error {
	api := loopback(u.ports.API)
	err := u.start(process{name: "kube-apiserver", path: u.path("bin", "kube-apiserver"), args: []string{
		"--etcd-servers=" + loopback(u.ports.Etcd), "--etcd-cafile=" + u.caFile(),
		"--etcd-certfile=" + u.path("pki", "etcd.crt"), "--etcd-keyfile=" + u.path("pki", "etcd.key"),
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", u.ports.API),
		"--tls-cert-file=" + u.path("pki", "apiserver.crt"), "--tls-private-key-file=" + u.path("pki", "apiserver.key"),
		"--client-ca-file=" + u.caFile(), "--service-cluster-ip-range=10.0.0.0/16",
		"--service-account-issuer=" + api, "--api-audiences=" + api,
		"--service-account-key-file=" + u.path("pki", "sa.pub"), "--service-account-signing-key-file=" + u.path("pki", "sa.key"),
		"--authorization-mode=RBAC", "--allow-privileged=false", "--endpoint-reconciler-type=none", "--profiling=false",
		"--enable-admission-plugins=NamespaceLifecycle,LimitRanger,ServiceAccount,ResourceQuota,PodSecurity,ValidatingAdmissionPolicy",
	}})
	if err != nil {
		return err
	}
	return u.until(ctx, "kube-apiserver", func(ctx context.Context) error {
		_, err := u.kubectl(ctx, "get", "--raw", "/readyz")
		return err
	})
}

func (u *up) startControllerManager(context.Context) error {
	return u.start(process{name: "kube-controller-manager", path: u.path("bin", "kube-controller-manager"), args: []string{
		"--kubeconfig=" + u.path("kube-controller-manager.kubeconfig"), "--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", u.ports.Controllers), "--leader-elect=false", "--use-service-account-credentials=true",
		"--service-account-private-key-file=" + u.path("pki", "sa.key"), "--root-ca-file=" + u.caFile(), "--profiling=false",
		"--concurrent-deployment-syncs=2", "--node-monitor-grace-period=1h",
		// Pods are processes on loopback here, which no endpoint may name.
		"--controllers=*,-endpoints-controller,-endpointslice-controller,-endpointslice-mirroring-controller",
	}})
}

// kubectl runs kubectl as the platform's administrator.
func (u *up) kubectl(ctx context.Context, args ...string) (string, error) {
	return run(ctx, nil, u.path("bin", "kubectl"), append([]string{"--kubeconfig=" + u.path("kubeconfig")}, args...)...)
}

// applyManifests applies the same manifests as on a real cluster, without the
// Deployments of hub and operator, which run here as processes of their own.
func (u *up) applyManifests(ctx context.Context) error {
	return u.until(ctx, "", func(ctx context.Context) error {
		_, err := u.kubectl(ctx, "apply", "--server-side", "--force-conflicts", "-k", u.root()+"/config/local")
		return err
	})
}
