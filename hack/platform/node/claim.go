package node

import (
	"context"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// folder is where the data of a claim are. It depends on names only, so that a
// claim that is made again finds the data of the one before.
func (n *node) folder(namespace, claim string) string {
	return filepath.Join(n.VolumesDir, namespace, claim)
}

// provide makes the PersistentVolume that kube-controller-manager then binds to
// the claim: it names the claim, so that nobody else can take it, with its UID, so
// that the binder does not wait for its next round. A volume whose claim was
// deleted is given to the next claim of that name; Kubernetes alone would never
// do so.
func (n *node) provide(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	if claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil || claim.Status.Phase == corev1.ClaimBound {
		return nil
	}
	if claim.Spec.VolumeMode != nil && *claim.Spec.VolumeMode != corev1.PersistentVolumeFilesystem {
		return nil
	}
	volumes := n.Client.CoreV1().PersistentVolumes()
	want := n.volume(claim)
	have, err := volumes.Get(ctx, want.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = volumes.Create(ctx, want, metav1.CreateOptions{})
		return err
	} else if err != nil {
		return err
	}
	if r := have.Spec.ClaimRef; r != nil && r.UID == claim.UID {
		return nil // being bound
	}
	have.Spec = want.Spec
	_, err = volumes.Update(ctx, have, metav1.UpdateOptions{})
	return err
}

func (n *node) volume(claim *corev1.PersistentVolumeClaim) *corev1.PersistentVolume {
	kind, mode := corev1.HostPathDirectoryOrCreate, corev1.PersistentVolumeFilesystem
	class := ""
	if claim.Spec.StorageClassName != nil {
		class = *claim.Spec.StorageClassName
	}
	return &corev1.PersistentVolume{
		// A namespace has no dot: no two claims share a name.
		ObjectMeta: metav1.ObjectMeta{Name: claim.Namespace + "." + claim.Name},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			StorageClassName:              class,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			VolumeMode:                    &mode,
			ClaimRef:                      &corev1.ObjectReference{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: n.folder(claim.Namespace, claim.Name), Type: &kind},
			},
		},
	}
}
