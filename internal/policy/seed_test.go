package policy_test

import (
	"flag"
	"os"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// make test tries the same random histories each time, so that whoever changes
// nothing breaks nothing. A full run (CONCORDAT_DECISIONS) tries others each time,
// and so does -rapid.seed with a seed of one's own.
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("CONCORDAT_DECISIONS") == "" && seed() == 0 {
		sow(20261121)
	}
	os.Exit(m.Run())
}

// seed is 0 where rapid takes one of its own each time.
func seed() uint64 {
	n, err := strconv.ParseUint(flag.Lookup("rapid.seed").Value.String(), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func sow(seed uint64) {
	if err := flag.Set("rapid.seed", strconv.FormatUint(seed, 10)); err != nil {
		panic(err)
	}
}

// until tries random histories until so many answers are there. Its rounds of
// rapid.Check count up from the seed: with one and the same all would try the same.
func until(t *testing.T, answers *int, wanted int, try func(t *rapid.T)) {
	first, failed := seed(), false
	t.Cleanup(func() { sow(first) })
	for round := uint64(0); *answers < wanted && !t.Failed(); round++ {
		if first != 0 {
			sow(first + round<<32)
		}
		rapid.Check(t, func(t *rapid.T) {
			if *answers >= wanted && !failed { // what failed is made small
				return
			}
			passed := false
			defer func() { failed = failed || !passed }()
			try(t)
			passed = true
		})
	}
}
