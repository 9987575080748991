package policy

import (
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// decideParent asks whether what came from another release may be released by
// its receiver: Article 10(3) binds it to the originator's restrictions, and a
// third party gets it only inside the originator's scope or consent.
func decideParent(s *ledger.State, r Request, named act.Parent, now time.Time) *Decision {
	parent := s.Release(named.Release)
	if parent == nil || parent.Reader(r.Agency) == nil && parent.Item.Publisher != r.Agency {
		return refused(OnwardForbidden, string(named.Release))
	}
	if step := retracted(parent); step != nil {
		return refused(ItemRetracted, string(step.Act))
	}
	publisher := parent.Item.Publisher
	if publisher == r.Agency {
		return nil // its own item, on which nobody else's request rests
	}
	if no := decideTies(s, parent, r.Agency, now); no != nil {
		return no
	}
	// Nobody passes on what it would not be given now.
	if given := decideReceive(s, Request{Action: ToDeliver, Agency: r.Agency, Release: parent.ID, Described: true}, now); !given.Allow {
		return &given
	}
	terms := parent.Terms(r.Agency).Set
	if axis, looser := restriction.Set(r.Payload.Restrictions).Looser(inherited(parent, r.Agency)); looser {
		return refused(RestrictionLooser, string(parent.ID), string(axis))
	}
	if embargo, set := terms.Moment(restriction.Embargo); set && now.Before(embargo) {
		return refused(OnwardForbidden, string(parent.ID), string(restriction.Embargo))
	}
	if no := decideDerivation(s, r, parent, named, now); no != nil {
		return no
	}
	for _, recipient := range r.Recipients {
		if recipient == r.Agency || recipient == publisher {
			continue
		}
		if no := decideOnward(s, r, parent, named, recipient, now); no != nil {
			return no
		}
	}
	return nil
}

// decideTies asks whether the agreement under which a parent came still lets its
// receiver do something new with it: in force between the two, and nothing
// suspended, whether or not reading goes on.
func decideTies(s *ledger.State, parent *ledger.Release, maker act.AgencyName, now time.Time) *Decision {
	revision, publisher := parent.Revision, parent.Item.Publisher
	governs := governing(s, revision, publisher, maker, now)
	if no := inForce(governs, now); no != nil {
		return no
	}
	for _, each := range []*ledger.Revision{revision, governs} {
		if no := inForce(each, now); no != nil && no.Reason == AgreementSuspended {
			return no
		}
		for _, name := range []act.AgencyName{maker, publisher} {
			if no := stopped(each, name, now); no != nil {
				return no
			}
			if !each.Binds(name, now) {
				return notBound(each, name)
			}
		}
	}
	return nil
}

func decideDerivation(s *ledger.State, r Request, parent *ledger.Release, named act.Parent, now time.Time) *Decision {
	if named.Relation == "copy" {
		return nil
	}
	switch parent.Terms(r.Agency).Set.Value(restriction.Derivation) {
	case "allowed", "": // the agreement of the first schema has no such axis
		return nil
	case "translate-only":
		if named.Relation == "translation" {
			return nil
		}
	case "with-consent":
		return consented(s, r, parent, "derivation", "", now)
	}
	return refused(DerivationForbidden, string(parent.ID), string(restriction.Derivation))
}

// decideOnward asks whether one recipient is inside the scope that the originator
// drew, and whether its consent is needed and there.
func decideOnward(s *ledger.State, r Request, parent *ledger.Release, named act.Parent, recipient act.AgencyName, now time.Time) *Decision {
	terms := parent.Terms(r.Agency).Set
	if !withinScope(s, parent, terms.Value(restriction.OnwardScope), recipient, now) {
		if no := consented(s, r, parent, "onward", recipient, now); no != nil {
			if no.Reason == ConsentMissing {
				return refused(OnwardForbidden, string(parent.ID), string(restriction.OnwardScope))
			}
			return no
		}
		return nil
	}
	if terms.Value(restriction.OnwardConsent) == "never" {
		return nil
	}
	return consented(s, r, parent, "onward", recipient, now)
}

// withinScope reports whether another agency is inside the scope. Other agencies
// are never inside one's own organisation or among its clients.
func withinScope(s *ledger.State, parent *ledger.Release, scope string, recipient act.AgencyName, now time.Time) bool {
	switch scope {
	case "anyone":
		return true
	case "agreement-parties":
		return parent.Revision.Binds(recipient, now)
	case "defined-community":
		// The community is named by agencies and by kinds of agency.
		members := parent.Revision.Document.Definitions.Members
		agency := s.Agency(recipient)
		return parent.Revision.Binds(recipient, now) || slices.Contains(members, string(recipient)) ||
			agency != nil && slices.Contains(members, agency.Kind)
	}
	return false
}

// consented asks for a consent of the originator that covers this use, now.
// Silence is no, and so is a consent for another purpose.
func consented(s *ledger.State, r Request, parent *ledger.Release, use string, recipient act.AgencyName, now time.Time) *Decision {
	missing := refused(ConsentMissing, string(parent.ID), use)
	for _, named := range r.Payload.Parents {
		if named.Release != parent.ID || named.Consent == "" {
			continue
		}
		consent := s.Consent(named.Consent)
		switch {
		case consent == nil || consent.By != r.Agency || consent.Release != parent || consent.Payload.Use != use || consent.Payload.For != recipient:
		case !covers(consent, r.Payload):
		case consent.Granted == nil:
		case consent.Withdrawn != nil || !now.Before(consent.Payload.Until.Time):
			missing = refused(ConsentExpired, string(parent.ID), string(named.Consent))
		default:
			return nil
		}
	}
	return missing
}

// covers reports whether the release is for no purpose but the one that was
// consented to.
func covers(consent *ledger.Consent, p *act.ItemRelease) bool {
	purposes := p.Restrictions[string(restriction.Purposes)]
	return len(purposes) == 1 && purposes[0] == consent.Payload.Purpose
}
