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
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/bulletin"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/desk"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/desk/rest"
	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/vault"
)

// serve wires the desk and answers until ctx ends.
func serve(ctx context.Context, c config, log *slog.Logger) error {
	store, err := deskstore.Open(c.state)
	if err != nil {
		return err
	}
	defer store.Close()
	d, err := wire(c, store, log)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.listen)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           rest.New(rest.Config{Desk: d, Log: log}),
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: certificate(c.cert, c.key)},
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 60 * time.Second, WriteTimeout: 90 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	worked, served := make(chan error, 1), make(chan error, 1)
	go func() { worked <- d.Run(ctx) }()
	go func() { served <- server.ServeTLS(listener, "", "") }()
	log.Info("serving", "agency", c.agency, "address", listener.Addr().String(), "url", c.externalURL)
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-served: // a listener that ended before it was asked to
	case failed = <-worked:
		worked <- nil
	}
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	stopped := server.Shutdown(grace)
	cancel()
	ended := <-worked // the desk stops before its store closes
	return errors.Join(failed, ended, stopped)
}

func wire(c config, store *deskstore.Store, log *slog.Logger) (*desk.Desk, error) {
	var auth vault.Auth = vault.KubernetesAuth{Mount: c.vaultAuth, Role: c.vaultRole, TokenFile: c.vaultToken}
	if c.vaultStaticToken != "" {
		auth = vault.TokenFileAuth{Path: c.vaultStaticToken}
	}
	vaultConfig := vault.Config{Address: c.vault, CAFile: c.vaultCA}
	vaultClient, err := vault.New(vaultConfig, auth)
	if err != nil {
		return nil, err
	}
	var provider desk.Provider = desk.NoProvider{}
	if c.issuer != "" {
		provider, err = desk.NewOIDC(desk.OIDCConfig{Issuer: c.issuer, ClientID: c.client, CAFile: c.oidcCA, GroupsClaim: c.groupsClaim})
		if err != nil {
			return nil, fmt.Errorf("provider: %w", err)
		}
	}
	kinds, err := item.NewKinds(bulletin.New())
	if err != nil {
		return nil, err
	}
	login := deskapi.Login{
		Issuer: c.issuer, ClientID: c.client, SignClientID: c.signClient,
		Vault: deskapi.LoginVault{Address: c.vault, AuthMount: c.officerAuth, Role: c.officerRole, Mount: c.vaultMount},
	}
	if c.vaultCA != "" {
		pem, err := os.ReadFile(c.vaultCA)
		if err != nil {
			return nil, err
		}
		login.Vault.CA = string(pem)
	}
	return desk.New(desk.Options{
		Agency: act.AgencyName(c.agency), Store: store, Provider: provider, Kinds: kinds, Roles: c.roles, Login: login, Log: log,
		Keys: &desk.VaultKeys{Client: vaultClient, Config: vaultConfig, Mount: c.vaultMount, OfficerMount: c.officerAuth, OfficerRole: c.officerRole},
		ConnectHub: func(bearer func(context.Context) (string, error)) (desk.Hub, error) {
			client, err := hubclient.New(hubclient.Config{URL: c.hub, CAFile: c.hubCA, Bearer: bearer})
			if err != nil {
				return nil, err
			}
			return &desk.RemoteHub{Client: client, Enrolling: client.WithBearer(c.enrolmentBearer())}, nil
		},
	})
}

// enrolmentBearer reads the token at each use: the kubelet replaces it.
func (c config) enrolmentBearer() hubclient.Bearer {
	switch {
	case c.hubToken != "":
		return hubclient.FileBearer(c.hubToken)
	case c.enrolmentCode != "":
		return hubclient.FileBearer(c.enrolmentCode)
	}
	return func(context.Context) (string, error) {
		return "", errors.New("neither --hub-token-file nor --enrolment-code-file is given, and the agency is not enrolled")
	}
}

// certificate reads the pair at each handshake, so that
// a renewed certificate needs no restart.
func certificate(certFile, keyFile string) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return nil, fmt.Errorf("serving certificate: %w", err)
		}
		return &pair, nil
	}
}
