package desk_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/client/deskclient"
	"github.com/concordat-hub/concordat/internal/desk"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
)

// whole gives a document every clause, over the parties, keys and times that it
// has; change may alter the clauses.
func whole(change ...func(*agreement.Document)) func(*agreement.Document) {
	return func(d *agreement.Document) {
		var names []act.AgencyName
		for _, party := range d.Parties {
			names = append(names, party.Agency)
		}
		model := agreementtest.DocumentV2(names...)
		for i := range d.Parties {
			d.Parties[i].Authority = model.Parties[i].Authority
		}
		d.Schema, d.Clauses, d.Floor, d.OpenLease = agreement.SchemaV2, model.Clauses, model.Floor, model.OpenLease
		d.AccessionRule, d.Termination.Survival = nil, model.Termination.Survival
		d.Categories = []agreement.Category{{Kind: "bulletin"}}
		d.ItemKinds = []string{"bulletin"}
		d.Definitions = model.Definitions
		for _, f := range change {
			f(d)
		}
	}
}

// passing lets parties pass on within their community, and asks nobody.
func passing(d *agreement.Document) {
	d.Floor["tlp"], d.Floor["onwardScope"], d.Floor["onwardConsent"] = []string{"TLP:GREEN"}, []string{"agreement-parties"}, []string{"never"}
	d.Definitions.Community = "The parties and the services that they name."
}

// later moves the hub's clock and those of all desks on.
func (w *world) later(by time.Duration) {
	w.t.Helper()
	w.ahead += by
	w.stopHub()
	w.hub = w.hub.Restart(w.root, hubtest.Options{Clock: aheadClock{hub.SystemClock(), w.ahead}})
	w.line.to(strings.TrimPrefix(w.hub.URL, "https://"))
	for _, s := range w.desks {
		s.clock.Store(int64(w.ahead))
	}
}

type aheadClock struct {
	hub.Clock
	by time.Duration
}

func (c aheadClock) Now() time.Time { return c.Clock.Now().Add(c.by) }

// shared releases a fresh sample from a to the other parties and waits for them.
func shared(t *testing.T, agreementID string, a *site, restrictions map[string][]string, to ...*site) deskapi.Release {
	t.Helper()
	draft := a.approved("bulletin", sample(t))
	release, err := a.officer("releaser-1", "releaser").Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID, Restrictions: restrictions})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range to {
		s.received(release.Item)
	}
	return release
}

// notes waits until the site's officer reads a note of this code at the item.
func (s *site) notes(item, code string) deskapi.Note {
	t := s.w.t
	t.Helper()
	var found deskapi.Note
	s.w.await(string(s.name)+" reads "+code, func() bool {
		it, err := s.officer("reader-1", "reader").Item(t.Context(), item)
		if err != nil {
			return false
		}
		for _, release := range it.Releases {
			for _, note := range release.Notes {
				if note.Code == code {
					found = note
					return true
				}
			}
		}
		return false
	})
	if found.Message == "" || strings.Contains(found.Message, "desk_") || strings.Contains(found.Message, "<no value>") {
		t.Errorf("the note %+v has no sentence", found)
	}
	return found
}

func (s *site) analyst() *deskclient.Client { s.w.t.Helper(); return s.officer("analyst-1", "analyst") }
func (s *site) releaser() *deskclient.Client {
	s.w.t.Helper()
	return s.officer("releaser-1", "releaser")
}

