package node

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
)

// The kubelet's own figures: a Lease of 40 seconds renewed every 10.
const (
	leaseSeconds  = 40
	beatInterval  = 10 * time.Second
	statusMaximum = time.Minute
)

// register makes the Node, if need be, and reports it ready.
func (n *node) register(ctx context.Context) error {
	object := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: map[string]string{
		corev1.LabelHostname: n.Name, corev1.LabelOSStable: runtime.GOOS, corev1.LabelArchStable: runtime.GOARCH,
	}}}
	_, err := n.Client.CoreV1().Nodes().Create(ctx, object, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return n.beat(ctx)
}

// heartbeat beats until ctx ends.
func (n *node) heartbeat(ctx context.Context) {
	for pause(ctx, beatInterval) {
		if err := n.beat(ctx); err != nil && ctx.Err() == nil {
			n.Log.Warn("heartbeat", "error", err)
		}
	}
}

// beat renews the Lease, and the Node's status where it is old or where
// kube-controller-manager gave the node up meanwhile (a machine that slept).
func (n *node) beat(ctx context.Context) error {
	// kube-controller-manager writes the Node as well.
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error { return n.beatOnce(ctx) })
}

func (n *node) beatOnce(ctx context.Context) error {
	object, err := n.Client.CoreV1().Nodes().Get(ctx, n.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := n.renew(ctx, object); err != nil {
		return err
	}
	for _, c := range object.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue && time.Since(c.LastHeartbeatTime.Time) < statusMaximum {
			return nil
		}
	}
	object.Status = nodeStatus(n.Name, object.Status.Conditions)
	_, err = n.Client.CoreV1().Nodes().UpdateStatus(ctx, object, metav1.UpdateOptions{})
	return err
}

func (n *node) renew(ctx context.Context, object *corev1.Node) error {
	leases := n.Client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	now, seconds := metav1.NowMicro(), int32(leaseSeconds)
	lease, err := leases.Get(ctx, n.Name, metav1.GetOptions{})
	if err == nil {
		lease.Spec.RenewTime = &now
		_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
		return err
	}
	if !apierrors.IsNotFound(err) {
		return err
	}
	_, err = leases.Create(ctx, &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name, OwnerReferences: []metav1.OwnerReference{
			{APIVersion: "v1", Kind: "Node", Name: object.Name, UID: object.UID},
		}},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &n.Name, LeaseDurationSeconds: &seconds, RenewTime: &now},
	}, metav1.CreateOptions{})
	return err
}

func nodeStatus(name string, before []corev1.NodeCondition) corev1.NodeStatus {
	now := metav1.Now()
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewQuantity(int64(runtime.NumCPU()), resource.DecimalSI),
		corev1.ResourceMemory: memory(),
		corev1.ResourcePods:   resource.MustParse("110"),
	}
	ready := corev1.NodeCondition{
		Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "StandInReady",
		Message: "pods run as processes of this machine", LastHeartbeatTime: now, LastTransitionTime: now,
	}
	for _, c := range before {
		if c.Type == ready.Type && c.Status == ready.Status {
			ready.LastTransitionTime = c.LastTransitionTime
		}
	}
	return corev1.NodeStatus{
		Capacity: capacity, Allocatable: capacity,
		Conditions: []corev1.NodeCondition{ready},
		Addresses:  []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: loopbackIP}, {Type: corev1.NodeHostName, Address: name}},
		NodeInfo: corev1.NodeSystemInfo{
			OperatingSystem: runtime.GOOS, Architecture: runtime.GOARCH,
			KubeletVersion: "v0.0.0-concordat-stand-in", ContainerRuntimeVersion: "process://" + runtime.Version(),
		},
	}
}

// memory is the machine's, for people who look at the Node.
func memory() resource.Quantity {
	var kibibytes int64
	raw, err := os.ReadFile("/proc/meminfo")
	if err == nil {
		_, err = fmt.Sscanf(string(raw), "MemTotal: %d kB", &kibibytes)
	}
	if err != nil {
		return resource.MustParse("1Gi")
	}
	return *resource.NewQuantity(kibibytes<<10, resource.BinarySI)
}
