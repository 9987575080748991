package cli

import (
	"context"
	"path/filepath"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/cli/keyring"
	"github.com/concordat-hub/concordat/internal/message"
)

var (
	agencies   = v1alpha1.GroupVersion.WithResource("agencies")
	agreements = v1alpha1.GroupVersion.WithResource("sharingagreements")
)

// kubeconfigured says whether a cluster was named, by flag or by KUBECONFIG.
func (a *app) kubeconfigured() bool { return a.kubeconfig != "" || a.env.Getenv("KUBECONFIG") != "" }

// restConfig reads the kubeconfig as kubectl does.
func (a *app) restConfig() (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = a.kubeconfig
	if list := a.env.Getenv("KUBECONFIG"); list != "" {
		rules.Precedence = filepath.SplitList(list)
	}
	overrides := &clientcmd.ConfigOverrides{CurrentContext: a.kubeContext}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if err != nil {
		return nil, failBecause(err, Usage, "cli_kubeconfig_unusable", nil)
	}
	config.Timeout = 30 * time.Second
	config.UserAgent = "concordat"
	return config, nil
}

func (a *app) cluster() (dynamic.Interface, error) {
	config, err := a.restConfig()
	if err != nil {
		return nil, err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, failBecause(err, Usage, "cli_kubeconfig_unusable", nil)
	}
	return client, nil
}

// clusterFailure tells the answers of kube-apiserver apart.
func clusterFailure(err error, name string) error {
	switch {
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		return failBecause(err, NotFound, "cli_cluster_not_found", message.Params{"Name": name})
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return failBecause(err, Refused, "cli_cluster_forbidden", nil)
	}
	return failBecause(err, Unavailable, "cli_cluster_unavailable", message.Params{"Detail": err.Error()})
}

// fetch reads one object of the cluster into a typed one.
func (a *app) fetch(ctx context.Context, resource schema.GroupVersionResource, name string, into any) error {
	client, err := a.cluster()
	if err != nil {
		return err
	}
	object, err := client.Resource(resource).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return clusterFailure(err, name)
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into)
}

func (a *app) clusterAgencies(ctx context.Context) ([]v1alpha1.Agency, error) {
	client, err := a.cluster()
	if err != nil {
		return nil, err
	}
	list, err := client.Resource(agencies).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, clusterFailure(err, "agencies")
	}
	out := make([]v1alpha1.Agency, len(list.Items))
	for i := range list.Items {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(list.Items[i].Object, &out[i]); err != nil {
			return nil, failBecause(err, Failed, "cli_answer_not_understood", message.Params{"Address": "kube-apiserver"})
		}
	}
	return out, nil
}

// ringOfCluster takes thumbprints from the status of the Agency objects, which
// the operator copied from the hub's ledger: convenient where one house runs
// both, and to be compared by telephone before signing like any other.
func (a *app) ringOfCluster(ctx context.Context) (*keyring.Ring, error) {
	list, err := a.clusterAgencies(ctx)
	if err != nil {
		return nil, err
	}
	ring := &keyring.Ring{Agencies: map[act.AgencyName]keyring.Agency{}}
	for _, object := range list {
		agency := keyring.Agency{
			LegalName: object.Spec.LegalName, Jurisdiction: object.Spec.Jurisdiction,
			Kind: object.Spec.Kind, Mandate: object.Spec.Mandate,
		}
		for _, key := range object.Status.Keys {
			switch key.Purpose {
			case v1alpha1.OfficerSign:
				agency.OfficerSign = act.Thumbprint(key.Thumbprint)
			case v1alpha1.DeskSign:
				agency.DeskSign = act.Thumbprint(key.Thumbprint)
			}
		}
		ring.Agencies[act.AgencyName(object.Name)] = agency
	}
	return ring, nil
}
