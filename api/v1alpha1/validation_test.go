package v1alpha1_test

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/test/cluster"
)

var (
	plane *cluster.Cluster
	kube  client.Client
)

func TestMain(m *testing.M) {
	cluster.Main(m, func(c *cluster.Cluster) {
		scheme := runtime.NewScheme()
		if err := v1alpha1.AddToScheme(scheme); err != nil {
			panic(err)
		}
		var err error
		if kube, err = client.New(c.Config, client.Options{Scheme: scheme}); err != nil {
			panic(err)
		}
		plane = c
	})
}

func agency(name string) *v1alpha1.Agency {
	return &v1alpha1.Agency{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.AgencySpec{
			LegalName: "Sample Agency (fictional)", Kind: "police", Jurisdiction: "FR", Mandate: "Sample Act, section 1",
		},
	}
}

// Each rule refuses with a sentence that says what would be accepted.
func TestAnAgencyThatCannotBeIsRefusedWithASentence(t *testing.T) {
	cases := map[string]struct {
		name   string
		change func(*v1alpha1.Agency)
		want   string // part of the refusal; empty: accepted
	}{
		"a plain agency":              {name: "plain"},
		"a name with a hyphen":        {name: "a-b", want: "without a hyphen"},
		"a name with one letter":      {name: "a", want: "2 to 31"},
		"a name that begins with 1":   {name: "1ab", want: "beginning with a letter"},
		"a name of 32 letters":        {name: strings.Repeat("a", 32), want: "2 to 31"},
		"a reserved name":             {name: "registrar", want: "reserved for the house"},
		"a kind with a space":         {change: func(a *v1alpha1.Agency) { a.Spec.Kind = "police force" }, want: "one term of the vocabulary"},
		"a new kind of the future":    {name: "future", change: func(a *v1alpha1.Agency) { a.Spec.Kind = "ombuds-office" }},
		"a jurisdiction in words":     {change: func(a *v1alpha1.Agency) { a.Spec.Jurisdiction = "France" }, want: "ISO 3166-1"},
		"an organisation":             {name: "organisation", change: func(a *v1alpha1.Agency) { a.Spec.Jurisdiction = "interpol" }},
		"no legal name":               {change: func(a *v1alpha1.Agency) { a.Spec.LegalName = "" }, want: "legalName"},
		"a legal name without end":    {change: func(a *v1alpha1.Agency) { a.Spec.LegalName = strings.Repeat("x", 257) }, want: "256"},
		"everybody as administrators": {change: func(a *v1alpha1.Agency) { a.Spec.AdminGroups = []v1alpha1.Group{"system:authenticated"} }, want: "belongs to Kubernetes"},
		"an External desk nowhere":    {change: func(a *v1alpha1.Agency) { a.Spec.Desk.Mode = v1alpha1.DeskExternal }, want: "needs spec.desk.endpoint"},
		"a desk over http": {change: func(a *v1alpha1.Agency) { a.Spec.Desk.Endpoint = "http://desk.example.org" },
			want: "spec.desk.endpoint is an https URL"},
		"an issuer with a query": {change: func(a *v1alpha1.Agency) {
			a.Spec.OIDC = &v1alpha1.OIDC{Issuer: "https://id.example.org/?x", ClientID: "desk"}
		}, want: "without query or fragment"},
		"a role that does not exist": {change: func(a *v1alpha1.Agency) {
			a.Spec.OIDC = &v1alpha1.OIDC{Issuer: "https://id.example.org", ClientID: "desk",
				Roles: []v1alpha1.RoleMapping{{Role: "king", Groups: []string{"g"}}}}
		}, want: "king"},
		"a Vault with a path": {change: func(a *v1alpha1.Agency) { a.Spec.Vault = &v1alpha1.OwnVault{Address: "https://v.example.org/v1"} },
			want: "without path"},
		"offboarding another agency": {change: func(a *v1alpha1.Agency) { a.Spec.Offboard = &v1alpha1.Offboard{Confirm: "other"} },
			want: "repeats the agency's own name"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.name == "" {
				c.name = "sample"
			}
			a := agency(c.name)
			if c.change != nil {
				c.change(a)
			}
			refused(t, kube.Create(t.Context(), a), c.want)
		})
	}
}

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		return
	}
	if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), want) {
		t.Fatalf("got %v, want a refusal that says %q", err, want)
	}
}

// Custody is part of what the other agencies relied on when they signed.
func TestCustodyDoesNotChangeUnderThoseWhoSigned(t *testing.T) {
	a := agency("custody")
	if err := kube.Create(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*v1alpha1.Agency)
		want   string
	}{
		"to an External desk": {func(a *v1alpha1.Agency) {
			a.Spec.Desk = v1alpha1.Desk{Mode: v1alpha1.DeskExternal, Endpoint: "https://desk.example.org"}
		}, "spec.desk.mode cannot change"},
		"to its own Vault": {func(a *v1alpha1.Agency) {
			a.Spec.Vault = &v1alpha1.OwnVault{Address: "https://vault.example.org"}
		}, "cannot move between the shared Vault and its own"},
		"its legal name may be corrected": {func(a *v1alpha1.Agency) { a.Spec.LegalName = "Sample Agency" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			changed := a.DeepCopy()
			c.change(changed)
			refused(t, kube.Patch(t.Context(), changed, client.MergeFrom(a)), c.want)
		})
	}
}

