package hub_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/store/sqlite"
	"github.com/concordat-hub/concordat/internal/vault/bootstrap"
)

// One byte of the document changes when all but one have signed. It is another
// text: nobody's signature is on it, and the first one can no longer be completed.
func TestAByteThatChangesBeforeTheLastSignatureVoidsTheOthers(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.a.Sign(t, s.ref)
	s.b.Sign(t, s.ref)
	last := s.c.SignAct(t, act.OfficerSign, &act.AgreementSign{AgreementStep: s.c.Step(t, s.ref)})

	// As a changed first revision it is nothing.
	original, _, err := s.document.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(original), `"AG-TEST"`, `"AG-TESU"`, 1)
	if changed == string(original) {
		t.Fatal("nothing changed")
	}
	_, err = s.c.Client.Submit(t.Context(), s.c.SignAct(t, act.OfficerSign, &act.AgreementPropose{Common: s.c.Common(), Document: changed}))
	wantCode(t, err, "revision_out_of_order", 409)

	// As the next revision it is a proposal that has to be signed by all anew.
	second := s.counter(t)
	ref := s.c.Propose(t, second)
	view, err := s.Operator.Agreement(t.Context(), ref.Digest)
	if err != nil || view.State != string(ledger.Proposed) || len(view.Signed) != 0 || !slices.Equal(view.Pending, []act.AgencyName{"agencya", "agencyb", "agencyc"}) {
		t.Errorf("%+v, %v", view, err)
	}
	_, err = s.c.Client.Submit(t.Context(), last)
	wantCode(t, err, "agreement_countered", 409)
	view, err = s.Operator.Agreement(t.Context(), s.ref.Digest)
	if err != nil || view.State != string(ledger.Countered) || view.SupersededBy != ref.Digest {
		t.Errorf("%+v, %v", view, err)
	}
	// A signature names its bytes: it cannot be carried over to the others.
	step := s.c.Step(t, ref)
	step.Agreement.Digest = s.ref.Digest
	wantCode(t, s.try(t, s.c, &act.AgreementSign{AgreementStep: step}), "prev_unknown", 409)
	for _, party := range []*hubtest.Agency{s.a, s.b, s.c} {
		party.Sign(t, ref)
	}
	if view, err = s.Operator.Agreement(t.Context(), ref.Digest); err != nil || view.State != string(ledger.InForce) {
		t.Errorf("%+v, %v", view, err)
	}
	s.Verify(t)
}

// The key that signed is revoked before the last signature: the agreement is not
// in force by that, and everybody is told whose signature fell.
func TestASignatureWhoseKeyIsRevokedInTimeDoesNotCount(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.a.Sign(t, s.ref)
	s.b.Sign(t, s.ref)
	s.b.Rotate(t)
	s.c.Sign(t, s.ref)
	view, err := s.Operator.Agreement(t.Context(), s.ref.Digest)
	if err != nil || view.State != string(ledger.Proposed) || !slices.Equal(view.Pending, []act.AgencyName{"agencyb"}) {
		t.Errorf("%+v, %v", view, err)
	}
	item := s.a.Seal(t, s.ref, "content", s.c)
	s.a.Upload(t, item)
	_, err = s.a.Client.Release(t.Context(), s.a.Request(t, item))
	wantCode(t, err, "release_denied", 403)
	s.b.Sign(t, s.ref) // with the key that it has now
	if view, err = s.Operator.Agreement(t.Context(), s.ref.Digest); err != nil || view.State != string(ledger.InForce) {
		t.Errorf("%+v, %v", view, err)
	}
	s.Verify(t)
}

