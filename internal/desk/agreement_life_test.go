package desk_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/client/deskclient"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

// An agreement of every clause between agencya and agencyb, which agencyc joins
// later, as the officers of the three desks see it.
func TestAnAgreementLivesAtItsDesks(t *testing.T) {
	w := newWorld(t)
	a, b := w.agency("agencya"), w.agency("agencyb")
	w.agency("agencyc")
	keepAll(t, w, a, b, []promise{
		{"a declined proposal is dead, and says by whom", declinedIsDead},
		{"a counter-proposal replaces what nobody is bound by", counteredIsReplaced},
		{"whoever joins sees the agreement when invited and only later releases", joinerSeesLaterReleases},
		{"a suspended party reads nothing while the others go on", suspendedPartyReadsNothing},
		{"an amendment binds only who signed it", amendmentBindsWhoSigned},
		{"a breach is told to the parties", breachIsTold},
		{"what the law of the agreement forbids is refused with its clause", forbiddenWithItsClause},
	})
}

// whole is a document with every clause among the sites.
func (w *world) whole(sites []*site, change ...func(*agreement.Document)) *agreement.Document {
	w.t.Helper()
	base := w.document(sites)
	var names []act.AgencyName
	for _, party := range base.Parties {
		names = append(names, party.Agency)
	}
	d := agreementtest.DocumentV2(names...)
	d.ID, d.Hub = base.ID, base.Hub
	for i := range d.Parties {
		d.Parties[i].OfficerSign, d.Parties[i].DeskSign = base.Parties[i].OfficerSign, base.Parties[i].DeskSign
	}
	d.Suspension.Grounds = []string{"breach", "safety"}
	for _, f := range change {
		f(d)
	}
	return d
}

// proposes puts a document before its parties and waits until each desk has it.
func (w *world) proposes(by *site, d *agreement.Document, at ...*site) string {
	w.t.Helper()
	raw, digest, err := d.Bytes()
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := by.sign(by.signatory(), func(c act.Common) act.Payload { return &act.AgreementPropose{Common: c, Document: string(raw)} }); err != nil {
		w.t.Fatal(err)
	}
	for _, s := range at {
		w.await("the proposal at "+string(s.name), func() bool {
			_, err := s.signatory().Agreement(w.t.Context(), d.ID, digest)
			return err == nil
		})
	}
	return digest
}

func (s *site) signatory() *deskclient.Client { return s.officer("signatory", "signatory") }

// takes signs a step on a revision; the reason is safety.
func (s *site) takes(id, digest string, payload func(act.AgreementStep) act.Payload) error {
	s.w.t.Helper()
	me, err := s.signatory().Me(s.w.t.Context())
	if err != nil {
		s.w.t.Fatal(err)
	}
	shown, err := s.signatory().Agreement(s.w.t.Context(), id, digest)
	if err != nil {
		s.w.t.Fatal(err)
	}
	_, err = s.sign(s.signatory(), func(common act.Common) act.Payload {
		return payload(act.AgreementStep{
			Common: common, Agreement: act.AgreementRef{ID: id, Digest: shown.Digest}, Officer: me.Officer, Reason: "safety", Prev: act.ID(shown.Prev),
		})
	})
	return err
}

func (s *site) must(id, digest string, payload func(act.AgreementStep) act.Payload) {
	s.w.t.Helper()
	if err := s.takes(id, digest, payload); err != nil {
		s.w.t.Fatal(err)
	}
}

// until waits until a desk shows what is asked.
func (s *site) until(what, id, digest string, shows func(deskapi.Agreement) bool) deskapi.Agreement {
	s.w.t.Helper()
	var last deskapi.Agreement
	s.w.await(what+" at "+string(s.name), func() bool {
		var err error
		last, err = s.signatory().Agreement(s.w.t.Context(), id, digest)
		return err == nil && shows(last)
	})
	return last
}

