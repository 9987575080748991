package agreement

import (
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
)

// Clauses are what schema v2 adds to a document: every clause that such
// agreements have in practice, written out in full so that what is signed is
// complete. A document of schema v1 has none of them.
type Clauses struct {
	Preamble         map[string]string    `json:"preamble,omitempty"` // recitals, by authentic language
	AccessionRule    *AccessionRule       `json:"accessionRule,omitempty"`
	ExcludedPurposes []string             `json:"excludedPurposes,omitzero"` // there even if it is empty
	Categories       []Category           `json:"categories,omitempty"`
	Commitments      []Commitment         `json:"commitments,omitempty"`
	Reciprocity      string               `json:"reciprocity,omitempty"` // reported, or required: who gives something opens once it has given
	Onward           *Onward              `json:"onwardDisclosure,omitempty"`
	EvaluationScheme string               `json:"evaluationScheme,omitempty"`
	Vocabulary       *Vocabulary          `json:"vocabulary,omitempty"`
	WorkingLanguages []string             `json:"workingLanguages,omitempty"`
	Security         *Security            `json:"security,omitempty"`
	Audit            *Audit               `json:"audit,omitempty"`
	DataProtection   *DataProtection      `json:"dataProtection,omitempty"`
	Rights           *Rights              `json:"rights,omitempty"`
	Breach           *Breach              `json:"breach,omitempty"`
	Compelled        *CompelledDisclosure `json:"compelledDisclosure,omitempty"`
	Retention        *Retention           `json:"retention,omitempty"`
	Duties           *Duties              `json:"duties,omitempty"`
	Costs            string               `json:"costs,omitempty"`
	Liability        string               `json:"liability,omitempty"`
	Disputes         []string             `json:"disputes,omitempty"` // steps in their order; negotiation first (Palermo Protocol, Article 15)
	Renewal          *Renewal             `json:"renewal,omitempty"`
	Review           *Review              `json:"review,omitempty"`
	Amendment        *Amendment           `json:"amendment,omitempty"`
	Suspension       *Suspension          `json:"suspension,omitempty"`
	Publication      string               `json:"publication,omitempty"` // public, parties-only
	SignBy           canonical.Time       `json:"signBy,omitzero"`       // until when the proposal can be signed
	Instrument       *Instrument          `json:"instrument,omitempty"`
	Wordings         Wordings             `json:"wordings,omitempty"`
	Texts            map[string]string    `json:"texts,omitempty"` // digest of the rendered text, by authentic language
}

// Wordings are the document's own texts in its further authentic languages: by
// language, by JSON pointer of the member that holds the text in the first one.
type Wordings map[string]map[string]string

// AccessionRule says who must countersign an accession.
type AccessionRule struct {
	Rule       string         `json:"rule"` // unanimity, majority or depositary
	Depositary act.AgencyName `json:"depositary,omitempty"`
}

// Category narrows what is exchanged to items of a kind with one of the terms of
// each facet. The hub does not see facets: the publishing desk holds to it.
type Category struct {
	Kind   string              `json:"kind"`
	Facets map[string][]string `json:"facets,omitempty"`
}

// Commitment is what one party undertakes: it releases the kinds that it gives and
// no others, and receives the kinds that it receives and no others. Contributions may
// be asymmetric (UN Convention against Transnational Organized Crime, Articles 29(2)
// and 30).
type Commitment struct {
	Party      act.AgencyName `json:"party"`
	Give       []string       `json:"give"`
	Receive    []string       `json:"receive"`
	Languages  []string       `json:"languages,omitempty"`
	Frequency  string         `json:"frequency,omitempty"`
	Assistance string         `json:"assistance,omitempty"`
}

// Onward says how consent to onward disclosure is asked. What may be passed on
// stands in the restrictions.
type Onward struct {
	ConsentTimeoutHours int    `json:"consentTimeoutHours"` // silence until then is no
	ConsentAuthority    string `json:"consentAuthority"`    // the office that consents for a party
}

// Vocabulary is the least version of the shared terms that a party understands.
type Vocabulary struct {
	Name       string `json:"name"`
	MinVersion string `json:"minVersion"`
}

// Security is what each party holds itself to.
type Security struct {
	Authentication  string `json:"authentication"`
	Transport       string `json:"transport"`
	AtRest          string `json:"atRest"`
	Clearance       string `json:"personnelClearance"`
	KeyRotationDays int    `json:"keyRotationDays"`
}

// Audit says what is recorded, for how long, and who may look.
type Audit struct {
	Events             []string `json:"events"`
	RetentionDays      int      `json:"retentionDays"`
	AccessByParties    bool     `json:"accessByParties"`
	IndependentAuditor string   `json:"independentAuditor,omitempty"`
	IntervalDays       int      `json:"intervalDays"`
}

// DataProtection is about the officers' data; NoPersonalData of others is
// constant.
type DataProtection struct {
	ControllerRoles        string   `json:"controllerRoles"`
	DPIA                   string   `json:"dpia,omitempty"` // digest of the assessment
	TransferGround         string   `json:"transferGround"`
	SupervisoryAuthorities []string `json:"supervisoryAuthorities,omitempty"`
	NoPersonalData         bool     `json:"noPersonalData"`
}

// Rights are the safeguards that the parties promise to those concerned.
type Rights struct {
	NonPunishment     bool   `json:"nonPunishment"`
	NonDiscrimination bool   `json:"nonDiscrimination"`
	ChildRights       bool   `json:"childRights"`
	GenderReview      bool   `json:"genderReview"`
	NonRefoulement    bool   `json:"nonRefoulement"`
	ComplaintsContact string `json:"complaintsContact"` // an office
}

