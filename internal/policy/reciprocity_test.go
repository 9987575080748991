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

func (l *lives) retract(by act.AgencyName, item int) {
	l.by(by, act.DeskSign, &act.ItemRetract{Common: l.Common(by), Item: ledgertest.ItemID(item), Officer: ledgertest.Officer(by, 1), Reason: "error"})
}

// opens asks for a cover, which never waits for reciprocity, and for the content.
func (l *lives) opens(agency act.AgencyName, release act.ID) policy.Decision {
	l.t.Helper()
	request := policy.Request{
		Action: policy.ToDeliver, Agency: agency, Release: release, Described: true, Purpose: "training",
		Officer: ledgertest.Officer(agency, 1), Accepted: l.State.Release(release).Terms(agency).Digest,
	}
	if got := policy.Decide(l.State, request, l.Now); !got.Allow {
		l.t.Errorf("%s is not given the cover: %+v", agency, got)
	}
	request.Action = policy.ToOpen
	return policy.Decide(l.State, request, l.Now)
}

func (l *lives) wantReciprocity(agency act.AgencyName, release act.ID, digest string) {
	l.t.Helper()
	if got := l.opens(agency, release); got.Reason != policy.ReciprocityOwed || !slices.Equal(got.Evidence, []string{digest, "/reciprocity"}) {
		l.t.Errorf("%s has given nothing, and is told %+v", agency, got)
	}
}

func (l *lives) wantContent(agency act.AgencyName, release act.ID, why string) {
	l.t.Helper()
	if got := l.opens(agency, release); !got.Allow {
		l.t.Errorf("%s: %s is told %+v", why, agency, got)
	}
}

// Under required reciprocity who undertook to give opens what others gave once it
// has itself given something, under any revision, that it has not taken back.
func TestWhoUndertookToGiveOpensOnceItHasGiven(t *testing.T) {
	l := &lives{ledgertest.New(), t}
	d := agreementtest.DocumentV2("alpha", "beta", "gamma")
	d.Reciprocity = "required"
	d.Parties[2].Role, d.Commitments[2].Give = agreement.Recipient, []string{}
	first, err := l.InForce(d)
	if err != nil {
		t.Fatal(err)
	}
	other := agreementtest.DocumentV2("alpha", "beta")
	other.ID = "agr-bbbbbbbbbbbbbbbbbbbbbbbbbb"
	elsewhere, err := l.InForce(other)
	if err != nil {
		t.Fatal(err)
	}
	given := l.release("alpha", 1, first, nil)
	l.wantReciprocity("beta", given, first)
	l.wantContent("gamma", given, "who undertook to give nothing")
	l.wantContent("alpha", given, "one's own")

	l.release("beta", 2, elsewhere, nil)
	l.wantReciprocity("beta", given, first) // given under another agreement
	l.release("beta", 3, first, nil)
	l.wantContent("beta", given, "after it gave")
	l.retract("beta", 3)
	l.wantReciprocity("beta", given, first)

	next := *d
	next.Revision, next.Supersedes, next.Reference = 2, first, "AG-TEST-2"
	second := l.propose("alpha", &next)
	l.sign(second, "alpha", "beta", "gamma")
	l.wantReciprocity("beta", given, first)
	l.release("beta", 4, second, nil)
	l.release("beta", 5, second, nil)
	l.wantContent("beta", given, "after it gave under the next revision")
	l.retract("beta", 4)
	l.wantContent("beta", given, "while one of two items is left")
	l.retract("beta", 5)
	l.wantReciprocity("beta", given, first)
}

// Where an imbalance is only reported, nothing follows from it.
func TestReportedReciprocityOpensToEverybody(t *testing.T) {
	l := &lives{ledgertest.New(), t}
	digest, err := l.InForce(agreementtest.DocumentV2("alpha", "beta"))
	if err != nil {
		t.Fatal(err)
	}
	l.wantContent("beta", l.release("alpha", 1, digest, nil), "nothing is required")
}
