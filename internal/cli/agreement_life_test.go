package cli

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

// living is a world in which the desk shows an agreement of every clause, AG-7.
type living struct {
	*signing
	document *agreement.Document
	bytes    []byte
	digest   string
}

func newLiving(t *testing.T, change func(*agreement.Document)) *living {
	t.Helper()
	l := &living{signing: newSigning(t)}
	l.show(change, nil)
	return l
}

// show lets the desk show AG-7 among agencya and agencyb, in force, unless changed.
func (l *living) show(change func(*agreement.Document), shown func(*deskapi.Agreement)) {
	l.t.Helper()
	d := agreementtest.DocumentV2("agencya", "agencyb")
	d.ID, d.Reference = "agr-bbbbbbbbbbbbbbbbbbbbbbbbbb", "AG-7"
	d.Hub = agreement.Hub{ID: hubID, LogKey: logVKey, Registrar: act.ThumbprintOf(publicFrom("registrar"))}
	d.Parties[0].OfficerSign, d.Parties[0].DeskSign = act.ThumbprintOf(l.public), act.ThumbprintOf(publicFrom("desk a"))
	d.Parties[1].OfficerSign, d.Parties[1].DeskSign = act.ThumbprintOf(publicFrom("officer b")), act.ThumbprintOf(publicFrom("desk b"))
	if change != nil {
		change(d)
	}
	raw, digest, err := d.Bytes()
	if err != nil {
		l.t.Fatal(err)
	}
	l.document, l.bytes, l.digest = d, raw, digest
	one := deskapi.Agreement{
		AgreementSummary: deskapi.AgreementSummary{
			ID: d.ID, Reference: d.Reference, Title: d.Title, Revision: d.Revision, Digest: digest, State: "in-force", Signed: []string{"agencya", "agencyb"},
			Pending: []string{}, NextState: "expired", NextChange: d.Expires.Time, NextClause: "/expires", Since: sampleTime, Clause: "/entryIntoForce",
		},
		Document: string(raw), ProposedBy: "agencyb", Index: 7, Prev: prevID, HubIsOurs: true, Hub: hubID,
		Standings: []deskapi.PartyStanding{{Agency: "agencya", Role: "both", Signed: sampleTime}, {Agency: "agencyb", Role: "both", Signed: sampleTime}},
	}
	if shown != nil {
		shown(&one)
	}
	l.desk.says("GET /api/v1/agreements", []deskapi.AgreementSummary{one.AgreementSummary})
	l.desk.says("GET /api/v1/agreements/"+one.ID+"?digest="+url.QueryEscape(one.Digest), one)
}

// last is the act that was relayed last.
func (l *living) last() *act.Act {
	l.t.Helper()
	acts := l.relayed()
	if len(acts) == 0 {
		l.t.Fatal("nothing was signed")
	}
	return acts[len(acts)-1]
}

func proposed(one *deskapi.Agreement) {
	one.State, one.Signed, one.Pending = "proposed", []string{"agencyb"}, []string{"agencya"}
	one.Standings[0].Signed = time.Time{}
}

