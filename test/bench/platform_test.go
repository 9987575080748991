package bench

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/test/cluster"
)

// atRest is how long the platform is left alone before its memory is looked at.
const atRest = 20 * time.Second

// BenchmarkPlatform measures bringing the platform up on a new folder, beside
// bringing it up on one that it has left; and what its processes hold at rest.
// Everything is built already.
func BenchmarkPlatform(b *testing.B) {
	root, err := cluster.Root()
	if err != nil {
		b.Fatal(err)
	}
	dir, binary := filepath.Join(b.TempDir(), "platform"), program(b, "platform")
	platform := func(ctx context.Context, command string) error {
		out, err := exec.CommandContext(ctx, binary, "--dir", dir, command).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return nil
	}
	b.Cleanup(func() { _ = platform(context.Background(), "clean-up") })
	s := &samples{}
	for b.Loop() {
		s.time(b, "up, new folder", func() error { return platform(b.Context(), "up") })
		time.Sleep(atRest)
		memory := exec.CommandContext(b.Context(), "go", "run", "./atrest", "--dir", dir)
		memory.Dir = filepath.Join(root, "test", "bench")
		table, err := memory.CombinedOutput()
		if err != nil {
			b.Fatalf("%v\n%s", err, table)
		}
		show(b, fmt.Sprintf("memory %s after the platform was up", atRest), string(table))
		reportTotal(b, string(table))
		for range 3 {
			s.time(b, "down", func() error { return platform(b.Context(), "down") })
			s.time(b, "up, known folder", func() error { return platform(b.Context(), "up") })
		}
	}
	b.ReportMetric(ratio(s.median("up, known folder"), s.median("up, new folder")), "x-new-folder")
	b.ReportMetric(s.median("up, known folder").Seconds(), "s/up")
	b.ReportMetric(0, "ns/op")
	show(b, "what each took", s.table())
}

func reportTotal(b *testing.B, table string) {
	b.Helper()
	for line := range strings.Lines(table) {
		var rss, pss float64
		if n, _ := fmt.Sscanf(line, "all %f %f", &rss, &pss); n == 2 {
			b.ReportMetric(pss, "MiB-PSS")
		}
	}
}
