package ledger

import (
	"maps"
	"slices"

	"github.com/concordat-hub/concordat/internal/act"
)

// An agency that is invited to an agreement is told of its life so far when it
// may know already what came of its parties and their keys afterwards. What holds
// now is no reason to refuse what the hub took then, and must not hide it: here a
// partial state sees an entry as it stood.

// Chain returns the acts of the revision's life, in no particular order: whoever
// is to follow it needs all of them.
func (r *Revision) Chain() []act.ID { return slices.Collect(maps.Keys(r.chain)) }

// agencyAt returns the agency as it stood before the entry.
func (c *cursor) agencyAt(name act.AgencyName) *Agency {
	agency := c.agencies[name]
	if agency == nil || !c.late() {
		return agency
	}
	then := *agency
	if !before(agency.Left, c.entry.Index) {
		then.Left = nil
		if then.Standing == Offboarded {
			then.Standing = Enrolled
		}
	}
	then.Keys = slices.Clone(agency.Keys)
	for i := range then.Keys {
		for _, ended := range []**uint64{&then.Keys[i].Retired, &then.Keys[i].Revoked} {
			if !before(*ended, c.entry.Index) {
				*ended = nil
			}
		}
	}
	return &then
}

// stands returns the agency's signature, unless it fell with its key before this
// entry: a late state has heard of the key's end and not of what it did here.
func (c *cursor) stands(revision *Revision, name act.AgencyName) (Signature, bool) {
	signature, signed := revision.Signatures[name]
	if !signed || !c.late() || revision.Complete != nil {
		return signature, signed
	}
	key := c.agencies[name].key(signature.Key)
	return signature, key == nil || !before(key.Revoked, c.entry.Index)
}

// dropFallen takes those signatures back before the agreement is complete.
func (c *cursor) dropFallen(revision *Revision) {
	for name, signature := range revision.Signatures {
		if _, stands := c.stands(revision, name); !stands {
			delete(revision.Signatures, name)
			fell := signature.Step
			fell.Index = *c.agencies[name].key(signature.Key).Revoked
			revision.Voided[name] = fell
		}
	}
}
