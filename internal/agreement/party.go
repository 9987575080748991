package agreement

import (
	"errors"
	"slices"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
)

// MaxPartySize bounds the canonical bytes of one party, as an accession carries
// them.
const MaxPartySize = 8 << 10

// authorities are the kinds of agency that act for a State. Every other kind, and
// one that this version does not know, has to undertake the duty of Article 10(3).
var authorities = []string{
	"FIU", "asylum", "border", "border-guard", "coast-guard", "consular", "court", "customs", "education", "foreign-affairs",
	"gendarmerie", "health", "immigration", "intelligence", "interior", "judiciary", "justice", "labour-inspection", "ministry",
	"national-rapporteur", "police", "prosecution", "social-services", "tax",
}

// ActsForState reports whether a party of this kind is an authority of a State,
// which Article 10(3) of the Palermo Protocol binds by itself.
func (p *Party) ActsForState() bool { return slices.Contains(authorities, p.Kind) }

// ParseParty reads the exact bytes in which an agency that accedes describes
// itself as a party: canonical JSON, complete as schema v2 wants it. The error is
// an *Error with a place inside the party. Whether the party fits a document is
// asked of Admits.
func ParseParty(b []byte) (*Party, error) {
	if len(b) > MaxPartySize {
		return nil, &Error{"document_too_large", "/"}
	}
	var p Party
	if err := canonical.Unmarshal(b, &p); err != nil {
		var refused *canonical.Error
		if errors.As(err, &refused) && refused.Code == "not_canonical" {
			return nil, &Error{"document_not_canonical", "/"}
		}
		place := "/"
		if refused != nil && refused.Pointer != "" {
			place = refused.Pointer
		}
		return nil, &Error{"document_malformed", place}
	}
	again, err := p.Bytes()
	if err != nil {
		return nil, err
	}
	if string(again) != string(b) {
		return nil, &Error{"document_not_canonical", "/"}
	}
	return &p, nil
}

// Bytes returns the canonical bytes of a party that is complete by itself.
func (p *Party) Bytes() ([]byte, error) {
	if err := each(
		func() error { return checkCharacters(p) },
		func() error { return p.check("") },
		func() error { return p.checkComplete("") },
		func() error { return p.checkKeys("") },
	); err != nil {
		return nil, err
	}
	return canonical.Marshal(p)
}

// Admits returns an *Error, with a place inside the party, if the party cannot
// join the document: it is one already, a key of it is another's, or the party
// that is said to answer for it does not act for a State. Also are the parties who
// acceded before.
func (d *Document) Admits(p *Party, also ...*Party) error {
	for i := range d.Parties {
		also = append(also, &d.Parties[i])
	}
	if len(also) >= MaxParties {
		return wrong("parties_too_few_or_many", "/agency")
	}
	answers := p.Undertaking == nil
	for _, other := range also {
		if other.Agency == p.Agency {
			return wrong("party_twice", "/agency")
		}
		for _, key := range []act.Thumbprint{other.OfficerSign, other.DeskSign} {
			if key == p.OfficerSign || key == p.DeskSign {
				return wrong("key_twice", "/officerSign")
			}
		}
		answers = answers || other.Agency == p.Undertaking.AdmittedBy && other.ActsForState()
	}
	if !answers {
		return wrong("clause_names_no_party", "/undertaking/admittedBy")
	}
	return nil
}

func (p *Party) checkKeys(at string) error {
	if p.OfficerSign == p.DeskSign {
		return wrong("key_twice", "%s/deskSign", at)
	}
	return nil
}

// checkComplete asks for what schema v2 adds to a party.
func (p *Party) checkComplete(at string) error {
	if p.Authority == nil {
		return wrong("clause_missing", "%s/authority", at)
	}
	if err := sized(at+"/authority/instrument", p.Authority.Instrument, maxName); err != nil {
		return err
	}
	switch {
	case p.Undertaking == nil && !p.ActsForState():
		return wrong("undertaking_missing", "%s/undertaking", at)
	case p.Undertaking == nil:
		return nil
	case !p.Undertaking.ComplyWithRestrictions:
		return wrong("clause_is_constant", "%s/undertaking/complyWithRestrictions", at)
	case act.CheckAgencyName(p.Undertaking.AdmittedBy) != nil || p.Undertaking.AdmittedBy == p.Agency:
		return wrong("clause_names_no_party", "%s/undertaking/admittedBy", at)
	}
	return nil
}
