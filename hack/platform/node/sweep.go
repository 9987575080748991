package node

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// sweepGrace is how long a left-over may take to end by itself.
const sweepGrace = 5 * time.Second

// markerName is a variable in the environment of every process started for a pod.
// Children inherit it. It survives a record that was lost, and unlike a recorded
// process id it never comes to mean another program.
const markerName = "CONCORDAT_NODE_PODS"

func marker(podsDir string) string { return markerName + "=" + podsDir }

// Sweep ends the processes that a stand-in on podsDir, since killed, has left
// running. It fails while a stand-in runs there: that one is to be stopped itself.
func Sweep(podsDir string) error {
	podsDir, err := filepath.Abs(podsDir)
	if err != nil {
		return err
	}
	if _, err := os.Stat(podsDir); os.IsNotExist(err) {
		return nil
	}
	unlock, err := lock(podsDir)
	if err != nil {
		return err
	}
	defer unlock()
	return sweep(podsDir)
}

func sweep(podsDir string) error {
	if left, err := leftovers(podsDir, syscall.SIGTERM); err != nil || left == 0 {
		return err
	}
	deadline := time.Now().Add(sweepGrace)
	for time.Now().Before(deadline) {
		if left, err := leftovers(podsDir, 0); err != nil || left == 0 {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	if _, err := leftovers(podsDir, syscall.SIGKILL); err != nil {
		return err
	}
	for deadline = time.Now().Add(sweepGrace); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if left, err := leftovers(podsDir, 0); err != nil || left == 0 {
			return err
		}
	}
	return fmt.Errorf("processes of a former node on %s do not end", podsDir)
}

// leftovers signals the processes that carry the marker, and counts them. The
// process is held by a handle (pidfd) before its environment is read: what is
// signalled is what was looked at.
func leftovers(podsDir string, signal syscall.Signal) (count int, err error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	want := []byte(marker(podsDir))
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		process, err := os.FindProcess(pid)
		if err != nil {
			continue
		}
		environ, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err == nil && slices.ContainsFunc(bytes.Split(environ, []byte{0}), func(v []byte) bool { return bytes.Equal(v, want) }) {
			if process.Signal(signal) == nil {
				count++
			}
		}
		_ = process.Release()
	}
	return count, nil
}
