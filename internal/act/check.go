package act

import (
	"fmt"
	"regexp"
	"slices"
)

// Error says why bytes are not an act that this hub accepts. Code is stable and
// goes to clients; Detail is for a person and never quotes the input.
type Error struct {
	Code   string
	Detail string
}

func (e *Error) Error() string { return e.Code + ": " + e.Detail }

func refuse(code, format string, args ...any) error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

func malformed(member string) error {
	return refuse("act_malformed", "member %s does not have the form that its kind asks for", member)
}

var (
	jtiForm       = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)
	digestForm    = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	agreementForm = regexp.MustCompile(`^agr-[a-z2-7]{26}$`)
	itemForm      = regexp.MustCompile(`^itm-[a-z2-7]{26}$`)
	termForm      = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	// The name of an axis is in lower camel case.
	axisForm = regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,62}$`)
	hashForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	// A vocabulary term as the Agency kind spells it: police, FIU, labour-inspection.
	agencyKindForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*(-[a-z0-9]+)*$`)
	officerForm    = regexp.MustCompile(`^ofc-[a-z2-7]{26}$`)
)

// MaxDescriptors bounds the padded list of a release: 2 parts for 1,024 entries.
const MaxDescriptors = 2048

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func form(member, value string, want *regexp.Regexp) error {
	if len(value) > 256 || !want.MatchString(value) {
		return malformed(member)
	}
	return nil
}

func optional(member, value string, want *regexp.Regexp) error {
	if value == "" {
		return nil
	}
	return form(member, value, want)
}

func text(member, value string, limit int) error {
	if value == "" || len(value) > limit {
		return malformed(member)
	}
	return nil
}

func (c *Common) checkCommon() error {
	if c.IssuedAt.IsZero() {
		return malformed("iat")
	}
	return form("jti", c.JTI, jtiForm)
}

func (r AgreementRef) check() error {
	return first(form("agreement.id", r.ID, agreementForm), form("agreement.digest", r.Digest, digestForm))
}

func (p *AgencyEnrol) check() error {
	if !slices.Contains([]string{"managed", "external"}, p.Custody) {
		return malformed("custody")
	}
	for _, key := range []JWK{p.Keys.OfficerSign, p.Keys.DeskSign, p.Keys.WitnessSign} {
		if _, err := key.PublicKey(); err != nil {
			return err
		}
	}
	return first(p.checkCommon(), CheckAgencyName(p.Agency), text("legalName", p.LegalName, 256),
		form("agencyKind", p.AgencyKind, agencyKindForm), text("jurisdiction", p.Jurisdiction, 63), text("proof", p.Proof, 8*kib))
}

func (p *AgencyStanding) check() error {
	return first(p.checkCommon(), CheckAgencyName(p.Agency), form("prev", string(p.Prev), hashForm))
}

func (p *KeyAdd) check() error {
	signing := p.Purpose == OfficerSign || p.Purpose == DeskSign || p.Purpose == WitnessSign
	switch {
	case signing && p.Key != nil && p.Recipient == "":
		if _, err := p.Key.PublicKey(); err != nil {
			return err
		}
	case p.Purpose == Sealing && p.Key == nil:
		if err := text("recipient", p.Recipient, 4*kib); err != nil {
			return err
		}
	default:
		return malformed("purpose")
	}
	return first(p.checkCommon(), form("prev", string(p.Prev), hashForm))
}

func (p *KeyEnd) check() error {
	known := []Purpose{OfficerSign, DeskSign, WitnessSign, Sealing}
	if !slices.Contains(known, p.Purpose) || !p.Thumbprint.Valid() {
		return malformed("purpose")
	}
	return first(p.checkCommon(), form("prev", string(p.Prev), hashForm))
}

func (p *AgreementPropose) check() error {
	return first(p.checkCommon(), text("document", p.Document, 128*kib), optional("prev", string(p.Prev), hashForm))
}

func (p *AgreementStep) check() error {
	return first(p.checkCommon(), p.Agreement.check(), form("officer", p.Officer, officerForm),
		optional("reason", p.Reason, termForm), form("prev", string(p.Prev), hashForm))
}

func (p *ItemRelease) check() error {
	if err := first(p.checkCommon(), form("item", p.Item, itemForm), form("itemKind", p.ItemKind, termForm),
		p.Agreement.check(), form("content", p.Content, digestForm), form("author", p.Author, officerForm)); err != nil {
		return err
	}
	if p.Version < 1 || p.Version > 1<<20 {
		return malformed("version")
	}
	n := len(p.Descriptors)
	if n < 2 || n > MaxDescriptors || n&(n-1) != 0 {
		return refuse("act_malformed", "the descriptor hashes are not padded to a power of two between 2 and %d", MaxDescriptors)
	}
	for _, hash := range p.Descriptors {
		if err := form("descriptors", hash, digestForm); err != nil {
			return err
		}
	}
	if len(p.Approvals) > 8 {
		return malformed("approvals")
	}
	for _, approval := range p.Approvals {
		if err := first(form("approvals.officer", approval.Officer, officerForm), form("approvals.content", approval.Content, digestForm)); err != nil {
			return err
		}
	}
	if len(p.Parents) > MaxParents {
		return malformed("parents")
	}
	for _, parent := range p.Parents {
		if err := parent.check(); err != nil {
			return err
		}
	}
	return p.Attestation.check()
}

func (a Attestation) check() error {
	return first(form("attestation.ruleset", a.Ruleset, digestForm), text("attestation.tool", a.Tool, 128),
		form("attestation.verdict", a.Verdict, termForm), form("attestation.content", a.Content, digestForm))
}

func (p *ItemRetract) check() error {
	return first(p.checkCommon(), form("item", p.Item, itemForm), form("officer", p.Officer, officerForm), form("reason", p.Reason, termForm))
}

func (p *ItemOpen) check() error {
	if p.Form != "" && !slices.Contains(Forms(), p.Form) {
		return malformed("form")
	}
	return first(p.checkCommon(), form("release", string(p.Release), hashForm), form("part", p.Part, termForm),
		form("purpose", p.Purpose, termForm), form("restrictions", p.Restrictions, digestForm), form("officer", p.Officer, officerForm))
}
