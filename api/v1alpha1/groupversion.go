package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is concordat.dev/v1alpha1.
var GroupVersion = schema.GroupVersion{Group: "concordat.dev", Version: "v1alpha1"}

// AddToScheme registers the kinds of this package.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&Agency{}, &AgencyList{},
		&SharingAgreement{}, &SharingAgreementList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
