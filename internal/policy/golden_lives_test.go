package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// lives writes a ledger with every kind of act in an agreement's and an item's
// life, in an order that the law knows.
type lives struct {
	*ledgertest.World
	t *testing.T
}

func (l *lives) by(agency act.AgencyName, purpose act.Purpose, payload act.Payload) act.ID {
	l.t.Helper()
	id, err := l.By(agency, purpose, payload)
	if err != nil {
		l.t.Fatal(err)
	}
	l.Now = l.Now.Add(time.Minute)
	return id
}

func (l *lives) step(by act.AgencyName, digest string) act.AgreementStep {
	revision := l.State.Revision(digest)
	return act.AgreementStep{
		Common: l.Common(by), Officer: ledgertest.Officer(by, 1), Prev: revision.Last, Reason: "breach",
		Agreement: act.AgreementRef{ID: revision.Document.ID, Digest: digest},
	}
}

func (l *lives) propose(by act.AgencyName, document *agreement.Document) string {
	l.t.Helper()
	digest, err := l.Propose(by, document)
	if err != nil {
		l.t.Fatal(err)
	}
	l.Now = l.Now.Add(time.Minute)
	return digest
}

func (l *lives) sign(digest string, parties ...act.AgencyName) {
	for _, party := range parties {
		l.by(party, act.OfficerSign, &act.AgreementSign{AgreementStep: l.step(party, digest)})
	}
}

