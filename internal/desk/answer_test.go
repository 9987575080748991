package desk_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

func cannotComplySeals(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	id := w.agree([]*site{a, b, c}, whole())
	release := shared(t, id, a, nil, b, c)
	mustRead(t, b, release.Item)
	mustRead(t, c, release.Item)
	cannot := func(s *site, axis, reason string) error {
		_, err := s.analyst().CannotComply(t.Context(), release.Item, deskapi.CannotComplyRequest{Axis: axis, Reason: reason})
		return err
	}
	wantCode(t, cannot(c, "encryption", "technical"), "restrictions_invalid") // that is not among the terms
	wantCode(t, cannot(c, "accessForm", "laziness"), "request_malformed")
	wantCode(t, cannot(a, "accessForm", "technical"), "own_release")
	if err := cannot(c, "onTermination", "domestic-law"); err != nil {
		t.Fatal(err)
	}
	if held, err := c.kept(release.Release); err != nil || held {
		t.Errorf("content is still kept (%v)", err)
	}
	_, err := c.reads(release.Item, "detection")
	wantReason(t, err, "open_denied", "policy_cannot_comply")
	c.notes(release.Item, "cannot_comply")
	if note := a.notes(release.Item, "receiver_cannot_comply"); note.By != "agencyc" {
		t.Errorf("%+v", note)
	}
	mustRead(t, b, release.Item)
	// Released again, the originator has decided: it may be read under the new terms.
	again, err := a.releaser().Release(t.Context(), a.approvedAgain(release.Item).ID, deskapi.ReleaseRequest{Agreement: id, Restrictions: map[string][]string{"purposes": {"detection"}}})
	if err != nil {
		t.Fatal(err)
	}
	w.await("the new release at agencyc", func() bool {
		_, err := c.reads(again.Item, "detection")
		return err == nil
	})
}

func prerequisitesFirst(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, map[string][]string{"prerequisites": {"agency-attestation", "curriculum-completed"}}, b)
	c := b.conditions(release.Item)
	if !slices.Equal(c.Prerequisites, []string{"agency-attestation", "curriculum-completed"}) || c.Reason != "policy_prerequisite_missing" {
		t.Errorf("%+v", c)
	}
	_, err := b.reads(release.Item, "detection")
	wantReason(t, err, "open_denied", "policy_prerequisite_missing")
	_, err = b.analyst().Acknowledge(t.Context(), release.Item, deskapi.AcknowledgeRequest{
		AcceptedRestrictions: c.RestrictionsDigest, Prerequisites: []string{"curriculum-completed", "agency-attestation"},
	})
	if err != nil {
		t.Fatal(err)
	}
	mustRead(t, b, release.Item)
	if left := b.conditions(release.Item).Prerequisites; len(left) != 0 {
		t.Errorf("%v", left)
	}
}

func copiesAreMarked(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, map[string][]string{"accessForm": {"download-watermarked"}}, b)
	shown := mustRead(t, b, release.Item)
	if shown.Form != "view-only" || shown.Content != "" || shown.Mark != "" || shown.Rendered == "" {
		t.Errorf("%+v", shown)
	}
	copied, err := b.reads(release.Item, "detection", func(r *deskapi.OpenRequest) { r.Form = "download-watermarked" })
	if err != nil || copied.Mark == "" || strings.Count(copied.Rendered, copied.Mark) != 2 || copied.Content != "" {
		t.Fatalf("%+v, %v", copied, err)
	}
	for _, part := range []string{"agencyb", "ofc-", "agencya", "detection"} {
		if !strings.Contains(copied.Mark, part) {
			t.Errorf("the mark %q does not say %s", copied.Mark, part)
		}
	}
	_, err = b.reads(release.Item, "detection", func(r *deskapi.OpenRequest) { r.Form = "download" })
	wantReason(t, err, "open_denied", "policy_restriction_forbids")
	_, err = b.reads(release.Item, "detection", func(r *deskapi.OpenRequest) { r.Form = "memorised" })
	wantCode(t, err, "request_malformed")
	// Nothing of that binds the originator itself.
	if own := mustRead(t, a, release.Item); own.Content == "" {
		t.Errorf("%+v", own)
	}
}

