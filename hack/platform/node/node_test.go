package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestADeploymentRunsAsAProcess(t *testing.T) {
	t.Setenv("HOST_SECRET", "not for pods")
	const ns = "agency-alpha"
	h := newHome(t)
	h.start(t)
	namespace(t, ns)
	address := url(t, ns) // there is no pod yet: a desk is told its own address
	deploy(t, ns, podSpec())
	pod := available(t, ns)
	if pod.Status.PodIP != loopbackIP || pod.Spec.NodeName != h.config.Name {
		t.Errorf("the pod is at %s on %s", pod.Status.PodIP, pod.Spec.NodeName)
	}

	t.Run("its token is for the audience and for this pod", func(t *testing.T) {
		review, err := client.AuthenticationV1().TokenReviews().Create(t.Context(), &authenticationv1.TokenReview{
			Spec: authenticationv1.TokenReviewSpec{Token: h.get(address + "/token"), Audiences: []string{"concordat-vault"}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		user := review.Status.User
		if !review.Status.Authenticated || user.Username != "system:serviceaccount:"+ns+":desk" ||
			!slices.Equal(user.Extra["authentication.kubernetes.io/pod-name"], []string{pod.Name}) {
			t.Errorf("the token says %+v", review.Status)
		}
		other, err := client.AuthenticationV1().TokenReviews().Create(t.Context(), &authenticationv1.TokenReview{
			Spec: authenticationv1.TokenReviewSpec{Token: h.get(address + "/token"), Audiences: []string{"concordat-hub"}},
		}, metav1.CreateOptions{})
		if err != nil || other.Status.Authenticated {
			t.Errorf("the token is good for another audience (%v)", err)
		}
	})
	t.Run("its variables refer to others, and none come from outside", func(t *testing.T) {
		if got, want := h.get(address+"/env"), "hello "+ns+"|"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("its files follow the ConfigMap", func(t *testing.T) {
		settings, err := client.CoreV1().ConfigMaps(ns).Get(t.Context(), "settings", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := h.get(address + "/config"); got != "hello" {
			t.Errorf("got %q", got)
		}
		settings.Data["greeting"] = "good evening"
		if _, err := client.CoreV1().ConfigMaps(ns).Update(t.Context(), settings, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() string { return differ(h.get(address+"/config"), "good evening") })
	})
	t.Run("killed, it is started again", func(t *testing.T) {
		killed := pid(t, h, address)
		if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		restarted(t, ns, 1)
		if now := pid(t, h, address); now == killed {
			t.Error("the same process answers")
		}
		last := pods(t, ns)[0].Status.ContainerStatuses[0].LastTerminationState.Terminated
		if last == nil || last.Signal != int32(syscall.SIGKILL) {
			t.Errorf("the status says of its end: %+v", last)
		}
	})
	t.Run("unhealthy, it is replaced", func(t *testing.T) {
		sick := pid(t, h, address)
		h.get(address + "/sicken")
		restarted(t, ns, 2)
		if running(sick) {
			t.Error("the sick process runs on")
		}
	})
	t.Run("deleted, it is asked to stop, and another takes its place with its data", func(t *testing.T) {
		first := pid(t, h, address)
		if err := client.CoreV1().Pods(ns).Delete(t.Context(), pod.Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() string {
			history := h.get(address + "/history")
			if strings.HasSuffix(history, "asked to stop\nstarted\n") && strings.Count(history, "started") == 4 {
				return ""
			}
			return "the history is " + strconv.Quote(history)
		})
		if next := available(t, ns); next.Name == pod.Name || running(first) {
			t.Errorf("%s is still there, or its process", next.Name)
		}
		if _, err := os.Stat(filepath.Join(h.config.PodsDir, string(pod.UID))); !os.IsNotExist(err) {
			t.Errorf("the pod's folder was left (%v)", err)
		}
	})
	t.Run("without a Deployment nothing runs", func(t *testing.T) {
		last := pid(t, h, address)
		if err := client.AppsV1().Deployments(ns).Delete(t.Context(), "desk", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() string { return none(pods(t, ns)) })
		if running(last) {
			t.Error("the process runs on")
		}
	})
}

func TestDataAndAddressOutliveNodeAndClaim(t *testing.T) {
	const ns = "agency-bravo"
	h := newHome(t)
	h.start(t)
	namespace(t, ns)
	deploy(t, ns, podSpec())
	available(t, ns)
	address := url(t, ns)
	before := pid(t, h, address)

	h.stop()
	if running(before) {
		t.Error("the process outlived the node")
	}
	if ready := readyCondition(pods(t, ns)[0].Status); ready == corev1.ConditionTrue {
		t.Error("the pod is still called ready")
	}
	h.start(t)
	restarted(t, ns, 1)
	if now := url(t, ns); now != address {
		t.Errorf("the address was %s and is %s", address, now)
	}

	if err := client.AppsV1().Deployments(ns).Delete(t.Context(), "desk", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := client.CoreV1().PersistentVolumeClaims(ns).Delete(t.Context(), "desk-state", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() string {
		_, err := client.CoreV1().PersistentVolumeClaims(ns).Get(t.Context(), "desk-state", metav1.GetOptions{})
		if apierrors.IsNotFound(err) && len(pods(t, ns)) == 0 {
			return ""
		}
		return "the claim or its pod is still there"
	})
	createClaim(t, ns)
	deploy(t, ns, podSpec())
	available(t, ns)
	if history := h.get(address + "/history"); strings.Count(history, "started") != 3 {
		t.Errorf("the history is %q", history)
	}
}

func TestAStubbornProcessIsEndedAfterTheGracePeriod(t *testing.T) {
	const ns = "agency-charlie"
	h := newHome(t)
	h.start(t)
	namespace(t, ns)
	spec := podSpec("--stubborn")
	*spec.TerminationGracePeriodSeconds = 1
	deploy(t, ns, spec)
	available(t, ns)
	stubborn := pid(t, h, url(t, ns))
	if err := client.AppsV1().Deployments(ns).Delete(t.Context(), "desk", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() string { return none(pods(t, ns)) })
	if running(stubborn) {
		t.Error("the process runs on")
	}
}

func TestWhatIsNotKnownIsNotRun(t *testing.T) {
	const ns = "agency-delta"
	h := newHome(t)
	h.start(t)
	namespace(t, ns)
	for name, unknown := range map[string]struct {
		change func(*corev1.PodSpec)
		says   string
	}{
		"init containers": {func(s *corev1.PodSpec) { s.InitContainers = []corev1.Container{{Name: "first", Image: "program"}} }, "init containers"},
		"another image":   {func(s *corev1.PodSpec) { s.Containers[0].Image = "elsewhere/nginx:1" }, "elsewhere/nginx:1"},
		"a missing Secret": {func(s *corev1.PodSpec) {
			s.Volumes[1].VolumeSource = corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "nowhere"}}
		}, `"nowhere" not found`},
	} {
		t.Run(name, func(t *testing.T) {
			spec := podSpec()
			unknown.change(&spec)
			deploy(t, ns, spec)
			eventually(t, func() string {
				for _, pod := range pods(t, ns) {
					for _, c := range pod.Status.ContainerStatuses {
						if c.State.Waiting != nil && strings.Contains(c.State.Waiting.Message, unknown.says) && c.ContainerID == "" {
							return ""
						}
					}
				}
				return "no pod says " + unknown.says
			})
		})
	}
}

func TestAServiceLeadsToOnePod(t *testing.T) {
	const ns = "agency-echo"
	h := newHome(t)
	h.start(t)
	namespace(t, ns)
	deploy(t, ns, podSpec())
	first := available(t, ns)
	second := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "second", Labels: first.Labels}, Spec: podSpec()}
	delete(second.Labels, "pod-template-hash") // else the ReplicaSet takes it for its own
	if _, err := client.CoreV1().Pods(ns).Create(t.Context(), second, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.CoreV1().Pods(ns).Delete(context.Background(), "second", metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	state := func() corev1.ContainerState {
		pod, err := client.CoreV1().Pods(ns).Get(t.Context(), "second", metav1.GetOptions{})
		if err != nil || len(pod.Status.ContainerStatuses) == 0 {
			return corev1.ContainerState{}
		}
		return pod.Status.ContainerStatuses[0].State
	}
	eventually(t, func() string {
		if s := state(); s.Waiting != nil && s.Waiting.Reason == "AddressInUse" && strings.Contains(s.Waiting.Message, first.Name) {
			return ""
		}
		return "the second pod does not say that it waits for the first"
	})
	if err := client.AppsV1().Deployments(ns).Delete(t.Context(), "desk", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() string {
		if state().Running != nil {
			return ""
		}
		return "the second pod does not follow the first"
	})
}

func TestTokensAreRenewedAtEightyPercentOfTheirLife(t *testing.T) {
	const ns = "agency-foxtrot"
	h := newHome(t)
	h.start(t)
	namespace(t, ns)
	deploy(t, ns, podSpec())
	pod := available(t, ns)
	w := newWorker(&node{Config: h.config}, &pod)
	source := pod.Spec.Volumes[3].Projected.Sources[0].ServiceAccountToken
	ask := func(ctx context.Context) string {
		content, missing := w.token(ctx, &pod, "vault", source)
		if missing != nil {
			t.Fatal(missing)
		}
		return string(content)
	}
	first := ask(t.Context())
	if again := ask(t.Context()); again != first {
		t.Error("renewed before it was due")
	}
	if in := time.Until(w.tokens["vault"].renew); in < 470*time.Second || in > 490*time.Second {
		t.Errorf("due in %v, not at 80 %% of ten minutes", in)
	}
	w.tokens["vault"] = token{[]byte(first), time.Now().Add(-time.Second)}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if kept := ask(gone); kept != first {
		t.Error("thrown away though no other could be had")
	}
	w.tokens["vault"] = token{[]byte(first), time.Now().Add(-time.Second)}
	if next := ask(t.Context()); next == first {
		t.Error("not renewed when due")
	}
}

func TestTheNodeIsReady(t *testing.T) {
	h := newHome(t)
	h.start(t)
	eventually(t, func() string {
		n, err := client.CoreV1().Nodes().Get(t.Context(), h.config.Name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		lease, err := client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(t.Context(), h.config.Name, metav1.GetOptions{})
		if err != nil || lease.Spec.RenewTime == nil {
			return "no lease"
		}
		if len(n.Status.Conditions) == 1 && n.Status.Conditions[0].Status == corev1.ConditionTrue && !n.Status.Capacity.Memory().IsZero() {
			return ""
		}
		return "the node is not ready"
	})
	if err := Run(t.Context(), h.config); err == nil || !strings.Contains(err.Error(), "another node") {
		t.Errorf("a second node on the same folder: %v", err)
	}
}

func differ(got, want string) string {
	if got == want {
		return ""
	}
	return "got " + strconv.Quote(got) + ", want " + strconv.Quote(want)
}

func pid(t *testing.T, h *home, address string) (id int) {
	t.Helper()
	eventually(t, func() string {
		var err error
		if id, err = strconv.Atoi(h.get(address + "/pid")); err != nil {
			return "the program does not answer"
		}
		return ""
	})
	return id
}

// restarted waits until the pod is ready after this many restarts.
func restarted(t *testing.T, namespace string, count int32) {
	t.Helper()
	eventually(t, func() string {
		list := pods(t, namespace)
		if len(list) == 1 && len(list[0].Status.ContainerStatuses) == 1 && list[0].Status.ContainerStatuses[0].RestartCount == count &&
			readyCondition(list[0].Status) == corev1.ConditionTrue {
			return ""
		}
		return "the pod is not ready after restart " + strconv.Itoa(int(count))
	})
}

func running(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
