package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// errBadLogin says that the provider showed its login form a second time.
var errBadLogin = errors.New("the provider refused the officer or the password")

// browser is a person at a login page, in a few lines: it follows redirects, fills in the one form
// with a password field, and stops at the first page without one.
type browser struct {
	client             *http.Client
	username, password string
}

// runBrowser opens the URL and logs in. Every flag has an environment variable, so that BROWSER may
// be this program alone; the password never comes from the command line, where other users see it.
func runBrowser(ctx context.Context, args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("concordat-idp browser", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var (
		username = flags.String("username", os.Getenv("CONCORDAT_BROWSER_USERNAME"), "officer's `name` (env CONCORDAT_BROWSER_USERNAME)")
		file     = flags.String("password-file", os.Getenv("CONCORDAT_BROWSER_PASSWORD_FILE"), "`file` with the password (env CONCORDAT_BROWSER_PASSWORD_FILE; or the password itself in CONCORDAT_BROWSER_PASSWORD)")
		ca       = flags.String("ca", os.Getenv("CONCORDAT_BROWSER_CA"), "PEM `file` with the authorities to trust beside the system's (env CONCORDAT_BROWSER_CA)")
	)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *username == "" {
		return errors.New("usage: concordat-idp browser --username NAME --password-file FILE [--ca FILE] URL")
	}
	password := os.Getenv("CONCORDAT_BROWSER_PASSWORD")
	if *file != "" {
		raw, err := os.ReadFile(*file)
		if err != nil {
			return err
		}
		password = strings.TrimRight(string(raw), "\r\n")
	}
	if password == "" {
		return errors.New("no password: name a file with --password-file, or set CONCORDAT_BROWSER_PASSWORD")
	}
	b, err := newBrowser(*username, password, *ca)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_, err = b.open(ctx, flags.Arg(0))
	return err
}

func newBrowser(username, password, caFile string) (*browser, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if caFile != "" {
		raw, err := os.ReadFile(caFile)
		if err != nil {
			return nil, err
		}
		if !pool.AppendCertsFromPEM(raw) {
			return nil, fmt.Errorf("%s holds no certificate", caFile)
		}
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &browser{
		username: username,
		password: password,
		client: &http.Client{
			Jar:           jar,
			Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}},
			CheckRedirect: onlyGuardedOrLoopback,
		},
	}, nil
}

// onlyGuardedOrLoopback refuses to follow plain HTTP to another machine: the address carries a code.
func onlyGuardedOrLoopback(req *http.Request, via []*http.Request) error {
	if len(via) > 20 {
		return errors.New("more than twenty redirects")
	}
	if req.URL.Scheme != "https" && !net.ParseIP(req.URL.Hostname()).IsLoopback() {
		return fmt.Errorf("redirect to %s://%s is neither https nor loopback", req.URL.Scheme, req.URL.Host)
	}
	return nil
}

// open visits start, logs in when asked to, and returns the address it ended at. An answer of 400
// or above at the end is an error with the page's text.
func (b *browser) open(ctx context.Context, start string) (*url.URL, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, start, nil)
	if err != nil {
		return nil, err
	}
	at, form, err := b.visit(req)
	if err != nil || form == nil {
		return at, err
	}
	// The password goes only to the origin that showed the form, and never over plain HTTP.
	if form.action.Scheme != "https" || form.action.Host != at.Host {
		return nil, fmt.Errorf("the form at %s would send the password to %s", at.Host, form.action)
	}
	form.fields.Set(form.usernameField, b.username)
	form.fields.Set(form.passwordField, b.password)
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, form.action.String(), strings.NewReader(form.fields.Encode()))
	if err != nil {
		return nil, err
	}
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	at, form, err = b.visit(post)
	if form != nil {
		return nil, errBadLogin
	}
	return at, err
}

// visit sends one request, follows its redirects, and returns where it ended and the login form
// there, nil when there is none.
func (b *browser) visit(req *http.Request) (*url.URL, *loginForm, error) {
	resp, err := b.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	at := resp.Request.URL
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		return at, nil, failed(resp, at)
	}
	document, err := html.Parse(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, nil, err
	}
	if form := findLoginForm(document, at); form != nil {
		return at, form, nil
	}
	return at, nil, failed(resp, at)
}

func failed(resp *http.Response, at *url.URL) error {
	if resp.StatusCode < 400 {
		return nil
	}
	return fmt.Errorf("%s%s answered %s", at.Host, at.Path, resp.Status)
}

// loginForm is a form with a password field: where it goes and what it already holds.
type loginForm struct {
	action                       *url.URL
	fields                       url.Values
	usernameField, passwordField string
}

// findLoginForm returns the first form with a password field; the text field before it is the name.
func findLoginForm(node *html.Node, at *url.URL) *loginForm {
	if node.Type == html.ElementNode && node.Data == "form" {
		form := &loginForm{fields: url.Values{}}
		form.collect(node)
		if action, err := at.Parse(attribute(node, "action")); err == nil && form.passwordField != "" {
			form.action = action
			return form
		}
	}
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		if form := findLoginForm(child, at); form != nil {
			return form
		}
	}
	return nil
}

func (f *loginForm) collect(node *html.Node) {
	if node.Type == html.ElementNode && node.Data == "input" && attribute(node, "name") != "" {
		name := attribute(node, "name")
		f.fields.Set(name, attribute(node, "value"))
		switch attribute(node, "type") {
		case "password":
			f.passwordField = name
		case "", "text", "email":
			if f.passwordField == "" {
				f.usernameField = name
			}
		}
	}
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		f.collect(child)
	}
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
