package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func refusedWith(t *testing.T, err error, code string) {
	t.Helper()
	var byLedger *ledger.Error
	var byAct *act.Error
	switch {
	case errors.As(err, &byLedger) && byLedger.Code == code, errors.As(err, &byAct) && byAct.Code == code:
	default:
		t.Fatalf("got %v, want a refusal with code %s", err, code)
	}
}

func TestInForceOnlyOnceEveryPartyHasSigned(t *testing.T) {
	w := ledgertest.New()
	if err := w.Enrol("alpha", "beta", "gamma"); err != nil {
		t.Fatal(err)
	}
	digest := must[string](t)(w.Propose("alpha", agreementtest.Document("alpha", "beta", "gamma")))
	for _, party := range []act.AgencyName{"alpha", "beta", "gamma"} {
		if got := w.State.Revision(digest).At(w.Now).State; got != ledger.Proposed {
			t.Fatalf("before %s signed the agreement is %s", party, got)
		}
		must[act.ID](t)(w.Step(party, act.AgreementSignKind, digest))
	}
	if got := w.State.Revision(digest).At(w.Now).State; got != ledger.InForce {
		t.Fatalf("with all signatures the agreement is %s", got)
	}
}

func TestAKeyRevokedBeforeTheLastSignatureVoidsWhatItSigned(t *testing.T) {
	w := ledgertest.New()
	if err := w.Enrol("alpha", "beta"); err != nil {
		t.Fatal(err)
	}
	document := agreementtest.Document("alpha", "beta")
	document.Form = "bilateral"
	digest := must[string](t)(w.Propose("alpha", document))
	must[act.ID](t)(w.Step("alpha", act.AgreementSignKind, digest))
	must[act.ID](t)(w.By("alpha", act.OfficerSign, &act.KeyRevoke{KeyEnd: act.KeyEnd{
		Common: w.Common("alpha"), Purpose: act.OfficerSign,
		Thumbprint: agreementtest.KeyID("alpha", act.OfficerSign).Thumbprint, Prev: w.State.Agency("alpha").Last,
	}}))
	must[act.ID](t)(w.Step("beta", act.AgreementSignKind, digest))
	if got := w.State.Revision(digest).At(w.Now).State; got != ledger.Proposed {
		t.Errorf("the agreement is %s with a signature of a revoked key", got)
	}
}

func TestAKeyRevokedAfterwardsLeavesTheAgreementInForce(t *testing.T) {
	w := ledgertest.New()
	digest := must[string](t)(w.InForce(agreementtest.Document("alpha", "beta")))
	must[act.ID](t)(w.By("alpha", act.OfficerSign, &act.KeyRevoke{KeyEnd: act.KeyEnd{
		Common: w.Common("alpha"), Purpose: act.OfficerSign,
		Thumbprint: agreementtest.KeyID("alpha", act.OfficerSign).Thumbprint, Prev: w.State.Agency("alpha").Last,
	}}))
	if got := w.State.Revision(digest).At(w.Now).State; got != ledger.InForce {
		t.Errorf("the agreement is %s although the signature came before the revocation", got)
	}
	_, err := w.Step("alpha", act.AgreementSuspendKind, digest)
	refusedWith(t, err, "sig_key_unknown")
}

func TestTheWindowBitesAtItsEdges(t *testing.T) {
	w := ledgertest.New()
	document := agreementtest.Document("alpha", "beta")
	document.EntryIntoForce.NotBefore = agreementtest.At("2027-01-01T00:00:00Z")
	digest := must[string](t)(w.InForce(document))
	revision := w.State.Revision(digest)
	begins, ends := document.EntryIntoForce.NotBefore.Time, document.Expires.Time
	for _, test := range []struct {
		at   time.Time
		want ledger.StateName
	}{
		{begins.Add(-time.Millisecond), ledger.Waiting},
		{begins, ledger.InForce},
		{ends.Add(-time.Millisecond), ledger.InForce},
		{ends, ledger.Expired},
		{ends.Add(time.Millisecond), ledger.Expired},
	} {
		if got := revision.At(test.at).State; got != test.want {
			t.Errorf("at %s the agreement is %s, want %s", test.at.Format(time.RFC3339Nano), got, test.want)
		}
	}
}

