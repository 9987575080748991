package policy_test

import (
	"maps"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// A release whose restrictions exclude each other is refused with the pair, under
// an agreement that was made after contradictions had been looked for; each side
// alone is taken.
func TestAReleaseThatContradictsItselfIsRefused(t *testing.T) {
	named, denied := []string{"beta"}, []string{"beta", "gamma"}
	for name, c := range map[string]struct {
		document *agreement.Document
		asked    restriction.Set
		reason   string
	}{
		"both":                      {agreementtest.DocumentV2("alpha", "beta", "gamma"), restriction.Set{"recipients": named, "recipientsDenied": denied}, policy.Contradiction},
		"named alone":               {agreementtest.DocumentV2("alpha", "beta", "gamma"), restriction.Set{"recipients": named}, policy.Allowed},
		"denied alone":              {agreementtest.DocumentV2("alpha", "beta", "gamma"), restriction.Set{"recipientsDenied": denied}, policy.Allowed},
		"both, in the first schema": {agreementtest.Document("alpha", "beta", "gamma"), restriction.Set{"recipients": named, "recipientsDenied": denied}, policy.Allowed},
	} {
		t.Run(name, func(t *testing.T) {
			w := ledgertest.New()
			digest, err := w.InForce(c.document)
			if err != nil {
				t.Fatal(err)
			}
			payload := w.Release("alpha", ledgertest.ItemID(1), 1, digest, nil)
			for _, all := range []restriction.Set{c.document.Floor, c.asked} {
				maps.Copy(payload.Restrictions, all)
			}
			got := policy.Decide(w.State, policy.Request{Action: policy.ToRelease, Agency: "alpha", Payload: payload, Recipients: []act.AgencyName{"alpha"}}, w.Now)
			if got.Reason != c.reason {
				t.Fatalf("Decide = %+v, want %s", got, c.reason)
			}
			if !got.Allow && (len(got.Evidence) != 2 || got.Evidence[0] != "recipients" || got.Evidence[1] != "recipientsDenied") {
				t.Errorf("the pair is %v", got.Evidence)
			}
		})
	}
}
