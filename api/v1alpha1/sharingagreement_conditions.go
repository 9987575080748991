package v1alpha1

// Valid: the document can be signed as it is.
const (
	ConditionValid = "Valid"

	ReasonDocumentAccepted = "DocumentAccepted"
	// ReasonDocumentInvalid: the document is not one line of canonical JSON that
	// follows the schema.
	ReasonDocumentInvalid = "DocumentInvalid"
	// ReasonProposerNotParty: proposedBy is not among the document's parties.
	ReasonProposerNotParty = "ProposerNotParty"
)

// Signed: every signature that the document asks for is in the ledger.
const (
	ConditionSigned = "Signed"

	ReasonAllSigned          = "AllSigned"
	ReasonAwaitingProposer   = "AwaitingProposer"
	ReasonAwaitingSignatures = "AwaitingSignatures"
)

// InForce: items flow under the agreement now. Ready follows it: an agreement
// that has ended as agreed is Ready with the reason Ended, because nothing more
// is to be done.
const (
	ConditionInForce = "InForce"

	ReasonInForce    = "InForce"
	ReasonNotSigned  = "NotSigned"
	ReasonNotBegun   = "NotBegun"
	ReasonWithdrawn  = "Withdrawn"
	ReasonTerminated = "Terminated"
	ReasonExpired    = "Expired"
	ReasonSuperseded = "Superseded"
	ReasonEnded      = "Ended"
)
