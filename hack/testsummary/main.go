// Testsummary reads `go test -json` on standard input, prints one line per
// package and the output of what failed, and ends with how many tests passed
// and failed. It exits 1 if a test or a build failed, or if no test ran at all.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
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
	passed, failed int
	broken         bool // a package failed outside its tests: a build error, a panic, a timeout
	output         map[string][]string
}

func main() {
	s := summary{output: map[string][]string{}}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text())
			continue
		}
		s.add(e)
	}
	fmt.Printf("\n%d passed, %d failed\n", s.passed, s.failed)
	if s.failed > 0 || s.broken || s.passed == 0 {
		os.Exit(1)
	}
}

func (s *summary) add(e event) {
	key := e.Package + e.ImportPath + " " + e.Test
	switch e.Action {
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
		fmt.Print(strings.Join(s.output[key], ""))
	}
}

// addTest counts a test. A skipped test counts as failed: a promise that was not
// tried is not kept.
func (s *summary) addTest(e event, key string) {
	if e.Action == "pass" {
		s.passed++
	} else {
		s.failed++
		fmt.Print(strings.Join(s.output[key], ""))
	}
	delete(s.output, key)
}

func (s *summary) addPackage(e event, key string) {
	if e.Action == "fail" {
		s.broken = true
		fmt.Print(strings.Join(s.output[key], ""))
	}
	if e.Action != "skip" {
		fmt.Printf("%-5s %-70s %6.1fs\n", e.Action, e.Package, e.Elapsed)
	}
}
