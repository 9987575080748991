package seal

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// KeyLocker encrypts one 32-byte key under a key that never leaves it, derived
// per agreement. The hub's is Vault transit with the `lock` key; transit takes
// only small plaintexts, which is why a header is locked under a fresh key and
// only that key goes to the KeyLocker.
type KeyLocker interface {
	// LockKey returns opaque text that UnlockKey turns back into key.
	LockKey(ctx context.Context, agreementID string, key, aad []byte) (wrapped string, err error)
	// UnlockKey MUST fail when agreementID or aad differ from those at LockKey.
	UnlockKey(ctx context.Context, agreementID, wrapped string, aad []byte) ([]byte, error)
}

// LockContext binds a locked header to the place where it may be released.
type LockContext struct {
	Hub             string `json:"hub"`             // hub id
	Item            string `json:"item"`            // itm-…
	Version         int    `json:"version"`         // of the item
	Part            string `json:"part"`            // name of the part
	AgreementDigest string `json:"agreementDigest"` // of the revision released under
	BodyDigest      string `json:"bodyDigest"`      // of the body the header belongs to
}

const lockFormat = "concordat-header-lock/v1"

// AAD returns the additional authenticated data of both layers: the RFC 8785
// form of the context with the format's name. A context whose text is not UTF-8
// has no form; AAD then returns nil and LockHeader and UnlockHeader refuse it.
func (lc LockContext) AAD() []byte {
	b, err := canonical.Marshal(struct {
		Format string `json:"format"`
		LockContext
	}{lockFormat, lc})
	if err != nil {
		return nil
	}
	return b
}

func (lc LockContext) validate() error {
	for _, text := range []string{lc.Hub, lc.Item, lc.Part, lc.AgreementDigest, lc.BodyDigest} {
		if text == "" || !utf8.ValidString(text) {
			return errors.New("lock context is incomplete")
		}
	}
	if lc.Version < 1 || lc.Version > maxCounter {
		return errors.New("lock context has no item version")
	}
	return nil
}

// LockedHeader is a header under the hub's lock, as the hub stores it.
type LockedHeader struct {
	Format string `json:"format"` // concordat-header-lock/v1
	Key    string `json:"key"`    // what the KeyLocker returned
	Nonce  []byte `json:"nonce"`  // 12 bytes
	Box    []byte `json:"box"`    // AES-256-GCM of the header, tag included
}

// LockHeader encrypts header under a fresh key with AES-256-GCM and has that key
// locked; both layers authenticate lc. It refuses what is not an age header of
// hybrid stanzas, so that only what can be opened later is ever stored.
func LockHeader(ctx context.Context, locker KeyLocker, agreementID string, lc LockContext, header []byte) (LockedHeader, error) {
	if err := errors.Join(lc.validate(), CheckHeader(header, AnyStanzas)); err != nil {
		return LockedHeader{}, fmt.Errorf("lock header: %w", err)
	}
	if agreementID == "" {
		return LockedHeader{}, errors.New("lock header: no agreement")
	}
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails: crypto/rand ends the program instead
	defer clear(key[:])
	box, err := newBox(key[:])
	if err != nil {
		return LockedHeader{}, err
	}
	aad := lc.AAD()
	wrapped, err := locker.LockKey(ctx, agreementID, key[:], aad)
	if err != nil {
		return LockedHeader{}, fmt.Errorf("lock header key: %w", err)
	}
	// The key is used once, so that any nonce is fresh.
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce)
	return LockedHeader{
		Format: lockFormat,
		Key:    wrapped,
		Nonce:  nonce,
		Box:    box.Seal(nil, nonce, header, aad),
	}, nil
}

// UnlockHeader gives the header back, in memory only. Any difference in lc or
// agreementID is an error: the KeyLocker's own where it refuses first (it may be
// an outage, so it is passed on), ErrLock where the box does not open.
func UnlockHeader(ctx context.Context, locker KeyLocker, agreementID string, lc LockContext, locked LockedHeader) ([]byte, error) {
	if err := lc.validate(); err != nil {
		return nil, fmt.Errorf("unlock header: %w", err)
	}
	if locked.Format != lockFormat {
		return nil, fmt.Errorf("%w: format %q is unknown to this version", ErrLock, locked.Format)
	}
	aad := lc.AAD()
	key, err := locker.UnlockKey(ctx, agreementID, locked.Key, aad)
	if err != nil {
		return nil, fmt.Errorf("unlock header key: %w", err)
	}
	defer clear(key)
	if len(key) != 32 {
		return nil, fmt.Errorf("%w: key has %d bytes", ErrLock, len(key))
	}
	box, err := newBox(key)
	if err != nil {
		return nil, err
	}
	if len(locked.Nonce) != box.NonceSize() {
		return nil, fmt.Errorf("%w: nonce has %d bytes", ErrLock, len(locked.Nonce))
	}
	header, err := box.Open(nil, locked.Nonce, locked.Box, aad)
	if err != nil {
		return nil, ErrLock
	}
	return header, nil
}

func newBox(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("aes: %w", err)
	}
	return cipher.NewGCM(block)
}
