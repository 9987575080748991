package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// renewAgain is how long after a failure a token's renewal is tried again.
const renewAgain = 10 * time.Second

// token is a ServiceAccount token that was obtained for a volume.
type token struct {
	content []byte
	renew   time.Time // at 80 % of its life
}

// writeVolumes brings the pod's volumes up to date. It returns the folder of each,
// or what is missing.
func (w *worker) writeVolumes(ctx context.Context, pod *corev1.Pod) (map[string]string, *notYet) {
	folders := map[string]string{}
	for _, v := range pod.Spec.Volumes {
		dir := filepath.Join(w.dir, "volumes", v.Name)
		if v.PersistentVolumeClaim != nil && w.folders[v.Name] != "" {
			continue // a claim in use stays, also while it is being deleted
		}
		if v.PersistentVolumeClaim != nil {
			claimed, missing := w.claimFolder(v.PersistentVolumeClaim.ClaimName)
			if missing != nil {
				return nil, missing
			}
			folders[v.Name] = claimed
			continue
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, &notYet{"CreateContainerError", err.Error()}
		}
		folders[v.Name] = dir
		if v.EmptyDir != nil {
			continue
		}
		files, missing := w.volumeFiles(ctx, pod, v)
		if missing != nil {
			return nil, missing
		}
		changed, err := writeVolume(dir, files)
		if err != nil {
			return nil, &notYet{"CreateContainerError", err.Error()}
		}
		if changed {
			w.log.Debug("wrote a volume", "volume", v.Name)
		}
	}
	return folders, nil
}

// claimFolder is the folder behind a claim, once the claim is bound.
func (w *worker) claimFolder(name string) (string, *notYet) {
	claim, err := w.node.claims.PersistentVolumeClaims(w.namespace).Get(name)
	if err != nil {
		return "", absent("persistentvolumeclaim", name, err)
	}
	if claim.Status.Phase != corev1.ClaimBound || claim.DeletionTimestamp != nil {
		return "", &notYet{"ContainerCreating", "persistentvolumeclaim " + name + " is not bound"}
	}
	dir := w.node.folder(w.namespace, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", &notYet{"CreateContainerError", err.Error()}
	}
	return dir, nil
}

// absent says that an object the pod needs cannot be read.
func absent(kind, name string, err error) *notYet {
	if apierrors.IsNotFound(err) {
		return &notYet{"ContainerCreating", fmt.Sprintf("%s %q not found", kind, name)}
	}
	return &notYet{"ContainerCreating", err.Error()}
}

// volumeFiles are the files of a volume that is made of other objects.
func (w *worker) volumeFiles(ctx context.Context, pod *corev1.Pod, v corev1.Volume) (map[string]file, *notYet) {
	files := map[string]file{}
	switch {
	case v.ConfigMap != nil:
		return files, w.addConfigMap(files, v.ConfigMap.Name, v.ConfigMap.Items, v.ConfigMap.Optional, mode(v.ConfigMap.DefaultMode))
	case v.Secret != nil:
		return files, w.addSecret(files, v.Secret.SecretName, v.Secret.Items, v.Secret.Optional, mode(v.Secret.DefaultMode))
	case v.DownwardAPI != nil:
		return files, addFields(files, pod, v.DownwardAPI.Items, mode(v.DownwardAPI.DefaultMode))
	}
	m := mode(v.Projected.DefaultMode)
	for i, s := range v.Projected.Sources {
		var missing *notYet
		switch {
		case s.ConfigMap != nil:
			missing = w.addConfigMap(files, s.ConfigMap.Name, s.ConfigMap.Items, s.ConfigMap.Optional, m)
		case s.Secret != nil:
			missing = w.addSecret(files, s.Secret.Name, s.Secret.Items, s.Secret.Optional, m)
		case s.DownwardAPI != nil:
			missing = addFields(files, pod, s.DownwardAPI.Items, m)
		case s.ServiceAccountToken != nil:
			var content []byte
			content, missing = w.token(ctx, pod, fmt.Sprintf("%s/%d", v.Name, i), s.ServiceAccountToken)
			files[path.Clean(s.ServiceAccountToken.Path)] = file{content, 0o600}
		}
		if missing != nil {
			return nil, missing
		}
	}
	return files, nil
}

func mode(m *int32) fs.FileMode {
	if m == nil {
		return 0o644
	}
	return fs.FileMode(*m)
}

