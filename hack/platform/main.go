// Platform runs everything that Concordat needs on one machine, for the demo and
// the tests: a real etcd, kube-apiserver and kube-controller-manager, a real
// Vault, an OpenID provider, the hub, the operator, and a stand-in for the
// kubelet that runs the desks which the operator made. All state is below one
// folder, so that down and up find everything as it was.
//
// It is for one machine and for nothing else: Vault's unseal key lies beside its
// data, and officers' passwords are in files.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := dispatch(ctx, os.Args[1:])
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return
	case !errors.Is(err, errSaid):
		fmt.Fprintln(os.Stderr, "platform:", err)
	}
	os.Exit(1)
}

const usage = `usage: platform [--dir FOLDER] COMMAND

  up             start everything and apply the sample agencies
  up --bare      start everything, without agencies
  down           stop everything; up finds it as it was
  clean-up       stop everything and forget it
  start NAME     start one part again (hub, operator, vault, ...)
  stop NAME      stop one part
  kill NAME      end one part as a crash would
  node           the stand-in for the kubelet (up starts it)
  demo           up, then the story; ONCE=1 ends by itself
  next           print what to paste into a shell to look around
`

func dispatch(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("platform", flag.ContinueOnError)
	dir := flags.String("dir", ".concordat", "`folder` that holds all state")
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	if err := flags.Parse(args); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	l, err := newLayout(*dir, filepath.Dir(self))
	if err != nil {
		return err
	}
	switch flags.Arg(0) {
	case "up":
		return comeUp(ctx, l, flags.Arg(1) == "--bare")
	case "down":
		return down(l)
	case "clean-up":
		return cleanUp(l)
	case "start", "stop", "kill":
		return part(ctx, l, flags.Arg(0), flags.Arg(1))
	case "node":
		return runNode(ctx, l)
	case "demo":
		return demo(ctx, l)
	case "next":
		printNext(l)
		return nil
	}
	flags.Usage()
	return errors.New("no such command")
}

// down stops everything in the order in which nothing hangs: kube-apiserver
// waits long for an etcd that is gone.
func down(l layout) error {
	var errs []error
	for _, name := range []string{"node", "operator", "hub", "idp", "vault", "kube-controller-manager", "kube-apiserver", "etcd"} {
		errs = append(errs, l.stop(name))
	}
	return errors.Join(errs...)
}

func cleanUp(l layout) error {
	if err := down(l); err != nil {
		return err
	}
	if beside := (layout{l.path("demo"), l.bin}); filepath.Base(l.dir) != "demo" {
		if err := cleanUp(beside); err != nil {
			return err
		}
	}
	if _, err := os.Stat(l.path("ports.json")); err != nil {
		return nil // not a platform's folder: nothing to forget, and nothing of anybody else's to delete
	}
	return os.RemoveAll(l.dir)
}

// part starts, stops or kills one process of a running platform.
func part(ctx context.Context, l layout, verb, name string) error {
	switch verb {
	case "stop":
		return l.stop(name)
	case "kill":
		pid := l.pid(name)
		if pid == 0 {
			return fmt.Errorf("%s does not run", name)
		}
		return syscall.Kill(pid, syscall.SIGKILL)
	}
	u, err := newUp(l)
	if err != nil {
		return err
	}
	starts := map[string]func(context.Context) error{
		"etcd": u.startEtcd, "kube-apiserver": u.startAPIServer, "kube-controller-manager": u.startControllerManager,
		"vault": u.startVault, "idp": u.startProvider, "hub": u.startHub, "operator": u.startOperator, "node": u.startNode,
	}
	start, known := starts[name]
	if !known {
		return fmt.Errorf("there is no part called %q", name)
	}
	return start(ctx)
}
