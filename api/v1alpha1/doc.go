// Package v1alpha1 holds Concordat's Kubernetes kinds: Agency, one per agency
// that shares through the hub, and SharingAgreement, one revision of an
// agreement between agencies.
//
// Both are requests and projections. What an agency may do is decided from the
// hub's ledger of signed acts, never from these objects: forging a status or
// restoring an old etcd backup changes what kubectl shows and nothing else.
//
// The package imports apimachinery only, so that any program can use the types.
//
// +kubebuilder:object:generate=true
// +groupName=concordat.dev
package v1alpha1
