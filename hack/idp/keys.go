package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-jose/go-jose/v4"
)

// signingKey is a realm's ES256 key under its RFC 7638 thumbprint.
type signingKey struct {
	id  string
	key *ecdsa.PrivateKey
}

func (k signingKey) ID() string                                  { return k.id }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k signingKey) Key() any                                    { return k.key }

// publicKey is the half of it that is published.
type publicKey struct{ signingKey }

func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return &k.key.PublicKey }

// realmSecrets is what a realm keeps across restarts: the key that signs its tokens, and the secret
// that turns an officer's name into a subject which says nothing about them.
type realmSecrets struct {
	signing signingKey
	subject []byte
}

// loadSecrets reads a realm's secrets from the state directory and makes those that are missing. A
// crash while making them leaves no half-written file, because each is written aside and renamed.
func loadSecrets(state, slug string) (realmSecrets, error) {
	dir := filepath.Join(state, slug)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return realmSecrets{}, err
	}
	encoded, err := keep(filepath.Join(dir, "signing-key.pem"), newSigningKey)
	if err != nil {
		return realmSecrets{}, err
	}
	block, _ := pem.Decode(encoded)
	if block == nil {
		return realmSecrets{}, fmt.Errorf("%s/signing-key.pem is not PEM", dir)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return realmSecrets{}, fmt.Errorf("%s/signing-key.pem: %w", dir, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return realmSecrets{}, fmt.Errorf("%s/signing-key.pem is not an ECDSA key", dir)
	}
	thumbprint, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return realmSecrets{}, err
	}
	subject, err := keep(filepath.Join(dir, "subject-secret"), func() ([]byte, error) { return random(32), nil })
	if err != nil {
		return realmSecrets{}, err
	}
	return realmSecrets{
		signing: signingKey{id: base64.RawURLEncoding.EncodeToString(thumbprint), key: key},
		subject: subject,
	}, nil
}

func newSigningKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// keep returns what the file holds, and fills it from make when it is not there.
func keep(path string, make func() ([]byte, error)) ([]byte, error) {
	held, err := os.ReadFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return held, err
	}
	made, err := make()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(path+".new", made, 0o600); err != nil {
		return nil, err
	}
	return made, os.Rename(path+".new", path)
}

// random returns n bytes from the system's generator, which never fails (crypto/rand).
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
