// Command concordat-vaultd is a real Vault server with only the engines Concordat uses: transit and
// kv, logins by jwt, kubernetes and approle, a file audit device, and storage in files or in memory.
//
// It is Vault's own core and HTTP API behind a small main, because the full vault binary takes many
// minutes to build. It neither initialises nor unseals itself: whoever starts it does that through
// the API (sys/init, sys/unseal), as at a production Vault, and enables engines the same way.
//
// It listens on loopback only, and it is for development and tests. Vault is under the Business
// Source License; this module exists so that the product, which ships only Vault's MPL client, never
// links it.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/physical"
	"github.com/hashicorp/vault/sdk/physical/file"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "concordat-vaultd:", err)
		os.Exit(1)
	}
}

// options are the flags, as they were given.
type options struct {
	listen, storage, tlsCert, tlsKey, log, logLevel string
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("concordat-vaultd", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8200", "loopback `address` to serve on; port 0 takes a free one")
	flags.StringVar(&o.storage, "storage", "", "`directory` that holds the encrypted data; empty keeps it in memory")
	flags.StringVar(&o.tlsCert, "tls-cert", "", "PEM `file` with the server's certificate chain; without it the server speaks plain HTTP")
	flags.StringVar(&o.tlsKey, "tls-key", "", "PEM `file` with the certificate's key")
	flags.StringVar(&o.log, "log", "", "`file` to append the server's log to; empty is standard error")
	flags.StringVar(&o.logLevel, "log-level", "warn", "trace, debug, info, warn or error")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return o, errors.New("--tls-cert and --tls-key go together")
	}
	return o, nil
}

// run serves until ctx ends, then seals the core. A process that is killed loses nothing it
// acknowledged, since the file storage renames finished files into place; a machine that loses power
// may, since it does not fsync them. Both are fine for sample keys and for nothing else.
func run(ctx context.Context, args []string, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	logOut := stderr
	if o.log != "" {
		f, err := os.OpenFile(o.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		logOut = f
	}
	logger := hclog.New(&hclog.LoggerOptions{Name: "vault", Output: logOut, Level: hclog.LevelFromString(o.logLevel)})

	listener, err := listen(o)
	if err != nil {
		return err
	}
	defer listener.Close()
	core, err := newCore(o, listener.Addr(), logger)
	if err != nil {
		return err
	}
	server := newServer(core, listener.Addr(), logger)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	// One line on standard error, so that a runner that asked for port 0 learns the port.
	fmt.Fprintf(stderr, "concordat-vaultd: serving on %s\n", url(o, listener.Addr()))

	select {
	case err := <-failed:
		return errors.Join(err, core.ShutdownWait())
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = server.Shutdown(grace) // a client that keeps its request open is cut off by the core's own end
	return core.ShutdownWait()
}

// listen opens the port, with TLS when a certificate was given. An address that is not loopback is
// refused: this server guards nothing but sample keys.
func listen(o options) (net.Listener, error) {
	addr, err := net.ResolveTCPAddr("tcp", o.listen)
	if err != nil {
		return nil, err
	}
	if !addr.IP.IsLoopback() {
		return nil, fmt.Errorf("--listen %s is not a loopback address", o.listen)
	}
	plain, err := net.ListenTCP("tcp", addr)
	if err != nil || o.tlsCert == "" {
		return plain, err
	}
	pair, err := tls.LoadX509KeyPair(o.tlsCert, o.tlsKey)
	if err != nil {
		plain.Close()
		return nil, err
	}
	return tls.NewListener(plain, &tls.Config{
		Certificates: []tls.Certificate{pair},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
	}), nil
}

func url(o options, addr net.Addr) string {
	if o.tlsCert == "" {
		return "http://" + addr.String()
	}
	return "https://" + addr.String()
}

// newCore makes a sealed core over the storage. What it holds is as it was at the last stop.
func newCore(o options, addr net.Addr, logger hclog.Logger) (*vault.Core, error) {
	var store physical.Backend
	var err error
	storageType := "file"
	if o.storage == "" {
		storageType = "inmem"
		store, err = inmem.NewInmem(nil, logger.Named("storage"))
	} else {
		if err := os.MkdirAll(o.storage, 0o700); err != nil {
			return nil, err
		}
		store, err = file.NewFileBackend(map[string]string{"path": o.storage}, logger.Named("storage"))
	}
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	return vault.NewCore(&vault.CoreConfig{
		Physical:           store,
		StorageType:        storageType,
		Logger:             logger,
		LogLevel:           o.logLevel,
		RedirectAddr:       url(o, addr),
		ClusterName:        "concordat-local",
		DisableMlock:       true, // locking memory needs a privilege that developers do not have
		BuiltinRegistry:    builtin{},
		LogicalBackends:    secretsEngines,
		CredentialBackends: loginMethods,
		AuditBackends:      auditDevices,
	})
}

func newServer(core *vault.Core, addr net.Addr, logger hclog.Logger) *http.Server {
	handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{
		Core: core,
		// The handler reads its limits from here, and panics on some paths without it.
		ListenerConfig: &configutil.Listener{
			Type:                  "tcp",
			Address:               addr.String(),
			MaxRequestSize:        vaulthttp.DefaultMaxRequestSize,
			MaxRequestDuration:    vault.DefaultMaxRequestDuration,
			DisableRequestLimiter: true,
		},
	})
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       5 * time.Minute,
		ErrorLog:          logger.StandardLogger(nil),
	}
}
