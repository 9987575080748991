package vaulttest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/vault"
)

// Signer is what consumers ask of a signing key.
type Signer interface {
	crypto.Signer
	// Thumbprint is that of the public key (RFC 7638).
	Thumbprint() string
	// Version is the key's version, from 1.
	Version() int
}

// Encrypter encrypts small secrets under a named key and binds them to associated data.
type Encrypter interface {
	Encrypt(ctx context.Context, mount, key string, plaintext, aad []byte) (string, error)
	Decrypt(ctx context.Context, mount, key, ciphertext string, aad []byte) ([]byte, error)
}

// Locker locks short keys for one agreement.
type Locker interface {
	LockKey(ctx context.Context, agreementID string, key, aad []byte) (string, error)
	UnlockKey(ctx context.Context, agreementID, wrapped string, aad []byte) ([]byte, error)
}

// Subject is what the suite examines: one mount with an ed25519 key, an AES key and a derived AES key
// "lock".
type Subject struct {
	Mount      string
	SigningKey string
	WrapKey    string
	Signer     func(ctx context.Context, mount, key string) (Signer, error)
	Encrypter  Encrypter
	Locker     Locker
	// OnTime is that of vault.Client.
	OnTime func(func(date time.Time, took time.Duration))
}

// Of is the subject behind a real client.
func Of(client *vault.Client, mount, signingKey, wrapKey string) Subject {
	return Subject{
		Mount: mount, SigningKey: signingKey, WrapKey: wrapKey,
		Signer:    func(ctx context.Context, mount, key string) (Signer, error) { return client.Signer(ctx, mount, key) },
		Encrypter: client, Locker: client.Locker(mount), OnTime: client.OnTime,
	}
}

// Conform runs the suite.
func Conform(t *testing.T, s Subject) {
	t.Helper()
	t.Run("a signer signs pure ed25519 under its public key", s.signs)
	t.Run("a signer refuses hashes and contexts", s.refusesOptions)
	t.Run("a missing key is ErrKeyMissing and stays missing", s.missing)
	t.Run("encryption returns what went in", s.encrypts)
	t.Run("encryption is bound to its associated data", s.bindsAAD)
	t.Run("a changed ciphertext is refused", s.refusesChanges)
	t.Run("a lock opens for its agreement and data only", s.locks)
	t.Run("each answer tells the time, a refusal too", s.tellsTime)
}

func (s Subject) signs(t *testing.T) {
	signer, err := s.Signer(t.Context(), s.Mount, s.SigningKey)
	if err != nil {
		t.Fatal(err)
	}
	public, ok := signer.Public().(ed25519.PublicKey)
	if !ok || signer.Thumbprint() != vault.Thumbprint(public) || signer.Version() < 1 {
		t.Fatalf("public key %T, thumbprint %q, version %d", signer.Public(), signer.Thumbprint(), signer.Version())
	}
	for _, message := range [][]byte{[]byte("header.payload"), {}, bytes.Repeat([]byte{0xff}, 300_000)} {
		signature, err := signer.Sign(rand.Reader, message, crypto.Hash(0))
		if err != nil {
			t.Fatalf("%d bytes: %v", len(message), err)
		}
		if !ed25519.Verify(public, message, signature) {
			t.Errorf("the signature of %d bytes does not verify", len(message))
		}
	}
}

