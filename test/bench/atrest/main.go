// Atrest prints how much memory each process of a local platform holds:
//
//	go run ./atrest --dir ../../.concordat
//
// RSS counts pages that several processes share once for each of them; PSS
// shares them out, and so is what adds up (proc(5), smaps_rollup).
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func main() {
	dir := flag.String("dir", ".concordat", "`folder` of a platform that is up")
	flag.Parse()
	if err := print(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "atrest:", err)
		os.Exit(1)
	}
}

type process struct {
	name     string
	rss, pss int // KiB
}

func print(dir string) error {
	processes, err := running(dir)
	if err != nil {
		return err
	}
	var rss, pss int
	fmt.Printf("%-34s %9s %9s\n", "process", "RSS MiB", "PSS MiB")
	for _, p := range processes {
		fmt.Printf("%-34s %9.1f %9.1f\n", p.name, mib(p.rss), mib(p.pss))
		rss, pss = rss+p.rss, pss+p.pss
	}
	fmt.Printf("%-34s %9.1f %9.1f\n", "all", mib(rss), mib(pss))
	return nil
}

func mib(kib int) float64 { return float64(kib) / 1024 }

// running are the platform's own processes, and the pods that its stand-in for
// the kubelet runs, which are its children.
func running(dir string) ([]process, error) {
	files, err := filepath.Glob(filepath.Join(dir, "run", "*"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no platform is up in %s", dir)
	}
	var list []process
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		pid := strings.TrimSpace(string(raw))
		p, err := measure(pid, filepath.Base(file))
		if err != nil {
			return nil, fmt.Errorf("%s does not run: %w", filepath.Base(file), err)
		}
		list = append(list, p)
		if p.name != "node" {
			continue
		}
		desks, err := children(pid)
		if err != nil {
			return nil, err
		}
		list = append(list, desks...)
	}
	slices.SortFunc(list, func(a, b process) int { return b.pss - a.pss })
	return list, nil
}

func children(pid string) ([]process, error) {
	var list []process
	lists, err := filepath.Glob("/proc/" + pid + "/task/*/children")
	if err != nil {
		return nil, err
	}
	for _, file := range lists {
		raw, _ := os.ReadFile(file) // a thread that has ended has none
		for _, child := range strings.Fields(string(raw)) {
			p, err := measure(child, podOf(child))
			if err != nil {
				continue // ended meanwhile
			}
			list = append(list, p)
		}
	}
	return list, nil
}

// podOf is how people know the process: the agency that its command line names.
func podOf(pid string) string {
	raw, _ := os.ReadFile("/proc/" + pid + "/cmdline")
	for word := range strings.SplitSeq(string(raw), "\x00") {
		if agency, ok := strings.CutPrefix(word, "--agency="); ok {
			return "desk of " + agency
		}
	}
	return "pod process " + pid
}

func measure(pid, name string) (process, error) {
	p := process{name: name}
	raw, err := os.ReadFile("/proc/" + pid + "/smaps_rollup")
	if err != nil {
		return p, err
	}
	for line := range strings.Lines(string(raw)) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		switch fields[0] {
		case "Rss:":
			p.rss, err = strconv.Atoi(fields[1])
		case "Pss:":
			p.pss, err = strconv.Atoi(fields[1])
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}
