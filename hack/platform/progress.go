package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// progress says what is being waited for, and how long it took.
type progress struct {
	out      io.Writer
	terminal bool
}

func newProgress(out *os.File) progress {
	info, err := out.Stat()
	return progress{out, err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// step runs do while saying what it waits for. On a terminal the line counts the
// seconds; elsewhere one line is printed at the end.
func (p progress) step(ctx context.Context, what string, do func(context.Context) error) error {
	began := time.Now()
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			mark := "ready"
			if err != nil {
				mark = "failed"
			}
			if p.terminal {
				fmt.Fprint(p.out, "\r\033[K")
			}
			fmt.Fprintf(p.out, "  %-58s %-6s %5.1f s\n", what, mark, time.Since(began).Seconds())
			return err
		case <-tick.C:
			if p.terminal {
				fmt.Fprintf(p.out, "\r\033[K  %-58s %5.0f s", "waiting for "+what, time.Since(began).Seconds())
			}
		}
	}
}
