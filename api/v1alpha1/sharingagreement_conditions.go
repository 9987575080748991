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
	// ReasonUnknownParty: the hub has no agency of a name that the document gives.
	ReasonUnknownParty = "UnknownParty"
	// ReasonKeyMismatch: the document names a key for a party that is not the one
	// the party enrolled with.
	ReasonKeyMismatch = "KeyMismatch"
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
	ReasonTerminated = "Terminated"
	ReasonExpired    = "Expired"
	ReasonEnded      = "Ended"
)
