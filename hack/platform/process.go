package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one daemon of the platform. It outlives this program; its process
// id is kept in run/, its output in logs/.
type process struct {
	name string
	path string
	args []string
	env  []string // beside the platform's own
}

// start starts the process unless it runs already.
func (l layout) start(p process) error {
	if l.pid(p.name) != 0 {
		return nil
	}
	log, err := os.OpenFile(l.path("logs", p.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.path, p.args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = l.dir
	cmd.Env = append(os.Environ(), p.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C in the terminal is not for it
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() { _ = cmd.Wait() }() // reap it, so that pid sees its end
	return replace(l.path("run", p.name), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600)
}

// pid returns the id of the running process, or 0. A recorded id that belongs to
// another program by now (after a reboot) is not ours.
func (l layout) pid(name string) int {
	raw, err := os.ReadFile(l.path("run", name))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil || syscall.Kill(pid, 0) != nil {
		return 0
	}
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/cwd/ports.json", pid))
	if err != nil || len(environ) == 0 {
		return 0
	}
	return pid
}

// stop asks the process to end, and ends it after ten seconds.
func (l layout) stop(name string) error {
	pid := l.pid(name)
	if pid != 0 {
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		deadline := time.Now().Add(10 * time.Second)
		for l.pid(name) != 0 && time.Now().Before(deadline) {
			time.Sleep(20 * time.Millisecond)
		}
		if l.pid(name) != 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	if err := os.Remove(l.path("run", name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// until calls ready until it returns nil, and returns its last error when the
// context ends or the process has died.
func (l layout) until(ctx context.Context, name string, ready func(context.Context) error) error {
	var last error
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		last = ready(attempt)
		cancel()
		if last == nil {
			return nil
		}
		if name != "" && l.pid(name) == 0 {
			return fmt.Errorf("%s has ended; the end of its log:\n%s", name, l.tail(name))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("gave up waiting: %w", last)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (l layout) tail(name string) string {
	raw, err := os.ReadFile(l.path("logs", name+".log"))
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// run runs a command to its end and returns what it printed.
func run(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w\n%s", strings.Join(append([]string{name}, args...), " "), err, out)
	}
	return string(out), nil
}
