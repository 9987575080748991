package policy_test

import (
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

func inForce(t *testing.T, change func(*agreement.Document)) (*ledgertest.World, string) {
	t.Helper()
	w := ledgertest.New()
	d := agreementtest.Document("alpha", "beta", "gamma")
	if change != nil {
		change(d)
	}
	digest, err := w.InForce(d)
	if err != nil {
		t.Fatal(err)
	}
	return w, digest
}

func TestReleasesThatAreRefused(t *testing.T) {
	tests := map[string]struct {
		document func(*agreement.Document)
		change   func(*act.ItemRelease)
		to       []act.AgencyName
		reason   string
	}{
		"as it should be":               {nil, func(*act.ItemRelease) {}, []act.AgencyName{"alpha", "beta"}, policy.Allowed},
		"approved by its author":        {nil, func(p *act.ItemRelease) { p.Approvals[0].Officer = p.Author }, nil, policy.TwoPersonRequired},
		"approved in an older version":  {nil, func(p *act.ItemRelease) { p.Approvals[0].Content = canonical.Digest(nil) }, nil, policy.TwoPersonRequired},
		"approved by nobody":            {nil, func(p *act.ItemRelease) { p.Approvals = nil }, nil, policy.TwoPersonRequired},
		"screened and held":             {nil, func(p *act.ItemRelease) { p.Attestation.Verdict = "hold" }, nil, policy.AttestationMissing},
		"screened in an older version":  {nil, func(p *act.ItemRelease) { p.Attestation.Content = canonical.Digest(nil) }, nil, policy.AttestationMissing},
		"looser than the floor":         {nil, func(p *act.ItemRelease) { p.Restrictions["tlp"] = []string{"TLP:CLEAR"} }, nil, policy.RestrictionLooser},
		"GREEN where no community is":   {func(d *agreement.Document) { delete(d.Floor, "tlp") }, func(p *act.ItemRelease) { p.Restrictions["tlp"] = []string{"TLP:GREEN"} }, nil, policy.LabelUndefined},
		"without the floor":             {nil, func(p *act.ItemRelease) { delete(p.Restrictions, "tlp") }, nil, policy.RestrictionLooser},
		"for a purpose not agreed":      {nil, func(p *act.ItemRelease) { p.Restrictions["purposes"] = []string{"investigation-lead"} }, nil, policy.RestrictionLooser},
		"an axis nobody knows":          {nil, func(p *act.ItemRelease) { p.Restrictions["colour"] = []string{"red"} }, nil, policy.RestrictionUnknown},
		"a kind that is not covered":    {nil, func(p *act.ItemRelease) { p.ItemKind = "curriculum" }, nil, policy.KindNotCovered},
		"to an agency that is no party": {nil, func(*act.ItemRelease) {}, []act.AgencyName{"alpha", "delta"}, policy.NotAParty},
		"to a party that only gives":    {func(d *agreement.Document) { d.Parties[1].Role = agreement.Contributor }, func(*act.ItemRelease) {}, []act.AgencyName{"beta"}, policy.RoleForbids},
		"by a party that only receives": {func(d *agreement.Document) { d.Parties[0].Role = agreement.Recipient }, func(*act.ItemRelease) {}, nil, policy.RoleForbids},
		"to a party it did not name":    {nil, func(p *act.ItemRelease) { p.Restrictions["recipients"] = []string{"beta"} }, []act.AgencyName{"gamma"}, policy.RestrictionForbids},
		"under another id":              {nil, func(p *act.ItemRelease) { p.Agreement.ID = act.NewAgreementID() }, nil, policy.AgreementUnknown},
		"AMBER where no clients are":    {func(d *agreement.Document) { delete(d.Floor, "tlp") }, func(p *act.ItemRelease) { p.Restrictions["tlp"] = []string{"TLP:AMBER"} }, nil, policy.LabelUndefined},
		"under an agreement of others":  {nil, func(p *act.ItemRelease) { p.Agreement.Digest = canonical.Digest(nil) }, nil, policy.AgreementUnknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w, digest := inForce(t, test.document)
			if err := w.Enrol("delta"); err != nil {
				t.Fatal(err)
			}
			payload := w.Release("alpha", ledgertest.ItemID(1), 1, digest, nil)
			test.change(payload)
			got := policy.Decide(w.State, policy.Request{Action: policy.ToRelease, Agency: "alpha", Payload: payload, Recipients: test.to}, w.Now)
			if got.Reason != test.reason || got.Allow != (test.reason == policy.Allowed) {
				t.Errorf("Decide = %+v, want %s", got, test.reason)
			}
		})
	}
}

