package agreement_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/policy"
)

// sight is what a person sees in the status.
type sight struct {
	State, Why, Next, NextChange string
	Ready, InForce               string // status and reason
	Stalled                      bool
}

func seen(a *v1alpha1.SharingAgreement) sight {
	s := sight{State: string(a.Status.State), Why: a.Status.Why, Next: string(a.Status.NextState), NextChange: a.Status.NextChange}
	say := func(kind string) string {
		if c := meta.FindStatusCondition(a.Status.Conditions, kind); c != nil {
			return string(c.Status) + " " + c.Reason
		}
		return ""
	}
	s.Ready, s.InForce = say("Ready"), say("InForce")
	s.Stalled = meta.IsStatusConditionTrue(a.Status.Conditions, v1alpha1.ConditionStalled)
	return s
}

// shows waits until the status says that, and of the last parties these sentences,
// which answer why one cannot read. An act at the hub shows within two seconds.
func shows(t *testing.T, name string, want sight, parties ...string) *v1alpha1.SharingAgreement {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		a := &v1alpha1.SharingAgreement{}
		if err := kube.Get(t.Context(), client.ObjectKey{Name: name}, a); err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, p := range a.Status.PartyStates {
			said = append(said, fmt.Sprintf("%s %s %v %v: %s", p.Agency, p.State, p.Reads, p.Releases, p.Why))
		}
		said = said[max(0, len(said)-len(parties)):]
		if seen(a) == want && slices.Equal(said, parties) {
			return a
		}
		if time.Now().After(deadline) {
			t.Fatalf("after two seconds %s does not show what it should:\n%s%s", name, cmp.Diff(want, seen(a)), cmp.Diff(parties, said))
		}
	}
}

var (
	yes = agreement.Answer{Allow: true, Reason: policy.Allowed}
	day = 24 * time.Hour
)

func no(reason string) agreement.Answer { return agreement.Answer{Reason: reason} }

// all is a party for which everything has the same answer.
func all(name string, answer agreement.Answer) agreement.Part {
	return agreement.Part{Agency: name, Signed: true, Release: answer, Receive: answer, Read: answer}
}

// unsigned is a party that has not signed.
func unsigned(name string) agreement.Part {
	p := all(name, no(policy.AgreementNotSigned))
	p.Signed = false
	return p
}

var (
	ends = time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	due  = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
)

