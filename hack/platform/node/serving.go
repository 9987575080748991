package node

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// annotationServing marks the Secrets that were made here. Others are never touched.
const annotationServing = "node.concordat.dev/serving"

// ensureServing makes the serving certificates that the pod waits for, and makes
// them anew in the last third of their life.
func (w *worker) ensureServing(ctx context.Context, pod *corev1.Pod) error {
	if w.node.Serving == nil {
		return nil
	}
	for _, v := range pod.Spec.Volumes {
		if v.Secret == nil || !readsCertificate(pod, v.Name) {
			continue
		}
		have, err := w.node.secrets.Secrets(w.namespace).Get(v.Secret.SecretName)
		if err == nil && (have.Annotations[annotationServing] == "" || fresh(have.Data[corev1.TLSCertKey])) {
			continue
		}
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
		if err := w.makeServing(ctx, pod, v.Secret.SecretName, have); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}

// readsCertificate says whether a container names tls.crt below the volume's mount.
func readsCertificate(pod *corev1.Pod, volume string) bool {
	for _, c := range pod.Spec.Containers {
		for _, m := range c.VolumeMounts {
			path := strings.TrimSuffix(m.MountPath, "/") + "/" + corev1.TLSCertKey
			if m.Name == volume && slices.ContainsFunc(c.Args, func(a string) bool { return a == path || strings.HasSuffix(a, "="+path) }) {
				return true
			}
		}
	}
	return false
}

func fresh(certPEM []byte) bool {
	block, _ := pem.Decode(certPEM)
	if block == nil {
		return false
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	return err == nil && time.Until(cert.NotAfter) > cert.NotAfter.Sub(cert.NotBefore)/3
}

func (w *worker) makeServing(ctx context.Context, pod *corev1.Pod, name string, have *corev1.Secret) error {
	var names []string
	services, _ := w.node.services.Services(w.namespace).List(labels.Everything()) // a lister never fails
	for _, s := range services {
		if selects(s, pod.Labels) {
			names = append(names, s.Name+"."+s.Namespace+".svc", s.Name+"."+s.Namespace+".svc.cluster.local")
		}
	}
	if len(names) == 0 {
		return nil // without a Service there is no name to certify yet
	}
	slices.Sort(names)
	certPEM, keyPEM, err := w.node.Serving(names...)
	if err != nil {
		return err
	}
	data := map[string][]byte{corev1.TLSCertKey: certPEM, corev1.TLSPrivateKeyKey: keyPEM}
	secrets := w.node.Client.CoreV1().Secrets(w.namespace)
	if have != nil {
		next := have.DeepCopy()
		next.Data = data
		_, err = secrets.Update(ctx, next, metav1.UpdateOptions{})
		return err
	}
	_, err = secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{annotationServing: w.node.Name}},
		Type:       corev1.SecretTypeTLS, Data: data,
	}, metav1.CreateOptions{})
	return err
}