func (s Subject) refusesOptions(t *testing.T) {
	signer, err := s.Signer(t.Context(), s.Mount, s.SigningKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, opts := range map[string]crypto.SignerOpts{
		"Ed25519ph": crypto.SHA512, "Ed25519ctx": &ed25519.Options{Context: "c"},
	} {
		if signature, err := signer.Sign(rand.Reader, make([]byte, 64), opts); err == nil {
			t.Errorf("%s: signed %x", name, signature)
		}
	}
}

func (s Subject) missing(t *testing.T) {
	for range 2 { // the first attempt must not have made the key
		if _, err := s.Signer(t.Context(), s.Mount, "no-such-key"); !errors.Is(err, vault.ErrKeyMissing) {
			t.Errorf("Signer: %v", err)
		}
		if _, err := s.Encrypter.Encrypt(t.Context(), s.Mount, "no-such-key", []byte("x"), nil); !errors.Is(err, vault.ErrKeyMissing) {
			t.Errorf("Encrypt: %v", err)
		}
		if _, err := s.Encrypter.Decrypt(t.Context(), s.Mount, "no-such-key", "vault:v1:AAAA", nil); !errors.Is(err, vault.ErrKeyMissing) {
			t.Errorf("Decrypt: %v", err)
		}
	}
}

func (s Subject) encrypts(t *testing.T) {
	for _, plaintext := range [][]byte{[]byte("sealing identity"), {}, bytes.Repeat([]byte{7}, 4096)} {
		ciphertext, err := s.Encrypter.Encrypt(t.Context(), s.Mount, s.WrapKey, plaintext, []byte("what it is for"))
		if err != nil {
			t.Fatalf("%d bytes: %v", len(plaintext), err)
		}
		again, err := s.Encrypter.Decrypt(t.Context(), s.Mount, s.WrapKey, ciphertext, []byte("what it is for"))
		if err != nil || !bytes.Equal(again, plaintext) {
			t.Errorf("%d bytes came back as %d: %v", len(plaintext), len(again), err)
		}
	}
}

func (s Subject) bindsAAD(t *testing.T) {
	bound := s.encrypt(t, []byte("one"))
	unbound := s.encrypt(t, nil)
	for name, c := range map[string]struct {
		ciphertext string
		aad        []byte
	}{
		"other data":              {bound, []byte("two")},
		"no data":                 {bound, nil},
		"data where none belongs": {unbound, []byte("one")},
	} {
		if _, err := s.Encrypter.Decrypt(t.Context(), s.Mount, s.WrapKey, c.ciphertext, c.aad); !errors.Is(err, vault.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (s Subject) refusesChanges(t *testing.T) {
	whole := s.encrypt(t, []byte("one"))
	flipped := []byte(whole)
	flipped[len("vault:v1:")+20] ^= 1
	for name, ciphertext := range map[string]string{
		"one bit changed": string(flipped), "cut short": whole[:len("vault:v1:")+8],
		"a version that was never": "vault:v9:" + whole[len("vault:v1:"):], "no ciphertext": "plain text", "nothing": "",
	} {
		if _, err := s.Encrypter.Decrypt(t.Context(), s.Mount, s.WrapKey, ciphertext, []byte("one")); !errors.Is(err, vault.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (s Subject) encrypt(t *testing.T, aad []byte) string {
	t.Helper()
	ciphertext, err := s.Encrypter.Encrypt(t.Context(), s.Mount, s.WrapKey, []byte("sealing identity"), aad)
	if err != nil {
		t.Fatal(err)
	}
	return ciphertext
}

func (s Subject) locks(t *testing.T) {
	key := bytes.Repeat([]byte{9}, 32)
	wrapped, err := s.Locker.LockKey(t.Context(), "agr-one", key, []byte("part 1"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Locker.UnlockKey(t.Context(), "agr-one", wrapped, []byte("part 1"))
	if err != nil || !bytes.Equal(again, key) {
		t.Fatalf("unlocked %x: %v", again, err)
	}
	for name, other := range map[string]struct{ agreement, aad string }{
		"another agreement": {"agr-two", "part 1"}, "another part": {"agr-one", "part 2"}, "no part": {"agr-one", ""},
	} {
		if _, err := s.Locker.UnlockKey(t.Context(), other.agreement, wrapped, []byte(other.aad)); !errors.Is(err, vault.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Locker.LockKey(t.Context(), "", key, nil); err == nil {
		t.Error("locked without an agreement")
	}
	if _, err := s.Locker.UnlockKey(t.Context(), "", wrapped, []byte("part 1")); err == nil {
		t.Error("unlocked without an agreement")
	}
}

func (s Subject) tellsTime(t *testing.T) {
	var answers atomic.Int32
	s.OnTime(func(date time.Time, took time.Duration) {
		answers.Add(1)
		if now := time.Now(); date.After(now) || now.Sub(date) > took+2*time.Second || date.Nanosecond() != 0 || took < 0 {
			t.Errorf("told %v after %v, at %v", date, took, now)
		}
	})
	defer s.OnTime(func(time.Time, time.Duration) {})
	told := func(what string, call func() error) {
		before := answers.Load()
		if err := call(); answers.Load() == before {
			t.Errorf("%s (%v) told nothing", what, err)
		}
	}
	told("an encryption", func() error {
		_, err := s.Encrypter.Encrypt(t.Context(), s.Mount, s.WrapKey, []byte("x"), nil)
		return err
	})
	told("a refused decryption", func() error {
		_, err := s.Encrypter.Decrypt(t.Context(), s.Mount, s.WrapKey, "plain text", nil)
		return err
	})
	told("a missing key", func() error {
		_, err := s.Signer(t.Context(), s.Mount, "no-such-key")
		return err
	})
	told("a lock", func() error {
		_, err := s.Locker.LockKey(t.Context(), "agr-one", []byte("key"), []byte("part 1"))
		return err
	})
}
