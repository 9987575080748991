package hubhttp_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubhttp"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
)

func TestMain(m *testing.M) { os.Exit(hubtest.Main(m)) }

// The callers: who released, who received it, who received it and has withdrawn,
// whose standing at the hub or whose part in the agreement was suspended since,
// who is invited to the agreement, who has nothing to do with it, the operator,
// and nobody.
var callers = []string{"own", "party", "ex", "suspended", "stopped", "invited", "outsider", "operator", "nobody"}

// request is one way to use an endpoint, and what each caller gets: a status, and
// a code or reason where it is a refusal.
type request struct {
	path   func(*cross, string) string
	header http.Header
	body   func(*cross, string) string
	want   string
}

// desks is what all desks get where only a desk is let in.
func desks(got string) string {
	return "own=" + got + " party=" + got + " ex=" + got + " suspended=" + got + " stopped=" + got + " invited=" + got + " outsider=" + got +
		" operator=401 nobody=401"
}

func everybody(got string) string {
	return strings.ReplaceAll(desks(got), "=401", "="+got)
}

// operator is what the operator gets where nobody else is let in.
func operator(got string) string {
	return strings.Replace(desks("401"), "operator=401", "operator="+got, 1)
}

func at(path string) func(*cross, string) string { return func(*cross, string) string { return path } }

func text(body string) func(*cross, string) string {
	return func(*cross, string) string { return body }
}

