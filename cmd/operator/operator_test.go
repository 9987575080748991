package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/test/cluster"
)

const operatorUser = "system:serviceaccount:concordat-system:concordat-operator"

var (
	plane  *cluster.Cluster
	binary string
)

func TestMain(m *testing.M) {
	cluster.Main(m, func(c *cluster.Cluster) {
		dir, err := os.MkdirTemp("", "concordat-operator-")
		if err != nil {
			panic(err)
		}
		c.Before(func() { os.RemoveAll(dir) })
		binary = filepath.Join(dir, "operator")
		if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
			panic(string(out))
		}
		if err := errors.Join(c.StartControllerManager(), c.Install("config/local", "config/policies")); err != nil {
			panic(err)
		}
		plane = c
	})
}

// house is an operator run by its flags, between a real kube-apiserver, a real
// Vault and a real hub.
type house struct {
	hub  *hubtest.Hub
	kube client.Client
	desk *httptest.Server
	args []string
	cmd  *exec.Cmd // as last started
	end  func(os.Signal)
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{hub: hubtest.Start(t, hubtest.Options{})}
	scheme := runtime.NewScheme()
	err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme))
	if err != nil {
		t.Fatal(err)
	}
	if h.kube, err = client.New(plane.Config, client.Options{Scheme: scheme}); err != nil {
		t.Fatal(err)
	}
	h.desk = httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(h.desk.Close)
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	h.args = []string{
		"--kubeconfig", plane.KubeconfigAs(t, operatorUser, "system:serviceaccounts"), "--leader-elect",
		"--hub", h.hub.URL, "--hub-ca", h.hub.CAFile, "--hub-token-file", write("hub", h.hub.Cluster.OperatorToken()),
		"--vault", h.hub.Vault.Address, "--vault-ca", h.hub.Vault.CAFile,
		"--vault-static-token-file", write("vault", h.hub.Vault.Server.Token("default")),
		"--desk-image", "concordat/desk:test",
		"--desk-ca", write("desk-ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.desk.Certificate().Raw}))),
	}
	h.start(t)
	return h
}

// start runs the operator as a process of its own.
func (h *house) start(t *testing.T) {
	t.Helper()
	cmd := exec.Command(binary, h.args...)
	h.cmd = cmd
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// end sends the signal and waits.
	h.end = func(signal os.Signal) {
		h.end = func(os.Signal) {}
		_ = cmd.Process.Signal(signal)
		err := cmd.Wait()
		if signal == os.Interrupt && err != nil || t.Failed() {
			t.Errorf("the operator ended with %v:\n%s", err, tail(log.String()))
		}
	}
	t.Cleanup(func() { h.end(os.Interrupt) })
}

func tail(log string) string { return log[max(0, len(log)-4000):] }

