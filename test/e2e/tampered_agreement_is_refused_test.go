package e2e

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	documents "github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/render"
	"github.com/concordat-hub/concordat/internal/canonical"
)

// changed returns two files that differ from the agreement's in one clause: one
// where somebody changed the clause alone, and one where the text that lawyers read
// was rendered anew to fit it.
func (one *agreement) changed(t *testing.T) (alone, fitted string) {
	t.Helper()
	raw, err := os.ReadFile(one.file)
	if err != nil {
		t.Fatal(err)
	}
	document, _, err := documents.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	document.Termination.NoticeDays++
	other, _, err := document.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	document.Texts = render.Digests(document)
	whole, _, err := document.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	alone, fitted = filepath.Join(dir, "alone.json"), filepath.Join(dir, "fitted.json")
	for file, content := range map[string][]byte{alone: other, fitted: whole} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return alone, fitted
}

func (one *agreement) digest(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(one.file)
	if err != nil {
		t.Fatal(err)
	}
	return canonical.Digest(raw)
}

func TestAChangedDocumentIsNotWhatWasAgreed(t *testing.T) {
	one := propose(t, a, b)
	alone, changed := one.changed(t)
	// Somebody who knows the digest notices before signing.
	for _, file := range []string{alone, changed} {
		do(t, refused, signatory(a), "agreement", "propose", file, "--digest", one.digest(t), "--yes")
	}
	// Neither the same bytes nor others take the place of what was proposed.
	do(t, refused, signatory(a), "agreement", "propose", one.file, "--yes")
	do(t, refused, signatory(a), "agreement", "propose", changed, "--yes")
	one.sign(t, a)
	one.sign(t, b)
	eventually(t, "the agreement to be in force", func() bool { return one.at(t, b).State == "in-force" })
	if digest := one.at(t, b).Digest; digest != one.digest(t) {
		t.Errorf("in force is %s, and signed was %s", digest, one.digest(t))
	}
}

func TestASignatureCountsForItsBytesOnly(t *testing.T) {
	one := propose(t, a, b)
	first := get[struct {
		Act string `json:"act"`
	}](t, signatory(a), "agreement", "sign", one.reference, "--yes", "--compared-fingerprints")
	forged := newForger(t, b)
	sign := func(digest string) string {
		step := act.AgreementStep{Common: forged.common(), Officer: "ofc-aaaaaaaaaaaaaaaaaaaaaaaaaa", Prev: act.ID(first.Act)}
		step.Agreement = act.AgreementRef{ID: one.at(t, a).ID, Digest: digest}
		return forged.sign(t, act.OfficerSign, forged.kid(act.OfficerSign), &act.AgreementSign{AgreementStep: step})
	}
	forged.refuses(t, sign(canonical.Digest([]byte("other bytes"))), "not_found")

	// The party's own signature, with one byte changed in each of its three parts:
	// the key's thumbprint, the officer's name, and the signature proper.
	signed := sign(one.digest(t))
	parts := strings.Split(signed, ".")
	for i, code := range []string{"sig_key_unknown", "sig_invalid", "sig_invalid"} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		at := []int{bytes.IndexByte(raw, '#') + 20, bytes.Index(raw, []byte("ofc-")) + 20, 20}[i]
		if raw[at] == 'b' {
			raw[at] = 'c'
		} else {
			raw[at] = 'b'
		}
		other := append([]string{}, parts...)
		other[i] = base64.RawURLEncoding.EncodeToString(raw)
		forged.refuses(t, strings.Join(other, "."), code)
	}
	if state := one.at(t, a).State; state != "proposed" {
		t.Errorf("the agreement is %s", state)
	}
	if _, err := forged.hub.Submit(t.Context(), signed); err != nil {
		t.Errorf("unchanged, the signature is refused: %v", err)
	}
	eventually(t, "the agreement to be in force", func() bool { return one.at(t, b).State == "in-force" })
}
