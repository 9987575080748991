package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

const aDay = 24 * time.Hour

// kept is a release of alpha's to beta and gamma under an agreement that lets
// nobody keep copies longer than 30 days.
func kept(t *testing.T, asked restriction.Set, change func(*agreement.Document)) (*lives, act.ID) {
	t.Helper()
	l := &lives{ledgertest.New(), t}
	document := agreementtest.DocumentV2("alpha", "beta", "gamma")
	document.Retention.MaxDays = 30
	if change != nil {
		change(document)
	}
	digest, err := l.InForce(document)
	if err != nil {
		t.Fatal(err)
	}
	l.Now = l.Now.Add(time.Minute)
	return l, l.release("alpha", 1, digest, asked)
}

// asks is what the agency would ask to open the part, having accepted its terms.
func (l *lives) asks(agency act.AgencyName, release act.ID, section restriction.Set) policy.Request {
	terms := restriction.Meet(l.State.Release(release).Terms(agency).Set, section)
	digest, err := terms.Digest()
	if err != nil {
		l.t.Fatal(err)
	}
	part := ""
	if section != nil {
		part = "section-1"
	}
	return policy.Request{
		Action: policy.ToOpen, Agency: agency, Release: release, Described: true, Purpose: "training", Part: part, Section: section,
		Officer: ledgertest.Officer(agency, 1), Accepted: digest,
	}
}

func TestAnItemIsOpenedUntilItsPeriodIsOver(t *testing.T) {
	for name, test := range map[string]struct {
		asked, section restriction.Set
		change         func(*agreement.Document)
		later          restriction.Set
		days           int
	}{
		"the agreement's":              {days: 30},
		"the item's, which is shorter": {asked: restriction.Set{"retentionDays": {"7"}}, days: 7},
		"the agreement's, shorter":     {asked: restriction.Set{"retentionDays": {"60"}}, days: 30},
		"shortened later":              {later: restriction.Set{"retentionDays": {"3"}}, days: 3},
		"a section's own":              {section: restriction.Set{"retentionDays": {"2"}}, days: 2},
	} {
		t.Run(name, func(t *testing.T) {
			l, release := kept(t, test.asked, test.change)
			if got := policy.Decide(l.State, l.asks("beta", release, test.section), l.Now.AddDate(1, 0, 0)); !got.Allow {
				t.Fatalf("before the first opening no period runs: %+v", got)
			}
			l.read("beta", release)
			first := l.State.Release(release).Reader("beta").First.Time
			l.read("beta", release) // a later opening does not prolong it
			if test.later != nil {
				l.by("alpha", act.DeskSign, &act.ItemRestrict{
					Common: l.Common("alpha"), Officer: ledgertest.Officer("alpha", 1), Reason: "safety", Item: ledgertest.ItemID(1), Version: 1, Restrictions: test.later, Acknowledge: canonical.At(l.Now.Add(aDay).Truncate(time.Second)),
				})
			}
			over := first.Add(time.Duration(test.days) * aDay)
			if got := policy.Decide(l.State, l.asks("beta", release, test.section), over.Add(-time.Millisecond)); !got.Allow {
				t.Errorf("just before: %+v", got)
			}
			got := policy.Decide(l.State, l.asks("beta", release, test.section), over)
			if got.Reason != policy.RestrictionForbids || !slices.Contains(got.Evidence, "retentionDays") {
				t.Errorf("at the moment: %+v", got)
			}
			cover := policy.Request{Action: policy.ToDeliver, Agency: "beta", Release: release, Described: true}
			if got := policy.Decide(l.State, cover, over); !got.Allow {
				t.Errorf("the cover: %+v", got)
			}
			for _, other := range []act.AgencyName{"gamma", "alpha"} { // who has not opened it, and whose it is
				if other == "alpha" {
					l.read("alpha", release)
				}
				if got := policy.Decide(l.State, l.asks(other, release, test.section), over); !got.Allow {
					t.Errorf("%s: %+v", other, got)
				}
			}
		})
	}
}

func TestTheDutyToEraseFollowsTheSamePeriod(t *testing.T) {
	for name, test := range map[string]struct {
		asked  restriction.Set
		change func(*agreement.Document)
		days   int
	}{
		"the agreement's, where nothing is asked": {nil, nil, 30},
		"the item's":               {restriction.Set{"retentionDays": {"7"}}, nil, 7},
		"the agreement's, shorter": {restriction.Set{"retentionDays": {"60"}}, nil, 30},
	} {
		t.Run(name, func(t *testing.T) {
			l, release := kept(t, test.asked, test.change)
			l.read("beta", release)
			l.read("alpha", release)
			due := l.State.Release(release).Reader("beta").First.Time.Add(time.Duration(test.days) * aDay)
			var found []policy.Duty
			for _, duty := range policy.Duties(l.State, l.State.Release(release), l.Now) {
				if duty.Kind == policy.ToErase {
					found = append(found, duty)
				}
			}
			if len(found) != 1 || found[0].Holder != "beta" || !found[0].Due.Equal(due) {
				t.Fatalf("duties to erase: %+v, want one of beta's until %s", found, due)
			}
			if until, runs := policy.KeptUntil(l.State.Release(release), "beta"); !runs || !until.Equal(due) {
				t.Errorf("KeptUntil = %s, %v", until, runs)
			}
			for _, name := range []act.AgencyName{"alpha", "gamma"} {
				if until, runs := policy.KeptUntil(l.State.Release(release), name); runs {
					t.Errorf("a period runs for %s until %s", name, until)
				}
			}
		})
	}
}

// An agreement of the first schema has no clause on retention, and what an item
// asks there was signed as a duty.
func TestUnderTheFirstSchemaThePeriodIsADuty(t *testing.T) {
	l := &lives{ledgertest.New(), t}
	digest, err := l.InForce(agreementtest.Document("alpha", "beta"))
	if err != nil {
		t.Fatal(err)
	}
	release := l.by("alpha", act.DeskSign, l.Release("alpha", ledgertest.ItemID(1), 1, digest, restriction.Set{"retentionDays": {"7"}}))
	l.read("beta", release)
	if got := policy.Decide(l.State, l.asks("beta", release, nil), l.Now.Add(8*aDay)); !got.Allow {
		t.Errorf("opening: %+v", got)
	}
	duties := policy.Duties(l.State, l.State.Release(release), l.Now.Add(8*aDay))
	if len(duties) != 1 || duties[0].Kind != policy.ToErase || duties[0].State != policy.Overdue {
		t.Errorf("duties: %+v", duties)
	}
}
