package e2e

import (
	"net/http"
	"strings"
	"testing"
)

const identityOf = "jsonpath={.status.enrolledIndex} {.status.keys[*].thumbprint}"

func offboardPatch(slug, how string) []string {
	return []string{"patch", "agency", slug, "--type=merge", `--patch={"spec":{"offboard":` + how + `}}`}
}

func stageIs(t *testing.T, slug, reason string) {
	t.Helper()
	eventually(t, slug+" to be at the stage "+reason, func() bool { return condition(t, slug, "Offboarding") == "True "+reason })
}

// publicKey is what root reads of an agency's key, whoever else is gone.
func publicKey(t *testing.T, slug, key string) string {
	t.Helper()
	var answer struct {
		Data struct {
			Keys map[string]struct {
				PublicKey string `json:"public_key"`
			} `json:"keys"`
		} `json:"data"`
	}
	if status := vaultRoot(t).call(t, http.MethodGet, "concordat/agency-"+slug+"/keys/"+key, nil, &answer); status != http.StatusOK {
		t.Fatalf("the key %s of %s: %d", key, slug, status)
	}
	return answer.Data.Keys["1"].PublicKey
}

func TestAnOffboardedAgencyLeavesInStages(t *testing.T) {
	slug := newSlug()
	manifest := manifestOf(t, slug, func(map[string]any) {})
	apply(t, slug, manifest)
	officersOf(t, slug)
	ready(t, slug)
	deskAt(t, slug, kubectl(t, "get", "agency", slug, "-o", "jsonpath={.status.deskURL}"))
	one := inForce(t, a, slug)
	identity, key := kubectl(t, "get", "agency", slug, "-o", identityOf), publicKey(t, slug, "desk-sign")

	denied(t, "repeats the agency's own name", offboardPatch(slug, `{"confirm":"agencyf"}`)...)
	kubectl(t, offboardPatch(slug, `{"confirm":"`+slug+`"}`)...)
	stageIs(t, slug, "EndingAgreements")
	do(t, refused, releaser(a), "bulletin", "release", approved(t, a, 1), "--agreement", one.reference, "--tlp", "TLP:AMBER+STRICT", "--recipient", slug, "--yes")

	kubectl(t, offboardPatch(slug, "null")...) // until the last stage it can be taken back
	ready(t, slug)
	item := released(t, one, 1)
	arrives(t, slug, item)

	kubectl(t, offboardPatch(slug, `{"confirm":"`+slug+`","agreements":"Registrar"}`)...)
	stageIs(t, slug, "ClosingVault")
	eventually(t, "the desk to be closed", func() bool {
		return !strings.Contains(kubectl(t, "--namespace=agency-"+slug, "get", "deployments,serviceaccounts", "-o", "name"), "/desk")
	})
	if status := vaultRoot(t).call(t, http.MethodDelete, "sys/auth/idp-"+slug, nil, nil); status != http.StatusNoContent {
		t.Fatalf("the keykeeper closes the officers' login: %d", status)
	}
	stageIs(t, slug, "AwaitingDeletion")
	kubectl(t, "delete", "agency", slug, "--timeout=60s")
	eventually(t, "the namespace to be gone", func() bool {
		return kubectl(t, "get", "namespace", "agency-"+slug, "--ignore-not-found", "-o", "name") == ""
	})
	if after := publicKey(t, slug, "desk-sign"); after == "" || after != key {
		t.Errorf("the key in Vault is %q, and was %q", after, key)
	}
	applied(t, manifest) // the name is never given again
	eventually(t, "the name to be refused", func() bool { return condition(t, slug, "Ready") == "False NameRetired" })
	if after := kubectl(t, "get", "agency", slug, "-o", identityOf); after != identity {
		t.Errorf("the ledger knew %s, and now %s", identity, after)
	}
}

// Deleted without confirmation, an agency is only let go of: its desk goes on,
// and the same manifest takes it up again.
func TestAnAgencyThatIsDeletedUnconfirmedIsOnlyDetached(t *testing.T) {
	const agency = "agencyf"
	one := inForce(t, a, agency)
	identity, pod := kubectl(t, "get", "agency", agency, "-o", identityOf), deskPod(t, agency)
	manifest := held(t, "agencies", agency+".yaml")
	t.Cleanup(func() { tidy(t, "wait", "--for=condition=Ready", "--timeout=60s", "agency/"+agency) })
	kubectl(t, "delete", "agency", agency, "--timeout=60s")
	item := released(t, one, 1)
	arrives(t, agency, item)
	do(t, ok, analyst(agency), open(item)...)
	applied(t, manifest)
	ready(t, agency)
	if after := kubectl(t, "get", "agency", agency, "-o", identityOf); after != identity {
		t.Errorf("the agency was %s and is %s", identity, after)
	}
	if after := deskPod(t, agency); after != pod {
		t.Errorf("the desk was started anew")
	}
	do(t, ok, analyst(agency), open(item)...)
}
