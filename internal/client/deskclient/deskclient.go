// Package deskclient speaks to a desk's REST interface as one officer. It adds
// no rule of its own: what is allowed is the desk's to say.
//
// Programs that act for an officer, and tests, import it.
package deskclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

// Client is safe for concurrent use.
type Client struct {
	base     string
	http     *http.Client
	token    string
	language string
}

// New makes a client without a session. The base is the desk's URL; transport
// decides which certificates are trusted.
func New(base string, transport *http.Client) *Client {
	return &Client{base: strings.TrimRight(base, "/"), http: transport, language: "en"}
}

// As returns a client with a session's token; In, one that reads a language.
func (c *Client) As(token string) *Client {
	other := *c
	other.token = token
	return &other
}

// In returns a client that asks for sentences in a language.
func (c *Client) In(language string) *Client {
	other := *c
	other.language = language
	return &other
}

// Error is a refusal of the desk.
type Error struct{ deskapi.ProblemDetails }

func (e *Error) Error() string {
	return strings.TrimSpace(fmt.Sprintf("desk: %d %s %s", e.Status, e.Code, e.Reason))
}

// CodeOf returns the code of an *Error in err's chain, or "".
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

const maxAnswer = 64 << 20

// Do sends one request with a JSON body, or none; into may
// be nil, *[]byte, or anything that JSON decodes into. Headers come in pairs.
func (c *Client) Do(ctx context.Context, method, path string, body, into any, header ...string) error {
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, reader)
	if err != nil {
		return err
	}
	request.Header.Set("Accept-Language", c.language)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		failed := &Error{deskapi.ProblemDetails{Status: response.StatusCode}}
		_ = json.Unmarshal(raw, &failed.ProblemDetails) // an answer that is no problem document has its status
		return failed
	}
	switch into := into.(type) {
	case nil:
		return nil
	case *[]byte:
		*into = raw
		return nil
	}
	return json.Unmarshal(raw, into)
}

func get[T any](ctx context.Context, c *Client, path string) (T, error) {
	var out T
	err := c.Do(ctx, http.MethodGet, path, nil, &out)
	return out, err
}

func post[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	var out T
	err := c.Do(ctx, http.MethodPost, path, body, &out)
	return out, err
}

// Login asks where an officer logs in, and for a nonce.
func (c *Client) Login(ctx context.Context) (deskapi.Login, error) {
	return get[deskapi.Login](ctx, c, "/api/v1/login")
}

// StartSession exchanges an id_token for a session.
func (c *Client) StartSession(ctx context.Context, r deskapi.SessionRequest) (deskapi.Session, error) {
	return post[deskapi.Session](ctx, c, "/api/v1/sessions", r)
}

// EndSession ends this session.
func (c *Client) EndSession(ctx context.Context) error {
	return c.Do(ctx, http.MethodDelete, "/api/v1/sessions/current", nil, nil)
}

// Me says who the officer is to the desk.
func (c *Client) Me(ctx context.Context) (deskapi.Me, error) {
	return get[deskapi.Me](ctx, c, "/api/v1/me")
}

// Agency describes the desk's own agency.
func (c *Client) Agency(ctx context.Context) (deskapi.Agency, error) {
	return get[deskapi.Agency](ctx, c, "/api/v1/agency")
}

// Ready asks what the desk can do; it answers also when something is missing.
func (c *Client) Ready(ctx context.Context) (deskapi.Ready, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/readyz", nil)
	if err != nil {
		return deskapi.Ready{}, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return deskapi.Ready{}, err
	}
	defer response.Body.Close()
	var out deskapi.Ready
	err = json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&out)
	return out, err
}

// Officers lists who has logged in at the desk.
func (c *Client) Officers(ctx context.Context) ([]deskapi.OfficerRoles, error) {
	return get[[]deskapi.OfficerRoles](ctx, c, "/api/v1/officers")
}

// SetRoles gives an officer roles at the desk.
func (c *Client) SetRoles(ctx context.Context, officer string, roles ...string) error {
	return c.Do(ctx, http.MethodPut, "/api/v1/officers/"+url.PathEscape(officer)+"/roles", deskapi.RolesRequest{Roles: append([]string{}, roles...)}, nil)
}

// EndSessions ends every session of an officer.
func (c *Client) EndSessions(ctx context.Context, officer string) error {
	return c.Do(ctx, http.MethodDelete, "/api/v1/officers/"+url.PathEscape(officer)+"/sessions", nil, nil)
}

// Drafts lists drafts without their text.
func (c *Client) Drafts(ctx context.Context) ([]deskapi.Draft, error) {
	return get[[]deskapi.Draft](ctx, c, "/api/v1/drafts")
}

// Draft returns a draft's newest version.
func (c *Client) Draft(ctx context.Context, id string) (deskapi.Draft, error) {
	return get[deskapi.Draft](ctx, c, "/api/v1/drafts/"+url.PathEscape(id))
}

// CreateDraft makes a draft.
func (c *Client) CreateDraft(ctx context.Context, r deskapi.DraftRequest) (deskapi.Draft, error) {
	return post[deskapi.Draft](ctx, c, "/api/v1/drafts", r)
}

// EditDraft makes the version after the one that was seen.
func (c *Client) EditDraft(ctx context.Context, id string, saw int, r deskapi.DraftRequest) (deskapi.Draft, error) {
	var out deskapi.Draft
	err := c.Do(ctx, http.MethodPut, "/api/v1/drafts/"+url.PathEscape(id), r, &out, "If-Match", strconv.Quote(strconv.Itoa(saw)))
	return out, err
}

