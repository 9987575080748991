package act

import "github.com/concordat-hub/concordat/internal/canonical"

// Kind names what an act does. Kinds are stable for ever: an entry of any age
// stays readable.
type Kind string

// The kinds of version 1.
const (
	AgencyEnrolKind        Kind = "agency.enrol"
	AgencySuspendKind      Kind = "agency.suspend"
	AgencyResumeKind       Kind = "agency.resume"
	AgencyOffboardKind     Kind = "agency.offboard"
	KeyAddKind             Kind = "key.add"
	KeyRetireKind          Kind = "key.retire"
	KeyRevokeKind          Kind = "key.revoke"
	AgreementProposeKind   Kind = "agreement.propose"
	AgreementSignKind      Kind = "agreement.sign"
	AgreementSuspendKind   Kind = "agreement.suspend"
	AgreementResumeKind    Kind = "agreement.resume"
	AgreementWithdrawKind  Kind = "agreement.withdraw"
	AgreementTerminateKind Kind = "agreement.terminate"
	ItemReleaseKind        Kind = "item.release"
	ItemRetractKind        Kind = "item.retract"
	ItemOpenKind           Kind = "item.open"
)

// ID identifies an act: the SHA-256 of its JWS signing input, 43 characters of
// base64url. The signature is no part of it, since Ed25519 signatures of one
// message need not be unique.
type ID string

// Common is what every act says of itself.
type Common struct {
	Issuer   AgencyName     `json:"iss"` // must be the agency of the kid
	Audience string         `json:"aud"` // the hub's id; an act for another hub is void here
	JTI      string         `json:"jti"` // unique per issuer, 16 to 64 characters
	IssuedAt canonical.Time `json:"iat"` // the signer's own time: evidence, never an input to a decision
}

func (c *Common) common() *Common { return c }

// Payload is what one kind of act says.
type Payload interface {
	Kind() Kind
	common() *Common
	check() error
}

// CommonOf returns the members that every act has.
func CommonOf(p Payload) Common { return *p.common() }

// AgencyEnrol admits an agency with its first keys. The registrar signs it, once
// per agency, and never adds a later key. Proof is the desk's signature over the
// same keys: that it holds desk-sign.
type AgencyEnrol struct {
	Common
	Agency       AgencyName   `json:"agency"`
	LegalName    string       `json:"legalName"`
	AgencyKind   string       `json:"agencyKind"`
	Jurisdiction string       `json:"jurisdiction"`
	Custody      string       `json:"custody"` // managed or external: who can act as its desk
	Keys         EnrolledKeys `json:"keys"`
	Proof        string       `json:"proof"`
}

// EnrolledKeys are an agency's first public keys by purpose.
type EnrolledKeys struct {
	OfficerSign JWK `json:"officerSign"`
	DeskSign    JWK `json:"deskSign"`
	WitnessSign JWK `json:"witnessSign"`
}

// AgencySuspend stops everything that an agency does at this hub.
type AgencySuspend struct{ AgencyStanding }

// AgencyResume ends a suspension of an agency.
type AgencyResume struct{ AgencyStanding }

// AgencyOffboard ends an agency's part in this hub; its name stays taken.
type AgencyOffboard struct{ AgencyStanding }

// AgencyStanding is what the registrar says when an agency's standing changes.
type AgencyStanding struct {
	Common
	Agency AgencyName `json:"agency"`
	Prev   ID         `json:"prev"` // the last act about this agency's standing or keys
}

// KeyAdd publishes a key. Signing keys are added by the current officer-sign,
// sealing identities by the current desk-sign.
type KeyAdd struct {
	Common
	Purpose   Purpose `json:"purpose"`
	Key       *JWK    `json:"key,omitempty"`       // of a signing key
	Recipient string  `json:"recipient,omitempty"` // of a sealing identity: an age recipient
	Prev      ID      `json:"prev"`
}

// Thumbprint returns the thumbprint of the key that is added.
func (p *KeyAdd) Thumbprint() Thumbprint {
	if p.Key != nil {
		return p.Key.Thumbprint()
	}
	return SealingThumbprint(p.Recipient)
}

// KeyRetire says that a key signs or seals no more; what it signed stays valid.
type KeyRetire struct{ KeyEnd }

// KeyRevoke says that a key is not to be trusted. A signature counts exactly if
// its act stands before the revocation in the ledger.
type KeyRevoke struct{ KeyEnd }

// KeyEnd names the key that ends.
type KeyEnd struct {
	Common
	Purpose    Purpose    `json:"purpose"`
	Thumbprint Thumbprint `json:"thumbprint"`
	Prev       ID         `json:"prev"`
}

// AgreementRef names one revision of an agreement by its digest.
type AgreementRef struct {
	ID     string `json:"id"`
	Digest string `json:"digest"` // sha256:<hex> of the document's exact bytes
}

// AgreementPropose puts a document before its parties, verbatim.
type AgreementPropose struct {
	Common
	Document string `json:"document"`
	Prev     ID     `json:"prev,omitempty"`
}

