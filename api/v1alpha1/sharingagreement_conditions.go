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
	// Nobody can sign it any more: a party declined, its proposer took it back,
	// another revision was proposed instead, or the time to sign is over. The
	// object is then Stalled.
	ReasonDeclined  = "Declined"
	ReasonRetracted = "Retracted"
	ReasonCountered = "Countered"
	ReasonLapsed    = "Lapsed"
)

// InForce: new items flow under the agreement now. Ready follows it: an agreement
// that has ended as agreed is Ready with the reason Ended, because nothing more
// is to be done.
const (
	ConditionInForce = "InForce"

	ReasonInForce   = "InForce"
	ReasonNotSigned = "NotSigned"
	ReasonNotBegun  = "NotBegun"
	// ReasonReviewOverdue: the parties have not looked at the agreement again in
	// time, and the document says that this stops what is new, or everything.
	ReasonReviewOverdue = "ReviewOverdue"
	ReasonTerminated    = "Terminated"
	ReasonExpired       = "Expired"
	ReasonEnded         = "Ended"
)
