package agreement_test

import (
	"context"
	"errors"
	"strings"
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
	ledger = newHub("agencya", "agencyb", "agencyc")
	writes = &counted{}
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
			Client: writes.of(manager.GetClient()), Feed: agreement.NewFeed(ledger, time.Second), Parties: ledger,
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
