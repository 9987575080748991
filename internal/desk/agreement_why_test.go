package desk

import (
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/message"
)

// life is a ledger of one agreement, with the steps that the sentences tell of.
type life struct {
	*ledgertest.World
	t      *testing.T
	digest string
}

func (l *life) step(by act.AgencyName) act.AgreementStep {
	r := l.State.Revision(l.digest)
	return act.AgreementStep{
		Common: l.Common(by), Agreement: act.AgreementRef{ID: r.Document.ID, Digest: l.digest}, Officer: ledgertest.Officer(by, 1), Reason: "safety", Prev: r.Last,
	}
}

func (l *life) take(by act.AgencyName, payload act.Payload) act.ID {
	l.t.Helper()
	l.Now = l.Now.Add(time.Minute)
	id, err := l.By(by, act.OfficerSign, payload)
	if err != nil {
		l.t.Fatal(err)
	}
	return id
}

func (l *life) signAll() {
	for _, party := range l.State.Revision(l.digest).Document.Parties {
		l.take(party.Agency, &act.AgreementSign{AgreementStep: l.step(party.Agency)})
	}
}

func newLife(t *testing.T, change func(*agreement.Document)) *life {
	t.Helper()
	document := agreementtest.DocumentV2("alpha", "beta", "gamma")
	document.Reference = "AG-7"
	if change != nil {
		change(document)
	}
	l := &life{World: ledgertest.New(), t: t}
	if err := l.Enrol("alpha", "beta", "gamma", "delta"); err != nil {
		t.Fatal(err)
	}
	var err error
	if l.digest, err = l.Propose("alpha", document); err != nil {
		t.Fatal(err)
	}
	return l
}

func at(t time.Time) canonical.Time { return canonical.At(t) }

