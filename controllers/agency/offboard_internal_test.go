package agency

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/api/v1alpha1"
)

func TestTheStageIsTheFirstThatIsNotOver(t *testing.T) {
	all := leaving{confirmed: true, enrolled: true, frozen: true}
	cases := map[string]struct {
		change func(*leaving)
		want   stage
	}{
		"not asked for":                         {func(l *leaving) { l.confirmed = false }, stageNone},
		"not frozen yet":                        {func(l *leaving) { l.frozen = false; l.parties = 1; l.officers = true }, stageFreezing},
		"party to an agreement":                 {func(l *leaving) { l.parties = 1; l.officers = true }, stageEndingAgreements},
		"the registrar ends agreements":         {func(l *leaving) { l.parties = 1; l.ending = v1alpha1.EndingRegistrar }, stageAwaitingDeletion},
		"officers still log in":                 {func(l *leaving) { l.officers = true }, stageClosingVault},
		"officers log in at their own Vault":    {func(l *leaving) { l.officers, l.external = true, true }, stageAwaitingDeletion},
		"all that can be undone is done":        {func(l *leaving) {}, stageAwaitingDeletion},
		"deleted":                               {func(l *leaving) { l.deleted = true }, stageRemoving},
		"deleted while a party":                 {func(l *leaving) { l.deleted, l.parties = true, 1 }, stageEndingAgreements},
		"never enrolled":                        {func(l *leaving) { l.enrolled, l.frozen = false, false }, stageAwaitingDeletion},
		"gone at the hub, crash before the end": {func(l *leaving) { l.gone, l.deleted, l.officers, l.parties = true, true, true, 1 }, stageRemoving},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := all
			c.change(&l)
			if got := stageOf(l); got != c.want {
				t.Errorf("stage %d, want %d", got, c.want)
			}
		})
	}
}

// Nothing irreversible happens to an agency that is not both confirmed and
// deleted, whatever else is so.
func TestTheLastStageTakesConfirmationAndDeletion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := leaving{
			confirmed: rapid.Bool().Draw(t, "confirmed"), deleted: rapid.Bool().Draw(t, "deleted"),
			external: rapid.Bool().Draw(t, "external"), enrolled: rapid.Bool().Draw(t, "enrolled"),
			frozen: rapid.Bool().Draw(t, "frozen"), gone: rapid.Bool().Draw(t, "gone"),
			officers: rapid.Bool().Draw(t, "officers"), parties: rapid.Int32Range(0, 2).Draw(t, "parties"),
			ending: rapid.SampledFrom([]v1alpha1.EndingOfAgreements{"", v1alpha1.EndingWait, v1alpha1.EndingRegistrar}).Draw(t, "ending"),
		}
		if stageOf(l) == stageRemoving && (!l.confirmed || !l.deleted) {
			t.Fatalf("removing at %+v", l)
		}
	})
}
