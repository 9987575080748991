// Package cluster starts a real Kubernetes control plane for tests: etcd and
// kube-apiserver, and kube-controller-manager for the tests that need what it
// does (namespaces that end, Deployments that become Pods).
//
// It runs the multi-call binary that `make tools` builds, and fails, never
// skips, where that is absent: a promise that was not tested is not kept.
// Any test may import it.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// parts are the names by which the multi-call binary is called.
var parts = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kubectl"}

// Cluster is a running control plane.
type Cluster struct {
	// Config is an administrator's (system:masters).
	Config *rest.Config

	env     *envtest.Environment
	dir     string
	manager *exec.Cmd
	before  []func()
}

// Before has f called before the control plane stops. Whoever watches stops
// first: kube-apiserver waits long for open watches.
func (c *Cluster) Before(f func()) { c.before = append(c.before, f) }

// Main starts a control plane for one package's tests, hands it to them and
// exits with their result. Call it from TestMain.
func Main(m *testing.M, ready func(*Cluster), options ...Option) {
	os.Exit(func() int {
		c, err := Start(options...)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer c.Stop()
		ready(c)
		return m.Run()
	}())
}

// Option changes what Start starts.
type Option func(*envtest.Environment)

// WithoutCRDs leaves installing the kinds to the test.
func WithoutCRDs() Option { return func(e *envtest.Environment) { e.CRDDirectoryPaths = nil } }

// Start starts etcd and kube-apiserver on free loopback ports, with RBAC,
// admission as in production, and Concordat's CRDs.
func Start(options ...Option) (*Cluster, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	dir, err := assets(root)
	if err != nil {
		return nil, err
	}
	env := &envtest.Environment{
		BinaryAssetsDirectory:    dir,
		CRDDirectoryPaths:        []string{filepath.Join(root, "config", "crd")},
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: time.Minute,
		ControlPlaneStopTimeout:  30 * time.Second,
	}
	// envtest turns this plug-in off because it runs no controller manager. Here
	// it is what makes a Pod run under a ServiceAccount, so it stays on.
	env.ControlPlane.GetAPIServer().Configure().Set("disable-admission-plugins", "")
	for _, option := range options {
		option(env)
	}
	config, err := env.Start()
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("the test control plane did not start: %w", err)
	}
	config.QPS, config.Burst = -1, -1
	return &Cluster{Config: config, env: env, dir: dir}, nil
}

// Stop ends everything that was started. The apiserver ends before etcd: the
// other way round it hangs.
func (c *Cluster) Stop() {
	for _, f := range c.before {
		f()
	}
	if c.manager != nil {
		_ = c.manager.Process.Signal(os.Interrupt)
		_ = c.manager.Wait()
	}
	if err := c.env.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stopping the test control plane:", err)
	}
	os.RemoveAll(c.dir)
}

// User returns a configuration for the user with these groups, by a client
// certificate: what the user may do is up to RBAC and admission alone.
func (c *Cluster) User(name string, groups ...string) (*rest.Config, error) {
	added, err := c.env.AddUser(envtest.User{Name: name, Groups: append(groups, "system:authenticated")}, c.Config)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", name, err)
	}
	return added.Config(), nil
}

