package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const owned = "networkpolicies,resourcequotas,rolebindings,serviceaccounts,configmaps,services,persistentvolumeclaims,deployments"

func TestDriftIsPutBack(t *testing.T) {
	in := "--namespace=agency-agencyd"
	began := time.Now()
	kubectl(t, in, "delete", "networkpolicy", "concordat-default-deny", "concordat-desk")
	kubectl(t, in, "delete", "rolebinding", "concordat-agency-admins")
	kubectl(t, in, "patch", "resourcequota", "concordat", "--type=merge", `--patch={"spec":{"hard":{"pods":"1000"}}}`)
	kubectl(t, "label", "namespace", "agency-agencyd", "--overwrite", "pod-security.kubernetes.io/enforce=privileged")
	eventually(t, "what keeps the agency apart to be as it was", func() bool {
		policies := kubectl(t, in, "get", "networkpolicies,rolebindings", "-o", "name")
		for _, name := range []string{"concordat-default-deny", "concordat-desk", "concordat-agency-admins"} {
			if !strings.Contains(policies, "/"+name) {
				return false
			}
		}
		return kubectl(t, in, "get", "resourcequota", "concordat", "-o", "jsonpath={.spec.hard.pods}") == "10" &&
			kubectl(t, "get", "namespace", "agency-agencyd", "-o", `jsonpath={.metadata.labels.pod-security\.kubernetes\.io/enforce}`) == "restricted"
	})
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
	ready(t, d)
}

// The operator looks again and again, and writes nothing while nothing changed.
func TestInSteadyStateTheOperatorWritesNothing(t *testing.T) {
	in := "--namespace=agency-agencyd"
	versions := func() string {
		const each = `jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\n"}{end}`
		return kubectl(t, in, "get", owned, "-o", each) +
			kubectl(t, "get", "namespace", "agency-agencyd", "-o", "jsonpath={.metadata.resourceVersion}")
	}
	ready(t, d)
	t.Cleanup(func() { tidy(t, "annotate", "agency", d, "example.org/look-") })
	before, steady := versions(), time.Now().Add(10*time.Second)
	for look := 0; time.Now().Before(steady); look++ {
		kubectl(t, "annotate", "agency", d, "--overwrite", fmt.Sprintf("example.org/look=%d", look))
		ready(t, d)
		if after := versions(); after != before {
			t.Fatalf("something was written:\nbefore\n%s\nafter\n%s", before, after)
		}
	}
	status := kubectl(t, "get", "agency", d, "-o", "jsonpath={.metadata.managedFields[?(@.subresource=='status')].time}")
	kubectl(t, "annotate", "agency", d, "--overwrite", "example.org/look=again")
	ready(t, d)
	if now := kubectl(t, "get", "agency", d, "-o", "jsonpath={.metadata.managedFields[?(@.subresource=='status')].time}"); now != status {
		t.Errorf("the status was written anew at %s, before at %s", now, status)
	}
}
