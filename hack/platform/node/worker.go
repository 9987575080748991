package node

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// stopGrace bounds how long pods may take to end when the stand-in itself stops.
const stopGrace = 10 * time.Second

// worker looks after one pod, from its binding until it is gone.
type worker struct {
	node            *node
	namespace, name string
	uid             types.UID
	labels          map[string]string
	containerPorts  []corev1.ContainerPort
	dir, logFile    string
	log             *slog.Logger
	kick            chan struct{}

	// Of the worker's goroutine alone:
	tokens map[string]token
	sent   corev1.PodStatus
	raw    []byte // sent, as bytes
	leased []int
	over   bool   // nothing runs any more
	warned string // what was logged last, not to log it every second

	// Written before the containers start, not after:
	folders    map[string]string
	containers []*container

	mu    sync.Mutex
	ports map[int32]int // replaced as a whole

	stop    context.Context
	cancel  context.CancelFunc
	grace   atomic.Int64
	running sync.WaitGroup
}

func newWorker(n *node, pod *corev1.Pod) *worker {
	w := &worker{
		node: n, namespace: pod.Namespace, name: pod.Name, uid: pod.UID, labels: pod.Labels,
		dir:     filepath.Join(n.PodsDir, string(pod.UID)),
		logFile: filepath.Join(n.LogsDir, pod.Namespace+"_"+pod.Name+".log"),
		log:     n.Log.With("namespace", pod.Namespace, "pod", pod.Name),
		kick:    make(chan struct{}, 1),
		tokens:  map[string]token{}, sent: pod.Status,
	}
	for _, c := range pod.Spec.Containers {
		w.containerPorts = append(w.containerPorts, c.Ports...)
	}
	// Not the node's context: ending is asked for with a grace period.
	w.stop, w.cancel = context.WithCancel(context.Background())
	return w
}

// run returns when the pod is gone, or when ctx ended and nothing of it runs.
func (w *worker) run(ctx context.Context) {
	defer w.cancel()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		pod := w.current()
		switch {
		case ctx.Err() != nil:
			w.leave(pod)
			return
		case pod == nil: // deleted by force
			w.end(0)
			return
		case pod.DeletionTimestamp != nil:
			w.finish(ctx, pod)
		default:
			w.keep(ctx, pod)
		}
		select {
		case <-ctx.Done():
		case <-w.kick:
		case <-tick.C:
		}
	}
}

// current is the pod as last seen, or nil when it is gone. A pod of the same name
// with another UID is another pod.
func (w *worker) current() *corev1.Pod {
	pod, err := w.node.pods.Pods(w.namespace).Get(w.name)
	if err != nil || pod.UID != w.uid {
		return nil
	}
	return pod
}

// keep brings the pod a step further, or its volumes up to date.
func (w *worker) keep(ctx context.Context, pod *corev1.Pod) {
	var blocked *notYet
	if err := w.ensureServing(ctx, pod); err != nil {
		w.log.Error("make a serving certificate", "error", err)
	}
	if w.containers == nil {
		blocked = w.begin(ctx, pod)
	} else if _, missing := w.writeVolumes(ctx, pod); missing != nil {
		// What runs goes on with what it has, as under the kubelet.
		if said := missing.Error(); said != w.warned {
			w.warned = said
			w.log.Warn("a volume cannot be brought up to date", "error", said)
		}
	} else {
		w.warned = ""
	}
	if ctx.Err() == nil {
		w.report(ctx, pod, blocked, false)
	}
}

