package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
)

// RemoteHub is Hub over the hub's HTTP interface.
type RemoteHub struct {
	Client *hubclient.Client // with the desk's bearer
	// Enrolling is a client with the bearer that enrolment takes: the desk's
	// ServiceAccount token, or a one-time code.
	Enrolling *hubclient.Client
}

var _ Hub = (*RemoteHub)(nil)

// awaited are refusals that repeating the steps before mends.
var awaited = []string{"upload_missing", "upload_busy", "upload_offset", "upload_digest"}

// hubError translates the client's errors; others, such as Vault being away while
// a bearer is signed, pass through.
func hubError(err error) error {
	if err == nil {
		return nil
	}
	var e *hubclient.Error
	if !errors.As(err, &e) {
		if errors.Is(err, hubclient.ErrDigest) {
			return ErrBodyDiffers
		}
		return err
	}
	return &HubError{
		Status: e.Status, Code: e.Code, Reason: e.Reason, Detail: e.Detail, cause: err,
		Retryable: e.Retryable || e.Status == 0 || slices.Contains(awaited, e.Code),
	}
}

// Info implements Hub.
func (h *RemoteHub) Info(ctx context.Context) (HubInfo, error) {
	about, err := h.Client.About(ctx)
	if err != nil {
		return HubInfo{}, hubError(err)
	}
	return HubInfo{ID: about.ID, LogKey: about.LogKey, Registrar: about.Registrar}, nil
}

// Enrol implements Hub.
func (h *RemoteHub) Enrol(ctx context.Context, e Enrolment) error {
	_, err := h.Enrolling.Enrol(ctx, hubclient.Enrolment{
		Agency: e.Agency, OfficerSign: e.Keys.OfficerSign, DeskSign: e.Keys.DeskSign, WitnessSign: e.Keys.WitnessSign, Proof: e.Proof,
	})
	return hubError(err)
}

func appendedOf(a hubclient.Appended, err error) (Appended, error) {
	if err != nil {
		return Appended{}, hubError(err)
	}
	at, err := time.Parse(time.RFC3339Nano, a.Time)
	return Appended{Index: a.Index, Time: at, Act: a.Act}, err
}

// Append implements Hub.
func (h *RemoteHub) Append(ctx context.Context, jws string) (Appended, error) {
	return appendedOf(h.Client.Submit(ctx, jws))
}

// Upload implements Hub.
func (h *RemoteHub) Upload(ctx context.Context, body []byte) error {
	_, err := h.Client.Upload(ctx, body)
	return hubError(err)
}

// Release implements Hub.
func (h *RemoteHub) Release(ctx context.Context, r ReleaseRequest) (Appended, error) {
	request := hubclient.Release{Act: r.Act, Descriptors: r.Descriptors}
	for _, p := range r.Parts {
		request.Parts = append(request.Parts, hubclient.ReleasePart{
			Part: p.Part, Ordinal: p.Ordinal, Header: p.Header, BodyDigest: p.BodyDigest, BodySize: p.BodySize,
		})
	}
	return appendedOf(h.Client.Release(ctx, request))
}

// Feed implements Hub.
func (h *RemoteHub) Feed(ctx context.Context, after uint64, wait time.Duration) (Feed, error) {
	page, err := h.Client.Feed(ctx, after, wait)
	if err != nil {
		return Feed{}, hubError(err)
	}
	feed := Feed{Next: page.Next, More: page.Next < page.Head}
	for _, e := range page.Entries {
		entry := FeedEntry{Index: e.Index, Bytes: []byte(e.Entry)}
		if len(e.Salt) != len(entry.Salt) {
			return Feed{}, &HubError{Code: "entry_malformed"}
		}
		copy(entry.Salt[:], e.Salt)
		feed.Entries = append(feed.Entries, entry)
	}
	return feed, nil
}

// Deliveries implements Hub.
func (h *RemoteHub) Deliveries(ctx context.Context, releases []act.ID) ([]Delivery, error) {
	answers, err := h.Client.Deliver(ctx, releases)
	if err != nil {
		return nil, hubError(err)
	}
	out := make([]Delivery, 0, len(answers))
	for _, a := range answers {
		delivery := Delivery{Release: a.Release, Allow: a.Allow && a.Cover != nil, Reason: a.Reason, Descriptors: a.Descriptors}
		if a.Cover != nil {
			delivery.Header, delivery.BodyDigest = a.Cover.Header, a.Cover.BodyDigest
		}
		out = append(out, delivery)
	}
	return out, nil
}

// Open implements Hub.
func (h *RemoteHub) Open(ctx context.Context, jws string) (Opened, error) {
	answer, err := h.Client.Open(ctx, jws)
	if err != nil {
		return Opened{}, hubError(err)
	}
	return Opened{Decision: answer.Decision.Index, Descriptor: answer.Descriptor, Header: answer.Header}, nil
}

// Body implements Hub.
func (h *RemoteHub) Body(ctx context.Context, digest string, size int64) ([]byte, error) {
	body, err := h.Client.Body(ctx, digest, size)
	return body, hubError(err)
}

// Receipt implements Hub.
func (h *RemoteHub) Receipt(ctx context.Context, index uint64) ([]byte, error) {
	receipt, err := h.Client.Receipt(ctx, index)
	return receipt, hubError(err)
}

// PutDeposit implements Hub. A deposit is never replaced, so that one which
// stands there with other bytes is an error.
func (h *RemoteHub) PutDeposit(ctx context.Context, thumbprint, wrapped string) error {
	return hubError(h.Client.PutDeposit(ctx, act.Thumbprint(thumbprint), []byte(wrapped)))
}

// Deposit implements Hub.
func (h *RemoteHub) Deposit(ctx context.Context, thumbprint string) (string, error) {
	wrapped, err := h.Client.Deposit(ctx, act.Thumbprint(thumbprint))
	return string(wrapped), hubError(err)
}
