// Command program is a small server that tells what it was started with.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	listen := flag.String("listen", ":8443", "")
	cert := flag.String("tls-cert", "", "")
	key := flag.String("tls-key", "", "")
	token := flag.String("token", "", "")
	config := flag.String("config", "", "")
	state := flag.String("state", "", "")
	stubborn := flag.Bool("stubborn", false, "")
	flag.Parse()
	if err := run(*listen, *cert, *key, *token, *config, *state, *stubborn); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(listen, cert, key, token, config, state string, stubborn bool) error {
	note := func(what string) {
		if state == "" {
			return
		}
		f, err := os.OpenFile(filepath.Join(state, "history"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err == nil {
			fmt.Fprintln(f, what)
			f.Close()
		}
	}
	note("started")
	var sick atomic.Bool
	mux := http.NewServeMux()
	tell := func(path string, value func() string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, value()) })
	}
	file := func(path string) func() string {
		return func() string { raw, _ := os.ReadFile(path); return string(raw) }
	}
	tell("/token", file(token))
	tell("/config", file(config))
	tell("/history", file(filepath.Join(state, "history")))
	tell("/pid", func() string { return fmt.Sprint(os.Getpid()) })
	tell("/env", func() string { return os.Getenv("GREETING") + "|" + os.Getenv("HOST_SECRET") })
	tell("/sicken", func() string { sick.Store(true); return "" })
	tell("/readyz", func() string { return "ok" })
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if sick.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	server := &http.Server{Addr: listen, Handler: mux, ReadHeaderTimeout: time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServeTLS(cert, key) }()
	fmt.Println("program listens on", listen)
	for {
		select {
		case err := <-failed:
			return errors.Join(errors.New("serve"), err)
		case <-ctx.Done():
			note("asked to stop")
			if stubborn {
				select {}
			}
			return nil
		}
	}
}
