package bench

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/bootstrap"
	"github.com/concordat-hub/concordat/internal/vault/vaulttest"
	"github.com/concordat-hub/concordat/test/cluster"
)

const (
	perBatch = 20 // agencies that are asked for at once
	batches  = 3
	workers  = 4 // of the operator, and of whoever does the same plainly
)

// kinds are those of the objects that make an agency.
var kinds = []schema.GroupVersionResource{
	{Version: "v1", Resource: "serviceaccounts"}, {Version: "v1", Resource: "resourcequotas"},
	{Version: "v1", Resource: "configmaps"}, {Version: "v1", Resource: "persistentvolumeclaims"},
	{Version: "v1", Resource: "services"}, {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "rolebindings"},
	{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"}, {Group: "apps", Version: "v1", Resource: "deployments"},
}

var namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

// site is a real control plane with a controller manager, a real Vault, a hub and
// the operator's own binary between them, with the operator's own rights.
type site struct {
	plane   *cluster.Cluster
	vault   *vaulttest.Server
	keys    *vault.Client // with the operator's policy
	hub     *hubtest.World
	kube    client.WithWatch
	dynamic dynamic.Interface
	desk    *httptest.Server
}

func newSite(b *testing.B) *site {
	b.Helper()
	ctrllog.SetLogger(logr.Discard())
	plane, err := cluster.Start()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(plane.Stop)
	if err := errors.Join(plane.StartControllerManager(), plane.Install("config/local", "config/policies")); err != nil {
		b.Fatal(err)
	}
	s := &site{plane: plane, vault: vaulttest.Start(b)}
	s.bootstrap(b)
	s.keys = s.vault.Client(s.vault.Token("concordat-operator"))
	s.hub = startHub(b, &hubtest.Vault{Server: s.vault, Token: s.vault.Token("concordat-hub")})
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		b.Fatal(err)
	}
	if s.kube, err = client.NewWithWatch(plane.Config, client.Options{Scheme: scheme}); err != nil {
		b.Fatal(err)
	}
	if s.dynamic, err = dynamic.NewForConfig(plane.Config); err != nil {
		b.Fatal(err)
	}
	s.desk = httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	b.Cleanup(s.desk.Close)
	s.startOperator(b)
	s.exposeDesks(b)
	return s
}

func (s *site) bootstrap(b *testing.B) {
	b.Helper()
	ca, err := os.ReadFile(s.vault.CAFile)
	if err != nil {
		b.Fatal(err)
	}
	plan, err := bootstrap.NewPlan(bootstrap.Config{KubernetesHost: "https://127.0.0.1:6443", KubernetesCA: string(ca), ReviewerToken: "a.b.c"})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := plan.Apply(b.Context(), s.vault.Root()); err != nil {
		b.Fatal(err)
	}
}

func (s *site) startOperator(b *testing.B) {
	b.Helper()
	dir := b.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
		return path
	}
	cmd := exec.Command(program(b, "operator"),
		"--kubeconfig", s.plane.KubeconfigAs(b, "system:serviceaccount:concordat-system:concordat-operator", "system:serviceaccounts", "system:serviceaccounts:concordat-system"),
		"--hub", s.hub.URL, "--hub-ca", s.hub.CAFile, "--hub-token-file", write("hub", s.hub.Cluster.OperatorToken()),
		"--vault", s.vault.Address, "--vault-ca", s.vault.CAFile,
		"--vault-static-token-file", write("vault", s.vault.Token("concordat-operator")), "--desk-image", "concordat/desk:bench",
		"--desk-ca", write("desk-ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.desk.Certificate().Raw}))))
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if said, _ := os.ReadFile(log.Name()); b.Failed() {
			b.Logf("the end of the operator's log:\n%s", said[max(0, len(said)-4000):])
		}
	})
}

