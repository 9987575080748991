package hubtest

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// Raw makes one request by hand and returns the whole answer as text: status,
// headers in order but Date, and body. Two answers that differ in anything that
// a client can see differ here.
func (w *World) Raw(tb testing.TB, method, path, bearer string, header http.Header, body io.Reader) string {
	tb.Helper()
	status, headers, text := w.Do(tb, method, path, bearer, header, body)
	var out strings.Builder
	fmt.Fprintf(&out, "%d\n", status)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if name != "Date" {
			fmt.Fprintf(&out, "%s: %s\n", name, strings.Join(headers[name], ", "))
		}
	}
	return out.String() + "\n" + text
}

// Do makes one request by hand.
func (w *World) Do(tb testing.TB, method, path, bearer string, header http.Header, body io.Reader) (int, http.Header, string) {
	tb.Helper()
	pem, err := os.ReadFile(w.CAFile)
	if err != nil {
		tb.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}, DisableKeepAlives: true},
	}
	request, err := http.NewRequestWithContext(tb.Context(), method, w.URL+path, body)
	if err != nil {
		tb.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := client.Do(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return response.StatusCode, response.Header, string(raw)
}
