package hubclient

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
)

// Registrar is what the operator asks of the hub. A *Client whose bearer is the
// operator's ServiceAccount token is one.
type Registrar interface {
	Agency(ctx context.Context, slug act.AgencyName) (Agency, error)
	Admit(ctx context.Context, slug act.AgencyName, admission Admission) (Agency, error)
	NewCode(ctx context.Context, slug act.AgencyName) (Code, error)
	Request(ctx context.Context, slug act.AgencyName, request string) (Appended, error)
	Agreements(ctx context.Context) ([]Agreement, error)
	AgreementsAfter(ctx context.Context, tag string, wait time.Duration) (Agreements, error)
	Agreement(ctx context.Context, digest string) (Agreement, error)
}

var _ Registrar = (*Client)(nil)

// Admission lets a slug enrol.
type Admission struct {
	LegalName    string `json:"legalName"`
	Kind         string `json:"kind"`
	Jurisdiction string `json:"jurisdiction"`
	Custody      string `json:"custody"` // managed or external
	Mandate      string `json:"mandate"`
}

// Agency is what the hub knows of a slug; of one that nobody admitted it is zero.
type Agency struct {
	Admitted      bool                           `json:"admitted"`
	EnrolledIndex *uint64                        `json:"enrolledIndex"`
	Thumbprints   map[act.Purpose]act.Thumbprint `json:"thumbprints"` // of current keys
	Status        string                         `json:"status"`      // enrolled, suspended, offboarded, or ""
	Agreements    int                            `json:"agreements"`  // that bind it and are in force now, or can be again
}

// Code is a one-time enrolment code.
type Code struct {
	Code    string         `json:"code"`
	Expires canonical.Time `json:"expires"`
}

// The requests about an agency's standing.
const (
	RequestSuspend  = "suspend"
	RequestResume   = "resume"
	RequestOffboard = "offboard"
)

func agencyPath(slug act.AgencyName) string {
	return "/v1/registrar/agencies/" + url.PathEscape(string(slug))
}

// Agency implements Registrar.
func (c *Client) Agency(ctx context.Context, slug act.AgencyName) (Agency, error) {
	var out Agency
	_, err := c.do(ctx, call{method: http.MethodGet, path: agencyPath(slug), out: &out})
	return out, err
}

// Admit implements Registrar. Admitting again with other words changes them as
// long as the agency has not enrolled.
func (c *Client) Admit(ctx context.Context, slug act.AgencyName, admission Admission) (Agency, error) {
	var out Agency
	body, err := jsonBody(admission)
	if err != nil {
		return out, err
	}
	_, err = c.do(ctx, call{method: http.MethodPut, path: agencyPath(slug), body: body, out: &out})
	return out, err
}

// NewCode implements Registrar: for External agencies only.
func (c *Client) NewCode(ctx context.Context, slug act.AgencyName) (Code, error) {
	var out Code
	err := c.post(ctx, agencyPath(slug)+"/codes", struct{}{}, &out)
	return out, err
}

// Request implements Registrar. A request whose outcome is there already returns
// the act that made it so.
func (c *Client) Request(ctx context.Context, slug act.AgencyName, request string) (Appended, error) {
	var out Appended
	return out, c.post(ctx, agencyPath(slug)+"/requests", struct {
		Request string `json:"request"`
	}{request}, &out)
}

// ConfirmClock tells the hub that its present time is right after a jump.
func (c *Client) ConfirmClock(ctx context.Context) error {
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/v1/registrar/clock"})
	return err
}
