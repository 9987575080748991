package ledger_test

import (
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

const nobodysAct act.ID = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func world(t *testing.T, agencies ...act.AgencyName) *ledgertest.World {
	t.Helper()
	w := ledgertest.New()
	if err := w.Enrol(agencies...); err != nil {
		t.Fatal(err)
	}
	return w
}

func endOf(w *ledgertest.World, agency act.AgencyName, purpose act.Purpose, thumbprint act.Thumbprint) act.KeyEnd {
	return act.KeyEnd{Common: w.Common(agency), Purpose: purpose, Thumbprint: thumbprint, Prev: w.State.Agency(agency).Last}
}

func TestAnEnrolmentShowsItsOwnKeys(t *testing.T) {
	keysOf := func(name act.AgencyName) act.EnrolledKeys {
		return act.EnrolledKeys{OfficerSign: agreementtest.JWK(name, act.OfficerSign), DeskSign: agreementtest.JWK(name, act.DeskSign), WitnessSign: agreementtest.JWK(name, act.WitnessSign)}
	}
	other := keysOf("beta")
	other.OfficerSign = agreementtest.JWK("gamma", act.OfficerSign)
	shared := keysOf("beta")
	shared.OfficerSign = shared.WitnessSign
	tests := map[string]struct {
		proves        act.AgencyName // whose name the proof carries
		shown, proven act.EnrolledKeys
		desk          act.AgencyName // whose desk signs the proof
		code          string
	}{
		"as it should be":           {"beta", keysOf("beta"), keysOf("beta"), "beta", ""},
		"a proof of other keys":     {"beta", other, keysOf("beta"), "beta", "enrolment_proof_invalid"},
		"a proof by another agency": {"gamma", keysOf("beta"), keysOf("beta"), "beta", "enrolment_proof_invalid"},
		"another agency's keys":     {"beta", keysOf("alpha"), keysOf("alpha"), "alpha", "key_taken"},
		"one key for two purposes":  {"beta", shared, shared, "beta", "key_taken"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := world(t, "alpha")
			common := w.Common(test.proves)
			proof := must[string](t)(act.SignEnrolment(agreementtest.Key(test.desk, act.DeskSign), act.Enrolment{
				Issuer: test.proves, Audience: common.Audience, JTI: common.JTI, IssuedAt: common.IssuedAt, Keys: test.proven,
			}))
			_, err := w.By(act.Registrar, act.RegistrarSign, &act.AgencyEnrol{
				Common: w.Common(act.Registrar), Agency: "beta", LegalName: "Fictional agency beta",
				AgencyKind: "police", Jurisdiction: "ID", Custody: "managed", Keys: test.shown, Proof: proof,
			})
			if test.code == "" && err != nil {
				t.Fatal(err)
			} else if test.code != "" {
				refusedWith(t, err, test.code)
			}
		})
	}
}

func TestAStepNamesAnActThatItsSignerKnew(t *testing.T) {
	w := world(t, "alpha", "beta")
	_, err := w.By(act.Registrar, act.RegistrarSign, &act.AgencySuspend{AgencyStanding: act.AgencyStanding{Common: w.Common(act.Registrar), Agency: "alpha", Prev: nobodysAct}})
	refusedWith(t, err, "prev_unknown")
	digest := must[string](t)(w.InForce(agreementtest.Document("alpha", "beta")))
	step := act.AgreementStep{
		Common: w.Common("alpha"), Officer: ledgertest.Officer("alpha", 1), Prev: nobodysAct,
		Agreement: act.AgreementRef{ID: w.State.Revision(digest).Document.ID, Digest: digest},
	}
	_, err = w.By("alpha", act.OfficerSign, &act.AgreementSuspend{AgreementStep: step})
	refusedWith(t, err, "prev_unknown")
}

func TestAnAgreementIsNamedByIdAndDigestTogether(t *testing.T) {
	w := world(t)
	digest := must[string](t)(w.InForce(agreementtest.Document("alpha", "beta")))
	other := act.NewAgreementID()
	_, err := w.By("alpha", act.OfficerSign, &act.AgreementSuspend{AgreementStep: act.AgreementStep{
		Common: w.Common("alpha"), Officer: ledgertest.Officer("alpha", 1), Prev: w.State.Revision(digest).Last, Agreement: act.AgreementRef{ID: other, Digest: digest},
	}})
	refusedWith(t, err, "agreement_unknown")
	release := w.Release("alpha", ledgertest.ItemID(1), 1, digest, nil)
	release.Agreement.ID = other
	_, err = w.By("alpha", act.DeskSign, release)
	refusedWith(t, err, "agreement_unknown")
}

