// Package config_test proves the manifests against a real kube-apiserver: that
// they apply, what the policies refuse, and what each role may do.
package config_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/test/cluster"
)

const operatorUser = "system:serviceaccount:concordat-system:concordat-operator"

var (
	plane *cluster.Cluster
	kube  client.Client // an administrator's
)

func TestMain(m *testing.M) {
	cluster.Main(m, func(c *cluster.Cluster) {
		if err := errors.Join(c.StartControllerManager(), c.Install("config/default", "config/policies")); err != nil {
			panic(err)
		}
		var err error
		if kube, err = newClient(c.Config); err != nil {
			panic(err)
		}
		plane = c
	})
}

func newClient(config *rest.Config) (client.Client, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	return client.New(config, client.Options{Scheme: scheme})
}

// as is a client of somebody with nothing but what RBAC and policies give.
func as(t *testing.T, user string, groups ...string) client.Client {
	t.Helper()
	c, err := newClient(plane.As(t, user, groups...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// objects reads the documents of YAML files.
func objects(t *testing.T, files ...string) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, parse(t, raw)...)
	}
	return all
}

func parse(t *testing.T, raw []byte) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), 4096)
	for {
		o := &unstructured.Unstructured{}
		if err := decoder.Decode(&o.Object); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if len(o.Object) > 0 {
			all = append(all, o)
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	return files
}

func forbidden(t *testing.T, what string, err error) {
	t.Helper()
	if !apierrors.IsForbidden(err) {
		t.Errorf("%s: %v, want forbidden", what, err)
	}
}
