package e2e

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ownDesk is a desk that an agency runs at its own site: nothing of it is in the
// cluster.
type ownDesk struct {
	slug, url, dir string
	flags          []string
	running        *exec.Cmd
}

func newOwnDesk(t *testing.T, slug, url string) *ownDesk {
	t.Helper()
	d := &ownDesk{slug: slug, url: url, dir: t.TempDir()}
	ca := filepath.Join(folder, "pki", "ca.crt")
	issuer := kubectl(t, "get", "agency", slug, "-o", "jsonpath={.spec.oidc.issuer}")
	d.flags = []string{
		"--agency=" + slug, "--listen=" + strings.TrimPrefix(url, "https://"), "--external-url=" + url,
		"--hub=" + platform.Get("CONCORDAT_HUB"), "--hub-ca=" + ca,
		"--vault=" + platform.Get("VAULT_ADDR"), "--vault-ca=" + ca, "--vault-static-token-file=" + d.file(t, "vault-token", siteToken(t, slug)),
		"--state=" + filepath.Join(d.dir, "state"), "--oidc-issuer=" + issuer, "--oidc-client-id=concordat-" + slug, "--oidc-ca=" + ca,
		// Any certificate for 127.0.0.1 of the local authority serves.
		"--tls-cert=" + filepath.Join(folder, "pki", "hub.crt"), "--tls-key=" + filepath.Join(folder, "pki", "hub.key"),
	}
	t.Cleanup(func() { d.stop(t) })
	return d
}

func (d *ownDesk) file(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(d.dir, name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (d *ownDesk) start(t *testing.T, flags ...string) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(folder, "logs", "desk-of-"+d.slug+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	d.running = exec.CommandContext(context.Background(), filepath.Join(programs, "desk"), append(d.flags, flags...)...)
	d.running.Stdout, d.running.Stderr = log, log
	if err := d.running.Start(); err != nil {
		t.Fatal(err)
	}
}

func (d *ownDesk) stop(t *testing.T) {
	t.Helper()
	if d.running == nil {
		return
	}
	if err := errors.Join(d.running.Process.Signal(os.Interrupt), d.running.Wait()); err != nil {
		t.Error(err)
	}
	d.running = nil
}

// siteToken is what the keeper of the shared Vault hands to a site that the cluster
// does not vouch for, after the command has prepared it.
func siteToken(t *testing.T, slug string) string {
	t.Helper()
	enrolled, err := platform.Concordat(t.Context(), "vault", "enrol", slug, "--site", "--apply",
		"--vault-token-file", filepath.Join(folder, "vault-files", "root-token"))
	if err != nil || enrolled.Code != ok {
		t.Fatalf("vault enrol --site: %v %s", err, enrolled.Stderr)
	}
	next := "auth/token/create/concordat-site-" + slug
	if !strings.Contains(enrolled.Stderr, "vault write -f "+next) {
		t.Fatalf("vault enrol --site says %s", enrolled.Stderr)
	}
	var made struct {
		Auth struct {
			Token string `json:"client_token"`
		} `json:"auth"`
	}
	if status := vaultRoot(t).call(t, http.MethodPost, next, nil, &made); status != http.StatusOK {
		t.Fatalf("the token of the site: %d", status)
	}
	return made.Auth.Token
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestAnExternalAgencyRunsItsOwnDesk(t *testing.T) {
	slug, url := newSlug(), "https://"+freeAddress(t)
	apply(t, slug, manifestOf(t, slug, func(spec map[string]any) {
		spec["desk"] = map[string]any{"mode": "External", "endpoint": url}
	}))
	officersOf(t, slug)
	eventually(t, "the hub to wait for the desk", func() bool { return condition(t, slug, "KeysPublished") == "False AwaitingDesk" })

	code, err := platform.Concordat(t.Context(), "agency", "admit", slug)
	if err != nil || code.Code != ok {
		t.Fatalf("agency admit: %v %s", err, code.Stderr)
	}
	desk := newOwnDesk(t, slug, url)
	desk.start(t, "--enrolment-code-file="+desk.file(t, "code", code.Stdout))
	ready(t, slug)
	if seen := kubectl(t, "get", "agency", slug, "-o", "jsonpath={.status.custody} {.status.deskURL}"); seen != "External "+url {
		t.Errorf("kubectl shows %q", seen)
	}
	if line := kubectl(t, "get", "agency", slug, "--no-headers"); !strings.Contains(line, "External") {
		t.Errorf("kubectl shows %q", line)
	}
	if made := kubectl(t, "--namespace=agency-"+slug, "get", "deployments,pods", "-o", "name"); made != "" {
		t.Errorf("the operator runs %s", made)
	}

	deskAt(t, slug, url)
	one := inForce(t, a, slug)
	received := released(t, one, 1)
	arrives(t, slug, received)
	do(t, ok, analyst(slug), open(received)...)

	desk.stop(t) // the code was for once; an enrolled desk needs none
	desk.start(t)
	eventually(t, "the desk to read on", func() bool {
		result, err := analyst(slug).Do(t.Context(), open(received)...)
		return err == nil && result.Code == ok
	})
	draft := approved(t, slug, 1)
	var sent struct{ Item string }
	if err := releaser(slug).Must(t.Context(), &sent, "bulletin", "release", draft, "--agreement", one.reference, "--tlp", "TLP:AMBER+STRICT", "--yes"); err != nil {
		t.Fatal(err)
	}
	arrives(t, a, sent.Item)
	do(t, ok, analyst(a), open(sent.Item)...)
}

// The code is for one agency and for External ones; who is managed has none.
func TestAManagedAgencyGetsNoEnrolmentCode(t *testing.T) {
	result, err := platform.Concordat(t.Context(), "agency", "admit", a)
	if err != nil || result.Code != refused || result.Stdout != "" {
		t.Errorf("agency admit of a managed agency exits with %d, prints %q, %v", result.Code, result.Stdout, err)
	}
}
