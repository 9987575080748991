package agency

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/concordat-hub/concordat/api/v1alpha1"
)

// DeskOptions say how Managed desks are run. They come from the operator's
// flags: nothing of them can be chosen by an agency.
type DeskOptions struct {
	// Image and Command are what runs; Arguments come after the operator's own.
	Image       string
	Command     []string
	Arguments   []string
	PullSecrets []string
	// URL is the desk's address for people where the spec and its Service give
	// none, with {namespace} and {agency} filled in. Empty: wait for the Service
	// to be annotated.
	URL string
	// HubURL and VaultAddress are given to the desk; the CA files are read at each
	// pass and end up in its ConfigMap. An empty file means the system's roots.
	HubURL, HubCAFile           string
	VaultAddress, VaultCAFile   string
	VaultAudience, HubAudience  string
	HubNamespace                string // where the hub runs, to let desks reach it
	TLSSecret                   string // Secret with tls.crt and tls.key in the agency's namespace
	Issuer                      string // cert-manager ClusterIssuer that makes TLSSecret; empty: somebody else does
	StorageClass                string // empty: the cluster's default
	Egress                      []Egress
	RequestsCPU, RequestsMemory string
}

// Egress is an address range and port that desks may reach.
type Egress struct {
	CIDR string
	Port int32
}

// Names and paths of a desk. The volumes' mount points are the prefixes of every
// path among its arguments.
const (
	deskName   = "desk"
	deskPort   = 8443
	statePath  = "/var/lib/concordat"
	configPath = "/etc/concordat"
	tlsPath    = "/var/run/concordat/tls"
	tokenPath  = "/var/run/secrets/concordat"

	hubCA, vaultCA, oidcCA, rolesFile = "hub-ca.pem", "vault-ca.pem", "oidc-ca.pem", "roles.json"
)

// Bundles reads the certificates that every desk is given, by file name. They are
// read at each pass, so that a renewed authority reaches the desks.
func (o DeskOptions) Bundles() (map[string]string, error) {
	files := map[string]string{}
	for name, path := range map[string]string{hubCA: o.HubCAFile, vaultCA: o.VaultCAFile} {
		if path == "" {
			continue
		}
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("certificates for the desk: %w", err)
		}
		files[name] = string(pem)
	}
	return files, nil
}

// bundles are those of one agency's desk.
func (o DeskOptions) bundles(spec v1alpha1.AgencySpec) (map[string]string, error) {
	files, err := o.Bundles()
	if err != nil {
		return nil, err
	}
	if spec.Vault != nil {
		delete(files, vaultCA)
		if spec.Vault.CA != "" {
			files[vaultCA] = spec.Vault.CA
		}
	}
	if spec.OIDC != nil && spec.OIDC.CA != "" {
		files[oidcCA] = spec.OIDC.CA
	}
	return files, nil
}

// roles is what the desk reads to turn groups into roles: group → roles, sorted.
// Without any mapping there is no file, and a group means the role of its name.
func roles(oidc *v1alpha1.OIDC) string {
	if oidc == nil || len(oidc.Roles) == 0 {
		return ""
	}
	mapping := map[string][]v1alpha1.Role{}
	for _, role := range oidc.Roles {
		for _, group := range role.Groups {
			mapping[group] = append(mapping[group], role.Role)
		}
	}
	for _, given := range mapping {
		slices.Sort(given)
	}
	raw, _ := json.Marshal(mapping) // strings only: cannot fail
	return string(raw)
}

func deskConfig(s *scope, files map[string]string) *corev1.ConfigMap {
	if mapping := roles(s.agency.Spec.OIDC); mapping != "" {
		files[rolesFile] = mapping
	}
	return &corev1.ConfigMap{ObjectMeta: s.meta(deskName), Data: files}
}

func deskAccount(s *scope) *corev1.ServiceAccount {
	no := false
	return &corev1.ServiceAccount{ObjectMeta: s.meta(deskName), AutomountServiceAccountToken: &no}
}

// deskClaim has one writer: the desk's database is a file.
func deskClaim(s *scope, o DeskOptions) *corev1.PersistentVolumeClaim {
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: s.meta("desk-state"),
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceStorage: orElse(s.agency.Spec.Desk.Storage, "5Gi"),
			}},
		},
	}
	if o.StorageClass != "" {
		claim.Spec.StorageClassName = &o.StorageClass
	}
	return claim
}