// agency applies one with keys in its own Vault, exposes its desk as an ingress
// would and lets it enrol.
func (h *house) agency(t *testing.T, name act.AgencyName) *hubtest.Agency {
	t.Helper()
	err := h.kube.Create(t.Context(), &v1alpha1.Agency{ObjectMeta: metav1.ObjectMeta{Name: string(name)}, Spec: v1alpha1.AgencySpec{
		LegalName: "Sample agency " + string(name), Kind: "police", Jurisdiction: "ID", Mandate: "a sample mandate",
		Vault: &v1alpha1.OwnVault{Address: "https://vault.example.org"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	within(t, 20*time.Second, func() string {
		service := &corev1.Service{}
		if err := h.kube.Get(t.Context(), client.ObjectKey{Namespace: "agency-" + string(name), Name: "desk"}, service); err != nil {
			return err.Error()
		}
		before := service.DeepCopy()
		service.Annotations[v1alpha1.AnnotationDeskURL] = h.desk.URL
		if err := h.kube.Patch(t.Context(), service, client.MergeFrom(before)); err != nil {
			t.Fatal(err)
		}
		return ""
	})
	a := h.hub.NewAgency(t, name)
	if _, err := a.Enrol(t); err != nil {
		t.Fatal(err)
	}
	a.Sync(t)
	return a
}

// within waits until nothing is missing any more.
func within(t *testing.T, limit time.Duration, missing func() string) {
	t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		what := missing()
		if what == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %s", limit, what)
		}
	}
}

func (h *house) says(t *testing.T, name string, status metav1.ConditionStatus, reason string) func() string {
	return func() string {
		a := &v1alpha1.Agency{}
		if err := h.kube.Get(t.Context(), client.ObjectKey{Name: name}, a); err != nil {
			return err.Error()
		}
		c := meta.FindStatusCondition(a.Status.Conditions, v1alpha1.ConditionReady)
		if c.Status == status && c.Reason == reason {
			return ""
		}
		return string(c.Status) + " " + c.Reason + ": " + c.Message
	}
}

func (h *house) state(t *testing.T, name string, want v1alpha1.AgreementState) func() string {
	return func() string {
		a := &v1alpha1.SharingAgreement{}
		if err := h.kube.Get(t.Context(), client.ObjectKey{Name: name}, a); err != nil {
			return err.Error()
		}
		if a.Status.State == want {
			return ""
		}
		return "state " + string(a.Status.State) + ": " + a.Status.Signed
	}
}

// The whole way by kubectl apply alone, with the operator's own rights everywhere:
// admitted, enrolled, ready; an agreement requested, proposed, signed and in force;
// and what kubectl then shows.
func TestTwoAgenciesAndTheirAgreementAppearInKubectl(t *testing.T) {
	h := newHouse(t)
	a, b := h.agency(t, "kubea"), h.agency(t, "kubeb")
	within(t, 20*time.Second, h.says(t, "kubea", metav1.ConditionTrue, v1alpha1.ReasonWorking))
	within(t, 20*time.Second, h.says(t, "kubeb", metav1.ConditionTrue, v1alpha1.ReasonWorking))

	document := h.hub.Document(a, b)
	raw, digest, err := document.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	err = h.kube.Create(t.Context(), &v1alpha1.SharingAgreement{
		ObjectMeta: metav1.ObjectMeta{Name: "ag-kube"}, Spec: v1alpha1.SharingAgreementSpec{Document: string(raw), ProposedBy: "kubea"},
	})
	if err != nil {
		t.Fatal(err)
	}
	within(t, 10*time.Second, h.state(t, "ag-kube", v1alpha1.StateRequested))
	a.Submit(t, act.OfficerSign, &act.AgreementPropose{Common: a.Common(), Document: string(raw)})
	within(t, 2*time.Second, h.state(t, "ag-kube", v1alpha1.StateProposed))
	ref := act.AgreementRef{ID: document.ID, Digest: digest}
	a.Submit(t, act.OfficerSign, &act.AgreementSign{AgreementStep: a.Step(t, ref)})
	within(t, 2*time.Second, func() string {
		out, err := plane.Kubectl(t, "get", "agr", "ag-kube", "--no-headers")
		if err == nil && strings.Contains(strings.Join(strings.Fields(out), " "), "AG-1 Proposed Waits for kubeb to sign. Expired 2") {
			return ""
		}
		return out
	})
	b.Submit(t, act.OfficerSign, &act.AgreementSign{AgreementStep: b.Step(t, ref)})
	within(t, 2*time.Second, h.state(t, "ag-kube", v1alpha1.StateInForce))

	out, err := plane.Kubectl(t, "get", "agencies", "kubea", "--no-headers")
	if want := "kubea Sample agency kubea ManagedOwnVault True Working; nothing to do."; err != nil || !strings.HasPrefix(strings.Join(strings.Fields(out), " "), want) {
		t.Errorf("kubectl get agencies: %v\n%s", err, out)
	}
	b.Submit(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: b.Step(t, ref)})
	within(t, 2*time.Second, h.state(t, "ag-kube", v1alpha1.StateSuspended))
	// "Why can kubea not read this?", in one sentence.
	why, err := plane.Kubectl(t, "get", "sharingagreement", "ag-kube", "-o", `jsonpath={.status.partyStates[?(@.agency=="kubea")].why}`)
	if want := "Cannot read: the agreement was suspended by kubeb, who alone can end that with `concordat agreement resume AG-1`."; err != nil || why != want {
		t.Errorf("kubectl says %q, %v", why, err)
	}
}

// Suspending and offboarding in the spec become the registrar's acts in the real
// ledger, and an operator that was killed goes on where it was.
func TestTheRegistrarActsAsTheSpecAsks(t *testing.T) {
	h := newHouse(t)
	h.agency(t, "actsa")
	within(t, 20*time.Second, h.says(t, "actsa", metav1.ConditionTrue, v1alpha1.ReasonWorking))
	edit := func(change func(*v1alpha1.Agency)) {
		t.Helper()
		a := &v1alpha1.Agency{}
		if err := h.kube.Get(t.Context(), client.ObjectKey{Name: "actsa"}, a); err != nil {
			t.Fatal(err)
		}
		before := a.DeepCopy()
		change(a)
		if err := h.kube.Patch(t.Context(), a, client.MergeFrom(before)); err != nil {
			t.Fatal(err)
		}
	}
	edit(func(a *v1alpha1.Agency) { a.Spec.Suspended = true })
	within(t, 10*time.Second, h.says(t, "actsa", metav1.ConditionFalse, v1alpha1.ReasonSuspended))
	h.end(os.Kill)
	edit(func(a *v1alpha1.Agency) {
		a.Spec.Suspended = false
		a.Spec.Offboard = &v1alpha1.Offboard{Confirm: "actsa"}
	})
	h.start(t)
	within(t, 30*time.Second, h.says(t, "actsa", metav1.ConditionFalse, v1alpha1.ReasonAwaitingDeletion))
	if err := h.kube.Delete(t.Context(), &v1alpha1.Agency{ObjectMeta: metav1.ObjectMeta{Name: "actsa"}}); err != nil {
		t.Fatal(err)
	}
	within(t, 40*time.Second, func() string {
		err := h.kube.Get(t.Context(), client.ObjectKey{Name: "actsa"}, &v1alpha1.Agency{})
		if client.IgnoreNotFound(err) == nil && err != nil {
			return ""
		}
		return "the Agency is still there"
	})
	known, err := h.hub.Operator.Agency(t.Context(), "actsa")
	if err != nil || known.Status != "offboarded" {
		t.Errorf("the ledger says %q, %v", known.Status, err)
	}
}

// Each agency is looked at every few seconds only; an outage of what they all need
// is told to all at once.
func TestAnOutageShowsWithinSeconds(t *testing.T) {
	h := newHouse(t)
	h.agency(t, "outage")
	within(t, 20*time.Second, h.says(t, "outage", metav1.ConditionTrue, v1alpha1.ReasonWorking))
	h.hub.Stop()
	within(t, 4*time.Second, h.says(t, "outage", metav1.ConditionUnknown, v1alpha1.ReasonHubUnavailable))
}

func TestACommandLineThatCannotWorkIsRefused(t *testing.T) {
	good := []string{"--hub", "https://h", "--hub-token-file", "t", "--vault", "https://v", "--vault-token-file", "t", "--desk-image", "i"}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing":           {nil, "--hub, --hub-token-file, --vault, --desk-image must be given"},
		"two ways to login": {append(slices.Clone(good), "--vault-static-token-file", "x"), "one of --vault-token-file"},
		"egress to a name":  {append(slices.Clone(good), "--desk-egress", "vault:8200"), "--desk-egress vault:8200"},
		"egress to no port": {append(slices.Clone(good), "--desk-egress", "192.0.2.0/24"), "no port"},
		"a stray word":      {append(slices.Clone(good), "stray"), `unexpected "stray"`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parse(c.args); !errors.Is(err, errUsage) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := parse(good); err != nil {
		t.Errorf("a good one: %v", err)
	}
}
