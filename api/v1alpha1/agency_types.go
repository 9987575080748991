package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Agency is one agency that shares through this hub: a police or border
// service, a prosecution office, an FIU, an NGO, a platform. Applying it makes
// the agency's namespace, its keys in Vault and, in Managed mode, its desk, and
// asks the hub's registrar to admit its name.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,path=agencies,singular=agency,shortName=agy,categories=concordat
// +kubebuilder:printcolumn:name="Legal name",type=string,JSONPath=`.spec.legalName`
// +kubebuilder:printcolumn:name="Custody",type=string,JSONPath=`.status.custody`,description="who must be trusted not to read: Managed desks trust the cluster's and Vault's administrators"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="What now",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Officers sign",type=string,JSONPath=`.status.conditions[?(@.type=="OfficersCanSign")].status`,priority=1
// +kubebuilder:printcolumn:name="Desk",type=string,JSONPath=`.status.deskURL`,priority=1
// +kubebuilder:printcolumn:name="Entry",type=integer,JSONPath=`.status.enrolledIndex`,priority=1,description="index of the enrolment in the hub's ledger"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z][a-z0-9]{1,30}$')",message="an agency's name is 2 to 31 lower-case letters and digits, beginning with a letter and without a hyphen, because every name of its namespace, mount and keys is made from it"
// +kubebuilder:validation:XValidation:rule="!(self.metadata.name in ['hub', 'registrar', 'system', 'operator', 'concordat'])",message="the names hub, registrar, system, operator and concordat are reserved for the house itself; choose another"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.offboard) || self.spec.offboard.confirm == self.metadata.name",message="to confirm offboarding, spec.offboard.confirm repeats the agency's own name"
type Agency struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the hub's administrators ask for.
	// +required
	Spec AgencySpec `json:"spec"`

	// status is what the operator has observed. Nothing is decided from it.
	// +kubebuilder:default:={"observedGeneration":-1,"conditions":{{"type":"Ready","status":"Unknown","reason":"NotYetObserved","message":"The operator has not looked at this agency yet.","lastTransitionTime":"1970-01-01T00:00:00Z"}}}
	// +optional
	Status AgencyStatus `json:"status,omitzero"`
}

// AgencyList is a list of Agencies.
//
// +kubebuilder:object:root=true
type AgencyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Agency `json:"items"`
}

// AgencySpec describes an agency. It never names a person.
//
// +kubebuilder:validation:XValidation:rule="self.desk.mode != 'External' || has(self.desk.endpoint)",message="an External desk needs spec.desk.endpoint, the https address at which the agency runs it"
// +kubebuilder:validation:XValidation:rule="self.desk.mode == oldSelf.desk.mode",message="spec.desk.mode cannot change: the other agencies signed agreements with this custody in mind; offboard the agency and enrol it under a new name"
// +kubebuilder:validation:XValidation:rule="has(self.vault) == has(oldSelf.vault)",message="an agency cannot move between the shared Vault and its own: its keys stay where they were made; offboard the agency and enrol it under a new name"
type AgencySpec struct {
	// legalName is the agency's name as its agreements spell it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	LegalName string `json:"legalName"`

	// kind is what sort of agency this is, as a term of the vocabulary: police,
	// prosecution, FIU, immigration, labour-inspection, child-protection,
	// social-services, health, consular, judiciary, NGO, platform, academy,
	// oversight or international-organisation. The vocabulary grows without a
	// new API version, so any well-formed term is accepted here.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9]*(-[a-z0-9]+)*$')",message="spec.kind is one term of the vocabulary, such as police, FIU or labour-inspection"
	Kind string `json:"kind"`

	// jurisdiction is the ISO 3166-1 alpha-2 code of the State, in capitals, or
	// the short name of an international organisation in lower case.
	// +required
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Z]{2}|[a-z][a-z0-9-]{2,15})$')",message="spec.jurisdiction is an ISO 3166-1 alpha-2 code in capitals, such as FR, or the short name of an organisation in lower case, such as interpol"
	Jurisdiction string `json:"jurisdiction"`

	// mandate names the instrument from which the agency has its authority.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Mandate string `json:"mandate"`

	// languages are the languages that the agency works in, most used first, as
	// BCP 47 tags. Default: en.
	// +optional
	// +listType=set
	// +kubebuilder:default={"en"}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Languages []Language `json:"languages,omitempty"`

	// oidc is the identity provider of the agency's officers. Without it nobody
	// can log in at a Managed desk.
	// +optional
	OIDC *OIDC `json:"oidc,omitempty"`

	// adminGroups are the groups, as kube-apiserver knows them, whose members
	// look after the agency's namespace. Groups only: people come and go.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	AdminGroups []Group `json:"adminGroups,omitempty"`

	// desk says where the agency's desk runs. Default: Managed.
	// +optional
	// +kubebuilder:default={mode: "Managed"}
	Desk Desk `json:"desk,omitzero"`

	// vault is set for an agency whose keys are in a Vault of its own. The
	// operator has no right there and makes nothing in it. Without this field
	// the keys are in the hub's Vault, in a mount of the agency's own.
	// +optional
	Vault *OwnVault `json:"vault,omitempty"`

	// quotas bound what the agency's namespace may use in the cluster.
	// +optional
	// +kubebuilder:default={}
	Quotas Quotas `json:"quotas,omitzero"`

	// suspended asks the hub's registrar to suspend the agency: nothing is
	// released or opened by it until the field is false again. Default: false.
	// +optional
	Suspended bool `json:"suspended,omitempty"`

	// offboard asks that the agency leave the hub for good. Deleting an Agency
	// without it changes nothing at the hub or in Vault. Removing it again
	// undoes what was done, until the object is deleted with it in place.
	// +optional
	Offboard *Offboard `json:"offboard,omitempty"`
}