// Each step of an agreement's life is shown with what it does and by which clause,
// and signed as the act that its command says.
func TestEachStepSaysWhatItDoesAndIsSigned(t *testing.T) {
	l := newLiving(t, nil)
	for _, row := range []struct {
		name   string
		change func(*agreement.Document)
		shown  func(*deskapi.Agreement)
		args   []string
		kind   act.Kind
		says   []string
	}{
		{"sign, which completes", nil, proposed, []string{"sign", "--compared-fingerprints"}, act.AgreementSignKind, []string{"With this signature AG-7 is complete", "(/entryIntoForce)"}},
		{"decline", nil, proposed, []string{"decline", "--reason", "domestic-law"}, act.AgreementDeclineKind, []string{"The proposal is dead with this"}},
		{"retract", nil, proposed, []string{"retract"}, act.AgreementRetractKind, []string{"Nobody can sign this text any more"}},
		{"suspend", nil, nil, []string{"suspend", "--reason", "review"}, act.AgreementSuspendKind, []string{"stops at once for all its parties", "(/suspension)"}},
		{"suspend after a notice", func(d *agreement.Document) {
			d.Suspension.NoticeDays, d.Suspension.MaxDays, d.Suspension.Reading = 7, 30, "continue"
		}, nil, []string{"suspend", "--reason", "review"}, act.AgreementSuspendKind,
			[]string{"after 7 days' notice", "can still be read", "(/suspension/noticeDays)", "after 30 days at the latest (/suspension/maxDays)"}},
		{"suspend for an urgent ground", func(d *agreement.Document) { d.Suspension.NoticeDays = 7 }, nil, []string{"suspend", "--reason", "safety"},
			act.AgreementSuspendKind, []string{"stops at once"}},
		{"suspend one party", nil, nil, []string{"suspend", "--party", "agencyb", "--reason", "breach"}, act.AgreementSuspendPartyKind,
			[]string{"agencyb neither releases nor opens anything", "(/suspension/parties)"}},
		{"resume", nil, nil, []string{"resume"}, act.AgreementResumeKind, []string{"suspensions by others go on"}},
		{"resume one party", nil, nil, []string{"resume", "--party", "agencyb"}, act.AgreementResumePartyKind, []string{"Your agency's suspension of agencyb ends"}},
		{"withdraw", func(d *agreement.Document) { d.Termination.NoticeDays = 30 }, nil, []string{"withdraw", "--reason", "mandate"}, act.AgreementWithdrawKind,
			[]string{"After 30 days agencya neither", "(/termination/noticeDays)", "is then to be destroyed (/termination/effect)"}},
		{"terminate", func(d *agreement.Document) { d.Termination.Effect = "retain-under-terms" }, nil, []string{"terminate"}, act.AgreementTerminateKind,
			[]string{"ends for all its parties", "is kept under the restrictions"}},
		{"review", nil, nil, []string{"review", "--outcome", "continue"}, act.AgreementReviewKind, []string{"The next review of AG-7 is due on", "(/review/intervalDays)"}},
		{"invite", nil, nil, []string{"invite", "--agency", "agencyc"}, act.AgreementInviteKind, []string{"agencyc will see this text", "(/accession)"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			l.t = t
			l.show(row.change, row.shown)
			args := append([]string{"agreement", row.args[0], "AG-7"}, row.args[1:]...)
			got := l.expect(OK, append(args, "--yes")...)
			signed := l.last()
			if signed.Kind != row.kind {
				t.Errorf("signed %s, want %s", signed.Kind, row.kind)
			}
			step, _ := act.StepOf(signed.Payload)
			if step == nil || step.Agreement.Digest != l.digest || step.Prev != prevID || step.Officer != "ofc-aaaaaaaaaaaaaaaaaaaaaaaaaa" {
				t.Errorf("the step is %+v", step)
			}
			if i := slices.Index(row.args, "--reason"); i > 0 && step.Reason != row.args[i+1] {
				t.Errorf("the reason is %q", step.Reason)
			}
			said := strings.Join(strings.Fields(got.stderr), " ")
			for _, want := range row.says {
				if !strings.Contains(said, want) {
					t.Errorf("%q was not said:\n%s", want, got.stderr)
				}
			}
		})
	}
	l.t = t
	if review, ok := findReview(l.relayed()); !ok || review.Reason != "continue" {
		t.Errorf("the outcome of the review is not in the act: %+v", review)
	}
}

func findReview(acts []*act.Act) (*act.AgreementReview, bool) {
	for _, one := range acts {
		if p, ok := one.Payload.(*act.AgreementReview); ok {
			return p, true
		}
	}
	return nil, false
}