func deskSelector() map[string]string {
	return map[string]string{"app.kubernetes.io/name": "concordat-desk"}
}

func deskService(s *scope) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: s.meta(deskName),
		Spec: corev1.ServiceSpec{
			Selector: deskSelector(),
			// The operator asks a desk that is not ready why it is not.
			PublishNotReadyAddresses: true,
			Ports: []corev1.ServicePort{{
				Name: "https", Port: 443, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(deskPort),
			}},
		},
	}
}

// deskNetwork opens what the desk needs and nothing else: people in, DNS, hub and
// the configured addresses (Vault, identity providers) out.
func deskNetwork(s *scope, o DeskOptions) *networkingv1.NetworkPolicy {
	udp, tcp := corev1.ProtocolUDP, corev1.ProtocolTCP
	port := func(protocol *corev1.Protocol, number int32) networkingv1.NetworkPolicyPort {
		n := intstr.FromInt32(number)
		return networkingv1.NetworkPolicyPort{Protocol: protocol, Port: &n}
	}
	namespace := func(name string) []networkingv1.NetworkPolicyPeer {
		return []networkingv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{
			MatchLabels: map[string]string{"kubernetes.io/metadata.name": name},
		}}}
	}
	egress := []networkingv1.NetworkPolicyEgressRule{
		{To: namespace("kube-system"), Ports: []networkingv1.NetworkPolicyPort{port(&udp, 53), port(&tcp, 53)}},
		{To: namespace(o.HubNamespace), Ports: []networkingv1.NetworkPolicyPort{port(&tcp, deskPort)}},
	}
	for _, e := range o.Egress {
		egress = append(egress, networkingv1.NetworkPolicyEgressRule{
			To:    []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: e.CIDR}}},
			Ports: []networkingv1.NetworkPolicyPort{port(&tcp, e.Port)},
		})
	}
	return &networkingv1.NetworkPolicy{
		ObjectMeta: s.meta("concordat-desk"),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: deskSelector()},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Ingress:     []networkingv1.NetworkPolicyIngressRule{{Ports: []networkingv1.NetworkPolicyPort{port(&tcp, deskPort)}}},
			Egress:      egress,
		},
	}
}

// deskCertificate asks cert-manager for the serving certificate.
func deskCertificate(s *scope, o DeskOptions) *unstructured.Unstructured {
	namespace := s.name.Namespace()
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
		"spec": map[string]any{
			"secretName": o.TLSSecret,
			"dnsNames":   []any{deskName + "." + namespace + ".svc", deskName + "." + namespace + ".svc.cluster.local"},
			"issuerRef":  map[string]any{"group": "cert-manager.io", "kind": "ClusterIssuer", "name": o.Issuer},
			"privateKey": map[string]any{"algorithm": "ECDSA", "rotationPolicy": "Always"},
		},
	}}
	meta := s.meta(deskName)
	u.SetName(meta.Name)
	u.SetNamespace(meta.Namespace)
	u.SetLabels(meta.Labels)
	u.SetAnnotations(meta.Annotations)
	return u
}

// deskArguments are the desk's flags. Each path is under one of the mounts.
func deskArguments(s *scope, o DeskOptions, files map[string]string, url string) []string {
	spec := s.agency.Spec
	vaultAddress := o.VaultAddress
	if spec.Vault != nil {
		vaultAddress = spec.Vault.Address
	}
	arguments := []string{
		"--agency=" + string(s.name),
		fmt.Sprintf("--listen=:%d", deskPort),
		"--external-url=" + url,
		"--hub=" + o.HubURL,
		"--hub-token-file=" + tokenPath + "/hub",
		"--vault=" + vaultAddress,
		"--vault-token-file=" + tokenPath + "/vault",
		"--state=" + statePath,
		"--tls-cert=" + tlsPath + "/tls.crt",
		"--tls-key=" + tlsPath + "/tls.key",
	}
	for _, given := range []struct{ flag, file string }{
		{"--hub-ca", hubCA}, {"--vault-ca", vaultCA}, {"--oidc-ca", oidcCA}, {"--roles-file", rolesFile},
	} {
		if files[given.file] != "" {
			arguments = append(arguments, given.flag+"="+configPath+"/"+given.file)
		}
	}
	if spec.OIDC != nil {
		arguments = append(arguments, "--oidc-issuer="+spec.OIDC.Issuer, "--oidc-client-id="+spec.OIDC.ClientID)
		if claim := spec.OIDC.RolesClaim; claim != "" && claim != "groups" {
			arguments = append(arguments, "--oidc-groups-claim="+claim)
		}
	}
	return append(arguments, o.Arguments...)
}

