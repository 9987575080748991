package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// up is one run of bringing the platform up.
type up struct {
	layout
	ports    ports
	ca       *authority
	progress progress
}

func newUp(l layout) (*up, error) {
	if err := l.make(); err != nil {
		return nil, err
	}
	p, err := l.ports()
	if err != nil {
		return nil, err
	}
	ca, err := loadAuthority(l)
	if err != nil {
		return nil, err
	}
	return &up{layout: l, ports: p, ca: ca, progress: newProgress(os.Stderr)}, nil
}

type step struct {
	what string
	do   func(context.Context) error
}

// comeUp starts everything that does not run yet, in the order in which trust is
// built: authority, apiserver, Vault, bootstrap, hub, operator, desks.
func comeUp(ctx context.Context, l layout, bare bool) error {
	u, err := newUp(l)
	if err != nil {
		return err
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	steps := []step{
		{"certificates", func(context.Context) error { return u.certificates() }},
		{"etcd", u.startEtcd},
		{"kube-apiserver", u.startAPIServer},
		{"kube-controller-manager", u.startControllerManager},
		{"kinds, roles and admission policies", u.applyManifests},
		{"ServiceAccount tokens", u.firstTokens},
		{"Vault, unsealed and audited", u.startVault},
		{"Vault's mounts, keys, policies and roles", u.bootstrapVault},
		{"identity provider", u.startProvider},
		{"stand-in for the kubelet", u.startNode},
		{"hub", u.startHub},
		{"operator", u.startOperator},
	}
	if !bare {
		_ = os.Remove(u.path(storyOnly)) // from now on it is somebody's
		steps = append(steps, u.agencySteps()...)
	}
	steps = append(steps, step{"environment file", func(ctx context.Context) error { return u.writeEnv(ctx) }})
	for _, s := range steps {
		if err := u.progress.step(ctx, s.what, s.do); err != nil {
			return fmt.Errorf("%s: %w", s.what, err)
		}
	}
	fmt.Fprintf(os.Stderr, "\nThe platform is up after %.0f s. In a shell:  . %s/env\n", time.Since(began).Seconds(), u.dir)
	return nil
}

func (u *up) firstTokens(ctx context.Context) error {
	client, err := u.kubernetes()
	if err != nil {
		return err
	}
	return u.until(ctx, "", func(ctx context.Context) error { return u.writeTokens(ctx, client) })
}

func (u *up) startNode(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := u.start(process{name: "node", path: self, args: []string{"--dir=" + u.dir, "node"}}); err != nil {
		return err
	}
	return u.until(ctx, "node", func(ctx context.Context) error {
		_, err := u.kubectl(ctx, "get", "node", nodeName)
		return err
	})
}
