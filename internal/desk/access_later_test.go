package desk

import (
	"slices"
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

// later is a ledger in which alpha has released to beta, and things happen since.
type later struct {
	*ledgertest.World
	t       *testing.T
	digest  string
	release act.ID
}

func (l *later) steps(who act.AgencyName, reason string) act.AgreementStep {
	revision := l.State.Revision(l.digest)
	return act.AgreementStep{
		Common: l.Common(who), Agreement: act.AgreementRef{ID: revision.Document.ID, Digest: l.digest},
		Officer: ledgertest.Officer(who, 1), Reason: reason, Prev: revision.Last,
	}
}

func (l *later) by(who act.AgencyName, purpose act.Purpose, payload act.Payload) act.ID {
	l.t.Helper()
	id, err := l.By(who, purpose, payload)
	if err != nil {
		l.t.Fatal(err)
	}
	return id
}

// opened records that the agency opened the release.
func (l *later) opened(who act.AgencyName, release act.ID) {
	l.t.Helper()
	asked := l.by(who, act.DeskSign, &act.ItemOpen{
		Common: l.Common(who), Release: release, Part: "body", Purpose: "detection", Officer: ledgertest.Officer(who, 1),
		Restrictions: l.State.Release(release).EffectiveDigest,
	})
	e := ledger.Entry{Index: l.State.Next, Time: l.Now, Record: &ledger.Record{
		Type: "decision.v1", Agency: who, Action: "open", Act: asked, Part: "body", Results: []ledger.Result{{Release: release, Allow: true, Reason: policy.Allowed}},
	}}
	b, err := e.Bytes()
	if err == nil {
		err = ledger.Apply(l.State, e)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	l.Entries = append(l.Entries, b)
}

// restrict asks for more of the first item, also where another was made from it.
func (l *later) restrict(asked restriction.Set) {
	l.t.Helper()
	release := l.State.Release(l.release)
	if len(release.Parents) > 0 {
		release = release.Parents[0]
	}
	l.by("alpha", act.DeskSign, &act.ItemRestrict{
		Common: l.Common("alpha"), Item: release.Item.ID, Version: 1, Restrictions: asked,
		Acknowledge: canonical.At(l.Now.Add(24 * time.Hour)), Officer: ledgertest.Officer("alpha", 1),
	})
}

// What happens to an agreement and to an item after the release is said with who
// did it and when, in every language.
func TestWhatHappenedAfterTheReleaseIsSaidWithWhoAndWhen(t *testing.T) {
	at := func(minutes int) string {
		return instant(ledgertest.Start.Add(time.Duration(minutes) * time.Minute))
	}
	for name, test := range map[string]struct {
		document func(*agreement.Document)
		asked    restriction.Set
		then     func(*later)
		after    time.Duration
		agency   act.AgencyName
		code     string
		holds    []string
	}{
		"one party is suspended by another": {
			then: func(l *later) {
				l.by("gamma", act.OfficerSign, &act.AgreementSuspendParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: l.steps("gamma", "breach"), Agency: "beta"}})
			}, code: "party_suspended", holds: []string{"beta", "gamma", "AG-7", at(2)},
		},
		"a suspension that bites after its notice": {
			document: func(d *agreement.Document) { d.Suspension.NoticeDays = 1 },
			then: func(l *later) {
				l.by("gamma", act.OfficerSign, &act.AgreementSuspend{AgreementStep: l.steps("gamma", "")})
			}, after: 25 * time.Hour, code: "agreement_suspended", holds: []string{"gamma", at(2 + 24*60)},
		},
		"the review is overdue and stops all": {
			document: func(d *agreement.Document) { d.Review = &agreement.Review{IntervalDays: 1, OnOverdue: "suspend"} },
			after:    25 * time.Hour, code: "review_overdue", holds: []string{"AG-7", at(24 * 60)},
		},
		"released before it joined": {then: func(l *later) { l.joins("delta") }, agency: "delta", code: "before_accession", holds: []string{"delta", "AG-7", at(2)}},
		"cannot comply": {then: func(l *later) {
			l.opened("beta", l.release)
			l.by("beta", act.DeskSign, &act.ItemCannotComply{
				Common: l.Common("beta"), Release: l.release, Restrictions: l.State.Release(l.release).EffectiveDigest, Axis: "retentionDays",
				Reason: "domestic-law", Officer: ledgertest.Officer("beta", 1),
			})
		}, code: "cannot_comply", holds: []string{"beta", "alpha", at(2)}},
		"a prerequisite": {asked: restriction.Set{"prerequisites": {"curriculum-completed"}}, code: "prerequisite_missing", holds: []string{"beta", "alpha", "curriculum-completed"}},
		"an overdue answer holds what comes later": {
			then: func(l *later) {
				l.opened("beta", l.release)
				l.restrict(restriction.Set{"accessForm": {"view-only"}})
				l.Now = l.Now.Add(48 * time.Hour)
				l.release = l.by("alpha", act.DeskSign, l.Release("alpha", ledgertest.ItemID(2), 1, l.digest, nil))
			}, code: "duty_overdue", holds: []string{"beta", "alpha", "AG-7", at(2 + 24*60)},
		},
		"of a kind that it does not receive": {
			document: func(d *agreement.Document) { d.Commitments[1].Receive = []string{} }, code: "kind_not_covered", holds: []string{"beta", "AG-7"},
		},
		"given to who has given nothing": {
			document: func(d *agreement.Document) { d.Reciprocity = "required" }, code: "reciprocity_owed", holds: []string{"beta", "AG-7"},
		},
		"restricted later": {then: func(l *later) {
			l.restrict(restriction.Set{"accessForm": {"view-only"}})
			l.Now = l.Now.Add(time.Minute)
			l.restrict(restriction.Set{"recipientsDenied": {"beta"}})
		}, code: "restricted_later", holds: []string{"alpha", "recipientsDenied", at(3)}},
		"recalled":                  {then: func(l *later) { l.restrict(restriction.Set{"recall": {"recalled"}}) }, code: "recalled", holds: []string{"alpha", at(2)}},
		"released for some only":    {asked: restriction.Set{"recipientsDenied": {"beta"}}, code: "restriction_forbids", holds: []string{"AG-7", "recipientsDenied"}},
		"its parent was retracted":  {then: func(l *later) { l.derive(); l.retract() }, code: "parent_retracted", holds: []string{"alpha", "beta", at(2)}},
		"its parent was restricted": {then: func(l *later) { l.derive(); l.restrict(restriction.Set{"accessForm": {"view-only"}}) }, code: "parent_restricted", holds: []string{"AG-7", "accessForm"}},
		"ended after its renewals": {
			document: func(d *agreement.Document) {
				d.Expires = canonical.At(ledgertest.Start.Add(24 * time.Hour))
				d.Renewal = &agreement.Renewal{Mode: "automatic", Days: 30, Times: 1}
			}, after: 32 * 24 * time.Hour, code: "agreement_expired", holds: []string{"AG-7", "2026-12-22"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			document := agreementtest.DocumentV2("alpha", "beta", "gamma")
			document.Reference = "AG-7"
			if test.document != nil {
				test.document(document)
			}
			l := &later{World: ledgertest.New(), t: t}
			var err error
			if l.digest, err = l.InForce(document); err != nil {
				t.Fatal(err)
			}
			l.Now = ledgertest.Start.Add(time.Minute)
			l.release = l.by("alpha", act.DeskSign, l.Release("alpha", ledgertest.ItemID(1), 1, l.digest, test.asked))
			l.Now = ledgertest.Start.Add(2 * time.Minute)
			if test.then != nil {
				test.then(l)
			}
			agency := test.agency
			if agency == "" {
				agency = "beta"
			}
			l.says(agency, l.Now.Add(test.after), test.code, test.holds)
		})
	}
}

