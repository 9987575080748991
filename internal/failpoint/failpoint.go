// Package failpoint ends the process at named places, as a loss of power would,
// so that tests can show what a crash leaves behind.
//
// A point is armed by CONCORDAT_FAILPOINT=name in the environment, or name=n to
// end at the n-th time. Without it Hit does nothing but compare two strings. The
// package imports nothing of this module and any package may import it.
package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// Variable is the environment variable that arms one point.
const Variable = "CONCORDAT_FAILPOINT"

var (
	armed, after = parse(os.Getenv(Variable))
	hits         atomic.Int64
)

func parse(setting string) (string, int64) {
	name, count, _ := strings.Cut(setting, "=")
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil || n < 1 {
		n = 1
	}
	return name, n
}

// Hit kills this process with SIGKILL if the point is the armed one: no deferred
// call runs, no buffer is flushed.
func Hit(name string) {
	if armed == "" || name != armed || hits.Add(1) != after {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way
}