func inState(state string) func(deskapi.Agreement) bool {
	return func(one deskapi.Agreement) bool { return one.State == state }
}

func (w *world) binds(d *agreement.Document, sites ...*site) (id, digest string) {
	w.t.Helper()
	digest = w.proposes(sites[0], d, sites...)
	for _, s := range sites {
		s.must(d.ID, digest, signs)
	}
	for _, s := range sites {
		s.until("in force", d.ID, digest, inState("in-force"))
	}
	return d.ID, digest
}

func declinedIsDead(t *testing.T, w *world, a, b *site) {
	d := w.whole([]*site{a, b})
	digest := w.proposes(a, d, a, b)
	b.must(d.ID, digest, func(s act.AgreementStep) act.Payload { return &act.AgreementDecline{AgreementStep: s} })
	shown := a.until("declined", d.ID, digest, inState("declined"))
	i := slices.IndexFunc(shown.Standings, func(p deskapi.PartyStanding) bool { return p.Agency == "agencyb" })
	if i < 0 || shown.Standings[i].Declined.IsZero() || shown.Since.IsZero() || slices.Contains(shown.Pending, "agencyb") {
		t.Errorf("who declined, and when: %+v", shown.Standings)
	}
	wantClause(t, a.takes(d.ID, digest, func(s act.AgreementStep) act.Payload { return &act.AgreementReview{AgreementStep: s} }), "agreement_not_signed")
	wantClause(t, b.takes(d.ID, digest, signs), "agreement_declined")
	wantClause(t, a.takes(d.ID, digest, signs), "agreement_declined")
}

func counteredIsReplaced(t *testing.T, w *world, a, b *site) {
	d := w.whole([]*site{a, b})
	first := w.proposes(a, d, a, b)
	a.must(d.ID, first, signs)
	d.Revision, d.Supersedes, d.Reference = 2, first, "AG-COUNTER"
	second := w.proposes(b, d, a, b)
	shown := a.until("countered", d.ID, first, inState("countered"))
	if diff := cmp.Diff([]string{"countered", "proposed"}, []string{shown.Revisions[0].State, shown.Revisions[1].State}); diff != "" {
		t.Error(diff)
	}
	wantClause(t, b.takes(d.ID, first, signs), "agreement_countered")
	for _, s := range []*site{a, b} {
		s.must(d.ID, second, signs)
	}
	a.until("in force", d.ID, second, inState("in-force"))
}

// joined is an agreement of agencya and agencyb that agencyc has joined.
func joined(w *world, a, b, c *site) (id, digest, before string) {
	t := w.t
	t.Helper()
	id, digest = w.binds(w.whole([]*site{a, b}), a, b)
	before = a.releasesTo(id)
	b.received(before)
	_, err := c.signatory().Agreement(t.Context(), id, digest)
	wantCode(t, err, "not_found")

	a.must(id, digest, func(s act.AgreementStep) act.Payload { return &act.AgreementInvite{AgreementStep: s, Agency: c.name} })
	c.until("the invitation", id, digest, inState("invited"))
	party := agreementtest.PartyV2(c.name)
	own, err := c.signatory().Agency(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	party.OfficerSign, party.DeskSign = act.Thumbprint(own.OfficerSign[0].Thumbprint), act.Thumbprint(own.DeskSign[0].Thumbprint)
	raw, err := party.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	c.must(id, digest, func(s act.AgreementStep) act.Payload {
		return &act.AgreementAccede{AgreementStep: s, Commitment: agreementtest.Committed(c.name), Party: string(raw)}
	})
	for _, s := range []*site{a, b} {
		shown := s.until("the accession", id, digest, func(one deskapi.Agreement) bool { return len(one.Accessions) == 1 })
		accession := shown.Accessions[0]
		signed, err := act.Parse([]byte(accession.Signed))
		if err != nil || string(signed.ID) != accession.Act || signed.Payload.(*act.AgreementAccede).Party != string(raw) {
			t.Fatalf("what %s would countersign is not what was signed: %v", s.name, err)
		}
		s.must(id, digest, func(step act.AgreementStep) act.Payload {
			return &act.AgreementCountersign{AgreementStep: step, Accession: act.ID(accession.Act)}
		})
	}
	return id, digest, before
}

// releasesTo releases a sample to all and returns its item.
func (s *site) releasesTo(id string) string {
	s.w.t.Helper()
	draft := s.approved("bulletin", sample(s.w.t))
	release, err := s.officer("releaser-1", "releaser").Release(s.w.t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: id})
	if err != nil {
		s.w.t.Fatal(err)
	}
	return release.Item
}