// Each state that the ledger has, with why it is so, what time alone will make of
// it, whose turn it is, and for each party whether it can read and why not.
func TestEachStateIsShownWithItsReasonItsNextChangeAndEachParty(t *testing.T) {
	raw, digest := document(t, 'a', "agencya", "agencyb", "agencyc")
	apply(t, "steps", raw, "agencya")
	a := within(t, soon, "steps", "Ready", metav1.ConditionFalse, v1alpha1.ReasonAwaitingProposer)
	want := sight{State: "Requested", Why: "agencya has not proposed it yet.", Ready: "False AwaitingProposer", InForce: "False AwaitingProposer"}
	if diff := cmp.Diff(want, seen(a)); diff != "" {
		t.Error(diff)
	}
	if ready := meta.FindStatusCondition(a.Status.Conditions, "Ready"); !strings.Contains(ready.Message, "concordat agreement propose --object steps") {
		t.Errorf("Ready says %q", ready.Message)
	}
	if a.Status.Digest != digest || a.Status.Reference != "AG-TEST" || a.Status.Revision != 1 || a.Status.ObservedGeneration != a.Generation ||
		a.Status.Signed != "0 of 3" || a.Status.WaitingFor != "agencya" {
		t.Errorf("status is %+v", a.Status)
	}

	began := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	base := agreement.Revision{
		Digest: digest, Number: 1, Index: 7, Since: began, SinceIndex: 9, NextState: "expired", NextChange: ends, Governs: true,
		Parties: []string{"agencya", "agencyb", "agencyc"}, Signed: []string{"agencya", "agencyb", "agencyc"},
		Parts: []agreement.Part{all("agencya", yes), all("agencyb", yes), all("agencyc", yes)},
	}
	everybody := func(answer agreement.Answer) []agreement.Part {
		return []agreement.Part{all("agencya", answer), all("agencyb", answer), all("agencyc", answer)}
	}
	const free = "May release, receive and read, as the terms of each item let it."
	for _, c := range []struct {
		name    string
		change  func(*agreement.Revision)
		want    sight
		parties []string // of agencyb and agencyc
	}{
		{"proposed", func(r *agreement.Revision) {
			r.State, r.Signed, r.Pending = "proposed", []string{"agencya"}, []string{"agencyc", "agencyb"}
			r.Parts = []agreement.Part{all("agencya", no(policy.AgreementNotSigned)), unsigned("agencyb"), unsigned("agencyc")}
		}, sight{"Proposed", "Waits for agencyb, agencyc to sign.", "Expired", "2028-01-01T00:00:00Z", "False NotSigned", "False NotSigned", false}, []string{
			"agencyb NotSigned false false: Cannot read: it has not signed; one of its signatories runs `concordat agreement sign AG-TEST`.",
			"agencyc NotSigned false false: Cannot read: it has not signed; one of its signatories runs `concordat agreement sign AG-TEST`.",
		}},
		{"declined", func(r *agreement.Revision) {
			r.State, r.Signed, r.NextState, r.NextChange = "declined", []string{"agencya"}, "", time.Time{}
			r.Parts = []agreement.Part{all("agencya", no(policy.AgreementNotSigned)), unsigned("agencyb"), unsigned("agencyc")}
			r.Parts[2].Declined = true
		}, sight{"Declined", "agencyc declined to sign.", "", "", "False Declined", "False Declined", true}, []string{
			"agencyb NotSigned false false: Cannot read: this revision never came into force; a party can propose another.",
			"agencyc Declined false false: Cannot read: this revision never came into force; a party can propose another.",
		}},
		{"retracted", func(r *agreement.Revision) {
			r.State, r.By, r.NextState, r.NextChange, r.Parts = "retracted", []string{"agencya"}, "", time.Time{}, nil
		}, sight{"Retracted", "agencya took the proposal back.", "", "", "False Retracted", "False Retracted", true}, nil},
		{"countered", func(r *agreement.Revision) {
			r.State, r.By, r.NextState, r.NextChange, r.Parts, r.SupersededBy = "countered", []string{"agencyb"}, "", time.Time{}, nil, "sha256:other"
		}, sight{"Countered", "agencyb proposed another revision.", "", "", "False Countered", "False Countered", true}, nil},
		{"lapsed", func(r *agreement.Revision) {
			r.State, r.NextState, r.NextChange, r.Parts = "lapsed", "", time.Time{}, nil
		}, sight{"Lapsed", "It was not signed in time.", "", "", "False Lapsed", "False Lapsed", true}, nil},
		{"signed before its term", func(r *agreement.Revision) {
			r.State, r.NextState, r.Parts = "waiting", "in-force", everybody(no(policy.AgreementNotYet))
		}, sight{"Signed", "Signed; its term has not begun.", "InForce", "2028-01-01T00:00:00Z", "False NotBegun", "False NotBegun", false}, nil},
		{"in force", func(r *agreement.Revision) { r.State = "in-force" },
			sight{"InForce", "Signed, and nothing stops it.", "Expired", "2028-01-01T00:00:00Z", "True InForce", "True InForce", false}, []string{
				"agencyb Bound true true: " + free, "agencyc Bound true true: " + free,
			}},
		{"one party's part is suspended", func(r *agreement.Revision) {
			r.State = "in-force"
			r.Parts[1] = all("agencyb", no(policy.PartySuspended))
			r.Parts[1].SuspendedBy = []string{"agencya"}
			r.Parts[2] = agreement.Part{Agency: "agencyc", Signed: true, Release: yes, Receive: yes, Read: yes, Leaves: due}
		}, sight{"InForce", "Signed, but agencyb cannot read.", "Expired", "2028-01-01T00:00:00Z", "True InForce", "True InForce", false}, []string{
			"agencyb Suspended false false: Cannot read: its part was suspended by agencya, who alone can end that with `concordat agreement resume AG-TEST --party agencyb`.",
			"agencyc Leaving true true: May release, receive and read until its withdrawal takes effect at 2027-03-01T12:00:00Z.",
		}},
		{"one has left, one has no authority", func(r *agreement.Revision) {
			r.State = "in-force"
			r.Parts[1] = all("agencyb", no(policy.AgreementWithdrawn))
			r.Parts[1].Withdrawn, r.Parts[1].Leaves = true, began
			r.Parts[2].AuthorityLapsed, r.Parts[2].Release = true, no(policy.AuthorityLapsed)
		}, sight{"InForce", "Signed, but agencyb cannot read.", "Expired", "2028-01-01T00:00:00Z", "True InForce", "True InForce", false}, []string{
			"agencyb Withdrawn false false: Cannot read: it withdrew with effect from 2026-11-01T00:00:00Z; it can sign a new revision.",
			"agencyc AuthorityLapsed true false: May receive and read, but not release: nobody may sign for it now, because the authority of its office " +
				"has ended or it has no officer key in force; a new revision names another office, or the agency adds a key.",
		}},
		{"the registrar stopped one, one only observes", func(r *agreement.Revision) {
			r.State = "in-force"
			r.Parts[1] = all("agencyb", no(policy.AgencySuspended))
			r.Parts[2].Release, r.Parts[2].Read = no(policy.RoleForbids), no(policy.RoleForbids)
		}, sight{"InForce", "Signed, but agencyb cannot read.", "Expired", "2028-01-01T00:00:00Z", "True InForce", "True InForce", false}, []string{
			"agencyb AgencySuspended false false: Cannot read: the registrar has suspended the agency, and resumes it with spec.suspended: false in `kubectl edit agency agencyb`.",
			"agencyc Bound false false: Sees covers only; its role is to observe, so it opens and releases nothing.",
		}},
		{"notice was given", func(r *agreement.Revision) { r.State, r.NextState, r.NextChange = "in-force", "terminated", due },
			sight{"InForce", "Notice of termination was given.", "Terminated", "2027-03-01T12:00:00Z", "True InForce", "True InForce", false}, nil},
		{"an amendment is proposed", func(r *agreement.Revision) {
			r.State, r.SupersededBy, r.NewerState = "in-force", "sha256:newer", "proposed"
		},
			sight{"InForce", "Signed; revision 2 is proposed.", "Expired", "2028-01-01T00:00:00Z", "True InForce", "True InForce", false}, nil},
		{"an amendment binds some", func(r *agreement.Revision) {
			r.State, r.SupersededBy, r.NewerState = "in-force", "sha256:newer", "in-force"
			r.Parts[1].Release, r.Parts[1].Receive = no(policy.AgreementAmended), no(policy.AgreementAmended)
		}, sight{"InForce", "Signed; revision 2 binds only its signatories.", "Expired", "2028-01-01T00:00:00Z", "True InForce", "True InForce", false}, []string{
			"agencyb Bound true false: May read what was released before; what is new goes under revision 2.", "agencyc Bound true true: " + free,
		}},
		{"an amendment binds all", func(r *agreement.Revision) {
			r.State, r.SupersededBy, r.NewerState, r.Governs = "in-force", "sha256:newer", "in-force", false
		}, sight{"InForce", "Revision 2 replaced it for its signatories.", "Expired", "2028-01-01T00:00:00Z", "True InForce", "True InForce", false}, nil},
		{"a review is overdue and only reminded of", func(r *agreement.Revision) { r.State, r.ReviewDue, r.ReviewOverdue = "in-force", due, true },
			sight{"InForce", "The review was due 2027-03-01; nothing is stopped for it.", "Expired", "2028-01-01T00:00:00Z", "True InForce", "True InForce", false}, nil},
		{"a review is overdue", func(r *agreement.Revision) {
			r.State, r.ReviewDue, r.ReviewOverdue = "review-overdue", due, true
			for i := range r.Parts {
				r.Parts[i].Release, r.Parts[i].Receive = no(policy.ReviewOverdue), no(policy.ReviewOverdue)
			}
		}, sight{"ReviewOverdue", "The review was due 2027-03-01; nothing new.", "Expired", "2028-01-01T00:00:00Z", "False ReviewOverdue", "False ReviewOverdue", false}, []string{
			"agencyb Bound true false: May read what was released before; nothing new until a signatory of any party signs the review of AG-TEST that was due at 2027-03-01T12:00:00Z.",
			"agencyc Bound true false: May read what was released before; nothing new until a signatory of any party signs the review of AG-TEST that was due at 2027-03-01T12:00:00Z.",
		}},
		{"a review is overdue and stops all", func(r *agreement.Revision) {
			r.State, r.ReviewDue, r.ReviewOverdue, r.Parts = "suspended", due, true, everybody(no(policy.ReviewOverdue))
		}, sight{"Suspended", "The review was due 2027-03-01; all is stopped.", "Expired", "2028-01-01T00:00:00Z", "False ReviewOverdue", "False ReviewOverdue", false}, nil},
		{"suspended", func(r *agreement.Revision) {
			r.State, r.By, r.Parts = "suspended", []string{"agencyb"}, everybody(no(policy.AgreementSuspended))
		}, sight{"Suspended", "Suspended by agencyb.", "Expired", "2028-01-01T00:00:00Z", "False Suspended", "False Suspended", false}, []string{
			"agencyb Bound false false: Cannot read: the agreement was suspended by agencyb, who alone can end that with `concordat agreement resume AG-TEST`.",
			"agencyc Bound false false: Cannot read: the agreement was suspended by agencyb, who alone can end that with `concordat agreement resume AG-TEST`.",
		}},
		{"suspended, and reading goes on", func(r *agreement.Revision) {
			r.State, r.By = "suspended", []string{"agencyb"}
			for i := range r.Parts {
				r.Parts[i].Release, r.Parts[i].Receive = no(policy.AgreementSuspended), no(policy.AgreementSuspended)
			}
		}, sight{"Suspended", "Suspended by agencyb.", "Expired", "2028-01-01T00:00:00Z", "False Suspended", "False Suspended", false}, []string{
			"agencyb Bound true false: May read what was released before; nothing new until agencyb ends the suspension with `concordat agreement resume AG-TEST`.",
			"agencyc Bound true false: May read what was released before; nothing new until agencyb ends the suspension with `concordat agreement resume AG-TEST`.",
		}},
		{"terminated", func(r *agreement.Revision) {
			r.State, r.NextState, r.NextChange, r.Parts = "terminated", "", time.Time{}, everybody(no(policy.AgreementTerminated))
		}, sight{"Terminated", "Notice of termination took effect.", "", "", "True Ended", "False Terminated", false}, []string{
			"agencyb Bound false false: Cannot read: the agreement ended at 2026-11-01T00:00:00Z; a new one has to be signed.",
			"agencyc Bound false false: Cannot read: the agreement ended at 2026-11-01T00:00:00Z; a new one has to be signed.",
		}},
		{"nobody is left", func(r *agreement.Revision) {
			r.State, r.Clause, r.NextState, r.NextChange, r.Parts = "terminated", "/parties", "", time.Time{}, everybody(no(policy.AgreementTerminated))
		}, sight{"Terminated", "Fewer than two parties are left.", "", "", "True Ended", "False Terminated", false}, nil},
		{"expired", func(r *agreement.Revision) {
			r.State, r.NextState, r.NextChange, r.Parts = "expired", "", time.Time{}, everybody(no(policy.AgreementExpired))
		}, sight{"Expired", "Its term is over.", "", "", "True Ended", "False Expired", false}, nil},
	} {
		revision := base
		revision.Parts = slices.Clone(base.Parts)
		c.change(&revision)
		ledger.record(revision)
		a := shows(t, "steps", c.want, c.parties...)
		if *a.Status.EntryIndex != 9 || !a.Status.Since.Equal(&metav1.Time{Time: began}) {
			t.Errorf("%s: it has been so since %v, entry %d", c.name, a.Status.Since, *a.Status.EntryIndex)
		}
		bound := slices.Contains([]v1alpha1.AgreementState{v1alpha1.StateInForce, v1alpha1.StateReviewOverdue, v1alpha1.StateSuspended}, a.Status.State)
		err := kube.Delete(t.Context(), a, client.DryRunAll)
		if bound != (err != nil) || bound && !strings.Contains(err.Error(), "is in force") {
			t.Errorf("%s: deleting it: %v", c.name, err)
		}
		// Sentences in a table are short, and each condition says what is next.
		if len(a.Status.Why) > 60 {
			t.Errorf("%s: %q is too wide for a column", c.name, a.Status.Why)
		}
	}
	if err := kube.Delete(t.Context(), a); err != nil {
		t.Errorf("an agreement that has ended: %v", err)
	}
}

