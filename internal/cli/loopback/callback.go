package loopback

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"time"
)

// answer is what came back with the redirect.
type answer struct {
	code string
	err  error
}

// await serves the redirect until one arrives that carries our state, the
// address could not be shown, or ctx ends.
func (r Request) await(ctx context.Context, listener net.Listener, state, address string) (string, error) {
	answers := make(chan answer, 1)
	server := &http.Server{
		Handler:           r.handler(listener.Addr().String(), state, answers),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10,
	}
	go func() { _ = server.Serve(listener) }()
	// Shutdown lets the browser's page arrive before the program ends.
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = server.Shutdown(closing)
	}()
	visited := make(chan error, 1)
	go func() { visited <- r.Visit(ctx, address) }()
	for {
		select {
		case got := <-answers:
			return got.code, got.err
		case err := <-visited:
			if err != nil {
				return "", err
			}
			visited = nil // shown; now the person's turn
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// handler accepts one redirect. Other requests, from other pages of the browser
// or other programs of this machine, change nothing: without our state they
// cannot end the login either.
func (r Request) handler(host, state string, answers chan<- answer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, func(w http.ResponseWriter, req *http.Request) {
		query := req.URL.Query()
		// A page that rebound its name to 127.0.0.1 speaks with another Host.
		if req.Host != host || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(state)) != 1 {
			http.NotFound(w, req)
			return
		}
		got := answer{code: query.Get("code")}
		switch issuer := query.Get("iss"); {
		// RFC 9207 section 2.4: an answer of another issuer is a mix-up.
		case issuer != "" && issuer != r.Issuer:
			got = answer{err: fmt.Errorf("%w: the answer is of another issuer", ErrToken)}
		case got.code == "":
			got = answer{err: fmt.Errorf("%w: %.64q", ErrRefused, query.Get("error"))}
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		_, _ = w.Write([]byte(r.Page(got.err == nil)))
		select {
		case answers <- got:
		default: // a second redirect of the same login
		}
	})
	return mux
}
