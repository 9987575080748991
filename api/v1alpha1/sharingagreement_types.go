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
// +kubebuilder:printcolumn:name="Signed",type=string,JSONPath=`.status.signed`
// +kubebuilder:printcolumn:name="Waiting for",type=string,JSONPath=`.status.waitingFor`
// +kubebuilder:printcolumn:name="Next change",type=string,JSONPath=`.status.nextChange`
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
// Unknown: not looked at yet, or the hub does not answer. Invalid: the document
// cannot be signed. Requested: waits for the proposer's signature. Proposed:
// waits for other signatures. Signed: all have signed and its window has not
// begun. InForce: items flow under it. Suspended, Terminated, Expired: they no
// longer do.
type AgreementState string

// The states, as the hub's ledger has them, and the three that only a request has.
const (
	StateUnknown    AgreementState = "Unknown"
	StateInvalid    AgreementState = "Invalid"
	StateRequested  AgreementState = "Requested"
	StateProposed   AgreementState = "Proposed"
	StateSigned     AgreementState = "Signed"
	StateInForce    AgreementState = "InForce"
	StateSuspended  AgreementState = "Suspended"
	StateTerminated AgreementState = "Terminated"
	StateExpired    AgreementState = "Expired"
)

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
	// Signed, InForce, Suspended, Terminated or Expired.
	// +optional
	State AgreementState `json:"state,omitempty"`

	// parties are the agencies that the document names, sorted.
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

	// nextChange is when time alone will change the state, such as "ends
	// 2027-01-01T00:00:00Z".
	// +optional
	NextChange string `json:"nextChange,omitempty"`

	// entryIndex is the ledger index of the act that last changed the state.
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
