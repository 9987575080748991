// Package bench measures, and asserts nothing: figures are ratios against a peer
// or a limit in the same run.
//
//	make bench
package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
)

const agencies = 1000

// scale is a folded ledger of many agreements of three parties, with one release
// under each.
type scale struct {
	world    *ledgertest.World
	releases []*ledger.Release
	readers  []act.AgencyName
}

func newScale(b *testing.B, agreements int) *scale {
	b.Helper()
	s := &scale{world: ledgertest.New()}
	names := make([]act.AgencyName, agencies)
	for i := range names {
		names[i] = act.AgencyName(fmt.Sprintf("agency%d", i))
	}
	if err := s.world.Enrol(names...); err != nil {
		b.Fatal(err)
	}
	for i := range agreements {
		parties := []act.AgencyName{names[i%agencies], names[(i*7+1)%agencies], names[(i*13+2)%agencies]}
		if parties[0] == parties[1] || parties[1] == parties[2] || parties[0] == parties[2] {
			parties = names[:3]
		}
		document := agreementtest.Document(parties...)
		document.ID = act.NewAgreementID()
		digest, err := s.world.InForce(document)
		if err != nil {
			b.Fatal(err)
		}
		id, err := s.world.By(parties[0], act.DeskSign, s.world.Release(parties[0], act.NewItemID(), 1, digest, nil))
		if err != nil {
			b.Fatal(err)
		}
		s.releases = append(s.releases, s.world.State.Release(id))
		s.readers = append(s.readers, parties[1])
	}
	return s
}

func (s *scale) request(n int) policy.Request {
	release := s.releases[n%len(s.releases)]
	return policy.Request{
		Action: policy.ToOpen, Agency: s.readers[n%len(s.readers)], Release: release.ID, Described: true,
		Purpose: "training", Accepted: release.EffectiveDigest,
	}
}

// The rules of policy.Decide for an open, in Cedar's words: the entities hold
// what the fold knows.
const cedarRules = `permit(principal, action == Action::"open", resource) when {
  principal.standing == "enrolled" && resource.publisher.standing == "enrolled" &&
  !resource.retracted && resource.agreement.complete && !resource.agreement.suspended &&
  context.now >= resource.agreement.from && context.now < resource.agreement.to &&
  resource.agreement.bound.contains(principal) && resource.agreement.bound.contains(resource.publisher) &&
  resource.agreement.readers.contains(principal) &&
  resource.agreement.purposes.contains(context.purpose) && resource.purposes.contains(context.purpose) &&
  context.described && context.accepted == resource.terms
};`

func uid(kind string, id any) cedar.EntityUID {
	return cedar.NewEntityUID(cedar.EntityType(kind), cedar.String(fmt.Sprint(id)))
}

func set(terms []string) cedar.Set {
	values := make([]cedar.Value, len(terms))
	for i, term := range terms {
		values[i] = cedar.String(term)
	}
	return cedar.NewSet(values...)
}

func (s *scale) entities() cedar.EntityMap {
	entities := cedar.EntityMap{}
	add := func(id cedar.EntityUID, attributes cedar.RecordMap) {
		entities[id] = cedar.Entity{UID: id, Attributes: cedar.NewRecord(attributes)}
	}
	s.world.State.Agencies(func(a *ledger.Agency) {
		add(uid("Agency", a.Name), cedar.RecordMap{"standing": cedar.String(a.Standing)})
	})
	for _, release := range s.releases {
		revision := release.Revision
		var bound, readers []cedar.Value
		for _, party := range revision.Document.Parties {
			bound = append(bound, uid("Agency", party.Agency))
			if party.Role == agreement.Both || party.Role == agreement.Recipient {
				readers = append(readers, uid("Agency", party.Agency))
			}
		}
		add(uid("Agreement", revision.Digest), cedar.RecordMap{
			"complete": cedar.Boolean(revision.Complete != nil), "suspended": cedar.Boolean(len(revision.Suspended) > 0),
			"from": cedar.Long(revision.Document.EntryIntoForce.NotBefore.Unix()), "to": cedar.Long(revision.Document.Expires.Unix()),
			"bound": cedar.NewSet(bound...), "readers": cedar.NewSet(readers...), "purposes": set(revision.Document.Purposes),
		})
		add(uid("Release", release.ID), cedar.RecordMap{
			"publisher": uid("Agency", release.Item.Publisher), "agreement": uid("Agreement", revision.Digest),
			"retracted": cedar.Boolean(false), "purposes": set(release.Effective["purposes"]), "terms": cedar.String(release.EffectiveDigest),
		})
	}
	return entities
}

func BenchmarkDecide(b *testing.B) {
	for _, agreements := range []int{1000, 5000} {
		s := newScale(b, agreements)
		b.Run(fmt.Sprintf("concordat/agreements=%d", agreements), func(b *testing.B) {
			n := 0
			for b.Loop() {
				if !policy.Decide(s.world.State, s.request(n), s.world.Now).Allow {
					b.Fatal("denied")
				}
				n++
			}
			perSecond(b)
		})
		b.Run(fmt.Sprintf("cedar/agreements=%d", agreements), func(b *testing.B) { benchmarkCedar(b, s) })
	}
}

func benchmarkCedar(b *testing.B, s *scale) {
	var rule cedar.Policy
	if err := rule.UnmarshalCedar([]byte(cedarRules)); err != nil {
		b.Fatal(err)
	}
	policies := cedar.NewPolicySet()
	policies.Add("open", &rule)
	entities := s.entities()
	n := 0
	for b.Loop() {
		r := s.request(n)
		request := cedar.Request{
			Principal: uid("Agency", r.Agency), Action: uid("Action", "open"), Resource: uid("Release", r.Release),
			Context: cedar.NewRecord(cedar.RecordMap{
				"now": cedar.Long(s.world.Now.Unix()), "purpose": cedar.String(r.Purpose),
				"described": cedar.Boolean(r.Described), "accepted": cedar.String(r.Accepted),
			}),
		}
		if ok, diagnostic := cedar.Authorize(policies, entities, request); ok != cedar.Allow {
			b.Fatal("denied", diagnostic)
		}
		n++
	}
	perSecond(b)
}

func perSecond(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

// BenchmarkFold measures catching up: verifying and applying each entry.
func BenchmarkFold(b *testing.B) {
	s := newScale(b, 1000)
	for b.Loop() {
		state, err := ledger.New(ledgertest.Genesis())
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		if err := ledger.Fold(state, s.world.Entries); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(s.world.Entries))/time.Since(began).Seconds(), "entries/s")
	}
}
