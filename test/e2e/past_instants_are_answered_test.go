package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/hack/platform/officer"
)

type accessView struct {
	Agencies []struct {
		Agency  string `json:"agency"`
		Allow   bool   `json:"allow"`
		Reason  string `json:"reason"`
		Message string `json:"message"`
	} `json:"agencies"`
}

func auditor(agency string) *officer.Officer { return platform.As(agency, "auditor-1") }

func TestAnyPastInstantIsAnsweredFromTheLedger(t *testing.T) {
	one := inForce(t, a, b)
	early := time.Now()
	item := released(t, one, 1)
	arrives(t, b, item)
	do(t, ok, analyst(b), open(item)...)
	opened := time.Now()
	do(t, ok, signatory(a), "agreement", "suspend", one.reference, "--yes")
	suspended := time.Now()
	do(t, ok, signatory(a), "agreement", "resume", one.reference, "--yes")
	resumed := time.Now()
	eventually(t, "the resumption to reach "+b, func() bool { return one.at(t, b).State == "in-force" })

	for _, asker := range []string{a, b} {
		for _, known := range []struct {
			at     time.Time
			allow  bool
			reason string
		}{
			{early, false, "policy_unknown_release"},
			{opened, true, "policy_allowed"},
			{suspended, false, "policy_agreement_suspended"},
			{resumed, true, "policy_allowed"},
		} {
			got := get[accessView](t, auditor(asker), "bulletin", "access", item, "--at", known.at.UTC().Format(time.RFC3339Nano))
			if len(got.Agencies) != 2 || got.Agencies[1].Agency != b || got.Agencies[1].Allow != known.allow || got.Agencies[1].Reason != known.reason {
				t.Errorf("%s about %s: %+v, want %s", asker, known.at, got.Agencies, known.reason)
			}
		}
	}
	whyNot := []string{"bulletin", "access", item, "--at", suspended.UTC().Format(time.RFC3339Nano), "--agency", b, "--lang", "en"}
	said := do(t, ok, auditor(a), whyNot...).Stdout
	if !strings.Contains(said, one.reference+" was suspended by "+a) || strings.Count(strings.TrimSpace(said), "\n") != 0 {
		t.Errorf("why not, in one sentence: %q", said)
	}
	for _, other := range []*officer.Officer{analyst(b), releaser(a), signatory(a)} {
		do(t, refused, other, whyNot...)
	}
	outside := do(t, notFound, auditor(d), whyNot...)
	whyNot[2] = "itm-aaaaaaaaaaaaaaaaaaaaaaaaaa"
	if nothing := do(t, notFound, auditor(d), whyNot...); nothing.Stderr != outside.Stderr {
		t.Errorf("an outsider is told %q, and of nothing %q", outside.Stderr, nothing.Stderr)
	}
}