func joinerSeesLaterReleases(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	id, digest, before := joined(w, a, b, c)
	shown := c.until("its part", id, digest, inState("in-force"))
	i := slices.IndexFunc(shown.Standings, func(p deskapi.PartyStanding) bool { return p.Agency == "agencyc" })
	if len(shown.Parties) != 3 || i < 0 || shown.Standings[i].Joined == 0 || len(shown.Invited) > 0 {
		t.Fatalf("agencyc is no party of %+v", shown.Standings)
	}
	after := a.releasesTo(id)
	c.received(after)
	if _, err := c.open(after); err != nil {
		t.Fatal(err)
	}
	_, err := c.officer("reader-1", "reader").Item(t.Context(), before)
	wantCode(t, err, "not_found")
	w.hub.Verify(t)
}

func suspendedPartyReadsNothing(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	id, digest, _ := joined(w, a, b, c)
	c.until("its part", id, digest, inState("in-force"))
	item := a.releasesTo(id)
	b.received(item)
	c.received(item)
	suspends := func(s act.AgreementStep) act.Payload {
		return &act.AgreementSuspendParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: s, Agency: "agencyc"}}
	}
	b.must(id, digest, suspends)
	if _, err := c.open(item); err == nil {
		t.Error("a suspended party opened")
	}
	if _, err := b.open(item); err != nil {
		t.Errorf("the others do not go on: %v", err)
	}
	why, err := a.signatory().AgreementWhy(t.Context(), id, "agencyc")
	if err != nil || why.Read || why.Release || why.Clause != "/suspension/parties" || why.Message == "" {
		t.Errorf("why: %+v, %v", why, err)
	}
	shown := a.until("the suspension", id, digest, func(one deskapi.Agreement) bool { return len(one.Standings[2].Suspensions) == 1 })
	if one := shown.Standings[2].Suspensions[0]; one.By != "agencyb" || !one.Bites {
		t.Errorf("the suspension is %+v", one)
	}
	wantClause(t, a.takes(id, digest, func(s act.AgreementStep) act.Payload {
		return &act.AgreementResumeParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: s, Agency: "agencyc"}}
	}), "agreement_not_suspended")
	b.must(id, digest, func(s act.AgreementStep) act.Payload {
		return &act.AgreementResumeParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: s, Agency: "agencyc"}}
	})
	w.await("reading to go on", func() bool { _, err := c.open(item); return err == nil })
}

func amendmentBindsWhoSigned(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	sites := []*site{a, b, c}
	// Two of three are enough, so that the third can stay behind.
	d := w.whole(sites, func(d *agreement.Document) { d.EntryIntoForce.Rule, d.EntryIntoForce.Count = "n-signed", 2 })
	id, first := w.binds(d, sites...)
	d.Revision, d.Supersedes = 2, first
	second := w.proposes(a, d, sites...)
	for _, s := range []*site{a, b} {
		s.must(id, second, signs)
	}
	shown := c.until("the amendment", id, second, inState("in-force"))
	got := [][]string{shown.Revisions[0].Bound, shown.Revisions[1].Bound}
	if diff := cmp.Diff([][]string{{"agencyc"}, {"agencya", "agencyb"}}, got); diff != "" {
		t.Errorf("who is on which revision (-want +got):\n%s", diff)
	}
	for _, p := range shown.Standings {
		if want := map[string]int{"agencya": 2, "agencyb": 2, "agencyc": 1}[p.Agency]; p.Revision != want {
			t.Errorf("%s is bound by revision %d, want %d", p.Agency, p.Revision, want)
		}
	}
}

