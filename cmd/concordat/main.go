// Command concordat is the command line for officers, trainers, admins and
// auditors. Installed as kubectl-concordat it is a plugin of kubectl.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/concordat-hub/concordat/internal/bulletin"
	"github.com/concordat-hub/concordat/internal/cli"
	"github.com/concordat-hub/concordat/internal/item"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Run(ctx, cli.Env{
		Name: os.Args[0], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
		Interactive: term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
		Width:       width(), Now: time.Now, Kinds: []item.Kind{bulletin.New()},
	}, os.Args[1:])
}

// width is that of the terminal on stdout, 0 where it is none.
func width() int {
	columns, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return 0
	}
	return columns
}
