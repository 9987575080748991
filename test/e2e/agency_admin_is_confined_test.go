package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const podAsDesk = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mine", "namespace": "agency-agencya"}, "spec": {
  "serviceAccountName": "desk", "securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
  "containers": [{"name": "mine", "image": "example.org/mine:1", "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}},
    "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}}`

// An agency's administrators look after their namespace. They cannot become their
// desk, widen what they have, or look at another agency.
func TestAnAgencyAdminIsConfined(t *testing.T) {
	as := func(args ...string) []string {
		return append([]string{"--as=admin-1", "--as-group=agencya-operations"}, args...)
	}
	own, other := "--namespace=agency-agencya", "--namespace=agency-agencyb"
	if pods := kubectl(t, as(own, "get", "pods", "-o", "name")...); !strings.Contains(pods, "pod/desk-") {
		t.Fatalf("the administrator does not see the desk: %q", pods)
	}
	pod := filepath.Join(t.TempDir(), "pod.json")
	if err := os.WriteFile(pod, []byte(podAsDesk), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, try := range [][]string{
		{"patch", "agency", a, "--subresource=status", "--type=merge", `--patch={"status":{"custody":"Own"}}`},
		{"patch", "agency", a, "--type=merge", `--patch={"spec":{"adminGroups":["system:authenticated"]}}`},
		{"create", "namespace", "agency-x"},
		{"label", "namespace", "agency-agencya", "pod-security.kubernetes.io/enforce=privileged", "--overwrite"},
		{own, "create", "-f", pod},
		{own, "create", "token", "desk"},
		{own, "create", "rolebinding", "wider", "--clusterrole=admin", "--user=admin-1"},
		{own, "get", "secrets"},
		{own, "delete", "resourcequota", "concordat"},
		{own, "patch", "resourcequota", "concordat", "--type=merge", `--patch={"spec":{"hard":{"pods":"1000"}}}`},
		{own, "delete", "networkpolicy", "concordat-default-deny"},
		{own, "delete", "rolebinding", "concordat-operator"},
		{own, "patch", "deployment", "desk", "--type=merge", `--patch={"spec":{"replicas":0}}`},
		{other, "get", "pods"},
		{other, "get", "configmaps"},
		{"get", "pods", "--all-namespaces"},
		{"get", "agencies"},
	} {
		denied(t, "orbidden", as(try...)...)
	}
	for _, right := range [][]string{
		{"create", "pods/exec"}, {"create", "pods/ephemeralcontainers"}, {"create", "pods/portforward"},
		{"impersonate", "serviceaccounts"}, {"create", "serviceaccounts/token"}, {"patch", "serviceaccounts"},
	} {
		result, err := platform.Kubectl(t.Context(), as(append([]string{own, "auth", "can-i"}, right...)...)...)
		if err != nil || strings.TrimSpace(result.Stdout) != "no" {
			t.Errorf("may the administrator %s? %q %v", strings.Join(right, " "), result.Stdout, err)
		}
	}
}

// What RBAC forbids to the agency's administrators stays forbidden to those who
// were given too much by mistake, and to the cluster's administrators by accident.
func TestTheDeskAndTheNamespacesOfAgenciesAreReserved(t *testing.T) {
	own := "--namespace=agency-agencya"
	kubectl(t, own, "create", "rolebinding", "mistake", "--clusterrole=edit", "--user=editor-1")
	t.Cleanup(func() { tidy(t, own, "delete", "rolebinding", "mistake") })
	pod := filepath.Join(t.TempDir(), "pod.json")
	if err := os.WriteFile(pod, []byte(podAsDesk), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the mistaken binding to count", func() bool {
		return strings.TrimSpace(kubectlOutput(t, own, "--as=editor-1", "auth", "can-i", "create", "pods")) == "yes"
	})
	denied(t, "ReservedServiceAccount", own, "--as=editor-1", "create", "-f", pod)
	denied(t, "ReservedServiceAccount", own, "--as=editor-1", "create", "token", "desk")
	denied(t, "ReservedServiceAccount", own, "create", "-f", pod)
	denied(t, "ReservedName", "create", "namespace", "agency-x")
}
