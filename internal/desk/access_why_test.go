package desk

import (
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// Every reason for which an open can be allowed or denied is one whole sentence,
// with what decided in it, in every language.
func TestEveryReasonIsOneSentence(t *testing.T) {
	agreementOf := func(change func(*agreement.Document)) *agreement.Document {
		d := agreementtest.Document("alpha", "beta", "gamma")
		d.Reference = "AG-7"
		if change != nil {
			change(d)
		}
		return d
	}
	expires := canonical.At(ledgertest.Start.Add(time.Hour))
	step := func(who act.AgencyName, kind act.Kind) func(*ledgertest.World, string) error {
		return func(w *ledgertest.World, digest string) error { _, err := w.Step(who, kind, digest); return err }
	}
	standing := func(who act.AgencyName, kind act.Kind) func(*ledgertest.World, string) error {
		return func(w *ledgertest.World, _ string) error { _, err := w.Standing(who, kind); return err }
	}
	for name, test := range map[string]struct {
		document func(*agreement.Document)
		asked    restriction.Set
		then     []func(*ledgertest.World, string) error
		after    time.Duration // from the last entry to the instant
		to       []act.AgencyName
		reason   string
		holds    []string // in the sentence, in every language
	}{
		"allowed":   {reason: policy.Allowed, holds: []string{"AG-7", "beta"}},
		"suspended": {then: []func(*ledgertest.World, string) error{step("gamma", act.AgreementSuspendKind), step("alpha", act.AgreementSuspendKind)}, reason: policy.AgreementSuspended, holds: []string{"AG-7", "gamma, alpha", "2026-11-21T12:02:00.000Z"}},
		"withdrawn": {then: []func(*ledgertest.World, string) error{step("beta", act.AgreementWithdrawKind)}, reason: policy.AgreementWithdrawn, holds: []string{"AG-7", "2026-11-21T12:02:00.000Z"}},
		"its originator withdrew": {then: []func(*ledgertest.World, string) error{step("alpha", act.AgreementWithdrawKind)},
			reason: policy.PublisherNotParty, holds: []string{"AG-7", "alpha"}},
		"terminated": {then: []func(*ledgertest.World, string) error{step("beta", act.AgreementTerminateKind)}, reason: policy.AgreementTerminated, holds: []string{"AG-7", "2026-11-21T12:02:00.000Z"}},
		"left by all but one": {then: []func(*ledgertest.World, string) error{step("alpha", act.AgreementWithdrawKind), step("gamma", act.AgreementWithdrawKind)},
			reason: policy.AgreementTerminated, holds: []string{"AG-7"}},
		"expired":               {document: func(d *agreement.Document) { d.Expires = expires }, after: time.Hour, reason: policy.AgreementExpired, holds: []string{"AG-7", expires.String()}},
		"not yet":               {document: func(d *agreement.Document) { d.EntryIntoForce.NotBefore = expires }, reason: policy.AgreementNotYet, holds: []string{"AG-7", expires.String()}},
		"released and expired":  {asked: restriction.Set{"expires": {expires.String()}}, after: time.Hour, reason: policy.RestrictionForbids, holds: []string{expires.String()}},
		"purposes that exclude": {asked: restriction.Set{"purposes": {"policy"}}, reason: policy.RestrictionForbids, holds: []string{"purposes"}},
		"an observer":           {document: func(d *agreement.Document) { d.Parties[1].Role = agreement.Observer }, reason: policy.RoleForbids, holds: []string{"observer"}},
		"not addressed":         {to: []act.AgencyName{"gamma"}, reason: policy.NotARecipient, holds: []string{"AG-7", "beta"}},
		"suspended at the hub":  {then: []func(*ledgertest.World, string) error{standing("beta", act.AgencySuspendKind)}, reason: policy.AgencySuspended, holds: []string{"beta"}},
		"left the hub":          {then: []func(*ledgertest.World, string) error{standing("beta", act.AgencyOffboardKind)}, reason: policy.AgencyOffboarded, holds: []string{"beta"}},
		"retracted": {then: []func(*ledgertest.World, string) error{func(w *ledgertest.World, _ string) error {
			_, err := w.By("alpha", act.DeskSign, &act.ItemRetract{Common: w.Common("alpha"), Item: ledgertest.ItemID(1), Officer: ledgertest.Officer("alpha", 1), Reason: "error"})
			return err
		}}, reason: policy.ItemRetracted, holds: []string{"alpha", "2026-11-21T12:02:00.000Z"}},
		"before the release":   {after: -2 * time.Minute, reason: policy.UnknownRelease, holds: []string{"AG-7", "2026-11-21T12:01:00.000Z"}},
		"before the enrolment": {after: -time.Hour, reason: policy.AgencyNotEnrolled, holds: []string{"beta"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := ledgertest.New()
			digest, err := w.InForce(agreementOf(test.document))
			if err != nil {
				t.Fatal(err)
			}
			w.Now = w.Now.Add(time.Minute)
			id, err := w.By("alpha", act.DeskSign, w.Release("alpha", ledgertest.ItemID(1), 1, digest, test.asked))
			if err != nil {
				t.Fatal(err)
			}
			w.Now = w.Now.Add(time.Minute)
			for _, then := range test.then {
				if err := then(w, digest); err != nil {
					t.Fatal(err)
				}
			}
			to := test.to
			if to == nil {
				to = []act.AgencyName{"beta"}
			}
			wantSentence(t, w, id, to, w.Now.Add(test.after), test.reason, test.holds)
		})
	}
	for _, code := range []string{policy.RestrictionUnknown, policy.KindUnknown, policy.AgreementNotSigned} {
		if code = "access_" + strings.TrimPrefix(code, "policy_"); !message.Known(code) {
			t.Errorf("no sentence %s", code)
		}
	}
}

func wantSentence(t *testing.T, w *ledgertest.World, id act.ID, to []act.AgencyName, at time.Time, reason string, holds []string) {
	t.Helper()
	past, err := ledger.New(ledgertest.Genesis())
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.FoldUntil(past, w.Entries, at); err != nil {
		t.Fatal(err)
	}
	release := w.State.Release(id)
	answer := policy.Explain(past, release, to, at)[1]
	if answer.Agency != "beta" || answer.Reason != reason {
		t.Fatalf("%+v, want %s", answer, reason)
	}
	for _, lang := range message.Languages() {
		said := accessSentence(lang, past, release, answer, at)
		for _, part := range holds {
			if part = message.Word(lang, "axis", message.Word(lang, "role", part)); !strings.Contains(said, part) {
				t.Errorf("%s: %q does not say %q", lang, said, part)
			}
		}
		if !strings.HasSuffix(said, ".") || strings.Contains(said, "<no value>") || strings.Contains(said, "access_") || strings.Contains(said, "  ") {
			t.Errorf("%s: %q", lang, said)
		}
	}
}

// With enough other signatures only its own keeps an agency out; without them
// every one that is missing does.
func TestTheSentenceNamesWhoseSignatureIsMissing(t *testing.T) {
	for name, test := range map[string]struct {
		entry   agreement.EntryIntoForce
		missing string
	}{
		"in force without it": {agreement.EntryIntoForce{Rule: "n-signed", Count: 2}, " beta,"},
		"not in force":        {agreement.EntryIntoForce{Rule: "all-signed"}, " beta, delta,"},
	} {
		w := ledgertest.New()
		if err := w.Enrol("alpha", "beta", "gamma", "delta"); err != nil {
			t.Fatal(err)
		}
		d := agreementtest.Document("alpha", "beta", "gamma", "delta")
		d.EntryIntoForce = test.entry
		digest, err := w.Propose("alpha", d)
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []act.AgencyName{"alpha", "gamma"} {
			if _, err := w.Step(who, act.AgreementSignKind, digest); err != nil {
				t.Fatal(err)
			}
		}
		id, err := w.By("alpha", act.DeskSign, w.Release("alpha", ledgertest.ItemID(1), 1, digest, nil))
		if err != nil {
			t.Fatal(err)
		}
		answer := policy.Explain(w.State, w.State.Release(id), []act.AgencyName{"beta"}, w.Now)[1]
		said := accessSentence("en", w.State, w.State.Release(id), answer, w.Now)
		if answer.Reason != policy.AgreementNotSigned || !strings.Contains(said, "signature of"+test.missing) {
			t.Errorf("%s: %s, %q", name, answer.Reason, said)
		}
	}
}