func TestLifeOfAnAgreement(t *testing.T) {
	const sign, suspend, resume, withdraw, terminate = act.AgreementSignKind, act.AgreementSuspendKind, act.AgreementResumeKind, act.AgreementWithdrawKind, act.AgreementTerminateKind
	type step struct {
		by   act.AgencyName
		kind act.Kind
		code string
	}
	tests := map[string]struct {
		steps []step
		want  ledger.StateName
	}{
		"suspended by one":                     {[]step{{"beta", suspend, ""}}, ledger.Halted},
		"resumed by the same":                  {[]step{{"beta", suspend, ""}, {"beta", resume, ""}}, ledger.InForce},
		"not resumed by another":               {[]step{{"beta", suspend, ""}, {"alpha", resume, "agreement_not_suspended"}}, ledger.Halted},
		"two suspensions need two resumings":   {[]step{{"beta", suspend, ""}, {"alpha", suspend, ""}, {"beta", resume, ""}}, ledger.Halted},
		"not suspended twice":                  {[]step{{"beta", suspend, ""}, {"beta", suspend, "agreement_suspended"}}, ledger.Halted},
		"not signed twice":                     {[]step{{"beta", sign, "agreement_signed"}}, ledger.InForce},
		"one of three withdraws":               {[]step{{"gamma", withdraw, ""}}, ledger.InForce},
		"two of three withdraw":                {[]step{{"gamma", withdraw, ""}, {"beta", withdraw, ""}}, ledger.Terminated},
		"who withdrew says nothing more":       {[]step{{"gamma", withdraw, ""}, {"gamma", suspend, "agreement_withdrawn"}}, ledger.InForce},
		"who withdrew does not sign again":     {[]step{{"gamma", withdraw, ""}, {"gamma", sign, "agreement_withdrawn"}}, ledger.InForce},
		"who withdrew takes his halt with him": {[]step{{"gamma", suspend, ""}, {"gamma", withdraw, ""}}, ledger.InForce},
		"terminated":                           {[]step{{"alpha", terminate, ""}}, ledger.Terminated},
		"terminated is the end":                {[]step{{"alpha", terminate, ""}, {"beta", resume, "agreement_terminated"}, {"beta", sign, "agreement_terminated"}}, ledger.Terminated},
		"an outsider cannot suspend":           {[]step{{"delta", suspend, "agreement_unknown"}}, ledger.InForce},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := ledgertest.New()
			digest := must[string](t)(w.InForce(agreementtest.Document("alpha", "beta", "gamma")))
			if err := w.Enrol("delta"); err != nil {
				t.Fatal(err)
			}
			for _, s := range test.steps {
				_, err := w.Step(s.by, s.kind, digest)
				if s.code == "" && err != nil {
					t.Fatalf("%s by %s: %v", s.kind, s.by, err)
				} else if s.code != "" {
					refusedWith(t, err, s.code)
				}
			}
			if got := w.State.Revision(digest).At(w.Now).State; got != test.want {
				t.Errorf("the agreement is %s, want %s", got, test.want)
			}
		})
	}
}

func TestNoticeIsGivenBeforeItBites(t *testing.T) {
	w := ledgertest.New()
	document := agreementtest.Document("alpha", "beta")
	document.Termination.NoticeDays = 30
	digest := must[string](t)(w.InForce(document))
	must[act.ID](t)(w.Step("alpha", act.AgreementTerminateKind, digest))
	revision := w.State.Revision(digest)
	end := w.Now.Add(30 * 24 * time.Hour)
	if got := revision.At(end.Add(-time.Millisecond)); got.State != ledger.InForce || !got.NextChange.Equal(end) || got.NextState != ledger.Terminated {
		t.Errorf("before the notice is over: %+v", got)
	}
	if got := revision.At(end).State; got != ledger.Terminated {
		t.Errorf("after the notice the agreement is %s", got)
	}
}

