package hubclient

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
)

// Agreement is one revision. A nil time means that there is none.
type Agreement struct {
	ID            string           `json:"id"`
	Revision      int              `json:"revision"`
	Digest        string           `json:"digest"`
	Reference     string           `json:"reference"`
	Index         uint64           `json:"index"` // of the proposal
	State         string           `json:"state"` // proposed, declined, retracted, countered, lapsed, waiting, in-force, review-overdue, suspended, terminated, expired
	Since         *canonical.Time  `json:"since"`
	SinceAct      act.ID           `json:"sinceAct"`
	SinceIndex    uint64           `json:"sinceIndex"` // of that act
	Clause        string           `json:"clause"`     // the place in the document that made it so
	By            []act.AgencyName `json:"by"`         // who suspends it, or who proposed, retracted or countered it
	NextState     string           `json:"nextState"`
	NextChange    *canonical.Time  `json:"nextChange"` // by time alone
	NextClause    string           `json:"nextClause"`
	ReviewDue     *canonical.Time  `json:"reviewDue"`
	ReviewOverdue bool             `json:"reviewOverdue"`
	Parties       []act.AgencyName `json:"parties"` // of the document, and those that acceded
	Signed        []act.AgencyName `json:"signed"`
	Pending       []act.AgencyName `json:"pending"`
	Parts         []Part           `json:"parts"`
	Supersedes    string           `json:"supersedes"`
	SupersededBy  string           `json:"supersededBy"`
	NewerState    string           `json:"newerState"`
	Governs       bool             `json:"governs"`
}

// Part is where one party stands under a revision.
type Part struct {
	Agency          act.AgencyName   `json:"agency"`
	Role            string           `json:"role"`
	Signed          bool             `json:"signed"`
	Declined        bool             `json:"declined"`
	Voided          bool             `json:"voided"` // its signature fell with the key that made it
	Joined          bool             `json:"joined"`
	Leaves          *canonical.Time  `json:"leaves"` // when its withdrawal takes effect
	Withdrawn       bool             `json:"withdrawn"`
	AuthorityLapsed bool             `json:"authorityLapsed"`
	SuspendedBy     []act.AgencyName `json:"suspendedBy"`
	Release         May              `json:"release"` // anything new, to anybody
	Receive         May              `json:"receive"` // anything new, from anybody
	Read            May              `json:"read"`    // anything that anybody released before
}

// May is the policy's answer about a party and no item: Reason is its code.
type May struct {
	Allow  bool   `json:"allow"`
	Reason string `json:"reason"`
	Clause string `json:"clause"`
}

// Agreements is how all revisions stand. Tag goes with the next question.
type Agreements struct {
	Tag     string
	Changed bool // otherwise List is empty: all is as it was at the tag that was asked with
	List    []Agreement
}

const agreementsPath = "/v1/registrar/agreements"

// Agreements implements Registrar.
func (c *Client) Agreements(ctx context.Context) ([]Agreement, error) {
	all, err := c.AgreementsAfter(ctx, "", 0)
	return all.List, err
}

// AgreementsAfter implements Registrar: it returns as soon as anything is not as
// it was at tag, and unchanged after wait (whole seconds, at most 30). A hub that
// gives no tag answers at once.
func (c *Client) AgreementsAfter(ctx context.Context, tag string, wait time.Duration) (Agreements, error) {
	var list []Agreement
	r := call{method: http.MethodGet, path: agreementsPath, out: &list, timeout: wait + c.timeout}
	if tag != "" {
		r.query = url.Values{"wait": {strconv.Itoa(int(wait.Seconds()))}}
		r.header = http.Header{"If-None-Match": {strconv.Quote(tag)}}
	}
	header, err := c.do(ctx, r)
	var answer *Error
	if errors.As(err, &answer) && answer.Status == http.StatusNotModified {
		return Agreements{Tag: tag}, nil
	}
	if err != nil {
		return Agreements{}, err
	}
	next, _ := strconv.Unquote(header.Get("ETag"))
	return Agreements{Tag: next, Changed: true, List: list}, nil
}

// Agreement implements Registrar.
func (c *Client) Agreement(ctx context.Context, digest string) (Agreement, error) {
	var out Agreement
	_, err := c.do(ctx, call{method: http.MethodGet, path: agreementsPath + "/" + url.PathEscape(digest), out: &out})
	return out, err
}
