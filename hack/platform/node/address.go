package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"sync"
)

// Ports are taken below the range from which the kernel takes those of outgoing
// connections (32768 and up), so that a client cannot sit on one while its pod is
// away.
const firstPort, lastPort = 20000, 32767

// addresses remembers which loopback port leads to which Service's port. The
// record is kept in a file: a desk's address is in certificates, identity
// providers and people's shells.
type addresses struct {
	path string

	mu       sync.Mutex
	recorded map[string]int    // namespace/service/port
	holders  map[string]string // record key to the pod that serves it
	taken    map[int]bool      // ports of pods without a Service
}

func loadAddresses(path string) (*addresses, error) {
	a := &addresses{path: path, recorded: map[string]int{}, holders: map[string]string{}, taken: map[int]bool{}}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	} else if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &a.recorded); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// port returns the recorded port, recording a free one the first time.
func (a *addresses) port(key string) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if port, ok := a.recorded[key]; ok {
		return port, nil
	}
	port, err := a.free()
	if err != nil {
		return 0, err
	}
	return port, a.record(key, port)
}

// adopt records the port that a running pod has already.
func (a *addresses) adopt(key, pod string, port int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.holders[key] = pod
	if a.recorded[key] == port {
		return nil
	}
	return a.record(key, port)
}

// hold gives the record's port to the pod, unless another pod has it.
func (a *addresses) hold(key, pod string) (holder string, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if holder := a.holders[key]; holder != "" && holder != pod {
		return holder, false
	}
	a.holders[key] = pod
	return pod, true
}

// lease gives a port that is not recorded, until giveBack.
func (a *addresses) lease() (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	port, err := a.free()
	if err == nil {
		a.taken[port] = true
	}
	return port, err
}

// release ends all that the pod holds.
func (a *addresses) release(pod string, leased ...int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, holder := range a.holders {
		if holder == pod {
			delete(a.holders, key)
		}
	}
	for _, port := range leased {
		delete(a.taken, port)
	}
}

func (a *addresses) record(key string, port int) error {
	a.recorded[key] = port
	raw, err := json.MarshalIndent(a.recorded, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(a.path, raw)
}

// free finds a port that nobody listens on and that is promised to nobody.
func (a *addresses) free() (int, error) {
	promised := map[int]bool{}
	for _, port := range a.recorded {
		promised[port] = true
	}
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		if promised[port] || a.taken[port] {
			continue
		}
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		return port, listener.Close()
	}
	return 0, fmt.Errorf("no free port between %d and %d", firstPort, lastPort)
}