func TestNobodyJoinsUnderNoticeOfTermination(t *testing.T) {
	w := ledgertest.New()
	if err := w.Enrol("alpha", "beta", "gamma"); err != nil {
		t.Fatal(err)
	}
	document := agreementtest.Document("alpha", "beta", "gamma")
	document.EntryIntoForce = agreement.EntryIntoForce{Rule: "n-signed", Count: 2}
	document.Termination.NoticeDays = 30
	digest := must[string](t)(w.Propose("alpha", document))
	must[act.ID](t)(w.Step("alpha", act.AgreementSignKind, digest))
	must[act.ID](t)(w.Step("beta", act.AgreementSignKind, digest))
	must[act.ID](t)(w.Step("alpha", act.AgreementTerminateKind, digest))
	_, err := w.Step("gamma", act.AgreementSignKind, digest)
	refusedWith(t, err, "agreement_terminated")
}

func TestProposalsThatTheLedgerRefuses(t *testing.T) {
	propose := func(by act.AgencyName, change func(*agreement.Document)) func(*ledgertest.World) error {
		return func(w *ledgertest.World) error {
			d := agreementtest.Document("alpha", "beta")
			change(d)
			_, err := w.Propose(by, d)
			return err
		}
	}
	tests := map[string]struct {
		do   func(*ledgertest.World) error
		code string
	}{
		"an agency that nobody enrolled": {propose("alpha", func(d *agreement.Document) {
			d.Parties[1] = agreementtest.Document("ghost").Parties[0]
		}), "agreement_party_unknown"},
		"a stranger's key for a party": {propose("alpha", func(d *agreement.Document) {
			d.Parties[1].OfficerSign = agreementtest.KeyID("gamma", act.OfficerSign).Thumbprint
		}), "agreement_key_unknown"},
		"a desk key where an officer's belongs": {propose("alpha", func(d *agreement.Document) {
			d.Parties[1].OfficerSign, d.Parties[1].DeskSign = d.Parties[1].DeskSign, d.Parties[1].OfficerSign
		}), "agreement_key_unknown"},
		"another hub":            {propose("alpha", func(d *agreement.Document) { d.Hub.ID = "concordat.test/other" }), "agreement_other_hub"},
		"another log key":        {propose("alpha", func(d *agreement.Document) { d.Hub.LogKey += "A" }), "agreement_other_hub"},
		"somebody else's affair": {propose("gamma", func(*agreement.Document) {}), "agreement_not_a_party"},
		"the window has passed":  {propose("alpha", func(d *agreement.Document) { d.Expires = agreementtest.At("2026-01-01T00:00:00Z") }), "agreement_ended"},
		"a later revision first": {propose("alpha", func(d *agreement.Document) {
			d.Revision, d.Supersedes = 2, "sha256:0000000000000000000000000000000000000000000000000000000000000000"
		}), "revision_out_of_order"},
		"the same again": {func(w *ledgertest.World) error {
			if _, err := w.Propose("alpha", agreementtest.Document("alpha", "beta")); err != nil {
				return err
			}
			_, err := w.Propose("beta", agreementtest.Document("alpha", "beta"))
			return err
		}, "agreement_exists"},
		"an id that belongs to others": {func(w *ledgertest.World) error {
			if _, err := w.Propose("alpha", agreementtest.Document("alpha", "beta")); err != nil {
				return err
			}
			_, err := w.Propose("gamma", agreementtest.Document("gamma", "beta"))
			return err
		}, "agreement_not_a_party"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := ledgertest.New()
			if err := w.Enrol("alpha", "beta", "gamma"); err != nil {
				t.Fatal(err)
			}
			refusedWith(t, test.do(w), test.code)
		})
	}
}

