package hub_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
)

// What a desk can be asked of a revision, as words: all parties must have the
// same, whenever they came to it.
type standing struct {
	State    ledger.StateName
	Since    act.ID
	Complete uint64
	Bound    []act.AgencyName
	Parties  []act.AgencyName
	Voided   []act.AgencyName
	Last     act.ID
}

func standingOf(t *testing.T, a *hubtest.Agency, ref act.AgreementRef) standing {
	t.Helper()
	a.Sync(t)
	revision := a.State.Revision(ref.Digest)
	if revision == nil {
		t.Fatalf("%s does not know the agreement", a.Name)
	}
	now := a.State.Time
	at := revision.Stands(now)
	s := standing{State: at.State, Since: at.Since, Complete: revision.Complete.Index, Last: revision.Last}
	for _, party := range revision.AllParties() {
		s.Parties = append(s.Parties, party.Agency)
		if revision.Binds(party.Agency, now) {
			s.Bound = append(s.Bound, party.Agency)
		}
	}
	for name := range revision.Voided {
		s.Voided = append(s.Voided, name)
	}
	slices.Sort(s.Voided)
	return s
}

func sameStanding(t *testing.T, ref act.AgreementRef, agencies ...*hubtest.Agency) standing {
	t.Helper()
	first := standingOf(t, agencies[0], ref)
	for _, other := range agencies[1:] {
		if diff := cmp.Diff(first, standingOf(t, other, ref)); diff != "" {
			t.Errorf("%s and %s do not agree on where the agreement stands:\n%s", agencies[0].Name, other.Name, diff)
		}
	}
	return first
}

// An agency is invited years later. Its own desk folds the agreement's life so far
// from what it is told late, although it knows already that a key which signed has
// been revoked and that a party was suspended, and decides as everybody does.
func TestAnAgencyThatJoinsFollowsTheAgreementFromItsProposalOn(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b, c, d := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb"), h.Enrol(t, "agencyc"), h.Enrol(t, "agencyd")

	ref := a.Propose(t, thirdMayStayOut(h.WholeDocument(a, b, c)))
	c.Sign(t, ref)
	c.Rotate(t) // its signature falls, and it never signs again
	b.Sign(t, ref)
	b.Rotate(t) // its signature falls
	b.Sign(t, ref)
	a.Sign(t, ref) // two of three: complete
	before := a.Release(t, ref, "before the accession", b)
	if got := b.Read(t, before.Act); got != "before the accession" {
		t.Fatalf("read %q", got)
	}
	b.Submit(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: b.Step(t, ref)})
	b.Submit(t, act.OfficerSign, &act.AgreementResume{AgreementStep: b.Step(t, ref)})
	a.Rotate(t)

	// d comes to know a, b and c by another agreement, with all that became of them.
	other := h.Document(a, b, c, d)
	h.Agree(t, other, a, b, c, d)
	if _, err := h.Operator.Request(t.Context(), "agencyb", hubclient.RequestSuspend); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Operator.Request(t.Context(), "agencyb", hubclient.RequestResume); err != nil {
		t.Fatal(err)
	}
	d.Sync(t)
	if d.State.Revision(ref.Digest) != nil {
		t.Fatal("d knows an agreement to which nobody invited it")
	}

	a.Invite(t, ref, d)
	invited := sameStanding(t, ref, a, b, c, d)
	if invited.State != ledger.InForce || !slices.Equal(invited.Bound, []act.AgencyName{"agencya", "agencyb"}) {
		t.Errorf("%+v", invited)
	}
	accession := d.Accede(t, ref)
	a.Countersign(t, ref, accession.Act)
	if s := sameStanding(t, ref, a, b, c, d); slices.Contains(s.Parties, "agencyd") {
		t.Error("one countersignature of two made it a party")
	}
	b.Countersign(t, ref, accession.Act)
	if s := sameStanding(t, ref, a, b, c, d); !slices.Contains(s.Bound, "agencyd") {
		t.Errorf("%+v", s)
	}

	after := a.Release(t, ref, "after the accession", b, d)
	if got := d.Read(t, after.Act); got != "after the accession" {
		t.Errorf("read %q", got)
	}
	_, err := d.Open(t, before.Act)
	wantCode(t, err, "not_found", 404)
	own := d.Release(t, ref, "from the newcomer", a, b)
	if got := b.Read(t, own.Act); got != "from the newcomer" {
		t.Errorf("read %q", got)
	}
	sameStanding(t, ref, a, b, c, d)
	h.Verify(t)
}

// thirdMayStayOut lets two signatures put an agreement of three into force.
func thirdMayStayOut(document *agreement.Document) *agreement.Document {
	document.EntryIntoForce.Rule, document.EntryIntoForce.Count = "n-signed", 2
	return document
}

