package cli

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

// desk speaks the REST interface of one desk.
type desk struct {
	app     *app
	base    string
	token   string
	client  *http.Client
	session *session
}

// maxAnswer bounds what is read from a desk: a bulletin has at most 8 MiB.
const maxAnswer = 16 << 20

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
	return &desk{app: a, base: strings.TrimSuffix(address, "/"), client: client}, nil
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
	d.token, d.session = s.Token, s
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

// call sends one request. in is sent as JSON unless nil; out is decoded from
// JSON, or takes the bytes if it is a *[]byte.
func (d *desk) call(ctx context.Context, method, path string, in, out any, headers ...string) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, d.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Accept-Language", d.app.lang)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if d.token != "" {
		req.Header.Set("Authorization", "Bearer "+d.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return d.app.unreachable(ctx, err, d.base)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return d.app.unreachable(ctx, err, d.base)
	}
	if resp.StatusCode >= 300 {
		return d.app.problem(resp.StatusCode, resp.Header.Get("Content-Type"), raw)
	}
	if plain, ok := out.(*[]byte); ok {
		*plain = raw
		return nil
	}
	if out == nil || len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return failBecause(err, Failed, "cli_answer_not_understood", message.Params{"Address": d.base})
	}
	return nil
}

// unreachable tells a wrong certificate, which somebody must look at, from a
// desk that is merely down.
func (a *app) unreachable(ctx context.Context, err error, address string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var unknown x509.UnknownAuthorityError
	var wrongHost x509.HostnameError
	var invalid x509.CertificateInvalidError
	if errors.As(err, &unknown) || errors.As(err, &wrongHost) || errors.As(err, &invalid) {
		return failBecause(err, Unavailable, "cli_certificate_not_trusted", message.Params{"Address": address})
	}
	return failBecause(err, Unavailable, "cli_unreachable", message.Params{"Address": address})
}

