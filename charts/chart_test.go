// Package charts_test proves the chart with Helm itself against a real
// kube-apiserver, and that it installs what kustomize installs.
package charts_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/test/cluster"
)

var plane *cluster.Cluster

func TestMain(m *testing.M) {
	cluster.Main(m, func(c *cluster.Cluster) { plane = c }, cluster.WithoutCRDs())
}

// helm runs bin/helm with settings of its own, and returns what it prints on
// standard output, or its error output as the error.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	binary, err := filepath.Abs("../bin/helm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("the chart is tested with Helm itself and %s is missing: run `make bin/helm` first", binary)
	}
	home := t.TempDir()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home, "KUBECONFIG="+plane.Kubeconfig(t))
	var out, wrong bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &wrong
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s", err, wrong.String())
	}
	return out.String(), nil
}

func template(t *testing.T, set ...string) (map[string]*unstructured.Unstructured, error) {
	t.Helper()
	args := []string{"template", "concordat", "concordat", "-n", "concordat-system"}
	for _, s := range set {
		args = append(args, "--set", s)
	}
	out, err := helm(t, args...)
	return documents(t, out), err
}

// documents are YAML documents by kind, namespace and name.
func documents(t *testing.T, raw string) map[string]*unstructured.Unstructured {
	t.Helper()
	all := map[string]*unstructured.Unstructured{}
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(raw), 4096)
	for {
		o := &unstructured.Unstructured{}
		if err := decoder.Decode(&o.Object); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if len(o.Object) == 0 {
			continue
		}
		key := strings.Join([]string{o.GetKind(), o.GetNamespace(), o.GetName()}, "/")
		if all[key] != nil {
			t.Errorf("%s is there twice", key)
		}
		all[key] = o
	}
}

// Who installs by chart and who installs by kustomize has the same.
func TestChartAndKustomizeInstallTheSame(t *testing.T) {
	chart, err := template(t, "namespace.create=true")
	if err != nil {
		t.Fatal(err)
	}
	out, err := plane.Kubectl(t, "kustomize", "../config/default")
	if err != nil {
		t.Fatal(err, out)
	}
	kustomize := documents(t, out)
	for _, o := range chart {
		annotations := o.GetAnnotations()
		delete(annotations, "helm.sh/resource-policy") // what Helm alone needs to know
		if len(annotations) == 0 {
			annotations = nil
		}
		o.SetAnnotations(annotations)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(kustomize)), slices.Sorted(maps.Keys(chart))); diff != "" {
		t.Fatalf("objects of kustomize (-) and chart (+):\n%s", diff)
	}
	for key := range kustomize {
		if diff := cmp.Diff(kustomize[key].Object, chart[key].Object); diff != "" {
			t.Errorf("%s of kustomize (-) and chart (+):\n%s", key, diff)
		}
	}
}

// The chart carries copies of what it shares with kustomize; sync.sh makes them.
func TestTheChartsCopiesAreCurrent(t *testing.T) {
	origins := map[string]string{
		"crd": "../config/crd", "system": "../config/system", "rbac": "../config/rbac",
		"policies": "../config/policies", "samples": "../config/samples/agencies",
	}
	copies := 0
	for folder, origin := range origins {
		files, err := filepath.Glob(filepath.Join("concordat", "files", folder, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			copies++
			have, err1 := os.ReadFile(file)
			want, err2 := os.ReadFile(filepath.Join(origin, filepath.Base(file)))
			if err := errors.Join(err1, err2); err != nil {
				t.Error(err)
			} else if !bytes.Equal(have, want) {
				t.Errorf("%s is behind: run charts/sync.sh", file)
			}
		}
	}
	if copies < 14 {
		t.Errorf("%d copies: run charts/sync.sh", copies)
	}
}

// A value that cannot work is refused with its path, before anything is made.
func TestValuesThatCannotWorkAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ set, want string }{
		"two replicas on SQLite":         {"hub.replicas=2", "/hub/replicas"},
		"an engine that is not there":    {"hub.database.engine=etcd", "/hub/database/engine"},
		"a value that nobody reads":      {"hub.replica=1", "replica"},
		"an address without TLS":         {"vault.address=http://vault:8200", "/vault/address"},
		"cert-manager without an issuer": {"certManager.enabled=true", "/certManager/clusterIssuer"},
		"egress to a host name":          {"egress.vault[0].cidr=vault.example,egress.vault[0].port=8200", "/egress/vault/0/cidr"},
		"a digest that is none":          {"images.hub.digest=latest", "/images/hub/digest"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := template(t, c.set); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a refusal of %s", err, c.want)
			}
		})
	}
	if _, err := helm(t, "template", "concordat", "concordat", "-n", "elsewhere"); err == nil || !strings.Contains(err.Error(), "concordat-system") {
		t.Errorf("another namespace: %v", err)
	}
}