// begin starts the containers when all they need is there.
func (w *worker) begin(ctx context.Context, pod *corev1.Pod) *notYet {
	if what := unsupported(pod); what != "" {
		return &notYet{"CreateContainerConfigError", "the local platform does not know " + what}
	}
	if w.ports == nil {
		if missing := w.takePorts(pod); missing != nil {
			return missing
		}
	}
	folders, missing := w.writeVolumes(ctx, pod)
	if missing != nil {
		return missing
	}
	w.folders = folders
	before := restartsBefore(pod)
	for _, spec := range pod.Spec.Containers {
		c := &container{
			spec: spec, marker: marker(w.node.PodsDir), log: w.log,
			resolve: func() (launch, *notYet) { return w.launch(pod, spec) },
			probe:   func(a *corev1.HTTPGetAction) (string, error) { return w.probeURL(spec, a) },
			grace:   terminationGrace(pod),
			changed: func() { wake(w.kick) },
		}
		c.state.restarts = before[spec.Name]
		w.containers = append(w.containers, c)
	}
	for _, c := range w.containers {
		w.running.Go(func() { c.run(w.stop, func() time.Duration { return time.Duration(w.grace.Load()) }) })
	}
	return nil
}

func terminationGrace(pod *corev1.Pod) time.Duration {
	if pod.DeletionGracePeriodSeconds != nil {
		return time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second
	}
	if pod.Spec.TerminationGracePeriodSeconds != nil {
		return time.Duration(*pod.Spec.TerminationGracePeriodSeconds) * time.Second
	}
	return 30 * time.Second
}

// finish ends a pod that is being deleted and lets its name go. The pod's folder
// goes first: the object that remembers it goes last.
func (w *worker) finish(ctx context.Context, pod *corev1.Pod) {
	if !w.over {
		w.report(ctx, pod, nil, true)
		w.end(terminationGrace(pod))
	}
	zero := int64(0)
	err := w.node.Client.CoreV1().Pods(w.namespace).Delete(ctx, w.name, metav1.DeleteOptions{
		GracePeriodSeconds: &zero, Preconditions: &metav1.Preconditions{UID: &w.uid},
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) && ctx.Err() == nil {
		w.log.Error("delete the pod", "error", err) // tried again
	}
}

// end stops the containers and removes what was made for the pod.
func (w *worker) end(grace time.Duration) {
	if w.over {
		return
	}
	w.halt(grace)
	if err := os.RemoveAll(w.dir); err != nil {
		w.log.Error("remove the pod's folder", "error", err)
	}
	w.over = true
}

// leave stops the containers because the stand-in stops. The pod's folder stays,
// as it does when a machine restarts.
func (w *worker) leave(pod *corev1.Pod) {
	if w.over {
		return
	}
	grace := stopGrace
	if pod != nil {
		grace = min(grace, terminationGrace(pod))
	}
	w.halt(grace)
	if pod != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		w.report(ctx, pod, nil, false)
	}
}

func (w *worker) halt(grace time.Duration) {
	w.grace.Store(int64(grace))
	w.cancel()
	w.running.Wait()
	w.dropPorts()
}

// report patches the pod's status where it differs from what was sent last.
func (w *worker) report(ctx context.Context, pod *corev1.Pod, blocked *notYet, ending bool) {
	states := map[string]containerState{}
	for _, c := range w.containers {
		states[c.spec.Name] = c.snapshot()
	}
	status := podStatus(pod, w.sent, states, blocked, ending)
	raw, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": w.uid}, "status": status})
	if err != nil {
		w.log.Error("pod status", "error", err)
		return
	}
	// Others report as well: kube-controller-manager calls pods unready when it has
	// not heard from the node, and only we can say otherwise.
	if bytes.Equal(raw, w.raw) && readyCondition(pod.Status) == readyCondition(status) {
		return
	}
	_, err = w.node.Client.CoreV1().Pods(w.namespace).Patch(ctx, w.name, types.MergePatchType, raw, metav1.PatchOptions{}, "status")
	if err != nil {
		if !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			w.log.Warn("report the pod's status", "error", err) // tried again
		}
		return
	}
	w.sent, w.raw = status, raw
}

func readyCondition(status corev1.PodStatus) corev1.ConditionStatus {
	for _, c := range status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status
		}
	}
	return corev1.ConditionUnknown
}