// AgreementSign is one party's consent to exactly these bytes.
type AgreementSign struct{ AgreementStep }

// AgreementSuspend stops every use of the agreement until it is resumed.
type AgreementSuspend struct{ AgreementStep }

// AgreementResume ends the signer's own suspension.
type AgreementResume struct{ AgreementStep }

// AgreementWithdraw ends the signer's part in the agreement, after its notice.
type AgreementWithdraw struct{ AgreementStep }

// AgreementTerminate ends the agreement for all, after its notice.
type AgreementTerminate struct{ AgreementStep }

// AgreementStep is what a party says about an agreement's life.
type AgreementStep struct {
	Common
	Agreement AgreementRef `json:"agreement"`
	Officer   string       `json:"officer"`          // pseudonym outside the agency
	Reason    string       `json:"reason,omitempty"` // a code, never free text
	Prev      ID           `json:"prev"`             // the last act in this agreement that the signer knew
}

func (p *AgreementStep) agreementStep() *AgreementStep { return p }

// StepOf returns what an act says about an agreement's life, and whether it is an
// act of that sort: signing, suspending, resuming, withdrawing or terminating.
func StepOf(p Payload) (*AgreementStep, bool) {
	step, ok := p.(interface{ agreementStep() *AgreementStep })
	if !ok {
		return nil, false
	}
	return step.agreementStep(), true
}

// Approval is a second officer's word for exactly this content.
type Approval struct {
	Officer string         `json:"officer"` // pseudonym
	Content string         `json:"content"` // the commitment that the release names
	At      canonical.Time `json:"at"`
}

// Attestation is the publisher's claim that it screened the content for victim
// data. It is a signed claim and no proof: each receiving desk screens again.
type Attestation struct {
	Ruleset string `json:"ruleset"` // digest of the rules
	Tool    string `json:"tool"`    // name and version
	Verdict string `json:"verdict"` // release
	Content string `json:"content"` // the commitment that the release names
}

// ItemRelease puts one item version before its recipients under one agreement.
// Per part and recipient it carries only a salted hash of the descriptor, padded
// to a power of two: nobody learns of a recipient that he may not know.
type ItemRelease struct {
	Common
	Item         string              `json:"item"`
	Version      int                 `json:"version"`
	ItemKind     string              `json:"itemKind"`
	Agreement    AgreementRef        `json:"agreement"`
	Restrictions map[string][]string `json:"restrictions"`
	Content      string              `json:"content"` // salted commitment to the body
	Descriptors  []string            `json:"descriptors"`
	Author       string              `json:"author"` // pseudonym
	Approvals    []Approval          `json:"approvals"`
	Attestation  Attestation         `json:"attestation"`
	Parents      []Parent            `json:"parents,omitempty"` // version 2: what the item was made from
}

func (p *ItemRelease) version() int {
	if len(p.Parents) > 0 {
		return 2
	}
	return 1
}

// ItemRetract takes every release of an item back.
type ItemRetract struct {
	Common
	Item    string `json:"item"`
	Officer string `json:"officer"`
	Reason  string `json:"reason"` // error, correction, safety, rights, other
}

// ItemOpen asks for one part of one release, for one purpose, under restrictions
// that the officer has read and accepted.
type ItemOpen struct {
	Common
	Release      ID     `json:"release"`
	Part         string `json:"part"`
	Purpose      string `json:"purpose"`
	Restrictions string `json:"restrictions"` // digest of the accepted restrictions
	Officer      string `json:"officer"`
	Form         string `json:"form,omitempty"` // version 2: how the content leaves the desk, see Forms
}

func (p *ItemOpen) version() int {
	if p.Form != "" {
		return 2
	}
	return 1
}

// FormOf returns the form that is asked for: shown and no more, unless the act
// says otherwise.
func (p *ItemOpen) FormOf() string {
	if p.Form == "" {
		return "view-only"
	}
	return p.Form
}

// Kind implements Payload for each kind.
func (*AgencyEnrol) Kind() Kind        { return AgencyEnrolKind }
func (*AgencySuspend) Kind() Kind      { return AgencySuspendKind }
func (*AgencyResume) Kind() Kind       { return AgencyResumeKind }
func (*AgencyOffboard) Kind() Kind     { return AgencyOffboardKind }
func (*KeyAdd) Kind() Kind             { return KeyAddKind }
func (*KeyRetire) Kind() Kind          { return KeyRetireKind }
func (*KeyRevoke) Kind() Kind          { return KeyRevokeKind }
func (*AgreementPropose) Kind() Kind   { return AgreementProposeKind }
func (*AgreementSign) Kind() Kind      { return AgreementSignKind }
func (*AgreementSuspend) Kind() Kind   { return AgreementSuspendKind }
func (*AgreementResume) Kind() Kind    { return AgreementResumeKind }
func (*AgreementWithdraw) Kind() Kind  { return AgreementWithdrawKind }
func (*AgreementTerminate) Kind() Kind { return AgreementTerminateKind }
func (*ItemRelease) Kind() Kind        { return ItemReleaseKind }
func (*ItemRetract) Kind() Kind        { return ItemRetractKind }
func (*ItemOpen) Kind() Kind           { return ItemOpenKind }