// What an agency may do under an agreement is one whole sentence that names who
// decided, when, and the clause, in every language.
func TestWhyAnAgencyMayOrMayNotIsOneSentence(t *testing.T) {
	signed := func(*life) {}
	continues := func(d *agreement.Document) { d.Suspension.Reading = "continue" }
	for name, row := range map[string]struct {
		document      func(*agreement.Document)
		then          func(*life) // after all signed; a story that begins before sets unsigned
		unsigned      bool
		of            act.AgencyName
		after         time.Duration
		read, release bool
		clause        string
		holds         []string
	}{
		"in force": {then: signed, read: true, release: true, clause: "/entryIntoForce"},
		"a recipient": {document: func(d *agreement.Document) {
			d.Parties[1].Role = agreement.Recipient
			d.Commitments[1].Give = []string{}
		}, then: signed, read: true, clause: "/parties/role", holds: []string{"recipient"}},
		"a contributor": {document: func(d *agreement.Document) {
			d.Parties[1].Role = agreement.Contributor
			d.Commitments[1].Receive = []string{}
		}, then: signed, release: true, clause: "/parties/role", holds: []string{"contributor"}},
		"an observer": {document: func(d *agreement.Document) {
			d.Parties[1].Role = agreement.Observer
			d.Commitments[1].Give, d.Commitments[1].Receive = []string{}, []string{}
		}, then: signed, clause: "/parties/role", holds: []string{"observer"}},
		"undertook to give nothing": {document: func(d *agreement.Document) { d.Commitments[1].Give = []string{} }, then: signed, read: true, clause: "/commitments"},
		"undertook to receive nothing": {document: func(d *agreement.Document) { d.Commitments[1].Receive = []string{} }, then: signed, release: true,
			clause: "/commitments"},
		"undertook nothing that meets the others": {document: func(d *agreement.Document) {
			d.Commitments[1].Give, d.Commitments[1].Receive = []string{}, []string{}
		}, then: signed, clause: "/commitments"},
		"has given nothing yet": {document: func(d *agreement.Document) { d.Reciprocity = "required" }, then: signed, release: true, clause: "/reciprocity"},
		"cannot give what it owes": {document: func(d *agreement.Document) {
			d.Reciprocity = "required"
			d.Parties[1].Authority.Until = at(ledgertest.Start.Add(time.Hour))
		}, then: signed, after: 2 * time.Hour, clause: "/reciprocity"},
		"no party": {then: signed, of: "delta", clause: "/parties", holds: []string{"delta"}},
		"invited": {then: func(l *life) {
			l.take("alpha", &act.AgreementInvite{AgreementStep: l.step("alpha"), Agency: "delta"})
		}, of: "delta", clause: "/accession", holds: []string{"2026-11-21"}},
		"waits for signatures": {unsigned: true, then: func(l *life) { l.take("alpha", &act.AgreementSign{AgreementStep: l.step("alpha")}) },
			clause: "/entryIntoForce", holds: []string{"beta, gamma"}},
		"has not signed what binds the others": {document: func(d *agreement.Document) {
			d.EntryIntoForce.Rule, d.EntryIntoForce.Count = "n-signed", 2
		}, unsigned: true, then: func(l *life) {
			for _, who := range []act.AgencyName{"alpha", "gamma"} {
				l.take(who, &act.AgreementSign{AgreementStep: l.step(who)})
			}
		}, clause: "/entryIntoForce", holds: []string{"1"}},
		"declined": {unsigned: true, then: func(l *life) { l.take("gamma", &act.AgreementDecline{AgreementStep: l.step("gamma")}) },
			clause: "/entryIntoForce", holds: []string{"gamma", "2026-11-21"}},
		"retracted": {unsigned: true, then: func(l *life) { l.take("alpha", &act.AgreementRetract{AgreementStep: l.step("alpha")}) },
			clause: "/entryIntoForce", holds: []string{"alpha"}},
		"lapsed": {document: func(d *agreement.Document) { d.SignBy = at(ledgertest.Start.Add(time.Hour)) }, unsigned: true, then: signed,
			after: 2 * time.Hour, clause: "/signBy", holds: []string{"2026-11-21T13:00:00Z"}},
		"not yet": {document: func(d *agreement.Document) { d.EntryIntoForce.NotBefore = at(ledgertest.Start.Add(time.Hour)) }, then: signed,
			clause: "/entryIntoForce/notBefore", holds: []string{"2026-11-21T13:00:00Z"}},
		"suspended": {then: func(l *life) { l.take("gamma", &act.AgreementSuspend{AgreementStep: l.step("gamma")}) },
			clause: "/suspension", holds: []string{"gamma"}},
		"suspended while reading goes on": {document: continues, then: func(l *life) {
			l.take("gamma", &act.AgreementSuspend{AgreementStep: l.step("gamma")})
		}, read: true, clause: "/suspension", holds: []string{"gamma"}},
		"its part suspended": {then: func(l *life) {
			l.take("gamma", &act.AgreementSuspendParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: l.step("gamma"), Agency: "beta"}})
		}, clause: "/suspension/parties", holds: []string{"gamma", "beta"}},
		"its part suspended while reading goes on": {document: continues, then: func(l *life) {
			l.take("beta", &act.AgreementSuspendParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: l.step("beta"), Agency: "beta"}})
		}, read: true, clause: "/suspension/parties", holds: []string{"beta"}},
		"review overdue, nothing new": {document: func(d *agreement.Document) { d.Review = &agreement.Review{IntervalDays: 30, OnOverdue: "freeze-new"} },
			then: signed, after: 31 * 24 * time.Hour, read: true, clause: "/review/onOverdue", holds: []string{"2026-12-21"}},
		"review overdue, nothing at all": {document: func(d *agreement.Document) { d.Review = &agreement.Review{IntervalDays: 30, OnOverdue: "suspend"} },
			then: signed, after: 31 * 24 * time.Hour, clause: "/review/onOverdue", holds: []string{"2026-12-21"}},
		"authority lapsed": {document: func(d *agreement.Document) { d.Parties[1].Authority.Until = at(ledgertest.Start.Add(time.Hour)) }, then: signed,
			after: 2 * time.Hour, read: true, clause: "/parties/authority", holds: []string{"beta"}},
		"withdrawn": {then: func(l *life) { l.take("beta", &act.AgreementWithdraw{AgreementStep: l.step("beta")}) },
			clause: "/termination", holds: []string{"2026-11-21"}},
		"terminated": {then: func(l *life) { l.take("gamma", &act.AgreementTerminate{AgreementStep: l.step("gamma")}) },
			clause: "/termination", holds: []string{"2026-11-21"}},
		"expired": {then: signed, after: 2 * 366 * 24 * time.Hour, clause: "/expires", holds: []string{"2028-01-01T00:00:00Z"}},
		"ended, and what was opened is kept": {document: func(d *agreement.Document) { d.Termination.Effect = "retain-under-terms" }, then: signed,
			after: 2 * 366 * 24 * time.Hour, clause: "/termination/effect", holds: []string{"2028-01-01T00:00:00Z"}},
		"suspended at the hub": {then: func(l *life) {
			if _, err := l.Standing("beta", act.AgencySuspendKind); err != nil {
				l.t.Fatal(err)
			}
		}, holds: []string{"beta"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLife(t, row.document)
			if !row.unsigned {
				l.signAll()
			}
			row.then(l)
			of := row.of
			if of == "" {
				of = "beta"
			}
			d, now := &Desk{Options: Options{Agency: "alpha"}}, l.Now.Add(row.after)
			revision := d.revisionFor(l.State, l.State.Revision(l.digest).Document.ID, of, now)
			sentences := map[string]bool{}
			for _, lang := range message.Languages() {
				got := whyUnder(l.State, lang, revision, of, now)
				if got.Read != row.read || got.Release != row.release || got.Clause != row.clause {
					t.Errorf("read %v (%s), release %v (%s), clause %q", got.Read, got.ReadReason, got.Release, got.ReleaseReason, got.Clause)
				}
				for _, want := range append(row.holds, "AG-7", string(of)) {
					if want = message.Word(lang, "role", want); !strings.Contains(got.Message, want) {
						t.Errorf("%s: %q does not hold %q", lang, got.Message, want)
					}
				}
				if strings.Contains(got.Message, "desk_why") || strings.Contains(got.Message, "<no value>") || strings.Contains(got.Message, "policy_") ||
					strings.Count(got.Message, ". ") > 0 || !strings.HasSuffix(got.Message, ".") {
					t.Errorf("%s: %q is not one sentence", lang, got.Message)
				}
				sentences[got.Message] = true
			}
			if len(sentences) != len(message.Languages()) {
				t.Errorf("the languages do not differ: %v", sentences)
			}
		})
	}
}