// What cannot be signed is refused before anybody logs in at Vault, with what to
// write instead; what the agreement forbids, with the hub's sentence.
func TestAStepThatCannotBeIsRefused(t *testing.T) {
	l := newLiving(t, nil)
	source := l.file("next.json", "")
	forbidden := deskapi.ProblemDetails{Status: 422, Code: "act_refused", Reason: "suspension_not_allowed",
		Title: "The hub does not accept this act.", Detail: "The agreement does not let this party suspend that one for this reason. The clause that forbids it is /suspension/parties."}
	for _, row := range []struct {
		name  string
		shown func(*deskapi.Agreement)
		args  []string
		want  Exit
		says  string
	}{
		{"a reason from no list", nil, []string{"suspend", "--reason", "anger"}, Usage, "breach, court-order"},
		{"to decline without a reason", proposed, []string{"decline"}, Usage, "reason"},
		{"to suspend a party without a reason", nil, []string{"suspend", "--party", "agencyb"}, Usage, "--reason"},
		{"a party that is no name", nil, []string{"suspend", "--party", "Agency B", "--reason", "breach"}, Usage, "Agency B"},
		{"an outcome from no list", nil, []string{"review", "--outcome", "shrug"}, Usage, "amend, continue, end"},
		{"a review without its outcome", nil, []string{"review"}, Usage, "outcome"},
		{"an invitation of nobody", nil, []string{"invite"}, Usage, "agency"},
		{"a counter-proposal to what binds", nil, []string{"counter", source}, Refused, "concordat agreement amend"},
		{"an amendment of a proposal", proposed, []string{"amend", source}, Refused, "concordat agreement counter"},
		{"a countersignature of nobody's accession", nil, []string{"countersign", "--agency", "agencyc", "--compared-fingerprints"}, NotFound, "agencyc has not acceded"},
		{"a breach of no class", nil, []string{"breach", "--class", "bad-luck"}, Usage, "loss-of-copy"},
		{"a breach at no time", nil, []string{"breach", "--class", "other", "--discovered", "yesterday"}, Usage, "--discovered"},
	} {
		t.Run(row.name, func(t *testing.T) {
			l.t = t
			l.show(nil, row.shown)
			before := l.desk.changes()
			args := append([]string{"agreement", row.args[0], "AG-7"}, row.args[1:]...)
			got := l.expect(row.want, append(args, "--yes")...)
			if !strings.Contains(got.stderr, row.says) {
				t.Errorf("%q was not said:\n%s", row.says, got.stderr)
			}
			if l.desk.changes() != before {
				t.Error("something was sent that changes something")
			}
		})
	}
	t.Run("what the agreement forbids", func(t *testing.T) {
		l.t = t
		l.show(nil, nil)
		l.desk.refuses("POST /api/v1/acts", forbidden)
		defer l.relays()
		got := l.expect(Refused, "agreement", "suspend", "AG-7", "--party", "agencyb", "--reason", "breach", "--yes")
		if !strings.Contains(got.stderr, "/suspension/parties") {
			t.Errorf("the clause is not named:\n%s", got.stderr)
		}
	})
}

// A counter-proposal and an amendment are the next revision of the same agreement,
// shown with every change, whatever the source says of its number.
func TestTheNextRevisionIsShownAsARedline(t *testing.T) {
	l := newLiving(t, nil)
	for _, row := range []struct {
		command string
		shown   func(*deskapi.Agreement)
		says    string
	}{
		{"counter", proposed, "Revision 1 of AG-7 cannot be signed any more"},
		{"amend", nil, "agencya, agencyb stay on revision 1 of AG-7"},
	} {
		t.Run(row.command, func(t *testing.T) {
			l.t = t
			l.show(nil, row.shown)
			next := strings.Replace(string(l.bytes), `"noticeDays":0,"survival"`, `"noticeDays":60,"survival"`, 1)
			// A document of revision 1 is a source as good as YAML: only its bytes are not signed.
			source := l.file("next.yaml", "# a draft\n"+next)
			got := l.expect(OK, "agreement", row.command, "AG-7", source, "--yes")
			payload := l.last().Payload.(*act.AgreementPropose)
			d, _, err := agreement.Parse([]byte(payload.Document))
			if err != nil || d.ID != l.document.ID || d.Revision != 2 || d.Supersedes != l.digest || d.Termination.NoticeDays != 60 {
				t.Fatalf("proposed %+v, %v", d, err)
			}
			said := strings.Join(strings.Fields(got.stderr), " ")
			for _, want := range []string{row.says, "Changes against the last revision", "/termination/noticeDays", "60"} {
				if !strings.Contains(said, want) {
					t.Errorf("%q was not said:\n%s", want, got.stderr)
				}
			}
		})
	}
	t.Run("but not of another agreement", func(t *testing.T) {
		l.t = t
		other := strings.Replace(string(l.bytes), l.document.ID, "agr-cccccccccccccccccccccccccc", 1)
		got := l.expect(Usage, "agreement", "amend", "AG-7", l.file("other.yaml", "# a draft\n"+other), "--yes")
		if !strings.Contains(got.stderr, "/id") {
			t.Errorf("the place is not named:\n%s", got.stderr)
		}
	})
}

