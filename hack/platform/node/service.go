package node

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/concordat-hub/concordat/api/v1alpha1"
)

// portKey names a Service's port in the record.
func portKey(service *corev1.Service, port corev1.ServicePort) string {
	return fmt.Sprintf("%s/%s/%d", service.Namespace, service.Name, port.Port)
}

// expose gives the Service its ports and notes the address of the first one on
// it. It does not wait for a pod: a desk is told its own address, so the address
// comes before the desk. A Service that gets its selector after its pod takes
// over the port that the pod has.
func (n *node) expose(ctx context.Context, service *corev1.Service) error {
	if len(service.Spec.Selector) == 0 || len(service.Spec.Ports) == 0 || service.DeletionTimestamp != nil {
		return nil
	}
	for _, port := range service.Spec.Ports {
		if err := n.takeOver(service, port); err != nil {
			return err
		}
	}
	first := service.Spec.Ports[0]
	here, err := n.ports.port(portKey(service, first))
	if err != nil {
		return err
	}
	url := fmt.Sprintf("%s://%s:%d", scheme(first), loopbackIP, here)
	noted := service.Annotations[v1alpha1.AnnotationDeskURL]
	if noted == url || noted != "" && !strings.Contains(noted, "://"+loopbackIP+":") {
		return nil // what somebody else noted is theirs
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": service.UID, "annotations": map[string]string{v1alpha1.AnnotationDeskURL: url},
	}})
	if err != nil {
		return err
	}
	_, err = n.Client.CoreV1().Services(service.Namespace).Patch(ctx, service.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "concordat-node"})
	return err
}

func scheme(port corev1.ServicePort) string {
	if port.Name == "http" || port.Port == 80 {
		return "http"
	}
	return "https"
}

// takeOver records the port that a running pod of the Service listens on.
func (n *node) takeOver(service *corev1.Service, port corev1.ServicePort) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, w := range n.workers {
		if w.namespace != service.Namespace || !selects(service, w.labels) {
			continue
		}
		if done, err := w.handOver(portKey(service, port), port); done {
			return err
		}
	}
	return nil
}

func selects(service *corev1.Service, podLabels map[string]string) bool {
	return len(service.Spec.Selector) > 0 && labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(podLabels))
}

// targets says whether the Service's port leads to the container's.
func targets(port corev1.ServicePort, container corev1.ContainerPort) bool {
	switch {
	case port.TargetPort.Type == intstr.String:
		return port.TargetPort.StrVal == container.Name
	case port.TargetPort.IntVal != 0:
		return port.TargetPort.IntVal == container.ContainerPort
	default:
		return port.Port == container.ContainerPort
	}
}

// serviceKeys are the records of the Service ports that lead to the container's
// port, sorted.
func (n *node) serviceKeys(pod *corev1.Pod, container corev1.ContainerPort) []string {
	var keys []string
	services, _ := n.services.Services(pod.Namespace).List(labels.Everything()) // a lister never fails
	for _, service := range services {
		if !selects(service, pod.Labels) {
			continue
		}
		for _, port := range service.Spec.Ports {
			if targets(port, container) {
				keys = append(keys, portKey(service, port))
			}
		}
	}
	slices.Sort(keys)
	return keys
}
