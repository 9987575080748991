package v1alpha1

// AgencyName is an agency's slug: the name of its Agency object, and the part
// that differs in every name derived from it (namespace agency-<slug>, Vault
// mount concordat/agency-<slug>). It has no hyphen, so that no slug is a prefix
// of another's derived name, and it is never given to a second agency.
//
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=31
// +kubebuilder:validation:Pattern=`^[a-z][a-z0-9]{1,30}$`
type AgencyName string

// Namespace is the Kubernetes namespace that the operator keeps for the agency.
func (n AgencyName) Namespace() string { return "agency-" + string(n) }

// VaultMount is the transit mount that holds the agency's keys.
func (n AgencyName) VaultMount() string { return "concordat/agency-" + string(n) }

// Purpose says what one of an agency's keys is for. Each purpose is a key of
// its own in the agency's Vault mount, so that no key can stand in for another.
//
// +kubebuilder:validation:Enum=officer-sign;desk-sign;witness-sign;wrap
type Purpose string

// The four keys of an agency.
const (
	// OfficerSign signs agreement acts, with an officer's own login.
	OfficerSign Purpose = "officer-sign"
	// DeskSign signs releases, opens, acknowledgements and the desk's bearer token.
	DeskSign Purpose = "desk-sign"
	// WitnessSign cosigns the hub's checkpoints.
	WitnessSign Purpose = "witness-sign"
	// Wrap encrypts the desk's sealing identities and store keys; it has no
	// public half and so no thumbprint.
	Wrap Purpose = "wrap"
)

// Annotations and labels that the operator writes, and the finalizer that it
// holds. An agency's administrators have no right to write any of them.
const (
	// LabelAgency carries the slug on every object made for an agency.
	LabelAgency = "concordat.dev/agency"
	// AnnotationOwnerUID carries the UID of the Agency that a namespace was made
	// for, and on objects in it that of the namespace. An object without it, or
	// with another, is never adopted.
	AnnotationOwnerUID = "concordat.dev/owner-uid"
	// AnnotationDetached marks a namespace whose Agency was deleted without
	// offboarding. It may be taken up by the next Agency of the same name.
	AnnotationDetached = "concordat.dev/detached"
	// AnnotationApplied is a digest of what the operator last applied, so that it
	// tells its own change of mind from somebody else's change.
	AnnotationApplied = "concordat.dev/applied"
	// AnnotationDeskURL, on a desk's Service, is the address at which people and
	// the operator reach the desk when it differs from the cluster's own name.
	AnnotationDeskURL = "concordat.dev/desk-url"
	// FinalizerAgency delays deletion until the operator has detached the agency
	// or finished its offboarding.
	FinalizerAgency = "concordat.dev/agency"
)
