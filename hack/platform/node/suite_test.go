package node

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/concordat-hub/concordat/test/cluster"
)

var (
	client  kubernetes.Interface
	program string // the test program, built
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "concordat-node-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		stop, err := prepare(dir)
		defer stop()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// prepare builds the test program and starts a control plane that makes pods of
// Deployments and binds claims.
func prepare(dir string) (stop func(), err error) {
	stop = func() {}
	program = filepath.Join(dir, "program")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/program").CombinedOutput(); err != nil {
		return stop, fmt.Errorf("build the test program: %w\n%s", err, out)
	}
	control, err := cluster.Start()
	if err != nil {
		return stop, err
	}
	stop = control.Stop
	if err := control.StartControllerManager(); err != nil {
		return stop, err
	}
	if client, err = kubernetes.NewForConfig(control.Config); err != nil {
		return stop, err
	}
	binder, err := startBinder(dir, control)
	if err != nil {
		return stop, err
	}
	return func() {
		_ = binder.Process.Signal(os.Interrupt)
		_ = binder.Wait()
		control.Stop()
	}, nil
}

// startBinder starts the controllers of volumes and nodes, which the shared
// control plane has no use for.
func startBinder(dir string, control *cluster.Cluster) (*exec.Cmd, error) {
	root, err := cluster.Root()
	if err != nil {
		return nil, err
	}
	admin := api.NewConfig()
	admin.Clusters["test"] = &api.Cluster{Server: control.Config.Host, CertificateAuthorityData: control.Config.CAData}
	admin.AuthInfos["test"] = &api.AuthInfo{ClientCertificateData: control.Config.CertData, ClientKeyData: control.Config.KeyData}
	admin.Contexts["test"] = &api.Context{Cluster: "test", AuthInfo: "test"}
	admin.CurrentContext = "test"
	file := filepath.Join(dir, "kubeconfig")
	if err := clientcmd.WriteToFile(*admin, file); err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(root, "bin", "concordat-kube"), "kube-controller-manager",
		"--kubeconfig", file, "--secure-port", "0", "--leader-elect=false",
		"--controllers", "persistentvolume-binder-controller,persistentvolumeclaim-protection-controller,persistentvolume-protection-controller,node-lifecycle-controller")
	return cmd, cmd.Start()
}
