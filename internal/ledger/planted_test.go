package ledger_test

import (
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

// Nobody seals to a key that was revoked, also if it was never retired.
func TestARevokedKeyIsNotCurrent(t *testing.T) {
	w := ledgertest.New()
	if err := w.Enrol("alpha"); err != nil {
		t.Fatal(err)
	}
	key := agreementtest.KeyID("alpha", act.WitnessSign)
	_, err := w.By("alpha", act.OfficerSign, &act.KeyRevoke{KeyEnd: act.KeyEnd{
		Common: w.Common("alpha"), Purpose: act.WitnessSign, Thumbprint: key.Thumbprint, Prev: w.State.Agency("alpha").Last,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if keys := w.State.Agency("alpha").CurrentKeys(act.WitnessSign); len(keys) != 0 {
		t.Errorf("%d keys are current after the only one was revoked", len(keys))
	}
}

// A counter-proposal answers a text that binds nobody; an amendment counters
// nothing.
func TestAnAmendmentCountersNothing(t *testing.T) {
	w := ledgertest.New()
	document := agreementtest.DocumentV2("alpha", "beta")
	first, err := w.InForce(document)
	if err != nil {
		t.Fatal(err)
	}
	next := *document
	next.Revision, next.Supersedes, next.Reference = 2, first, "AG-TEST-2"
	second, err := w.Propose("beta", &next)
	if err != nil {
		t.Fatal(err)
	}
	if w.State.Revision(first).Countered != nil {
		t.Error("an agreement that is complete is countered")
	}
	third := next
	third.Revision, third.Supersedes, third.Reference = 3, second, "AG-TEST-3"
	if _, err := w.Propose("alpha", &third); err != nil {
		t.Fatal(err)
	}
	if w.State.Revision(second).Countered == nil {
		t.Error("a proposal that nobody has signed is not countered by the next")
	}
}

// What a key signed falls with it until the document is complete; the party has
// then not signed, and may sign anew.
func TestASignatureFallsWithItsKeyUntilTheDocumentIsComplete(t *testing.T) {
	w := ledgertest.New()
	if err := w.Enrol("alpha", "beta"); err != nil {
		t.Fatal(err)
	}
	digest, err := w.Propose("alpha", agreementtest.DocumentV2("alpha", "beta"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Step("alpha", act.AgreementSignKind, digest); err != nil {
		t.Fatal(err)
	}
	key := agreementtest.KeyID("alpha", act.OfficerSign)
	_, err = w.By("alpha", act.OfficerSign, &act.KeyRevoke{KeyEnd: act.KeyEnd{
		Common: w.Common("alpha"), Purpose: act.OfficerSign, Thumbprint: key.Thumbprint, Prev: w.State.Agency("alpha").Last,
	}})
	if err != nil {
		t.Fatal(err)
	}
	revision := w.State.Revision(digest)
	if _, signed := revision.Signatures["alpha"]; signed {
		t.Error("the signature stands after its key was revoked")
	}
	if _, voided := revision.Voided["alpha"]; !voided {
		t.Error("nothing says that the signature fell with its key")
	}
}

// Who signs believes that it will bind: what so many have declined that it can never
// be complete is signed by nobody, whether it declined or not.
func TestAProposalThatCanNeverBeCompleteIsSignedByNobody(t *testing.T) {
	for _, test := range []struct {
		name    string
		count   int
		decline []act.AgencyName
		code    string // with which gamma's signature is refused
	}{
		{"one of all declined", 0, []act.AgencyName{"alpha"}, "agreement_declined"},
		{"more than enough are left", 2, []act.AgencyName{"alpha"}, ""},
		{"just enough are left", 2, []act.AgencyName{"alpha", "delta"}, ""},
		{"too few are left", 3, []act.AgencyName{"alpha", "delta"}, "agreement_declined"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := ledgertest.New()
			document := agreementtest.DocumentV2("alpha", "beta", "gamma", "delta")
			if test.count > 0 {
				document.EntryIntoForce.Rule, document.EntryIntoForce.Count = "n-signed", test.count
			}
			must[int](t)(0, w.Enrol("alpha", "beta", "gamma", "delta"))
			digest := must[string](t)(w.Propose("alpha", document))
			must[act.ID](t)(w.Step("beta", act.AgreementSignKind, digest))
			for _, who := range test.decline {
				must[act.ID](t)(w.By(who, act.OfficerSign, &act.AgreementDecline{AgreementStep: act.AgreementStep{
					Common: w.Common(who), Officer: ledgertest.Officer(who, 1), Prev: w.State.Revision(digest).Last, Reason: "domestic-law",
					Agreement: act.AgreementRef{ID: document.ID, Digest: digest},
				}}))
			}
			_, err := w.Step("gamma", act.AgreementSignKind, digest)
			if test.code == "" && err != nil {
				t.Fatal(err)
			}
			if test.code != "" {
				refusedWith(t, err, test.code)
				_, err = w.Step("beta", act.AgreementSignKind, digest)
				refusedWith(t, err, test.code) // also who has signed is told the same
			}
		})
	}
}
