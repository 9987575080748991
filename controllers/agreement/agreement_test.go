package agreement_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/agreement"
	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/test/cluster"
)

var (
	kube   client.Client // an administrator's
	ledger = &hub{known: map[string]bool{"agencya": true, "agencyb": true, "agencyc": true}}
)

// One manager with the operator's own rights serves all tests of the package.
func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	cluster.Main(m, func(c *cluster.Cluster) {
		must(c.Install("config/system", "config/rbac", "config/policies"))
		scheme := runtime.NewScheme()
		must(errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)))
		var err error
		kube, err = client.New(c.Config, client.Options{Scheme: scheme})
		must(err)
		operator, err := c.User("system:serviceaccount:concordat-system:concordat-operator", "system:serviceaccounts")
		must(err)
		manager, err := ctrl.NewManager(operator, ctrl.Options{Scheme: scheme, Metrics: server.Options{BindAddress: "0"}})
		must(err)
		must(agreement.New(agreement.Options{
			Client: manager.GetClient(), Feed: agreement.NewFeed(ledger, time.Second), Parties: ledger,
			Events: manager.GetEventRecorder("concordat-operator"),
		}).SetupWithManager(manager))
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- manager.Start(ctx) }()
		c.Before(func() { stop(); must(<-ended) })
	})
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// hub is the ledger as the operator sees it.
type hub struct {
	mu    sync.Mutex
	list  []agreement.Revision
	known map[string]bool
	away  error
}

func (h *hub) Revisions(context.Context) ([]agreement.Revision, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]agreement.Revision(nil), h.list...), h.away
}

func (h *hub) Keys(_ context.Context, name string) (map[v1alpha1.Purpose]string, bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	agency := act.AgencyName(name)
	return map[v1alpha1.Purpose]string{
		v1alpha1.OfficerSign: string(agreementtest.JWK(agency, act.OfficerSign).Thumbprint()),
		v1alpha1.DeskSign:    string(agreementtest.JWK(agency, act.DeskSign).Thumbprint()),
	}, h.known[name], h.away
}

// record puts a revision into the ledger in place of its older self.
func (h *hub) record(r agreement.Revision) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.list {
		if h.list[i].Digest == r.Digest {
			h.list[i] = r
			return
		}
	}
	h.list = append(h.list, r)
}

func (h *hub) fail(err error)    { h.mu.Lock(); defer h.mu.Unlock(); h.away = err }
func (h *hub) enrol(name string) { h.mu.Lock(); defer h.mu.Unlock(); h.known[name] = true }

// document returns canonical bytes and their digest. The id makes it one of its own.
func document(t *testing.T, id byte, parties ...act.AgencyName) (raw, digest string) {
	t.Helper()
	d := agreementtest.Document(parties...)
	d.ID = "agr-" + strings.Repeat(string(id), 26)
	b, digest, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(b), digest
}

