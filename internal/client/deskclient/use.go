package deskclient

import (
	"context"
	"net/url"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

func itemPath(item, what string) string { return "/api/v1/items/" + url.PathEscape(item) + "/" + what }

// Restrictions exports what binds the agency: text, json, iep or odrl.
func (c *Client) Restrictions(ctx context.Context, item, release, format string) ([]byte, error) {
	query := url.Values{"release": {release}, "format": {format}}
	var out []byte
	err := c.Do(ctx, "GET", itemPath(item, "restrictions?"+query.Encode()), nil, &out)
	return out, err
}

// Restrict tightens the terms of an own item.
func (c *Client) Restrict(ctx context.Context, item string, r deskapi.RestrictRequest) (deskapi.Restricted, error) {
	return post[deskapi.Restricted](ctx, c, itemPath(item, "restrictions"), r)
}

// Acknowledge says that the agency has the terms before it and complies.
func (c *Client) Acknowledge(ctx context.Context, item string, r deskapi.AcknowledgeRequest) (deskapi.Appended, error) {
	return post[deskapi.Appended](ctx, c, itemPath(item, "acknowledgements"), r)
}

// CannotComply says that the agency cannot, and seals the item for it.
func (c *Client) CannotComply(ctx context.Context, item string, r deskapi.CannotComplyRequest) (deskapi.Appended, error) {
	return post[deskapi.Appended](ctx, c, itemPath(item, "hindrances"), r)
}

// ReportUse says what the item was used for.
func (c *Client) ReportUse(ctx context.Context, item string, r deskapi.UseReportRequest) (deskapi.Appended, error) {
	return post[deskapi.Appended](ctx, c, itemPath(item, "use-reports"), r)
}

// Attest is the agency's word on its own copies.
func (c *Client) Attest(ctx context.Context, item string, r deskapi.AttestationRequest) (deskapi.Appended, error) {
	return post[deskapi.Appended](ctx, c, itemPath(item, "attestations"), r)
}

// Hold stops the disposal of own copies, or lifts that.
func (c *Client) Hold(ctx context.Context, item string, r deskapi.HoldRequest) (deskapi.Appended, error) {
	return post[deskapi.Appended](ctx, c, itemPath(item, "holds"), r)
}

// Disclose tells the originator of a disclosure that no restriction stops.
func (c *Client) Disclose(ctx context.Context, item string, r deskapi.DisclosureRequest) (deskapi.Appended, error) {
	return post[deskapi.Appended](ctx, c, itemPath(item, "disclosures"), r)
}

// CopyItem takes opened content into a draft, to pass it on as it is.
func (c *Client) CopyItem(ctx context.Context, item string, r deskapi.CopyRequest) (deskapi.Draft, error) {
	return post[deskapi.Draft](ctx, c, itemPath(item, "copies"), r)
}

// Obligations lists every duty for one item.
func (c *Client) Obligations(ctx context.Context, item string) ([]deskapi.Duty, error) {
	return get[[]deskapi.Duty](ctx, c, itemPath(item, "duties"))
}

// Duties lists what the agency owes, or what others owe it.
func (c *Client) Duties(ctx context.Context, ofOthers, closed bool) ([]deskapi.Duty, error) {
	query := url.Values{}
	if ofOthers {
		query.Set("of", "others")
	}
	if closed {
		query.Set("closed", "true")
	}
	return get[[]deskapi.Duty](ctx, c, "/api/v1/duties?"+query.Encode())
}

// Consents lists what the agency asked for and what it is asked for.
func (c *Client) Consents(ctx context.Context) ([]deskapi.Consent, error) {
	return get[[]deskapi.Consent](ctx, c, "/api/v1/consents")
}

// RequestConsent asks the originator.
func (c *Client) RequestConsent(ctx context.Context, r deskapi.ConsentRequest) (deskapi.Consent, error) {
	return post[deskapi.Consent](ctx, c, "/api/v1/consents", r)
}

// AnswerConsent grants, refuses or takes back.
func (c *Client) AnswerConsent(ctx context.Context, request string, r deskapi.ConsentAnswer) (deskapi.Consent, error) {
	return post[deskapi.Consent](ctx, c, "/api/v1/consents/"+url.PathEscape(request)+"/answers", r)
}
