package main

import (
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// server hands each request to the realm that its path names, and notices when the configuration
// file changed: who writes the file sees it in force at the next request.
type server struct {
	path, state, base string
	logger            *slog.Logger

	mu     sync.Mutex
	seen   os.FileInfo // the file as it was when it was last read, good or bad
	realms map[string]*realm
}

// newServer reads the configuration for the first time, and fails when it is not usable. base is
// https://HOST:PORT, the issuers' beginning unless the file names another.
func newServer(path, state, base string, logger *slog.Logger) (*server, error) {
	s := &server{path: path, state: state, base: base, logger: logger, realms: map[string]*realm{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	s.seen = info
	return s, s.read()
}

// read brings the realms in line with the file. Realms that stay keep their pending logins. On an
// error everything stays as it was.
func (s *server) read() error {
	c, err := readConfig(s.path)
	if err != nil {
		return err
	}
	base := s.base
	if c.Issuer != "" {
		base = c.Issuer
	}
	next := make(map[string]*realm, len(c.Realms))
	for _, rc := range c.Realms {
		issuer := base + "/" + rc.Slug
		r := s.realms[rc.Slug]
		if r == nil || r.issuer != issuer {
			secrets, err := loadSecrets(s.state, rc.Slug)
			if err != nil {
				return err
			}
			if r, err = newRealm(issuer, secrets, s.logger.With("realm", rc.Slug)); err != nil {
				return err
			}
		}
		next[rc.Slug] = r
	}
	for _, rc := range c.Realms {
		next[rc.Slug].configure(rc)
	}
	s.realms = next
	return nil
}

// reload reads the file again whether or not it looks changed.
func (s *server) reload() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reread()
}

func (s *server) reread() {
	if info, err := os.Stat(s.path); err == nil {
		s.seen = info // before reading: a write in between is noticed at the next request
	}
	if err := s.read(); err != nil {
		s.logger.Error("configuration not taken over", "error", err)
		return
	}
	s.logger.Info("configuration read", "realms", len(s.realms))
}

// realm returns the realm by its slug, nil when there is none, after looking whether the file changed.
func (s *server) realm(slug string) *realm {
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := os.Stat(s.path)
	if err == nil && !(os.SameFile(info, s.seen) && info.ModTime().Equal(s.seen.ModTime()) && info.Size() == s.seen.Size()) {
		s.reread()
	}
	return s.realms[slug]
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	slug, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	realm := s.realm(slug)
	if realm == nil {
		http.NotFound(w, r)
		return
	}
	started := time.Now()
	http.StripPrefix("/"+slug, realm).ServeHTTP(w, r)
	s.logger.Debug("request", "method", r.Method, "path", r.URL.Path, "took", time.Since(started))
}
