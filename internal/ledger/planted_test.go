package ledger_test

import (
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

// Nobody seals to a key that was retired, nor to one that was revoked, also if it
// was never retired.
func TestAKeyThatEndedIsNotCurrent(t *testing.T) {
	for name, ends := range map[string]func(act.KeyEnd) act.Payload{
		"retired": func(end act.KeyEnd) act.Payload { return &act.KeyRetire{KeyEnd: end} },
		"revoked": func(end act.KeyEnd) act.Payload { return &act.KeyRevoke{KeyEnd: end} },
	} {
		w := ledgertest.New()
		if err := w.Enrol("alpha"); err != nil {
			t.Fatal(err)
		}
		key := agreementtest.KeyID("alpha", act.WitnessSign)
		_, err := w.By("alpha", act.OfficerSign, ends(act.KeyEnd{
			Common: w.Common("alpha"), Purpose: act.WitnessSign, Thumbprint: key.Thumbprint, Prev: w.State.Agency("alpha").Last,
		}))
		if err != nil {
			t.Fatal(err)
		}
		if keys := w.State.Agency("alpha").CurrentKeys(act.WitnessSign); len(keys) != 0 {
			t.Errorf("%d keys are current after the only one was %s", len(keys), name)
		}
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

// Who signs a text that binds others already joins them: neither its time to be
// signed nor a later text, which then amends it, keeps anybody from that.
func TestACompleteAgreementCanStillBeSigned(t *testing.T) {
	w, first, second := proposed(t, func(d *agreement.Document) {
		d.EntryIntoForce = agreement.EntryIntoForce{Rule: "n-signed", Count: 2}
	}, "alpha", "beta")
	w.Now = w.State.Revision(first).Document.SignBy.Time
	if w.State.Revision(first).Complete == nil || w.State.Revision(second).Complete != nil {
		t.Fatal("the first text is to be complete, and the second not")
	}
	if _, err := w.Step("gamma", act.AgreementSignKind, first); err != nil {
		t.Errorf("the third party of a complete agreement: %v", err)
	}
}

func TestACounteredTextIsNotSigned(t *testing.T) {
	w, first, _ := proposed(t, nil, "alpha")
	_, err := w.Step("beta", act.AgreementSignKind, first)
	refusedWith(t, err, "agreement_countered")
}

func TestAnOfficeSignsUntilItsAuthorityEnds(t *testing.T) {
	until := canonical.At(ledgertest.Start.Add(time.Hour))
	for when, code := range map[time.Time]string{until.Add(-time.Millisecond): "", until.Time: "authority_lapsed"} {
		w := ledgertest.New()
		document := agreementtest.DocumentV2("alpha", "beta")
		document.Parties[1].Authority.Until = until
		if err := w.Enrol("alpha", "beta"); err != nil {
			t.Fatal(err)
		}
		digest, err := w.Propose("alpha", document)
		if err != nil {
			t.Fatal(err)
		}
		w.Now = when
		if _, err := w.Step("beta", act.AgreementSignKind, digest); code == "" && err != nil {
			t.Errorf("before its end: %v", err)
		} else if code != "" {
			refusedWith(t, err, code)
		}
	}
}

// proposed is a text among three that some have signed, and a next one that was
// proposed afterwards.
func proposed(t *testing.T, change func(*agreement.Document), signers ...act.AgencyName) (w *ledgertest.World, first, second string) {
	t.Helper()
	w = ledgertest.New()
	document := agreementtest.DocumentV2("alpha", "beta", "gamma")
	document.SignBy = canonical.At(ledgertest.Start.Add(time.Hour))
	if change != nil {
		change(document)
	}
	if err := w.Enrol("alpha", "beta", "gamma"); err != nil {
		t.Fatal(err)
	}
	first, err := w.Propose("alpha", document)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range signers {
		if _, err := w.Step(name, act.AgreementSignKind, first); err != nil {
			t.Fatal(err)
		}
	}
	next := *document
	next.Revision, next.Supersedes, next.Reference = 2, first, "AG-TEST-2"
	if second, err = w.Propose("beta", &next); err != nil {
		t.Fatal(err)
	}
	return w, first, second
}

// The first schema knew no counter-proposal: what it proposed can be signed beside
// its next revision.
func TestATextOfTheFirstSchemaCountersNothing(t *testing.T) {
	w := ledgertest.New()
	document := agreementtest.Document("alpha", "beta")
	if err := w.Enrol("alpha", "beta"); err != nil {
		t.Fatal(err)
	}
	first, err := w.Propose("alpha", document)
	if err != nil {
		t.Fatal(err)
	}
	next := *document
	next.Revision, next.Supersedes, next.Reference = 2, first, "AG-TEST-2"
	if _, err := w.Propose("beta", &next); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Step("beta", act.AgreementSignKind, first); err != nil {
		t.Errorf("the first text: %v", err)
	}
}