// exposeDesks notes on each desk's Service where it is reached, as whoever runs
// the cluster's ingress does. No desk process runs: an answer comes at once.
func (s *site) exposeDesks(b *testing.B) {
	b.Helper()
	watcher, err := s.kube.Watch(b.Context(), &corev1.ServiceList{}, client.HasLabels{v1alpha1.LabelAgency})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(watcher.Stop)
	go func() {
		for e := range watcher.ResultChan() {
			service, ok := e.Object.(*corev1.Service)
			if !ok || e.Type != watch.Added {
				continue
			}
			before := service.DeepCopy()
			service.Annotations[v1alpha1.AnnotationDeskURL] = s.desk.URL
			_ = s.kube.Patch(context.Background(), service, client.MergeFrom(before))
		}
	}()
}

// provision applies Agency objects and waits until the operator says of each that
// its namespace, its keys and its desk are there.
func (s *site) provision(ctx context.Context, names []string) error {
	missing := map[string]bool{}
	watcher, err := s.kube.Watch(ctx, &v1alpha1.AgencyList{})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for _, name := range names {
		missing[name] = true
		err := s.kube.Create(ctx, &v1alpha1.Agency{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.AgencySpec{
			LegalName: "Sample agency " + name, Kind: "police", Jurisdiction: "ID", Mandate: "a sample mandate",
		}})
		if err != nil {
			return err
		}
	}
	limit := time.After(3 * time.Minute)
	var last *v1alpha1.Agency
	for len(missing) > 0 {
		select {
		case <-limit:
			return fmt.Errorf("%d agencies are not provisioned; one says %+v", len(missing), last)
		case e := <-watcher.ResultChan():
			if a, ok := e.Object.(*v1alpha1.Agency); ok && missing[a.Name] {
				if last = a; provisioned(a) {
					delete(missing, a.Name)
				}
			}
		}
	}
	return nil
}

func provisioned(a *v1alpha1.Agency) bool {
	for _, condition := range []string{v1alpha1.ConditionNamespaceReady, v1alpha1.ConditionVaultReady, v1alpha1.ConditionDeskReady} {
		if !meta.IsStatusConditionTrue(a.Status.Conditions, condition) {
			return false
		}
	}
	return true
}

// blueprint are the objects that the operator made for one agency, as somebody
// would create them who had them in files.
func (s *site) blueprint(b *testing.B, name v1alpha1.AgencyName) []*unstructured.Unstructured {
	b.Helper()
	var objects []*unstructured.Unstructured
	for _, kind := range kinds {
		list, err := s.dynamic.Resource(kind).Namespace(name.Namespace()).List(b.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelAgency})
		if err != nil {
			b.Fatal(err)
		}
		for i := range list.Items {
			objects = append(objects, bare(&list.Items[i]))
		}
	}
	if n := len(objects); n < len(kinds) {
		b.Fatalf("the operator made %d objects in %s, fewer than there are kinds", n, name.Namespace())
	}
	return objects
}

// bare takes off what kube-apiserver filled in and what makes an object the operator's.
func bare(o *unstructured.Unstructured) *unstructured.Unstructured {
	clean := &unstructured.Unstructured{Object: map[string]any{}}
	for field, value := range o.Object {
		if field != "metadata" && field != "status" {
			clean.Object[field] = value
		}
	}
	clean.SetName(o.GetName())
	for _, path := range [][]string{{"spec", "clusterIP"}, {"spec", "clusterIPs"}, {"spec", "volumeName"}} {
		unstructured.RemoveNestedField(clean.Object, path...)
	}
	return clean
}

