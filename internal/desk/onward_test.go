package desk_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

func TestPassingOnAndDeriving(t *testing.T) {
	w := newWorld(t)
	a, b := w.agency("agencya"), w.agency("agencyb")
	w.agency("agencyc")
	keepAll(t, w, a, b, []promise{
		{"what is passed on reaches only whom the originator consents to", passOnInsideConsent},
		{"what is made from an item takes over its terms", derivedInheritsTerms},
		{"what was made from a restricted item is restricted by its desk", derivedFollowsItsParent},
		{"what was made from a retracted item is recalled by its desk", derivedIsRecalled},
	})
}

// asked asks for consent to pass on to agencyc, and answers as the originator.
func asked(t *testing.T, a, b *site, item, purpose, answer string) deskapi.Consent {
	t.Helper()
	request, err := b.analyst().RequestConsent(t.Context(), deskapi.ConsentRequest{
		Item: item, Use: "onward", For: "agencyc", Purpose: purpose, Until: time.Now().Add(24 * time.Hour),
	})
	if err != nil || request.State != "pending" || !strings.Contains(request.Message, "agencya") {
		t.Fatalf("%+v, %v", request, err)
	}
	a.notes(item, "asked_pending")
	b.notes(item, "consent_pending")
	answered, err := a.releaser().AnswerConsent(t.Context(), request.Request, deskapi.ConsentAnswer{Answer: answer})
	if err != nil {
		t.Fatal(err)
	}
	b.w.await("the answer at agencyb", func() bool {
		list, err := b.analyst().Consents(t.Context())
		return err == nil && slices.ContainsFunc(list, func(c deskapi.Consent) bool { return c.Request == request.Request && c.State == answered.State })
	})
	return answered
}

func approve(t *testing.T, s *site, draft deskapi.Draft) deskapi.Draft {
	t.Helper()
	approved, err := s.officer("reviewer-1", "reviewer").Approve(t.Context(), draft.ID, draft.ContentDigest)
	if err != nil {
		t.Fatal(err)
	}
	return approved
}

