package config_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

var update = flag.Bool("update", false, "write golden files anew")

// A right that the operator gains shows as a changed line in review.
func TestTheOperatorHasExactlyTheseRights(t *testing.T) {
	var lines []string
	for _, o := range objects(t, "rbac/operator.yaml") {
		if o.GetKind() == "ClusterRole" || o.GetKind() == "Role" {
			lines = append(lines, rights(t, o)...)
		}
	}
	slices.Sort(lines)
	got := strings.Join(lines, "\n") + "\n"
	const golden = "testdata/operator-rights.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the operator's rights changed (run with -update if that is meant):\n%s", diff)
	}
}

// rights lists one line for each verb on each resource.
func rights(t *testing.T, o *unstructured.Unstructured) []string {
	t.Helper()
	var lines []string
	scope := o.GetName()
	if o.GetNamespace() != "" {
		scope = o.GetNamespace() + "/" + scope
	}
	for _, rule := range rules(t, o) {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					line := fmt.Sprintf("%s: %s %s.%s", scope, verb, resource, group)
					if len(rule.ResourceNames) > 0 {
						line += " only " + strings.Join(rule.ResourceNames, ", ")
					}
					lines = append(lines, strings.TrimSuffix(line, "."))
				}
			}
		}
	}
	return lines
}

func rules(t *testing.T, o *unstructured.Unstructured) []rbacv1.PolicyRule {
	t.Helper()
	var role rbacv1.ClusterRole
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &role); err != nil {
		t.Fatal(err)
	}
	if role.AggregationRule != nil {
		t.Errorf("%s gains rights by aggregation, which no golden file shows", o.GetName())
	}
	return role.Rules
}

// What would let the operator become somebody else is nowhere in its roles.
func TestTheOperatorCannotBecomeSomebodyElse(t *testing.T) {
	never := []string{"*", "escalate", "impersonate", "deletecollection"}
	for _, o := range objects(t, "rbac/operator.yaml") {
		if o.GetKind() != "ClusterRole" && o.GetKind() != "Role" {
			continue
		}
		for _, rule := range rules(t, o) {
			for _, word := range slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs) {
				if slices.Contains(never, word) {
					t.Errorf("%s has %q", o.GetName(), word)
				}
			}
			for _, resource := range rule.Resources {
				if slices.Contains([]string{"secrets", "pods", "pods/exec", "serviceaccounts/token", "nodes", "clusterrolebindings"}, resource) {
					t.Errorf("%s has a right on %s", o.GetName(), resource)
				}
			}
			if slices.Contains(rule.Verbs, "bind") && len(rule.ResourceNames) == 0 {
				t.Errorf("%s may bind any role", o.GetName())
			}
		}
	}
}
