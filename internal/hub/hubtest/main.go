package hubtest

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// shared is the Vault of all hubs of one test binary that do not bring their own.
var shared struct {
	mu    sync.Mutex
	tb    *process
	vault *Vault
}

// Main runs the tests of a package with one real Vault for all hubs that do not
// bring their own: starting a server costs more than most tests. Call it from
// TestMain. A test that takes Vault away starts one for itself.
func Main(m *testing.M) int {
	shared.mu.Lock()
	shared.tb = &process{}
	shared.mu.Unlock()
	code := m.Run()
	shared.tb.end()
	return code
}

// SharedVault is the shared server where the package has one, else a new one.
func SharedVault(tb testing.TB) (v *Vault) {
	tb.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.tb == nil {
		return StartVault(tb)
	}
	if shared.vault == nil {
		done := make(chan struct{})
		go func() { // Fatal ends its goroutine
			defer close(done)
			shared.vault = StartVault(shared.tb)
		}()
		<-done
	}
	if shared.vault == nil {
		tb.Fatal(shared.tb.failure)
	}
	return shared.vault
}

// process is the testing.TB of what outlives single tests.
type process struct {
	testing.TB            // nil: whatever is not below is not used
	mu         sync.Mutex // parallel tests begin at the same time
	cleanups   []func()
	failure    string
}

func (p *process) Helper()                  {}
func (p *process) Context() context.Context { return context.Background() }
func (p *process) Fatal(args ...any)        { p.failure = fmt.Sprint(args...); runtime.Goexit() }
func (p *process) Fatalf(format string, args ...any) {
	p.failure = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// Cleanup keeps f for the end of the process.
func (p *process) Cleanup(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cleanups = append(p.cleanups, f)
}

func (p *process) TempDir() string {
	dir, err := os.MkdirTemp("", "hubtest")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (p *process) end() {
	for _, cleanup := range slices.Backward(p.cleanups) {
		cleanup()
	}
}