// recipient is what a dry run says of agencyc.
func recipient(t *testing.T, s *site, draft string, r deskapi.ReleaseRequest) (deskapi.DryRun, string) {
	t.Helper()
	dry, err := s.releaser().DryRun(t.Context(), draft, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range dry.Recipients {
		if one.Agency == "agencyc" {
			return dry, one.Reason
		}
	}
	return dry, ""
}

func passOnInsideConsent(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	first, second := w.agree([]*site{a, b}, whole()), w.agree([]*site{b, c}, whole())
	release := shared(t, first, a, nil, b)
	_, err := b.analyst().CopyItem(t.Context(), release.Item, deskapi.CopyRequest{})
	wantCode(t, err, "content_not_held")
	opened := mustRead(t, b, release.Item)
	draft, err := b.analyst().CopyItem(t.Context(), release.Item, deskapi.CopyRequest{Purpose: "detection"})
	if err != nil || draft.Content != opened.Content || len(draft.DerivedFrom) != 1 || draft.DerivedFrom[0].Item != release.Item {
		t.Fatalf("%+v, %v", draft, err)
	}
	_, err = b.analyst().EditDraft(t.Context(), draft.ID, 1, deskapi.DraftRequest{Source: sample(t)})
	wantCode(t, err, "copy_unchanged")
	approve(t, b, draft)
	forUse := func(purposes ...string) deskapi.ReleaseRequest {
		return deskapi.ReleaseRequest{Agreement: second, Restrictions: map[string][]string{"purposes": purposes}}
	}
	if _, why := recipient(t, b, draft.ID, forUse("detection")); why != "policy_onward_forbidden" {
		t.Errorf("without consent: %s", why)
	}
	if refused := asked(t, a, b, release.Item, "detection", "refuse"); refused.State != "refused" {
		t.Errorf("%+v", refused)
	}
	granted := asked(t, a, b, release.Item, "detection", "grant")
	if _, why := recipient(t, b, draft.ID, forUse("detection", "training")); why != "policy_onward_forbidden" {
		t.Errorf("for a purpose beside the one that was consented to: %s", why)
	}
	dry, why := recipient(t, b, draft.ID, forUse("detection"))
	if why != "policy_allowed" || len(dry.Parents) != 1 || dry.Parents[0].Consent != granted.Request {
		t.Fatalf("with consent: %s, %+v", why, dry)
	}
	passed, err := b.releaser().Release(t.Context(), draft.ID, forUse("detection"))
	if err != nil {
		t.Fatal(err)
	}
	c.received(passed.Item)
	mustRead(t, c, passed.Item)

	_, err = b.analyst().CreateDraft(t.Context(), deskapi.DraftRequest{Kind: "bulletin", Item: passed.Item, Source: sample(t)})
	wantCode(t, err, "copy_unchanged")
	if _, err := a.releaser().AnswerConsent(t.Context(), granted.Request, deskapi.ConsentAnswer{Answer: "withdraw"}); err != nil {
		t.Fatal(err)
	}
	b.notes(release.Item, "consent_withdrawn")
	again, err := b.analyst().CopyItem(t.Context(), release.Item, deskapi.CopyRequest{})
	if err != nil {
		t.Fatal(err)
	}
	approve(t, b, again)
	if _, why := recipient(t, b, again.ID, forUse("detection")); why != "policy_onward_forbidden" {
		t.Errorf("after the consent was taken back: %s", why)
	}
	_, err = b.releaser().AnswerConsent(t.Context(), granted.Request, deskapi.ConsentAnswer{Answer: "grant"})
	wantCode(t, err, "not_found") // it is not theirs to give
	w.hub.Verify(t)
}

// derived is a draft that is made from a release.
func derived(t *testing.T, s *site, release, relation string) (deskapi.Draft, error) {
	t.Helper()
	return s.analyst().CreateDraft(t.Context(), deskapi.DraftRequest{
		Kind: "bulletin", Source: sample(t), DerivedFrom: []deskapi.Parent{{Release: release, Relation: relation}},
	})
}

func derivedInheritsTerms(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	id := w.agree([]*site{a, b, c}, whole(passing))
	release := shared(t, id, a, map[string][]string{"derivation": {"translate-only"}, "purposes": {"detection"}, "retentionDays": {"20"}}, b)
	_, err := derived(t, b, release.Release, "translation")
	wantCode(t, err, "content_not_held")
	mustRead(t, b, release.Item)
	_, err = derived(t, b, release.Release, "copy")
	wantCode(t, err, "request_malformed")
	_, err = derived(t, b, strings.Repeat("A", 43), "translation")
	wantCode(t, err, "not_found")
	extract, err := derived(t, b, release.Release, "extract")
	if err != nil {
		t.Fatal(err)
	}
	approve(t, b, extract)
	request := deskapi.ReleaseRequest{Agreement: id}
	_, err = b.releaser().Release(t.Context(), extract.ID, request)
	wantReason(t, err, "release_denied", "policy_derivation_forbidden")
	translation, err := derived(t, b, release.Release, "translation")
	if err != nil {
		t.Fatal(err)
	}
	approve(t, b, translation)
	dry, why := recipient(t, b, translation.ID, request)
	if why != "policy_allowed" || !slices.Equal(dry.Restrictions["purposes"], []string{"detection"}) || !slices.Equal(dry.Restrictions["retentionDays"], []string{"20"}) {
		t.Fatalf("%s, %+v", why, dry)
	}
	made, err := b.releaser().Release(t.Context(), translation.ID, request)
	if err != nil {
		t.Fatal(err)
	}
	c.received(made.Item)
	mustRead(t, c, made.Item)
	// Its next version is made from the same, whoever forgets to say so.
	next, err := b.analyst().CreateDraft(t.Context(), deskapi.DraftRequest{Kind: "bulletin", Item: made.Item, Source: sample(t)})
	if err != nil || len(next.DerivedFrom) != 1 || next.DerivedFrom[0].Release != release.Release {
		t.Errorf("%+v, %v", next.DerivedFrom, err)
	}
}

func derivedFollowsItsParent(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	id := w.agree([]*site{a, b, c}, whole(passing))
	release := shared(t, id, a, map[string][]string{"recipients": {"agencyb"}}, b)
	mustRead(t, b, release.Item)
	draft, err := derived(t, b, release.Release, "translation")
	if err != nil {
		t.Fatal(err)
	}
	approve(t, b, draft)
	made, err := b.releaser().Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: id})
	if err != nil {
		t.Fatal(err)
	}
	c.received(made.Item)
	mustRead(t, c, made.Item)
	if _, err := a.releaser().Restrict(t.Context(), release.Item, deskapi.RestrictRequest{Restrictions: map[string][]string{"accessForm": {"view-only"}}}); err != nil {
		t.Fatal(err)
	}
	// agencyc knows nothing of the item that it was made from, and yet of its terms.
	note := c.notes(made.Item, "restricted_open")
	if got := c.conditions(made.Item).Restrictions["accessForm"]; !slices.Equal(got, []string{"view-only"}) {
		t.Errorf("%v", got)
	}
	told := b.notes(made.Item, "parent_restricted")
	if told.By != "agencya" || note.Due.IsZero() {
		t.Errorf("%+v %+v", told, note)
	}
	mustRead(t, c, made.Item)
	if _, err := a.releaser().Restrict(t.Context(), release.Item, deskapi.RestrictRequest{Restrictions: map[string][]string{"recall": {"recalled"}}}); err != nil {
		t.Fatal(err)
	}
	w.await("agencyc cannot open it any more", func() bool {
		_, err := c.reads(made.Item, "detection")
		return err != nil && reasonOf(err) == "policy_restriction_forbids"
	})
	w.await("agencyc owes its destruction", func() bool { return c.states(made.Item, "destroy")["agencyc"] == "open" })
	w.hub.Verify(t)
}

