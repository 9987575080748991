package hubclient_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
)

// server is a hub that misbehaves as the test says. What a hub does rightly is
// tested against the real one, beside it.
func server(t *testing.T, handler http.HandlerFunc) *hubclient.Client {
	t.Helper()
	s := httptest.NewTLSServer(handler)
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := hubclient.New(hubclient.Config{
		URL: s.URL, CAFile: ca, Timeout: 5 * time.Second, Bearer: func(context.Context) (string, error) { return "token", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func cut(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}

func TestADownloadThatIsCutGoesOnWhereItStopped(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 10_000)
	var ranges []string
	client := server(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		from := 0
		if text, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
			from, _ = strconv.Atoi(strings.TrimSuffix(text, "-"))
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(body)-1, len(body)))
			w.Header().Set("Content-Length", strconv.Itoa(len(body)-from))
			w.WriteHeader(http.StatusPartialContent)
		} else {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		_, _ = w.Write(body[from:min(from+40_000, len(body))])
		if from+40_000 < len(body) {
			_ = http.NewResponseController(w).Flush()
			cut(w)
		}
	})
	got, err := client.Body(t.Context(), canonical.Digest(body), int64(len(body)))
	if err != nil || !bytes.Equal(got, body) {
		t.Fatalf("%d bytes, %v (ranges %q)", len(got), err, ranges)
	}
	if len(ranges) < 2 || ranges[0] != "" || ranges[1] == "" {
		t.Errorf("ranges %q", ranges)
	}
}

func TestABodyThatIsNotItsDigestIsNotReturned(t *testing.T) {
	for name, sent := range map[string]string{"other bytes": "sEaled", "more": "sealed and more", "fewer": "seal"} {
		t.Run(name, func(t *testing.T) {
			client := server(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") != "" {
					w.WriteHeader(http.StatusPartialContent)
					return
				}
				_, _ = w.Write([]byte(sent))
			})
			if got, err := client.Body(t.Context(), canonical.Digest([]byte("sealed")), 6); !errors.Is(err, hubclient.ErrDigest) || got != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestAnUploadSurvivesCutsAndABusyHub(t *testing.T) {
	body := []byte("sealed")
	var stored []byte
	var calls atomic.Int32
	client := server(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Upload-Offset", strconv.Itoa(len(stored)))
		w.Header().Set("Upload-Complete", strconv.FormatBool(len(stored) == len(body)))
		if r.Method == http.MethodHead {
			return
		}
		offset, _ := strconv.Atoi(r.Header.Get("Upload-Offset"))
		switch calls.Add(1) {
		case 1:
			stored = append(stored, body[:2]...) // and the answer is lost
			cut(w)
			return
		case 2:
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"code":"storage_unavailable","retryable":true}`))
			return
		}
		stored = append(stored[:offset], body[offset:]...)
		w.Header().Set("Upload-Offset", strconv.Itoa(len(stored)))
		w.Header().Set("Upload-Complete", "true")
		w.WriteHeader(http.StatusCreated)
	})
	if digest, err := client.Upload(t.Context(), body); err != nil || digest != canonical.Digest(body) || string(stored) != "sealed" {
		t.Errorf("%s, %v; stored %q", digest, err, stored)
	}
}

func TestAnUploadThatIsRefusedIsNotTriedAgain(t *testing.T) {
	var puts atomic.Int32
	client := server(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Upload-Offset", "0")
		if r.Method == http.MethodPut {
			puts.Add(1)
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"code":"agency_suspended","retryable":false}`))
		}
	})
	if _, err := client.Upload(t.Context(), []byte("x")); hubclient.CodeOf(err) != "agency_suspended" || puts.Load() != 1 {
		t.Errorf("%v after %d attempts", err, puts.Load())
	}
}

func TestNoAnswerAndNonsenseAreHubUnavailable(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"a cut connection": func(w http.ResponseWriter, _ *http.Request) { cut(w) },
		"a proxy's page": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write([]byte("<html>Bad gateway</html>"))
		},
		"no JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://else.test/", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := server(t, handler).Feed(t.Context(), 0, 0)
			if hubclient.CodeOf(err) != hubclient.CodeUnavailable {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAProblemKeepsItsReasonAndWhenToTryAgain(t *testing.T) {
	client := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"code":"open_denied","reason":"policy_agreement_suspended","index":12,"title":"No.","later":1}`))
	})
	_, err := client.Open(t.Context(), "a.b.c")
	var refused *hubclient.Error
	if !errors.As(err, &refused) || refused.Reason != "policy_agreement_suspended" || *refused.Index != 12 || refused.RetryAfter != 7*time.Second || refused.Status != 403 {
		t.Errorf("%+v", refused)
	}
}

func TestAddressesThatCouldLeakABearerAreRefused(t *testing.T) {
	for _, address := range []string{"", "http://hub.test", "https://user@hub.test", "https://hub.test/path", "https://hub.test?x=1", "hub.test:443"} {
		if _, err := hubclient.New(hubclient.Config{URL: address}); err == nil {
			t.Errorf("%q is accepted", address)
		}
	}
}
