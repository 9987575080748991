package policy

import (
	"slices"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/ledger"
)

// The places in a document that a refusal for a commitment names.
const (
	toGive    = "/commitments/give"
	toReceive = "/commitments/receive"
)

// mayGive asks whether a party undertook to release items of the kind. Documents of
// the first schema leave it to the role.
func mayGive(revision *ledger.Revision, name act.AgencyName, kind string) *Decision {
	if committed := revision.Commitment(name); committed != nil && !committed.Gives(kind) {
		return refused(KindNotCovered, revision.Digest, toGive)
	}
	return nil
}

// mayTake asks whether a party undertook to receive items of the kind. An observer
// gets covers only, of whatever is exchanged.
func mayTake(revision *ledger.Revision, name act.AgencyName, kind string) *Decision {
	committed := revision.Commitment(name)
	if committed == nil || revision.Party(name).Role == agreement.Observer || committed.Receives(kind) {
		return nil
	}
	return refused(KindNotCovered, revision.Digest, toReceive)
}

// exchange asks whether there is any kind that one gives and the other takes.
func exchange(revision *ledger.Revision, publisher, recipient act.AgencyName) *Decision {
	no := refused(KindNotCovered, revision.Digest, toGive)
	for _, kind := range revision.Document.ItemKinds {
		if mayGive(revision, publisher, kind) != nil {
			continue
		}
		if no = mayTake(revision, recipient, kind); no == nil {
			return nil
		}
	}
	return no
}

// givesNothing says of who undertook to give nothing that it releases nothing.
func givesNothing(revision *ledger.Revision, name act.AgencyName) *Decision {
	gives := func(kind string) bool { return mayGive(revision, name, kind) == nil }
	if slices.ContainsFunc(revision.Document.ItemKinds, gives) {
		return nil
	}
	return refused(KindNotCovered, revision.Digest, toGive)
}

// owesReciprocity says of who undertook to give something, where the agreement
// requires reciprocity, that it has given nothing yet, or taken all of it back: it
// opens nothing that others gave.
func owesReciprocity(s *ledger.State, revision *ledger.Revision, name act.AgencyName) *Decision {
	if !revision.Document.RequiresReciprocity() {
		return nil
	}
	committed := revision.Commitment(name)
	if committed == nil || len(committed.Give) == 0 || s.Agreement(revision.Document.ID).HasGiven(name) {
		return nil
	}
	return refused(ReciprocityOwed, revision.Digest, "/reciprocity")
}