func derivedIsRecalled(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	first, second := w.agree([]*site{a, b}, whole(passing)), w.agree([]*site{b, c}, whole(passing))
	release := shared(t, first, a, nil, b)
	mustRead(t, b, release.Item)
	draft, err := derived(t, b, release.Release, "derived")
	if err != nil {
		t.Fatal(err)
	}
	approve(t, b, draft)
	_ = asked(t, a, b, release.Item, "detection", "grant")
	made, err := b.releaser().Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: second, Restrictions: map[string][]string{"purposes": {"detection"}}})
	if err != nil {
		t.Fatal(err)
	}
	c.received(made.Item)
	mustRead(t, c, made.Item)
	if _, err := a.releaser().Retract(t.Context(), release.Item, "error"); err != nil {
		t.Fatal(err)
	}
	b.notes(made.Item, "parent_retracted")
	// agencyc never hears of the item that was retracted, and its desk lets go of what
	// it kept all the same.
	w.await("agencyc keeps nothing of it", func() bool { held, err := c.kept(made.Release); return err == nil && !held })
	_, err = c.reads(made.Item, "detection")
	wantCode(t, err, "open_denied")
	w.await("agencyc owes its destruction", func() bool { return c.states(made.Item, "destroy")["agencyc"] == "open" })
	w.hub.Verify(t)
}

// Time alone: the hub's clock and the desks' go on, and nobody does anything.
func TestDutiesAndSilence(t *testing.T) {
	w := newWorld(t)
	a, b := w.agency("agencya"), w.agency("agencyb")
	keepAll(t, w, a, b, []promise{
		{"the end of an agreement asks for disposal", endAsksForDisposal},
		{"silence is no consent", silenceIsNo},
		{"an overdue duty holds what comes next", overdueHolds},
	})
}

