package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SharingAgreement is one revision of an agreement between agencies. Applying
// it is a request: it becomes a proposal when a signatory of the proposing
// agency signs it, and is in force when all its parties have signed the same
// bytes. Agreements that are proposed at a desk need no such object.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,path=sharingagreements,singular=sharingagreement,shortName=agr,categories=concordat
// +kubebuilder:printcolumn:name="Agreement",type=string,JSONPath=`.status.reference`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`
// +kubebuilder:printcolumn:name="Why",type=string,JSONPath=`.status.why`
// +kubebuilder:printcolumn:name="Next",type=string,JSONPath=`.status.nextState`
// +kubebuilder:printcolumn:name="Next change",type=string,JSONPath=`.status.nextChange`
// +kubebuilder:printcolumn:name="Signed",type=string,JSONPath=`.status.signed`,priority=1
// +kubebuilder:printcolumn:name="Waiting for",type=string,JSONPath=`.status.waitingFor`,priority=1
// +kubebuilder:printcolumn:name="Not reading",type=string,JSONPath=`.status.notReading`,priority=1
// +kubebuilder:printcolumn:name="What now",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1
// +kubebuilder:printcolumn:name="Digest",type=string,JSONPath=`.status.digest`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type SharingAgreement struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the revision, verbatim. It never changes.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a SharingAgreement is one revision of an agreement and does not change: what was signed is exactly these bytes; apply a new object for the next revision"
	Spec SharingAgreementSpec `json:"spec"`

	// status shows where the revision stands in the hub's ledger. Nothing is
	// decided from it.
	// +kubebuilder:default:={"observedGeneration":-1,"state":"Unknown","conditions":{{"type":"Ready","status":"Unknown","reason":"NotYetObserved","message":"The operator has not looked at this agreement yet.","lastTransitionTime":"1970-01-01T00:00:00Z"}}}
	// +optional
	Status SharingAgreementStatus `json:"status,omitzero"`
}

// SharingAgreementList is a list of SharingAgreements.
//
// +kubebuilder:object:root=true
type SharingAgreementList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []SharingAgreement `json:"items"`
}

// MaxDocumentBytes is the largest document that can be signed: 128 KiB.
const MaxDocumentBytes = 128 << 10

// SharingAgreementSpec carries the document that is signed.
type SharingAgreementSpec struct {
	// document is the agreement as one line of RFC 8785 JSON without a final
	// newline, at most 128 KiB. What is signed is exactly these bytes, which is
	// why this is a string and not a structure that kube-apiserver could prune
	// or fill with defaults. `concordat agreement document` makes it from YAML.
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=131072
	// +kubebuilder:validation:XValidation:rule="self.startsWith('{') && self.endsWith('}')",message="spec.document is one JSON object, as `concordat agreement document FILE` prints it"
	// +kubebuilder:validation:XValidation:rule="!self.contains('\\n') && !self.contains('\\r')",message="spec.document is a single line; in YAML write it with |- or in quotes, as `concordat agreement document FILE` prints it"
	Document string `json:"document"`

	// proposedBy is the party whose signatory proposes the agreement.
	// +required
	ProposedBy AgencyName `json:"proposedBy"`
}

// AgreementState is where a revision stands.
//
// Unknown: not looked at yet, or the hub says a word that this operator does not
// know. Invalid: the document cannot be signed. Requested: waits for the proposer's
// signature. Proposed: waits for other signatures. Declined, Retracted, Countered,
// Lapsed: nobody can sign it any more. Signed: all who must have signed and its
// window has not begun. InForce: items flow under it. ReviewOverdue: what was
// released can be read and nothing new is released. Suspended: nothing new, and
// reading as the document says. Terminated, Expired: it is over.
type AgreementState string

// The states, as the hub's ledger has them, and the three that only a request has.
const (
	StateUnknown       AgreementState = "Unknown"
	StateInvalid       AgreementState = "Invalid"
	StateRequested     AgreementState = "Requested"
	StateProposed      AgreementState = "Proposed"
	StateDeclined      AgreementState = "Declined"
	StateRetracted     AgreementState = "Retracted"
	StateCountered     AgreementState = "Countered"
	StateLapsed        AgreementState = "Lapsed"
	StateSigned        AgreementState = "Signed"
	StateInForce       AgreementState = "InForce"
	StateReviewOverdue AgreementState = "ReviewOverdue"
	StateSuspended     AgreementState = "Suspended"
	StateTerminated    AgreementState = "Terminated"
	StateExpired       AgreementState = "Expired"
)

// PartyState is where one party stands under a revision.
//
// NotSigned: it has not signed yet. Declined: it will not. SignatureVoid: it signed
// with a key that was revoked before the agreement was complete. Bound: it is held
// to the agreement and may do what its role says. AuthorityLapsed: nobody may sign
// for it now, so that it gives nothing new. Leaving: it has given notice. Withdrawn:
// it has left. Suspended: its part is. AgencySuspended, AgencyGone: the registrar
// stopped all that the agency does, or it left the hub.
type PartyState string

