package desk_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

// access asks a site's auditor about an instant, and returns the reasons by agency.
func (s *site) access(item string, at time.Time) (deskapi.Access, map[string]string) {
	s.w.t.Helper()
	answer, err := s.officer("auditor", "auditor").Access(s.w.t.Context(), item, "", at)
	if err != nil {
		s.w.t.Fatal(err)
	}
	reasons := map[string]string{}
	for _, one := range answer.Agencies {
		reasons[one.Agency] = one.Reason
		if one.Allow != (one.Reason == "policy_allowed") || !strings.Contains(one.Message, one.Agency) || strings.Contains(one.Message, "access_") {
			s.w.t.Errorf("%+v", one)
		}
	}
	return answer, reasons
}

// What each auditor is told of three agencies, one of which the release was not
// for, at instants around a suspension.
func ledgerAnswersAboutInstants(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	id := w.agree([]*site{a, b, c})
	draft := a.approved("bulletin", sample(t))
	before := time.Now()
	release, err := a.officer("releaser-1", "releaser").Release(t.Context(), draft.ID, deskapi.ReleaseRequest{
		Agreement: id, Restrictions: map[string][]string{"recipients": {"agencyb"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.received(release.Item)
	open := time.Now()
	a.step(a.officer("signatory", "signatory"), id, suspends)
	halted := time.Now()
	a.step(a.officer("signatory", "signatory"), id, resumes)
	resumed := time.Now()
	w.await("the resumption at agencyb", func() bool {
		shown, err := b.officer("auditor", "auditor").Agreement(t.Context(), id, "")
		return err == nil && shown.State == "in-force"
	})

	for _, known := range []struct {
		at      time.Time
		a, b, c string
	}{
		{before, "unknown_release", "unknown_release", "unknown_release"},
		{open, "allowed", "allowed", "not_a_recipient"},
		{halted, "agreement_suspended", "agreement_suspended", "not_a_recipient"},
		{resumed, "allowed", "allowed", "not_a_recipient"},
		{time.Time{}, "allowed", "allowed", "not_a_recipient"},
	} {
		_, told := a.access(release.Item, known.at)
		if diff := cmp.Diff(map[string]string{"agencya": "policy_" + known.a, "agencyb": "policy_" + known.b, "agencyc": "policy_" + known.c}, told); diff != "" {
			t.Errorf("the originator about %s: %s", known.at, diff)
		}
		_, told = b.access(release.Item, known.at)
		if diff := cmp.Diff(map[string]string{"agencya": "policy_" + known.a, "agencyb": "policy_" + known.b}, told); diff != "" {
			t.Errorf("a receiver about %s: %s", known.at, diff)
		}
	}
	sayWhoSuspended(t, a, release.Item, halted)
	onlyForAuditorsOfTheEntitled(t, b, c, release.Item)
}

func sayWhoSuspended(t *testing.T, a *site, item string, halted time.Time) {
	auditor := a.officer("auditor", "auditor")
	said := map[string]bool{}
	for _, lang := range []string{"en", "fr", "id"} {
		answer, err := auditor.In(lang).Access(t.Context(), item, "", halted)
		if err != nil || len(answer.Agencies) != 3 {
			t.Fatalf("%+v, %v", answer, err)
		}
		why := answer.Agencies[1]
		if !strings.Contains(why.Message, "AG-1") || !strings.Contains(why.Message, "agencya") || len(why.Evidence) == 0 {
			t.Errorf("%+v", why)
		}
		said[why.Message] = true
	}
	if len(said) != 3 {
		t.Errorf("three languages said %v", slices.Collect(maps.Keys(said)))
	}
}

// Who is not to know finds what nobody would find.
func onlyForAuditorsOfTheEntitled(t *testing.T, b, c *site, item string) {
	for _, role := range []string{"reader", "analyst", "releaser", "signatory", "agency-admin"} {
		_, err := b.officer(role+"-1", role).Access(t.Context(), item, "", time.Time{})
		wantCode(t, err, "role_required")
	}
	_, err := b.officer("auditor", "auditor").Access(t.Context(), item, "", time.Now().Add(time.Hour))
	wantCode(t, err, "request_malformed")
	_, err = b.officer("auditor", "auditor").Access(t.Context(), item, "no such release", time.Time{})
	wantCode(t, err, "not_found")
	if got := b.status("GET", "/api/v1/items/"+item+"/access?at=yesterday", "", b.officer("auditor", "auditor")); got != http.StatusBadRequest {
		t.Errorf("an instant that is none: %d", got)
	}
	c.officer("auditor", "auditor")
	answer := func(id, query string) string {
		request, err := http.NewRequestWithContext(t.Context(), "GET", c.url+"/api/v1/items/"+id+"/access"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+c.tokens["auditor auditor"])
		response, err := c.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(response.StatusCode, string(body))
	}
	for _, query := range []string{"", "?at=2026-01-01T00:00:00Z", "?at=2999-01-01T00:00:00Z"} {
		there, nowhere := answer(item, query), answer(act.NewItemID(), query)
		if there != nowhere || !strings.HasPrefix(there, "404") {
			t.Errorf("%q: what is there answers %s and nothing answers %s", query, there, nowhere)
		}
	}
}

// Whom a release was sealed to stands in no entry but as hashes: a desk that lost
// it says so, and says neither yes nor no.
func lostDiskDoesNotGuess(t *testing.T, w *world, a, b *site) {
	_, release := exchanged(t, w, a, b)
	if answer, told := a.access(release.Item, time.Time{}); len(told) != 2 || answer.Incomplete {
		t.Fatalf("%+v", answer)
	}
	a.loseDisk()
	a.awaitReady()
	answer, told := a.access(release.Item, time.Time{})
	if diff := cmp.Diff(map[string]string{"agencya": "policy_allowed"}, told); diff != "" || !answer.Incomplete {
		t.Fatalf("%+v: %s", answer, diff)
	}
}