func sharingAgreement(name, document string) *v1alpha1.SharingAgreement {
	return &v1alpha1.SharingAgreement{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       v1alpha1.SharingAgreementSpec{Document: document, ProposedBy: "agencya"},
	}
}

func TestADocumentIsOneLineAndNeverChanges(t *testing.T) {
	for name, c := range map[string]struct{ document, want string }{
		"YAML":            {"id: agr-1", "one JSON object"},
		"two lines":       {"{\"a\":1,\n\"b\":2}", "single line"},
		"a final newline": {"{}\n", "one JSON object"},
		"over 128 KiB":    {`{"a":"` + strings.Repeat("x", v1alpha1.MaxDocumentBytes) + `"}`, "131072"},
		"the largest one": {`{"a":"` + strings.Repeat("x", v1alpha1.MaxDocumentBytes-8) + `"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := sharingAgreement("line-"+strings.ReplaceAll(strings.ToLower(name), " ", "-"), c.document)
			refused(t, kube.Create(t.Context(), a), c.want)
		})
	}

	a := sharingAgreement("fixed", `{"a":1}`)
	if err := kube.Create(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	a.Spec.Document = `{"a":2}`
	refused(t, kube.Update(t.Context(), a), "is one revision of an agreement and does not change")
}

// Helm 4 and kubectl wait read kstatus: an object without status counts as
// ready, so both kinds are born not ready.
func TestBothKindsAreBornNotReady(t *testing.T) {
	for _, object := range []client.Object{agency("born"), sharingAgreement("born", `{}`)} {
		if err := kube.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		kind, err := kube.GroupVersionKindFor(object)
		if err != nil {
			t.Fatal(err)
		}
		seen := &unstructured.Unstructured{}
		seen.SetGroupVersionKind(kind)
		if err := kube.Get(t.Context(), client.ObjectKeyFromObject(object), seen); err != nil {
			t.Fatal(err)
		}
		generation, _, _ := unstructured.NestedInt64(seen.Object, "status", "observedGeneration")
		conditions, _, _ := unstructured.NestedSlice(seen.Object, "status", "conditions")
		if generation != -1 || len(conditions) != 1 {
			t.Errorf("%s is born with status %v", kind.Kind, seen.Object["status"])
			continue
		}
		if ready := conditions[0].(map[string]any); ready["type"] != "Ready" || ready["status"] != "Unknown" {
			t.Errorf("%s is born with condition %v", kind.Kind, ready)
		}
	}
}

// The document is signed byte for byte: nothing may be pruned from it or
// written into it, and a field that nobody knows is refused, not dropped.
func TestAnUnknownFieldIsRefusedAndTheDocumentKept(t *testing.T) {
	const document = `{"z":"\u00e9","a":[1,2.5e3],"unknown":{"default":null}}`
	if err := kube.Create(t.Context(), sharingAgreement("verbatim", document)); err != nil {
		t.Fatal(err)
	}
	var kept v1alpha1.SharingAgreement
	if err := kube.Get(t.Context(), client.ObjectKey{Name: "verbatim"}, &kept); err != nil {
		t.Fatal(err)
	}
	if kept.Spec.Document != document {
		t.Errorf("the document became %q", kept.Spec.Document)
	}

	strict := client.WithFieldValidation(kube, metav1.FieldValidationStrict)
	unknown := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "concordat.dev/v1alpha1", "kind": "SharingAgreement",
		"metadata": map[string]any{"name": "unknown"},
		"spec":     map[string]any{"document": "{}", "proposedBy": "agencya", "parties": []any{}},
	}}
	if err := strict.Create(t.Context(), unknown); err == nil || !strings.Contains(err.Error(), "spec.parties") {
		t.Errorf("got %v, want spec.parties refused", err)
	}
}

func TestKubectlListsBothKindsByTheirShortNames(t *testing.T) {
	for _, object := range []client.Object{agency("listed"), sharingAgreement("listed", `{}`)} {
		if err := kube.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"agencies", "agency", "agy", "sharingagreements", "agr", "concordat"} {
		if out, err := plane.Kubectl(t, "get", name); err != nil {
			t.Errorf("kubectl get %s: %v\n%s", name, err, out)
		}
	}
	out, err := plane.Kubectl(t, "get", "agy")
	if err != nil || !strings.Contains(out, "LEGAL NAME") || !strings.Contains(out, "WHAT NOW") {
		t.Errorf("kubectl get agy: %v\n%s", err, out)
	}
	out, err = plane.Kubectl(t, "get", "agr")
	header, _, _ := strings.Cut(out, "\n")
	if got := strings.Join(strings.Fields(header), " "); err != nil || got != "NAME AGREEMENT STATE WHY NEXT NEXT CHANGE AGE" {
		t.Errorf("kubectl get agr: %v\n%s", err, out)
	}
}