// Acts of every sort come at the same moment. Each is taken or refused as one
// order asks, the order is the same for all, and all come to the same standing.
func TestStepsOfEverySortAtTheSameMomentHaveOneOrderForAll(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{})
	a, b, c, d := h.Enrol(t, "agencya"), h.Enrol(t, "agencyb"), h.Enrol(t, "agencyc"), h.Enrol(t, "agencyd")
	const rounds = 15
	orders := map[string]int{}
	for range rounds {
		document := h.WholeDocument(a, b, c)
		ref := a.Propose(t, document)
		a.Sign(t, ref)
		c.Sign(t, ref)
		second := h.WholeDocument(a, b, c)
		second.ID, second.Revision, second.Supersedes = document.ID, 2, ref.Digest
		bytes, _, err := second.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		sign := func(who *hubtest.Agency, payload act.Payload) string { return who.SignAct(t, act.OfficerSign, payload) }
		party := func(who *hubtest.Agency, about act.AgencyName) act.AgreementPartyStep {
			return act.AgreementPartyStep{AgreementStep: who.Reasoned(t, ref, "safety"), Agency: about}
		}
		raws := map[string]string{
			"sign":          sign(b, &act.AgreementSign{AgreementStep: b.Step(t, ref)}),
			"decline":       sign(b, &act.AgreementDecline{AgreementStep: b.Reasoned(t, ref, "other")}),
			"retract":       sign(a, &act.AgreementRetract{AgreementStep: a.Step(t, ref)}),
			"counter":       sign(c, &act.AgreementPropose{Common: c.Common(), Document: string(bytes)}),
			"suspend":       sign(c, &act.AgreementSuspend{AgreementStep: c.Step(t, ref)}),
			"suspend-party": sign(c, &act.AgreementSuspendParty{AgreementPartyStep: party(c, "agencya")}),
			"withdraw":      sign(a, &act.AgreementWithdraw{AgreementStep: a.Step(t, ref)}),
			"invite":        sign(c, &act.AgreementInvite{AgreementStep: c.Step(t, ref), Agency: "agencyd"}),
			"review":        sign(c, &act.AgreementReview{AgreementStep: c.Step(t, ref)}),
		}
		taken := race(t, a, raws)
		orders[strings.Join(taken, " ")]++
		sameLife(t, ref, a, b, c)
		if slices.Contains(taken, "invite") {
			sameLife(t, ref, a, d)
		}
		consistent(t, taken)
	}
	if len(orders) < 2 {
		t.Errorf("every round had the order %v: nothing raced", orders)
	}
	h.Verify(t)
}