func apply(t *testing.T, name, document, proposer string) {
	t.Helper()
	err := kube.Create(t.Context(), &v1alpha1.SharingAgreement{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       v1alpha1.SharingAgreementSpec{Document: document, ProposedBy: v1alpha1.AgencyName(proposer)},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// within waits until the condition is so and returns the object; a change at the
// hub shows within two seconds.
func within(t *testing.T, limit time.Duration, name, kind string, status metav1.ConditionStatus, reason string) *v1alpha1.SharingAgreement {
	t.Helper()
	object := &v1alpha1.SharingAgreement{}
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		if err := kube.Get(t.Context(), client.ObjectKey{Name: name}, object); err != nil {
			t.Fatal(err)
		}
		c := meta.FindStatusCondition(object.Status.Conditions, kind)
		if c != nil && c.Status == status && c.Reason == reason {
			return object
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s of %s is not %s because of %s within %s: %+v", kind, name, status, reason, limit, object.Status)
		}
	}
}

const soon = 10 * time.Second

func TestARequestBecomesAnAgreementInForceStepByStep(t *testing.T) {
	raw, digest := document(t, 'a', "agencya", "agencyb", "agencyc")
	apply(t, "steps", raw, "agencya")
	a := within(t, soon, "steps", "Ready", metav1.ConditionFalse, v1alpha1.ReasonAwaitingProposer)
	expect(t, a, v1alpha1.StateRequested, "0 of 3", "agencya", "")
	if ready := meta.FindStatusCondition(a.Status.Conditions, "Ready"); !strings.Contains(ready.Message, "concordat agreement propose --object steps") {
		t.Errorf("Ready says %q", ready.Message)
	}
	if a.Status.Digest != digest || a.Status.Reference != "AG-TEST" || a.Status.Revision != 1 || a.Status.ObservedGeneration != a.Generation {
		t.Errorf("status is %+v", a.Status)
	}

	ends := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	revision := agreement.Revision{
		Digest: digest, State: "proposed", Index: 7, NextChange: ends,
		Parties: []string{"agencya", "agencyb", "agencyc"}, Signed: []string{"agencya"}, Pending: []string{"agencyc", "agencyb"},
	}
	ledger.record(revision)
	a = within(t, 2*time.Second, "steps", "Signed", metav1.ConditionFalse, v1alpha1.ReasonAwaitingSignatures)
	expect(t, a, v1alpha1.StateProposed, "1 of 3", "agencyb, agencyc", "ends 2028-01-01T00:00:00Z")

	revision.State, revision.Signed, revision.Pending = "in-force", []string{"agencya", "agencyb", "agencyc"}, nil
	ledger.record(revision)
	a = within(t, 2*time.Second, "steps", "Ready", metav1.ConditionTrue, v1alpha1.ReasonInForce)
	expect(t, a, v1alpha1.StateInForce, "3 of 3", "", "ends 2028-01-01T00:00:00Z")

	// What is in force is ended by its parties, not by kubectl.
	err := kube.Delete(t.Context(), a)
	if err == nil || !strings.Contains(err.Error(), "is in force") {
		t.Errorf("deleting it: %v, want a refusal", err)
	}

	revision.State = "suspended"
	ledger.record(revision)
	within(t, 2*time.Second, "steps", "InForce", metav1.ConditionFalse, v1alpha1.ReasonSuspended)
	revision.State, revision.NextChange = "terminated", time.Time{}
	ledger.record(revision)
	a = within(t, 2*time.Second, "steps", "Ready", metav1.ConditionTrue, v1alpha1.ReasonEnded)
	expect(t, a, v1alpha1.StateTerminated, "3 of 3", "", "")
	if err := kube.Delete(t.Context(), a); err != nil {
		t.Errorf("an agreement that has ended: %v", err)
	}
}

func expect(t *testing.T, a *v1alpha1.SharingAgreement, state v1alpha1.AgreementState, signed, waiting, next string) {
	t.Helper()
	got := [4]string{string(a.Status.State), a.Status.Signed, a.Status.WaitingFor, a.Status.NextChange}
	if want := [4]string{string(state), signed, waiting, next}; got != want {
		t.Errorf("kubectl shows %q, want %q", got, want)
	}
}

func TestADocumentThatNobodyShouldSignIsStalled(t *testing.T) {
	good, _ := document(t, 'b', "agencya", "agencyb")
	for name, c := range map[string]struct{ document, proposer, reason, words string }{
		"not-canonical":          {strings.Replace(good, `{"`, `{ "`, 1), "agencya", v1alpha1.ReasonDocumentInvalid, "document_not_canonical"},
		"unknown-member":         {strings.Replace(good, `{"`, `{"AAA":1,"`, 1), "agencya", v1alpha1.ReasonDocumentInvalid, "document_malformed"},
		"the-same-agency-twice":  {strings.Replace(good, `"agency":"agencyb"`, `"agency":"agencya"`, 1), "agencya", v1alpha1.ReasonDocumentInvalid, "parties"},
		"ends-before-it-starts":  {strings.Replace(good, `"expires":"2028`, `"expires":"2001`, 1), "agencya", v1alpha1.ReasonDocumentInvalid, ""},
		"proposed-by-a-stranger": {good, "agencyc", v1alpha1.ReasonProposerNotParty, "not a party"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.document == good && c.proposer == "agencya" {
				t.Fatal("the document was not changed")
			}
			if name == "ends-before-it-starts" {
				c.document = strings.Replace(c.document, `"entryIntoForce":{"rule"`, `"entryIntoForce":{"notBefore":"2027-01-01T00:00:00Z","rule"`, 1)
			}
			apply(t, "bad-"+name, c.document, c.proposer)
			a := within(t, soon, "bad-"+name, "Valid", metav1.ConditionFalse, c.reason)
			stalled := meta.FindStatusCondition(a.Status.Conditions, v1alpha1.ConditionStalled)
			if stalled == nil || !strings.Contains(stalled.Message, c.words) || a.Status.State != v1alpha1.StateInvalid {
				t.Errorf("status is %+v", a.Status)
			}
		})
	}
}

// What the hub would refuse is said before anybody signs, and is mended by itself
// when the agency enrols.
func TestAPartyThatTheHubDoesNotKnowIsNamed(t *testing.T) {
	raw, _ := document(t, 'd', "agencya", "agencyz")
	apply(t, "unknown-party", raw, "agencya")
	a := within(t, soon, "unknown-party", "Valid", metav1.ConditionFalse, v1alpha1.ReasonUnknownParty)
	if c := meta.FindStatusCondition(a.Status.Conditions, "Ready"); !strings.Contains(c.Message, "agencyz") {
		t.Errorf("Ready says %q", c.Message)
	}
	ledger.enrol("agencyz")
	within(t, soon, "unknown-party", "Valid", metav1.ConditionTrue, v1alpha1.ReasonDocumentAccepted)
}

func TestAKeyThatIsNotThePartysIsNamed(t *testing.T) {
	d := agreementtest.Document("agencya", "agencyb")
	d.ID = "agr-" + strings.Repeat("e", 26)
	d.Parties[1].OfficerSign = agreementtest.JWK("agencyx", act.OfficerSign).Thumbprint()
	raw, _, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	apply(t, "wrong-key", string(raw), "agencya")
	within(t, soon, "wrong-key", "Valid", metav1.ConditionFalse, v1alpha1.ReasonKeyMismatch)
}

// While the hub is away nothing is claimed, and nothing that was seen is lost.
func TestAHubThatIsAwayIsSaid(t *testing.T) {
	raw, digest := document(t, 'f', "agencya", "agencyb")
	apply(t, "away", raw, "agencya")
	ledger.record(agreement.Revision{Digest: digest, State: "in-force", Signed: []string{"agencya", "agencyb"}, NextChange: time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)})
	within(t, soon, "away", "Ready", metav1.ConditionTrue, v1alpha1.ReasonInForce)
	ledger.fail(errors.New("connection refused"))
	a := within(t, 3*time.Second, "away", "Ready", metav1.ConditionUnknown, v1alpha1.ReasonHubUnavailable)
	if a.Status.State != v1alpha1.StateInForce {
		t.Errorf("state is %s", a.Status.State)
	}
	ledger.fail(nil)
	within(t, 3*time.Second, "away", "Ready", metav1.ConditionTrue, v1alpha1.ReasonInForce)
}

