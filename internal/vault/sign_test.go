package vault_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/vault"
)

func foreignAuthority(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// keyAnswer is transit's answer to reading an ed25519 key with one version.
func keyAnswer(public ed25519.PublicKey) map[string]any {
	return map[string]any{
		"type": "ed25519", "latest_version": 1, "exportable": false, "allow_plaintext_backup": false,
		"keys": map[string]any{"1": map[string]any{"public_key": base64.StdEncoding.EncodeToString(public)}},
	}
}

// RFC 8037, appendix A.3.
func TestTheThumbprintIsThatOfRFC8037(t *testing.T) {
	public, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	if got := vault.Thumbprint(public); got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Error(got)
	}
}

func TestASignatureThatIsNotByTheKeyNeverLeaves(t *testing.T) {
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	_, other, _ := ed25519.GenerateKey(rand.Reader)
	message := []byte("header.payload")
	b64 := base64.StdEncoding.EncodeToString
	for name, c := range map[string]struct {
		signature string
		want      error
	}{
		"another key":     {"vault:v1:" + b64(ed25519.Sign(other, message)), vault.ErrKeyTampered},
		"another message": {"vault:v1:" + b64(ed25519.Sign(private, []byte("x"))), vault.ErrKeyTampered},
		"another version": {"vault:v2:" + b64(ed25519.Sign(private, message)), vault.ErrKeyTampered},
		"no version":      {"vault:" + b64(ed25519.Sign(private, message)), vault.ErrUnavailable},
		"base64url":       {"vault:v1:" + strings.Repeat("_", 86), vault.ErrUnavailable},
		"too short":       {"vault:v1:AAAA", vault.ErrUnavailable},
		"nothing":         {"", vault.ErrUnavailable},
		"as it should be": {"vault:v1:" + b64(ed25519.Sign(private, message)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			s.answer("/v1/m/keys/k", 200, dataOf(keyAnswer(public)))
			s.answer("/v1/m/sign/k", 200, dataOf(map[string]any{"signature": c.signature}))
			signer, err := s.client(t).Signer(t.Context(), "m", "k")
			if err != nil {
				t.Fatal(err)
			}
			signature, err := signer.Sign(nil, message, crypto.Hash(0))
			if !errors.Is(err, c.want) || (err != nil) != (signature == nil) {
				t.Errorf("signature %x, error %v", signature, err)
			}
		})
	}
}

func TestABatchWithOneBadItemYieldsNoSignature(t *testing.T) {
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	messages := [][]byte{[]byte("one"), []byte("two")}
	good := func(i int) map[string]any {
		return map[string]any{"signature": "vault:v1:" + base64.StdEncoding.EncodeToString(ed25519.Sign(private, messages[i]))}
	}
	for name, c := range map[string]struct {
		results []any
		want    error
	}{
		"an error beside a signature": {[]any{good(0), map[string]any{"error": "unable to sign"}}, vault.ErrRefused},
		"one result too few":          {[]any{good(0)}, vault.ErrUnavailable},
		"swapped":                     {[]any{good(1), good(0)}, vault.ErrKeyTampered},
		"all good":                    {[]any{good(0), good(1)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			s.answer("/v1/m/keys/k", 200, dataOf(keyAnswer(public)))
			s.answer("/v1/m/sign/k", 200, dataOf(map[string]any{"batch_results": c.results}))
			signer, err := s.client(t).Signer(t.Context(), "m", "k")
			if err != nil {
				t.Fatal(err)
			}
			signatures, err := signer.SignBatch(messages)
			if !errors.Is(err, c.want) || (err != nil) != (signatures == nil) {
				t.Errorf("%d signatures, error %v", len(signatures), err)
			}
		})
	}
}

func TestAnAnswerWithoutACiphertextIsNotOne(t *testing.T) {
	s := newStub(t)
	s.answer("/v1/m/encrypt/k", 200, dataOf(map[string]any{"ciphertext": ""}))
	s.answer("/v1/m/decrypt/k", 200, dataOf(map[string]any{}))
	if _, err := s.client(t).Encrypt(t.Context(), "m", "k", []byte("x"), nil); err == nil {
		t.Error("Encrypt")
	}
	if _, err := s.client(t).Decrypt(t.Context(), "m", "k", "vault:v1:x", nil); err == nil {
		t.Error("Decrypt")
	}
}

func TestTheCanaryCanBeNeitherAnActNorACheckpoint(t *testing.T) {
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	s := newStub(t)
	s.answer("/v1/m/keys/k", 200, dataOf(keyAnswer(public)))
	var signed [][]byte
	s.HandleFunc("/v1/m/sign/k", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Input []byte }
		_ = json.NewDecoder(r.Body).Decode(&body)
		signed = append(signed, body.Input)
		respond(w, 200, dataOf(map[string]any{
			"signature": "vault:v1:" + base64.StdEncoding.EncodeToString(ed25519.Sign(private, body.Input)),
		}))
	})
	client := s.client(t)
	for range 2 {
		if err := client.Ready(t.Context(), "m", "k"); err != nil {
			t.Fatal(err)
		}
	}
	if len(signed) != 2 || signed[0][0] != 0 || strings.ContainsAny(string(signed[0]), ".\n") || string(signed[0]) == string(signed[1]) {
		t.Errorf("%q", signed)
	}
}
