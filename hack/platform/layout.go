package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
)

// layout is where everything of one local platform lives: all below one folder.
type layout struct {
	dir string // absolute
	bin string // where the programs are, absolute
}

func newLayout(dir, bin string) (layout, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return layout{}, err
	}
	bin, err = filepath.Abs(bin)
	return layout{dir, bin}, err
}

func (l layout) path(parts ...string) string {
	return filepath.Join(append([]string{l.dir}, parts...)...)
}

func (l layout) program(name string) string { return filepath.Join(l.bin, name) }

// root is the repository: manifests are applied from there.
func (l layout) root() string { return filepath.Dir(l.bin) }

// make creates the folders. Keys and tokens are in them: nobody else may look.
func (l layout) make() error {
	for _, name := range []string{"bin", "pki", "etcd", "vault", "audit", "hub", "idp", "logs", "run", "tokens", "officers", "pods", "volumes", "vault-files"} {
		if err := os.MkdirAll(l.path(name), 0o700); err != nil {
			return err
		}
	}
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kubectl"} {
		if err := link(l.program("concordat-kube"), l.path("bin", name)); err != nil {
			return err
		}
	}
	return nil
}

func link(target, name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(target, name)
}

// ports are the free ones that the platform took when it first came up. They
// are kept, so that what was recorded (certificates, configurations, people's
// shells) still holds after down and up.
type ports struct {
	Etcd, EtcdPeer, API, Controllers, Vault, Provider, Hub, OperatorMetrics, OperatorHealth int
}

func (l layout) ports() (ports, error) {
	var p ports
	file := l.path("ports.json")
	raw, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(raw, &p)
		return p, err
	}
	for _, port := range []*int{&p.Etcd, &p.EtcdPeer, &p.API, &p.Controllers, &p.Vault, &p.Provider, &p.Hub, &p.OperatorMetrics, &p.OperatorHealth} {
		if *port, err = freePort(); err != nil {
			return p, err
		}
	}
	raw, err = json.MarshalIndent(p, "", "  ")
	if err != nil {
		return p, err
	}
	return p, os.WriteFile(file, raw, 0o600)
}

// freePort takes a port below those that the kernel gives to clients' connections:
// one of these could sit on it when the platform comes up again.
func freePort() (int, error) {
	const first, count = 16384, 3600
	for range 200 {
		n, err := rand.Int(rand.Reader, big.NewInt(count))
		if err != nil {
			return 0, err
		}
		port := first + int(n.Int64())
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		return port, listener.Close()
	}
	return 0, errors.New("no free port on loopback")
}

func loopback(port int) string { return fmt.Sprintf("https://127.0.0.1:%d", port) }

// secret returns the content of the file, making it up at random the first time.
func secret(file string) (string, error) {
	raw, err := os.ReadFile(file)
	if err == nil {
		return string(raw), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	made := rand.Text()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", err
	}
	return made, os.WriteFile(file, []byte(made), 0o600)
}

// replace writes a file so that a reader sees the old content or the new, whole.
func replace(file string, content []byte, mode fs.FileMode) error {
	next := file + ".next"
	if err := os.WriteFile(next, content, mode); err != nil {
		return err
	}
	return os.Rename(next, file)
}
