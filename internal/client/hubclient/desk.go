package hubclient

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/seal"
)

// Appended says where an act stands in the ledger.
type Appended struct {
	Index uint64 `json:"index"`
	Time  string `json:"time"`
	Act   act.ID `json:"act"`
}

// Submit hands in a signed act of any kind but item.release and item.open. The
// same act again has the same answer.
func (c *Client) Submit(ctx context.Context, jws string) (Appended, error) {
	var out Appended
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: "/v1/acts", body: strings.NewReader(jws), out: &out,
		header: http.Header{"Content-Type": {"application/jose"}},
	})
	return out, err
}

// Bytes are bytes that travel as base64url.
type Bytes []byte

var b64 = base64.RawURLEncoding.Strict()

// MarshalText implements encoding.TextMarshaler.
func (b Bytes) MarshalText() ([]byte, error) { return b64.AppendEncode(nil, b), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *Bytes) UnmarshalText(text []byte) (err error) {
	*b, err = b64.DecodeString(string(text))
	return err
}

// ReleasePart is one sealed part, its body uploaded before.
type ReleasePart struct {
	Part       string `json:"part"`
	Ordinal    int    `json:"ordinal"`
	Header     Bytes  `json:"header"`
	BodyDigest string `json:"bodyDigest"`
	BodySize   int64  `json:"bodySize"`
}

// Release is a release act with what travels beside it.
type Release struct {
	Act         string                  `json:"act"`
	Parts       []ReleasePart           `json:"parts"`
	Descriptors []seal.SaltedDescriptor `json:"descriptors"`
}

// Release hands in a release whose bodies are uploaded. The same act again has
// the same answer.
func (c *Client) Release(ctx context.Context, r Release) (Appended, error) {
	var out Appended
	err := c.post(ctx, "/v1/releases", r, &out)
	return out, err
}

func (c *Client) post(ctx context.Context, path string, in, out any) error {
	body, err := jsonBody(in)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, call{
		method: http.MethodPost, path: path, body: body, out: out, header: http.Header{"Content-Type": {"application/json"}},
	})
	return err
}

// FeedEntry is one entry that concerns the agency: canonical bytes and the salt
// of its leaf.
type FeedEntry struct {
	Index uint64 `json:"index"`
	Entry string `json:"entry"`
	Salt  Bytes  `json:"salt"`
}

// FeedPage is a piece of the feed. A desk has seen everything when Next is Head.
type FeedPage struct {
	Entries []FeedEntry `json:"entries"`
	Next    uint64      `json:"next"`
	Head    uint64      `json:"head"`
}

// Feed returns what follows the cursor (0 at first), waiting up to wait (whole
// seconds, at most 30) for something to come.
func (c *Client) Feed(ctx context.Context, after uint64, wait time.Duration) (FeedPage, error) {
	var out FeedPage
	_, err := c.do(ctx, call{
		method: http.MethodGet, path: "/v1/feed", out: &out, timeout: wait + c.timeout,
		query: url.Values{"after": {strconv.FormatUint(after, 10)}, "wait": {strconv.Itoa(int(wait.Seconds()))}},
	})
	return out, err
}

// Delivery is the hub's answer for one release of a batch.
type Delivery struct {
	Release     act.ID                  `json:"release"`
	Allow       bool                    `json:"allow"`
	Reason      string                  `json:"reason"`
	Descriptors []seal.SaltedDescriptor `json:"descriptors"`
	Cover       *Cover                  `json:"cover"`
}

// Cover is the unlocked header of a cover; its body is fetched by digest.
type Cover struct {
	Header     Bytes  `json:"header"`
	BodyDigest string `json:"bodyDigest"`
}

// MaxDeliveries is how many releases one Deliver may ask for.
const MaxDeliveries = 64

// Deliver asks for the covers and the own descriptors of releases.
func (c *Client) Deliver(ctx context.Context, releases []act.ID) ([]Delivery, error) {
	var out []Delivery
	return out, c.post(ctx, "/v1/deliveries", struct {
		Releases []act.ID `json:"releases"`
	}{releases}, &out)
}

// Opened is an allowed open.
type Opened struct {
	Decision struct {
		Index uint64 `json:"index"` // of the record
		Act   uint64 `json:"act"`   // of the item.open
	} `json:"decision"`
	Descriptor  seal.SaltedDescriptor `json:"descriptor"`
	Header      Bytes                 `json:"header"`
	Obligations []Obligation          `json:"obligations"`
}

// Obligation is what the desk must do with what it opened.
type Obligation struct {
	Code    string `json:"code"`
	Seconds int64  `json:"seconds"`
}

// Open hands in an item.open. A denial is an *Error with code open_denied and the
// policy's reason.
func (c *Client) Open(ctx context.Context, jws string) (Opened, error) {
	var out Opened
	return out, c.post(ctx, "/v1/opens", struct {
		Act string `json:"act"`
	}{jws}, &out)
}

// Receipt returns the receipt of an entry in the agency's feed, as text.
func (c *Client) Receipt(ctx context.Context, index uint64) ([]byte, error) {
	var out []byte
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/v1/receipts/" + strconv.FormatUint(index, 10), out: &out})
	return out, err
}

// PutDeposit deposits a wrapped sealing identity. What stands there is never
// replaced: other bytes are deposit_exists.
func (c *Client) PutDeposit(ctx context.Context, thumbprint act.Thumbprint, wrapped []byte) error {
	_, err := c.do(ctx, call{method: http.MethodPut, path: "/v1/deposits/" + url.PathEscape(string(thumbprint)), body: bytes.NewReader(wrapped)})
	return err
}

// Deposit returns an own deposit.
func (c *Client) Deposit(ctx context.Context, thumbprint act.Thumbprint) ([]byte, error) {
	var out []byte
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/v1/deposits/" + url.PathEscape(string(thumbprint)), out: &out})
	return out, err
}

// Deposits lists the thumbprints of the agency's own deposits.
func (c *Client) Deposits(ctx context.Context) ([]act.Thumbprint, error) {
	var out struct {
		Thumbprints []act.Thumbprint `json:"thumbprints"`
	}
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/v1/deposits", out: &out})
	return out.Thumbprints, err
}

// Enrolment is a desk's request to enrol. The client's bearer is the desk's
// ServiceAccount token, or the one-time code of an External agency.
type Enrolment struct {
	Agency      act.AgencyName `json:"agency"`
	OfficerSign act.JWK        `json:"officerSign"`
	DeskSign    act.JWK        `json:"deskSign"`
	WitnessSign act.JWK        `json:"witnessSign"`
	Proof       string         `json:"proof"` // act.SignEnrolment
}

// Enrol hands in the keys. The same keys again have the same answer; other keys
// under a name that is taken are agency_exists.
func (c *Client) Enrol(ctx context.Context, e Enrolment) (Appended, error) {
	var out Appended
	err := c.post(ctx, "/v1/enrolments", e, &out)
	return out, err
}