// Parties that do not sign an amendment still hear of it, and of an end that was
// declared under it: it ends the older text too.
func TestWhoIsNotInAnAmendmentHearsOfItAndOfItsEnd(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b, c, d := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb"), h.Enrol(t, "agencyc"), h.Enrol(t, "agencyd")
	first := h.WholeDocument(a, b, c)
	ref := a.Propose(t, first)
	for _, party := range []*hubtest.Agency{a, b, c} {
		party.Sign(t, ref)
	}
	a.Invite(t, ref, d)
	accession := d.Accede(t, ref)
	for _, party := range []*hubtest.Agency{a, b, c} {
		party.Countersign(t, ref, accession.Act)
	}

	second := h.WholeDocument(a, b)
	second.ID, second.Revision, second.Supersedes = first.ID, 2, ref.Digest
	amended := a.Propose(t, second)
	a.Sign(t, amended)
	b.Sign(t, amended)
	for _, outside := range []*hubtest.Agency{c, d} {
		if s := standingOf(t, outside, amended); s.State != ledger.InForce {
			t.Errorf("%s sees the amendment %s", outside.Name, s.State)
		}
	}
	if s := sameStanding(t, ref, a, b, c, d); s.State != ledger.InForce {
		t.Errorf("the older text is %s", s.State)
	}

	a.Submit(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: a.Step(t, amended)})
	if s := sameStanding(t, ref, a, b, c, d); s.State != ledger.Halted {
		t.Errorf("the older text is %s", s.State)
	}

	// Who is invited to the older text now follows the newer one too, and could not
	// follow the older one without it.
	a.Submit(t, act.OfficerSign, &act.AgreementResume{AgreementStep: a.Step(t, amended)})
	b.Submit(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: b.Step(t, amended)})
	e := h.Enrol(t, "agencye")
	c.Invite(t, ref, e)
	if s := sameStanding(t, ref, a, c, d, e); s.State != ledger.Halted {
		t.Errorf("the older text is %s", s.State)
	}
	sameStanding(t, amended, a, b, c, d, e)
	b.Submit(t, act.OfficerSign, &act.AgreementResume{AgreementStep: b.Step(t, amended)})
	late := e.Accede(t, ref)
	for _, party := range []*hubtest.Agency{a, b, c, d} {
		party.Countersign(t, ref, late.Act)
	}
	if s := sameStanding(t, ref, a, b, c, d, e); len(s.Bound) != 5 {
		t.Errorf("%+v", s)
	}
	// An older text is no step back for who has the newer one before it.
	f := h.Enrol(t, "agencyf")
	third := h.WholeDocument(a, b, f)
	third.ID, third.Revision, third.Supersedes = first.ID, 3, amended.Digest
	b.Propose(t, third)
	_, err := a.Client.Submit(t.Context(), a.SignAct(t, act.OfficerSign, &act.AgreementInvite{AgreementStep: a.Step(t, ref), Agency: "agencyf"}))
	wantCode(t, err, "agreement_invited", 409)
	h.Verify(t)
}

// An invitation shows nothing of other agreements, and who is not invited hears
// of none of it.
func TestAnInvitationIsForTheInvitedOnly(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b, c, d := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb"), h.Enrol(t, "agencyc"), h.Enrol(t, "agencyd")
	ref := a.Propose(t, h.WholeDocument(a, b))
	a.Sign(t, ref)
	b.Sign(t, ref)
	h.Agree(t, h.Document(b, c), b, c) // b has dealings of which d must not hear
	a.Invite(t, ref, d)

	heard := kinds(t, d)
	want := []string{
		"registrar agency.enrol", "agencyd key.add",
		"registrar agency.enrol", "agencya key.add", "registrar agency.enrol", "agencyb key.add",
		"agencya agreement.propose", "agencya agreement.sign", "agencyb agreement.sign", "agencya agreement.invite",
	}
	if diff := cmp.Diff(want, heard); diff != "" {
		t.Errorf("d hears\n%s", diff)
	}
	if got := kinds(t, c); slices.Contains(got, "agencya agreement.invite") {
		t.Errorf("c hears %v", got)
	}
	// The invited agency may accede and nothing else.
	for name, payload := range map[string]act.Payload{
		"sign":    &act.AgreementSign{AgreementStep: d.Step(t, ref)},
		"suspend": &act.AgreementSuspend{AgreementStep: d.Step(t, ref)},
		"invite":  &act.AgreementInvite{AgreementStep: d.Step(t, ref), Agency: "agencyc"},
	} {
		_, err := d.Client.Submit(t.Context(), d.SignAct(t, act.OfficerSign, payload))
		t.Log(name)
		wantCode(t, err, "not_found", 404)
	}
}
