package hub_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
)

// probe is one way to ask for something by name.
type probe struct {
	method, path string
	header       http.Header
	body         string
}

// What an agency may not see must look, in every byte of the answer, like what
// does not exist. Each row asks as agency c for something that exists among a
// and b, and for a thing of the same kind that never was.
func TestWhatAnAgencyMayNotSeeLooksLikeWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b)
	if err := w.b.PutDeposit(t.Context(), act.Thumbprint(w.b.Identity.Thumbprint()), []byte("wrapped")); err != nil {
		t.Fatal(err)
	}
	for name, pair := range w.probes(t, released.Act, released.Index) {
		t.Run(name, func(t *testing.T) {
			bearer, err := w.c.Bearer(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ask := func(p probe) string {
				return w.Raw(t, p.method, p.path, bearer, p.header, strings.NewReader(p.body))
			}
			hidden, absent := ask(pair[0]), ask(pair[1])
			if diff := cmp.Diff(absent, hidden); diff != "" {
				t.Errorf("the answers differ (-absent +hidden):\n%s", diff)
			}
			if pair[0].method != http.MethodHead && !strings.Contains(hidden, "not_found") {
				t.Errorf("answer: %s", hidden)
			}
			if pair[0].method != http.MethodGet {
				return
			}
			// The row means something only if the thing is there for who may see it.
			entitled, err := w.b.Bearer(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if status, _, _ := w.Do(t, pair[0].method, pair[0].path, entitled, pair[0].header, nil); status/100 != 2 {
				t.Errorf("agency b gets %d", status)
			}
		})
	}
}

func (w *trio) probes(t *testing.T, release act.ID, index uint64) map[string][2]probe {
	t.Helper()
	body := strings.TrimPrefix(w.bodyDigest(t, release), "sha256:")
	none := strings.TrimPrefix(canonical.Digest([]byte("none")), "sha256:")
	noRelease := act.ID(strings.Repeat("A", 43))
	get := func(path string) probe { return probe{method: "GET", path: path} }
	post := func(path, body string) probe { return probe{method: "POST", path: path, body: body} }
	submit := func(purpose act.Purpose, payload act.Payload) probe {
		return post("/v1/acts", w.c.SignAct(t, purpose, payload))
	}
	open := func(id act.ID) probe {
		raw := w.c.SignAct(t, act.DeskSign, &act.ItemOpen{
			Common: w.c.Common(), Release: id, Part: "body", Purpose: "detection", Restrictions: canonical.Digest(nil), Officer: w.c.Officer(),
		})
		return post("/v1/opens", fmt.Sprintf(`{"act":%q}`, raw))
	}
	item := w.item(t, release)
	retract := func(id string) probe {
		return submit(act.DeskSign, &act.ItemRetract{Common: w.c.Common(), Item: id, Officer: w.c.Officer(), Reason: "error"})
	}
	prev := w.a.State.Revision(w.ref.Digest).Last
	step := func(ref act.AgreementRef) act.AgreementStep {
		return act.AgreementStep{Common: w.c.Common(), Agreement: ref, Officer: w.c.Officer(), Prev: prev}
	}
	noRef := act.AgreementRef{ID: act.NewAgreementID(), Digest: canonical.Digest([]byte("none"))}
	release2 := func(ref act.AgreementRef) probe {
		sealed := w.c.Seal(t, ref, "content", w.b)
		w.c.Upload(t, sealed)
		raw, err := canonical.Marshal(w.c.Request(t, sealed))
		if err != nil {
			t.Fatal(err)
		}
		return post("/v1/releases", string(raw))
	}
	return map[string][2]probe{
		"open a release":          {open(release), open(noRelease)},
		"body of a sealed part":   {get("/v1/blobs/" + body), get("/v1/blobs/" + none)},
		"range of a body":         {{method: "GET", path: "/v1/blobs/" + body, header: http.Header{"Range": {"bytes=0-9"}}}, {method: "GET", path: "/v1/blobs/" + none, header: http.Header{"Range": {"bytes=0-9"}}}},
		"upload of known bytes":   {{method: "HEAD", path: "/v1/uploads/" + body}, {method: "HEAD", path: "/v1/uploads/" + none}},
		"receipt of an entry":     {get(fmt.Sprintf("/v1/receipts/%d", index)), get("/v1/receipts/99999999")},
		"deposit of another":      {get("/v1/deposits/" + w.b.Identity.Thumbprint()), get("/v1/deposits/" + strings.Repeat("A", 43))},
		"retract an item":         {retract(item), retract(act.NewItemID())},
		"sign an agreement":       {submit(act.OfficerSign, &act.AgreementSign{AgreementStep: step(w.ref)}), submit(act.OfficerSign, &act.AgreementSign{AgreementStep: step(noRef)})},
		"suspend an agreement":    {submit(act.OfficerSign, &act.AgreementSuspend{AgreementStep: step(w.ref)}), submit(act.OfficerSign, &act.AgreementSuspend{AgreementStep: step(noRef)})},
		"terminate an agreement":  {submit(act.OfficerSign, &act.AgreementTerminate{AgreementStep: step(w.ref)}), submit(act.OfficerSign, &act.AgreementTerminate{AgreementStep: step(noRef)})},
		"release under agreement": {release2(w.ref), release2(noRef)},
	}
}

func TestADeliveryOfAHiddenReleaseSaysWhatOneOfAnAbsentReleaseSays(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b)
	absent := act.ID(strings.Repeat("A", 43))
	entries, _ := w.Service.Sizes()
	answers, err := w.c.Deliver(t.Context(), []act.ID{released.Act, absent, released.Act})
	if err != nil || len(answers) != 2 {
		t.Fatalf("%+v, %v", answers, err)
	}
	answers[0].Release, answers[1].Release = "", ""
	if diff := cmp.Diff(answers[0], answers[1]); diff != "" || answers[0].Allow || answers[0].Reason != "not_found" {
		t.Errorf("%+v\n%s", answers, diff)
	}
	if now, _ := w.Service.Sizes(); now != entries {
		t.Error("asking for what is not there was recorded")
	}
}