func TestEndsOfKeys(t *testing.T) {
	w := world(t, "alpha")
	officer, desk := agreementtest.KeyID("alpha", act.OfficerSign), agreementtest.KeyID("alpha", act.DeskSign)
	_, err := w.By("alpha", act.OfficerSign, &act.KeyRetire{KeyEnd: endOf(w, "alpha", act.OfficerSign, officer.Thumbprint)})
	refusedWith(t, err, "key_last")
	_, err = w.By("alpha", act.OfficerSign, &act.KeyRetire{KeyEnd: endOf(w, "alpha", act.WitnessSign, desk.Thumbprint)})
	refusedWith(t, err, "key_unknown")
	must[act.ID](t)(w.By("alpha", act.OfficerSign, &act.KeyRetire{KeyEnd: endOf(w, "alpha", act.DeskSign, desk.Thumbprint)}))
	_, err = w.By("alpha", act.OfficerSign, &act.KeyRetire{KeyEnd: endOf(w, "alpha", act.DeskSign, desk.Thumbprint)})
	refusedWith(t, err, "key_ended")
	if _, err := w.State.ResolveKey(desk); err == nil {
		t.Error("a retired key resolves")
	}
	must[act.ID](t)(w.By("alpha", act.OfficerSign, &act.KeyRevoke{KeyEnd: endOf(w, "alpha", act.DeskSign, desk.Thumbprint)}))
}

