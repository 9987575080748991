package policy_test

import (
	"maps"
	"strings"
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

// passing is one attempt of beta to release what it made of alpha's item.
type passing struct {
	asked    restriction.Set           // of alpha's item, beside the floor
	members  []string                  // of the community
	happens  func(*lives, act.ID)      // after beta has opened it
	unread   bool                      // beta has not
	consent  func(*act.ConsentRequest) // asked for, unless nil
	by       act.AgencyName            // who asks, instead of beta
	answer   string                    // of alpha
	relation string                    // copy if empty
	to       act.AgencyName            // gamma if empty; epsilon is in another agreement with beta
	looser   bool                      // than alpha's item
	own      bool                      // the item is beta's
	retained bool                      // what was opened is kept after the end
	reason   string                    // Allowed if empty
}

// wide lets everything be passed on that an item does not forbid.
func wide(d *agreement.Document) {
	maps.Copy(d.Floor, restriction.Set{
		"tlp": {"TLP:CLEAR"}, "audience": {"public"}, "onwardScope": {"anyone"}, "onwardConsent": {"never"},
	})
}

func (c passing) decide(t *testing.T) policy.Decision {
	t.Helper()
	l := &lives{ledgertest.New(), t}
	if err := l.EnrolAs("epsilon", "ngo", "FR"); err != nil {
		t.Fatal(err)
	}
	first, second := agreementtest.DocumentV2("alpha", "beta", "gamma", "delta"), agreementtest.DocumentV2("beta", "epsilon")
	second.ID = "agr-" + strings.Repeat("b", 26)
	for _, document := range []*agreement.Document{first, second} {
		wide(document)
		document.Suspension.Reading, document.Definitions.Community = "continue", "Who works with us."
	}
	first.Definitions.Members = c.members
	if c.retained {
		retaining(first)
	}
	inside, err := l.InForce(first)
	if err != nil {
		t.Fatal(err)
	}
	outside, err := l.InForce(second)
	if err != nil {
		t.Fatal(err)
	}
	asked := restriction.Set{"tlp": {"TLP:GREEN"}, "onwardScope": {"own-organisation"}, "onwardConsent": {"outside-own-organisation"}}
	maps.Copy(asked, c.asked)
	publisher, under := act.AgencyName("alpha"), inside
	if c.own {
		publisher = "beta"
	}
	parent := l.release(publisher, 1, inside, asked)
	for _, reader := range []act.AgencyName{"beta", "gamma"} {
		if !c.unread {
			l.read(reader, parent)
		}
	}
	consent := c.asks(l, parent)
	if c.happens != nil {
		c.happens(l, parent)
	}
	to := c.to
	if to == "" {
		to = "gamma"
	}
	if to == "epsilon" {
		under = outside
	}
	terms := maps.Clone(l.State.Release(parent).Terms("beta").Set)
	if c.looser {
		terms["judicialUse"] = []string{"allowed"}
	}
	payload := l.Release("beta", ledgertest.ItemID(9), 1, under, terms)
	payload.Parents = []act.Parent{{Release: parent, Relation: "copy", Consent: consent}}
	if c.relation != "" {
		payload.Parents[0].Relation = c.relation
	}
	return policy.Decide(l.State, policy.Request{Action: policy.ToRelease, Agency: "beta", Payload: payload, Recipients: []act.AgencyName{"beta", to}}, l.Now)
}

// asks lets the consent be asked for and answered, and returns the request.
func (c passing) asks(l *lives, parent act.ID) act.ID {
	if c.consent == nil {
		return ""
	}
	by := c.by
	if by == "" {
		by = "beta"
	}
	request := &act.ConsentRequest{
		Common: l.Common(by), Release: parent, Use: "onward", For: "gamma", Purpose: "training",
		Until: canonical.At(l.Now.Add(9 * aDay).Truncate(time.Second)), Officer: ledgertest.Officer(by, 1),
	}
	c.consent(request)
	id := l.by(by, act.DeskSign, request)
	answer := func() act.ConsentAnswer {
		return act.ConsentAnswer{Common: l.Common("alpha"), Request: id, Officer: ledgertest.Officer("alpha", 1)}
	}
	switch c.answer {
	case "grant", "withdraw":
		l.by("alpha", act.DeskSign, &act.ConsentGrant{ConsentAnswer: answer()})
	case "refuse":
		l.by("alpha", act.DeskSign, &act.ConsentRefuse{ConsentAnswer: answer()})
	}
	if c.answer == "withdraw" {
		l.by("alpha", act.DeskSign, &act.ConsentWithdraw{ConsentAnswer: answer()})
	}
	return id
}

// embargoed sets an item's embargo to a moment of the test, and passes it on at
// that moment or a millisecond before.
func embargoed(early time.Duration) passing {
	moment := ledgertest.Start.Add(5 * aDay)
	return passing{
		asked: restriction.Set{"onwardScope": {"agreement-parties"}, "onwardConsent": {"never"}, "embargo": {moment.Format(time.RFC3339)}},
		happens: func(l *lives, _ act.ID) {
			l.Now = moment.Add(-early)
		},
	}
}

func TestWhatIsPassedOnStaysInsideScopeAndConsent(t *testing.T) {
	asked := func(*act.ConsentRequest) {}
	parties := restriction.Set{"onwardScope": {"agreement-parties"}, "onwardConsent": {"never"}}
	community := restriction.Set{"onwardScope": {"defined-community"}, "onwardConsent": {"never"}}
	always := restriction.Set{"onwardScope": {"agreement-parties"}, "onwardConsent": {"always"}}
	derives := func(value string) restriction.Set {
		set := maps.Clone(parties)
		set["derivation"] = []string{value}
		return set
	}
	as := func(use string) func(*act.ConsentRequest) {
		return func(p *act.ConsentRequest) { p.Use, p.For = use, "" }
	}
	early := embargoed(time.Millisecond)
	early.reason = policy.OnwardForbidden
	for name, c := range map[string]passing{
		"outside the scope":                      {reason: policy.OnwardForbidden},
		"outside, with consent":                  {consent: asked, answer: "grant"},
		"outside, and nobody answered":           {consent: asked, reason: policy.OnwardForbidden},
		"outside, refused":                       {consent: asked, answer: "refuse", reason: policy.OnwardForbidden},
		"outside, taken back":                    {consent: asked, answer: "withdraw", reason: policy.ConsentExpired},
		"with consent for somebody else":         {consent: func(p *act.ConsentRequest) { p.For = "delta" }, answer: "grant", reason: policy.OnwardForbidden},
		"with consent for another purpose":       {consent: func(p *act.ConsentRequest) { p.Purpose = "detection" }, answer: "grant", reason: policy.OnwardForbidden},
		"with somebody else's consent":           {consent: func(p *act.ConsentRequest) { p.For = "gamma" }, by: "gamma", answer: "grant", reason: policy.OnwardForbidden},
		"to the parties":                         {asked: parties},
		"to the parties, with consent always":    {asked: always, reason: policy.ConsentMissing},
		"to the parties, with the consent":       {asked: always, consent: asked, answer: "grant"},
		"to no party":                            {asked: parties, to: "epsilon", reason: policy.OnwardForbidden},
		"to a member by name":                    {asked: community, members: []string{"epsilon"}, to: "epsilon"},
		"to a member by kind":                    {asked: community, members: []string{"ngo"}, to: "epsilon"},
		"to no member":                           {asked: community, members: []string{"financial-intelligence-unit"}, to: "epsilon", reason: policy.OnwardForbidden},
		"to anyone":                              {asked: restriction.Set{"tlp": {"TLP:CLEAR"}, "onwardScope": {"anyone"}, "onwardConsent": {"never"}}, to: "epsilon"},
		"a translation where nothing is derived": {asked: derives("none"), relation: "translation", reason: policy.DerivationForbidden},
		"a copy where nothing is derived":        {asked: derives("none")},
		"a translation":                          {asked: derives("translate-only"), relation: "translation"},
		"an extract where only translated":       {asked: derives("translate-only"), relation: "extract", reason: policy.DerivationForbidden},
		"derived without the consent":            {asked: derives("with-consent"), relation: "derived", reason: policy.ConsentMissing},
		"derived with it":                        {asked: derives("with-consent"), relation: "derived", consent: as("derivation"), answer: "grant"},
		"derived with consent for another use":   {asked: derives("with-consent"), relation: "derived", consent: as("attribution"), answer: "grant", reason: policy.ConsentMissing},
		"before the embargo is over":             early,
		"at its moment":                          embargoed(0),
		"unread":                                 {asked: parties, unread: true, reason: policy.OnwardForbidden},
		"one's own, whatever it says":            {asked: restriction.Set{"onwardScope": {"none"}, "derivation": {"none"}}, relation: "derived", own: true},
		"looser than it came":                    {asked: restriction.Set{"onwardScope": {"agreement-parties"}, "onwardConsent": {"never"}, "judicialUse": {"prohibited"}}, looser: true, reason: policy.RestrictionLooser},
		"retracted": {asked: parties, reason: policy.ItemRetracted, happens: func(l *lives, _ act.ID) {
			l.by("alpha", act.DeskSign, &act.ItemRetract{Common: l.Common("alpha"), Officer: ledgertest.Officer("alpha", 1), Item: ledgertest.ItemID(1), Reason: "error"})
		}},
		"sealed for who cannot comply": {asked: parties, reason: policy.CannotComply, happens: func(l *lives, parent act.ID) { l.cannot("beta", parent) }},
		"of a suspended agreement, which may be read": {asked: community, members: []string{"epsilon"}, to: "epsilon", reason: policy.AgreementSuspended, happens: func(l *lives, parent act.ID) {
			l.steps(act.AgreementSuspendKind, parent, "gamma")
		}},
		"one's own that was retracted": {own: true, reason: policy.ItemRetracted, happens: func(l *lives, _ act.ID) {
			l.by("beta", act.DeskSign, &act.ItemRetract{Common: l.Common("beta"), Officer: ledgertest.Officer("beta", 1), Item: ledgertest.ItemID(1), Reason: "error"})
		}},
		"of an agreement that was terminated, which may be read": {retained: true, asked: community, members: []string{"epsilon"}, to: "epsilon", reason: policy.AgreementTerminated, happens: func(l *lives, parent act.ID) {
			l.steps(act.AgreementTerminateKind, parent, "gamma")
			l.Now = l.Now.Add(100 * aDay)
		}},
		"by a suspended part, which may read": {asked: community, members: []string{"epsilon"}, to: "epsilon", reason: policy.PartySuspended, happens: func(l *lives, parent act.ID) {
			l.by("beta", act.OfficerSign, &act.AgreementSuspendParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: l.step("beta", l.revision(parent)), Agency: "beta"}})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			want := c.reason
			if want == "" {
				want = policy.Allowed
			}
			if got := c.decide(t); got.Reason != want || got.Allow != (want == policy.Allowed) {
				t.Errorf("Decide = %+v, want %s", got, want)
			}
		})
	}
}
