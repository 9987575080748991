package policy

import (
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// Answer is what Decide says of one party about one release.
type Answer struct {
	Agency act.AgencyName
	Decision
}

// Explain says who among the parties of a release's agreement could open it at an
// instant, and why: one answer per party, in the order of the document. It asks
// Decide as a party would that had read the terms and came for a purpose that the
// release allows, so what an answer denies nobody could have mended by asking
// otherwise.
//
// s is the ledger folded to the instant, see ledger.FoldUntil. The release may
// come from a later fold: what is read of it, its act and its agreement's text,
// does not change, and one that s does not hold was not released yet.
// described are the agencies whom a descriptor of the release names, see Request;
// the publisher is one by itself.
func Explain(s *ledger.State, release *ledger.Release, described []act.AgencyName, at time.Time) []Answer {
	named := map[act.AgencyName]bool{release.Item.Publisher: true}
	for _, name := range described {
		named[name] = true
	}
	if then := s.Release(release.ID); then != nil {
		release = then // with the terms and the parties of that instant
	}
	var answers []Answer
	for _, party := range release.Revision.AllParties() {
		terms := release.Terms(party.Agency)
		request := Request{
			Action: ToOpen, Agency: party.Agency, Release: release.ID, Described: named[party.Agency],
			Accepted: terms.Digest, Purpose: one(terms.Set, restriction.Purposes, ""), Officer: one(terms.Set, restriction.Officers, "any"),
		}
		answers = append(answers, Answer{party.Agency, Decide(s, request, at)})
	}
	return answers
}

// one returns a term that the axis allows.
func one(terms restriction.Set, axis restriction.Axis, otherwise string) string {
	if allowed := terms[string(axis)]; len(allowed) > 0 {
		return allowed[0]
	}
	return otherwise
}
