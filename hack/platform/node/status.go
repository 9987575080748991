package node

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podStatus is what is reported of a pod. before is what was reported last: times
// of transition are kept from it, and conditions that others wrote.
func podStatus(pod *corev1.Pod, before corev1.PodStatus, states map[string]containerState, blocked *notYet, ending bool) corev1.PodStatus {
	status := corev1.PodStatus{
		Phase: corev1.PodPending, HostIP: loopbackIP, HostIPs: []corev1.HostIP{{IP: loopbackIP}},
		PodIP: loopbackIP, PodIPs: []corev1.PodIP{{IP: loopbackIP}},
		StartTime: before.StartTime, Conditions: slices.Clone(before.Conditions),
	}
	if status.StartTime == nil {
		now := metav1.Now()
		status.StartTime = &now
	}
	started, unready := 0, []string{}
	for _, c := range pod.Spec.Containers {
		state := states[c.Name]
		reported := containerStatus(pod, c, state, blocked)
		if state.pid != 0 || state.last != nil || state.restarts > 0 {
			started++
		}
		if !state.ready || ending {
			reported.Ready = false
			unready = append(unready, c.Name)
		}
		status.ContainerStatuses = append(status.ContainerStatuses, reported)
	}
	if started == len(pod.Spec.Containers) {
		status.Phase = corev1.PodRunning
	}
	reason, text := "", ""
	if len(unready) > 0 {
		reason, text = "ContainersNotReady", "containers with unready status: ["+strings.Join(unready, " ")+"]"
	}
	ready := len(unready) == 0
	setCondition(&status, corev1.PodInitialized, true, "", "")
	setCondition(&status, corev1.PodReadyToStartContainers, blocked == nil, "", "")
	setCondition(&status, corev1.ContainersReady, ready, reason, text)
	setCondition(&status, corev1.PodReady, ready, reason, text)
	return status
}

func setCondition(status *corev1.PodStatus, kind corev1.PodConditionType, is bool, reason, text string) {
	c := corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, Reason: reason, Message: text, LastTransitionTime: metav1.Now()}
	if is {
		c.Status = corev1.ConditionTrue
	}
	i := slices.IndexFunc(status.Conditions, func(have corev1.PodCondition) bool { return have.Type == kind })
	if i < 0 {
		status.Conditions = append(status.Conditions, c)
		return
	}
	if status.Conditions[i].Status == c.Status {
		c.LastTransitionTime = status.Conditions[i].LastTransitionTime
	}
	status.Conditions[i] = c
}

func containerStatus(pod *corev1.Pod, c corev1.Container, state containerState, blocked *notYet) corev1.ContainerStatus {
	running := state.pid != 0
	status := corev1.ContainerStatus{
		Name: c.Name, Image: c.Image, ImageID: "process://" + imageName(c.Image),
		Ready: state.ready, Started: &running, RestartCount: state.restarts,
	}
	if state.last != nil {
		last := *state.last
		status.LastTerminationState.Terminated = &last
	}
	switch {
	case running:
		status.ContainerID = fmt.Sprintf("process://%s/%s/%d", pod.UID, c.Name, state.pid)
		status.State.Running = &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(state.started)}
	case blocked != nil:
		status.State.Waiting = &corev1.ContainerStateWaiting{Reason: blocked.reason, Message: blocked.message}
	case state.waiting.Reason != "":
		waiting := state.waiting
		status.State.Waiting = &waiting
	case state.last != nil:
		last := *state.last
		status.State.Terminated, status.LastTerminationState.Terminated = &last, nil
	default:
		status.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
	}
	return status
}

// restartsBefore are the containers' restart counts as last reported, one more
// where the container ran: it did not survive the stand-in.
func restartsBefore(pod *corev1.Pod) map[string]int32 {
	counts := map[string]int32{}
	for _, s := range pod.Status.ContainerStatuses {
		counts[s.Name] = s.RestartCount
		if s.State.Running != nil || s.State.Terminated != nil {
			counts[s.Name]++
		}
	}
	return counts
}