func (s *site) conditions(item string) deskapi.Conditions {
	t := s.w.t
	t.Helper()
	c, err := s.analyst().Conditions(t.Context(), item, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// reads opens with what is in force now, as an analyst.
func (s *site) reads(item, purpose string, change ...func(*deskapi.OpenRequest)) (deskapi.Opened, error) {
	s.w.t.Helper()
	request := deskapi.OpenRequest{Purpose: purpose, Justification: "sample work", AcceptedRestrictions: s.conditions(item).RestrictionsDigest}
	for _, f := range change {
		f(&request)
	}
	return s.analyst().Open(s.w.t.Context(), item, request)
}

func mustRead(t *testing.T, s *site, item string) deskapi.Opened {
	t.Helper()
	opened, err := s.reads(item, "detection")
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func wantReason(t *testing.T, err error, code, reason string) {
	t.Helper()
	wantCode(t, err, code)
	if got := reasonOf(err); got != reason {
		t.Fatalf("got the reason %q, want %q (%v)", got, reason, err)
	}
}

// states are a duty's states by holder, as this site tells them.
func (s *site) states(item, kind string) map[string]string {
	t := s.w.t
	t.Helper()
	duties, err := s.releaser().Obligations(t.Context(), item)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, duty := range duties {
		if duty.Message == "" || strings.Contains(duty.Message, "desk_") || strings.Contains(duty.Message, "<no value>") {
			t.Errorf("the duty %+v has no sentence", duty)
		}
		if duty.Kind == kind {
			out[duty.Holder] = duty.State
		}
	}
	return out
}

func (s *site) awaitState(item, kind, holder, state string) {
	s.w.t.Helper()
	s.w.await(string(s.name)+" sees "+kind+" of "+holder+" "+state, func() bool { return s.states(item, kind)[holder] == state })
}

func TestAfterTheRelease(t *testing.T) {
	w := newWorld(t)
	a, b := w.agency("agencya"), w.agency("agencyb")
	w.agency("agencyc")
	keepAll(t, w, a, b, []promise{
		{"conditions say each axis with what stands behind it", conditionsInWords},
		{"a release that contradicts itself is refused with the pair", contradictionNamesThePair},
		{"a later restriction binds who has read already", laterRestrictionBinds},
		{"a request that comes while the item is being opened is read first", restrictedWhileOpening},
		{"a reader who was away is bound when it is back", awayAndBound},
		{"a later request only takes away", laterOnlyTakesAway},
		{"a request to some is not told to others", requestToSome},
		{"a recall closes the item and asks for destruction", recallCloses},
		{"who cannot comply is sealed at once and the originator is told", cannotComplySeals},
		{"prerequisites are attested before the item opens", prerequisitesFirst},
		{"a copy carries its reader's mark where the terms say so", copiesAreMarked},
		{"reads are counted and looking again is none", readsAreCounted},
		{"what an item was used for is reported", useIsReported},
		{"a hold stops disposal and the originator is told", holdStopsDisposal},
		{"what binds an item is exported", restrictionsAreExported},
		{"the originator's releaser asks who can read an own item", releaserAsksWhy},
		{"roles bound who may say what after a release", rolesAfterRelease},
		{"a disclosure notice is taken when the agreement has ended", disclosureAfterTheEnd},
	})
}

func conditionsInWords(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	draft := a.approved("bulletin", sample(t))
	request := deskapi.ReleaseRequest{Agreement: id, Restrictions: map[string][]string{"purposes": {"detection"}, "useReportDays": {"30"}}}
	dry, err := a.releaser().DryRun(t.Context(), draft.ID, request)
	if err != nil || !dry.Allow {
		t.Fatalf("%+v, %v", dry, err)
	}
	said(t, dry.Terms, "purposes", "gated")
	release, err := a.releaser().Release(t.Context(), draft.ID, request)
	if err != nil {
		t.Fatal(err)
	}
	b.received(release.Item)
	seen := map[string]bool{}
	for _, lang := range []string{"en", "fr", "id"} {
		c, err := b.analyst().In(lang).Conditions(t.Context(), release.Item, "")
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Terms) != len(c.Restrictions) {
			t.Errorf("%d axes and %d in words", len(c.Restrictions), len(c.Terms))
		}
		said(t, c.Terms, "useReportDays", "recorded")
		seen[said(t, c.Terms, "purposes", "gated").Name] = true
	}
	if len(seen) != 3 {
		t.Errorf("three languages name the axis %v", seen)
	}
}

func said(t *testing.T, terms []deskapi.Term, axis, enforcement string) deskapi.Term {
	t.Helper()
	for _, term := range terms {
		for _, sentence := range append([]string{term.Name, term.How}, term.Says...) {
			if sentence == "" || strings.Contains(sentence, "restriction_") || strings.Contains(sentence, "<no value>") {
				t.Errorf("no sentence in %+v", term)
			}
		}
	}
	at := slices.IndexFunc(terms, func(term deskapi.Term) bool { return term.Axis == axis })
	if at < 0 || terms[at].Enforcement != enforcement {
		t.Fatalf("%s is not said to be %s in %+v", axis, enforcement, terms)
	}
	return terms[at]
}

func contradictionNamesThePair(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	draft := a.approved("bulletin", sample(t))
	for _, ask := range []func(deskapi.ReleaseRequest) error{
		func(r deskapi.ReleaseRequest) error {
			_, err := a.releaser().DryRun(t.Context(), draft.ID, r)
			return err
		},
		func(r deskapi.ReleaseRequest) error {
			_, err := a.releaser().Release(t.Context(), draft.ID, r)
			return err
		},
	} {
		err := ask(deskapi.ReleaseRequest{Agreement: id, Restrictions: map[string][]string{"tlp": {"TLP:RED"}, "onwardScope": {"anyone"}}})
		wantReason(t, err, "restrictions_invalid", "restriction_contradiction")
		for _, axis := range []string{"tlp", "onwardScope"} {
			if !strings.Contains(detailOf(err), axis) {
				t.Errorf("the refusal %q does not name %s", detailOf(err), axis)
			}
		}
	}
}

func laterRestrictionBinds(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	id := w.agree([]*site{a, b, c}, whole())
	release := shared(t, id, a, nil, b, c)
	before := b.conditions(release.Item).RestrictionsDigest
	mustRead(t, b, release.Item)
	done, err := a.releaser().Restrict(t.Context(), release.Item, deskapi.RestrictRequest{
		Restrictions: map[string][]string{"purposes": {"detection"}, "accessForm": {"view-only"}}, AcknowledgeBy: time.Now().Add(time.Hour),
	})
	if err != nil || len(done.Acts) != 1 || !slices.Equal(done.Readers, []string{"agencyb"}) {
		t.Fatalf("%+v, %v", done, err)
	}
	said(t, done.Terms, "purposes", "gated")
	// The next decision follows it, whoever has acknowledged.
	note := b.notes(release.Item, "restricted_open")
	if note.Act != done.Acts[0].Act || note.Due.IsZero() {
		t.Errorf("%+v", note)
	}
	now := b.conditions(release.Item)
	if now.RestrictionsDigest == before || !now.Changed {
		t.Errorf("the conditions did not change: %+v", now)
	}
	if held, err := b.kept(release.Release); err != nil || held {
		w.await("what was kept under the old terms is erased", func() bool { held, err := b.kept(release.Release); return err == nil && !held })
	}
	_, err = b.analyst().Open(t.Context(), release.Item, deskapi.OpenRequest{Purpose: "detection", AcceptedRestrictions: before})
	wantCode(t, err, "restrictions_not_accepted")
	_, err = b.reads(release.Item, "training")
	wantReason(t, err, "open_denied", "policy_restriction_forbids")

	// Who has not opened it owes no answer; who has, owes one until it answers.
	a.awaitState(release.Item, "acknowledge", "agencyb", "open")
	if states := a.states(release.Item, "acknowledge"); len(states) != 1 {
		t.Errorf("%v", states)
	}
	_, err = b.analyst().Acknowledge(t.Context(), release.Item, deskapi.AcknowledgeRequest{AcceptedRestrictions: before})
	wantCode(t, err, "restrictions_not_accepted")
	if _, err := b.analyst().Acknowledge(t.Context(), release.Item, deskapi.AcknowledgeRequest{AcceptedRestrictions: now.RestrictionsDigest}); err != nil {
		t.Fatal(err)
	}
	a.awaitState(release.Item, "acknowledge", "agencyb", "done")
	a.notes(release.Item, "acknowledged")
	mustRead(t, b, release.Item)
	mustRead(t, c, release.Item)
	w.hub.Verify(t)
}

// The hub has handed the header out; before the desk shows anything, the
// originator asks for more.
func restrictedWhileOpening(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, nil, b)
	var asked error
	b.faults.set(func() {
		b.faults.opened = func(opened desk.Opened) desk.Opened {
			_, asked = a.releaser().Restrict(t.Context(), release.Item, deskapi.RestrictRequest{Restrictions: map[string][]string{"accessForm": {"view-only"}}})
			return opened
		}
	})
	defer b.faults.set(func() { b.faults.opened = nil })
	_, err := b.reads(release.Item, "detection")
	if asked != nil {
		t.Fatal(asked)
	}
	wantCode(t, err, "restrictions_not_accepted")
	if held, err := b.kept(release.Release); err != nil || held {
		t.Errorf("content under the old terms is kept (%v)", err)
	}
	b.faults.set(func() { b.faults.opened = nil })
	mustRead(t, b, release.Item)
}

// What is owed does not depend on who was told when: it stands in the ledger.
func awayAndBound(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, nil, b)
	mustRead(t, b, release.Item)
	b.stop()
	_, err := a.releaser().Restrict(t.Context(), release.Item, deskapi.RestrictRequest{Restrictions: map[string][]string{"accessForm": {"view-only"}}})
	b.start()
	b.awaitReady()
	if err != nil {
		t.Fatal(err)
	}
	if states := a.states(release.Item, "acknowledge"); states["agencyb"] != "open" {
		t.Errorf("%v", states)
	}
	b.notes(release.Item, "restricted_open")
	w.await("what was kept under the old terms is erased", func() bool { held, err := b.kept(release.Release); return err == nil && !held })
	b.restart()
	b.awaitReady()
	b.notes(release.Item, "restricted_open")
	// Opening under the terms in force answers too.
	mustRead(t, b, release.Item)
	a.awaitState(release.Item, "acknowledge", "agencyb", "done")
}

