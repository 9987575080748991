package policy_test

import (
	"slices"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
)

// asymmetric is an agreement about two kinds: alpha gives both, beta gives
// curricula and receives bulletins, gamma only looks, delta joins later and receives
// curricula.
func asymmetric(t *testing.T) (*lives, string) {
	l := &lives{ledgertest.New(), t}
	if err := l.Enrol("alpha", "beta", "gamma", "delta"); err != nil {
		t.Fatal(err)
	}
	d := agreementtest.DocumentV2("alpha", "beta", "gamma")
	d.ItemKinds = []string{"bulletin", "curriculum"}
	d.Categories = []agreement.Category{{Kind: "bulletin"}, {Kind: "curriculum"}}
	d.AccessionRule = &agreement.AccessionRule{Rule: "depositary", Depositary: "alpha"}
	d.Commitments[0].Give, d.Commitments[0].Receive = d.ItemKinds, []string{"curriculum"}
	d.Commitments[1].Give, d.Commitments[1].Receive = []string{"curriculum"}, []string{"bulletin"}
	d.Parties[2].Role = agreement.Observer
	d.Commitments[2].Give, d.Commitments[2].Receive = []string{}, []string{}
	digest, err := l.InForce(d)
	if err != nil {
		t.Fatal(err)
	}
	l.by("alpha", act.OfficerSign, &act.AgreementInvite{AgreementStep: l.step("alpha", digest), Agency: "delta"})
	joiner := agreementtest.PartyV2("delta")
	joiner.Role = agreement.Recipient
	party, err := joiner.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	accession := l.by("delta", act.OfficerSign, &act.AgreementAccede{
		AgreementStep: l.step("delta", digest), Commitment: `{"give":[],"party":"delta","receive":["curriculum"]}`, Party: string(party),
	})
	l.by("alpha", act.OfficerSign, &act.AgreementCountersign{AgreementStep: l.step("alpha", digest), Accession: accession})
	return l, digest
}

func TestAPartyGivesAndReceivesTheKindsThatItUndertook(t *testing.T) {
	l, digest := asymmetric(t)
	const give, receive = "/commitments/give", "/commitments/receive"
	for name, test := range map[string]struct {
		by, to act.AgencyName
		kind   string
		clause string // by which it is refused
	}{
		"both undertook it":                          {"alpha", "beta", "bulletin", ""},
		"the other way":                              {"beta", "alpha", "curriculum", ""},
		"the recipient does not receive it":          {"alpha", "beta", "curriculum", receive},
		"the publisher does not give it":             {"beta", "alpha", "bulletin", give},
		"an observer looks at everything":            {"alpha", "gamma", "curriculum", ""},
		"who joined receives what it said":           {"alpha", "delta", "curriculum", ""},
		"who joined receives nothing else":           {"alpha", "delta", "bulletin", receive},
		"both did not undertake it":                  {"beta", "delta", "bulletin", give},
		"what is given to nobody may still be given": {"beta", "beta", "curriculum", ""},
	} {
		t.Run(name, func(t *testing.T) {
			payload := l.Release(test.by, ledgertest.ItemID(1), 1, digest, agreementtest.Floor())
			payload.ItemKind = test.kind
			got := policy.Decide(l.State, policy.Request{
				Action: policy.ToRelease, Agency: test.by, Payload: payload, Recipients: []act.AgencyName{test.by, test.to},
			}, l.Now)
			wantClause(t, got, test.clause, digest)
		})
	}
}

func wantClause(t *testing.T, got policy.Decision, clause, digest string) {
	t.Helper()
	if clause == "" && !got.Allow {
		t.Errorf("it is told %+v", got)
	}
	if clause != "" && (got.Allow || got.Reason != policy.KindNotCovered || !slices.Equal(got.Evidence, []string{digest, clause})) {
		t.Errorf("it is told %+v, want %s", got, clause)
	}
}

// A publisher that seals to somebody who does not receive the kind is no reason to
// hand it out: the cover and the content are refused, too.
func TestWhatAPartyDoesNotReceiveIsNotHandedOutToIt(t *testing.T) {
	l, digest := asymmetric(t)
	released := map[string]act.ID{}
	for n, kind := range []string{"bulletin", "curriculum"} {
		payload := l.Release("alpha", ledgertest.ItemID(n+1), 1, digest, agreementtest.Floor())
		payload.ItemKind = kind
		released[kind] = l.by("alpha", act.DeskSign, payload)
	}
	for _, test := range []struct {
		who    act.AgencyName
		kind   string
		action policy.Action
		reason string
	}{
		{"alpha", "bulletin", policy.ToOpen, policy.Allowed}, // its own
		{"beta", "bulletin", policy.ToDeliver, policy.Allowed},
		{"beta", "bulletin", policy.ToOpen, policy.Allowed},
		{"beta", "curriculum", policy.ToDeliver, policy.KindNotCovered},
		{"beta", "curriculum", policy.ToOpen, policy.KindNotCovered},
		{"gamma", "curriculum", policy.ToDeliver, policy.Allowed},
		{"gamma", "curriculum", policy.ToOpen, policy.RoleForbids},
		{"delta", "curriculum", policy.ToOpen, policy.Allowed},
		{"delta", "bulletin", policy.ToDeliver, policy.KindNotCovered},
		{"delta", "bulletin", policy.ToOpen, policy.KindNotCovered},
	} {
		got := policy.Decide(l.State, policy.Request{
			Action: test.action, Agency: test.who, Release: released[test.kind], Described: true, Purpose: "detection",
			Officer: ledgertest.Officer(test.who, 1), Accepted: l.State.Release(released[test.kind]).Terms(test.who).Digest,
		}, l.Now)
		if got.Reason != test.reason {
			t.Errorf("%s: %s of the %s is told %+v, want %s", test.who, test.action, test.kind, got, test.reason)
		}
	}
}

// Documents of the first schema say nothing of what each party gives.
func TestTheFirstSchemaLeavesItToTheRole(t *testing.T) {
	w, digest := inForce(t, nil)
	if got := w.State.Revision(digest).Commitment("alpha"); got != nil {
		t.Fatalf("%+v", got)
	}
	payload := w.Release("alpha", ledgertest.ItemID(1), 1, digest, nil)
	if got := policy.Decide(w.State, policy.Request{Action: policy.ToRelease, Agency: "alpha", Payload: payload, Recipients: []act.AgencyName{"beta"}}, w.Now); !got.Allow {
		t.Errorf("it is told %+v", got)
	}
}