// An agency that was invited reads the whole text, says as which party it would
// join, and signs that; the others countersign exactly what it signed.
func TestAnAgencyJoins(t *testing.T) {
	l := newLiving(t, nil)
	parties := func(names ...act.AgencyName) func(*agreement.Document) {
		return func(d *agreement.Document) {
			for i, name := range names {
				d.Parties[i].Agency, d.Commitments[i].Party = name, name
				d.Parties[i].OfficerSign, d.Parties[i].DeskSign = act.ThumbprintOf(publicFrom("officer "+string(name))), act.ThumbprintOf(publicFrom("desk "+string(name)))
			}
		}
	}
	accede := []string{"agreement", "accede", "AG-7", "--mandate", "Act 7, article 2", "--signatory-office", "Head of the Office", "--authority", "Decree 12",
		"--authority-until", "2029-01-01", "--yes", "--compared-fingerprints"}
	own := ownAgency(l.public)
	own.Kind, own.Jurisdiction = "police", "ID"
	l.desk.says("GET /api/v1/agency", own)
	var accession *act.Act

	t.Run("as the party that was shown", func(t *testing.T) {
		l.t = t
		l.show(parties("agencyb", "agencyc"), func(one *deskapi.Agreement) { one.State = "invited" })
		got := l.expect(OK, accede...)
		accession = l.last()
		payload := accession.Payload.(*act.AgreementAccede)
		party, err := agreement.ParseParty([]byte(payload.Party))
		if err != nil || party.Agency != "agencya" || party.Mandate != "Act 7, article 2" || string(party.OfficerSign) != own.OfficerSign[0].Thumbprint ||
			party.Authority.Until.String() != "2029-01-01T00:00:00Z" || party.Undertaking != nil {
			t.Fatalf("the party is %+v, %v", party, err)
		}
		if want := `{"give":["bulletin"],"party":"agencya","receive":["bulletin"]}`; payload.Commitment != want {
			t.Errorf("it undertakes %s, want %s", payload.Commitment, want)
		}
		for _, want := range []string{"Your agency would join as", "It undertakes", "agencya gives: bulletin. It receives: bulletin.", "Act 7, article 2", "every party has countersigned", own.OfficerSign[0].Words} {
			if !strings.Contains(strings.Join(strings.Fields(got.stderr), " "), want) {
				t.Errorf("%q was not said:\n%s", want, got.stderr)
			}
		}
	})

	t.Run("not as a party that is refused", func(t *testing.T) {
		l.t = t
		platform := own
		platform.Kind = "platform"
		l.desk.says("GET /api/v1/agency", platform)
		defer l.desk.says("GET /api/v1/agency", own)
		got := l.expect(Usage, accede...)
		if !strings.Contains(got.stderr, "undertaking_missing") {
			t.Errorf("stderr: %s", got.stderr)
		}
		l.expect(OK, append(accede, "--admitted-by", "agencyb")...)
		party, err := agreement.ParseParty([]byte(l.last().Payload.(*act.AgreementAccede).Party))
		if err != nil || !party.Undertaking.ComplyWithRestrictions || party.Undertaking.AdmittedBy != "agencyb" {
			t.Errorf("the undertaking is %+v, %v", party.Undertaking, err)
		}
	})

	t.Run("with what it says that it gives", func(t *testing.T) {
		l.t = t
		said := func(flags ...string) string {
			l.expect(OK, append(slices.Clone(accede), flags...)...)
			return l.last().Payload.(*act.AgreementAccede).Commitment
		}
		if got, want := said("--role", "observer"), `{"give":[],"party":"agencya","receive":["bulletin"]}`; got != want {
			t.Errorf("an observer undertakes %s, want %s", got, want)
		}
		if got, want := said("--gives", "nothing", "--works-in", "en", "--assistance", "Training."), `{"assistance":"Training.","give":[],"languages":["en"],"party":"agencya","receive":["bulletin"]}`; got != want {
			t.Errorf("it undertakes %s, want %s", got, want)
		}
		if got := l.expect(Usage, append(slices.Clone(accede), "--role", "recipient", "--gives", "bulletin")...); !strings.Contains(got.stderr, "role_forbids") {
			t.Errorf("stderr: %s", got.stderr)
		}
		if got := l.expect(Usage, append(slices.Clone(accede), "--receives", "curriculum")...); !strings.Contains(got.stderr, "/receive/0") {
			t.Errorf("stderr: %s", got.stderr)
		}
	})

	t.Run("after it was asked what it gives", func(t *testing.T) {
		l.t = t
		l.show(func(d *agreement.Document) {
			parties("agencyb", "agencyc")(d)
			d.Reciprocity = "required"
		}, func(one *deskapi.Agreement) { one.State = "invited" })
		l.interactive, l.stdin = true, "\nnothing\nyes\nyes\n"
		defer func() { l.interactive = false }()
		got := l.expect(OK, slices.DeleteFunc(slices.Clone(accede), func(flag string) bool { return flag == "--yes" || flag == "--compared-fingerprints" })...)
		if want, said := `{"give":["bulletin"],"party":"agencya","receive":[]}`, l.last().Payload.(*act.AgreementAccede).Commitment; said != want {
			t.Errorf("it undertakes %s, want %s", said, want)
		}
		for _, want := range []string{"Enter for bulletin", "agencya gives: bulletin. It receives nothing.", "(/reciprocity)"} {
			if !strings.Contains(got.stderr, want) {
				t.Errorf("%q was not said:\n%s", want, got.stderr)
			}
		}
	})

	t.Run("not where nobody may join", func(t *testing.T) {
		l.t = t
		closed := func(d *agreement.Document) {
			parties("agencyb", "agencyc")(d)
			d.Accession, d.AccessionRule = "closed", nil
		}
		l.show(closed, nil)
		if got := l.expect(Refused, accede...); !strings.Contains(got.stderr, "/accession") {
			t.Errorf("stderr: %s", got.stderr)
		}
	})

	t.Run("when the others countersign what it signed", func(t *testing.T) {
		l.t = t
		// The same accession, as a party sees it: here the parties are agencyb and
		// agencyc, and what is countersigned is agencya's, by its own officer's key.
		shown := func(signed string) func(*deskapi.Agreement) {
			return func(one *deskapi.Agreement) {
				one.Accessions = []deskapi.Accession{{Act: string(accession.ID), Agency: "agencya", Signed: signed, Countersigned: []string{"agencyc"}}}
				one.Standings = []deskapi.PartyStanding{{Agency: "agencyb", Signed: sampleTime}, {Agency: "agencyc", Signed: sampleTime}}
			}
		}
		l.show(parties("agencyb", "agencyc"), shown(accession.Raw))
		countersign := []string{"agreement", "countersign", "AG-7", "--agency", "agencya", "--yes", "--compared-fingerprints"}
		got := l.expect(OK, countersign...)
		if payload := l.last().Payload.(*act.AgreementCountersign); payload.Accession != accession.ID {
			t.Errorf("countersigned %s", payload.Accession)
		}
		for _, want := range []string{"This party would join", "Act 7, article 2", own.OfficerSign[0].Words} {
			if !strings.Contains(got.stderr, want) {
				t.Errorf("%q was not said:\n%s", want, got.stderr)
			}
		}
		other := l.relayed()
		l.show(parties("agencyb", "agencyc"), shown(other[len(other)-1].Raw))
		before := l.desk.changes()
		l.expect(Failed, countersign...)
		if l.desk.changes() != before {
			t.Error("an accession was countersigned that nobody signed")
		}
	})
}

