package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/vault/vaulttest"
)

const reviewerToken = "header.reviewer-secret.signature"

func TestVaultPlansArePrintedForReviewWithoutTheirSecret(t *testing.T) {
	w := newWorld(t)
	ca := w.file("kube-ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	token := w.file("reviewer.jwt", reviewerToken+"\n")
	dir := filepath.Join(w.home, "plan")
	args := []string{"vault", "bootstrap", "--reviewer-token-file", token, "--kubernetes-host", "https://10.0.0.1:6443", "--kubernetes-ca", ca, "--out", dir}
	got := w.expect(OK, args...)
	if !strings.Contains(got.stderr, "Nothing was changed") || !strings.Contains(got.stdout, "concordat-operator") {
		t.Errorf("it says %q", got.stderr)
	}
	var all strings.Builder
	all.WriteString(got.stdout + got.stderr)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	all.WriteString(w.expect(OK, append(args, "-o", "json")...).stdout)
	if strings.Contains(all.String(), "reviewer-secret") {
		t.Error("the reviewer's token was written somewhere")
	}
	w.file("plan/notes.txt", "mine")
	w.expect(Failed, args...)
}

func TestVaultChangesOnlyWithAToken(t *testing.T) {
	w := newWorld(t)
	enrol := []string{"vault", "enrol", "agencya", "--issuer", "https://idp.example/agencya"}
	w.expect(OK, enrol...)
	w.expect(Usage, append(enrol, "--apply")...) // which Vault?
	w.env["VAULT_ADDR"] = "https://127.0.0.1:1"
	w.expect(NotLoggedIn, append(enrol, "--apply")...)
	w.env["VAULT_TOKEN"] = "t"
	w.expect(Unavailable, append(enrol, "--apply")...)
	w.env["VAULT_ADDR"] = "http://127.0.0.1:1"
	w.expect(Usage, append(enrol, "--apply")...)
	w.expect(Usage, "vault", "enrol", "Agency-A", "--issuer", "https://idp.example/agencya")
	w.expect(Usage, "vault", "enrol", "agencya")
}

func TestVaultEnrolIsIdempotent(t *testing.T) {
	s := newSigning(t) // which has applied it once
	if got := s.expect(OK, s.enrol("--apply")...); !strings.Contains(got.stderr, "0 of 4 calls were needed") {
		t.Errorf("the second time it says %q", got.stderr)
	}
}

// A site is no matter of the identity provider, and who asks for both gets both.
func TestVaultEnrolOfASite(t *testing.T) {
	w := newWorld(t)
	site := []string{"vault", "enrol", "agencye", "--site"}
	got := w.expect(OK, site...)
	for _, want := range []string{"concordat/agency-agencye/sign/desk-sign", "auth/token/roles/concordat-site-agencye"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("%q was not shown", want)
		}
	}
	if strings.Contains(got.stdout, "officer-agencye") || strings.Contains(got.stderr, "auth/token/create") {
		t.Errorf("it says %q", got.stderr)
	}
	if both := w.expect(OK, append(site, "--issuer", "https://idp.example/agencye")...); !strings.Contains(both.stdout, "auth/idp-agencye/") ||
		!strings.Contains(both.stdout, "auth/token/roles/concordat-site-agencye") {
		t.Error("not both logins were shown")
	}
	w.expect(Usage, append(site, "--acr", "phr")...) // of which provider?
	w.expect(Usage, "vault", "enrol", "agency-e", "--site")

	server := vaulttest.Start(t)
	w.env["VAULT_ADDR"], w.env["VAULT_CACERT"], w.env["VAULT_TOKEN"] = server.Address, server.CAFile, server.RootToken
	for _, calls := range []string{"2 of 2", "0 of 2"} {
		got := w.expect(OK, append(site, "--apply")...)
		if !strings.Contains(got.stderr, calls) || !strings.Contains(got.stderr, "vault write -f auth/token/create/concordat-site-agencye") {
			t.Errorf("it says %q", got.stderr)
		}
	}
	if _, err := server.Root().CreateToken(t.Context(), "concordat-site-agencye"); err != nil {
		t.Error(err)
	}
}
