package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// Config says what a node runs and where it keeps things.
type Config struct {
	// Client acts as an administrator of the cluster.
	Client kubernetes.Interface
	// Name is the Node's name. Pods are found again under the same name only.
	Name string
	// PodsDir holds a folder per pod and the record of ports, VolumesDir one
	// folder per claim (namespace/claim), LogsDir a file per pod
	// (namespace_pod.log). All are absolute, made when absent, and closed to
	// other users.
	PodsDir, VolumesDir, LogsDir string
	// Programs are this machine's programs by the base name of a container's
	// command, or else of its image, without registry, tag and digest.
	Programs map[string]string
	// Serving makes a serving certificate for these names, or is nil. With it a
	// Secret whose tls.crt a container reads, and that does not exist, is made, as
	// cert-manager would do in a cluster.
	Serving func(dnsNames ...string) (certPEM, keyPEM []byte, err error)
	// Log takes what operators want to know; nil discards it.
	Log *slog.Logger
}

// interval is how often everything is looked at again though no event came.
const interval = time.Second

// node is one running stand-in.
type node struct {
	Config
	ports *addresses
	kick  chan struct{}

	pods       listers.PodLister
	services   listers.ServiceLister
	claims     listers.PersistentVolumeClaimLister
	configMaps listers.ConfigMapLister
	secrets    listers.SecretLister

	mu      sync.Mutex
	workers map[types.UID]*worker
	running sync.WaitGroup
}

// Run is a node until ctx ends. It then stops every process that it started,
// reports the pods as not ready where kube-apiserver still answers, and returns
// nil. Left-overs of a stand-in that was killed are ended first. Only one stand-in
// can run on a PodsDir: a second fails at once.
func Run(ctx context.Context, config Config) error {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	for _, dir := range []string{config.PodsDir, config.VolumesDir, config.LogsDir} {
		if !filepath.IsAbs(dir) {
			return fmt.Errorf("%q is not an absolute path", dir)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	unlock, err := lock(config.PodsDir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := sweep(config.PodsDir); err != nil {
		return err
	}
	ports, err := loadAddresses(filepath.Join(config.PodsDir, "ports.json"))
	if err != nil {
		return err
	}
	n := &node{Config: config, ports: ports, kick: make(chan struct{}, 1), workers: map[types.UID]*worker{}}
	return n.run(ctx)
}

// lock keeps a second stand-in away from dir until unlock, or until this process
// ends in whatever way.
func lock(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another node runs on %s", dir)
		}
		return nil, err
	}
	return func() { f.Close() }, nil
}

func (n *node) run(ctx context.Context) error {
	if err := n.register(ctx); err != nil {
		return ended(ctx, fmt.Errorf("register the node: %w", err))
	}
	ctx, cancel := context.WithCancel(ctx)
	stop, err := n.watch(ctx)
	defer func() { cancel(); stop() }()
	if err != nil {
		return ended(ctx, err)
	}
	if err := n.removeOrphans(); err != nil {
		return err
	}
	beat := make(chan struct{})
	go func() { defer close(beat); n.heartbeat(ctx) }()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for ctx.Err() == nil {
		n.pass(ctx)
		select {
		case <-ctx.Done():
		case <-n.kick:
		case <-tick.C:
		}
	}
	n.running.Wait()
	<-beat
	return nil
}

// ended is no error where ctx ended first.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // whatever failed, it failed because the node was told to end
	}
	return err
}

// watch fills the caches and keeps them. It returns when they are full; stop waits
// for what it started to end, which it does with ctx.
func (n *node) watch(ctx context.Context) (stop func(), err error) {
	factory := informers.NewSharedInformerFactory(n.Client, 0)
	core := factory.Core().V1()
	n.pods, n.services, n.claims = core.Pods().Lister(), core.Services().Lister(), core.PersistentVolumeClaims().Lister()
	n.configMaps, n.secrets = core.ConfigMaps().Lister(), core.Secrets().Lister()
	changed := func(any) { n.changed() }
	for _, informer := range []cache.SharedIndexInformer{
		core.Pods().Informer(), core.Services().Informer(), core.PersistentVolumeClaims().Informer(),
		core.ConfigMaps().Informer(), core.Secrets().Informer(),
	} {
		handler := cache.ResourceEventHandlerFuncs{AddFunc: changed, UpdateFunc: func(_, o any) { changed(o) }, DeleteFunc: changed}
		if _, err := informer.AddEventHandler(handler); err != nil {
			return factory.Shutdown, err
		}
	}
	factory.StartWithContext(ctx)
	for kind, ok := range factory.WaitForCacheSync(ctx.Done()) {
		if !ok {
			return factory.Shutdown, fmt.Errorf("no list of %v", kind)
		}
	}
	return factory.Shutdown, nil
}

// changed wakes everybody: there are few pods, and each looks for itself.
func (n *node) changed() {
	wake(n.kick)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, w := range n.workers {
		wake(w.kick)
	}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is awake
	}
}

// served says whether pods of the namespace are run here.
func served(namespace string) bool {
	return namespace == "concordat-system" || strings.HasPrefix(namespace, "agency-")
}

// pass looks at everything once. What fails is logged and tried again by the next
// pass.
func (n *node) pass(ctx context.Context) {
	report := func(what, namespace, name string, err error) {
		if err != nil && ctx.Err() == nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
			n.Log.Error(what, "namespace", namespace, "name", name, "error", err)
		}
	}
	claims, _ := n.claims.List(labels.Everything()) // a lister never fails
	for _, claim := range claims {
		if served(claim.Namespace) {
			report("provide a volume", claim.Namespace, claim.Name, n.provide(ctx, claim))
		}
	}
	services, _ := n.services.List(labels.Everything())
	for _, service := range services {
		if served(service.Namespace) {
			report("expose a service", service.Namespace, service.Name, n.expose(ctx, service))
		}
	}
	pods, _ := n.pods.List(labels.Everything())
	for _, pod := range pods {
		switch {
		case !served(pod.Namespace), pod.Status.Phase == corev1.PodSucceeded, pod.Status.Phase == corev1.PodFailed:
		case pod.Spec.NodeName == n.Name:
			n.adopt(ctx, pod)
		case pod.Spec.NodeName == "" && pod.DeletionTimestamp == nil && len(pod.Spec.SchedulingGates) == 0:
			report("bind a pod", pod.Namespace, pod.Name, n.bind(ctx, pod))
		}
	}
}

func (n *node) bind(ctx context.Context, pod *corev1.Pod) error {
	return n.Client.CoreV1().Pods(pod.Namespace).Bind(ctx, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: n.Name},
	}, metav1.CreateOptions{})
}

// adopt starts the pod's worker unless it has one.
func (n *node) adopt(ctx context.Context, pod *corev1.Pod) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.workers[pod.UID] != nil || ctx.Err() != nil {
		return
	}
	w := newWorker(n, pod)
	n.workers[pod.UID] = w
	n.running.Go(func() {
		w.run(ctx)
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.workers, pod.UID)
	})
}

// removeOrphans removes the folders of pods that are gone.
func (n *node) removeOrphans() error {
	pods, _ := n.pods.List(labels.Everything())
	known := map[string]bool{}
	for _, pod := range pods {
		known[string(pod.UID)] = true
	}
	entries, err := os.ReadDir(n.PodsDir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() && !known[e.Name()] {
			if err := os.RemoveAll(filepath.Join(n.PodsDir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