// A state that a newer hub has is not guessed at.
func TestAStateOfANewerHubIsUnknown(t *testing.T) {
	raw, digest := document(t, 'g', "agencya", "agencyb")
	apply(t, "newer", raw, "agencya")
	ledger.record(agreement.Revision{Digest: digest, State: "mediated", Signed: []string{"agencya", "agencyb"}})
	a := within(t, soon, "newer", "Ready", metav1.ConditionUnknown, v1alpha1.ReasonNotYetObserved)
	if a.Status.State != v1alpha1.StateUnknown {
		t.Errorf("state is %s", a.Status.State)
	}
}

// Forged status is overwritten from the ledger, and decides nothing meanwhile.
func TestAForgedStatusIsPutRight(t *testing.T) {
	raw, digest := document(t, 'h', "agencya", "agencyb")
	apply(t, "forged", raw, "agencya")
	a := within(t, soon, "forged", "Ready", metav1.ConditionFalse, v1alpha1.ReasonAwaitingProposer)
	a.Status.State, a.Status.Digest, a.Status.Signed = v1alpha1.StateInForce, "sha256:forged", "2 of 2"
	if err := kube.Status().Update(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(soon); a.Status.State != v1alpha1.StateRequested || a.Status.Digest != digest; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the forged status stayed: %+v", a.Status)
		}
		if err := kube.Get(t.Context(), client.ObjectKey{Name: "forged"}, a); err != nil {
			t.Fatal(err)
		}
	}
}