func TestOpensThatAreRefused(t *testing.T) {
	w, digest := inForce(t, nil)
	release, err := w.By("alpha", act.DeskSign, w.Release("alpha", ledgertest.ItemID(1), 1, digest, nil))
	if err != nil {
		t.Fatal(err)
	}
	good := policy.Request{
		Action: policy.ToOpen, Agency: "beta", Release: release, Described: true, Purpose: "training",
		Accepted: w.State.Release(release).EffectiveDigest,
	}
	tests := map[string]struct {
		change func(*policy.Request)
		reason string
	}{
		"as it should be":             {func(*policy.Request) {}, policy.Allowed},
		"an agency that is nobody":    {func(r *policy.Request) { r.Agency = "ghost" }, policy.AgencyNotEnrolled},
		"a release that is nothing":   {func(r *policy.Request) { r.Release = "nothing" }, policy.UnknownRelease},
		"without a descriptor":        {func(r *policy.Request) { r.Described = false }, policy.NotARecipient},
		"for another purpose":         {func(r *policy.Request) { r.Purpose = "policy" }, policy.RestrictionForbids},
		"for no purpose":              {func(r *policy.Request) { r.Purpose = "" }, policy.RestrictionForbids},
		"with other terms accepted":   {func(r *policy.Request) { r.Accepted = canonical.Digest(nil) }, policy.ConditionsNotAccepted},
		"with no terms accepted":      {func(r *policy.Request) { r.Accepted = "" }, policy.ConditionsNotAccepted},
		"an action that nobody knows": {func(r *policy.Request) { r.Action = "copy" }, policy.KindUnknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			request := good
			test.change(&request)
			got := policy.Decide(w.State, request, w.Now)
			if got.Reason != test.reason || got.Allow != (test.reason == policy.Allowed) {
				t.Errorf("Decide = %+v, want %s", got, test.reason)
			}
		})
	}
	if _, err := w.Standing("gamma", act.AgencySuspendKind); err != nil {
		t.Fatal(err)
	}
	suspended := good
	suspended.Agency = "gamma"
	if got := policy.Decide(w.State, suspended, w.Now); got.Reason != policy.AgencySuspended {
		t.Errorf("a suspended agency is told %s", got.Reason)
	}
	w.State.Unknown = true
	if got := policy.Decide(w.State, good, w.Now); got.Allow {
		t.Error("the ledger holds an act of an unknown kind, and something is allowed")
	}
}

// FIRST TLP 2.0: RED is for the eyes of those who are there, so it is asked for
// each time that it is shown.
func TestTheLabelDecidesHowLongADeskShowsAgain(t *testing.T) {
	w, digest := inForce(t, nil)
	for n, test := range []struct {
		label string
		want  int64
	}{{"TLP:RED", 0}, {"TLP:AMBER+STRICT", 900}} {
		id, err := w.By("alpha", act.DeskSign, w.Release("alpha", ledgertest.ItemID(n), 1, digest, restriction.Set{"tlp": {test.label}}))
		if err != nil {
			t.Fatal(err)
		}
		got := policy.Decide(w.State, policy.Request{
			Action: policy.ToOpen, Agency: "beta", Release: id, Described: true, Purpose: "training", Accepted: w.State.Release(id).EffectiveDigest,
		}, w.Now)
		if len(got.Obligations) != 1 || got.Obligations[0].Seconds != test.want {
			t.Errorf("%s: Decide = %+v, want %d seconds", test.label, got, test.want)
		}
	}
}

func TestTheEndOfOneAgreementLeavesAnotherReleaseAsItIs(t *testing.T) {
	w, first := inForce(t, nil)
	other := agreementtest.Document("alpha", "beta")
	other.ID = act.NewAgreementID()
	second, err := w.InForce(other)
	if err != nil {
		t.Fatal(err)
	}
	item := ledgertest.ItemID(1)
	var ids []act.ID
	for _, digest := range []string{first, second} {
		id, err := w.By("alpha", act.DeskSign, w.Release("alpha", item, 1, digest, nil))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if _, err := w.Step("alpha", act.AgreementTerminateKind, first); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, true} {
		got := policy.Decide(w.State, policy.Request{
			Action: policy.ToOpen, Agency: "beta", Release: ids[i], Described: true, Purpose: "training", Accepted: w.State.Release(ids[i]).EffectiveDigest,
		}, w.Now)
		if got.Allow != want {
			t.Errorf("release %d: Decide = %+v, want allow %v", i, got, want)
		}
	}
}

func BenchmarkDecideOpen(b *testing.B) {
	w := ledgertest.New()
	digest, err := w.InForce(agreementtest.Document("alpha", "beta", "gamma"))
	if err != nil {
		b.Fatal(err)
	}
	id, err := w.By("alpha", act.DeskSign, w.Release("alpha", ledgertest.ItemID(1), 1, digest, nil))
	if err != nil {
		b.Fatal(err)
	}
	request := policy.Request{
		Action: policy.ToOpen, Agency: "beta", Release: id, Described: true, Purpose: "training", Accepted: w.State.Release(id).EffectiveDigest,
	}
	for b.Loop() {
		if !policy.Decide(w.State, request, w.Now).Allow {
			b.Fatal("denied")
		}
	}
}