// Who has not signed an amendment acts on the text that binds it, and not on the one
// that others are on; a revision that is named is the one that is meant.
func TestAStepIsAboutTheRevisionThatBindsTheSigner(t *testing.T) {
	l := newLiving(t, nil)
	revisions := []deskapi.AgreementRevision{{Revision: 1, Digest: l.digest, State: "in-force", Bound: []string{"agencya"}}}
	first := l.digest
	both := func(one *deskapi.Agreement) {
		one.Revisions = append(slices.Clone(revisions), deskapi.AgreementRevision{Revision: 2, Digest: l.digest, State: "in-force", Bound: []string{"agencyb"}})
	}
	l.show(nil, func(one *deskapi.Agreement) {
		both(one)
		one.Standings[0].Suspends = []deskapi.Suspension{{By: "agencya", From: sampleTime, Bites: true}}
	})
	l.show(func(d *agreement.Document) { d.Revision, d.Supersedes = 2, first }, func(one *deskapi.Agreement) {
		both(one)
		one.Signed, one.Pending = []string{"agencyb"}, []string{"agencya"}
		one.Standings[0].Signed = time.Time{}
	})
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"suspend", "AG-7"}, first},
		{[]string{"resume", "AG-7"}, first},
		{[]string{"withdraw", "AG-7"}, first},
		{[]string{"review", "AG-7", "--outcome", "continue"}, first},
		{[]string{"sign", "AG-7", "--compared-fingerprints"}, l.digest},
		{[]string{"suspend", "AG-7@2"}, l.digest},
		{[]string{"sign", "AG-7@1", "--compared-fingerprints"}, first},
		{[]string{"suspend", "agreement/" + l.document.ID + "@" + first}, first},
	} {
		l.expect(OK, append([]string{"agreement"}, append(row.args, "--yes")...)...)
		if step, _ := act.StepOf(l.last().Payload); step.Agreement.Digest != row.want {
			t.Errorf("%v is about %s, want %s", row.args, step.Agreement.Digest, row.want)
		}
	}
	l.expect(NotFound, "agreement", "show", "AG-7@3")
}