// plainly creates the same objects in a namespace under other names, and nothing else.
func (s *site) plainly(ctx context.Context, kube dynamic.Interface, blueprint []*unstructured.Unstructured, name string) error {
	namespace := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
	namespace.SetName(name)
	namespace.SetLabels(map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	if _, err := kube.Resource(namespaces).Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return err
	}
	for _, object := range blueprint {
		kind := kinds[slices.IndexFunc(kinds, func(k schema.GroupVersionResource) bool { return resourceOf(object) == k.Resource })]
		if _, err := kube.Resource(kind).Namespace(name).Create(ctx, object.DeepCopy(), metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

func resourceOf(o *unstructured.Unstructured) string {
	plural, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	return plural.Resource
}

// each does f for each name, as many at a time as the operator has workers.
func each(ctx context.Context, names []string, f func(context.Context, string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for _, name := range names {
		group.Go(func() error { return f(ctx, name) })
	}
	return group.Wait()
}

// outside makes what an agency has beside its objects: mount and keys in Vault,
// its name at the hub.
func (s *site) outside(ctx context.Context, name string) error {
	mount := v1alpha1.AgencyName(name).VaultMount()
	if err := s.keys.EnsureMount(ctx, mount); err != nil {
		return err
	}
	for _, key := range []string{"officer-sign", "desk-sign", "witness-sign", "wrap"} {
		typ := vault.TypeEd25519
		if key == "wrap" {
			typ = vault.TypeAES
		}
		if _, err := s.keys.EnsureKey(ctx, mount, key, typ); err != nil {
			return err
		}
	}
	_, err := s.hub.Operator.Admit(ctx, act.AgencyName(name), hubclient.Admission{
		LegalName: "Sample agency " + name, Kind: "police", Jurisdiction: "ID", Custody: "managed", Mandate: "a sample mandate",
	})
	return err
}

func batch(prefix string, n int) []string {
	names := make([]string, perBatch)
	for i := range names {
		names[i] = fmt.Sprintf("%s%d", prefix, n*perBatch+i)
	}
	return names
}

// quiet waits until the controller manager has caught up with all Deployments.
func (s *site) quiet(b *testing.B) {
	b.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		var deployments appsv1.DeploymentList
		if err := s.kube.List(b.Context(), &deployments); err != nil {
			b.Fatal(err)
		}
		behind := slices.ContainsFunc(deployments.Items, func(d appsv1.Deployment) bool { return d.Status.Replicas == 0 })
		if !behind {
			return
		}
	}
	b.Fatal("the controller manager did not catch up within a minute")
}

// BenchmarkProvision measures how fast Agency objects become agencies beside the
// creation of the same objects with client-go: without limit, with the operator's
// limit of requests, and with what an agency has in Vault and at the hub.
func BenchmarkProvision(b *testing.B) {
	s := newSite(b)
	if err := s.provision(b.Context(), []string{"first"}); err != nil {
		b.Fatal(err)
	}
	blueprint := s.blueprint(b, "first")
	limited := rest.CopyConfig(s.plane.Config)
	limited.QPS, limited.Burst = 50, 100
	asOperator, err := dynamic.NewForConfig(limited)
	if err != nil {
		b.Fatal(err)
	}
	const operator, plain, slowly, beside = "operator", "client-go", "client-go at 50 requests/s", "Vault and hub"
	m := &samples{}
	for b.Loop() {
		for n := range batches {
			m.time(b, plain, func() error {
				return each(b.Context(), batch("plain", n), func(ctx context.Context, name string) error {
					return s.plainly(ctx, s.dynamic, blueprint, name)
				})
			})
			s.quiet(b)
			m.time(b, slowly, func() error {
				return each(b.Context(), batch("slow", n), func(ctx context.Context, name string) error {
					return s.plainly(ctx, asOperator, blueprint, name)
				})
			})
			s.quiet(b)
			m.time(b, beside, func() error { return each(b.Context(), batch("outside", n), s.outside) })
			m.time(b, operator, func() error { return s.provision(b.Context(), batch("made", n)) })
			s.quiet(b)
		}
	}
	rate := func(what string) float64 { return perBatch / m.median(what).Seconds() }
	b.ReportMetric(rate(operator), "agencies/s")
	b.ReportMetric(rate(plain), "client-go-agencies/s")
	b.ReportMetric(ratio(m.median(operator), m.median(plain)), "x-client-go")
	b.ReportMetric(ratio(m.median(operator), m.median(slowly)), "x-client-go-same-limit")
	b.ReportMetric(ratio(m.median(operator), m.median(plain, beside)), "x-parts")
	b.ReportMetric(0, "ns/op")
	show(b, fmt.Sprintf("batches of %d agencies of %d objects each", perBatch, len(blueprint)+1), m.table())
}
