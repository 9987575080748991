package policy

import (
	"errors"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
)

func decideRelease(s *ledger.State, r Request, now time.Time) Decision {
	p := r.Payload
	revision := s.Revision(p.Agreement.Digest)
	if revision == nil || revision.Document.ID != p.Agreement.ID || revision.Party(r.Agency) == nil {
		return deny(AgreementUnknown)
	}
	if no := inForce(revision, now); no != nil {
		return *no
	}
	document := revision.Document
	party := revision.Party(r.Agency)
	switch {
	case !revision.Binds(r.Agency, now):
		return *notBound(revision, r.Agency)
	case !party.MayRelease():
		return deny(RoleForbids, revision.Digest, string(party.Role))
	case !document.Covers(p.ItemKind):
		return deny(KindNotCovered, revision.Digest, "/itemKinds")
	case mayGive(revision, r.Agency, p.ItemKind) != nil:
		return *mayGive(revision, r.Agency, p.ItemKind)
	case s.AuthorityLapsed(revision, r.Agency, now):
		return deny(AuthorityLapsed, revision.Digest, "/parties/authority")
	}
	if no := stopped(revision, r.Agency, now); no != nil {
		return *no
	}
	if item := s.Item(p.Item); item != nil && item.Retracted != nil {
		return deny(ItemRetracted, string(item.Retracted.Act))
	}
	if no := screenedAndApproved(p); no != nil {
		return *no
	}
	if no := decideTerms(revision, p); no != nil {
		return *no
	}
	for _, recipient := range r.Recipients {
		if recipient == r.Agency {
			continue // the publisher's own identity is always among the recipients
		}
		if no := decideRecipient(s, r, revision, recipient, now); no != nil {
			return *no
		}
	}
	for _, parent := range p.Parents {
		if no := decideParent(s, r, parent, now); no != nil {
			return *no
		}
	}
	return Decision{Allow: true, Reason: Allowed, Evidence: []string{revision.Digest}, Obligations: reviewObligation(revision, now)}
}

// screenedAndApproved asks for the attestation and for a second person's word
// on exactly this content.
func screenedAndApproved(p *act.ItemRelease) *Decision {
	if p.Attestation.Verdict != "release" || p.Attestation.Content != p.Content {
		return refused(AttestationMissing)
	}
	for _, approval := range p.Approvals {
		if approval.Officer != p.Author && approval.Content == p.Content {
			return nil
		}
	}
	return refused(TwoPersonRequired)
}

// decideTerms holds the restrictions of a release against the agreement's floor.
func decideTerms(revision *ledger.Revision, p *act.ItemRelease) *Decision {
	asked := restriction.Set(p.Restrictions)
	if err := asked.ValidateDeclared(); err != nil {
		return refused(RestrictionUnknown, axisOf(err))
	}
	floor := restriction.Meet(revision.Document.Floor, restriction.Set{string(restriction.Purposes): revision.Document.Purposes})
	if axis, looser := asked.Looser(floor); looser {
		return refused(RestrictionLooser, revision.Digest, string(axis))
	}
	if !labelDefined(asked, revision.Document.Definitions) {
		return refused(LabelUndefined, revision.Digest, "/definitions")
	}
	// An agreement of the first schema was made before contradictions were looked for.
	if revision.Document.Schema == agreement.SchemaV2 {
		if pair := asked.Contradiction(); pair != nil {
			return refused(Contradiction, string(pair.A), string(pair.B))
		}
	}
	return nil
}

func decideRecipient(s *ledger.State, r Request, revision *ledger.Revision, recipient act.AgencyName, now time.Time) *Decision {
	if no := mayReceive(s, revision, recipient, now); no != nil {
		return no
	}
	if no := mayTake(revision, recipient, r.Payload.ItemKind); no != nil {
		return no
	}
	if newer := governing(s, revision, r.Agency, recipient, now); newer != revision {
		return refused(AgreementAmended, newer.Digest)
	}
	if no := stopped(revision, recipient, now); no != nil {
		return no
	}
	// A release may come before the moment from which it is delivered.
	asked := restriction.Set(r.Payload.Restrictions).Without(restriction.NotBefore)
	if ok, axis := asked.Permit(useOf(revision, recipient, now)); !ok {
		return refused(RestrictionForbids, string(axis))
	}
	return nil
}

// HeldFor says why something that the publisher released to the recipient now would
// be held: it is taken and sealed for the recipient, which gets it once it has
// given the answer that it owes. Nil means that nothing holds it.
func HeldFor(s *ledger.State, revision *ledger.Revision, publisher, recipient act.AgencyName, now time.Time) *Decision {
	return overdue(s, revision, publisher, recipient, now, now)
}

// StillHeld says why a release is held for the recipient at now, like HeldFor.
func StillHeld(s *ledger.State, release *ledger.Release, recipient act.AgencyName, now time.Time) *Decision {
	return overdue(s, release.Revision, release.Item.Publisher, recipient, release.Time, now)
}

// useOf is the delivery of a cover to an agency.
func useOf(revision *ledger.Revision, name act.AgencyName, now time.Time) restriction.Use {
	use := restriction.Use{Agency: string(name), At: now}
	if party := revision.Party(name); party != nil {
		use.Kind, use.Jurisdiction = party.Kind, party.Jurisdiction
	}
	return use
}

// labelDefined refuses a label whose words the agreement leaves open. FIRST TLP
// 2.0: "when 'community' is not defined, assume the cybersecurity/defense
// community"; the clients of TLP:AMBER are those of cybersecurity services.
func labelDefined(asked restriction.Set, words agreement.Definitions) bool {
	for _, label := range asked[string(restriction.TLP)] {
		if label == "TLP:GREEN" && words.Community == "" || label == "TLP:AMBER" && words.Clients == "" {
			return false
		}
	}
	return true
}

func axisOf(err error) string {
	var wrong *restriction.Error
	if errors.As(err, &wrong) {
		return string(wrong.Axis)
	}
	return ""
}