func TestValuesReachWhatTheyName(t *testing.T) {
	objects, err := template(t, "certManager.enabled=true", "certManager.clusterIssuer=house",
		"egress.identityProviders[0].cidr=203.0.113.0/24", "egress.identityProviders[0].port=443",
		"images.desk.digest=sha256:"+strings.Repeat("ab", 32), "images.pullSecrets[0]=registry", "samples.agencies=true")
	if err != nil {
		t.Fatal(err)
	}
	if objects["Certificate/concordat-system/concordat-hub"] == nil || objects["Agency//agencyf"] == nil {
		t.Errorf("no Certificate or no samples among %q", slices.Sorted(maps.Keys(objects)))
	}
	operator := fmt.Sprint(objects["Deployment/concordat-system/concordat-operator"].Object)
	for _, want := range []string{
		"--desk-cert-issuer=house", "--desk-egress=203.0.113.0/24:443", "--desk-egress=192.0.2.10/32:8200",
		"--desk-image=concordat/desk@sha256:abab", "--desk-pull-secret=registry",
	} {
		if !strings.Contains(operator, want) {
			t.Errorf("the operator is not started with %s", want)
		}
	}
}

// Uninstalling the chart, which people do by mistake, keeps the kinds and every
// agency, and the volume with the ledger.
func TestUninstallingTheChartKeepsEveryAgency(t *testing.T) {
	out, err := helm(t, "install", "concordat", "concordat", "-n", "concordat-system", "--create-namespace")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "kubectl get agencies,sharingagreements") {
		t.Errorf("the notes do not say how to go on:\n%s", out)
	}
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	kube, err := client.New(plane.Config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	agency := &v1alpha1.Agency{ObjectMeta: metav1.ObjectMeta{Name: "kept"}, Spec: v1alpha1.AgencySpec{
		LegalName: "Sample", Kind: "police", Jurisdiction: "FR", Mandate: "Sample Act",
	}}
	if err := kube.Create(t.Context(), agency); err != nil {
		t.Fatal(err)
	}
	if _, err := helm(t, "upgrade", "concordat", "concordat", "-n", "concordat-system", "--set", "operator.replicas=3"); err != nil {
		t.Errorf("upgrade: %v", err)
	}
	if _, err := helm(t, "uninstall", "concordat", "-n", "concordat-system"); err != nil {
		t.Fatal(err)
	}
	if err := kube.Get(t.Context(), client.ObjectKeyFromObject(agency), agency); err != nil || !agency.DeletionTimestamp.IsZero() {
		t.Errorf("the agency after uninstalling: %v, deleted %v", err, agency.DeletionTimestamp)
	}
	state := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "PersistentVolumeClaim"}}
	if err := kube.Get(t.Context(), client.ObjectKey{Namespace: "concordat-system", Name: "concordat-hub-state"}, state); err != nil {
		t.Errorf("the hub's volume claim: %v", err)
	}
	operator := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "apps/v1", "kind": "Deployment"}}
	if err := kube.Get(t.Context(), client.ObjectKey{Namespace: "concordat-system", Name: "concordat-operator"}, operator); !apierrors.IsNotFound(err) {
		t.Errorf("the operator after uninstalling: %v", err)
	}
	// And it can be installed again over what stayed.
	if _, err := helm(t, "install", "concordat", "concordat", "-n", "concordat-system"); err != nil {
		t.Errorf("installing again: %v", err)
	}
}
