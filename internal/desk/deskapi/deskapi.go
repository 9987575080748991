// Package deskapi is the vocabulary of the desk's REST interface: the shapes of
// requests and answers, and nothing that acts. The service fills them, the
// transport writes them, clients read them.
//
// Times are RFC 3339 in UTC. Digests are "sha256:" and 64 hexadecimal digits.
// Anything may import it; it imports nothing of this module.
package deskapi

import (
	"time"
)

// Login is what a client needs to log an officer in at the agency's provider.
type Login struct {
	Agency       string     `json:"agency"`
	Issuer       string     `json:"issuer"`
	ClientID     string     `json:"clientID"`
	SignClientID string     `json:"signClientID"`
	Nonce        string     `json:"nonce"` // single use, ten minutes
	Vault        LoginVault `json:"vault"`
}

// LoginVault is where an officer's own signature is made; the desk takes no part in it.
type LoginVault struct {
	Address   string `json:"address"`
	AuthMount string `json:"authMount"`
	Role      string `json:"role"`
	Mount     string `json:"mount"`
	CA        string `json:"ca"` // PEM; empty means the system's authorities
}

// SessionRequest carries an id_token that was issued for the nonce.
type SessionRequest struct {
	IDToken string `json:"idToken"`
	Nonce   string `json:"nonce"`
}

// Session is a fresh session; the token is shown once.
type Session struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
	Officer string    `json:"officer"`
	Roles   []string  `json:"roles"`
}

// Me is who the session's officer is to this desk.
type Me struct {
	Agency  string    `json:"agency"`
	Officer string    `json:"officer"` // the pseudonym under which acts name the officer
	Roles   []string  `json:"roles"`
	Rights  []string  `json:"rights"`
	Expires time.Time `json:"expires"`
}

// Fingerprint is a key's thumbprint with the words that officers compare.
type Fingerprint struct {
	Thumbprint string `json:"thumbprint"`
	Words      string `json:"words"`
	PublicKey  string `json:"publicKey,omitempty"` // of a signing key: member x of its JWK (RFC 8037); clients check it against the thumbprint
}

// Agency is what the desk says of its own agency and its hub.
type Agency struct {
	Agency       string        `json:"agency"`
	LegalName    string        `json:"legalName"`
	Kind         string        `json:"kind"`         // of agency, as it was enrolled
	Jurisdiction string        `json:"jurisdiction"` // ISO 3166-1 alpha-2, or an organisation
	Standing     string        `json:"standing"`
	OfficerSign  []Fingerprint `json:"officerSign"`
	DeskSign     []Fingerprint `json:"deskSign"`
	WitnessSign  []Fingerprint `json:"witnessSign"`
	Sealing      []Fingerprint `json:"sealing"`
	OfficerKeyID string        `json:"officerKeyID"` // kid for agreement acts
	Hub          string        `json:"hub"`
	LogKey       string        `json:"logKey"`
	Registrar    Fingerprint   `json:"registrar"`
	Prev         string        `json:"prev"` // of the next key act
}

// OfficerRoles are the roles that the agency-admin gave an officer at the desk,
// beside those that come from the provider's groups.
type OfficerRoles struct {
	Officer string   `json:"officer"`
	Label   string   `json:"label,omitempty"` // preferred_username at the agency's own provider; never leaves the desk
	Roles   []string `json:"roles"`
}

// RolesRequest sets the roles that an officer is given at the desk.
type RolesRequest struct {
	Roles []string `json:"roles"`
}

