package policy_test

import (
	"flag"
	"os"
	"strconv"
	"testing"
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

// rounds counts a test's rounds of rapid.Check up from its seed: with one and the same
// all rounds would try the same. The seed is as it was when the test is over.
func rounds(t *testing.T) (next func()) {
	first, round := seed(), uint64(0)
	t.Cleanup(func() { sow(first) })
	return func() {
		if first != 0 {
			sow(first + round<<32)
		}
		round++
	}
}