// Approve approves exactly this content.
func (c *Client) Approve(ctx context.Context, id, contentDigest string) (deskapi.Draft, error) {
	return post[deskapi.Draft](ctx, c, "/api/v1/drafts/"+url.PathEscape(id)+"/approvals", deskapi.ApprovalRequest{ContentDigest: contentDigest})
}

// DryRun says who would receive a release.
func (c *Client) DryRun(ctx context.Context, id string, r deskapi.ReleaseRequest) (deskapi.DryRun, error) {
	r.DryRun = true
	return post[deskapi.DryRun](ctx, c, "/api/v1/drafts/"+url.PathEscape(id)+"/releases", r)
}

// Release releases a draft's newest version.
func (c *Client) Release(ctx context.Context, id string, r deskapi.ReleaseRequest) (deskapi.Release, error) {
	r.DryRun = false
	return post[deskapi.Release](ctx, c, "/api/v1/drafts/"+url.PathEscape(id)+"/releases", r)
}

// Items lists a box: inbox, own, or "" for both.
func (c *Client) Items(ctx context.Context, box string) ([]deskapi.Item, error) {
	return get[[]deskapi.Item](ctx, c, "/api/v1/items?box="+url.QueryEscape(box))
}

// Item returns one item.
func (c *Client) Item(ctx context.Context, id string) (deskapi.Item, error) {
	return get[deskapi.Item](ctx, c, "/api/v1/items/"+url.PathEscape(id))
}

// Conditions returns what an officer accepts before the content; the release may
// be left out.
func (c *Client) Conditions(ctx context.Context, item, release string) (deskapi.Conditions, error) {
	return get[deskapi.Conditions](ctx, c, "/api/v1/items/"+url.PathEscape(item)+"/conditions?release="+url.QueryEscape(release))
}

// Access returns who could open an item at an instant; the zero time is now, and
// the release may be left out.
func (c *Client) Access(ctx context.Context, item, release string, at time.Time) (deskapi.Access, error) {
	query := url.Values{}
	if release != "" {
		query.Set("release", release)
	}
	if !at.IsZero() {
		query.Set("at", at.UTC().Format(time.RFC3339Nano))
	}
	return get[deskapi.Access](ctx, c, "/api/v1/items/"+url.PathEscape(item)+"/access?"+query.Encode())
}

// Open opens the content.
func (c *Client) Open(ctx context.Context, item string, r deskapi.OpenRequest) (deskapi.Opened, error) {
	return post[deskapi.Opened](ctx, c, "/api/v1/items/"+url.PathEscape(item)+"/opens", r)
}

// Retract takes every release of an own item back.
func (c *Client) Retract(ctx context.Context, item, reason string) (deskapi.Appended, error) {
	return post[deskapi.Appended](ctx, c, "/api/v1/items/"+url.PathEscape(item)+"/retractions", deskapi.RetractionRequest{Reason: reason})
}

// Receipt returns a proof of the release or of the newest open ("release", "open").
func (c *Client) Receipt(ctx context.Context, item, of, release string) ([]byte, error) {
	return c.PartReceipt(ctx, item, of, release, "")
}

// PartReceipt is Receipt about one section, by its part; the empty part is the body.
func (c *Client) PartReceipt(ctx context.Context, item, of, release, part string) ([]byte, error) {
	query := url.Values{"of": {of}, "release": {release}}
	if part != "" {
		query.Set("part", part)
	}
	return get[[]byte](ctx, c, "/api/v1/items/"+url.PathEscape(item)+"/receipt?"+query.Encode())
}

// Agreements lists the agency's agreements.
func (c *Client) Agreements(ctx context.Context) ([]deskapi.AgreementSummary, error) {
	return get[[]deskapi.AgreementSummary](ctx, c, "/api/v1/agreements")
}

// Agreement returns a revision: the newest, or the one with the digest.
func (c *Client) Agreement(ctx context.Context, id, digest string) (deskapi.Agreement, error) {
	return get[deskapi.Agreement](ctx, c, "/api/v1/agreements/"+url.PathEscape(id)+"?digest="+url.QueryEscape(digest))
}

// AgreementWhy says why an agency can or cannot read and release under an agreement
// now; the own agency may be left out.
func (c *Client) AgreementWhy(ctx context.Context, id, agency string) (deskapi.AgreementWhy, error) {
	return get[deskapi.AgreementWhy](ctx, c, "/api/v1/agreements/"+url.PathEscape(id)+"/why?agency="+url.QueryEscape(agency))
}

// GiveBreachNotice tells the parties of an agreement of a breach under it.
func (c *Client) GiveBreachNotice(ctx context.Context, id string, r deskapi.BreachRequest) (deskapi.Appended, error) {
	return post[deskapi.Appended](ctx, c, "/api/v1/agreements/"+url.PathEscape(id)+"/breaches", r)
}

// Outbox lists what the agency has signed and the hub does not have.
func (c *Client) Outbox(ctx context.Context) ([]deskapi.Outgoing, error) {
	return get[[]deskapi.Outgoing](ctx, c, "/api/v1/outbox")
}

// Dismiss notes that the hub refused an act for good.
func (c *Client) Dismiss(ctx context.Context, act string) error {
	return c.Do(ctx, http.MethodDelete, "/api/v1/outbox/"+url.PathEscape(act), nil, nil)
}

// Relay passes an act on that the officer signed.
func (c *Client) Relay(ctx context.Context, jws string) (deskapi.Appended, error) {
	return post[deskapi.Appended](ctx, c, "/api/v1/acts", deskapi.ActRequest{Act: jws})
}