// oracle is what every endpoint gives to every caller. An endpoint without a row
// fails the test.
var oracle = map[string][]request{
	"GET /healthz":            {{path: at("/healthz"), want: everybody("200")}},
	"GET /readyz":             {{path: at("/readyz"), want: everybody("200")}},
	"GET /metrics":            {{path: at("/metrics"), want: everybody("200")}},
	"GET /v1/hub":             {{path: at("/v1/hub"), want: everybody("200")}},
	"GET /log/checkpoint":     {{path: at("/log/checkpoint"), want: everybody("200")}},
	"GET /log/{tile...}":      {{path: at("/log/tile/0/000.p/1"), want: everybody("200")}, {path: at("/log/nothing"), want: everybody("404:not_found")}},
	"GET /v1/log/consistency": {{path: at("/v1/log/consistency?from=1"), want: everybody("200")}},
	"GET /v1/log/proof":       {{path: at("/v1/log/proof?index=0"), want: everybody("200")}},
	"POST /v1/enrolments":     {{path: at("/v1/enrolments"), body: text("{}"), want: strings.Replace(everybody("401"), "operator=401", "operator=403:forbidden", 1)}},

	"POST /v1/acts": {
		{ // an answer that every holder may give at any time
			path: at("/v1/acts"), body: (*cross).report,
			want: "own=201 party=201 ex=201 suspended=201 stopped=201 invited=404:not_found outsider=404:not_found operator=401 nobody=401",
		},
		{ // a question that gives nothing away and that only a holder in good standing asks
			path: at("/v1/acts"), body: (*cross).question,
			want: "own=422:own_release party=201 ex=201 suspended=403:agency_suspended stopped=201 invited=404:not_found outsider=404:not_found operator=401 nobody=401",
		},
		{ // a step in the agreement
			path: at("/v1/acts"), body: (*cross).review,
			want: "own=201 party=201 ex=409:agreement_withdrawn suspended=403:agency_suspended stopped=201 invited=404:not_found outsider=404:not_found operator=401 nobody=401",
		},
		{ // another's item
			path: at("/v1/acts"), body: (*cross).restrict,
			want: "own=201 party=404:not_found ex=404:not_found suspended=404:not_found stopped=404:not_found invited=404:not_found outsider=404:not_found operator=401 nobody=401",
		},
	},
	"HEAD /v1/uploads/{digest}": {{path: (*cross).upload, want: desks("200")}},
	"PUT /v1/uploads/{digest}": {{
		path: (*cross).newUpload, header: http.Header{"Upload-Offset": {"0"}, "Upload-Length": {"4"}}, body: text("body"),
		want: strings.Replace(desks("201"), "suspended=201", "suspended=403:agency_suspended", 1),
	}},
	"POST /v1/releases": {{
		path: at("/v1/releases"), body: (*cross).release,
		want: "own=201 party=201 ex=403:policy_agreement_withdrawn suspended=403:policy_agency_suspended stopped=403:policy_party_suspended" +
			" invited=404:not_found outsider=404:not_found operator=401 nobody=401",
	}},
	"GET /v1/feed": {{path: at("/v1/feed?after=0"), want: desks("200")}},
	"POST /v1/deliveries": {{
		path: at("/v1/deliveries"), body: (*cross).delivery,
		want: "own=200:policy_allowed party=200:policy_allowed ex=200:policy_agreement_withdrawn suspended=200:policy_agency_suspended" +
			" stopped=200:policy_party_suspended invited=200:not_found outsider=200:not_found operator=401 nobody=401",
	}},
	"POST /v1/opens": {{
		path: at("/v1/opens"), body: (*cross).open,
		want: "own=200 party=200 ex=403:policy_agreement_withdrawn suspended=403:policy_agency_suspended stopped=403:policy_party_suspended" +
			" invited=404:not_found outsider=404:not_found operator=401 nobody=401",
	}},
	"GET /v1/blobs/{digest}": {{
		path: (*cross).blob,
		want: "own=200 party=200 ex=404:not_found suspended=404:not_found stopped=404:not_found invited=404:not_found outsider=404:not_found operator=401 nobody=401",
	}},
	"GET /v1/receipts/{index}": {{
		path: (*cross).receipt,
		want: "own=200 party=200 ex=200 suspended=200 stopped=200 invited=404:not_found outsider=404:not_found operator=401 nobody=401",
	}},
	"GET /v1/deposits": {{path: at("/v1/deposits"), want: desks("200")}},
	"GET /v1/deposits/{thumbprint}": {{
		path: (*cross).deposit, want: strings.Replace(desks("404:not_found"), "own=404:not_found", "own=200", 1),
	}},
	"PUT /v1/deposits/{thumbprint}": {{path: (*cross).newDeposit, body: text("wrapped"), want: desks("204")}},

	"GET /v1/registrar/agencies/{slug}":           {{path: at("/v1/registrar/agencies/agencya"), want: operator("200")}},
	"PUT /v1/registrar/agencies/{slug}":           {{path: at("/v1/registrar/agencies/agencyq"), body: text("{}"), want: operator("400:request_malformed")}},
	"POST /v1/registrar/agencies/{slug}/codes":    {{path: at("/v1/registrar/agencies/agencya/codes"), want: operator("409:custody_mismatch")}},
	"POST /v1/registrar/agencies/{slug}/requests": {{path: at("/v1/registrar/agencies/agencya/requests"), body: text(`{"request":"dance"}`), want: operator("400:request_malformed")}},
	"GET /v1/registrar/agreements":                {{path: at("/v1/registrar/agreements"), want: operator("200")}},
	"GET /v1/registrar/agreements/{digest}":       {{path: (*cross).agreement, want: operator("200")}},
	"POST /v1/registrar/clock":                    {{path: at("/v1/registrar/clock"), want: operator("204")}},
}

// Every endpoint is asked by every caller, about one release among parties to one
// agreement, and gives each what the oracle says.
func TestEveryEndpointGivesEachCallerWhatItMaySee(t *testing.T) {
	t.Parallel()
	c := newCross(t)
	doors := hubhttp.Doors()
	for pattern := range oracle {
		if doors[pattern] == "" {
			t.Errorf("the oracle has %s, which is no endpoint", pattern)
		}
	}
	for _, pattern := range slices.Sorted(maps.Keys(doors)) {
		if len(oracle[pattern]) == 0 {
			t.Errorf("the endpoint %s has no row: nobody said who may use it", pattern)
		}
		for n, row := range oracle[pattern] {
			want := map[string]string{}
			for _, field := range strings.Fields(row.want) {
				caller, got, _ := strings.Cut(field, "=")
				want[caller] = got
			}
			for _, caller := range callers {
				if want[caller] == "" {
					t.Errorf("%s does not say what %s gets", pattern, caller)
					continue
				}
				if got := c.ask(pattern, row, caller, want[caller]); got != "" {
					t.Errorf("%s (%d) as %s: %s, want %s", pattern, n, caller, got, want[caller])
				}
			}
		}
	}
}

