package node

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The first restart is immediate, the next ones are a second apart, two, four …;
// a process that ran for a minute has shown that it can.
const (
	firstDelay = time.Second
	lastDelay  = 30 * time.Second
	goodRun    = time.Minute
)

// launch is everything that starting a container's process takes.
type launch struct {
	program string
	args    []string
	env     []string
	dir     string
	log     string
}

// container keeps one process running until it is stopped.
type container struct {
	spec    corev1.Container
	marker  string                   // variable by which a left-over is recognised
	resolve func() (launch, *notYet) // asked before each start: variables may have changed
	probe   func(*corev1.HTTPGetAction) (string, error)
	grace   time.Duration // for a restart by a failing liveness probe
	changed func()
	log     *slog.Logger

	mu    sync.Mutex
	state containerState
}

// containerState is what the pod's status says about the container.
type containerState struct {
	pid      int // 0: not running
	started  time.Time
	ready    bool
	restarts int32
	waiting  corev1.ContainerStateWaiting
	last     *corev1.ContainerStateTerminated
}

// notYet says why something cannot be started: a reason as the kubelet spells it
// and a sentence for whoever reads the pod's status.
type notYet struct{ reason, message string }

func (n *notYet) Error() string { return n.reason + ": " + n.message }

func (c *container) snapshot() containerState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

func (c *container) update(change func(*containerState)) {
	c.mu.Lock()
	before := c.state
	change(&c.state)
	after := c.state
	c.mu.Unlock()
	if before != after {
		c.changed()
	}
}

// run keeps the process running until stop ends. grace is asked then how long
// the process may take to end.
func (c *container) run(stop context.Context, grace func() time.Duration) {
	delay := time.Duration(0)
	for {
		if !pause(stop, delay) {
			return
		}
		began := time.Now()
		what, err := c.resolve()
		if err == nil {
			err = c.once(stop, what, grace)
		}
		if stop.Err() != nil {
			return
		}
		if err != nil {
			c.update(func(s *containerState) {
				s.waiting = corev1.ContainerStateWaiting{Reason: err.reason, Message: err.message}
			})
			delay = firstDelay
			continue
		}
		delay = nextDelay(delay, time.Since(began), c.snapshot().restarts)
		c.log.Warn("a container ended by itself", "container", c.spec.Name, "again in", delay)
		c.update(func(s *containerState) {
			s.restarts++
			s.waiting = corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "starts again in " + delay.String()}
		})
	}
}

func nextDelay(delay, ran time.Duration, restarts int32) time.Duration {
	switch {
	case ran >= goodRun || restarts == 0:
		return 0
	case delay == 0:
		return firstDelay
	default:
		return min(2*delay, lastDelay)
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// once runs the process to its end.
func (c *container) once(stop context.Context, what launch, grace func() time.Duration) *notYet {
	cmd, err := c.start(what)
	if err != nil {
		return &notYet{"RunContainerError", err.Error()}
	}
	started := time.Now()
	c.update(func(s *containerState) {
		s.pid, s.started, s.ready, s.waiting = cmd.Process.Pid, started, c.spec.ReadinessProbe == nil, corev1.ContainerStateWaiting{}
	})
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // how it ended is in ProcessState

	alive, cancel := context.WithCancel(stop)
	unhealthy := make(chan struct{}, 1)
	var probes sync.WaitGroup
	probes.Go(func() { c.watchReadiness(alive) })
	probes.Go(func() { c.watchLiveness(alive, unhealthy) })
	select {
	case <-ended:
	case <-stop.Done():
		c.update(func(s *containerState) { s.ready = false })
		end(cmd.Process, ended, grace())
	case <-unhealthy:
		c.log.Warn("a container fails its liveness probe", "container", c.spec.Name)
		end(cmd.Process, ended, c.grace)
	}
	cancel()
	probes.Wait()
	// The group outlives its leader where the leader left children. A container
	// ends with its first process.
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	c.update(func(s *containerState) {
		s.pid, s.ready, s.last = 0, false, terminated(cmd.ProcessState, started)
	})
	return nil
}

func (c *container) start(what launch) (*exec.Cmd, error) {
	if err := os.MkdirAll(what.dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(what.log), 0o700); err != nil {
		return nil, err
	}
	out, err := os.OpenFile(what.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(what.program, what.args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = out, out, what.dir
	cmd.Env = append(what.env, c.marker)
	// A group of its own: Ctrl-C in the terminal is not for it, and its children
	// can be ended with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd, cmd.Start()
}

// end asks the process to end, and ends its group after the grace period.
func end(process *os.Process, ended <-chan struct{}, grace time.Duration) {
	_ = process.Signal(syscall.SIGTERM) // an error says that it has ended
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		_ = syscall.Kill(-process.Pid, syscall.SIGKILL)
		<-ended
	}
}

func terminated(state *os.ProcessState, started time.Time) *corev1.ContainerStateTerminated {
	t := &corev1.ContainerStateTerminated{
		ExitCode: int32(state.ExitCode()), Reason: "Completed",
		StartedAt: metav1.NewTime(started), FinishedAt: metav1.Now(),
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		t.Signal = int32(status.Signal())
		t.ExitCode = 128 + t.Signal
	}
	if t.ExitCode != 0 {
		t.Reason = "Error"
	}
	return t
}
