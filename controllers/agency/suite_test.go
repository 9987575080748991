package agency_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/agency"
	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/bootstrap"
	"github.com/concordat-hub/concordat/internal/vault/vaulttest"
	"github.com/concordat-hub/concordat/test/cluster"
)

const operatorUser = "system:serviceaccount:concordat-system:concordat-operator"

var plane *cluster.Cluster

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard()) // a test says what it saw
	cluster.Main(m, func(c *cluster.Cluster) {
		plane = c
		if err := c.StartControllerManager(); err != nil {
			panic(err)
		}
		if err := c.Install("config/system", "config/rbac", "config/policies"); err != nil {
			panic(err)
		}
	})
}

func scheme(t testing.TB) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(s), v1alpha1.AddToScheme(s)); err != nil {
		t.Fatal(err)
	}
	return s
}

func newClient(t testing.TB, config *rest.Config) client.Client {
	t.Helper()
	c, err := client.New(config, client.Options{Scheme: scheme(t)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// world is one operator with its surroundings: a real kube-apiserver in which it
// has the rights of config/rbac and no others, a real Vault in which it has the
// policy that bootstrap gives it, a hub and a desk.
type world struct {
	*agency.Reconciler
	kube   client.Client // an administrator's
	vault  *vaulttest.Server
	hub    *hub
	desk   *desk
	events *events.FakeRecorder
	writes *atomic.Int64 // of the operator at kube-apiserver
	clock  *clock
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	server := vaulttest.Start(t)
	bootstrapVault(t, server)
	return newWorldAt(t, plane, server, newHub())
}

// newWorldAt is an operator in this cluster, in front of a Vault and a hub that
// may have known another cluster before.
func newWorldAt(t testing.TB, at *cluster.Cluster, server *vaulttest.Server, hub *hub) *world {
	t.Helper()
	w := &world{
		kube: newClient(t, at.Config), vault: server, hub: hub, desk: newDesk(t),
		events: events.NewFakeRecorder(100), writes: &atomic.Int64{}, clock: &clock{now: time.Now()},
	}
	config := at.As(t, operatorUser, "system:serviceaccounts", "system:serviceaccounts:concordat-system")
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return counting{next, w.writes} })
	operator := newClient(t, config)
	logins, err := agency.NewLoginProbe(server.Address, server.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	desks, err := agency.NewDeskProbe(w.desk.ca)
	if err != nil {
		t.Fatal(err)
	}
	w.Reconciler = agency.New(agency.Options{
		Client: operator, Live: operator, Keys: server.Client(server.Token("concordat-operator")), Officers: logins,
		Registrar: hub, Desks: desks, Events: w.events, Now: w.clock.Now,
		ServiceAccount: client.ObjectKey{Namespace: "concordat-system", Name: "concordat-operator"},
		Desk: agency.DeskOptions{
			Image: "concordat/desk:test", Command: []string{"concordat-desk"}, TLSSecret: "desk-tls",
			HubURL: "https://hub.concordat-system.svc", VaultAddress: server.Address, VaultCAFile: server.CAFile,
			VaultAudience: "concordat-vault", HubAudience: "concordat-hub", HubNamespace: "concordat-system",
			Egress: []agency.Egress{{CIDR: "192.0.2.0/24", Port: 8200}},
		},
	})
	return w
}

func bootstrapVault(t testing.TB, server *vaulttest.Server) {
	t.Helper()
	ca, err := os.ReadFile(server.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := bootstrap.NewPlan(bootstrap.Config{
		KubernetesHost: "https://127.0.0.1:6443", KubernetesCA: string(ca), ReviewerToken: "a.b.c",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Apply(t.Context(), server.Root()); err != nil {
		t.Fatal(err)
	}
}

// counting counts what changes something at kube-apiserver.
type counting struct {
	next   http.RoundTripper
	writes *atomic.Int64
}

func (c counting) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method != http.MethodGet {
		c.writes.Add(1)
	}
	return c.next.RoundTrip(request)
}

// hub is the registrar as the operator sees it: it keeps standings, appends acts
// by counting, and can be away or refuse.
type hub struct {
	mu       sync.Mutex
	standing map[string]agency.Standing
	index    int64
	acts     []string
	away     error
}

var errAway = errors.New("connection refused")

func newHub() *hub { return &hub{standing: map[string]agency.Standing{}} }

func (h *hub) Agency(_ context.Context, name string) (agency.Standing, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.standing[name], h.away
}

func (h *hub) Admit(_ context.Context, name string, a agency.Admission) error {
	return h.change(name, "admit "+a.Custody, func(s *agency.Standing) { s.Admitted = true })
}

func (h *hub) Do(_ context.Context, name string, request agency.Request) error {
	return h.change(name, string(request), func(s *agency.Standing) {
		s.Status = map[agency.Request]string{
			agency.RequestSuspend: "suspended", agency.RequestResume: "enrolled", agency.RequestLeave: "offboarded",
		}[request]
	})
}

func (h *hub) change(name, act string, f func(*agency.Standing)) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.away != nil {
		return h.away
	}
	standing := h.standing[name]
	f(&standing)
	h.standing[name] = standing
	h.acts = append(h.acts, name+" "+act)
	return nil
}

func (h *hub) set(name string, f func(*agency.Standing)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	standing := h.standing[name]
	f(&standing)
	h.standing[name] = standing
}

func (h *hub) fail(err error) { h.mu.Lock(); defer h.mu.Unlock(); h.away = err }

// said are the requests about an agency, in order.
func (h *hub) said(name string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var acts []string
	for _, act := range h.acts {
		if who, what, _ := strings.Cut(act, " "); who == name {
			acts = append(acts, what)
		}
	}
	return acts
}

// desk is a server that answers /readyz as a desk does, over TLS.
type desk struct {
	*httptest.Server
	ca    string
	ready atomic.Bool
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{}
	d.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.ready.Load() && r.URL.Path == "/readyz" {
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(map[string]string{"code": "vault_unavailable", "title": "Vault does not answer."})
	}))
	t.Cleanup(d.Close)
	d.ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(d.ca, pemOf(d.Certificate().Raw), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// sample is an Agency as an administrator writes it.
func sample(name string) *v1alpha1.Agency {
	return &v1alpha1.Agency{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.AgencySpec{
			LegalName: "Sample Agency (fictional)", Kind: "police", Jurisdiction: "FR", Mandate: "Sample Act, section 1",
			AdminGroups: []v1alpha1.Group{"sample-admins"},
			OIDC: &v1alpha1.OIDC{Issuer: "https://id.example.org", ClientID: "concordat-desk",
				Roles: []v1alpha1.RoleMapping{{Role: "analyst", Groups: []string{"analysts"}}}},
		},
	}
}

// apply makes the object and removes everything of it when the test ends.
func (w *world) apply(t *testing.T, a *v1alpha1.Agency) {
	t.Helper()
	if err := w.kube.Create(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

// step reconciles once.
func (w *world) step(t *testing.T, name string) ctrl.Result {
	t.Helper()
	result, err := w.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: name}})
	if err != nil {
		t.Fatalf("reconcile %s: %v", name, err)
	}
	return result
}

// until reconciles until the condition has the reason, as the operator would.
func (w *world) until(t *testing.T, name, kind, reason string) *v1alpha1.Agency {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, err := w.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: name}})
		if err != nil && !apierrors.IsConflict(err) && !apierrors.IsForbidden(err) {
			t.Fatalf("reconcile %s: %v", name, err)
		}
		a := w.get(t, name)
		if c := meta.FindStatusCondition(a.Status.Conditions, kind); c != nil && c.Reason == reason {
			return a
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s of %s did not become %s:\n%s", kind, name, reason, describe(a))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (w *world) get(t *testing.T, name string) *v1alpha1.Agency {
	t.Helper()
	a := &v1alpha1.Agency{}
	if err := w.kube.Get(t.Context(), client.ObjectKey{Name: name}, a); err != nil {
		t.Fatal(err)
	}
	return a
}

