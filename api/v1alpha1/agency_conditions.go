package v1alpha1

// Each condition is an observation with a reason and, in its message, what a
// person should do next. A condition that is absent has not been looked at yet.

// Ready sums the others up: the agency's officers can work at their desk. It
// does not wait for OfficersCanSign, without which all but signing agreements
// works; its message says so.
const (
	ConditionReady = "Ready"

	// ReasonNotYetObserved: the operator has not looked yet (the default at birth).
	ReasonNotYetObserved = "NotYetObserved"
	// ReasonWorking: the agency can work.
	ReasonWorking = "Working"
	// ReasonOfficersCannotSign: all works but officers' signatures.
	ReasonOfficersCannotSign = "OfficersCannotSign"
	// ReasonSuspended: the agency is suspended at the hub.
	ReasonSuspended = "Suspended"
	// ReasonOffboarding: the agency is leaving; see the Offboarding condition.
	ReasonOffboarding = "Offboarding"
	// ReasonNameRetired: the name belonged to an agency that has left. Names are
	// never given again.
	ReasonNameRetired = "NameRetired"
	// ReasonHubUnavailable: the hub does not answer.
	ReasonHubUnavailable = "HubUnavailable"
	// ReasonHubRefused: the hub does not accept this operator or its request.
	ReasonHubRefused = "HubRefused"
)

// Reconciling is present and True while the operator still works on the
// current spec and expects to get on by itself (kstatus).
const (
	ConditionReconciling = "Reconciling"
	ReasonProgressing    = "Progressing"
)

// ConditionStalled is present and True when nothing will move until a person acts
// (kstatus). Its reason repeats that of the condition which is stuck.
const ConditionStalled = "Stalled"

// NamespaceReady: the agency's namespace and everything in it that keeps it
// apart from others is as it should be.
const (
	ConditionNamespaceReady = "NamespaceReady"

	ReasonApplied = "Applied"
	// ReasonNameConflict: an object with a name that the agency needs belongs to
	// somebody else and was left untouched.
	ReasonNameConflict = "NameConflict"
	// ReasonTerminating: the namespace is being deleted.
	ReasonTerminating = "Terminating"
	// ReasonDriftFight: something else keeps changing what the operator puts back.
	ReasonDriftFight = "DriftFight"
	// ReasonAPIError: kube-apiserver refused or did not answer.
	ReasonAPIError = "APIError"
)

// VaultReady: the agency's mount and its four keys are there and are what they
// should be.
const (
	ConditionVaultReady = "VaultReady"

	ReasonKeysPresent      = "KeysPresent"
	ReasonOwnVault         = "OwnVault"
	ReasonVaultUnavailable = "VaultUnavailable"
	ReasonVaultSealed      = "VaultSealed"
	ReasonVaultDenied      = "VaultDenied"
	// ReasonKeyMissing: a key that the hub's ledger knows is gone from Vault. It
	// is not made again in silence: a new key is not the old one.
	ReasonKeyMissing = "KeyMissing"
	// ReasonKeyTampered: a key in Vault is not the one it was, or can be exported.
	ReasonKeyTampered = "KeyTampered"
)

// KeysPublished: the agency is enrolled, so its public keys are in the hub's
// ledger.
const (
	ConditionKeysPublished = "KeysPublished"

	ReasonEnrolled = "Enrolled"
	// ReasonAwaitingDesk: the hub has admitted the name and waits for the desk to
	// submit its keys.
	ReasonAwaitingDesk = "AwaitingDesk"
)

// DeskReady: the desk answers, over TLS, that it is ready.
const (
	ConditionDeskReady = "DeskReady"

	ReasonAnswers         = "Answers"
	ReasonAwaitingAddress = "AwaitingAddress"
	ReasonNotAnswering    = "NotAnswering"
	ReasonNotReady        = "NotReady"
	ReasonStarting        = "Starting"
	ReasonRunByAgency     = "RunByAgency"
)

// OfficersCanSign: officers can log in at Vault to sign agreements. The
// operator has no right to make that login; its message shows who does it how.
const (
	ConditionOfficersCanSign = "OfficersCanSign"

	ReasonLoginConfigured   = "LoginConfigured"
	ReasonAwaitingKeykeeper = "AwaitingKeykeeper"
	ReasonNoProvider        = "NoIdentityProvider"
)

// Offboarding is present and True while an agency leaves. The reason is the
// stage that it has reached.
const (
	ConditionOffboarding = "Offboarding"

	// ReasonFreezing: the hub has been asked to suspend the agency.
	ReasonFreezing = "Freezing"
	// ReasonEndingAgreements: waiting until its agreements have ended.
	ReasonEndingAgreements = "EndingAgreements"
	// ReasonClosingVault: the desk's access to Vault is off; waiting for a
	// keykeeper to end the officers'.
	ReasonClosingVault = "ClosingVault"
	// ReasonAwaitingDeletion: all that can be undone is done. Deleting the object
	// does the rest.
	ReasonAwaitingDeletion = "AwaitingDeletion"
	// ReasonRemoving: the last stage, which cannot be undone.
	ReasonRemoving = "Removing"
	// ReasonCleanupBlocked: something has kept the last stages waiting for long.
	ReasonCleanupBlocked = "CleanupBlocked"
)