// All that can be said of where an agreement stands, as a person reads it.
func TestWhereAnAgreementStandsIsReadable(t *testing.T) {
	day := func(n int) time.Time { return sampleTime.AddDate(0, 0, n) }
	one := deskapi.Agreement{
		AgreementSummary: deskapi.AgreementSummary{
			State: "suspended", Since: day(1), SinceBy: "agencya", SinceAct: prevID, Clause: "/suspension", NextState: "review-overdue", NextChange: day(11),
			NextClause: "/review/onOverdue", Signed: []string{"agencya", "agencyb", "agencyc"}, Pending: []string{},
		},
		ProposedBy: "agencyb", Invited: []string{"agencye"},
		Standings: []deskapi.PartyStanding{
			{Agency: "agencya", Role: "both", Signed: day(0), Suspends: []deskapi.Suspension{{By: "agencya", From: day(1), Until: day(11), Bites: true}}, Revision: 1},
			{Agency: "agencyb", Role: "recipient", Signed: day(0), AuthorityUntil: day(2), AuthorityLapsed: true, Revision: 2,
				Suspensions: []deskapi.Suspension{{By: "agencya", From: day(5)}}},
			{Agency: "agencyc", Role: "both", Signed: day(0), WithdrawnFrom: day(30), Joined: 41},
			{Agency: "agencyd", Role: "observer", Declined: day(1), Voided: day(1)},
		},
		Accessions: []deskapi.Accession{{Agency: "agencye", Time: day(3), Countersigned: []string{"agencya"}}, {Agency: "agencyc", Accepted: true}},
		Review:     &deskapi.Review{Due: day(10), Overdue: true, Last: day(0), OnOverdue: "freeze-new"},
		Breaches:   []deskapi.BreachNotice{{Act: releaseID, By: "agencyb", Time: day(4), Class: "loss-of-copy", Discovered: day(3)}},
		Revisions: []deskapi.AgreementRevision{
			{Revision: 1, Digest: "sha256:1", State: "in-force", Bound: []string{"agencya"}, Signed: []string{"agencya", "agencyb"}},
			{Revision: 2, Digest: "sha256:2", State: "suspended", Bound: []string{"agencyb"}, Signed: []string{"agencyb"}, Pending: []string{"agencya"}},
		},
	}
	for _, lang := range []string{"en", "fr", "id"} {
		a := &app{env: Env{Getenv: func(string) string { return "" }, Now: time.Now}, lang: lang}
		golden(t, "standing."+lang+".txt", cleanText(a.standingText(one)))
	}
}

