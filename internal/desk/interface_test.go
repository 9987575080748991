package desk_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/client/deskclient"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/tlog"
)

func badRequests(t *testing.T, w *world, a, b *site) {
	analyst := a.officer("analyst-1", "analyst")
	source := sample(t)
	for name, test := range map[string]struct{ method, path, body, code string }{
		"an unknown member":  {"POST", "/api/v1/drafts", `{"kind":"bulletin","source":"x","extra":1}`, "request_malformed"},
		"not JSON":           {"POST", "/api/v1/drafts", `"kind"`, "request_malformed"},
		"an unknown kind":    {"POST", "/api/v1/drafts", `{"kind":"novel","source":"x"}`, "item_kind_unknown"},
		"an empty source":    {"POST", "/api/v1/drafts", `{"kind":"bulletin","source":""}`, "request_too_large"},
		"a malformed source": {"POST", "/api/v1/drafts", `{"kind":"bulletin","source":"a: [b"}`, "draft_invalid"},
		"too large":          {"POST", "/api/v1/drafts", `{"kind":"bulletin","source":"` + strings.Repeat("x", 2<<20) + `"}`, "request_too_large"},
		"a foreign item":     {"POST", "/api/v1/drafts", `{"kind":"bulletin","item":"` + act.NewItemID() + `","source":"x"}`, "not_found"},
		"no such path":       {"GET", "/api/v1/secrets", "", "not_found"},
		"no such method":     {"PATCH", "/api/v1/drafts", "", "not_found"},
		"no such draft":      {"GET", "/api/v1/drafts/x", "", "not_found"},
		"no such item":       {"GET", "/api/v1/items/x", "", "not_found"},
		"a member twice":     {"POST", "/api/v1/drafts", `{"kind":"bulletin","kind":"checklist-test","source":"x"}`, "request_malformed"},
		"another case":       {"POST", "/api/v1/drafts", `{"Kind":"bulletin","source":"x"}`, "request_malformed"},
		"no such box":        {"GET", "/api/v1/items?box=bin", "", "request_malformed"},
	} {
		var body any
		if test.body != "" {
			body = rawJSON(test.body)
		}
		err := analyst.Do(t.Context(), test.method, test.path, body, nil)
		if deskclient.CodeOf(err) != test.code {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
	draft, err := analyst.CreateDraft(t.Context(), deskapi.DraftRequest{Kind: "bulletin", Source: source})
	if err != nil {
		t.Fatal(err)
	}
	err = analyst.Do(t.Context(), "PUT", "/api/v1/drafts/"+draft.ID, deskapi.DraftRequest{Source: source}, nil)
	wantCode(t, err, "precondition_required")
}

// "No such thing" and "not for you" are the same bytes.
func notForYouLooksLikeNothing(t *testing.T, w *world, a, b *site) {
	_, release := exchanged(t, w, a, b)
	c := w.desks["agencyc"]
	c.officer("reader-1", "reader")
	answer := func(path string) string {
		request, err := http.NewRequestWithContext(t.Context(), "GET", c.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+c.tokens["reader-1 reader"])
		response, err := c.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		response.Header.Del("Date")
		var header strings.Builder
		_ = response.Header.Write(&header)
		return response.Status + header.String() + string(body)
	}
	for _, pair := range [][2]string{
		{"/api/v1/items/" + release.Item, "/api/v1/items/" + act.NewItemID()},
		{"/api/v1/items/" + release.Item + "/conditions", "/api/v1/items/" + act.NewItemID() + "/conditions"},
		{"/api/v1/items/" + release.Item + "/receipt", "/api/v1/items/" + act.NewItemID() + "/receipt"},
	} {
		if there, nowhere := answer(pair[0]), answer(pair[1]); there != nowhere {
			t.Errorf("%s answers\n%s\nand nothing answers\n%s", pair[0], there, nowhere)
		}
	}
}

func relaysOwnActs(t *testing.T, w *world, a, b *site) {
	document := w.document([]*site{a, b})
	raw, digest, err := document.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	propose := func(c act.Common) act.Payload { return &act.AgreementPropose{Common: c, Document: string(raw)} }
	signer, id := a.signer()
	jws, err := act.Sign(signer, id, propose(act.Common{Issuer: "agencya", Audience: w.hub.Hub.ID, JTI: act.NewJTI(), IssuedAt: document.EntryIntoForce.NotBefore}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.officer("signatory", "signatory").Relay(t.Context(), jws)
	if code := deskclient.CodeOf(err); code != "act_not_own" && code != "act_refused" {
		t.Fatalf("another agency's act: %v", err)
	}
	_, err = a.officer("analyst-1", "analyst").Relay(t.Context(), jws)
	wantCode(t, err, "role_required")
	_, err = a.officer("signatory", "signatory").Relay(t.Context(), jws[:len(jws)-4]+"AAAA")
	wantCode(t, err, "act_refused")
	done, err := a.officer("signatory", "signatory").Relay(t.Context(), jws)
	if err != nil {
		t.Fatal(err)
	}
	// The same act again is the same entry.
	again, err := a.officer("signatory", "signatory").Relay(t.Context(), jws)
	if err != nil || again.Index != done.Index {
		t.Fatalf("%+v, %v", again, err)
	}
	// In another officer's name.
	_, err = a.sign(a.officer("signatory", "signatory"), func(c act.Common) act.Payload {
		return &act.AgreementSign{AgreementStep: act.AgreementStep{
			Common: c, Agreement: act.AgreementRef{ID: document.ID, Digest: digest}, Officer: act.OfficerName([16]byte{1}), Prev: act.ID(done.Act),
		}}
	})
	wantCode(t, err, "act_not_own")
}

func agreementsShowEverything(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b})
	shown, err := b.officer("auditor", "auditor").Agreement(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	document, digest, err := agreement.Parse([]byte(shown.Document))
	if err != nil || digest != shown.Digest || document.ID != id {
		t.Fatalf("the document is not what is signed: %v", err)
	}
	if len(shown.Parties) != 2 || len(strings.Fields(shown.Parties[0].OfficerSign.Words)) != 8 || shown.Parties[0].OfficerSign.PublicKey == "" ||
		shown.KeysDiffer || !shown.HubIsOurs || len(shown.Signed) != 2 || len(shown.Pending) != 0 {
		t.Fatalf("%+v", shown)
	}
	list, err := b.officer("auditor", "auditor").Agreements(t.Context())
	at := slices.IndexFunc(list, func(one deskapi.AgreementSummary) bool { return one.ID == id })
	if err != nil || at < 0 || list[at].State != "in-force" || list[at].NextState != "expired" {
		t.Fatalf("%+v, %v", list, err)
	}
}

func dryRunNamesTheRule(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	id := w.agree([]*site{a, b, c}, func(d *agreement.Document) { d.Parties[2].Role = agreement.Contributor })
	draft := a.approved("bulletin", sample(t))
	releaser := a.officer("releaser-1", "releaser")
	dry, err := releaser.DryRun(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: id})
	if err != nil || !dry.Allow {
		t.Fatalf("%+v, %v", dry, err)
	}
	reasons := map[string]string{}
	for _, r := range dry.Recipients {
		reasons[r.Agency] = r.Reason
		if r.Message == "" || strings.Contains(r.Message, "policy_") {
			t.Errorf("%s: %q", r.Agency, r.Message)
		}
	}
	if reasons["agencyb"] != "policy_allowed" || reasons["agencyc"] != "policy_role_forbids" {
		t.Fatalf("%v", reasons)
	}
	dry, err = releaser.DryRun(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: id, Restrictions: map[string][]string{"recipients": {"agencyc"}}})
	if err != nil || dry.Allow || dry.Recipients[0].Reason != "policy_restriction_forbids" {
		t.Fatalf("%+v, %v", dry, err)
	}
	_, err = releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: id, Restrictions: map[string][]string{"recipients": {"agencyc"}}})
	wantCode(t, err, "no_recipient")
	_, err = releaser.DryRun(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: id, Restrictions: map[string][]string{"colour": {"blue"}}})
	wantCode(t, err, "restrictions_invalid")
	_, err = releaser.DryRun(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: act.NewAgreementID()})
	wantCode(t, err, "not_found")
	// Looser than the floor is the floor.
	dry, err = releaser.DryRun(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: id, Restrictions: map[string][]string{"tlp": {"TLP:CLEAR"}}})
	if err != nil || dry.Restrictions["tlp"][0] != "TLP:AMBER+STRICT" {
		t.Fatalf("%+v, %v", dry, err)
	}
}

