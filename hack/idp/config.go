package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
)

// config is the file that names who can log in where.
type config struct {
	// Issuer is the base of the realms' issuers; empty means the address that is served on.
	Issuer string        `json:"issuer,omitempty"`
	Realms []realmConfig `json:"realms"`
}

// realmConfig is one agency's provider: its issuer is the base followed by the slug.
type realmConfig struct {
	Slug     string          `json:"slug"`
	Clients  []clientConfig  `json:"clients"`
	Officers []officerConfig `json:"officers"`
}

// clientConfig is a public client. A loopback redirect without a port matches every port (RFC 8252
// §7.3); any other redirect has to be asked for exactly as it is written here.
type clientConfig struct {
	ID           string   `json:"id"`
	RedirectURIs []string `json:"redirectURIs"`
	// Device allows the device grant (RFC 8628). Its tokens carry no nonce and no acr.
	Device bool `json:"device,omitempty"`
}

// officerConfig is a sample officer, named by what they do (analyst-1) and never as a person.
type officerConfig struct {
	Name     string   `json:"name"`
	Password string   `json:"password"`
	Groups   []string `json:"groups"`
}

var (
	slugPattern    = regexp.MustCompile(`^[a-z][a-z0-9]{1,30}$`)
	officerPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
)

// readConfig reads and checks the whole file; a file with one mistake changes nothing.
func readConfig(path string) (config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return config{}, err
	}
	var c config
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return config{}, fmt.Errorf("%s: %w", path, err)
	}
	if err := c.check(); err != nil {
		return config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func (c config) check() error {
	var errs []error
	if c.Issuer != "" {
		if u, err := url.Parse(c.Issuer); err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" {
			errs = append(errs, fmt.Errorf("issuer %q is not https://HOST:PORT", c.Issuer))
		}
	}
	seen := map[string]bool{}
	for _, r := range c.Realms {
		if !slugPattern.MatchString(r.Slug) || seen[r.Slug] {
			errs = append(errs, fmt.Errorf("realm slug %q is malformed or there twice", r.Slug))
		}
		seen[r.Slug] = true
		errs = append(errs, r.check())
	}
	return errors.Join(errs...)
}

func (r realmConfig) check() error {
	var errs []error
	seen := map[string]bool{}
	for _, c := range r.Clients {
		if c.ID == "" || seen["c:"+c.ID] {
			errs = append(errs, fmt.Errorf("realm %s: client id %q is empty or there twice", r.Slug, c.ID))
		}
		seen["c:"+c.ID] = true
		for _, uri := range c.RedirectURIs {
			if !acceptableRedirect(uri) {
				errs = append(errs, fmt.Errorf("realm %s: client %s: redirect %q is neither https nor http on a loopback address", r.Slug, c.ID, uri))
			}
		}
	}
	for _, o := range r.Officers {
		if !officerPattern.MatchString(o.Name) || seen["o:"+o.Name] {
			errs = append(errs, fmt.Errorf("realm %s: officer name %q is malformed or there twice", r.Slug, o.Name))
		}
		seen["o:"+o.Name] = true
		if o.Password == "" {
			errs = append(errs, fmt.Errorf("realm %s: officer %s has no password", r.Slug, o.Name))
		}
	}
	return errors.Join(errs...)
}

// acceptableRedirect is true for absolute URIs without fragment or user that are https, or http on a
// loopback address. Plain names are not loopback: RFC 8252 §8.3 advises against localhost.
func acceptableRedirect(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || u.Fragment != "" || u.User != nil {
		return false
	}
	switch u.Scheme {
	case "https":
		return true
	case "http":
		return net.ParseIP(u.Hostname()).IsLoopback()
	default:
		return false
	}
}

// allowsRedirect says whether the client registered that redirect URI. Only a port may differ, and
// only where a loopback redirect was registered without one.
func (c clientConfig) allowsRedirect(asked string) bool {
	u, err := url.Parse(asked)
	if err != nil || u.Fragment != "" || u.User != nil {
		return false
	}
	for _, registered := range c.RedirectURIs {
		if asked == registered {
			return true
		}
		r, err := url.Parse(registered)
		if err != nil || r.Port() != "" || !net.ParseIP(r.Hostname()).IsLoopback() {
			continue
		}
		if u.Scheme == r.Scheme && u.Hostname() == r.Hostname() && u.Path == r.Path && u.RawQuery == r.RawQuery {
			return true
		}
	}
	return false
}