func (w *worker) addConfigMap(files map[string]file, name string, items []corev1.KeyToPath, optional *bool, m fs.FileMode) *notYet {
	object, err := w.node.configMaps.ConfigMaps(w.namespace).Get(name)
	if apierrors.IsNotFound(err) && optional != nil && *optional {
		return nil
	} else if err != nil {
		return absent("configmap", name, err)
	}
	content := map[string][]byte{}
	for key, value := range object.Data {
		content[key] = []byte(value)
	}
	for key, value := range object.BinaryData {
		content[key] = value
	}
	return addItems(files, "configmap "+name, content, items, optional, m)
}

func (w *worker) addSecret(files map[string]file, name string, items []corev1.KeyToPath, optional *bool, m fs.FileMode) *notYet {
	object, err := w.node.secrets.Secrets(w.namespace).Get(name)
	if apierrors.IsNotFound(err) && optional != nil && *optional {
		return nil
	} else if err != nil {
		return absent("secret", name, err)
	}
	return addItems(files, "secret "+name, object.Data, items, optional, m)
}

// addItems adds all keys, or those that items name.
func addItems(files map[string]file, source string, content map[string][]byte, items []corev1.KeyToPath, optional *bool, m fs.FileMode) *notYet {
	if len(items) == 0 {
		for key, value := range content {
			files[key] = file{value, m}
		}
		return nil
	}
	for _, item := range items {
		value, ok := content[item.Key]
		switch {
		case !ok && (optional == nil || !*optional):
			return &notYet{"ContainerCreating", source + " has no key " + item.Key}
		case !ok:
			continue
		}
		itemMode := m
		if item.Mode != nil {
			itemMode = fs.FileMode(*item.Mode)
		}
		files[path.Clean(item.Path)] = file{value, itemMode}
	}
	return nil
}

func addFields(files map[string]file, pod *corev1.Pod, items []corev1.DownwardAPIVolumeFile, m fs.FileMode) *notYet {
	for _, item := range items {
		if item.FieldRef == nil {
			return &notYet{"CreateContainerConfigError", "resource fields are not known here"}
		}
		value, err := field(pod, item.FieldRef.FieldPath)
		if err != nil {
			return &notYet{"CreateContainerConfigError", err.Error()}
		}
		files[path.Clean(item.Path)] = file{[]byte(value), m}
	}
	return nil
}

// token returns the ServiceAccount token of one source, renewed when it is due.
// While kube-apiserver cannot be asked the old one is kept: it may still hold.
func (w *worker) token(ctx context.Context, pod *corev1.Pod, key string, source *corev1.ServiceAccountTokenProjection) ([]byte, *notYet) {
	have := w.tokens[key]
	now := time.Now()
	if have.content != nil && now.Before(have.renew) {
		return have.content, nil
	}
	spec := authenticationv1.TokenRequestSpec{
		ExpirationSeconds: source.ExpirationSeconds,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID},
	}
	if source.Audience != "" {
		spec.Audiences = []string{source.Audience}
	}
	made, err := w.node.Client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, pod.Spec.ServiceAccountName,
		&authenticationv1.TokenRequest{Spec: spec}, metav1.CreateOptions{})
	if err != nil {
		if have.content != nil {
			w.log.Warn("a token could not be renewed", "error", err)
			w.tokens[key] = token{have.content, now.Add(renewAgain)}
			return have.content, nil
		}
		return nil, absent("serviceaccount", pod.Spec.ServiceAccountName, err)
	}
	life := made.Status.ExpirationTimestamp.Sub(now)
	w.tokens[key] = token{[]byte(made.Status.Token), now.Add(life * 8 / 10)}
	return w.tokens[key].content, nil
}

// field is the value of a field of the pod, as fieldPath names it.
func field(pod *corev1.Pod, fieldPath string) (string, error) {
	if name, key, ok := strings.Cut(strings.TrimSuffix(fieldPath, "']"), "['"); ok {
		switch name {
		case "metadata.labels":
			return pod.Labels[key], nil
		case "metadata.annotations":
			return pod.Annotations[key], nil
		}
	}
	switch fieldPath {
	case "metadata.name":
		return pod.Name, nil
	case "metadata.namespace":
		return pod.Namespace, nil
	case "metadata.uid":
		return string(pod.UID), nil
	case "metadata.labels":
		return lines(pod.Labels), nil
	case "metadata.annotations":
		return lines(pod.Annotations), nil
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.podIP", "status.podIPs", "status.hostIP", "status.hostIPs":
		return loopbackIP, nil
	}
	return "", errors.New("the field " + fieldPath + " is not known here")
}
