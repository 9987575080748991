// Command concordat-desk is one agency's desk: its officers' way in, and its
// identity towards the hub. One process per agency, with a state folder of its
// own; everything that it needs comes from flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "concordat-desk:", err)
		os.Exit(1)
	}
}

// run is the whole program, so that a test can drive it.
func run(ctx context.Context, args []string, stderr io.Writer) error {
	config, err := parse(args, stderr)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: config.level}))
	return serve(ctx, config, log)
}