func readsAreCounted(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, map[string][]string{"maxReads": {"1"}}, b)
	first := mustRead(t, b, release.Item)
	if again := mustRead(t, b, release.Item); again.Decision != first.Decision {
		t.Errorf("looking again was another open: %d and %d", first.Decision, again.Decision)
	}
	_, err := b.reads(release.Item, "training")
	wantReason(t, err, "open_denied", "policy_restriction_forbids")
}

func useIsReported(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, map[string][]string{"useReportDays": {"30"}}, b)
	mustRead(t, b, release.Item)
	b.notes(release.Item, "duty_open")
	owed, err := b.analyst().Duties(t.Context(), false, false)
	if err != nil || !slices.ContainsFunc(owed, func(d deskapi.Duty) bool {
		return d.Item == release.Item && d.Kind == "report-use" && d.State == "open"
	}) {
		t.Fatalf("%+v, %v", owed, err)
	}
	a.awaitState(release.Item, "report-use", "agencyb", "open")
	_, err = b.analyst().ReportUse(t.Context(), release.Item, deskapi.UseReportRequest{Purposes: []string{"detection"}, Outcome: "splendid"})
	wantCode(t, err, "request_malformed")
	_, err = b.analyst().ReportUse(t.Context(), release.Item, deskapi.UseReportRequest{Outcome: "useful"})
	wantCode(t, err, "request_malformed")
	if _, err := b.analyst().ReportUse(t.Context(), release.Item, deskapi.UseReportRequest{Purposes: []string{"detection"}, Outcome: "useful"}); err != nil {
		t.Fatal(err)
	}
	a.awaitState(release.Item, "report-use", "agencyb", "done")
	theirs, err := a.releaser().Duties(t.Context(), true, true)
	if err != nil || !slices.ContainsFunc(theirs, func(d deskapi.Duty) bool { return d.Item == release.Item && d.State == "done" }) {
		t.Fatalf("%+v, %v", theirs, err)
	}
}

func holdStopsDisposal(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, map[string][]string{"retentionDays": {"10"}}, b)
	mustRead(t, b, release.Item)
	auditor := b.officer("auditor", "auditor")
	if _, err := auditor.Hold(t.Context(), release.Item, deskapi.HoldRequest{Reason: "court-order"}); err != nil {
		t.Fatal(err)
	}
	_, err := auditor.Hold(t.Context(), release.Item, deskapi.HoldRequest{Reason: "court-order"})
	wantReason(t, err, "act_refused", "hold_unchanged")
	a.awaitState(release.Item, "erase", "agencyb", "held")
	a.notes(release.Item, "receiver_hold")
	b.notes(release.Item, "hold")
	_, err = auditor.Attest(t.Context(), release.Item, deskapi.AttestationRequest{Statement: "destroyed"})
	wantCode(t, err, "copies_held")
	if _, err := auditor.Hold(t.Context(), release.Item, deskapi.HoldRequest{Reason: "court-order", Lift: true}); err != nil {
		t.Fatal(err)
	}
	a.awaitState(release.Item, "erase", "agencyb", "open")
	if _, err := auditor.Attest(t.Context(), release.Item, deskapi.AttestationRequest{Statement: "destroyed"}); err != nil {
		t.Fatal(err)
	}
	if held, err := b.kept(release.Release); err != nil || held {
		t.Errorf("what was attested to be destroyed is still kept (%v)", err)
	}
	a.awaitState(release.Item, "erase", "agencyb", "done")
}

func restrictionsAreExported(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, nil, b)
	for format, wants := range map[string]string{"text": "audience", "json": `"digest"`, "iep": `"iep_version"`, "odrl": `"@context"`} {
		raw, err := b.analyst().Restrictions(t.Context(), release.Item, "", format)
		if err != nil || !strings.Contains(string(raw), wants) {
			t.Errorf("%s: %.200s, %v", format, raw, err)
		}
	}
	_, err := b.analyst().Restrictions(t.Context(), release.Item, "", "carrier-pigeon")
	wantCode(t, err, "request_malformed")
	_, err = w.desks["agencyc"].analyst().Restrictions(t.Context(), release.Item, "", "")
	wantCode(t, err, "not_found")
}

