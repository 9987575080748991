package policy

import (
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
)

// Part is what a party may do under a revision at all, whatever the item: the
// answers that Decide gives before it looks at one. An allowed answer says that
// with somebody it may; what is denied here Decide denies for every item. What a
// party owes for single items is no part of it.
type Part struct {
	Release Decision // put something new before at least one other party
	Receive Decision // be among the recipients of something new of at least one other party
	Read    Decision // open what at least one other party has released before
}

// PartOf answers for one agency under one revision at now.
func PartOf(s *ledger.State, revision *ledger.Revision, name act.AgencyName, now time.Time) Part {
	if s.Unknown {
		return nothing(deny(KindUnknown))
	}
	if no := standing(s, name); no != nil {
		return nothing(*no)
	}
	party := revision.Party(name)
	if party == nil {
		return nothing(deny(NotAParty, revision.Digest))
	}
	part := Part{partRelease(s, revision, name, now), partReceive(s, revision, name, now), partRead(s, revision, name, now)}
	if part.Read.Allow && !party.MayOpen() {
		part.Read = deny(RoleForbids, revision.Digest, string(party.Role))
	}
	if no := owesReciprocity(s, revision, name); part.Read.Allow && no != nil {
		part.Read = *no
	}
	return part
}

func nothing(no Decision) Part { return Part{no, no, no} }

func partReceive(s *ledger.State, revision *ledger.Revision, name act.AgencyName, now time.Time) Decision {
	if no := inForce(revision, now); no != nil {
		return *no
	}
	return withSomebody(revision, name, func(other act.AgencyName) *Decision {
		if no := mayRelease(s, revision, other, now); no != nil {
			return no
		}
		if no := mayBeGiven(s, revision, other, name, now); no != nil {
			return no
		}
		return exchange(revision, other, name)
	})
}

func partRelease(s *ledger.State, revision *ledger.Revision, name act.AgencyName, now time.Time) Decision {
	if no := inForce(revision, now); no != nil {
		return *no
	}
	if no := mayRelease(s, revision, name, now); no != nil {
		return *no
	}
	if no := givesNothing(revision, name); no != nil {
		return *no
	}
	return withSomebody(revision, name, func(other act.AgencyName) *Decision {
		if no := mayBeGiven(s, revision, name, other, now); no != nil {
			return no
		}
		return exchange(revision, name, other)
	})
}

// mayRelease asks what decideRelease asks of the party that releases, whatever it
// releases.
func mayRelease(s *ledger.State, revision *ledger.Revision, name act.AgencyName, now time.Time) *Decision {
	party := revision.Party(name)
	switch {
	case standing(s, name) != nil:
		return refused(PublisherNotParty, revision.Digest)
	case !revision.Binds(name, now):
		return notBound(revision, name)
	case !party.MayRelease():
		return refused(RoleForbids, revision.Digest, string(party.Role))
	case s.AuthorityLapsed(revision, name, now):
		return refused(AuthorityLapsed, revision.Digest, "/parties/authority")
	}
	return stopped(revision, name, now)
}

// mayBeGiven asks what decideRecipient asks of a recipient, whatever is released
// and whatever it owes for earlier items.
func mayBeGiven(s *ledger.State, revision *ledger.Revision, publisher, recipient act.AgencyName, now time.Time) *Decision {
	if no := mayReceive(s, revision, recipient, now); no != nil {
		return no
	}
	if newer := governing(s, revision, publisher, recipient, now); newer != revision {
		return refused(AgreementAmended, newer.Digest)
	}
	return stopped(revision, recipient, now)
}

func partRead(s *ledger.State, revision *ledger.Revision, name act.AgencyName, now time.Time) Decision {
	return withSomebody(revision, name, func(other act.AgencyName) *Decision {
		if !revision.Party(other).MayRelease() {
			return refused(RoleForbids, revision.Digest, string(revision.Party(other).Role))
		}
		anything := &ledger.Release{Revision: revision, Item: &ledger.Item{Publisher: other}}
		if no := decideParties(s, Request{Agency: name}, anything, now); no != nil {
			return no
		}
		return exchange(revision, other, name)
	})
}

// withSomebody allows if with any other party there is no obstacle, and else gives
// a reason: one of the asker's own or the agreement's, which is the same with
// everybody, rather than one that lies with somebody else.
func withSomebody(revision *ledger.Revision, name act.AgencyName, ask func(other act.AgencyName) *Decision) Decision {
	var first *Decision
	for _, other := range revision.AllParties() {
		if other.Agency == name {
			continue
		}
		no := ask(other.Agency)
		if no == nil {
			return Decision{Allow: true, Reason: Allowed, Evidence: []string{revision.Digest}}
		}
		if first == nil || slices.Contains([]string{RoleForbids, KindNotCovered, PublisherNotParty}, first.Reason) {
			first = no
		}
	}
	if first == nil {
		return deny(NotAParty, revision.Digest) // a document has two parties at least
	}
	return *first
}