func idempotencyKeys(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b})
	first, second := a.approved("bulletin", sample(t)), a.approved("bulletin", sample(t))
	releaser := a.officer("releaser-1", "releaser")
	done, err := releaser.Release(t.Context(), first.ID, deskapi.ReleaseRequest{Agreement: id, IdempotencyKey: "key of " + first.ID})
	if err != nil {
		t.Fatal(err)
	}
	again, err := releaser.Release(t.Context(), first.ID, deskapi.ReleaseRequest{Agreement: id, IdempotencyKey: "key of " + first.ID})
	if err != nil || again.Release != done.Release {
		t.Fatalf("%+v, %v", again, err)
	}
	_, err = releaser.Release(t.Context(), second.ID, deskapi.ReleaseRequest{Agreement: id, IdempotencyKey: "key of " + first.ID})
	wantCode(t, err, "idempotency_conflict")
}

// A second version of an item is one more release of the same item.
func newVersionSameItem(t *testing.T, w *world, a, b *site) {
	agreementID, release := exchanged(t, w, a, b)
	analyst := a.officer("analyst-1", "analyst")
	drafts, err := analyst.Drafts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	source := strings.Replace(sample(t), "What public reports describe", "What published reports describe", 1)
	at := slices.IndexFunc(drafts, func(one deskapi.Draft) bool { return one.Item == release.Item })
	edited, err := analyst.EditDraft(t.Context(), drafts[at].ID, drafts[at].Version, deskapi.DraftRequest{Source: source})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.officer("reviewer-1", "reviewer").Approve(t.Context(), edited.ID, edited.ContentDigest); err != nil {
		t.Fatal(err)
	}
	second, err := a.officer("releaser-1", "releaser").Release(t.Context(), edited.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	if err != nil || second.Item != release.Item || second.Version != 2 {
		t.Fatalf("%+v, %v", second, err)
	}
	b.w.await("both versions are there", func() bool {
		it, err := b.officer("reader-1", "reader").Item(t.Context(), release.Item)
		return err == nil && len(it.Releases) == 2 && it.Version == 2
	})
	opened, err := b.open(release.Item)
	if err != nil || opened.Version != 2 || !strings.Contains(opened.Rendered, "What published reports describe") {
		t.Fatalf("%+v, %v", opened.Version, err)
	}
}

// An observer sees that there is an item, and its body is not sealed to it at all.
func observerGetsCover(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, func(d *agreement.Document) { d.Parties[1].Role = agreement.Observer })
	draft := a.approved("bulletin", sample(t))
	release, err := a.officer("releaser-1", "releaser").Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: id})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.received(release.Item); got.Title["en"] == "" {
		t.Fatalf("%+v", got)
	}
	_, err = b.open(release.Item)
	wantCode(t, err, "open_denied")
	var refused *deskclient.Error
	if !errors.As(err, &refused) || refused.Reason != "policy_role_forbids" {
		t.Fatalf("%v", err)
	}
	raw, err := b.officer("reader-1", "reader").Receipt(t.Context(), release.Item, "release", "")
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := tlog.ParseReceipt(raw)
	if err != nil || len(receipt.Descriptors) != 1 || receipt.Descriptors[0].Descriptor.Part != "cover" {
		t.Fatalf("%+v, %v", receipt.Descriptors, err)
	}
}

// The same request from several clients at once is one release.
func askedAtOnceIsOne(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b})
	draft := a.approved("bulletin", sample(t))
	releaser := a.officer("releaser-1", "releaser")
	const n = 6
	results := make(chan string, n)
	for range n {
		go func() {
			release, err := releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: id})
			if err != nil {
				results <- err.Error()
				return
			}
			results <- release.Release
		}()
	}
	first := <-results
	for range n - 1 {
		if other := <-results; other != first {
			t.Errorf("%s and %s", first, other)
		}
	}
	if count := a.releases(draft.Item); count != 1 {
		t.Fatalf("%d releases", count)
	}
}