// The states of a party.
const (
	PartyNotSigned       PartyState = "NotSigned"
	PartyDeclined        PartyState = "Declined"
	PartySignatureVoid   PartyState = "SignatureVoid"
	PartyBound           PartyState = "Bound"
	PartyAuthorityLapsed PartyState = "AuthorityLapsed"
	PartyLeaving         PartyState = "Leaving"
	PartyWithdrawn       PartyState = "Withdrawn"
	PartySuspended       PartyState = "Suspended"
	PartyAgencySuspended PartyState = "AgencySuspended"
	PartyAgencyGone      PartyState = "AgencyGone"
)

// PartyStatus is where one party stands, and what that lets it do.
type PartyStatus struct {
	// agency is the party.
	// +required
	Agency AgencyName `json:"agency"`

	// state is where it stands: NotSigned, Declined, SignatureVoid, Bound,
	// AuthorityLapsed, Leaving, Withdrawn, Suspended, AgencySuspended or AgencyGone.
	// +required
	State PartyState `json:"state"`

	// reads says that it can open what another party released before, as far as
	// the terms of the item let it.
	// +optional
	Reads bool `json:"reads"`

	// releases says that it can put something new before another party.
	// +optional
	Releases bool `json:"releases"`

	// why is one sentence: why the party cannot read or release, and who can change
	// that; or that it can.
	// +optional
	Why string `json:"why,omitempty"`
}

// SharingAgreementStatus is a projection of the hub's ledger.
type SharingAgreementStatus struct {
	// observedGeneration is the generation that this status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// digest is the SHA-256 of the document: what the parties sign.
	// +optional
	Digest string `json:"digest,omitempty"`

	// agreementID is the id that all revisions of the agreement share.
	// +optional
	AgreementID string `json:"agreementID,omitempty"`

	// revision is the number of this revision.
	// +optional
	Revision int64 `json:"revision,omitempty"`

	// reference is the agreement's short reference, as the document has it.
	// +optional
	Reference string `json:"reference,omitempty"`

	// state is where the revision stands: Unknown, Invalid, Requested, Proposed,
	// Declined, Retracted, Countered, Lapsed, Signed, InForce, ReviewOverdue,
	// Suspended, Terminated or Expired.
	// +optional
	State AgreementState `json:"state,omitempty"`

	// since is from when the ledger has it in this state.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`

	// why is one sentence: what made the state.
	// +optional
	Why string `json:"why,omitempty"`

	// nextState is what time alone will make of it, if nobody acts.
	// +optional
	NextState AgreementState `json:"nextState,omitempty"`

	// nextChange is when, in UTC, such as "2027-01-01T00:00:00Z".
	// +optional
	NextChange string `json:"nextChange,omitempty"`

	// reviewDue is when the parties must have looked at the agreement again.
	// +optional
	ReviewDue *metav1.Time `json:"reviewDue,omitempty"`

	// supersedes is the digest of the revision before this one.
	// +optional
	Supersedes string `json:"supersedes,omitempty"`

	// supersededBy is the digest of the revision after this one. It binds only
	// those who sign it: between the others this one goes on.
	// +optional
	SupersededBy string `json:"supersededBy,omitempty"`

	// governs says that this revision is the newest that binds some two parties now.
	// +optional
	Governs bool `json:"governs,omitempty"`

	// partyStates says of each party where it stands, and why it cannot read or
	// release; in the order of parties.
	// +optional
	// +listType=map
	// +listMapKey=agency
	PartyStates []PartyStatus `json:"partyStates,omitempty"`

	// notReading names the parties that can read nothing under the agreement now.
	// +optional
	NotReading string `json:"notReading,omitempty"`

	// parties are the agencies that the document names and those that acceded,
	// sorted.
	// +optional
	// +listType=set
	Parties []AgencyName `json:"parties,omitempty"`

	// signedBy are the parties with a valid signature in the ledger, sorted.
	// +optional
	// +listType=set
	SignedBy []AgencyName `json:"signedBy,omitempty"`

	// signed says the same in short, such as "2 of 3".
	// +optional
	Signed string `json:"signed,omitempty"`

	// waitingFor names the parties whose signature is missing.
	// +optional
	WaitingFor string `json:"waitingFor,omitempty"`

	// entryIndex is the ledger index of the act that made the state.
	// +optional
	EntryIndex *int64 `json:"entryIndex,omitempty"`

	// conditions say what is missing and whose turn it is.
	// +optional
	// +patchStrategy=merge
	// +patchMergeKey=type
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty" patchStrategy:"merge" patchMergeKey:"type"`
}