// What a party had opened it keeps where the document says so, and that is said.
func TestWhatIsRetainedAfterTheEndIsSaid(t *testing.T) {
	d := agreementtest.DocumentV2("agencya", "agencyb")
	d.ID = "agr-" + strings.Repeat("k", 26)
	d.Termination.Effect = "retain-under-terms"
	raw, digest, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	apply(t, "retained", string(raw), "agencya")
	within(t, soon, "retained", "Ready", metav1.ConditionFalse, v1alpha1.ReasonAwaitingProposer)
	ledger.record(agreement.Revision{
		Digest: digest, Number: 1, Index: 3, State: "expired", Since: ends, Signed: []string{"agencya", "agencyb"},
		Parts: []agreement.Part{all("agencya", no(policy.AgreementExpired)), all("agencyb", no(policy.AgreementExpired))},
	})
	const kept = "The agreement ended at 2028-01-01T00:00:00Z: the party can open only what it had opened before, and the terms still bind."
	shows(t, "retained", sight{State: "Expired", Why: "Its term is over.", Ready: "True Ended", InForce: "False Expired"},
		"agencya Bound false false: "+kept, "agencyb Bound false false: "+kept)
}

// A state that time alone changes is shown when its moment comes, whether or not
// the hub tells of it by itself.
func TestTimeAloneChangesTheStateWithoutAnAct(t *testing.T) {
	raw, digest := document(t, 'l', "agencya", "agencyb")
	apply(t, "timely", raw, "agencya")
	within(t, soon, "timely", "Ready", metav1.ConditionFalse, v1alpha1.ReasonAwaitingProposer)
	moment := time.Now().Add(time.Second).Truncate(time.Second).Add(time.Second)
	before := agreement.Revision{
		Digest: digest, Number: 1, Index: 5, State: "waiting", NextState: "in-force", NextChange: moment, Signed: []string{"agencya", "agencyb"},
	}
	ledger.record(before)
	within(t, 2*time.Second, "timely", "InForce", metav1.ConditionFalse, v1alpha1.ReasonNotBegun)
	after := before
	after.State, after.NextState, after.NextChange = "in-force", "expired", ends
	ledger.slip(after)
	within(t, time.Until(moment)+2*time.Second, "timely", "InForce", metav1.ConditionTrue, v1alpha1.ReasonInForce)
}

