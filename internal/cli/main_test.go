package cli

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"testing"
)

// TestMain lets the test binary stand in for a browser: as a program of its own,
// because BROWSER is one. It follows the redirects of a person who is logged in.
func TestMain(m *testing.M) {
	if os.Getenv("CONCORDAT_TEST_BROWSER") == "" {
		os.Exit(m.Run())
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // throw-away certificates of this test
	resp, err := client.Get(os.Args[len(os.Args)-1])
	if err == nil {
		resp.Body.Close()
	}
	if err != nil || resp.StatusCode >= 400 {
		fmt.Fprintln(os.Stderr, "the login did not end well", err)
		os.Exit(1)
	}
	os.Exit(0)
}
