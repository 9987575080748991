package node

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const (
	loopbackIP = "127.0.0.1"
	// imagePath is the PATH that images commonly have.
	imagePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// lines prints a map as the downward API does: key="value", sorted.
func lines(values map[string]string) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		out = append(out, fmt.Sprintf("%s=%q", key, values[key]))
	}
	return strings.Join(out, "\n")
}

// launch works out how a container is started here. Nothing of this program's own
// environment gets into it: a developer's VAULT_TOKEN is not a desk's.
func (w *worker) launch(pod *corev1.Pod, c corev1.Container) (launch, *notYet) {
	program, command, missing := w.program(c)
	if missing != nil {
		return launch{}, missing
	}
	known, order, missing := w.variables(pod, c)
	if missing != nil {
		return launch{}, missing
	}
	home := filepath.Join(w.dir, "containers", c.Name)
	temporary := filepath.Join(home, "tmp")
	if err := os.MkdirAll(temporary, 0o700); err != nil {
		return launch{}, &notYet{"CreateContainerError", err.Error()}
	}
	r := rewriting{mounts: map[string]string{}, ports: w.ports}
	for _, m := range c.VolumeMounts {
		r.mounts[filepath.Clean(m.MountPath)] = filepath.Join(w.folders[m.Name], m.SubPath)
	}
	if folder := r.mounts["/tmp"]; folder != "" {
		temporary = folder
	}
	what := launch{program: program, dir: home, log: w.logFile,
		env: []string{"PATH=" + imagePath, "HOME=" + home, "TMPDIR=" + temporary, "HOSTNAME=" + pod.Name}}
	if folder := r.value(c.WorkingDir); folder != c.WorkingDir {
		what.dir = folder
	}
	for _, name := range order {
		what.env = append(what.env, name+"="+r.value(known[name]))
	}
	for _, argument := range slices.Concat(command, c.Args) {
		what.args = append(what.args, r.value(expand(argument, known)))
	}
	return what, nil
}

// program finds this machine's program for the container: by its command's name,
// else by its image's. It returns the command's other elements.
func (w *worker) program(c corev1.Container) (program string, arguments []string, missing *notYet) {
	if len(c.Command) > 0 {
		arguments = c.Command[1:]
		if program := w.node.Programs[filepath.Base(c.Command[0])]; program != "" {
			return program, arguments, nil
		}
	}
	if program := w.node.Programs[imageName(c.Image)]; program != "" {
		return program, arguments, nil
	}
	return "", nil, &notYet{"ErrImageNeverPull", fmt.Sprintf("no program of this machine stands for image %q", c.Image)}
}

// variables are the container's variables with references to each other expanded,
// and their order.
func (w *worker) variables(pod *corev1.Pod, c corev1.Container) (known map[string]string, order []string, missing *notYet) {
	known = map[string]string{}
	set := func(name, value string) {
		if _, ok := known[name]; !ok {
			order = append(order, name)
		}
		known[name] = value
	}
	for _, from := range c.EnvFrom {
		files := map[string]file{}
		switch {
		case from.ConfigMapRef != nil:
			missing = w.addConfigMap(files, from.ConfigMapRef.Name, nil, from.ConfigMapRef.Optional, 0)
		case from.SecretRef != nil:
			missing = w.addSecret(files, from.SecretRef.Name, nil, from.SecretRef.Optional, 0)
		}
		if missing != nil {
			return nil, nil, missing
		}
		for _, name := range slices.Sorted(maps.Keys(files)) {
			set(from.Prefix+name, string(files[name].content))
		}
	}
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			set(e.Name, expand(e.Value, known))
			continue
		}
		value, ok, missing := w.referred(pod, e.ValueFrom)
		if missing != nil {
			return nil, nil, missing
		}
		if ok {
			set(e.Name, value)
		}
	}
	return known, order, nil
}

// referred is a variable's value from elsewhere; ok is false where an optional
// one is absent.
func (w *worker) referred(pod *corev1.Pod, from *corev1.EnvVarSource) (value string, ok bool, missing *notYet) {
	const name = "value"
	files := map[string]file{}
	key := func(k string) []corev1.KeyToPath { return []corev1.KeyToPath{{Key: k, Path: name}} }
	switch {
	case from.FieldRef != nil:
		value, err := field(pod, from.FieldRef.FieldPath)
		if err != nil {
			return "", false, &notYet{"CreateContainerConfigError", err.Error()}
		}
		return value, true, nil
	case from.ConfigMapKeyRef != nil:
		missing = w.addConfigMap(files, from.ConfigMapKeyRef.Name, key(from.ConfigMapKeyRef.Key), from.ConfigMapKeyRef.Optional, 0)
	case from.SecretKeyRef != nil:
		missing = w.addSecret(files, from.SecretKeyRef.Name, key(from.SecretKeyRef.Key), from.SecretKeyRef.Optional, 0)
	}
	found, ok := files[name]
	return string(found.content), ok, missing
}