// Problem is one place of a draft that is refused or incomplete.
type Problem struct {
	Path    string `json:"path"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Finding is one hit of the guard. It never carries the matched text.
type Finding struct {
	Class   string `json:"class"`
	Rule    string `json:"rule"`
	Effect  string `json:"effect"`
	Path    string `json:"path"`
	Line    int    `json:"line"`
	Length  int    `json:"length"`
	Message string `json:"message"`
}

// DraftRequest makes a draft, or a new version of one.
type DraftRequest struct {
	Kind   string `json:"kind,omitempty"`
	Item   string `json:"item,omitempty"` // an own item of which this is to be the next version
	Source string `json:"source"`         // YAML or JSON, as the kind reads it
	// DerivedFrom names the releases that a new draft is made from: a translation, an
	// extract, or something derived.
	DerivedFrom []Parent `json:"derivedFrom,omitempty"`
}

// Draft is one version of a draft. ContentDigest is the salted commitment to the
// content: approvals bind to it.
type Draft struct {
	ID            string              `json:"id"`
	Item          string              `json:"item"`
	Kind          string              `json:"kind"`
	Version       int                 `json:"version"`
	ContentDigest string              `json:"contentDigest"`
	Author        string              `json:"author"`
	Created       time.Time           `json:"created"`
	Updated       time.Time           `json:"updated"`
	Title         map[string]string   `json:"title"`
	Facets        map[string][]string `json:"facets"`
	Languages     []string            `json:"languages"`
	Verdict       string              `json:"verdict"` // release, hold, refuse
	Findings      []Finding           `json:"findings"`
	Problems      []Problem           `json:"problems"`
	Approvals     []Approval          `json:"approvals"`
	Releases      []Release           `json:"releases"`
	Source        string              `json:"source,omitempty"`   // in answers about one draft
	Rendered      string              `json:"rendered,omitempty"` // in the reader's language
	Content       string              `json:"content,omitempty"`  // the canonical bytes of the body
	Sections      []string            `json:"sections,omitempty"` // the bytes of each restricted section's part
	DerivedFrom   []Parent            `json:"derivedFrom,omitempty"`
}

// ApprovalRequest approves exactly this content.
type ApprovalRequest struct {
	ContentDigest string `json:"contentDigest"`
}

// Approval is a second officer's word for a version's content.
type Approval struct {
	Officer       string    `json:"officer"`
	ContentDigest string    `json:"contentDigest"`
	Time          time.Time `json:"time"`
}

// ReleaseRequest releases a draft's current version under one agreement.
type ReleaseRequest struct {
	Agreement      string              `json:"agreement"`
	Restrictions   map[string][]string `json:"restrictions,omitempty"`
	DryRun         bool                `json:"dryRun,omitempty"`
	IdempotencyKey string              `json:"idempotencyKey,omitempty"`
}

// DryRun says who would receive the release, and who not, by which rule.
type DryRun struct {
	Agreement    string              `json:"agreement"`
	Reference    string              `json:"reference"`
	Restrictions map[string][]string `json:"restrictions"` // what would bind the receivers
	Allow        bool                `json:"allow"`        // whether the release itself would be admitted
	Reason       string              `json:"reason"`
	Message      string              `json:"message"`
	Recipients   []Recipient         `json:"recipients"`
	Sections     []SectionPlan       `json:"sections,omitempty"` // who would get each restricted section
	Terms        []Term              `json:"terms,omitempty"`    // the restrictions in words, with what stands behind each
	Parents      []Parent            `json:"parents,omitempty"`  // what it is made from, with the consents that are relied on
}

// SectionPlan says which of the release's recipients would get one section.
type SectionPlan struct {
	Title        map[string]string   `json:"title"`
	Restrictions map[string][]string `json:"restrictions"` // of the section alone
	Recipients   []Recipient         `json:"recipients"`   // of those who receive the release
}

// Recipient is one agency of the agreement in a dry run.
type Recipient struct {
	Agency   string   `json:"agency"`
	Allow    bool     `json:"allow"`
	Held     bool     `json:"held,omitempty"` // allowed and sealed, and kept back until the agency gives an answer that it owes
	Reason   string   `json:"reason"`         // of a refusal, or why it is held
	Evidence []string `json:"evidence,omitempty"`
	Message  string   `json:"message"`
}

// Release is one item version under one agreement.
type Release struct {
	Release      string              `json:"release"` // id of the release act
	Item         string              `json:"item"`
	Version      int                 `json:"version"`
	Index        uint64              `json:"index"`
	Time         time.Time           `json:"time"`
	Agreement    string              `json:"agreement,omitempty"`
	Reference    string              `json:"reference,omitempty"`
	Restrictions map[string][]string `json:"restrictions,omitempty"`
	Recipients   []string            `json:"recipients,omitempty"` // own releases only
	State        string              `json:"state,omitempty"`      // available, denied, retracted, pending
	Reason       string              `json:"reason,omitempty"`
	Message      string              `json:"message,omitempty"`
	Kept         bool                `json:"kept,omitempty"` // content is kept here, encrypted
	Notes        []Note              `json:"notes,omitempty"`
}

// Item is an own or received item with its releases, newest first.
type Item struct {
	Item       string              `json:"item"`
	Kind       string              `json:"kind"`
	Version    int                 `json:"version"`
	Box        string              `json:"box"` // inbox or own
	Originator string              `json:"originator"`
	Title      map[string]string   `json:"title"`
	Facets     map[string][]string `json:"facets"`
	Languages  []string            `json:"languages"`
	State      string              `json:"state"` // available, denied, retracted
	Releases   []Release           `json:"releases"`
}

// Conditions are what an officer reads and accepts before the content.
type Conditions struct {
	Item               string              `json:"item"`
	Kind               string              `json:"kind"`
	Version            int                 `json:"version"`
	Release            string              `json:"release"`
	Released           time.Time           `json:"released"`
	Originator         Party               `json:"originator"`
	Agreement          AgreementSummary    `json:"agreement"`
	Restrictions       map[string][]string `json:"restrictions"`
	RestrictionsDigest string              `json:"restrictionsDigest"` // what the officer accepts
	Marking            string              `json:"marking"`            // the TLP label, never translated
	MarkingText        string              `json:"markingText"`        // what the label means, in the reader's language
	Community          string              `json:"community,omitempty"`
	Clients            string              `json:"clients,omitempty"`
	LeaseSeconds       int64               `json:"leaseSeconds"`
	Allow              bool                `json:"allow"` // whether an open would be allowed now, as far as the desk knows
	Reason             string              `json:"reason"`
	Message            string              `json:"message"`
	Terms              []Term              `json:"terms"`                   // the restrictions in words, with what stands behind each
	Prerequisites      []string            `json:"prerequisites,omitempty"` // that the agency has to attest first
	Changed            bool                `json:"changed,omitempty"`       // the terms are others than this agency accepted before
	Retention          *Retention          `json:"retention,omitempty"`     // for a receiver: until when it opens the item and keeps copies
	// Sections are those with stricter conditions that this officer may come to have;
	// of others there is no trace here.
	Sections []SectionConditions `json:"sections,omitempty"`
}

// SectionConditions are what binds one section beside the item's own restrictions.
type SectionConditions struct {
	Part               string              `json:"part"`
	Restrictions       map[string][]string `json:"restrictions"`       // of the section alone
	RestrictionsDigest string              `json:"restrictionsDigest"` // of both together: what the officer accepts
	Allow              bool                `json:"allow"`
	Reason             string              `json:"reason"`
	Message            string              `json:"message"`
}

// Access says who could open an item at an instant, as the ledger stood then.
type Access struct {
	Item     string         `json:"item"`
	At       time.Time      `json:"at"`
	Agencies []AgencyAccess `json:"agencies"` // by name; only those that the asking agency may know of
	// Disposals tell what the hub had deleted of it by then.
	Disposals []Disposal `json:"disposals,omitempty"`
	// Incomplete says that the desk no longer knows whom a release was addressed to.
	Incomplete bool `json:"incomplete,omitempty"`
}

// AgencyAccess is the answer about one agency, and the release that it is about:
// one that let the agency open the item, if any did.
type AgencyAccess struct {
	Agency    string   `json:"agency"`
	Allow     bool     `json:"allow"`
	Reason    string   `json:"reason"`
	Evidence  []string `json:"evidence,omitempty"` // what decided: act ids, places in the document, axes
	Message   string   `json:"message"`
	Release   string   `json:"release"`
	Version   int      `json:"version"`
	Reference string   `json:"reference"`
}

// OpenRequest opens the body of one release.
type OpenRequest struct {
	Release              string `json:"release,omitempty"`
	Purpose              string `json:"purpose"`
	Justification        string `json:"justification"` // kept at the desk, encrypted; never sent
	AcceptedRestrictions string `json:"acceptedRestrictions"`
	Form                 string `json:"form,omitempty"` // view-only (default), print, download-watermarked, download
	// AcceptedSections are the digests of the sections' conditions that the officer
	// accepted too. A section whose digest is not here stays closed.
	AcceptedSections []string `json:"acceptedSections,omitempty"`
}

// Opened is content for a person. Content holds the canonical bytes, which a
// receipt can be checked against; it is empty where the terms let no unmarked copy
// leave the desk.
type Opened struct {
	Item         string              `json:"item"`
	Kind         string              `json:"kind"`
	Version      int                 `json:"version"`
	Release      string              `json:"release"`
	Originator   string              `json:"originator"`
	Content      string              `json:"content"`
	Rendered     string              `json:"rendered"`
	Restrictions map[string][]string `json:"restrictions"`
	Purpose      string              `json:"purpose"`
	Decision     uint64              `json:"decision"` // ledger index of the decision that allowed it
	ShowUntil    time.Time           `json:"showUntil"`
	Form         string              `json:"form,omitempty"`     // in which it left the desk
	Mark         string              `json:"mark,omitempty"`     // the reader's mark, which stands in the text of a copy
	Sections     []OpenedSection     `json:"sections,omitempty"` // opened with it; Rendered has their text
	Withheld     []WithheldSection   `json:"withheld,omitempty"` // which this officer may have, under conditions that are not met now
}

// OpenedSection is a section that only some readers have. Content holds the bytes
// of its part, which a receipt can be checked against.
type OpenedSection struct {
	Part         string              `json:"part"`
	Content      string              `json:"content"`
	Restrictions map[string][]string `json:"restrictions"` // of the item and the section together
	Decision     uint64              `json:"decision"`
}

// WithheldSection says why a section is not shown now.
type WithheldSection struct {
	Part    string `json:"part"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// RetractionRequest takes every release of an own item back.
type RetractionRequest struct {
	Reason string `json:"reason"` // error, correction, safety, rights, other
}

// Appended says where in the ledger an act stands. An act whose state is pending
// stands in none yet: it is signed, waits at the desk for the hub, and has neither
// index nor time.
type Appended struct {
	Act   string    `json:"act"`
	Index uint64    `json:"index"`
	Time  time.Time `json:"time"`
	State string    `json:"state,omitempty"`
}

// ActRequest relays an act that an officer signed at Vault.
type ActRequest struct {
	Act string `json:"act"` // compact JWS
}

// Party is an agency of an agreement with the keys that the document names.
type Party struct {
	Agency       string      `json:"agency"`
	LegalName    string      `json:"legalName"`
	Jurisdiction string      `json:"jurisdiction,omitempty"`
	Role         string      `json:"role,omitempty"`
	OfficerSign  Fingerprint `json:"officerSign,omitzero"`
	DeskSign     Fingerprint `json:"deskSign,omitzero"`
}

// AgreementSummary is one line of the list of agreements.
type AgreementSummary struct {
	ID         string            `json:"id"`
	Reference  string            `json:"reference"`
	Title      map[string]string `json:"title"`
	Revision   int               `json:"revision"`
	Digest     string            `json:"digest"`
	State      string            `json:"state"`
	Signed     []string          `json:"signed"`
	Pending    []string          `json:"pending"`
	NextState  string            `json:"nextState,omitempty"`
	NextChange time.Time         `json:"nextChange,omitzero"`
	NextClause string            `json:"nextClause,omitempty"`
	Since      time.Time         `json:"since,omitzero"`     // from when the state is what it is
	SinceAct   string            `json:"sinceAct,omitempty"` // the act that made it so, if one did
	SinceBy    string            `json:"sinceBy,omitempty"`  // whose act it is
	Clause     string            `json:"clause,omitempty"`   // the place in the document that made it so, if one did
}

// Agreement is one revision with all that an officer reads before signing.
type Agreement struct {
	AgreementSummary
	Document    string      `json:"document"` // verbatim: what is signed is exactly these bytes
	ProposedBy  string      `json:"proposedBy"`
	Index       uint64      `json:"index"`
	Parties     []Party     `json:"parties"`
	Suspended   []string    `json:"suspended"`
	Withdrawn   []string    `json:"withdrawn"`
	Prev        string      `json:"prev"` // of the next act in this agreement
	Hub         string      `json:"hub"`
	LogKey      string      `json:"logKey"`
	Registrar   Fingerprint `json:"registrar"`
	KeysDiffer  bool        `json:"keysDiffer"` // a party's key in force is not the one that the document names
	HubIsOurs   bool        `json:"hubIsOurs"`  // the document names the hub that this desk pinned
	OtherDigest []string    `json:"otherRevisions"`

	Standings  []PartyStanding     `json:"standings"` // one per party, in the order of the parties
	Invited    []string            `json:"invited,omitempty"`
	Accessions []Accession         `json:"accessions,omitempty"` // in the order in which they came
	Review     *Review             `json:"review,omitempty"`     // if the agreement asks for one
	Breaches   []BreachNotice      `json:"breaches,omitempty"`   // of all revisions
	Outgoing   []Outgoing          `json:"outgoing,omitempty"`   // acts about it that the hub does not have yet, or will not have
	Revisions  []AgreementRevision `json:"revisions"`            // those that this agency knows, oldest first
}

// Ready says whether the desk can do its work, and what is missing.
type Ready struct {
	Ready          bool   `json:"ready"`
	Agency         string `json:"agency"`
	Enrolled       bool   `json:"enrolled"`
	SealingKey     bool   `json:"sealingKey"`
	Hub            bool   `json:"hub"`
	Vault          bool   `json:"vault"`
	OfficerSigning bool   `json:"officerSigning"`
	Provider       bool   `json:"provider"`
	Feed           uint64 `json:"feed"`           // index after the newest entry that was folded
	Gap            string `json:"gap,omitempty"`  // code of what keeps the desk from deciding
	Code           string `json:"code,omitempty"` // of the first thing that is missing
	Message        string `json:"message,omitempty"`
	Pending        int    `json:"pending"` // releases and acts that wait for Vault or the hub
}

// ProblemDetails is an error answer (RFC 9457) with this product's members.
type ProblemDetails struct {
	Type      string            `json:"type"`
	Title     string            `json:"title"`
	Status    int               `json:"status"`
	Detail    string            `json:"detail,omitempty"`
	Code      string            `json:"code"`
	Retryable bool              `json:"retryable"`
	Reason    string            `json:"reason,omitempty"` // the rule that decided, for refusals by policy
	Evidence  []string          `json:"evidence,omitempty"`
	Problems  []Problem         `json:"problems,omitempty"`
	Findings  []Finding         `json:"findings,omitempty"`
	Extra     map[string]string `json:"extra,omitempty"`
}