func TestNamesAndKeysAreTakenForEver(t *testing.T) {
	w := ledgertest.New()
	if err := w.Enrol("alpha"); err != nil {
		t.Fatal(err)
	}
	refusedWith(t, w.Enrol("alpha"), "agency_exists")
	must[act.ID](t)(w.Standing("alpha", act.AgencyOffboardKind))
	refusedWith(t, w.Enrol("alpha"), "agency_exists")
	_, err := w.By("alpha", act.DeskSign, &act.KeyAdd{Common: w.Common("alpha"), Purpose: act.Sealing, Recipient: "age1x", Prev: w.State.Agency("alpha").Last})
	refusedWith(t, err, "sig_key_unknown")
}

func TestWhoSpeaksForAKey(t *testing.T) {
	w := ledgertest.New()
	if err := w.Enrol("alpha"); err != nil {
		t.Fatal(err)
	}
	later := agreementtest.JWK("alpha", "later")
	add := func(purpose act.Purpose, key *act.JWK, recipient string) *act.KeyAdd {
		return &act.KeyAdd{Common: w.Common("alpha"), Purpose: purpose, Key: key, Recipient: recipient, Prev: w.State.Agency("alpha").Last}
	}
	_, err := w.By("alpha", act.DeskSign, add(act.DeskSign, &later, ""))
	refusedWith(t, err, "key_authority")
	_, err = w.By("alpha", act.OfficerSign, add(act.Sealing, nil, "age1x"))
	refusedWith(t, err, "key_authority")
	must[act.ID](t)(w.By("alpha", act.OfficerSign, add(act.DeskSign, &later, "")))
	_, err = w.By("alpha", act.OfficerSign, add(act.DeskSign, &later, ""))
	refusedWith(t, err, "key_taken")
}

func TestAReplayedActChangesNothing(t *testing.T) {
	w := ledgertest.New()
	digest := must[string](t)(w.InForce(agreementtest.Document("alpha", "beta")))
	last, err := ledger.ParseEntry(w.Entries[len(w.Entries)-1])
	if err != nil {
		t.Fatal(err)
	}
	last.Index = w.State.Next
	refusedWith(t, ledger.Apply(w.State, last), "act_seen")
	common := w.Common("alpha")
	common.JTI = last.Act.Common().JTI
	_ = digest
	other := w.Common("beta")
	other.JTI = common.JTI
	_, err = w.By("beta", act.OfficerSign, &act.AgreementSuspend{AgreementStep: act.AgreementStep{
		Common: other, Agreement: act.AgreementRef{ID: w.State.Revision(digest).Document.ID, Digest: digest},
		Officer: ledgertest.Officer("beta", 1), Prev: w.State.Revision(digest).Last,
	}})
	refusedWith(t, err, "act_replayed")
}

func TestFoldingTheBytesGivesTheSameState(t *testing.T) {
	w := ledgertest.New()
	digest := must[string](t)(w.InForce(agreementtest.Document("alpha", "beta", "gamma")))
	item := ledgertest.ItemID(1)
	must[act.ID](t)(w.By("alpha", act.DeskSign, w.Release("alpha", item, 1, digest, nil)))
	must[act.ID](t)(w.Step("beta", act.AgreementSuspendKind, digest))

	again, err := ledger.New(ledgertest.Genesis())
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.Fold(again, w.Entries); err != nil {
		t.Fatal(err)
	}
	if again.Next != w.State.Next || again.Revision(digest).At(w.Now) != w.State.Revision(digest).At(w.Now) || again.Item(item).Version != 1 {
		t.Error("folding the entries again gives another state")
	}
}

func TestAnEntryOfALaterVersionStopsDeciding(t *testing.T) {
	for name, entry := range map[string][]byte{
		"an act":   futureEntry(t),
		"a record": []byte(`{"index":7,"record":{"action":"open","agency":"beta","results":[],"type":"foresight.v1"},"time":"2026-11-21T13:00:00.000Z"}`),
	} {
		t.Run(name, func(t *testing.T) {
			w := ledgertest.New()
			if err := w.Enrol("alpha"); err != nil {
				t.Fatal(err)
			}
			if err := ledger.Fold(w.State, [][]byte{entry}); err != nil {
				t.Fatal(err)
			}
			if !w.State.Unknown {
				t.Error("something of an unknown kind went by unnoticed")
			}
		})
	}
}
