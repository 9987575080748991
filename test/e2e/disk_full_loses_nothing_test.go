package e2e

import (
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// full lets no file of the hub grow any more, database and bodies alike, and
// returns a function that makes room again. It needs no right to mount anything;
// what the hub answers when the disk itself is full, its own tests show.
func full(t *testing.T) (room func()) {
	t.Helper()
	pid, err := strconv.Atoi(held(t, "run", "hub"))
	if err != nil {
		t.Fatal(err)
	}
	limit := func(bytes uint64) {
		t.Helper()
		wanted := unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}
		if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &wanted, nil); err != nil {
			t.Fatal(os.NewSyscallError("prlimit", err))
		}
	}
	limit(1)
	return func() { limit(unix.RLIM_INFINITY) }
}

// Without room the hub promises nothing, and what waits at the desks goes on by
// itself when there is room again.
func TestAFullDiskLosesNothing(t *testing.T) {
	one := inForce(t, a, b)
	item := released(t, one, 1)
	arrives(t, b, item)
	draft := approved(t, a, 1)
	release := []string{"bulletin", "release", draft, "--agreement", one.reference, "--tlp", "TLP:AMBER+STRICT", "--yes"}

	before := len(inbox(t, b))
	pid, _ := hubProcess(t)
	room := full(t)
	do(t, unavailable, releaser(a), release...)
	do(t, unavailable, analyst(b), open(item)...) // nobody reads what cannot be recorded
	do(t, ok, analyst(b), "bulletin", "inbox")

	room()
	eventually(t, "the open", func() bool {
		result, err := analyst(b).Do(t.Context(), open(item)...)
		return err == nil && result.Code == ok
	})
	var done struct{ Item string }
	eventually(t, "the release", func() bool { return releaser(a).Must(t.Context(), &done, release...) == nil })
	arrives(t, b, done.Item)
	if after := len(inbox(t, b)); after != before+1 {
		t.Errorf("the inbox grew by %d items", after-before)
	}
	if now, _ := hubProcess(t); now != pid {
		t.Error("the hub had to be started anew")
	}
	verifies(t, one, a, done.Item, "release")
	sound(t)
}
