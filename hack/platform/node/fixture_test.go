package node

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/concordat-hub/concordat/api/v1alpha1"
)

// patience is how long anything may take on a busy machine.
const patience = 90 * time.Second

// eventually waits until so returns an empty string, which otherwise says what is
// still missing.
func eventually(t *testing.T, so func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		missing := so()
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %s", patience, missing)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// home is where a test's node keeps things, so that it can be started again.
type home struct {
	config Config
	ca     *x509.CertPool
	stop   func() // and wait; more than once does nothing
}

func newHome(t *testing.T) *home {
	t.Helper()
	dir := t.TempDir()
	h := &home{ca: x509.NewCertPool(), config: Config{
		Client: client, Name: strings.ToLower(t.Name()), PodsDir: dir + "/pods", VolumesDir: dir + "/volumes", LogsDir: dir + "/logs",
		Programs: map[string]string{"program": program},
		Log:      slog.New(slog.NewTextHandler(t.Output(), nil)),
	}}
	h.config.Serving = h.serving(t)
	return h
}

// start runs the node until stop, or the test's end.
func (h *home) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, h.config) }()
	stopped := false
	h.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error("the node ended with", err)
			}
		case <-time.After(patience):
			t.Error("the node does not stop")
		}
	}
	t.Cleanup(func() { h.stop() })
}

// serving issues certificates that the test's client trusts.
func (h *home) serving(t *testing.T) func(...string) ([]byte, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return func(names ...string) ([]byte, []byte, error) {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			return nil, nil, err
		}
		certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		h.ca.AppendCertsFromPEM(certPEM)
		return certPEM, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), nil
	}
}

// get asks the program; a failure is an empty answer.
func (h *home) get(url string) string {
	c := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: h.ca}, DisableKeepAlives: true,
	}}
	response, err := c.Get(url)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return ""
	}
	return string(body)
}

// namespace makes what a Deployment of the program needs, the way the operator
// does: the Service before the Deployment.
func namespace(t *testing.T, name string) {
	t.Helper()
	create := func(err error) {
		t.Helper()
		if err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	ctx, core := t.Context(), client.CoreV1()
	_, err := core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	create(err)
	_, err = core.ServiceAccounts(name).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "desk"}}, metav1.CreateOptions{})
	create(err)
	_, err = core.ConfigMaps(name).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings"}, Data: map[string]string{"greeting": "hello"}}, metav1.CreateOptions{})
	create(err)
	_, err = core.Services(name).Create(ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "desk"}, Spec: corev1.ServiceSpec{
		Selector: map[string]string{"app": "desk"},
		Ports:    []corev1.ServicePort{{Name: "https", Port: 443, TargetPort: intstr.FromInt32(8443)}},
	}}, metav1.CreateOptions{})
	create(err)
	createClaim(t, name)
}

func createClaim(t *testing.T, name string) {
	t.Helper()
	_, err := client.CoreV1().PersistentVolumeClaims(name).Create(t.Context(), &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "desk-state"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// podSpec is a pod with every kind of volume, variable and probe that is known.
func podSpec(flags ...string) corev1.PodSpec {
	tenMinutes, grace := int64(600), int64(20)
	probe := func(path string) *corev1.Probe {
		return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: path, Port: intstr.FromInt32(8443), Scheme: corev1.URISchemeHTTPS}}, PeriodSeconds: 1, TimeoutSeconds: 3}
	}
	return corev1.PodSpec{
		ServiceAccountName: "desk", TerminationGracePeriodSeconds: &grace,
		Containers: []corev1.Container{{
			Name: "desk", Image: "registry.example/concordat/program:1.0",
			Args: append([]string{
				"--listen=:8443", "--tls-cert=/var/run/tls/tls.crt", "--tls-key=/var/run/tls/tls.key",
				"--token=/var/run/secrets/tokens/vault", "--config", "/etc/concordat/greeting", "--state=$(STATE)",
			}, flags...),
			Env: []corev1.EnvVar{
				{Name: "STATE", Value: "/var/lib/concordat"},
				{Name: "WHO", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"}}},
				{Name: "WORD", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
					LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}, Key: "greeting"}}},
				{Name: "GREETING", Value: "$(WORD) $(WHO)"},
			},
			Ports:          []corev1.ContainerPort{{Name: "https", ContainerPort: 8443}},
			ReadinessProbe: probe("/readyz"), LivenessProbe: probe("/healthz"),
			VolumeMounts: []corev1.VolumeMount{
				{Name: "state", MountPath: "/var/lib/concordat"}, {Name: "config", MountPath: "/etc/concordat"},
				{Name: "tls", MountPath: "/var/run/tls"}, {Name: "tokens", MountPath: "/var/run/secrets/tokens"}, {Name: "tmp", MountPath: "/tmp"},
			},
		}},
		Volumes: []corev1.Volume{
			{Name: "state", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "desk-state"}}},
			{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}},
			{Name: "tls", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "desk-tls"}}},
			{Name: "tokens", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: "concordat-vault", ExpirationSeconds: &tenMinutes, Path: "vault"}},
			}}}},
			{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		},
	}
}

// deploy makes the Deployment, and at the test's end removes it while the node
// still runs.
func deploy(t *testing.T, namespace string, spec corev1.PodSpec) {
	t.Helper()
	labels := map[string]string{"app": "desk"}
	_, err := client.AppsV1().Deployments(namespace).Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "desk"},
		Spec: appsv1.DeploymentSpec{
			Strategy: appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := client.AppsV1().Deployments(namespace).Delete(context.Background(), "desk", metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Error(err)
		}
		eventually(t, func() string { return none(pods(t, namespace)) })
	})
}

func none(list []corev1.Pod) string {
	if len(list) == 0 {
		return ""
	}
	return "there is still pod " + list[0].Name
}

func pods(t *testing.T, namespace string) []corev1.Pod {
	t.Helper()
	list, err := client.CoreV1().Pods(namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// url waits for the Service's address.
func url(t *testing.T, namespace string) (noted string) {
	t.Helper()
	eventually(t, func() string {
		service, err := client.CoreV1().Services(namespace).Get(t.Context(), "desk", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if noted = service.Annotations[v1alpha1.AnnotationDeskURL]; noted == "" {
			return "the Service has no address"
		}
		return ""
	})
	return noted
}

// available waits until the Deployment is, and returns its only pod.
func available(t *testing.T, namespace string) (pod corev1.Pod) {
	t.Helper()
	eventually(t, func() string {
		d, err := client.AppsV1().Deployments(namespace).Get(t.Context(), "desk", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		list := pods(t, namespace)
		if d.Status.AvailableReplicas != 1 || d.Status.ObservedGeneration != d.Generation || len(list) != 1 {
			said := "the Deployment is not available"
			for _, p := range list {
				for _, c := range p.Status.ContainerStatuses {
					if c.State.Waiting != nil {
						said += "; " + c.State.Waiting.Reason + ": " + c.State.Waiting.Message
					}
				}
			}
			return said
		}
		pod = list[0]
		return ""
	})
	return pod
}
