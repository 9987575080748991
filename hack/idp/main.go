// Command concordat-idp is an OpenID Connect provider for sample officers, and a browser that can
// log them in without a person.
//
// One process stands in for the identity providers of several agencies. Each agency is a realm with
// an issuer of its own, https://127.0.0.1:PORT/<slug>, its own signing key and its own officers, so
// that nothing in one realm is worth anything in another. Clients are public: authorisation code
// flow with PKCE S256 and nothing weaker (RFC 9700), loopback redirects on any port for native
// clients (RFC 8252 §7.3), `iss` in every response (RFC 9207), and the device grant (RFC 8628) for
// clients that ask for it. There is no single sign-on: every authorisation asks for the password, so
// auth_time is always the time of this login, and max_age=0 holds by construction.
//
// It listens on loopback only and keeps its officers' passwords in a plain file: it is for the demo
// and the tests, never for people.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "concordat-idp:", err)
		os.Exit(1)
	}
}

// run is the provider, or the browser when the first argument is "browser" or the program is called
// by a name that ends in -browser: BROWSER can then name one file.
func run(ctx context.Context, args []string, stderr io.Writer) error {
	if name := filepath.Base(args[0]); len(name) > 8 && name[len(name)-8:] == "-browser" {
		return runBrowser(ctx, args[1:], stderr)
	}
	if len(args) > 1 && args[1] == "browser" {
		return runBrowser(ctx, args[2:], stderr)
	}
	return runServer(ctx, args[1:], stderr)
}

func runServer(ctx context.Context, args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("concordat-idp", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var (
		address = flags.String("listen", "127.0.0.1:8444", "loopback `address` to serve on; port 0 takes a free one")
		cert    = flags.String("tls-cert", "", "PEM `file` with the server's certificate chain (required)")
		key     = flags.String("tls-key", "", "PEM `file` with the certificate's key (required)")
		config  = flags.String("config", "", "JSON `file` with realms, clients and officers (required); read again whenever it changes")
		state   = flags.String("state", "", "`directory` for signing keys, so that tokens outlive a restart (required)")
	)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *cert == "" || *key == "" || *config == "" || *state == "" || flags.NArg() > 0 {
		return errors.New("usage: concordat-idp --tls-cert FILE --tls-key FILE --config FILE --state DIR [--listen 127.0.0.1:PORT]")
	}
	logger := slog.New(slog.NewTextHandler(stderr, nil))

	listener, err := listen(*address, *cert, *key)
	if err != nil {
		return err
	}
	defer listener.Close()
	provider, err := newServer(*config, *state, "https://"+listener.Addr().String(), logger)
	if err != nil {
		return err
	}
	return serve(ctx, listener, provider, logger)
}

// serve answers until ctx ends. SIGHUP reads the configuration again at once; a request does the
// same when the file changed.
func serve(ctx context.Context, listener net.Listener, handler *server, logger *slog.Logger) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)

	web := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	logger.Info("serving", "address", listener.Addr().String())
	for {
		select {
		case err := <-failed:
			return err
		case <-hangup:
			handler.reload()
		case <-ctx.Done():
			grace, cancel := context.WithTimeout(context.Background(), 3*time.Second)
			defer cancel()
			return web.Shutdown(grace)
		}
	}
}

// listen opens a TLS port on loopback, and refuses any other address.
func listen(address, certFile, keyFile string) (net.Listener, error) {
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	if !addr.IP.IsLoopback() {
		return nil, fmt.Errorf("--listen %s is not a loopback address", address)
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	return tls.Listen("tcp", addr.String(), &tls.Config{
		Certificates: []tls.Certificate{pair},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
	})
}