type cross struct {
	*hubtest.Hub
	t        *testing.T
	by       map[string]*hubtest.Agency
	ref      act.AgreementRef
	released hubclient.Appended
	item     string
	body     string
	items    map[string]string // a release of each caller, sealed and uploaded when it still could
}

func newCross(t *testing.T) *cross {
	t.Helper()
	h := hubtest.Start(t, hubtest.Options{})
	c := &cross{Hub: h, t: t, by: map[string]*hubtest.Agency{}, items: map[string]string{}}
	var parties, recipients []*hubtest.Agency
	for n, caller := range callers[:7] {
		agency := h.Enrol(t, act.AgencyName("agency"+string(rune('a'+n))))
		c.by[caller] = agency
		if n < 5 {
			parties = append(parties, agency)
		}
	}
	c.ref = c.by["own"].Propose(t, h.WholeDocument(parties...))
	for _, party := range parties {
		party.Sign(t, c.ref)
		party.Sync(t)
	}
	recipients = parties[1:]
	item := c.by["own"].Seal(t, c.ref, "content", recipients...)
	c.by["own"].Upload(t, item)
	released, err := c.by["own"].Client.Release(t.Context(), c.by["own"].Request(t, item))
	if err != nil {
		t.Fatal(err)
	}
	c.released, c.item, c.body = released, item.Payload.Item, strings.TrimPrefix(item.Parts[1].BodyDigest, "sha256:")
	for caller, agency := range c.by {
		to := c.by["party"]
		if caller == "party" {
			to = c.by["own"]
		}
		own := agency.Seal(t, c.ref, "content of "+caller, to)
		agency.Upload(t, own)
		raw, err := canonical.Marshal(agency.Request(t, own))
		if err != nil {
			t.Fatal(err)
		}
		c.items[caller] = string(raw)
	}
	for _, recipient := range recipients {
		if _, err := recipient.Deliver(t.Context(), []act.ID{released.Act}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.by["own"].PutDeposit(t.Context(), act.Thumbprint(c.by["own"].Identity.Thumbprint()), []byte("wrapped")); err != nil {
		t.Fatal(err)
	}
	c.part()
	return c
}

// part lets everybody become who its name says.
func (c *cross) part() {
	c.t.Helper()
	own, ex := c.by["own"], c.by["ex"]
	ex.Submit(c.t, act.OfficerSign, &act.AgreementWithdraw{AgreementStep: ex.Step(c.t, c.ref)})
	own.Submit(c.t, act.OfficerSign, &act.AgreementSuspendParty{AgreementPartyStep: act.AgreementPartyStep{
		AgreementStep: own.Reasoned(c.t, c.ref, "safety"), Agency: c.by["stopped"].Name,
	}})
	own.Invite(c.t, c.ref, c.by["invited"])
	if _, err := c.Operator.Request(c.t.Context(), c.by["suspended"].Name, hubclient.RequestSuspend); err != nil {
		c.t.Fatal(err)
	}
	// The rows on the log need a checkpoint.
	if _, err := own.Receipt(c.t.Context(), c.released.Index); err != nil {
		c.t.Fatal(err)
	}
}

// ask returns what the caller got, or "" if it is what was wanted.
func (c *cross) ask(pattern string, row request, caller, want string) string {
	c.t.Helper()
	bearer := ""
	switch agency := c.by[caller]; {
	case agency != nil:
		var err error
		if bearer, err = agency.Bearer(c.t.Context()); err != nil {
			c.t.Fatal(err)
		}
	case caller == "operator":
		bearer = c.Cluster.OperatorToken()
	}
	body := ""
	if row.body != nil {
		body = row.body(c, caller)
	}
	method, _, _ := strings.Cut(pattern, " ")
	status, _, text := c.Do(c.t, method, row.path(c, caller), bearer, row.header, strings.NewReader(body))
	wantStatus, code, _ := strings.Cut(want, ":")
	if fmt.Sprint(status) == wantStatus && (code == "" || method == http.MethodHead || strings.Contains(text, `"`+code+`"`)) {
		return ""
	}
	return fmt.Sprintf("%d %.300s", status, text)
}

// as is who signs for a caller that is no agency: the publisher, whose acts must
// not serve anybody else.
func (c *cross) as(caller string) *hubtest.Agency {
	if agency := c.by[caller]; agency != nil {
		return agency
	}
	return c.by["own"]
}

func (c *cross) desk(caller string, payload act.Payload) string {
	return c.as(caller).SignAct(c.t, act.DeskSign, payload)
}

func (c *cross) report(caller string) string {
	a := c.as(caller)
	return c.desk(caller, &act.ItemReportUse{Common: a.Common(), Release: c.released.Act, Purposes: []string{"detection"}, Outcome: "useful", Officer: a.Officer()})
}

func (c *cross) question(caller string) string {
	a := c.as(caller)
	return c.desk(caller, &act.ConsentRequest{
		Common: a.Common(), Release: c.released.Act, Use: "judicial-use", Purpose: "detection", Until: canonical.At(time.Now().Add(time.Hour)), Officer: a.Officer(),
	})
}

func (c *cross) restrict(caller string) string {
	return c.desk(caller, c.as(caller).Restriction(c.t, c.item, map[string][]string{"notifications": {"must-not"}}))
}

func (c *cross) review(caller string) string {
	a := c.as(caller)
	last := c.by["own"]
	last.Sync(c.t)
	return a.SignAct(c.t, act.OfficerSign, &act.AgreementReview{AgreementStep: act.AgreementStep{
		Common: a.Common(), Agreement: c.ref, Officer: a.Officer(), Prev: last.State.Revision(c.ref.Digest).Last,
	}})
}

func (c *cross) release(caller string) string {
	if c.by[caller] == nil {
		return c.items["own"]
	}
	return c.items[caller]
}

func (c *cross) delivery(string) string { return fmt.Sprintf(`{"releases":[%q]}`, c.released.Act) }

func (c *cross) open(caller string) string {
	a := c.as(caller)
	digest := canonical.Digest(nil)
	if a.Sync(c.t); a.State.Release(c.released.Act) != nil {
		digest = a.Terms(c.t, c.released.Act)
	}
	return fmt.Sprintf(`{"act":%q}`, c.desk(caller, &act.ItemOpen{
		Common: a.Common(), Release: c.released.Act, Part: "body", Purpose: "detection", Restrictions: digest, Officer: a.Officer(),
	}))
}

func (c *cross) blob(string) string    { return "/v1/blobs/" + c.body }
func (c *cross) upload(string) string  { return "/v1/uploads/" + c.body }
func (c *cross) receipt(string) string { return fmt.Sprintf("/v1/receipts/%d", c.released.Index) }
func (c *cross) agreement(string) string {
	return "/v1/registrar/agreements/" + c.ref.Digest
}
func (c *cross) deposit(string) string { return "/v1/deposits/" + c.by["own"].Identity.Thumbprint() }

func (c *cross) newUpload(string) string {
	return "/v1/uploads/" + strings.TrimPrefix(canonical.Digest([]byte("body")), "sha256:")
}

func (c *cross) newDeposit(string) string {
	return "/v1/deposits/" + string(act.ThumbprintOf(make([]byte, 32)))
}
