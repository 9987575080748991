package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/hub/hubhttp"
	"github.com/concordat-hub/concordat/internal/store/files"
	"github.com/concordat-hub/concordat/internal/store/sqlite"
	"github.com/concordat-hub/concordat/internal/vault"
)

const shutdownWait = 10 * time.Second

func serve(ctx context.Context, o options, log *slog.Logger) error {
	database, err := sqlite.Open(ctx, o.state, sqlite.Options{MaxBytes: o.maxDatabase})
	if err != nil {
		return err
	}
	defer func() { _ = database.Close() }()
	blobs, err := files.Open(filepath.Join(o.state, "blobs"), files.Options{Reserve: o.reserve})
	if err != nil {
		return err
	}
	client, err := connectVault(o)
	if err != nil {
		return err
	}
	defer client.Close()
	certificates, err := loadCertificates(o.tlsCert, o.tlsKey)
	if err != nil {
		return err
	}
	service, err := open(ctx, hub.Config{
		ID: o.id, Store: database, Blobs: blobs, Vault: hub.NewKeys(client, o.vaultMount), Clock: hub.SystemClock(), Log: log,
	})
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: hubhttp.New(hubhttp.Config{
			Service: service, Operator: o.operatorSubject, Log: log, RequestsPerSecond: o.rate,
			Workloads: hubhttp.Workloads{Issuer: o.clusterIssuer, JWKSFile: o.clusterJWKS},
		}),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true, GetCertificate: certificates.get},
		// The deadlines of bodies and responses are each handler's.
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	entries, checkpoint := service.Sizes()
	log.Info("serving", "address", listener.Addr().String(), "url", o.externalURL, "hub", o.id, "entries", entries,
		"checkpoint", checkpoint, "logKey", service.Genesis().LogKey, "registrar", string(service.Genesis().Registrar.Thumbprint()))
	return runUntil(ctx, service, server, listener)
}

// open waits for Vault where the hub has never run: its keys have to be pinned
// first. Later starts do not need Vault to serve what is there.
func open(ctx context.Context, config hub.Config) (*hub.Service, error) {
	for {
		service, err := hub.Open(ctx, config)
		if !errors.Is(err, vault.ErrUnavailable) && !errors.Is(err, vault.ErrDenied) && !errors.Is(err, vault.ErrKeyMissing) {
			return service, err
		}
		config.Log.Warn("waiting for the hub's keys in Vault", "error", err)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(2 * time.Second):
		}
	}
}

func connectVault(o options) (*vault.Client, error) {
	var auth vault.Auth = vault.KubernetesAuth{Mount: o.vaultAuthMount, Role: o.vaultRole, TokenFile: o.vaultToken}
	if o.vaultStaticToken != "" {
		auth = vault.TokenFileAuth{Path: o.vaultStaticToken}
	}
	return vault.New(vault.Config{Address: o.vault, CAFile: o.vaultCA}, auth)
}

// runUntil serves until ctx ends, then lets requests finish and ends the work
// that appends to the ledger, in this order.
func runUntil(ctx context.Context, service *hub.Service, server *http.Server, listener net.Listener) error {
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var group sync.WaitGroup
	group.Go(func() { service.Run(working) })
	server.RegisterOnShutdown(service.EndPolls)
	failed := make(chan error, 1)
	go func() { failed <- server.ServeTLS(listener, "", "") }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		finishing, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWait)
		defer cancel()
		if err = server.Shutdown(finishing); err != nil {
			err = errors.Join(err, server.Close())
		}
	}
	stopWork()
	group.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// certificates reads the serving certificate again when its file changes, since
// whoever issues it renews it under the same name.
type certificates struct {
	cert, key string
	mu        sync.Mutex
	loaded    *tls.Certificate
	modified  time.Time
}

func loadCertificates(cert, key string) (*certificates, error) {
	c := &certificates{cert: cert, key: key}
	_, err := c.get(nil)
	return c, err
}

func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.cert)
	if err == nil && (c.loaded == nil || !info.ModTime().Equal(c.modified)) {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(c.cert, c.key); err == nil {
			c.loaded, c.modified = &pair, info.ModTime()
		}
	}
	if c.loaded != nil {
		return c.loaded, nil // half-written new files: the old certificate goes on
	}
	return nil, fmt.Errorf("serving certificate: %w", err)
}