// Language is a BCP 47 tag.
//
// +kubebuilder:validation:MaxLength=35
// +kubebuilder:validation:Pattern=`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`
type Language string

// Group is the name of a group in the cluster's authentication. The built-in
// groups, which begin with system:, mean everybody or the cluster itself.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule="!self.startsWith('system:')",message="a group that begins with system: belongs to Kubernetes and cannot administer an agency"
type Group string

// OIDC is an agency's own OpenID provider. The agency registers the clients
// there itself: public ones, with PKCE, redirecting to the desk and to loopback.
type OIDC struct {
	// issuer is the provider's issuer identifier, an https URL without query or
	// fragment (OpenID Connect Discovery 1.0, section 3).
	// +required
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://[^?# ]+$')",message="spec.oidc.issuer is an https URL without query or fragment"
	Issuer string `json:"issuer"`

	// clientID is the client that the agency registered for its desk.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	ClientID string `json:"clientID"`

	// ca is the PEM bundle that the provider's certificate chains to. Default:
	// the system's roots.
	// +optional
	// +kubebuilder:validation:MaxLength=65536
	CA string `json:"ca,omitempty"`

	// rolesClaim is the claim of the id_token that holds groups. Default: groups.
	// +optional
	// +kubebuilder:default=groups
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	RolesClaim string `json:"rolesClaim,omitempty"`

	// roles says which groups of the provider have which role at the desk. A
	// role that is not listed is given by nobody's claims; the agency's own
	// administrator can still give it at the desk. Default: a group gives the
	// role of its own name.
	// +optional
	// +listType=map
	// +listMapKey=role
	// +kubebuilder:validation:MaxItems=16
	Roles []RoleMapping `json:"roles,omitempty"`
}

// Role is a named set of rights at a desk.
//
// +kubebuilder:validation:Enum=reader;analyst;releaser;reviewer;child-protection;trainer;signatory;auditor;agency-admin
type Role string

// RoleMapping gives one role to members of any of the listed groups.
type RoleMapping struct {
	// role is the role that is given.
	// +required
	Role Role `json:"role"`
	// groups are values of the claim; one of them is enough.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	Groups []string `json:"groups"`
}

// DeskMode says who runs the desk.
//
// +kubebuilder:validation:Enum=Managed;External
type DeskMode string

const (
	// DeskManaged means that the operator runs the desk in the agency's namespace. The
	// administrators of the cluster and of its Vault are trusted not to read.
	DeskManaged DeskMode = "Managed"
	// DeskExternal means that the agency runs its desk at its own site. The operator keeps
	// the agency's namespace so that nobody else takes its name, without a desk.
	DeskExternal DeskMode = "External"
)

// Desk is where an agency's desk runs.
type Desk struct {
	// mode is Managed (the operator runs the desk here; the cluster's and
	// Vault's administrators are trusted) or External (the agency runs it at its
	// own site, where they are not). Default: Managed.
	// +optional
	// +kubebuilder:default=Managed
	Mode DeskMode `json:"mode,omitempty"`

	// endpoint is the https address of the desk for people. For an External
	// desk it is required; for a Managed one it is the address that an ingress
	// gives it, and the cluster's own name for the Service without it.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://[^?#/ ]+(/[^?# ]*)?$')",message="spec.desk.endpoint is an https URL without query or fragment"
	Endpoint string `json:"endpoint,omitempty"`

	// storage is the size of the desk's volume, which holds drafts, inbox and
	// openings, all encrypted under the agency's own key. Default: 5Gi.
	// +optional
	Storage *resource.Quantity `json:"storage,omitempty"`
}

