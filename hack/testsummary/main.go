// Testsummary reads `go test -json` on standard input, prints one line per
// package and the output of what failed, and ends with how many tests passed
// and failed. A test that never ended, because its process died, counts as
// failed and shows what it printed: the reason of the death is there. It exits 1
// if a test or a build failed, or if no test ran at all.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
	Elapsed    float64
}

type summary struct {
	to             io.Writer
	passed, failed int
	broken         bool // a package failed outside its tests: a build error, a panic, a timeout
	output         map[string][]string
	running        map[string]map[string]bool // tests begun and not ended, by package
}

func main() {
	if !summarize(os.Stdin, os.Stdout) {
		os.Exit(1)
	}
}

// summarize says whether everything that ran passed, and that something ran.
func summarize(from io.Reader, to io.Writer) bool {
	s := summary{to: to, output: map[string][]string{}, running: map[string]map[string]bool{}}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			_, _ = fmt.Fprintln(to, lines.Text())
			continue
		}
		s.add(e)
	}
	_, _ = fmt.Fprintf(to, "\n%d passed, %d failed\n", s.passed, s.failed)
	return lines.Err() == nil && s.failed == 0 && !s.broken && s.passed > 0
}

func (s *summary) add(e event) {
	key := e.Package + e.ImportPath + " " + e.Test
	switch e.Action {
	case "run":
		if s.running[e.Package] == nil {
			s.running[e.Package] = map[string]bool{}
		}
		s.running[e.Package][e.Test] = true
	case "output", "build-output":
		s.output[key] = append(s.output[key], e.Output)
	case "pass", "fail", "skip":
		if e.Test != "" {
			s.addTest(e, key)
		} else {
			s.addPackage(e, key)
		}
	case "build-fail":
		s.broken = true
		s.print(key)
	}
}

// addTest counts a test. A skipped test counts as failed: a promise that was not
// tried is not kept.
func (s *summary) addTest(e event, key string) {
	if e.Action == "pass" {
		s.passed++
	} else {
		s.failed++
		s.print(key)
	}
	delete(s.output, key)
	delete(s.running[e.Package], e.Test)
}

func (s *summary) addPackage(e event, key string) {
	if e.Action == "fail" {
		s.broken = true
		for _, test := range slices.Sorted(maps.Keys(s.running[e.Package])) {
			s.failed++
			_, _ = fmt.Fprintf(s.to, "never ended: %s\n", test)
			s.print(e.Package + " " + test)
		}
		s.print(key)
	}
	if e.Action != "skip" {
		_, _ = fmt.Fprintf(s.to, "%-5s %-70s %6.1fs\n", e.Action, e.Package, e.Elapsed)
	}
}

func (s *summary) print(key string) {
	_, _ = fmt.Fprint(s.to, strings.Join(s.output[key], ""))
}