// The same observation is not written twice, whatever wakes the controller; and
// where nothing changes, nothing is asked.
func TestInSteadyStateNothingIsWrittenAndHardlyAnythingAsked(t *testing.T) {
	raw, digest := document(t, 'm', "agencya", "agencyb")
	apply(t, "steady", raw, "agencya")
	within(t, soon, "steady", "Ready", metav1.ConditionFalse, v1alpha1.ReasonAwaitingProposer)
	revision := agreement.Revision{
		Digest: digest, Number: 1, Index: 5, State: "in-force", NextState: "expired", NextChange: ends, ReviewDue: due, Since: ends.Add(-400 * day),
		Signed: []string{"agencyb", "agencya"}, Parts: []agreement.Part{all("agencyb", yes), all("agencya", yes)},
	}
	ledger.record(revision)
	within(t, 2*time.Second, "steady", "Ready", metav1.ConditionTrue, v1alpha1.ReasonInForce)
	written, asked := writes.about("steady"), ledger.questions()

	// The object is touched, and then another one changes: by the time that the
	// second is seen, the first has been looked at again.
	touched := &v1alpha1.SharingAgreement{ObjectMeta: metav1.ObjectMeta{Name: "steady"}}
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"touched":"yes"}}}`))
	if err := kube.Patch(t.Context(), touched, patch); err != nil {
		t.Fatal(err)
	}
	ledger.record(revision) // again, and the hub tells of it as if it were new
	other, _ := document(t, 'n', "agencya", "agencyb")
	apply(t, "beside-steady", other, "agencya")
	within(t, soon, "beside-steady", "Ready", metav1.ConditionFalse, v1alpha1.ReasonAwaitingProposer)
	if n := writes.about("steady") - written; n != 0 {
		t.Errorf("status was written %d times again", n)
	}
	if n := ledger.questions() - asked; n > 3 {
		t.Errorf("the hub was asked %d times where one thing was told", n)
	}
}

// Status is made anew from document and ledger: deleting it loses nothing.
func TestADeletedStatusIsMadeAnew(t *testing.T) {
	raw, digest := document(t, 'o', "agencya", "agencyb")
	apply(t, "wiped", raw, "agencya")
	within(t, soon, "wiped", "Ready", metav1.ConditionFalse, v1alpha1.ReasonAwaitingProposer)
	ledger.record(agreement.Revision{
		Digest: digest, Number: 1, Index: 5, State: "suspended", By: []string{"agencyb"}, NextState: "expired", NextChange: ends,
		Signed: []string{"agencya", "agencyb"}, Parts: []agreement.Part{all("agencya", no(policy.AgreementSuspended)), all("agencyb", no(policy.AgreementSuspended))},
	})
	full := within(t, 2*time.Second, "wiped", "Ready", metav1.ConditionFalse, v1alpha1.ReasonSuspended)
	empty := full.DeepCopy()
	empty.Status = v1alpha1.SharingAgreementStatus{}
	if err := kube.Status().Update(t.Context(), empty); err != nil {
		t.Fatal(err)
	}
	again := shows(t, "wiped", seen(full))
	for _, a := range []*v1alpha1.SharingAgreement{full, again} {
		for i := range a.Status.Conditions {
			a.Status.Conditions[i].LastTransitionTime = metav1.Time{}
		}
		slices.SortFunc(a.Status.Conditions, func(a, b metav1.Condition) int { return strings.Compare(a.Type, b.Type) })
	}
	if diff := cmp.Diff(full.Status, again.Status); diff != "" {
		t.Error(diff)
	}
}
