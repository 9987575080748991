package policy_test

import (
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// A community is named by agencies and by kinds of agency; who is neither gets
// nothing that is for the community.
func TestACommunityIsNamedByAgencyOrKind(t *testing.T) {
	for name, test := range map[string]struct {
		members []string
		reason  string
	}{
		"by its name":   {[]string{"delta"}, policy.Allowed},
		"by its kind":   {[]string{"police"}, policy.Allowed},
		"not at all":    {[]string{"FIU", "gamma"}, policy.OnwardForbidden},
		"nobody beside": {nil, policy.OnwardForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			l := &lives{ledgertest.New(), t}
			open := func(d *agreement.Document) {
				d.Floor["tlp"], d.Floor["onwardScope"], d.Floor["onwardConsent"] = []string{"TLP:GREEN"}, []string{"defined-community"}, []string{"never"}
				d.Definitions.Community, d.Definitions.Members = "Those named.", test.members
			}
			agree := func(id string, parties ...act.AgencyName) string {
				document := agreementtest.DocumentV2(parties...)
				document.ID = id
				open(document)
				digest, err := l.InForce(document)
				if err != nil {
					t.Fatal(err)
				}
				return digest
			}
			first := agree("agr-aaaaaaaaaaaaaaaaaaaaaaaaaa", "alpha", "beta")
			terms := restriction.Set{"tlp": {"TLP:GREEN"}, "onwardScope": {"defined-community"}, "onwardConsent": {"never"}}
			parent := l.release("alpha", 1, first, terms)
			l.read("beta", parent)
			second := agree("agr-bbbbbbbbbbbbbbbbbbbbbbbbbb", "beta", "delta")
			asked := agreementtest.Floor()
			for axis, values := range terms {
				asked[axis] = values
			}
			asked["purposes"] = []string{"training"}
			copied := l.Release("beta", ledgertest.ItemID(2), 1, second, asked)
			copied.Parents = []act.Parent{{Release: parent, Relation: "copy"}}
			decision := policy.Decide(l.State, policy.Request{
				Action: policy.ToRelease, Agency: "beta", Payload: copied, Recipients: []act.AgencyName{"beta", "delta"},
			}, l.Now)
			if decision.Reason != test.reason {
				t.Errorf("Decide = %+v, want %s", decision, test.reason)
			}
		})
	}
}
