package bench

import (
	"fmt"
	"os"
	"testing"

	"github.com/concordat-hub/concordat/test/cluster"
)

// The programs under measurement lie in bin/ of the product's module, which is
// looked for from the working folder upwards.
func TestMain(m *testing.M) {
	root, err := cluster.Root()
	if err == nil {
		err = os.Chdir(root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	fmt.Print(tables.String())
	os.Exit(code)
}