func TestAKeyResolvesForItsPurposeAlone(t *testing.T) {
	w := world(t, "alpha")
	alpha, registrar := agreementtest.KeyID("alpha", act.DeskSign), agreementtest.KeyID(act.Registrar, act.RegistrarSign)
	for name, id := range map[string]act.KeyID{
		"another purpose":                 {Agency: "alpha", Purpose: act.OfficerSign, Thumbprint: alpha.Thumbprint},
		"another key":                     {Agency: "alpha", Purpose: act.DeskSign, Thumbprint: registrar.Thumbprint},
		"an agency that is nobody":        {Agency: "ghost", Purpose: act.DeskSign, Thumbprint: alpha.Thumbprint},
		"the registrar with another key":  {Agency: act.Registrar, Purpose: act.RegistrarSign, Thumbprint: alpha.Thumbprint},
		"the registrar as another's desk": {Agency: act.Registrar, Purpose: act.DeskSign, Thumbprint: registrar.Thumbprint},
	} {
		if _, err := w.State.ResolveKey(id); err == nil {
			t.Errorf("%s resolves", name)
		}
	}
	for _, id := range []act.KeyID{alpha, registrar} {
		if _, err := w.State.ResolveKey(id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestOnlyTheRevokedKeysSignatureIsVoid(t *testing.T) {
	w := world(t, "alpha", "beta")
	digest := must[string](t)(w.Propose("alpha", agreementtest.Document("alpha", "beta")))
	must[act.ID](t)(w.Step("alpha", act.AgreementSignKind, digest))
	desk := agreementtest.KeyID("alpha", act.DeskSign).Thumbprint
	must[act.ID](t)(w.By("alpha", act.OfficerSign, &act.KeyRevoke{KeyEnd: endOf(w, "alpha", act.DeskSign, desk)}))
	must[act.ID](t)(w.Step("beta", act.AgreementSignKind, digest))
	if got := w.State.Revision(digest).At(w.Now).State; got != ledger.InForce {
		t.Errorf("the agreement is %s: revoking a desk's key took back what an officer signed", got)
	}
}

func TestEachKeyInADocumentIsItsPartysAndStands(t *testing.T) {
	propose := func(change func(*agreement.Document)) func(*ledgertest.World) error {
		return func(w *ledgertest.World) error {
			d := agreementtest.Document("alpha", "beta")
			change(d)
			_, err := w.Propose("alpha", d)
			return err
		}
	}
	revoked := func(purpose act.Purpose) func(*ledgertest.World) error {
		return func(w *ledgertest.World) error {
			end := endOf(w, "beta", purpose, agreementtest.KeyID("beta", purpose).Thumbprint)
			if _, err := w.By("beta", act.OfficerSign, &act.KeyRevoke{KeyEnd: end}); err != nil {
				return err
			}
			return propose(func(*agreement.Document) {})(w)
		}
	}
	witness := agreementtest.KeyID("beta", act.WitnessSign).Thumbprint
	tests := map[string]struct {
		do   func(*ledgertest.World) error
		code string
	}{
		"a witness key as an officer's": {propose(func(d *agreement.Document) { d.Parties[1].OfficerSign = witness }), "agreement_key_unknown"},
		"a witness key as a desk's":     {propose(func(d *agreement.Document) { d.Parties[1].DeskSign = witness }), "agreement_key_unknown"},
		"an officer's revoked key":      {revoked(act.OfficerSign), "agreement_key_unknown"},
		"a desk's revoked key":          {revoked(act.DeskSign), "agreement_key_unknown"},
		"another registrar":             {propose(func(d *agreement.Document) { d.Hub.Registrar = witness }), "agreement_other_hub"},
		"an agency that left": {func(w *ledgertest.World) error {
			if _, err := w.Standing("beta", act.AgencyOffboardKind); err != nil {
				return err
			}
			return propose(func(*agreement.Document) {})(w)
		}, "agreement_party_unknown"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { refusedWith(t, test.do(world(t, "alpha", "beta")), test.code) })
	}
}

func TestRevisionsFollowOneAnother(t *testing.T) {
	w := world(t)
	first := must[string](t)(w.InForce(agreementtest.Document("alpha", "beta")))
	next := func(number int, supersedes string) error {
		d := agreementtest.Document("alpha", "beta")
		d.Revision, d.Supersedes = number, supersedes
		_, err := w.Propose("beta", d)
		return err
	}
	refusedWith(t, next(3, first), "revision_out_of_order")
	refusedWith(t, next(2, "sha256:0000000000000000000000000000000000000000000000000000000000000000"), "revision_out_of_order")
	if err := next(2, first); err != nil {
		t.Fatal(err)
	}
}

func TestAnIdentifierIsItsIssuersOwn(t *testing.T) {
	w := world(t)
	digest := must[string](t)(w.InForce(agreementtest.Document("alpha", "beta")))
	for _, party := range []act.AgencyName{"alpha", "beta"} {
		common := w.Common(party)
		common.JTI = "jti-of-two-agencies"
		must[act.ID](t)(w.By(party, act.OfficerSign, &act.AgreementSuspend{AgreementStep: act.AgreementStep{
			Common: common, Officer: ledgertest.Officer(party, 1), Prev: w.State.Revision(digest).Last,
			Agreement: act.AgreementRef{ID: w.State.Revision(digest).Document.ID, Digest: digest},
		}}))
	}
}

// A key of an agency that left resolves no more; here somebody forgot to ask.
func TestAnAgencyThatLeftAppendsNothing(t *testing.T) {
	w := world(t)
	digest := must[string](t)(w.InForce(agreementtest.Document("alpha", "beta")))
	must[act.ID](t)(w.Standing("alpha", act.AgencyOffboardKind))
	release := w.Release("alpha", ledgertest.ItemID(1), 1, digest, nil)
	refusedWith(t, ledger.Apply(w.State, ledger.Entry{Index: w.State.Next, Time: w.Now, Act: &act.Act{
		Kind: release.Kind(), KeyID: agreementtest.KeyID("alpha", act.DeskSign), ID: nobodysAct, Payload: release,
	}}), "agency_not_enrolled")
}

func TestAReleaseIsBoundByWhatWasAgreedAndAsked(t *testing.T) {
	w := world(t)
	document := agreementtest.Document("alpha", "beta")
	document.Floor["recipients"] = []string{"alpha", "beta"}
	digest := must[string](t)(w.InForce(document))
	release := w.Release("alpha", ledgertest.ItemID(1), 1, digest, map[string][]string{"purposes": {"policy", "training"}, "expires": {"2027-01-01T00:00:00Z"}})
	id := must[act.ID](t)(w.By("alpha", act.DeskSign, release))
	got := w.State.Release(id).Effective
	for axis, want := range map[string]string{"purposes": "training", "expires": "2027-01-01T00:00:00Z", "tlp": "TLP:AMBER+STRICT"} {
		if len(got[axis]) != 1 || got[axis][0] != want {
			t.Errorf("%s is %v, want %s", axis, got[axis], want)
		}
	}
	if len(got["recipients"]) != 2 {
		t.Errorf("recipients are %v, want those of the floor", got["recipients"])
	}
	release = w.Release("alpha", ledgertest.ItemID(2), 1, digest, map[string][]string{"colour": {"red"}})
	_, err := w.By("alpha", act.DeskSign, release)
	refusedWith(t, err, "restriction_invalid")
	release = w.Release("alpha", ledgertest.ItemID(1), 2, digest, nil)
	release.ItemKind = "curriculum"
	_, err = w.By("alpha", act.DeskSign, release)
	refusedWith(t, err, "item_retracted")
}

func TestWithdrawalBitesWhenNoticeIsOver(t *testing.T) {
	w := world(t)
	document := agreementtest.Document("alpha", "beta", "gamma")
	document.Termination.NoticeDays = 1
	digest := must[string](t)(w.InForce(document))
	must[act.ID](t)(w.Step("gamma", act.AgreementWithdrawKind, digest))
	end := w.Now.Add(24 * time.Hour)
	for at, want := range map[time.Time]bool{end.Add(-time.Millisecond): true, end: false} {
		if got := w.State.Revision(digest).Binds("gamma", at); got != want {
			t.Errorf("at %s gamma is bound: %v, want %v", at, got, want)
		}
	}
}
