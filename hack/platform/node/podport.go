package node

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// takePorts gives each of the pod's ports a port of this machine: that of the
// Service which leads to it, or any.
func (w *worker) takePorts(pod *corev1.Pod) *notYet {
	ports := map[int32]int{}
	for _, c := range pod.Spec.Containers {
		for _, p := range c.Ports {
			if _, done := ports[p.ContainerPort]; done {
				continue
			}
			here, missing := w.takePort(pod, p)
			if missing != nil {
				w.dropPorts()
				return missing
			}
			ports[p.ContainerPort] = here
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ports = ports
	return nil
}

func (w *worker) takePort(pod *corev1.Pod, p corev1.ContainerPort) (int, *notYet) {
	failed := func(err error) *notYet { return &notYet{"CreateContainerError", err.Error()} }
	keys := w.node.serviceKeys(pod, p)
	if len(keys) == 0 {
		port, err := w.node.ports.lease()
		if err != nil {
			return 0, failed(err)
		}
		w.leased = append(w.leased, port)
		return port, nil
	}
	for _, key := range keys {
		if holder, ok := w.node.ports.hold(key, w.id()); !ok {
			return 0, &notYet{"AddressInUse", fmt.Sprintf("here a Service leads to one pod, and %s leads to %s", key, holder)}
		}
	}
	port, err := w.node.ports.port(keys[0])
	for _, key := range keys {
		if err == nil {
			err = w.node.ports.adopt(key, w.id(), port)
		}
	}
	if err != nil {
		return 0, failed(err)
	}
	return port, nil
}

// handOver records the pod's port under key where the Service's port leads to it.
// It reports false where the pod has no such port, or no ports any more.
func (w *worker) handOver(key string, port corev1.ServicePort) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ports == nil {
		return false, nil
	}
	for _, c := range w.containerPorts {
		if targets(port, c) {
			return true, w.node.ports.adopt(key, w.id(), w.ports[c.ContainerPort])
		}
	}
	return false, nil
}

// dropPorts gives the pod's ports back. Nothing of it listens any more.
func (w *worker) dropPorts() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ports = nil
	w.node.ports.release(w.id(), w.leased...)
	w.leased = nil
}

// id names the pod among all others.
func (w *worker) id() string { return w.namespace + "/" + w.name }

// probeURL is where a probe of the container goes.
func (w *worker) probeURL(c corev1.Container, a *corev1.HTTPGetAction) (string, error) {
	number := a.Port.IntVal
	if a.Port.Type == intstr.String {
		for _, p := range c.Ports {
			if p.Name == a.Port.StrVal {
				number = p.ContainerPort
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	here, ok := w.ports[number]
	if !ok {
		return "", fmt.Errorf("the container declares no port %s", a.Port.String())
	}
	scheme := "http"
	if a.Scheme == corev1.URISchemeHTTPS {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s:%d%s", scheme, loopbackIP, here, a.Path), nil
}