func laterOnlyTakesAway(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, map[string][]string{"purposes": {"detection"}, "accessForm": {"print"}}, b)
	restrict := func(set map[string][]string) error {
		_, err := a.releaser().Restrict(t.Context(), release.Item, deskapi.RestrictRequest{Restrictions: set})
		return err
	}
	wantCode(t, restrict(map[string][]string{"accessForm": {"download"}}), "request_loosens")
	wantCode(t, restrict(map[string][]string{"purposes": {"detection", "training"}}), "request_loosens")
	wantCode(t, restrict(map[string][]string{"accessForm": {"print"}}), "request_changes_nothing")
	wantCode(t, restrict(map[string][]string{"accessForm": {"telepathy"}}), "restrictions_invalid")
	wantCode(t, restrict(nil), "request_malformed")
	wantReason(t, restrict(map[string][]string{"recipients": {"agencyb"}, "recipientsDenied": {"agencyb"}}), "restrictions_invalid", "restriction_contradiction")
	_, err := a.releaser().Restrict(t.Context(), release.Item, deskapi.RestrictRequest{
		Restrictions: map[string][]string{"accessForm": {"view-only"}}, AcknowledgeBy: time.Now().Add(-time.Hour),
	})
	wantReason(t, err, "request_malformed", "desk_acknowledge_by_passed")
	dry, err := a.releaser().Restrict(t.Context(), release.Item, deskapi.RestrictRequest{Restrictions: map[string][]string{"accessForm": {"view-only"}}, DryRun: true})
	if err != nil || len(dry.Acts) != 0 || dry.AcknowledgeBy.Before(time.Now().Add(13*24*time.Hour)) {
		t.Errorf("%+v, %v", dry, err)
	}
	_, err = b.releaser().Restrict(t.Context(), release.Item, deskapi.RestrictRequest{Restrictions: map[string][]string{"accessForm": {"view-only"}}})
	wantCode(t, err, "not_found")
}