func releaserAsksWhy(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, nil, b)
	mustRead(t, b, release.Item)
	if _, err := a.releaser().Restrict(t.Context(), release.Item, deskapi.RestrictRequest{Restrictions: map[string][]string{"recall": {"recalled"}}}); err != nil {
		t.Fatal(err)
	}
	answer, err := a.releaser().Access(t.Context(), release.Item, "", time.Time{})
	if err != nil || len(answer.Agencies) != 2 || answer.Agencies[1].Allow || !strings.Contains(answer.Agencies[1].Message, "agencyb") {
		t.Fatalf("%+v, %v", answer, err)
	}
	_, err = a.releaser().Access(t.Context(), release.Item, "", time.Now().Add(-time.Minute))
	wantCode(t, err, "role_required")
	_, err = b.releaser().Access(t.Context(), release.Item, "", time.Time{})
	wantCode(t, err, "role_required")
	_, err = b.releaser().Access(t.Context(), act.NewItemID(), "", time.Time{})
	wantCode(t, err, "role_required")
}

func rolesAfterRelease(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, nil, b)
	reader := b.officer("reader-1", "reader")
	item, ctx := release.Item, t.Context()
	for name, call := range map[string]func() error{
		"restrict":    func() error { _, err := a.analyst().Restrict(ctx, item, deskapi.RestrictRequest{}); return err },
		"acknowledge": func() error { _, err := reader.Acknowledge(ctx, item, deskapi.AcknowledgeRequest{}); return err },
		"cannot":      func() error { _, err := reader.CannotComply(ctx, item, deskapi.CannotComplyRequest{}); return err },
		"report":      func() error { _, err := reader.ReportUse(ctx, item, deskapi.UseReportRequest{}); return err },
		"attest":      func() error { _, err := b.analyst().Attest(ctx, item, deskapi.AttestationRequest{}); return err },
		"hold":        func() error { _, err := b.analyst().Hold(ctx, item, deskapi.HoldRequest{}); return err },
		"disclose":    func() error { _, err := b.analyst().Disclose(ctx, item, deskapi.DisclosureRequest{}); return err },
		"ask":         func() error { _, err := reader.RequestConsent(ctx, deskapi.ConsentRequest{Item: item}); return err },
		"consent": func() error {
			_, err := a.analyst().AnswerConsent(ctx, "x", deskapi.ConsentAnswer{Answer: "grant"})
			return err
		},
		"duties":      func() error { _, err := reader.Duties(ctx, false, false); return err },
		"obligations": func() error { _, err := reader.Obligations(ctx, item); return err },
		"consents":    func() error { _, err := reader.Consents(ctx); return err },
		"copy":        func() error { _, err := reader.CopyItem(ctx, item, deskapi.CopyRequest{}); return err },
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, call(), "role_required") })
	}
}

func disclosureAfterTheEnd(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole())
	release := shared(t, id, a, nil, b)
	mustRead(t, b, release.Item)
	disclose := func(r deskapi.DisclosureRequest) error {
		_, err := b.releaser().Disclose(t.Context(), release.Item, r)
		return err
	}
	soon := time.Now().Add(24 * time.Hour)
	wantCode(t, disclose(deskapi.DisclosureRequest{Cause: "curiosity", Advance: true, Disclosure: soon}), "request_malformed")
	wantReason(t, disclose(deskapi.DisclosureRequest{Cause: "exculpatory", Advance: true, Disclosure: time.Now().Add(-time.Hour)}), "request_malformed", "desk_disclosure_not_in_advance")
	wantCode(t, disclose(deskapi.DisclosureRequest{Cause: "compelled", Disclosure: time.Now().Add(-time.Hour)}), "request_malformed")
	a.step(a.officer("signatory", "signatory"), id, suspends)
	if err := disclose(deskapi.DisclosureRequest{Cause: "exculpatory", Advance: true, Consultation: true, Disclosure: soon}); err != nil {
		t.Fatalf("under a suspended agreement: %v", err)
	}
	if note := a.notes(release.Item, "disclosure_exculpatory"); note.By != "agencyb" || note.Due.IsZero() {
		t.Errorf("%+v", note)
	}
	a.step(a.officer("signatory", "signatory"), id, terminates)
	err := disclose(deskapi.DisclosureRequest{Cause: "compelled", WhyNotInAdvance: "court-forbade-it", Disclosure: time.Now().Add(-time.Hour)})
	if err != nil {
		t.Fatalf("after the end: %v", err)
	}
	a.notes(release.Item, "disclosure_compelled")
	w.hub.Verify(t)
}

func terminates(step act.AgreementStep) act.Payload {
	return &act.AgreementTerminate{AgreementStep: step}
}