// race hands all acts in at the same moment, each twice, and returns those that
// were taken, in the order in which they stand.
func race(t *testing.T, carrier *hubtest.Agency, raws map[string]string) []string {
	t.Helper()
	var mu sync.Mutex
	places := map[string]uint64{}
	begin := make(chan struct{})
	var senders sync.WaitGroup
	for name, raw := range raws {
		for range 2 { // a proxy delivers each act twice
			senders.Go(func() {
				<-begin
				done, err := carrier.Client.Submit(t.Context(), raw)
				mu.Lock()
				defer mu.Unlock()
				if at, known := places[name]; err == nil && known && at != done.Index {
					t.Errorf("%s stands at %d and at %d", name, at, done.Index)
				}
				if err == nil {
					places[name] = done.Index
				} else if status := statusOf(err); status/100 != 4 {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
	}
	close(begin)
	senders.Wait()
	var taken []string
	for name := range places {
		taken = append(taken, name)
	}
	slices.SortFunc(taken, func(x, y string) int { return int(places[x]) - int(places[y]) })
	return taken
}

func statusOf(err error) int {
	if refused, ok := err.(*hubclient.Error); ok { //nolint:errorlint // the client returns it bare
		return refused.Status
	}
	return 0
}

// consistent says what no order of these acts allows.
func consistent(t *testing.T, taken []string) {
	t.Helper()
	at := func(name string) int { return slices.Index(taken, name) }
	after := func(one, other string) bool { return at(one) >= 0 && at(other) >= 0 && at(one) > at(other) }
	for _, never := range [][2]string{{"sign", "retract"}, {"sign", "decline"}, {"decline", "sign"}, {"retract", "sign"}, {"sign", "counter"}} {
		if after(never[0], never[1]) {
			t.Errorf("%s was taken after %s: %v", never[0], never[1], taken)
		}
	}
	for _, needs := range [][2]string{{"invite", "sign"}, {"review", "sign"}} {
		if at(needs[0]) >= 0 && !after(needs[0], needs[1]) {
			t.Errorf("%s was taken without %s: %v", needs[0], needs[1], taken)
		}
	}
}

// sameLife folds the agencies' feeds and compares what each makes of the revision.
func sameLife(t *testing.T, ref act.AgreementRef, agencies ...*hubtest.Agency) {
	t.Helper()
	first := ""
	for _, agency := range agencies {
		agency.Sync(t)
		revision := agency.State.Revision(ref.Digest)
		life := fmt.Sprintf("%+v %v %v %v %v", revision.Stands(agency.State.Time), revision.Last, revision.Signatures, revision.Suspended, revision.Stopped)
		if first == "" {
			first = life
		} else if diff := cmp.Diff(first, life); diff != "" {
			t.Errorf("%s and %s:\n%s", agencies[0].Name, agency.Name, diff)
		}
	}
}

// Two hub services on one database, as after a failover that was noticed late: one
// act that both are handed at the same moment is one entry, and both say where.
func TestOneActThatTwoServicesAdmitIsOneEntry(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	other, err := hub.Open(t.Context(), hub.Config{
		ID: hubtest.HubID, Store: w.Store, Blobs: w.Blobs, Clock: hub.SystemClock(), Log: slog.New(slog.DiscardHandler),
		Vault: hub.NewKeys(w.Vault.Client(w.Vault.Token), bootstrap.HubMount),
	})
	if err != nil {
		t.Fatal(err)
	}
	both := []*hub.Service{w.Service, other}
	for range 20 {
		raw := w.a.SignAct(t, act.DeskSign, keyAddAfter(t, w.a))
		before, _ := w.Service.Sizes()
		done := make([]hub.Appended, len(both))
		begin := make(chan struct{})
		var services sync.WaitGroup
		for n, service := range both {
			services.Go(func() {
				<-begin
				var err error
				if done[n], err = service.Submit(t.Context(), []byte(raw)); err != nil {
					t.Errorf("service %d: %v", n, err)
				}
			})
		}
		close(begin)
		services.Wait()
		if done[0].Index != done[1].Index || done[0].New == done[1].New || !done[0].Time.Equal(done[1].Time) || done[0].Index < before {
			t.Fatalf("%+v and %+v", done[0], done[1])
		}
	}
	// What one takes away bites at the other at once: it decides at the ledger's head.
	released := w.a.Release(t, w.ref, "content", w.b)
	open := w.b.OpenAct(t, released.Act)
	suspension := w.a.SignAct(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: w.a.Step(t, w.ref)})
	if _, err := other.Submit(t.Context(), []byte(suspension)); err != nil {
		t.Fatal(err)
	}
	_, err = w.b.Client.Open(t.Context(), open)
	wantDenied(t, err, "policy_agreement_suspended")
	w.Verify(t)
}

// An act that one hub has admitted is nothing at another hub, whoever brings it.
func TestAnActOfOneHubIsNothingAtAnother(t *testing.T) {
	t.Parallel()
	w := newWhole(t, hubtest.Options{})
	released := w.a.Release(t, w.ref, "content", w.b)
	raws := map[string]string{
		"a key":         w.a.SignAct(t, act.DeskSign, keyAddAfter(t, w.a)),
		"a suspension":  w.a.SignAct(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: w.a.Step(t, w.ref)}),
		"a restriction": w.a.SignAct(t, act.DeskSign, w.a.Restriction(t, w.item(t, released.Act), map[string][]string{"accessForm": {"print"}})),
	}
	for name, raw := range raws {
		if _, err := w.a.Client.Submit(t.Context(), raw); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	// The other hub has its own id and ledger.
	dir := t.TempDir()
	database, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	other, err := hub.Open(t.Context(), hub.Config{
		ID: "other.test/ledger", Store: database, Blobs: w.Blobs, Clock: hub.SystemClock(), Log: slog.New(slog.DiscardHandler),
		Vault: hub.NewKeys(w.Vault.Client(w.Vault.Token), bootstrap.HubMount),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range raws {
		if _, err := other.Submit(t.Context(), []byte(raw)); hub.Typed(err).Code != "sig_audience" {
			t.Errorf("%s at another hub: %v", name, err)
		}
	}
	if entries, _ := other.Sizes(); entries != 0 {
		t.Errorf("the other hub has %d entries", entries)
	}
}
