package node

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// rewriting replaces what is true in a container by what is true on this machine.
type rewriting struct {
	mounts map[string]string // mount path to folder
	ports  map[int32]int     // container port to loopback port
}

// value rewrites an argument, a command's element or a variable's value. It
// replaces each mount path that stands at a path boundary, the longest first, in
// a single pass: what was put in is not looked at again, and may well lie under
// something that is a mount path too (/tmp).
func (r rewriting) value(v string) string {
	if listen, ok := r.listen(v); ok {
		return listen
	}
	paths := make([]string, 0, len(r.mounts))
	for path := range r.mounts {
		paths = append(paths, path)
	}
	slices.SortFunc(paths, func(a, b string) int { return len(b) - len(a) })
	var out strings.Builder
	for i := 0; i < len(v); {
		path, found := startsWithPath(v, i, paths)
		if !found {
			out.WriteByte(v[i])
			i++
			continue
		}
		out.WriteString(r.mounts[path])
		i += len(path)
	}
	return out.String()
}

// startsWithPath finds the path that begins at i and is followed by an end of
// name, where a path can begin there at all.
func startsWithPath(v string, i int, paths []string) (string, bool) {
	if v[i] != '/' || i > 0 && !strings.ContainsRune(`=,:; "'@`, rune(v[i-1])) {
		return "", false
	}
	for _, path := range paths {
		rest, ok := strings.CutPrefix(v[i:], path)
		if ok && (rest == "" || strings.ContainsRune(`/,:; "'`, rune(rest[0]))) {
			return path, true
		}
	}
	return "", false
}

// listen rewrites an address of all interfaces at a declared port, alone or as a
// flag's value. All else, also an address at a port that the container does not
// declare, stays.
func (r rewriting) listen(v string) (string, bool) {
	flag, address := "", v
	if strings.HasPrefix(v, "-") {
		name, value, ok := strings.Cut(v, "=")
		if !ok {
			return "", false
		}
		flag, address = name+"=", value
	}
	for _, host := range []string{":", "0.0.0.0:", "[::]:"} {
		port, err := strconv.ParseInt(strings.TrimPrefix(address, host), 10, 32)
		if !strings.HasPrefix(address, host) || err != nil {
			continue
		}
		if here, ok := r.ports[int32(port)]; ok {
			return fmt.Sprintf("%s127.0.0.1:%d", flag, here), true
		}
	}
	return "", false
}

// expand replaces $(NAME) by the variable's value as Kubernetes does: an unknown
// name stays as it is, $$ is a dollar.
func expand(v string, known map[string]string) string {
	var out strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] != '$' || i+1 == len(v) {
			out.WriteByte(v[i])
			continue
		}
		switch v[i+1] {
		case '$':
			out.WriteByte('$')
			i++
		case '(':
			end := strings.IndexByte(v[i:], ')')
			if end < 0 {
				out.WriteByte('$')
				continue
			}
			if value, ok := known[v[i+2:i+end]]; ok {
				out.WriteString(value)
			} else {
				out.WriteString(v[i : i+end+1])
			}
			i += end
		default:
			out.WriteByte('$')
		}
	}
	return out.String()
}

// imageName is the last part of an image's name without tag and digest.
func imageName(image string) string {
	image, _, _ = strings.Cut(image, "@")
	image = image[strings.LastIndexByte(image, '/')+1:]
	image, _, _ = strings.Cut(image, ":")
	return image
}

// unsupported names what the pod asks for that is not done here, or is empty.
func unsupported(pod *corev1.Pod) string {
	spec := pod.Spec
	switch {
	case len(spec.InitContainers) > 0:
		return "init containers"
	case spec.RestartPolicy != corev1.RestartPolicyAlways:
		return "restartPolicy " + string(spec.RestartPolicy)
	case len(spec.ReadinessGates) > 0:
		return "readiness gates"
	case len(spec.ResourceClaims) > 0:
		return "resource claims"
	}
	for _, v := range spec.Volumes {
		if !supportedVolume(v.VolumeSource) {
			return "the kind of volume " + v.Name
		}
	}
	for _, c := range spec.Containers {
		if what := unsupportedContainer(c); what != "" {
			return what + " of container " + c.Name
		}
	}
	return ""
}

func supportedVolume(v corev1.VolumeSource) bool {
	if v.Projected != nil {
		for _, s := range v.Projected.Sources {
			if s.ClusterTrustBundle != nil || s.PodCertificate != nil {
				return false
			}
		}
		return true
	}
	return v.ConfigMap != nil || v.Secret != nil || v.EmptyDir != nil || v.PersistentVolumeClaim != nil || v.DownwardAPI != nil
}

func unsupportedContainer(c corev1.Container) string {
	switch {
	case c.StartupProbe != nil:
		return "the startup probe"
	case c.ReadinessProbe != nil && c.ReadinessProbe.HTTPGet == nil:
		return "the kind of readiness probe"
	case c.LivenessProbe != nil && c.LivenessProbe.HTTPGet == nil:
		return "the kind of liveness probe"
	case c.Lifecycle != nil:
		return "lifecycle hooks"
	case len(c.VolumeDevices) > 0:
		return "volume devices"
	}
	for _, m := range c.VolumeMounts {
		if m.SubPathExpr != "" {
			return "subPathExpr"
		}
	}
	for _, p := range c.Ports {
		if p.Protocol != "" && p.Protocol != corev1.ProtocolTCP {
			return "a port that is not TCP"
		}
	}
	for _, e := range c.Env {
		if e.ValueFrom != nil && (e.ValueFrom.ResourceFieldRef != nil || e.ValueFrom.FileKeyRef != nil) {
			return "the source of variable " + e.Name
		}
	}
	return ""
}
