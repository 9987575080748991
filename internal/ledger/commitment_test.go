package ledger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

// What a party that joins undertakes is what it signed: until its accession is
// accepted it undertakes nothing, and what it cannot undertake joins nobody.
func TestAnAccessionCarriesWhatTheJoinerUndertakes(t *testing.T) {
	w := ledgertest.New()
	document := agreementtest.DocumentV2("alpha", "beta")
	must[int](t)(0, w.Enrol("gamma"))
	digest := must[string](t)(w.InForce(document))
	step := func(by act.AgencyName) act.AgreementStep {
		return act.AgreementStep{
			Common: w.Common(by), Officer: ledgertest.Officer(by, 1), Prev: w.State.Revision(digest).Last,
			Agreement: act.AgreementRef{ID: document.ID, Digest: digest},
		}
	}
	must[act.ID](t)(w.By("alpha", act.OfficerSign, &act.AgreementInvite{AgreementStep: step("alpha"), Agency: "gamma"}))
	joiner := agreementtest.PartyV2("gamma")
	joiner.Role = agreement.Recipient
	party := string(must[[]byte](t)(joiner.Bytes()))
	for code, commitment := range map[string]string{
		"commitment_malformed":  "{}",
		"role_forbids":          agreementtest.Committed("gamma"),
		"clause_names_no_party": `{"give":[],"party":"alpha","receive":["bulletin"]}`,
		"term_unknown":          `{"give":[],"party":"gamma","receive":["curriculum"]}`,
	} {
		_, err := w.By("gamma", act.OfficerSign, &act.AgreementAccede{AgreementStep: step("gamma"), Commitment: commitment, Party: party})
		refusedWith(t, err, code)
	}
	_, err := w.By("gamma", act.OfficerSign, &act.AgreementAccede{AgreementStep: step("gamma"), Party: party})
	refusedWith(t, err, "act_malformed")
	accession := must[act.ID](t)(w.By("gamma", act.OfficerSign, &act.AgreementAccede{
		AgreementStep: step("gamma"), Commitment: `{"give":[],"party":"gamma","receive":["bulletin"]}`, Party: party,
	}))
	if got := w.State.Revision(digest).Commitment("gamma"); got != nil {
		t.Errorf("before anybody accepted it, it undertakes %+v", got)
	}
	for _, name := range []act.AgencyName{"alpha", "beta"} {
		must[act.ID](t)(w.By(name, act.OfficerSign, &act.AgreementCountersign{AgreementStep: step(name), Accession: accession}))
	}
	want := &agreement.Commitment{Party: "gamma", Give: []string{}, Receive: []string{"bulletin"}}
	if diff := cmp.Diff(want, w.State.Revision(digest).Commitment("gamma")); diff != "" {
		t.Errorf("what it undertakes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&document.Commitments[1], w.State.Revision(digest).Commitment("beta")); diff != "" {
		t.Errorf("what a first party undertakes (-want +got):\n%s", diff)
	}
	if got := w.State.Revision(digest).Commitment("delta"); got != nil {
		t.Errorf("who is no party undertakes %+v", got)
	}
}
