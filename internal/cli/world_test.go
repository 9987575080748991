package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/bulletin"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/item"
)

// world is one person's machine with one desk to speak to.
type world struct {
	t    *testing.T
	home string
	env  map[string]string
	desk *fakeDesk

	stdin       string
	interactive bool
	width       int
}

// fakeDesk answers with what a test puts there, and remembers what was asked.
type fakeDesk struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]answer
	asked   []asked
}

type answer struct {
	status int
	kind   string
	body   []byte
	reply  func(body []byte) any // instead of body
}

type asked struct {
	request, language, token string
	body                     []byte
}

func newWorld(t *testing.T) *world {
	t.Helper()
	d := &fakeDesk{answers: map[string]answer{}}
	d.Server = httptest.NewTLSServer(d)
	t.Cleanup(d.Close)
	w := &world{t: t, home: t.TempDir(), desk: d}
	w.env = map[string]string{
		"HOME": w.home, "XDG_CONFIG_HOME": filepath.Join(w.home, "config"), "XDG_STATE_HOME": filepath.Join(w.home, "state"),
		"CONCORDAT_DESK": d.URL, "CONCORDAT_CA": w.authority(d.Server),
	}
	return w
}

// authority writes the certificate of a test server into a PEM file.
func (w *world) authority(servers ...*httptest.Server) string {
	w.t.Helper()
	var all bytes.Buffer
	for _, server := range servers {
		if err := pem.Encode(&all, &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}); err != nil {
			w.t.Fatal(err)
		}
	}
	return w.file("ca.pem", all.String())
}

func (w *world) file(name, content string) string {
	w.t.Helper()
	path := filepath.Join(w.home, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

func (d *fakeDesk) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	name := req.Method + " " + req.URL.RequestURI()
	d.mu.Lock()
	d.asked = append(d.asked, asked{name, req.Header.Get("Accept-Language"), strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "), body})
	a, known := d.answers[name]
	d.mu.Unlock()
	if !known {
		a = problemAnswer(deskapi.ProblemDetails{Status: http.StatusNotFound, Code: "not_found", Title: "There is no such thing."})
	}
	if a.reply != nil {
		a.kind, a.body = "application/json", encode(a.reply(body))
	}
	w.Header().Set("Content-Type", a.kind)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // test data
	}
	return b
}

func (d *fakeDesk) says(request string, body any) {
	d.set(request, answer{status: http.StatusOK, kind: "application/json", body: encode(body)})
}

func (d *fakeDesk) refuses(request string, p deskapi.ProblemDetails) {
	d.set(request, problemAnswer(p))
}

func (d *fakeDesk) set(request string, a answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answers[request] = a
}

// sent returns the bodies of the requests of this name.
func (d *fakeDesk) sent(request string) (bodies [][]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.asked {
		if one.request == request {
			bodies = append(bodies, one.body)
		}
	}
	return bodies
}

// changes counts the requests that could change something.
func (d *fakeDesk) changes() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, one := range d.asked {
		if !strings.HasPrefix(one.request, "GET ") {
			n++
		}
	}
	return n
}

func problemAnswer(p deskapi.ProblemDetails) answer {
	return answer{status: p.Status, kind: "application/problem+json", body: encode(p)}
}

// loggedIn gives the world a session as login would have left it.
func (w *world) loggedIn() *world {
	w.t.Helper()
	s := session{
		Desk: w.desk.URL, CA: w.env["CONCORDAT_CA"], Agency: "agencya", Officer: "ofc-aaaaaaaaaaaaaaaaaaaaaaaaaa",
		Roles: []string{"signatory"}, Token: "token-1", Expires: now.Add(time.Hour),
	}
	dir := filepath.Join(w.home, "config", "concordat")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "default.json"), encode(s), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return w
}

var now = time.Now().UTC().Truncate(time.Second)

type outcome struct {
	exit           int
	stdout, stderr string
}

// run runs one command line as the shell would.
func (w *world) run(args ...string) outcome {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	var stdout, stderr bytes.Buffer
	exit := Run(ctx, Env{
		Name: "concordat", Stdin: strings.NewReader(w.stdin), Stdout: &stdout, Stderr: &stderr,
		Getenv: func(name string) string { return w.env[name] }, Interactive: w.interactive, Width: w.width,
		Now: time.Now, Kinds: []item.Kind{bulletin.New()},
	}, args)
	return outcome{exit, stdout.String(), stderr.String()}
}

// expect fails unless the exit code is as promised and exactly one sentence says why.
func (w *world) expect(want Exit, args ...string) outcome {
	w.t.Helper()
	got := w.run(args...)
	if got.exit != int(want) {
		w.t.Fatalf("%s: exit %d, want %d\nstdout: %s\nstderr: %s", strings.Join(args, " "), got.exit, want, got.stdout, got.stderr)
	}
	return got
}
