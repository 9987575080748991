package vaulttest

import (
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/vault"
)

// Fake keeps keys in memory and behaves as Conform asks. The zero Fake has no keys. Safe for
// concurrent use.
type Fake struct {
	mu   sync.Mutex
	sign map[string]ed25519.PrivateKey
	aes  map[string][]byte
	down error
	told func(time.Time, time.Duration)
}

// AddSigningKey makes an ed25519 key, version 1, and returns its public key.
func (f *Fake) AddSigningKey(mount, key string) ed25519.PublicKey {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // the system has no randomness
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sign == nil {
		f.sign = map[string]ed25519.PrivateKey{}
	}
	f.sign[mount+"/"+key] = private
	return public
}

// AddKey makes an AES key; "lock" is the one that Locker uses.
func (f *Fake) AddKey(mount, key string) {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.aes == nil {
		f.aes = map[string][]byte{}
	}
	f.aes[mount+"/"+key] = secret
}

// Fail makes every call fail with err, until Fail(nil).
func (f *Fake) Fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = err
}

// OnTime is as vault.Client's: an answer takes no time, and a Vault that is away tells nothing.
func (f *Fake) OnTime(told func(date time.Time, took time.Duration)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = told
}

// answer is told of with the mutex held, at the beginning of each call that Vault answers.
func (f *Fake) answer() {
	if f.told != nil && !errors.Is(f.down, vault.ErrUnavailable) {
		f.told(time.Now().Truncate(time.Second), 0)
	}
}

// Signer returns a signer, or vault.ErrKeyMissing.
func (f *Fake) Signer(_ context.Context, mount, key string) (Signer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer()
	private, ok := f.sign[mount+"/"+key]
	switch {
	case f.down != nil:
		return nil, f.down
	case !ok:
		return nil, fmt.Errorf("%s/%s: %w", mount, key, vault.ErrKeyMissing)
	}
	return fakeSigner{f, private}, nil
}

// Encrypt is as vault.Client's.
func (f *Fake) Encrypt(_ context.Context, mount, key string, plaintext, aad []byte) (string, error) {
	return f.seal(mount, key, "", plaintext, aad)
}

// Decrypt is as vault.Client's.
func (f *Fake) Decrypt(_ context.Context, mount, key, ciphertext string, aad []byte) ([]byte, error) {
	return f.open(mount, key, "", ciphertext, aad)
}

// Locker returns a locker that uses the key "lock" of the mount.
func (f *Fake) Locker(mount string) Locker { return fakeLocker{f, mount} }

// Subject is the fake as Conform takes it.
func (f *Fake) Subject(mount, signingKey, wrapKey string) Subject {
	return Subject{
		Mount: mount, SigningKey: signingKey, WrapKey: wrapKey,
		Signer: f.Signer, Encrypter: f, Locker: f.Locker(mount), OnTime: f.OnTime,
	}
}

func (f *Fake) aead(mount, key, derivation string) (cipher.AEAD, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer()
	secret, ok := f.aes[mount+"/"+key]
	switch {
	case f.down != nil:
		return nil, f.down
	case !ok:
		return nil, fmt.Errorf("%s/%s: %w", mount, key, vault.ErrKeyMissing)
	}
	if derivation != "" {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(derivation))
		secret = mac.Sum(nil)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

const fakePrefix = "vault:v1:"

func (f *Fake) seal(mount, key, derivation string, plaintext, aad []byte) (string, error) {
	aead, err := f.aead(mount, key, derivation)
	if err != nil {
		return "", err
	}
	return fakePrefix + base64.StdEncoding.EncodeToString(aead.Seal(nil, nil, plaintext, aad)), nil
}

func (f *Fake) open(mount, key, derivation, ciphertext string, aad []byte) ([]byte, error) {
	aead, err := f.aead(mount, key, derivation)
	if err != nil {
		return nil, err
	}
	encoded, ok := strings.CutPrefix(ciphertext, fakePrefix)
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		return nil, fmt.Errorf("not a ciphertext: %w", vault.ErrRefused)
	}
	plaintext, err := aead.Open(nil, nil, raw, aad)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", vault.ErrRefused, err)
	}
	return plaintext, nil
}

type fakeSigner struct {
	fake    *Fake
	private ed25519.PrivateKey
}

func (s fakeSigner) Public() crypto.PublicKey { return s.private.Public() }
func (s fakeSigner) Thumbprint() string {
	return vault.Thumbprint(s.private.Public().(ed25519.PublicKey))
}
func (s fakeSigner) Version() int { return 1 }

func (s fakeSigner) Sign(random io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if o, ok := opts.(*ed25519.Options); (ok && o.Context != "") || (opts != nil && opts.HashFunc() != 0) {
		return nil, errors.New("pure ed25519 only")
	}
	s.fake.mu.Lock()
	s.fake.answer()
	down := s.fake.down
	s.fake.mu.Unlock()
	if down != nil {
		return nil, down
	}
	return s.private.Sign(random, message, crypto.Hash(0))
}

type fakeLocker struct {
	fake  *Fake
	mount string
}

var errNoAgreement = errors.New("a lock needs an agreement id")

func (l fakeLocker) LockKey(_ context.Context, agreementID string, key, aad []byte) (string, error) {
	if agreementID == "" {
		return "", errNoAgreement
	}
	return l.fake.seal(l.mount, "lock", agreementID, key, aad)
}

func (l fakeLocker) UnlockKey(_ context.Context, agreementID, wrapped string, aad []byte) ([]byte, error) {
	if agreementID == "" {
		return nil, errNoAgreement
	}
	return l.fake.open(l.mount, "lock", agreementID, wrapped, aad)
}