// OwnVault is a Vault that the agency runs itself.
type OwnVault struct {
	// address is the https address of the agency's Vault.
	// +required
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://[^?#/ ]+$')",message="spec.vault.address is an https URL without path, query or fragment"
	Address string `json:"address"`
	// ca is the PEM bundle that its certificate chains to. Default: the
	// system's roots.
	// +optional
	// +kubebuilder:validation:MaxLength=65536
	CA string `json:"ca,omitempty"`
}

// Quotas become the namespace's ResourceQuota.
type Quotas struct {
	// cpu is the most CPU that the agency's pods may request. Default: 4.
	// +optional
	CPU *resource.Quantity `json:"cpu,omitempty"`
	// memory is the most memory that they may request. Default: 8Gi.
	// +optional
	Memory *resource.Quantity `json:"memory,omitempty"`
	// storage is the most storage that its volume claims may ask for, all
	// together. Default: 50Gi.
	// +optional
	Storage *resource.Quantity `json:"storage,omitempty"`
	// pods is the most pods at a time. Default: 10.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Pods *int32 `json:"pods,omitempty"`
}

// EndingOfAgreements says how the agreements of a leaving agency end.
//
// +kubebuilder:validation:Enum=Wait;Registrar
type EndingOfAgreements string

const (
	// EndingWait means that offboarding waits until the agency has withdrawn from each of
	// its agreements, or they have ended.
	EndingWait EndingOfAgreements = "Wait"
	// EndingRegistrar means that the registrar's own offboarding act ends the
	// agency's part in them, for an agency that no longer answers.
	EndingRegistrar EndingOfAgreements = "Registrar"
)

// Offboard confirms that an agency is to leave.
type Offboard struct {
	// confirm repeats the agency's name, so that nobody offboards by accident.
	// +required
	Confirm AgencyName `json:"confirm"`
	// agreements is Wait (wait until the agency is party to no agreement in
	// force; the default) or Registrar (the registrar's act ends its part in
	// them, for an agency that no longer answers).
	// +optional
	// +kubebuilder:default=Wait
	Agreements EndingOfAgreements `json:"agreements,omitempty"`
}

// Custody says who besides the agency must be trusted not to read.
type Custody string

const (
	// CustodyManaged is trust in cluster administrators and the shared Vault's.
	CustodyManaged Custody = "Managed"
	// CustodyManagedOwnVault is trust in cluster administrators, who can reach the
	// running desk.
	CustodyManagedOwnVault Custody = "ManagedOwnVault"
	// CustodyExternal is trust in the shared Vault's administrators.
	CustodyExternal Custody = "External"
	// CustodyOwn is trust in nobody: desk and Vault are the agency's own.
	CustodyOwn Custody = "Own"
)

// AgencyStatus is what the operator observed when it last looked.
type AgencyStatus struct {
	// observedGeneration is the generation of the spec that this status speaks
	// of; -1 before the operator has seen the object.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// namespace is the namespace kept for the agency.
	// +optional
	Namespace string `json:"namespace,omitempty"`

	// custody says who besides the agency must be trusted not to read: Managed,
	// ManagedOwnVault, External or Own (nobody).
	// +optional
	Custody Custody `json:"custody,omitempty"`

	// keys are the public keys of the agency, as the hub's ledger has them.
	// +optional
	// +listType=map
	// +listMapKey=purpose
	Keys []KeyStatus `json:"keys,omitempty"`

	// deskURL is where officers reach the desk.
	// +optional
	DeskURL string `json:"deskURL,omitempty"`

	// enrolledIndex is the ledger index of the agency's enrolment.
	// +optional
	EnrolledIndex *int64 `json:"enrolledIndex,omitempty"`

	// agreements counts the agreements that the agency is a party to and that
	// have not ended.
	// +optional
	Agreements int32 `json:"agreements,omitempty"`

	// conditions say what works, what does not and what a person should do.
	// +optional
	// +patchStrategy=merge
	// +patchMergeKey=type
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty" patchStrategy:"merge" patchMergeKey:"type"`
}

// KeyStatus is one public key of an agency.
type KeyStatus struct {
	// purpose is what the key is for.
	Purpose Purpose `json:"purpose"`
	// thumbprint identifies the key (RFC 7638): 43 characters of base64url.
	Thumbprint string `json:"thumbprint"`
}