// decided appends what the hub would have recorded of a request, having asked.
func (l *lives) decided(agency act.AgencyName, release act.ID, action policy.Action, open act.ID) {
	l.t.Helper()
	request := policy.Request{
		Action: action, Agency: agency, Release: release, Described: true, Purpose: "training", Officer: ledgertest.Officer(agency, 1),
		Accepted: l.State.Release(release).Terms(agency).Digest,
	}
	decision := policy.Decide(l.State, request, l.Now)
	record := &ledger.Record{
		Type: "decision.v1", Agency: agency, Action: string(action), Act: open,
		Results: []ledger.Result{{Release: release, Allow: decision.Allow, Reason: decision.Reason, Evidence: decision.Evidence}},
	}
	if action == policy.ToOpen {
		record.Part = "body"
	}
	e := ledger.Entry{Index: l.State.Next, Time: l.Now, Record: record}
	b, err := e.Bytes()
	if err == nil {
		err = ledger.Apply(l.State, e)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	l.Entries = append(l.Entries, b)
}

// read delivers and opens.
func (l *lives) read(agency act.AgencyName, release act.ID) {
	l.decided(agency, release, policy.ToDeliver, "")
	open := l.by(agency, act.DeskSign, &act.ItemOpen{
		Common: l.Common(agency), Release: release, Part: "body", Purpose: "training", Form: "print",
		Restrictions: l.State.Release(release).Terms(agency).Digest, Officer: ledgertest.Officer(agency, 1),
	})
	l.decided(agency, release, policy.ToOpen, open)
}

func (l *lives) release(by act.AgencyName, item int, digest string, asked restriction.Set, parents ...act.Parent) act.ID {
	terms := agreementtest.Floor()
	terms["purposes"] = []string{"training"}
	for axis, values := range asked {
		terms[axis] = values
	}
	payload := l.Release(by, ledgertest.ItemID(item), 1, digest, terms)
	payload.Parents = parents
	return l.by(by, act.DeskSign, payload)
}

func writeLives(t *testing.T) *ledgertest.World {
	l := &lives{ledgertest.New(), t}
	if err := l.Enrol("alpha", "beta", "gamma", "delta"); err != nil {
		t.Fatal(err)
	}
	digest := l.negotiated()
	joined := l.accession(digest)
	l.restrictions(joined)
	l.suspensions(joined)
	l.end(joined)
	return l.World
}

// negotiated ends with a second revision in force among three, after a
// counter-proposal; a third is declined and a fourth is taken back.
func (l *lives) negotiated() string {
	document := agreementtest.DocumentV2("alpha", "beta", "gamma")
	document.Review = &agreement.Review{IntervalDays: 30, OnOverdue: "freeze-new"}
	document.Termination.NoticeDays = 30
	first := l.propose("alpha", document)
	l.sign(first, "alpha")
	next := func(last string, change func(*agreement.Document)) *agreement.Document {
		revision := agreementtest.DocumentV2("alpha", "beta", "gamma")
		*revision = *l.State.Revision(last).Document
		revision.Revision++
		revision.Supersedes = last
		change(revision)
		return revision
	}
	second := l.propose("beta", next(first, func(d *agreement.Document) { d.Reference = "AG-TEST-2" }))
	l.sign(second, "beta", "alpha", "gamma")
	third := l.propose("gamma", next(second, func(d *agreement.Document) { d.Reference = "AG-TEST-3" }))
	l.by("alpha", act.OfficerSign, &act.AgreementDecline{AgreementStep: l.step("alpha", third)})
	fourth := l.propose("gamma", next(third, func(d *agreement.Document) { d.Reference = "AG-TEST-4" }))
	l.by("gamma", act.OfficerSign, &act.AgreementRetract{AgreementStep: l.step("gamma", fourth)})
	return second
}

func (l *lives) accession(digest string) string {
	l.release("alpha", 1, digest, nil)
	l.by("alpha", act.OfficerSign, &act.AgreementInvite{AgreementStep: l.step("alpha", digest), Agency: "delta"})
	joiner := agreementtest.PartyV2("delta")
	party, err := joiner.Bytes()
	if err != nil {
		l.t.Fatal(err)
	}
	accession := l.by("delta", act.OfficerSign, &act.AgreementAccede{AgreementStep: l.step("delta", digest), Commitment: agreementtest.Committed("delta"), Party: string(party)})
	for _, name := range []act.AgencyName{"alpha", "beta", "gamma"} {
		l.by(name, act.OfficerSign, &act.AgreementCountersign{AgreementStep: l.step(name, digest), Accession: accession})
	}
	return digest
}

func (l *lives) restrictions(digest string) {
	release := l.release("alpha", 2, digest, restriction.Set{"useReportDays": {"10"}, "derivation": {"with-consent"}, "prerequisites": {"agency-attestation"}})
	officer := func(name act.AgencyName) string { return ledgertest.Officer(name, 1) }
	acknowledge := func(name act.AgencyName) {
		l.decided(name, release, policy.ToDeliver, "")
		l.by(name, act.DeskSign, &act.ItemAcknowledge{
			Common: l.Common(name), Release: release, Restrictions: l.State.Release(release).Terms(name).Digest,
			Prerequisites: []string{"agency-attestation"}, Officer: officer(name),
		})
	}
	for _, name := range []act.AgencyName{"beta", "gamma", "delta"} {
		acknowledge(name)
		l.read(name, release)
	}
	request := l.by("beta", act.DeskSign, &act.ConsentRequest{
		Common: l.Common("beta"), Release: release, Use: "derivation", Purpose: "training", Until: canonical.At(l.Now.Add(100 * time.Hour)), Officer: officer("beta"),
	})
	answer := func() act.ConsentAnswer {
		return act.ConsentAnswer{Common: l.Common("alpha"), Request: request, Officer: officer("alpha")}
	}
	l.by("alpha", act.DeskSign, &act.ConsentGrant{ConsentAnswer: answer()})
	l.release("beta", 3, digest, restriction.Set{"useReportDays": {"10"}, "derivation": {"none"}, "prerequisites": {"agency-attestation"}},
		act.Parent{Release: release, Relation: "translation", Consent: request})
	l.by("alpha", act.DeskSign, &act.ItemRestrict{
		Common: l.Common("alpha"), Item: ledgertest.ItemID(2), Version: 1, Restrictions: restriction.Set{"judicialUse": {"prohibited"}},
		Acknowledge: canonical.At(l.Now.Add(24 * time.Hour)), Officer: officer("alpha"),
	})
	acknowledge("beta")
	l.by("gamma", act.DeskSign, &act.ItemCannotComply{
		Common: l.Common("gamma"), Release: release, Restrictions: l.State.Release(release).Terms("gamma").Digest,
		Axis: "judicialUse", Reason: "domestic-law", Officer: officer("gamma"),
	})
	l.by("alpha", act.DeskSign, &act.ConsentWithdraw{ConsentAnswer: answer()})
	l.by("beta", act.DeskSign, &act.ItemReportUse{
		Common: l.Common("beta"), Release: release, Purposes: []string{"training"}, Outcome: "useful", Officer: officer("beta"),
	})
	l.by("gamma", act.DeskSign, &act.HoldPlace{HoldStep: act.HoldStep{Common: l.Common("gamma"), Release: release, Reason: "litigation", Officer: officer("gamma")}})
	l.by("delta", act.DeskSign, &act.NoticeDisclosure{
		Common: l.Common("delta"), Release: release, Cause: "exculpatory", Advance: true, Disclosure: canonical.At(l.Now), Officer: officer("delta"),
	})
}

func (l *lives) suspensions(digest string) {
	party := func(by, about act.AgencyName) act.AgreementPartyStep {
		return act.AgreementPartyStep{AgreementStep: l.step(by, digest), Agency: about}
	}
	l.by("alpha", act.OfficerSign, &act.AgreementSuspendParty{AgreementPartyStep: party("alpha", "delta")})
	l.by("beta", act.OfficerSign, &act.AgreementSuspend{AgreementStep: l.step("beta", digest)})
	l.by("beta", act.OfficerSign, &act.AgreementResume{AgreementStep: l.step("beta", digest)})
	l.by("alpha", act.OfficerSign, &act.AgreementResumeParty{AgreementPartyStep: party("alpha", "delta")})
	l.by("gamma", act.OfficerSign, &act.AgreementReview{AgreementStep: l.step("gamma", digest)})
	l.by("delta", act.DeskSign, &act.NoticeBreach{
		Common: l.Common("delta"), Agreement: l.step("delta", digest).Agreement, Class: "loss-of-copy", Discovered: canonical.At(l.Now), Officer: ledgertest.Officer("delta", 1),
	})
}

func (l *lives) end(digest string) {
	l.by("gamma", act.OfficerSign, &act.AgreementWithdraw{AgreementStep: l.step("gamma", digest)})
	l.by("alpha", act.OfficerSign, &act.AgreementTerminate{AgreementStep: l.step("alpha", digest)})
	l.by("beta", act.DeskSign, &act.ItemAttest{
		Common: l.Common("beta"), Release: l.State.Item(ledgertest.ItemID(2)).Releases[0].ID, Statement: "destroyed", Method: "crypto-erase", Officer: ledgertest.Officer("beta", 1),
	})
}

// describeLives tells who may open what, and who owes what, at moments before
// and after the ends.
func describeLives(s *ledger.State) string {
	var out strings.Builder
	for _, at := range []time.Time{s.Time, s.Time.Add(12 * 24 * time.Hour), s.Time.Add(90 * 24 * time.Hour)} {
		fmt.Fprintf(&out, "at %s\n", at.Format(time.RFC3339))
		for _, revision := range s.Agreement("agr-aaaaaaaaaaaaaaaaaaaaaaaaaa").Revisions {
			stands := revision.At(at)
			fmt.Fprintf(&out, "revision %d %s %s next %s %s\n", revision.Document.Revision, stands.State, stands.Clause, stands.NextState, stands.NextClause)
		}
		for n := 1; n <= 3; n++ {
			release := s.Item(ledgertest.ItemID(n)).Releases[0]
			all := []act.AgencyName{"alpha", "beta", "delta", "gamma"}
			for _, answer := range policy.Explain(s, release, all, at) {
				fmt.Fprintf(&out, "item %d %s %v %s %v\n", n, answer.Agency, answer.Allow, answer.Reason, answer.Evidence)
			}
			for _, duty := range policy.Duties(s, release, at) {
				fmt.Fprintf(&out, "item %d %s owes %s by %s: %s\n", n, duty.Holder, duty.Kind, duty.Due.Format(time.RFC3339), duty.State)
			}
		}
	}
	return out.String()
}