func requestToSome(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	id := w.agree([]*site{a, b, c}, whole())
	release := shared(t, id, a, nil, b, c)
	mustRead(t, b, release.Item)
	mustRead(t, c, release.Item)
	done, err := a.releaser().Restrict(t.Context(), release.Item, deskapi.RestrictRequest{
		Restrictions: map[string][]string{"purposes": {"training"}}, For: []string{"agencyb"},
	})
	if err != nil || !slices.Equal(done.Readers, []string{"agencyb"}) {
		t.Fatalf("%+v, %v", done, err)
	}
	b.notes(release.Item, "restricted_open")
	_, err = b.reads(release.Item, "detection")
	wantReason(t, err, "open_denied", "policy_restriction_forbids")
	mustRead(t, c, release.Item)
	it, err := c.analyst().Item(t.Context(), release.Item)
	if err != nil || slices.ContainsFunc(it.Releases[0].Notes, func(n deskapi.Note) bool {
		return n.Act == done.Acts[0].Act || strings.HasPrefix(n.Code, "restricted")
	}) {
		t.Errorf("%+v, %v", it, err)
	}
	_, err = a.releaser().Restrict(t.Context(), release.Item, deskapi.RestrictRequest{
		Restrictions: map[string][]string{"purposes": {"training"}}, For: []string{"agencyz"},
	})
	wantCode(t, err, "not_found")
}

func recallCloses(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, nil, b)
	mustRead(t, b, release.Item)
	if _, err := a.releaser().Restrict(t.Context(), release.Item, deskapi.RestrictRequest{Restrictions: map[string][]string{"recall": {"recalled"}}}); err != nil {
		t.Fatal(err)
	}
	b.notes(release.Item, "duty_open")
	_, err := b.reads(release.Item, "detection")
	wantReason(t, err, "open_denied", "policy_restriction_forbids")
	w.await("the recalled content is erased", func() bool { held, err := b.kept(release.Release); return err == nil && !held })
	if got := b.states(release.Item, "destroy"); got["agencyb"] != "open" {
		t.Errorf("%v", got)
	}
	if _, err := b.officer("auditor", "auditor").Attest(t.Context(), release.Item, deskapi.AttestationRequest{Statement: "destroyed", Method: "crypto-erase"}); err != nil {
		t.Fatal(err)
	}
	a.awaitState(release.Item, "destroy", "agencyb", "done")
}