// deskDeployment runs one desk, which is stopped before its successor starts:
// its volume has one writer.
func deskDeployment(s *scope, o DeskOptions, config *corev1.ConfigMap, url string) *appsv1.Deployment {
	one := int32(1)
	podLabels := labels(s.name)
	for key, value := range deskSelector() {
		podLabels[key] = value
	}
	return &appsv1.Deployment{
		ObjectMeta: s.meta(deskName),
		Spec: appsv1.DeploymentSpec{
			Replicas: &one,
			Strategy: appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
			Selector: &metav1.LabelSelector{MatchLabels: deskSelector()},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{
					Labels: podLabels,
					// A changed CA or role mapping starts the desk anew.
					Annotations: map[string]string{"concordat.dev/config": digest(config.Data)},
				},
				Spec: deskPod(s, o, config, url),
			},
		},
	}
}

func digest(files map[string]string) string {
	raw, _ := json.Marshal(files) // map keys are sorted; strings cannot fail
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:12])
}

// deskPod meets Pod Security "restricted" and has no token for kube-apiserver.
func deskPod(s *scope, o DeskOptions, config *corev1.ConfigMap, url string) corev1.PodSpec {
	yes, no, user := true, false, int64(65532)
	pod := corev1.PodSpec{
		ServiceAccountName:           deskName,
		AutomountServiceAccountToken: &no,
		EnableServiceLinks:           &no,
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: &yes, RunAsUser: &user, RunAsGroup: &user, FSGroup: &user,
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{{
			Name: deskName, Image: o.Image, Command: o.Command, Args: deskArguments(s, o, config.Data, url),
			Ports:          []corev1.ContainerPort{{Name: "https", ContainerPort: deskPort, Protocol: corev1.ProtocolTCP}},
			ReadinessProbe: probe("/readyz", 5), LivenessProbe: probe("/healthz", 20),
			Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{
					corev1.ResourceCPU:    quantity(o.RequestsCPU, "50m"),
					corev1.ResourceMemory: quantity(o.RequestsMemory, "64Mi"),
				},
				Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")},
			},
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, RunAsNonRoot: &yes,
				Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
			VolumeMounts: []corev1.VolumeMount{
				{Name: "state", MountPath: statePath},
				{Name: "config", MountPath: configPath, ReadOnly: true},
				{Name: "tls", MountPath: tlsPath, ReadOnly: true},
				{Name: "tokens", MountPath: tokenPath, ReadOnly: true},
				{Name: "tmp", MountPath: "/tmp"},
			},
		}},
		Volumes: deskVolumes(o),
	}
	for _, name := range o.PullSecrets {
		pod.ImagePullSecrets = append(pod.ImagePullSecrets, corev1.LocalObjectReference{Name: name})
	}
	return pod
}

func quantity(given, otherwise string) resource.Quantity {
	if q, err := resource.ParseQuantity(given); err == nil {
		return q
	}
	return resource.MustParse(otherwise)
}

func probe(path string, period int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: path, Port: intstr.FromInt32(deskPort), Scheme: corev1.URISchemeHTTPS,
		}},
		PeriodSeconds: period, TimeoutSeconds: 3,
	}
}

// deskVolumes hold the tokens with an audience of their own: what Vault is shown
// is of no use at the hub or at kube-apiserver.
func deskVolumes(o DeskOptions) []corev1.Volume {
	tenMinutes := int64(600)
	token := func(audience, path string) corev1.VolumeProjection {
		return corev1.VolumeProjection{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{
			Audience: audience, ExpirationSeconds: &tenMinutes, Path: path,
		}}
	}
	return []corev1.Volume{
		{Name: "state", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "desk-state"}}},
		{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: deskName}}}},
		{Name: "tls", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: o.TLSSecret}}},
		{Name: "tokens", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			Sources: []corev1.VolumeProjection{token(o.VaultAudience, "vault"), token(o.HubAudience, "hub")},
		}}},
		{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
	}
}