func breachIsTold(t *testing.T, w *world, a, b *site) {
	id, digest := w.binds(w.whole([]*site{a, b}), a, b)
	notice := deskapi.BreachRequest{Digest: digest, Class: "loss-of-copy", Discovered: time.Now().Add(-time.Hour).UTC().Truncate(time.Second)}
	_, err := b.officer("reader-1", "reader").GiveBreachNotice(t.Context(), id, notice)
	wantCode(t, err, "role_required")
	unknown := notice
	unknown.Class = "bad-luck"
	_, err = b.signatory().GiveBreachNotice(t.Context(), id, unknown)
	wantCode(t, err, "breach_class_unknown")
	future := notice
	future.Discovered = time.Now().Add(24 * time.Hour)
	_, err = b.signatory().GiveBreachNotice(t.Context(), id, future)
	wantCode(t, err, "request_malformed")
	_, err = w.desks["agencyc"].signatory().GiveBreachNotice(t.Context(), id, notice)
	wantCode(t, err, "not_found")
	if _, err := b.signatory().GiveBreachNotice(t.Context(), id, notice); err != nil {
		t.Fatal(err)
	}
	shown := a.until("the notice", id, digest, func(one deskapi.Agreement) bool { return len(one.Breaches) == 1 })
	if one := shown.Breaches[0]; one.By != "agencyb" || one.Class != "loss-of-copy" || !one.Discovered.Equal(notice.Discovered) {
		t.Errorf("the notice is %+v", one)
	}
}

func forbiddenWithItsClause(t *testing.T, w *world, a, b *site) {
	id, digest := w.binds(w.whole([]*site{a, b}, func(d *agreement.Document) {
		d.Accession, d.AccessionRule = "closed", nil
		d.Suspension.Parties, d.Suspension.Grounds = "itself", nil
	}), a, b)
	about := func(s act.AgreementStep) act.AgreementPartyStep {
		return act.AgreementPartyStep{AgreementStep: s, Agency: "agencyb"}
	}
	for code, payload := range map[string]func(act.AgreementStep) act.Payload{
		"suspension_not_allowed": func(s act.AgreementStep) act.Payload { return &act.AgreementSuspendParty{AgreementPartyStep: about(s)} },
		"agreement_not_open": func(s act.AgreementStep) act.Payload {
			return &act.AgreementInvite{AgreementStep: s, Agency: "agencyc"}
		},
		"agreement_complete": func(s act.AgreementStep) act.Payload { return &act.AgreementRetract{AgreementStep: s} },
	} {
		refused := wantClause(t, a.takes(id, digest, payload), code)
		if refused != nil && !clauseNamed(refused.Detail) {
			t.Errorf("%s: %q names no clause", code, refused.Detail)
		}
	}
}

func clauseNamed(detail string) bool {
	for _, clause := range []string{"/suspension/parties", "/accession", "/entryIntoForce"} {
		if len(detail) > len(clause) && detail[len(detail)-len(clause)-1:len(detail)-1] == clause {
			return true
		}
	}
	return false
}

// wantClause fails unless the hub refused the act for this reason, in a sentence.
func wantClause(t *testing.T, err error, reason string) *deskclient.Error {
	t.Helper()
	var refused *deskclient.Error
	if !errors.As(err, &refused) || refused.Code != "act_refused" || refused.Reason != reason || refused.Detail == "" {
		t.Errorf("got %v, want the refusal %s with a sentence", err, reason)
		return nil
	}
	return refused
}
