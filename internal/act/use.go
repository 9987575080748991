package act

import (
	"slices"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// The kinds of what happens to an item after its release: restrictions on its
// use, how receivers answer them, and what everybody owes afterwards.
const (
	ItemRestrictKind     Kind = "item.restrict"
	ItemAcknowledgeKind  Kind = "item.acknowledge"
	ItemCannotComplyKind Kind = "item.cannot-comply"
	ItemReportUseKind    Kind = "item.report-use"
	ItemAttestKind       Kind = "item.attest"
	ConsentRequestKind   Kind = "consent.request"
	ConsentGrantKind     Kind = "consent.grant"
	ConsentRefuseKind    Kind = "consent.refuse"
	ConsentWithdrawKind  Kind = "consent.withdraw"
	HoldPlaceKind        Kind = "hold.place"
	HoldLiftKind         Kind = "hold.lift"
	NoticeDisclosureKind Kind = "notice.disclosure"
)

// Parent names a release from which an item was made, how, and the originator's
// consent where one is needed.
type Parent struct {
	Release  ID     `json:"release"`
	Relation string `json:"relation"` // see Relations
	Consent  ID     `json:"consent,omitempty"`
}

// Relations are the ways in which an item comes from another: passed on as it
// is, translated, taken in part, or worked into something new (ODRL 2.2
// distribute, translate, extract, derive).
func Relations() []string { return []string{"copy", "derived", "extract", "translation"} }

// MaxParents bounds the releases from which one item is made.
const MaxParents = 16

// Forms are the ways in which content leaves the desk for an officer, strictest
// first: shown, printed, saved with the reader's mark, saved.
func Forms() []string { return []string{"view-only", "print", "download-watermarked", "download"} }

// ItemRestrict tightens the terms of what was released, from its place in the
// ledger on: Palermo Protocol, Article 10(3), for a need that arises later. It
// can only take away; loosening is a new version.
type ItemRestrict struct {
	Common
	Item         string              `json:"item"`
	Version      int                 `json:"version"`           // this version and all earlier ones; a later one has terms of its own
	Release      ID                  `json:"release,omitempty"` // one release only; empty means all of them
	For          []AgencyName        `json:"for,omitempty"`     // sorted; empty means every receiver
	Restrictions map[string][]string `json:"restrictions"`
	Acknowledge  canonical.Time      `json:"acknowledgeBy"`
	Officer      string              `json:"officer"`
	Reason       string              `json:"reason,omitempty"` // Article 10(3) asks for none
}

// ItemAcknowledge says that the receiver has the terms of exactly this digest
// before it and complies; Prerequisites names those that it attests to meet.
type ItemAcknowledge struct {
	Common
	Release       ID       `json:"release"`
	Restrictions  string   `json:"restrictions"`
	Prerequisites []string `json:"prerequisites,omitempty"`
	Officer       string   `json:"officer"`
}

// ItemCannotComply says that the receiver cannot comply with these terms. It
// seals the item for the receiver at once (Council of Europe Convention on
// Action against Trafficking, Article 34(3): the sender then decides).
type ItemCannotComply struct {
	Common
	Release      ID     `json:"release"`
	Restrictions string `json:"restrictions"`
	Axis         string `json:"axis"`
	Reason       string `json:"reason"` // domestic-law, technical, organisational, other
	Officer      string `json:"officer"`
}

// ItemReportUse says what an item was used for, in codes and without a case.
type ItemReportUse struct {
	Common
	Release  ID       `json:"release"`
	Purposes []string `json:"purposes"` // sorted
	Outcome  string   `json:"outcome"`  // see UseOutcomes
	Officer  string   `json:"officer"`
}

// UseOutcomes are what a use report can say came of it.
func UseOutcomes() []string {
	return []string{"measure-adopted", "no-use", "not-useful", "training-held", "useful"}
}

// ItemAttest is a holder's word on its own copies: destroyed, returned, or kept
// under the terms. Nobody can verify it from outside; it is signed.
type ItemAttest struct {
	Common
	Release   ID     `json:"release"`
	Statement string `json:"statement"`        // see Statements
	Method    string `json:"method,omitempty"` // a term, such as crypto-erase
	Officer   string `json:"officer"`
}

// Statements are what a holder can attest of its copies.
func Statements() []string { return []string{"destroyed", "retained-under-terms", "returned"} }

// ConsentRequest asks the originator for a use that its restrictions leave to its
// consent. Silence is no.
type ConsentRequest struct {
	Common
	Release ID             `json:"release"`
	Use     string         `json:"use"`           // see ConsentUses
	For     AgencyName     `json:"for,omitempty"` // of onward: who would receive it
	Purpose string         `json:"purpose"`
	Until   canonical.Time `json:"until"`
	// AnswerBy is when the asker stops waiting; silence is no from then on, or
	// from the end of the time that the agreement gives, whichever is earlier.
	AnswerBy canonical.Time `json:"answerBy,omitzero"`
	Officer  string         `json:"officer"`
}

// ConsentUses are the uses for which consent is asked: attribution, derivation,
// use in judicial proceedings, and passing on.
func ConsentUses() []string { return []string{"attribution", "derivation", "judicial-use", "onward"} }

// ConsentGrant gives what was asked, inside what was asked.
type ConsentGrant struct{ ConsentAnswer }

// ConsentRefuse refuses it.
type ConsentRefuse struct{ ConsentAnswer }

// ConsentWithdraw takes a consent back, from here on.
type ConsentWithdraw struct{ ConsentAnswer }

// ConsentAnswer names the request that is answered.
type ConsentAnswer struct {
	Common
	Request ID     `json:"request"`
	Officer string `json:"officer"`
	Reason  string `json:"reason,omitempty"`
}

func (p *ConsentAnswer) consentAnswer() *ConsentAnswer { return p }

// HoldPlace stops the disposal of the signer's own copies of a release for a
// legal reason; the originator is told.
type HoldPlace struct{ HoldStep }

// HoldLift ends the signer's own hold.
type HoldLift struct{ HoldStep }

// HoldStep names the release that is held.
type HoldStep struct {
	Common
	Release ID     `json:"release"`
	Reason  string `json:"reason"`
	Officer string `json:"officer"`
}

// NoticeDisclosure tells the originator of a disclosure that its restrictions
// cannot stop: exculpatory (UN Convention against Transnational Organized Crime,
// Article 18(5)), or compelled by domestic law. It is never refused for its
// content, and is sent before the disclosure where that is possible.
type NoticeDisclosure struct {
	Common
	Release      ID             `json:"release"`
	Cause        string         `json:"cause"` // exculpatory or compelled
	Advance      bool           `json:"advance"`
	Why          string         `json:"whyNotInAdvance,omitempty"` // a term; must be there without advance notice
	Consultation bool           `json:"consultationRequested"`
	Disclosure   canonical.Time `json:"disclosure"` // when it is or was made
	Officer      string         `json:"officer"`
}

// Kind implements Payload for each kind.
func (*ItemRestrict) Kind() Kind     { return ItemRestrictKind }
func (*ItemAcknowledge) Kind() Kind  { return ItemAcknowledgeKind }
func (*ItemCannotComply) Kind() Kind { return ItemCannotComplyKind }
func (*ItemReportUse) Kind() Kind    { return ItemReportUseKind }
func (*ItemAttest) Kind() Kind       { return ItemAttestKind }
func (*ConsentRequest) Kind() Kind   { return ConsentRequestKind }
func (*ConsentGrant) Kind() Kind     { return ConsentGrantKind }
func (*ConsentRefuse) Kind() Kind    { return ConsentRefuseKind }
func (*ConsentWithdraw) Kind() Kind  { return ConsentWithdrawKind }
func (*HoldPlace) Kind() Kind        { return HoldPlaceKind }
func (*HoldLift) Kind() Kind         { return HoldLiftKind }
func (*NoticeDisclosure) Kind() Kind { return NoticeDisclosureKind }

// ReleaseOf returns the release that an act after the release speaks of, or "".
func ReleaseOf(p Payload) ID {
	switch p := p.(type) {
	case *ItemOpen:
		return p.Release
	case *ItemRestrict:
		return p.Release
	case *ItemAcknowledge:
		return p.Release
	case *ItemCannotComply:
		return p.Release
	case *ItemReportUse:
		return p.Release
	case *ItemAttest:
		return p.Release
	case *ConsentRequest:
		return p.Release
	case *HoldPlace:
		return p.Release
	case *HoldLift:
		return p.Release
	case *NoticeDisclosure:
		return p.Release
	}
	return ""
}

// AnswerOf returns the answer to a consent request, and whether p is one.
func AnswerOf(p Payload) (*ConsentAnswer, bool) {
	answer, ok := p.(interface{ consentAnswer() *ConsentAnswer })
	if !ok {
		return nil, false
	}
	return answer.consentAnswer(), true
}

func (p *ItemRestrict) check() error {
	if len(p.For) > 1024 || !ascending(p.For) {
		return malformed("for")
	}
	for _, name := range p.For {
		if err := CheckAgencyName(name); err != nil {
			return err
		}
	}
	if p.Version < 1 || p.Version > 1<<20 {
		return malformed("version")
	}
	if len(p.Restrictions) == 0 || p.Acknowledge.IsZero() {
		return malformed("restrictions")
	}
	return first(p.checkCommon(), form("item", p.Item, itemForm), optional("release", string(p.Release), hashForm),
		form("officer", p.Officer, officerForm), optional("reason", p.Reason, termForm))
}

func (p *ItemAcknowledge) check() error {
	if len(p.Prerequisites) > 32 || !ascending(p.Prerequisites) {
		return malformed("prerequisites")
	}
	for _, term := range p.Prerequisites {
		if err := form("prerequisites", term, termForm); err != nil {
			return err
		}
	}
	return first(p.checkCommon(), form("release", string(p.Release), hashForm), form("restrictions", p.Restrictions, digestForm),
		form("officer", p.Officer, officerForm))
}

func (p *ItemCannotComply) check() error {
	return first(p.checkCommon(), form("release", string(p.Release), hashForm), form("restrictions", p.Restrictions, digestForm),
		form("axis", p.Axis, axisForm), form("reason", p.Reason, termForm), form("officer", p.Officer, officerForm))
}

func (p *ItemReportUse) check() error {
	if len(p.Purposes) > 32 || !ascending(p.Purposes) {
		return malformed("purposes")
	}
	for _, purpose := range p.Purposes {
		if err := form("purposes", purpose, termForm); err != nil {
			return err
		}
	}
	return first(p.checkCommon(), form("release", string(p.Release), hashForm), oneOf("outcome", p.Outcome, UseOutcomes()),
		form("officer", p.Officer, officerForm))
}

func (p *ItemAttest) check() error {
	return first(p.checkCommon(), form("release", string(p.Release), hashForm), oneOf("statement", p.Statement, Statements()),
		optional("method", p.Method, termForm), form("officer", p.Officer, officerForm))
}

func (p *ConsentRequest) check() error {
	if (p.Use == "onward") == (p.For == "") || p.Until.IsZero() {
		return malformed("for")
	}
	if p.For != "" {
		if err := CheckAgencyName(p.For); err != nil {
			return err
		}
	}
	return first(p.checkCommon(), form("release", string(p.Release), hashForm), oneOf("use", p.Use, ConsentUses()),
		form("purpose", p.Purpose, termForm), form("officer", p.Officer, officerForm))
}

func (p *ConsentAnswer) check() error {
	return first(p.checkCommon(), form("request", string(p.Request), hashForm), form("officer", p.Officer, officerForm),
		optional("reason", p.Reason, termForm))
}

func (p *HoldStep) check() error {
	return first(p.checkCommon(), form("release", string(p.Release), hashForm), form("reason", p.Reason, termForm),
		form("officer", p.Officer, officerForm))
}

func (p *NoticeDisclosure) check() error {
	if p.Disclosure.IsZero() || p.Advance == (p.Why != "") {
		return malformed("whyNotInAdvance")
	}
	return first(p.checkCommon(), form("release", string(p.Release), hashForm), oneOf("cause", p.Cause, []string{"compelled", "exculpatory"}),
		optional("whyNotInAdvance", p.Why, termForm), form("officer", p.Officer, officerForm))
}

func (p Parent) check() error {
	return first(form("parents.release", string(p.Release), hashForm), oneOf("parents.relation", p.Relation, Relations()),
		optional("parents.consent", string(p.Consent), hashForm))
}

func oneOf(member, value string, of []string) error {
	if !slices.Contains(of, value) {
		return malformed(member)
	}
	return nil
}

func ascending[T ~string](terms []T) bool {
	for i := 1; i < len(terms); i++ {
		if terms[i-1] >= terms[i] {
			return false
		}
	}
	return true
}
