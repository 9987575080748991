package act

import (
	"fmt"
	"slices"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// The kinds of an agreement's life beside signing, suspending, resuming,
// withdrawing and terminating.
const (
	AgreementDeclineKind      Kind = "agreement.decline"
	AgreementRetractKind      Kind = "agreement.retract"
	AgreementInviteKind       Kind = "agreement.invite"
	AgreementAccedeKind       Kind = "agreement.accede"
	AgreementCountersignKind  Kind = "agreement.countersign"
	AgreementSuspendPartyKind Kind = "agreement.suspend-party"
	AgreementResumePartyKind  Kind = "agreement.resume-party"
	AgreementReviewKind       Kind = "agreement.review"
	NoticeBreachKind          Kind = "notice.breach"
)

// AgreementDecline refuses a proposal, with a reason. Who declined signs another
// revision or none.
type AgreementDecline struct{ AgreementStep }

// AgreementRetract takes the signer's own proposal back before it binds anybody.
type AgreementRetract struct{ AgreementStep }

// AgreementInvite shows an agreement that is open to accession to an agency that
// is no party yet, so that it can read what it would sign.
type AgreementInvite struct {
	AgreementStep
	Agency AgencyName `json:"agency"`
}

// AgreementAccede is the consent of an invited agency to exactly the bytes that
// the others signed, with the party that it becomes and what that party undertakes:
// canonical JSON of an agreement party and of its commitment, which the
// countersigning parties read and vouch for.
type AgreementAccede struct {
	AgreementStep
	Commitment string `json:"commitment"`
	Party      string `json:"party"`
}

// AgreementCountersign accepts an accession for the signer.
type AgreementCountersign struct {
	AgreementStep
	Accession ID `json:"accession"`
}

// AgreementSuspendParty stops one party's part in the agreement, for the grounds
// and after the notice that the agreement names.
type AgreementSuspendParty struct{ AgreementPartyStep }

// AgreementResumeParty ends the signer's own suspension of one party.
type AgreementResumeParty struct{ AgreementPartyStep }

// AgreementPartyStep names the one party that a step is about.
type AgreementPartyStep struct {
	AgreementStep
	Agency AgencyName `json:"agency"`
}

// AgreementReview is the signed record that the parties looked at the agreement
// again; the next review is due one interval later.
type AgreementReview struct{ AgreementStep }

// NoticeBreach tells the parties of a breach under the agreement. Class is a
// code, never an account of what happened: that goes by the channel which the
// agreement names.
type NoticeBreach struct {
	Common
	Agreement  AgreementRef   `json:"agreement"`
	Release    ID             `json:"release,omitempty"`
	Class      string         `json:"class"`
	Discovered canonical.Time `json:"discovered"`
	Officer    string         `json:"officer"`
}

// Kind implements Payload for each kind.
func (*AgreementDecline) Kind() Kind      { return AgreementDeclineKind }
func (*AgreementRetract) Kind() Kind      { return AgreementRetractKind }
func (*AgreementInvite) Kind() Kind       { return AgreementInviteKind }
func (*AgreementAccede) Kind() Kind       { return AgreementAccedeKind }
func (*AgreementCountersign) Kind() Kind  { return AgreementCountersignKind }
func (*AgreementSuspendParty) Kind() Kind { return AgreementSuspendPartyKind }
func (*AgreementResumeParty) Kind() Kind  { return AgreementResumePartyKind }
func (*AgreementReview) Kind() Kind       { return AgreementReviewKind }
func (*NoticeBreach) Kind() Kind          { return NoticeBreachKind }

// BreachClasses are what a breach notice can say happened.
func BreachClasses() []string {
	return []string{"access-without-right", "disclosure-beyond-scope", "key-compromise", "loss-of-copy", "other", "use-beyond-purpose"}
}

func (p *AgreementDecline) check() error {
	return first(p.AgreementStep.check(), form("reason", p.Reason, termForm))
}

func (p *AgreementInvite) check() error {
	return first(p.AgreementStep.check(), CheckAgencyName(p.Agency))
}

func (p *AgreementAccede) check() error {
	return first(p.AgreementStep.check(), text("commitment", p.Commitment, 24*kib), text("party", p.Party, 8*kib))
}

func (p *AgreementCountersign) check() error {
	return first(p.AgreementStep.check(), form("accession", string(p.Accession), hashForm))
}

func (p *AgreementPartyStep) check() error {
	return first(p.AgreementStep.check(), CheckAgencyName(p.Agency), form("reason", p.Reason, termForm))
}

func (p *NoticeBreach) check() error {
	if !slices.Contains(BreachClasses(), p.Class) || p.Discovered.IsZero() {
		return malformed("class")
	}
	return first(p.checkCommon(), p.Agreement.check(), optional("release", string(p.Release), hashForm), form("officer", p.Officer, officerForm))
}

// versioned is a payload whose schema grew: what uses no later member stays in
// the version in which it was always written.
type versioned interface{ version() int }

func versionOf(p Payload) int {
	if v, ok := p.(versioned); ok {
		return v.version()
	}
	return 1
}

func typeOf(p Payload) string {
	return fmt.Sprintf("concordat.%s.v%d+jws", p.Kind(), versionOf(p))
}

// versionsOf lists the typ headers under which a kind is written.
func versionsOf(p Payload) []string {
	types := []string{p.Kind().Type()}
	if _, grew := p.(versioned); grew {
		types = append(types, fmt.Sprintf("concordat.%s.v2+jws", p.Kind()))
	}
	return types
}
