package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/client/deskclient"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

// desk is one desk with, mostly, an officer's session. Errors of its calls become
// sentences and exit codes at the end of the run, see exitOf.
type desk struct {
	*deskclient.Client
	app     *app
	base    string
	http    *http.Client
	session *session
}

// trustingClient trusts the system's authorities and those in the PEM file.
func trustingClient(caFile string) (*http.Client, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, failBecause(err, Usage, "cli_file_unreadable", message.Params{"File": caFile})
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fail(Usage, "cli_ca_malformed", message.Params{"File": caFile})
		}
	}
	return &http.Client{
		Timeout: 60 * time.Second,
		Transport: &http.Transport{
			Proxy:           http.ProxyFromEnvironment,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool},
		},
		// A redirect would carry the token to an address that nobody named.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// newDesk reaches a desk without a session, to log in.
func (a *app) newDesk(address, caFile string) (*desk, error) {
	if err := checkURL(address); err != nil {
		return nil, err
	}
	client, err := trustingClient(caFile)
	if err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(address, "/")
	return &desk{Client: deskclient.New(base, client).In(a.lang), app: a, base: base, http: client}, nil
}

// openDesk reaches the desk of the context with its session.
func (a *app) openDesk() (*desk, error) {
	s, err := a.loadSession()
	if err != nil {
		return nil, err
	}
	ca := s.CA
	if a.ca != "" {
		ca = a.ca
	}
	d, err := a.newDesk(s.Desk, ca)
	if err != nil {
		return nil, err
	}
	d.Client, d.session = d.As(s.Token), s
	return d, nil
}

func absolute(file string) string {
	if file == "" {
		return ""
	}
	if full, err := filepath.Abs(file); err == nil {
		return full
	}
	return file
}

// transportFailure tells a wrong certificate, which somebody must look at, from a
// program that is merely down.
func transportFailure(err error, address string) error {
	var unknown x509.UnknownAuthorityError
	var wrongHost x509.HostnameError
	var invalid x509.CertificateInvalidError
	if errors.As(err, &unknown) || errors.As(err, &wrongHost) || errors.As(err, &invalid) {
		return failBecause(err, Unavailable, "cli_certificate_not_trusted", message.Params{"Address": address})
	}
	return failBecause(err, Unavailable, "cli_unreachable", message.Params{"Address": address})
}

// deskFailure turns an error of a desk's call into a failure; others it returns
// as they are. A timeout of one request is the desk's, the end of the whole run
// is not.
func (a *app) deskFailure(err error) error {
	var said *failure
	var refused *deskclient.Error
	var transport *url.Error
	switch {
	case errors.As(err, &said):
		return err
	case errors.As(err, &refused):
		return a.refusal(refused.ProblemDetails)
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &transport):
		address := transport.URL
		if u, parseErr := url.Parse(transport.URL); parseErr == nil {
			address = u.Scheme + "://" + u.Host
		}
		return transportFailure(err, address)
	}
	return err
}

// unavailable says whether an error means that nobody answered.
func (a *app) unavailable(err error) bool {
	var f *failure
	return errors.As(a.deskFailure(err), &f) && f.exit == Unavailable
}

// loggedOut says whether an error means that there is no session any more.
func (a *app) loggedOut(err error) bool {
	var f *failure
	return errors.As(a.deskFailure(err), &f) && f.exit == NotLoggedIn
}

// problemExit says which exit code a problem's stable code means; what is not
// here follows from the status.
var problemExit = map[string]Exit{
	"two_person_required": Refused, "screen_refused": Refused, "restrictions_not_accepted": Refused, "no_recipient": Refused, "act_refused": Refused,
	"request_loosens": Refused, "request_changes_nothing": Refused, "own_release": Refused, "content_not_held": Refused, "copy_unchanged": Refused, "copies_held": Refused, "act_waits": Refused,
	"draft_invalid": Usage, "item_kind_unknown": Usage, "restrictions_invalid": Usage, "reason_unknown": Usage, "request_too_large": Usage,
	"content_damaged": Failed,
}

func exitOfProblem(status int, code string) Exit {
	if exit, known := problemExit[code]; known {
		return exit
	}
	switch {
	case status == http.StatusUnauthorized:
		return NotLoggedIn
	case status == http.StatusForbidden:
		return Refused
	case status == http.StatusNotFound:
		return NotFound
	case status == http.StatusBadRequest:
		return Usage
	case status == http.StatusTooManyRequests, status >= http.StatusBadGateway:
		return Unavailable
	}
	return Failed
}

// refusal turns a problem document (RFC 9457) into one sentence: the desk's own,
// which it says in our language.
func (a *app) refusal(p deskapi.ProblemDetails) error {
	exit := exitOfProblem(p.Status, p.Code)
	if exit == NotLoggedIn && p.Code != "login_refused" {
		return a.notLoggedIn()
	}
	sentence := strings.TrimSpace(p.Title + " " + p.Detail)
	if sentence == "" {
		return fail(exit, "cli_answer_without_reason", message.Params{"Status": p.Status})
	}
	return &failure{exit: exit, text: sentence}
}

// tellRefusal names the places of a draft at which the desk refuses it.
func (a *app) tellRefusal(err error) {
	var refused *deskclient.Error
	if errors.As(err, &refused) {
		a.tellPlaces(refused.Problems, refused.Findings)
	}
}
