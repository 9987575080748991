package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	k8slabels "k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/agency"
	"github.com/concordat-hub/concordat/controllers/agreement"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/vault"
)

// operate runs the manager until ctx ends.
func operate(ctx context.Context, o options, log *slog.Logger) error {
	logger := logr.FromSlogHandler(log.Handler())
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	config, err := kubeConfig(o.kubeconfig)
	if err != nil {
		return err
	}
	mgr, err := newManager(config, o)
	if err != nil {
		return err
	}
	if err := wire(mgr, o); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func kubeConfig(file string) (*rest.Config, error) {
	if file == "" {
		return ctrl.GetConfig()
	}
	return clientcmd.BuildConfigFromFlags("", file)
}

// newManager caches only objects that carry an agency's label, and no ConfigMaps
// or Secrets at all: the operator has no right to list them.
func newManager(config *rest.Config, o options) (ctrl.Manager, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	labelled, err := k8slabels.NewRequirement(v1alpha1.LabelAgency, selection.Exists, nil)
	if err != nil {
		return nil, err
	}
	ours := cache.ByObject{Label: k8slabels.NewSelector().Add(*labelled)}
	config = rest.CopyConfig(config)
	config.UserAgent = agency.FieldManager
	config.QPS, config.Burst = 50, 100
	config.Timeout = 30 * time.Second
	election := rest.CopyConfig(config)
	if o.leaderElect {
		f := &fence{}
		election.Wrap(f.renewing)
		config.Wrap(f.guarding)
	}
	lasts, within := leaseLasts, renewWithin
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		Metrics:                       server.Options{BindAddress: o.metrics},
		HealthProbeBindAddress:        o.health,
		LeaderElection:                o.leaderElect,
		LeaderElectionID:              "concordat-operator",
		LeaderElectionNamespace:       o.systemNamespace,
		LeaderElectionReleaseOnCancel: true,
		LeaderElectionConfig:          election,
		LeaseDuration:                 &lasts,
		RenewDeadline:                 &within,
		Client:                        client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.ConfigMap{}, &corev1.Secret{}}}},
		Cache: cache.Options{ByObject: map[client.Object]cache.ByObject{
			&corev1.Namespace{}: ours, &corev1.ServiceAccount{}: ours, &corev1.ResourceQuota{}: ours, &corev1.Service{}: ours,
			&corev1.PersistentVolumeClaim{}: ours, &rbacv1.RoleBinding{}: ours, &networkingv1.NetworkPolicy{}: ours, &appsv1.Deployment{}: ours,
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("manager: %w", err)
	}
	return mgr, errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("ping", healthz.Ping))
}

// wire connects the controllers with Vault, hub and desks.
func wire(mgr manager.Manager, o options) error {
	hub, err := hubclient.New(hubclient.Config{URL: o.hub, CAFile: o.hubCA, Bearer: hubclient.FileBearer(o.hubToken), Timeout: 5 * time.Second})
	if err != nil {
		return err
	}
	keys, err := connectVault(o)
	if err != nil {
		return err
	}
	logins, err := agency.NewLoginProbe(o.vault, o.vaultCA)
	if err != nil {
		return err
	}
	desks, err := agency.NewDeskProbe(o.deskCA)
	if err != nil {
		return err
	}
	if _, err := o.desk.Bundles(); err != nil {
		return err // rather at once than in each agency's status
	}
	events := mgr.GetEventRecorder(agency.FieldManager)
	agencies := agency.New(agency.Options{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Keys: keys, Officers: logins, Registrar: registrar{hub}, Desks: desks,
		Pulse:  map[string]func(context.Context) error{"hub": hub.Ready, "vault": logins.VaultHealth},
		Events: events, Desk: o.desk, ServiceAccount: client.ObjectKey{Namespace: o.systemNamespace, Name: o.account},
	})
	agreements := agreement.New(agreement.Options{
		Client: mgr.GetClient(), Feed: agreement.NewFeed(ledger{hub}, time.Second), Parties: ledger{hub}, Events: events,
	})
	return errors.Join(agencies.SetupWithManager(mgr), agreements.SetupWithManager(mgr))
}

func connectVault(o options) (*vault.Client, error) {
	var auth vault.Auth = vault.KubernetesAuth{Mount: o.vaultAuthMount, Role: o.vaultRole, TokenFile: o.vaultToken}
	if o.vaultStaticToken != "" {
		auth = vault.TokenFileAuth{Path: o.vaultStaticToken}
	}
	return vault.New(vault.Config{Address: o.vault, CAFile: o.vaultCA}, auth)
}
