package ledger_test

import (
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

func TestItemsBelongToTheirPublisherAndGrowInOrder(t *testing.T) {
	one, other := ledgertest.ItemID(1), ledgertest.ItemID(2)
	release := func(by act.AgencyName, item string, version int) func(*ledgertest.World, string) error {
		return func(w *ledgertest.World, digest string) error {
			_, err := w.By(by, act.DeskSign, w.Release(by, item, version, digest, nil))
			return err
		}
	}
	retract := func(by act.AgencyName, item string) func(*ledgertest.World, string) error {
		return func(w *ledgertest.World, _ string) error {
			_, err := w.By(by, act.DeskSign, &act.ItemRetract{Common: w.Common(by), Item: item, Officer: ledgertest.Officer(by, 1), Reason: "error"})
			return err
		}
	}
	type step struct {
		do   func(*ledgertest.World, string) error
		code string
	}
	tests := map[string][]step{
		"the first version is 1":           {{release("alpha", one, 2), "version_out_of_order"}},
		"versions rise by one":             {{release("alpha", one, 1), ""}, {release("alpha", one, 3), "version_out_of_order"}, {release("alpha", one, 2), ""}},
		"an older version is not released": {{release("alpha", one, 1), ""}, {release("alpha", one, 2), ""}, {release("alpha", one, 1), "version_out_of_order"}},
		"one version, several releases":    {{release("alpha", one, 1), ""}, {release("alpha", one, 1), ""}},
		"another's item is nobody's":       {{release("alpha", one, 1), ""}, {release("beta", one, 2), "item_unknown"}},
		"retracting another's item":        {{release("alpha", one, 1), ""}, {retract("beta", one), "item_unknown"}},
		"retracting what is not":           {{retract("alpha", other), "item_unknown"}},
		"retracted is retracted":           {{release("alpha", one, 1), ""}, {retract("alpha", one), ""}, {retract("alpha", one), "item_retracted"}, {release("alpha", one, 2), "item_retracted"}},
		"opening what is not": {{func(w *ledgertest.World, digest string) error {
			_, err := w.By("beta", act.DeskSign, &act.ItemOpen{
				Common: w.Common("beta"), Release: act.ID("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), Part: "body",
				Purpose: "training", Restrictions: digest, Officer: ledgertest.Officer("beta", 1),
			})
			return err
		}, "release_unknown"}},
		"releasing under another's agreement": {{func(w *ledgertest.World, digest string) error {
			if err := w.Enrol("delta"); err != nil {
				return err
			}
			return release("delta", one, 1)(w, digest)
		}, "agreement_unknown"}},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			w := ledgertest.New()
			digest := must[string](t)(w.InForce(agreementtest.Document("alpha", "beta")))
			for _, s := range steps {
				err := s.do(w, digest)
				if s.code == "" && err != nil {
					t.Fatal(err)
				} else if s.code != "" {
					refusedWith(t, err, s.code)
				}
			}
		})
	}
}

// A desk sees only what concerns it: versions may be missing, but never go back.
func TestADeskSeesVersionsWithGapsAndInOrder(t *testing.T) {
	w := ledgertest.New()
	digest := must[string](t)(w.InForce(agreementtest.Document("alpha", "beta")))
	w.State.Partial = true
	item := ledgertest.ItemID(1)
	for _, version := range []int{2, 4} {
		must[act.ID](t)(w.By("alpha", act.DeskSign, w.Release("alpha", item, version, digest, nil)))
	}
	_, err := w.By("alpha", act.DeskSign, w.Release("alpha", item, 3, digest, nil))
	refusedWith(t, err, "version_out_of_order")
}

func TestASuspendedAgencyOnlyTakesAway(t *testing.T) {
	w := ledgertest.New()
	digest := must[string](t)(w.InForce(agreementtest.Document("alpha", "beta")))
	must[act.ID](t)(w.Standing("alpha", act.AgencySuspendKind))
	other := agreementtest.Document("alpha", "beta")
	other.ID = act.NewAgreementID()
	_, err := w.Propose("alpha", other)
	refusedWith(t, err, "agency_suspended")
	later := agreementtest.JWK("alpha", "later")
	_, err = w.By("alpha", act.OfficerSign, &act.KeyAdd{Common: w.Common("alpha"), Purpose: act.DeskSign, Key: &later, Prev: w.State.Agency("alpha").Last})
	refusedWith(t, err, "agency_suspended")
	must[act.ID](t)(w.Step("alpha", act.AgreementSuspendKind, digest))
}

func TestStandingChangesOnlyToAnother(t *testing.T) {
	w := ledgertest.New()
	if err := w.Enrol("alpha"); err != nil {
		t.Fatal(err)
	}
	_, err := w.Standing("alpha", act.AgencyResumeKind)
	refusedWith(t, err, "standing_unchanged")
	must[act.ID](t)(w.Standing("alpha", act.AgencySuspendKind))
	_, err = w.Standing("alpha", act.AgencySuspendKind)
	refusedWith(t, err, "standing_unchanged")
}

func TestAnEntryIsNeverEmptyAndNeverOlderThanTheOneBefore(t *testing.T) {
	w := ledgertest.New()
	if err := w.Enrol("alpha"); err != nil {
		t.Fatal(err)
	}
	refusedWith(t, ledger.Apply(w.State, ledger.Entry{Index: w.State.Next, Time: w.Now}), "entry_empty")
	w.Now = w.Now.Add(-time.Millisecond)
	refusedWith(t, w.Enrol("beta"), "time_runs_backwards")
}

func TestAKeyThatIsNotEd25519IsRefused(t *testing.T) {
	w := ledgertest.New()
	if err := w.Enrol("alpha"); err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]act.JWK{
		"another curve": {Curve: "P-256", Type: "EC", X: agreementtest.JWK("alpha", "later").X},
		"a short key":   {Curve: "Ed25519", Type: "OKP", X: "AAAA"},
		"not base64url": {Curve: "Ed25519", Type: "OKP", X: "+++"},
		"no key at all": {},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.By("alpha", act.OfficerSign, &act.KeyAdd{Common: w.Common("alpha"), Purpose: act.DeskSign, Key: &key, Prev: w.State.Agency("alpha").Last})
			refusedWith(t, err, "key_malformed")
		})
	}
}