func describe(a *v1alpha1.Agency) string {
	var b strings.Builder
	for _, c := range a.Status.Conditions {
		fmt.Fprintf(&b, "  %s=%s %s: %s\n", c.Type, c.Status, c.Reason, c.Message)
	}
	return b.String()
}

// ready brings an agency all the way: its Service gets the desk's address from
// whoever exposes it, and the desk enrols with the keys that are in Vault.
func (w *world) ready(t *testing.T, name string) *v1alpha1.Agency {
	t.Helper()
	w.until(t, name, v1alpha1.ConditionDeskReady, v1alpha1.ReasonAwaitingAddress)
	w.expose(t, name)
	w.enrol(t, name)
	w.desk.ready.Store(true)
	return w.until(t, name, v1alpha1.ConditionReady, v1alpha1.ReasonOfficersCannotSign)
}

func (w *world) expose(t *testing.T, name string) {
	t.Helper()
	service := &corev1.Service{}
	if err := w.kube.Get(t.Context(), client.ObjectKey{Namespace: "agency-" + name, Name: "desk"}, service); err != nil {
		t.Fatal(err)
	}
	before := service.DeepCopy()
	service.Annotations[v1alpha1.AnnotationDeskURL] = w.desk.URL
	if err := w.kube.Patch(t.Context(), service, client.MergeFrom(before), client.FieldOwner("exposer")); err != nil {
		t.Fatal(err)
	}
}