// says explains to the agency as an auditor is told, and looks at the sentence.
func (l *later) says(agency act.AgencyName, at time.Time, code string, holds []string) {
	l.t.Helper()
	past, err := ledger.New(ledgertest.Genesis())
	if err == nil {
		err = ledger.FoldUntil(past, l.Entries, at)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	release := l.State.Release(l.release)
	answers := policy.Explain(past, release, []act.AgencyName{"alpha", "beta", "gamma", "delta"}, at)
	n := slices.IndexFunc(answers, func(a policy.Answer) bool { return a.Agency == agency })
	if n < 0 || answers[n].Allow {
		l.t.Fatalf("%+v", answers)
	}
	for _, lang := range message.Languages() {
		said := accessSentence(lang, past, release, answers[n], at)
		for _, part := range holds {
			if part = message.Word(lang, "axis", message.Word(lang, "role", part)); !strings.Contains(said, part) {
				l.t.Errorf("%s: %q does not say %q (%s)", lang, said, part, answers[n].Reason)
			}
		}
		if !strings.HasSuffix(said, ".") || strings.Contains(said, "<no value>") || strings.Contains(said, "  ") {
			l.t.Errorf("%s: %q", lang, said)
		}
	}
	w := &why{past: past, release: past.Release(l.release), answer: answers[n], at: at, params: message.Params{"Axis": ""}}
	if len(answers[n].Evidence) > 0 {
		w.params["Axis"] = answers[n].Evidence[len(answers[n].Evidence)-1]
	}
	if got := w.code(); got != "access_"+code {
		l.t.Errorf("it is said as %s, want %s", got, code)
	}
}

// joins lets an agency accede by unanimity.
func (l *later) joins(name act.AgencyName) {
	l.t.Helper()
	if err := l.Enrol(name); err != nil {
		l.t.Fatal(err)
	}
	l.by("alpha", act.OfficerSign, &act.AgreementInvite{AgreementStep: l.steps("alpha", ""), Agency: name})
	party := agreementtest.PartyV2(name)
	bytes, err := canonical.Marshal(party)
	if err != nil {
		l.t.Fatal(err)
	}
	accession := l.by(name, act.OfficerSign, &act.AgreementAccede{AgreementStep: l.steps(name, ""), Commitment: agreementtest.Committed(name), Party: string(bytes)})
	for _, who := range []act.AgencyName{"alpha", "beta", "gamma"} {
		l.by(who, act.OfficerSign, &act.AgreementCountersign{AgreementStep: l.steps(who, ""), Accession: accession})
	}
}

// derive lets gamma make an item of the release, which is then asked about.
func (l *later) derive() {
	l.t.Helper()
	l.opened("gamma", l.release)
	payload := l.Release("gamma", ledgertest.ItemID(3), 1, l.digest, nil)
	payload.Parents = []act.Parent{{Release: l.release, Relation: "derived"}}
	parent := l.release
	l.release = l.by("gamma", act.DeskSign, payload)
	if len(l.State.Release(l.release).Parents) != 1 || parent == l.release {
		l.t.Fatal("no parent")
	}
}

func (l *later) retract() {
	l.t.Helper()
	l.by("alpha", act.DeskSign, &act.ItemRetract{Common: l.Common("alpha"), Item: l.State.Release(l.release).Parents[0].Item.ID, Officer: ledgertest.Officer("alpha", 1), Reason: "error"})
}