// As is User for a test, which it fails.
func (c *Cluster) As(t testing.TB, name string, groups ...string) *rest.Config {
	t.Helper()
	config, err := c.User(name, groups...)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// KubeconfigAs writes a kubeconfig for User and returns its path.
func (c *Cluster) KubeconfigAs(t testing.TB, name string, groups ...string) string {
	t.Helper()
	added, err := c.env.AddUser(envtest.User{Name: name, Groups: append(groups, "system:authenticated")}, c.Config)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := added.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Kubeconfig writes an administrator's kubeconfig and returns its path.
func (c *Cluster) Kubeconfig(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, c.env.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Kubectl runs kubectl as an administrator and returns what it prints.
func (c *Cluster) Kubectl(t testing.TB, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(c.dir, "kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig(t))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Install applies kustomizations of this repository, named by their folders, and
// waits until a policy among them holds.
func (c *Cluster) Install(folders ...string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	kubeconfig := filepath.Join(c.dir, "kubeconfig")
	if err := os.WriteFile(kubeconfig, c.env.KubeConfig, 0o600); err != nil {
		return err
	}
	for _, folder := range folders {
		cmd := exec.Command(filepath.Join(c.dir, "kubectl"), "--kubeconfig", kubeconfig,
			"apply", "--server-side", "-k", filepath.Join(root, folder))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apply %s: %w\n%s", folder, err, out)
		}
	}
	if slices.Contains(folders, "config/policies") {
		return c.fenced()
	}
	return nil
}

// fenced waits until kube-apiserver has learnt of the policies: a namespace that
// is named like an agency's is refused to an administrator.
func (c *Cluster) fenced() error {
	cl, err := client.New(c.Config, client.Options{})
	if err != nil {
		return err
	}
	return within(30*time.Second, "the policies never held", func(ctx context.Context) (bool, error) {
		probe := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "agency-fence"}}
		err := cl.Create(ctx, probe, client.DryRunAll)
		return apierrors.IsForbidden(err), nil
	})
}

// within polls until it is so.
func within(limit time.Duration, otherwise string, so func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := so(ctx); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New(otherwise)
		case <-tick.C:
		}
	}
}

// StartControllerManager starts kube-controller-manager, each controller under
// its own ServiceAccount as in production. It returns when it works.
func (c *Cluster) StartControllerManager() error {
	if c.manager != nil {
		return nil
	}
	kubeconfig := filepath.Join(c.dir, "kubeconfig")
	if err := os.WriteFile(kubeconfig, c.env.KubeConfig, 0o600); err != nil {
		return err
	}
	keys := c.env.ControlPlane.GetAPIServer().CertDir
	log, err := os.Create(filepath.Join(c.dir, "kube-controller-manager.log"))
	if err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(c.dir, "kube-controller-manager"),
		"--kubeconfig", kubeconfig, "--secure-port", "0", "--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file", filepath.Join(keys, "sa-signer.key"),
		"--controllers", "namespace-controller,serviceaccount-controller,serviceaccount-token-controller,deployment-controller,replicaset-controller,garbage-collector-controller,root-ca-certificate-publisher-controller,resourcequota-controller,persistentvolumeclaim-protection-controller")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("kube-controller-manager: %w", err)
	}
	c.manager = cmd
	if err := c.works(); err != nil {
		text, _ := os.ReadFile(log.Name())
		return fmt.Errorf("kube-controller-manager: %w\n%s", err, text)
	}
	return nil
}

// works waits until the manager has made the default ServiceAccount.
func (c *Cluster) works() error {
	cl, err := client.New(c.Config, client.Options{})
	if err != nil {
		return err
	}
	return within(time.Minute, "it made no ServiceAccount within a minute", func(ctx context.Context) (bool, error) {
		err := cl.Get(ctx, client.ObjectKey{Namespace: metav1.NamespaceDefault, Name: "default"}, &corev1.ServiceAccount{})
		return err == nil, client.IgnoreNotFound(err)
	})
}

// Root returns the folder of this module.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "PROJECT")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the tests run inside the repository, and this folder is not in it")
		}
		dir = parent
	}
}

// assets makes the folder that envtest looks into: links to the one binary.
func assets(root string) (string, error) {
	binary := filepath.Join(root, "bin", "concordat-kube")
	if _, err := os.Stat(binary); err != nil {
		return "", fmt.Errorf("these tests run against a real Kubernetes API server and %s is missing: run `make tools` first", binary)
	}
	dir, err := os.MkdirTemp("", "concordat-cluster-")
	if err != nil {
		return "", err
	}
	for _, part := range parts {
		if err := os.Symlink(binary, filepath.Join(dir, part)); err != nil {
			return "", err
		}
	}
	return dir, nil
}
