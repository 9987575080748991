package interop

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// load reads a file of the data folder into v. Absent data are a failure.
func load(tb testing.TB, v any, path ...string) {
	tb.Helper()
	folder := os.Getenv("INTEROP_DATA")
	if !filepath.IsAbs(folder) {
		tb.Fatalf("INTEROP_DATA is %q: set it to the absolute path of the folder with the public test data", folder)
	}
	raw, err := os.ReadFile(filepath.Join(append([]string{folder}, path...)...))
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		tb.Fatalf("%s: %v", filepath.Join(path...), err)
	}
}

// hexBytes are bytes that a vector writes in hexadecimal.
type hexBytes []byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *hexBytes) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	*h = raw
	return err
}