// profile is what the strict verifier knows of a kind before it reads a payload.
type profile struct {
	limit   int // bytes of the compact JWS
	signers []Purpose
	empty   func() Payload
}

const (
	kib            = 1 << 10
	limitProposal  = 1 << 20
	limitRelease   = 256 * kib
	limitAccession = 64 * kib // a party and its commitment, which is in words
	limitOther     = 16 * kib
)

var (
	registrar = []Purpose{RegistrarSign}
	officer   = []Purpose{OfficerSign}
	desk      = []Purpose{DeskSign}
)

var profiles = map[Kind]profile{
	AgencyEnrolKind:        {limitOther, registrar, func() Payload { return new(AgencyEnrol) }},
	AgencySuspendKind:      {limitOther, registrar, func() Payload { return new(AgencySuspend) }},
	AgencyResumeKind:       {limitOther, registrar, func() Payload { return new(AgencyResume) }},
	AgencyOffboardKind:     {limitOther, registrar, func() Payload { return new(AgencyOffboard) }},
	KeyAddKind:             {limitOther, []Purpose{OfficerSign, DeskSign}, func() Payload { return new(KeyAdd) }},
	KeyRetireKind:          {limitOther, []Purpose{OfficerSign, DeskSign}, func() Payload { return new(KeyRetire) }},
	KeyRevokeKind:          {limitOther, []Purpose{OfficerSign, DeskSign}, func() Payload { return new(KeyRevoke) }},
	AgreementProposeKind:   {limitProposal, officer, func() Payload { return new(AgreementPropose) }},
	AgreementSignKind:      {limitOther, officer, func() Payload { return new(AgreementSign) }},
	AgreementSuspendKind:   {limitOther, officer, func() Payload { return new(AgreementSuspend) }},
	AgreementResumeKind:    {limitOther, officer, func() Payload { return new(AgreementResume) }},
	AgreementWithdrawKind:  {limitOther, officer, func() Payload { return new(AgreementWithdraw) }},
	AgreementTerminateKind: {limitOther, officer, func() Payload { return new(AgreementTerminate) }},
	ItemReleaseKind:        {limitRelease, desk, func() Payload { return new(ItemRelease) }},
	ItemRetractKind:        {limitOther, desk, func() Payload { return new(ItemRetract) }},
	ItemOpenKind:           {limitOther, desk, func() Payload { return new(ItemOpen) }},

	AgreementDeclineKind:      {limitOther, officer, func() Payload { return new(AgreementDecline) }},
	AgreementRetractKind:      {limitOther, officer, func() Payload { return new(AgreementRetract) }},
	AgreementInviteKind:       {limitOther, officer, func() Payload { return new(AgreementInvite) }},
	AgreementAccedeKind:       {limitAccession, officer, func() Payload { return new(AgreementAccede) }},
	AgreementCountersignKind:  {limitOther, officer, func() Payload { return new(AgreementCountersign) }},
	AgreementSuspendPartyKind: {limitOther, officer, func() Payload { return new(AgreementSuspendParty) }},
	AgreementResumePartyKind:  {limitOther, officer, func() Payload { return new(AgreementResumeParty) }},
	AgreementReviewKind:       {limitOther, officer, func() Payload { return new(AgreementReview) }},
	NoticeBreachKind:          {limitOther, desk, func() Payload { return new(NoticeBreach) }},
	ItemRestrictKind:          {limitOther, desk, func() Payload { return new(ItemRestrict) }},
	ItemAcknowledgeKind:       {limitOther, desk, func() Payload { return new(ItemAcknowledge) }},
	ItemCannotComplyKind:      {limitOther, desk, func() Payload { return new(ItemCannotComply) }},
	ItemReportUseKind:         {limitOther, desk, func() Payload { return new(ItemReportUse) }},
	ItemAttestKind:            {limitOther, desk, func() Payload { return new(ItemAttest) }},
	ConsentRequestKind:        {limitOther, desk, func() Payload { return new(ConsentRequest) }},
	ConsentGrantKind:          {limitOther, desk, func() Payload { return new(ConsentGrant) }},
	ConsentRefuseKind:         {limitOther, desk, func() Payload { return new(ConsentRefuse) }},
	ConsentWithdrawKind:       {limitOther, desk, func() Payload { return new(ConsentWithdraw) }},
	HoldPlaceKind:             {limitOther, desk, func() Payload { return new(HoldPlace) }},
	HoldLiftKind:              {limitOther, desk, func() Payload { return new(HoldLift) }},
	NoticeDisclosureKind:      {limitOther, desk, func() Payload { return new(NoticeDisclosure) }},
}
