package policy_test

import (
	"flag"
	"os"
	"testing"
)

// make test tries the same random histories each time, so that whoever changes
// nothing breaks nothing. A full run (CONCORDAT_DECISIONS) tries others each time,
// and so does -rapid.seed with a seed of one's own.
func TestMain(m *testing.M) {
	flag.Parse()
	seed := flag.Lookup("rapid.seed")
	if os.Getenv("CONCORDAT_DECISIONS") == "" && seed != nil && seed.Value.String() == "0" {
		if err := seed.Value.Set("20261121"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