// Endpoints and classes of callers: nobody gets past the door that is not its own.
func TestEveryEndpointAsksWhoIsThere(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	desk, err := w.a.Bearer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	digest := strings.Repeat("0", 64)
	callers := map[string]string{
		"nobody": "", "a desk": desk, "the operator": w.Cluster.OperatorToken(), "a desk's workload": w.Cluster.DeskToken("agencya"),
		"another workload": w.Cluster.Token("system:serviceaccount:default:default"), "garbage": "a.b.c",
	}
	desks := []string{
		"POST /v1/acts", "HEAD /v1/uploads/" + digest, "PUT /v1/uploads/" + digest, "POST /v1/releases", "GET /v1/feed", "POST /v1/deliveries",
		"POST /v1/opens", "GET /v1/blobs/" + digest, "GET /v1/receipts/0", "GET /v1/deposits", "GET /v1/deposits/x", "PUT /v1/deposits/x",
	}
	operators := []string{
		"GET /v1/registrar/agencies/agencya", "PUT /v1/registrar/agencies/agencyq", "POST /v1/registrar/agencies/agencya/codes",
		"POST /v1/registrar/agencies/agencya/requests", "GET /v1/registrar/agreements", "GET /v1/registrar/agreements/" + w.ref.Digest,
		"GET /v1/registrar/agreements/sha256:" + digest, "POST /v1/registrar/clock",
	}
	for caller, bearer := range callers {
		for _, endpoint := range append(append([]string{}, desks...), operators...) {
			method, path, _ := strings.Cut(endpoint, " ")
			status, _, _ := w.Do(t, method, path, bearer, nil, strings.NewReader("{"))
			isOperatorEndpoint := strings.Contains(path, "/registrar/")
			want := 401
			switch {
			case caller == "a desk" && !isOperatorEndpoint, caller == "the operator" && isOperatorEndpoint:
				want = 0 // past the door, whatever comes then
			case isOperatorEndpoint && (caller == "a desk's workload" || caller == "another workload"):
				want = 403
			}
			if past := status != 401 && status != 403; (want == 0) != past || (want != 0 && status != want) {
				t.Errorf("%s as %s: %d, want %d", endpoint, caller, status, want)
			}
		}
	}
}