func endAsksForDisposal(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, nil, b)
	mustRead(t, b, release.Item)
	a.step(a.officer("signatory", "signatory"), id, terminates)
	b.notes(release.Item, "duty_open")
	a.awaitState(release.Item, "dispose", "agencyb", "open")
	_, err := b.reads(release.Item, "detection")
	wantReason(t, err, "open_denied", "policy_agreement_terminated")
	_, err = b.releaser().Attest(t.Context(), release.Item, deskapi.AttestationRequest{Statement: "retained-under-terms"})
	wantReason(t, err, "act_refused", "retention_not_agreed")
	if _, err := b.releaser().Attest(t.Context(), release.Item, deskapi.AttestationRequest{Statement: "destroyed", Method: "crypto-erase"}); err != nil {
		t.Fatal(err)
	}
	a.awaitState(release.Item, "dispose", "agencyb", "done")
}

func silenceIsNo(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole(func(d *agreement.Document) { d.Onward.ConsentTimeoutHours = 1 }))
	release := shared(t, id, a, nil, b)
	mustRead(t, b, release.Item)
	_, err := b.analyst().RequestConsent(t.Context(), deskapi.ConsentRequest{Item: release.Item, Use: "onward", Purpose: "detection", Until: time.Now().Add(time.Hour)})
	wantCode(t, err, "request_malformed") // for whom?
	_, err = b.analyst().RequestConsent(t.Context(), deskapi.ConsentRequest{Item: release.Item, Use: "judicial-use", Purpose: "detection", Until: time.Now().Add(-time.Hour)})
	wantReason(t, err, "request_malformed", "desk_consent_until_passed")
	request, err := b.analyst().RequestConsent(t.Context(), deskapi.ConsentRequest{
		Item: release.Item, Use: "judicial-use", Purpose: "detection", Until: time.Now().Add(24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	a.notes(release.Item, "asked_pending")
	w.later(61 * time.Minute)
	b.notes(release.Item, "consent_lapsed")
	w.await("the hub answers again", func() bool {
		_, err = a.releaser().AnswerConsent(t.Context(), request.Request, deskapi.ConsentAnswer{Answer: "grant"})
		return problemOf(err).Code != "hub_unavailable"
	})
	wantReason(t, err, "act_refused", "consent_lapsed")
}

func overdueHolds(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	first := shared(t, id, a, nil, b)
	mustRead(t, b, first.Item)
	_, err := a.releaser().Restrict(t.Context(), first.Item, deskapi.RestrictRequest{
		Restrictions: map[string][]string{"accessForm": {"print"}}, AcknowledgeBy: time.Now().Add(w.ahead + time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.notes(first.Item, "restricted_open")
	w.later(2 * time.Minute)
	b.notes(first.Item, "restricted_overdue")
	a.notes(first.Item, "receiver_overdue")
	draft := a.approved("bulletin", sample(t))
	request := deskapi.ReleaseRequest{Agreement: id}
	var dry deskapi.DryRun
	w.await("the hub answers again", func() bool {
		dry, err = a.releaser().DryRun(t.Context(), draft.ID, request)
		return err == nil
	})
	if to := dry.Recipients[0]; !to.Allow || !to.Held || to.Reason != "policy_duty_overdue" || to.Message == "" {
		t.Errorf("%+v", dry)
	}
	// It is sealed for who owes, too, and held: no cover, and no title of it.
	release, err := a.releaser().Release(t.Context(), draft.ID, request)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(release.Recipients, []string{"agencyb"}) || len(release.Notes) != 1 || release.Notes[0].Code != "receiver_held" {
		t.Errorf("%+v", release)
	}
	a.notes(release.Item, "receiver_held")
	if _, err := b.analyst().Item(t.Context(), release.Item); problemOf(err).Code != "not_found" {
		t.Errorf("it is held, and its receiver is told %v", err)
	}
	// What it owes for it can still read and answer; then it has what was held,
	// and the originator did nothing for that.
	if _, err := b.analyst().Acknowledge(t.Context(), first.Item, deskapi.AcknowledgeRequest{AcceptedRestrictions: b.conditions(first.Item).RestrictionsDigest}); err != nil {
		t.Fatal(err)
	}
	a.awaitState(first.Item, "acknowledge", "agencyb", "done")
	b.received(release.Item)
	mustRead(t, b, release.Item)
}
