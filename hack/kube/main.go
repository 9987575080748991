// Command concordat-kube is a whole Kubernetes control plane in one file: etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler and kubectl, linked together from their published modules.
//
// It exists so that the demo and the tests run against a real API server on a machine that has Go
// and nothing else. The part to play is taken from the name the binary is called by, so a folder of
// symbolic links to it is what envtest and scripts expect to find; called by its own name, the
// first argument says the part:
//
//	ln -s concordat-kube kube-apiserver && ./kube-apiserver --help
//	concordat-kube kube-apiserver --help
//
// It is development and test machinery in a module of its own. The product never imports it, and
// nothing here is fit to serve a cluster that matters.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	_ "time/tzdata" // CronJobs name time zones, and a small machine may have no zone files

	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubectl's ways to log in
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // version metric
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// parts are the programs in this binary, by the names they are called by. Each returns its exit
// code and finds its own arguments in os.Args, as it would when it is alone.
var parts = map[string]func() int{
	"etcd": func() int {
		etcdmain.Main(os.Args) // ends the process itself when it fails
		return 0
	},
	"kube-apiserver":          func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() int { return cli.Run(controllermanager.NewControllerManagerCommand()) },
	"kube-scheduler":          func() int { return cli.Run(scheduler.NewSchedulerCommand()) },
	"kubectl":                 kubectl,
}

func main() {
	part := filepath.Base(os.Args[0])
	run, ok := parts[part]
	if !ok && len(os.Args) > 1 {
		// Called by its own name: the first argument says which part, and the rest is that part's.
		part = os.Args[1]
		if run, ok = parts[part]; ok {
			os.Args = append([]string{part}, os.Args[2:]...)
		}
	}
	if !ok {
		names := make([]string, 0, len(parts))
		for name := range parts {
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintf(os.Stderr, "usage: concordat-kube PART [ARGUMENT]..., or call it by a link named after the part\nparts: %s\n", strings.Join(names, ", "))
		os.Exit(2)
	}
	os.Exit(run())
}

// kubectl is what upstream's own main does: verbosity is read before the command is built, because
// plug-ins and the user's preferences are looked up while building it.
func kubectl() int {
	_, _ = logs.GlogSetter(cmd.GetLogVerbosity(os.Args)) // a verbosity that does not parse is reported by the command itself
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err) // prints in kubectl's way and exits
	}
	return 0
}