// Whoever may read of duties sees with the agreement what the own agency still owes
// under it, and nothing of others.
func TestAnAgreementIsShownWithWhatIsOwed(t *testing.T) {
	w := newWorld(t).loggedIn()
	w.withAgreement()
	if got := w.expect(OK, "agreement", "show", "AG-1"); strings.Contains(got.stdout, "What your agency owes") {
		t.Errorf("owed without duties:\n%s", got.stdout)
	}
	w.desk.says("GET /api/v1/duties?", []deskapi.Duty{
		{Item: itemID, Agreement: "agr-gpvg7sfgeubi74aurbqtv373me", State: "overdue", Due: sampleTime, Message: "Say what it was used for."},
		{Item: itemID, Agreement: "agr-other", State: "open", Due: sampleTime, Message: "Of another agreement."},
	})
	got := w.expect(OK, "agreement", "show", "AG-1").stdout
	for _, want := range []string{"What your agency owes", "Say what it was used for.", "overdue", "2026-11-21T12:00:00Z"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not shown:\n%s", want, got)
		}
	}
	if strings.Contains(got, "Of another agreement.") {
		t.Error("a duty of another agreement is shown")
	}
}

// A notice of a breach is the desk's to sign: it needs no signatory.
func TestABreachIsTold(t *testing.T) {
	l := newLiving(t, nil)
	l.desk.says("POST /api/v1/agreements/"+l.document.ID+"/breaches", deskapi.Appended{Act: releaseID, Index: 9, Time: sampleTime})
	got := l.expect(OK, "agreement", "breach", "AG-7", "--class", "loss-of-copy", "--discovered", "2026-11-20T09:00:00Z", "--yes", "-o", "name")
	if got.stdout != "act/"+releaseID+"\n" || !strings.Contains(strings.Join(strings.Fields(got.stderr), " "), "within 24 hours of the discovery") {
		t.Errorf("stdout %q, stderr %s", got.stdout, got.stderr)
	}
	bodies := l.desk.sent("POST /api/v1/agreements/" + l.document.ID + "/breaches")
	if len(bodies) != 1 || !strings.Contains(string(bodies[0]), `"class":"loss-of-copy"`) || !strings.Contains(string(bodies[0]), `"discovered":"2026-11-20T09:00:00Z"`) {
		t.Errorf("sent %s", bodies)
	}
	if n := len(l.desk.sent("POST /api/v1/acts")); n != 0 {
		t.Errorf("%d acts were signed by an officer", n)
	}
}

// One sentence says why an agency may or may not; a no is an answer and no failure.
func TestWhyIsOneSentence(t *testing.T) {
	w := newWorld(t).loggedIn()
	w.withAgreement()
	id := "agr-gpvg7sfgeubi74aurbqtv373me"
	said := "agencyb can neither read nor release under AG-1, because agencya has suspended it since 2026-11-21T12:00:00Z (/suspension)."
	w.desk.says("GET /api/v1/agreements/"+id+"/why?agency=agencyb", deskapi.AgreementWhy{Agreement: id, Agency: "agencyb", Clause: "/suspension", Message: said})
	if got := w.expect(OK, "agreement", "why", "AG-1", "--agency", "agencyb"); got.stdout != said+"\n" {
		t.Errorf("stdout is %q", got.stdout)
	}
	if got := w.expect(OK, "agreement", "why", "AG-1", "--agency", "agencyb", "-o", "json"); !strings.Contains(got.stdout, `"clause": "/suspension"`) {
		t.Errorf("stdout is %s", got.stdout)
	}
	w.expect(Usage, "agreement", "why", "AG-1", "--agency", "B b")
}
