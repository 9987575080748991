package desk_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/failpoint"
)

var buildOnce struct {
	sync.Once
	path string
	err  error
	said []byte
}

// deskProgram builds cmd/desk, once for all tests.
func deskProgram(t *testing.T) string {
	t.Helper()
	b := &buildOnce
	b.Do(func() {
		dir, err := os.MkdirTemp("", "concordat-desk-test")
		if err != nil {
			b.err = err
			return
		}
		b.path = filepath.Join(dir, "concordat-desk")
		b.said, b.err = exec.Command("go", "build", "-o", b.path, "../../cmd/desk").CombinedOutput()
	})
	if b.err != nil {
		t.Fatalf("%v: %s", b.err, b.said)
	}
	return b.path
}

func TestMain(m *testing.M) {
	code := m.Run()
	if buildOnce.path != "" {
		_ = os.RemoveAll(filepath.Dir(buildOnce.path))
	}
	os.Exit(code)
}

// process is an agency whose desk runs as a process of its own.
func (w *world) process(name string) *site {
	w.t.Helper()
	s := w.admitted(name)
	s.program = deskProgram(w.t)
	s.start()
	w.t.Cleanup(func() { s.stop() })
	s.awaitReady()
	return s
}

// startProgram runs the desk as a process.
func (s *site) startProgram() {
	t := s.w.t
	t.Helper()
	config := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(config, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert, key := servingPair(t)
	process := exec.Command(s.program,
		"--agency="+string(s.name), "--listen=127.0.0.1:0", "--hub=https://"+s.w.line.address, "--hub-ca="+s.w.hub.CAFile,
		"--hub-token-file="+file("hub-token", s.w.hub.Cluster.DeskToken(s.name)),
		"--vault="+s.w.hub.Vault.Address, "--vault-ca="+s.w.hub.Vault.CAFile, "--vault-static-token-file="+file("vault-token", s.vault),
		"--state="+s.dir, "--tls-cert="+file("tls.crt", cert), "--tls-key="+file("tls.key", key),
		"--oidc-issuer="+s.w.provider.issuer(string(s.name)), "--oidc-client-id=concordat-desk-"+string(s.name), "--oidc-ca="+s.w.provider.caFile)
	process.Env = append(os.Environ(), failpoint.Variable+"="+s.failpoint)
	stderr, err := process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	s.ended = make(chan struct{})
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if _, after, ok := strings.Cut(lines.Text(), "address="); ok && strings.Contains(lines.Text(), "msg=serving") {
				first, _, _ := strings.Cut(after, " ")
				address <- first
			}
		}
		_ = process.Wait()
		close(s.ended)
	}()
	s.stop = sync.OnceFunc(func() {
		_ = process.Process.Signal(syscall.SIGTERM)
		<-s.ended
	})
	select {
	case at := <-address:
		s.url = "https://" + at
	case <-s.ended:
		t.Fatal("the desk ended before it served")
	case <-time.After(20 * time.Second):
		t.Fatal("the desk does not serve")
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(cert))
	s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

func servingPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "desk under test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", raw)
}

// killedAt runs the desk again with the point armed, does what reaches it, waits
// until the process is gone, and runs it once more without.
func (s *site) killedAt(point string, reach func()) {
	t := s.w.t
	t.Helper()
	s.stop()
	s.failpoint = point
	s.start()
	s.awaitReady()
	reach()
	s.gone()
	s.failpoint = ""
	s.start()
	s.awaitReady()
}

func (s *site) gone() {
	s.w.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		s.w.t.Fatalf("the desk lives on beyond %s", s.failpoint)
	}
}

// The desk is killed like a process that lost its power, at each step of a
// release; the release is in the ledger once, and reaches its reader.
func TestADeskKilledAtAnyStepOfAReleaseReleasesOnce(t *testing.T) {
	w := newWorld(t)
	a, b := w.process("agencya"), w.agency("agencyb")
	agreementID := w.agree([]*site{a, b})
	for _, point := range []string{"desk.release.queued", "desk.release.signed", "desk.release.uploaded", "desk.release.appended"} {
		draft := a.approved("bulletin", sample(t))
		a.killedAt(point, func() {
			_, err := a.officer("releaser-1", "releaser").Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
			if err == nil {
				t.Fatalf("%s: the release was answered", point)
			}
		})
		a.sent(draft)
		b.received(draft.Item)
		if _, err := b.open(draft.Item); err != nil {
			t.Fatalf("%s: %v", point, err)
		}
		w.hub.Verify(t)
	}
}

// Killed while it makes its identities, a desk has exactly one afterwards, and it
// is one that it can open with.
func TestADeskKilledWhileItMakesItsIdentitiesHasOne(t *testing.T) {
	w := newWorld(t)
	a := w.agency("agencya")
	points := []string{"desk.secret.deposited", "desk.sealing.stored", "desk.sealing.deposited", "desk.sealing.published", "desk.feed.stored"}
	for i, point := range points {
		b := w.admitted("agencyb" + string(rune('a'+i)))
		b.program, b.failpoint = deskProgram(t), point
		b.start()
		t.Cleanup(func() { b.stop() })
		b.gone()
		b.failpoint = ""
		b.start()
		b.awaitReady()
		agency, err := b.officer("auditor", "auditor").Agency(t.Context())
		if err != nil || len(agency.Sealing) != 1 {
			t.Fatalf("%s: %+v, %v", point, agency.Sealing, err)
		}
		_, _ = exchanged(t, w, a, b)
		b.stop()
	}
}

// Killed with an answered open in hand, a desk keeps nothing of it in the clear,
// and the officer opens again.
func TestADeskKilledWhileItOpensOpensAgain(t *testing.T) {
	w := newWorld(t)
	a, b := w.agency("agencya"), w.process("agencyb")
	agreementID := w.agree([]*site{a, b})
	for _, point := range []string{"desk.open.answered", "desk.open.noted"} {
		draft := a.approved("bulletin", sample(t))
		if _, err := a.officer("releaser-1", "releaser").Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID}); err != nil {
			t.Fatal(err)
		}
		b.received(draft.Item)
		b.killedAt(point, func() {
			if _, err := b.open(draft.Item); err == nil {
				t.Fatalf("%s: the open was answered", point)
			}
		})
		if opened, err := b.open(draft.Item); err != nil || !strings.Contains(opened.Content, "What public reports describe") {
			t.Fatalf("%s: %v", point, err)
		}
	}
}