// Breach says what a breach is and what follows.
type Breach struct {
	Definition        string   `json:"definition"`
	NotifyWithinHours int      `json:"notifyWithinHours"`
	To                []string `json:"to"` // offices or parties
	Measures          string   `json:"measures"`
	Remedy            string   `json:"remedy"`
}

// CompelledDisclosure says what is promised before a disclosure that cannot be
// refused.
type CompelledDisclosure struct {
	AdvanceNotice bool `json:"advanceNotice"`
	Consult       bool `json:"consult"`
}

// Retention bounds how long a receiver keeps what it opened, and how it ends.
type Retention struct {
	MaxDays          int    `json:"maxDays"` // after receipt
	DisposalMethod   string `json:"disposalMethod"`
	Attestation      bool   `json:"attestation"` // disposal is attested per holder
	AttestWithinDays int    `json:"attestWithinDays"`
}

// Duties say what follows when a receiver owes an answer too long.
type Duties struct {
	AcknowledgeWithinDays int  `json:"acknowledgeWithinDays"` // of later restrictions, where the request names no earlier day
	HoldNewReleases       bool `json:"holdNewReleases"`       // an overdue duty holds what its originator releases afterwards
}

// Renewal extends the window without a new signature, a bounded number of times.
type Renewal struct {
	Mode  string `json:"mode"` // express or automatic
	Days  int    `json:"days,omitzero"`
	Times int    `json:"times,omitzero"`
}

// Review says how often the parties look at the agreement again, and what
// follows when they do not.
type Review struct {
	First        canonical.Time `json:"first,omitzero"` // absent: one interval after the agreement is complete
	IntervalDays int            `json:"intervalDays"`
	OnOverdue    string         `json:"onOverdue"` // warn, freeze-new or suspend
}

// Amendment is constant: an amendment binds only those who sign it (Palermo
// Protocol, Article 18(5)).
type Amendment struct {
	BindsOnlyConsenting bool `json:"bindsOnlyConsenting"`
}

// Suspension says how use is stopped for a time.
type Suspension struct {
	Parties    string   `json:"parties"`              // who may suspend one party: itself, or any-party
	Grounds    []string `json:"grounds"`              // of suspending another party
	NoticeDays int      `json:"noticeDays"`           // before it bites
	Urgent     []string `json:"urgentGrounds"`        // reasons for which it bites at once
	MaxDays    int      `json:"maxDays"`              // after which it ends by itself; 0 means never
	Reading    string   `json:"readingOfOldReleases"` // stop or continue
}

// Instrument names a text that was signed on paper beside this document.
type Instrument struct {
	Digest     string `json:"digest"`
	MediaType  string `json:"mediaType"`
	Place      string `json:"place"`
	Date       string `json:"date"` // ISO 8601 calendar date
	Depositary string `json:"depositary"`
}

// Authority is what lets an office sign for its agency, and until when.
type Authority struct {
	Instrument string         `json:"instrument"`
	Until      canonical.Time `json:"until,omitzero"`
}

// Undertaking is what binds a party that Article 10(3) of the Palermo Protocol
// does not bind by itself: an organisation, a platform, another agency of the same
// State. AdmittedBy is the State's party that answers for it.
type Undertaking struct {
	ComplyWithRestrictions bool           `json:"complyWithRestrictions"` // constant
	AdmittedBy             act.AgencyName `json:"admittedBy"`
}

// End returns the moment at which the window ends, with every renewal that
// happens by itself.
func (d *Document) End() time.Time {
	end := d.Expires.Time
	if d.Renewal != nil && d.Renewal.Mode == "automatic" {
		end = end.Add(time.Duration(d.Renewal.Times*d.Renewal.Days) * day)
	}
	return end
}

const day = 24 * time.Hour

// SuspensionNotice returns how long after a suspension for this reason it bites.
func (d *Document) SuspensionNotice(reason string) time.Duration {
	if d.Suspension == nil || slices.Contains(d.Suspension.Urgent, reason) {
		return 0
	}
	return time.Duration(d.Suspension.NoticeDays) * day
}

// SuspensionLimit returns how long a suspension lasts at most; 0 means until it
// is lifted.
func (d *Document) SuspensionLimit() time.Duration {
	if d.Suspension == nil {
		return 0
	}
	return time.Duration(d.Suspension.MaxDays) * day
}

// ReadingContinues reports whether what was released before a suspension may
// still be opened while it lasts.
func (d *Document) ReadingContinues() bool {
	return d.Suspension != nil && d.Suspension.Reading == "continue"
}

// ReviewInterval returns how often a review is due; 0 means never.
func (d *Document) ReviewInterval() time.Duration {
	if d.Review == nil {
		return 0
	}
	return time.Duration(d.Review.IntervalDays) * day
}

// ConsentTimeout returns after how long silence on a consent request is no.
// Without a clause there is no time in which to consent.
func (d *Document) ConsentTimeout() time.Duration {
	if d.Onward == nil {
		return 0
	}
	return time.Duration(d.Onward.ConsentTimeoutHours) * time.Hour
}

// HoldsNewReleases reports whether an overdue duty holds later releases.
func (d *Document) HoldsNewReleases() bool { return d.Duties != nil && d.Duties.HoldNewReleases }

// AttestWithin returns how long a holder has to attest disposal, and whether it
// must at all.
func (d *Document) AttestWithin() (time.Duration, bool) {
	if d.Retention == nil || !d.Retention.Attestation {
		return 0, false
	}
	return time.Duration(d.Retention.AttestWithinDays) * day, true
}