// problemExit says which exit code a problem's stable code means; what is not
// here follows from the status.
var problemExit = map[string]Exit{
	"two_person_required": Refused, "screen_refused": Refused, "restrictions_not_accepted": Refused, "no_recipient": Refused, "act_refused": Refused,
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

// problem turns an answer of RFC 9457 into one sentence: the catalogue's where
// the code is known here, else the desk's own, which it says in our language.
func (a *app) problem(status int, contentType string, raw []byte) error {
	media, _, _ := mime.ParseMediaType(contentType)
	var p deskapi.ProblemDetails
	if media != "application/problem+json" || json.Unmarshal(raw, &p) != nil {
		return fail(exitOfProblem(status, ""), "cli_answer_without_reason", message.Params{"Status": status})
	}
	exit := exitOfProblem(status, p.Code)
	if exit == NotLoggedIn && p.Code != "login_refused" {
		return a.notLoggedIn()
	}
	a.tellPlaces(p.Problems, p.Findings)
	sentence := strings.TrimSpace(p.Title + " " + p.Detail)
	if sentence == "" {
		return fail(exit, "cli_answer_without_reason", message.Params{"Status": status})
	}
	return &failure{exit: exit, text: sentence}
}

func (d *desk) Login(ctx context.Context) (out deskapi.Login, err error) {
	return out, d.call(ctx, http.MethodGet, "/api/v1/login", nil, &out)
}

func (d *desk) OpenSession(ctx context.Context, in deskapi.SessionRequest) (out deskapi.Session, err error) {
	return out, d.call(ctx, http.MethodPost, "/api/v1/sessions", in, &out)
}

func (d *desk) CloseSession(ctx context.Context) error {
	return d.call(ctx, http.MethodDelete, "/api/v1/sessions/current", nil, nil)
}

func (d *desk) Me(ctx context.Context) (out deskapi.Me, err error) {
	return out, d.call(ctx, http.MethodGet, "/api/v1/me", nil, &out)
}

func (d *desk) Agency(ctx context.Context) (out deskapi.Agency, err error) {
	return out, d.call(ctx, http.MethodGet, "/api/v1/agency", nil, &out)
}

func (d *desk) Agreements(ctx context.Context) ([]deskapi.AgreementSummary, error) {
	var out struct {
		Agreements []deskapi.AgreementSummary `json:"agreements"`
	}
	err := d.call(ctx, http.MethodGet, "/api/v1/agreements", nil, &out)
	return out.Agreements, err
}

func (d *desk) Agreement(ctx context.Context, id, digest string) (out deskapi.Agreement, err error) {
	return out, d.call(ctx, http.MethodGet, "/api/v1/agreements/"+url.PathEscape(id)+"?digest="+url.QueryEscape(digest), nil, &out)
}

func (d *desk) Submit(ctx context.Context, act string) (out deskapi.Appended, err error) {
	return out, d.call(ctx, http.MethodPost, "/api/v1/acts", deskapi.ActRequest{Act: act}, &out)
}

func (d *desk) Drafts(ctx context.Context) ([]deskapi.Draft, error) {
	var out struct {
		Drafts []deskapi.Draft `json:"drafts"`
	}
	err := d.call(ctx, http.MethodGet, "/api/v1/drafts", nil, &out)
	return out.Drafts, err
}

func (d *desk) Draft(ctx context.Context, id string) (out deskapi.Draft, err error) {
	return out, d.call(ctx, http.MethodGet, "/api/v1/drafts/"+url.PathEscape(id), nil, &out)
}

func (d *desk) NewDraft(ctx context.Context, in deskapi.DraftRequest) (out deskapi.Draft, err error) {
	return out, d.call(ctx, http.MethodPost, "/api/v1/drafts", in, &out)
}

func (d *desk) ChangeDraft(ctx context.Context, id string, version int, in deskapi.DraftRequest) (out deskapi.Draft, err error) {
	return out, d.call(ctx, http.MethodPut, "/api/v1/drafts/"+url.PathEscape(id), in, &out, "If-Match", strconv.Quote(strconv.Itoa(version)))
}

func (d *desk) Approve(ctx context.Context, id, digest string) (out deskapi.Draft, err error) {
	return out, d.call(ctx, http.MethodPost, "/api/v1/drafts/"+url.PathEscape(id)+"/approvals", deskapi.ApprovalRequest{ContentDigest: digest}, &out)
}

func (d *desk) DryRun(ctx context.Context, id string, in deskapi.ReleaseRequest) (out deskapi.DryRun, err error) {
	in.DryRun = true
	return out, d.call(ctx, http.MethodPost, "/api/v1/drafts/"+url.PathEscape(id)+"/releases", in, &out)
}

func (d *desk) Release(ctx context.Context, id string, in deskapi.ReleaseRequest) (out deskapi.Release, err error) {
	return out, d.call(ctx, http.MethodPost, "/api/v1/drafts/"+url.PathEscape(id)+"/releases", in, &out)
}

func (d *desk) Items(ctx context.Context, box string) ([]deskapi.Item, error) {
	var out struct {
		Items []deskapi.Item `json:"items"`
	}
	err := d.call(ctx, http.MethodGet, "/api/v1/items?box="+url.QueryEscape(box), nil, &out)
	return out.Items, err
}

func (d *desk) Item(ctx context.Context, id string) (out deskapi.Item, err error) {
	return out, d.call(ctx, http.MethodGet, "/api/v1/items/"+url.PathEscape(id), nil, &out)
}

func (d *desk) Conditions(ctx context.Context, item, release, purpose string) (out deskapi.Conditions, err error) {
	query := url.Values{"release": {release}, "purpose": {purpose}}
	return out, d.call(ctx, http.MethodGet, "/api/v1/items/"+url.PathEscape(item)+"/conditions?"+query.Encode(), nil, &out)
}

func (d *desk) Open(ctx context.Context, item string, in deskapi.OpenRequest) (out deskapi.Opened, err error) {
	return out, d.call(ctx, http.MethodPost, "/api/v1/items/"+url.PathEscape(item)+"/opens", in, &out)
}

func (d *desk) Retract(ctx context.Context, item, reason string) (out deskapi.Appended, err error) {
	return out, d.call(ctx, http.MethodPost, "/api/v1/items/"+url.PathEscape(item)+"/retractions", deskapi.RetractionRequest{Reason: reason}, &out)
}

func (d *desk) Receipt(ctx context.Context, item, of, release string) (out []byte, err error) {
	query := url.Values{"of": {of}}
	if release != "" {
		query.Set("release", release)
	}
	return out, d.call(ctx, http.MethodGet, "/api/v1/items/"+url.PathEscape(item)+"/receipt?"+query.Encode(), nil, &out)
}

func (d *desk) Officers(ctx context.Context) ([]deskapi.OfficerRoles, error) {
	var out struct {
		Officers []deskapi.OfficerRoles `json:"officers"`
	}
	err := d.call(ctx, http.MethodGet, "/api/v1/officers", nil, &out)
	return out.Officers, err
}

func (d *desk) SetRoles(ctx context.Context, officer string, roles []string) (out deskapi.OfficerRoles, err error) {
	in := struct {
		Roles []string `json:"roles"`
	}{append([]string{}, roles...)}
	return out, d.call(ctx, http.MethodPut, "/api/v1/officers/"+url.PathEscape(officer)+"/roles", in, &out)
}