func (w *world) enrol(t *testing.T, name string) {
	t.Helper()
	thumbprints := w.thumbprints(t, name)
	w.hub.set(name, func(s *agency.Standing) {
		if s.Enrolled != nil {
			return
		}
		w.hub.index++
		index := w.hub.index
		s.Enrolled, s.Status, s.Thumbprints = &index, "enrolled", thumbprints
	})
}

// thumbprints are those of the agency's keys in Vault.
func (w *world) thumbprints(t *testing.T, name string) map[v1alpha1.Purpose]string {
	t.Helper()
	thumbprints := map[v1alpha1.Purpose]string{}
	for _, purpose := range []v1alpha1.Purpose{v1alpha1.OfficerSign, v1alpha1.DeskSign, v1alpha1.WitnessSign} {
		key, err := w.vault.Client(w.vault.RootToken).CheckKey(t.Context(), "concordat/agency-"+name, string(purpose), vault.TypeEd25519, "")
		if err != nil {
			t.Fatal(err)
		}
		thumbprints[purpose] = key.Thumbprint
	}
	return thumbprints
}

// officersLogIn sets up the officers' login as a keykeeper does.
func (w *world) officersLogIn(t *testing.T, name string) {
	t.Helper()
	root := w.vault.Root()
	for path, body := range map[string]map[string]any{"sys/auth/idp-" + name: {"type": "jwt"}} {
		if _, err := root.Write(t.Context(), path, body); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := root.Write(t.Context(), "auth/idp-"+name+"/config", map[string]any{"jwt_validation_pubkeys": []string{publicKeyPEM(t)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := root.Write(t.Context(), "auth/idp-"+name+"/role/officer-sign", map[string]any{
		"role_type": "jwt", "user_claim": "sub", "bound_audiences": []string{"concordat-sign-" + name},
	}); err != nil {
		t.Fatal(err)
	}
}

// condition fails the test unless the condition is so.
func condition(t *testing.T, a *v1alpha1.Agency, kind string, status metav1.ConditionStatus, reason string, words ...string) {
	t.Helper()
	c := meta.FindStatusCondition(a.Status.Conditions, kind)
	if c == nil || c.Status != status || c.Reason != reason {
		t.Errorf("%s is not %s because of %s:\n%s", kind, status, reason, describe(a))
		return
	}
	if c.ObservedGeneration != a.Generation {
		t.Errorf("%s speaks of generation %d, not %d", kind, c.ObservedGeneration, a.Generation)
	}
	for _, word := range words {
		if !strings.Contains(c.Message, word) {
			t.Errorf("%s says %q without %q", kind, c.Message, word)
		}
	}
}
