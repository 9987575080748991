package seal

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"testing"
)

// locker keeps the contract of KeyLocker in memory: a key derived per agreement,
// the AAD authenticated. Vault's is tested against a real Vault beside its client.
type locker struct{ root []byte }

var errRefused = errors.New("refused")

func (l locker) derive(agreementID string) cipher.AEAD {
	mac := hmac.New(sha256.New, l.root)
	mac.Write([]byte(agreementID))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func (l locker) LockKey(_ context.Context, agreementID string, key, aad []byte) (string, error) {
	aead := l.derive(agreementID)
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	return base64.StdEncoding.EncodeToString(aead.Seal(nonce, nonce, key, aad)), nil
}

func (l locker) UnlockKey(_ context.Context, agreementID, wrapped string, aad []byte) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(wrapped)
	if err != nil || len(b) < 12 {
		return nil, errRefused
	}
	key, err := l.derive(agreementID).Open(nil, b[:12], b[12:], aad)
	if err != nil {
		return nil, errRefused
	}
	return key, nil
}

var lockContext = LockContext{
	Hub: "concordat.local/hub", Item: testItem, Version: 1, Part: "body",
	AgreementDigest: "sha256:aa", BodyDigest: "sha256:bb",
}

func TestHeaderUnlocksOnlyInItsOwnContext(t *testing.T) {
	ctx := context.Background()
	l := locker{root: []byte("root")}
	header := mustSeal(t, []byte("x"), newIdentity(t)).Header
	locked, err := LockHeader(ctx, l, "agr-one", lockContext, header)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(locked.Box, []byte("age-encryption")) {
		t.Fatal("the header is stored in the clear")
	}
	got, err := UnlockHeader(ctx, l, "agr-one", lockContext, locked)
	if err != nil || !bytes.Equal(got, header) {
		t.Fatalf("UnlockHeader: %v", err)
	}

	changes := map[string]func(*LockContext){
		"hub":       func(c *LockContext) { c.Hub = "other.local/hub" },
		"item":      func(c *LockContext) { c.Item = "itm-other" },
		"version":   func(c *LockContext) { c.Version = 2 },
		"part":      func(c *LockContext) { c.Part = "cover" },
		"agreement": func(c *LockContext) { c.AgreementDigest = "sha256:ab" },
		"body":      func(c *LockContext) { c.BodyDigest = "sha256:bc" },
		"no hub":    func(c *LockContext) { c.Hub = "" },
		"not UTF-8": func(c *LockContext) { c.Part = "\xff" },
	}
	for name, change := range changes {
		t.Run("another "+name, func(t *testing.T) {
			c := lockContext
			change(&c)
			if got, err := UnlockHeader(ctx, l, "agr-one", c, locked); err == nil || got != nil {
				t.Fatal("unlocked")
			}
		})
	}
	if _, err := UnlockHeader(ctx, l, "agr-two", lockContext, locked); !errors.Is(err, errRefused) {
		t.Fatalf("another agreement: %v", err)
	}
}

// The box itself authenticates the context: a locker that fails to check its AAD
// (some backends ignore it without a word) does not open the header elsewhere.
func TestBoxRefusesAnotherContextEvenIfTheLockerDoesNot(t *testing.T) {
	ctx := context.Background()
	header := mustSeal(t, []byte("x"), newIdentity(t)).Header
	l := careless{locker{root: []byte("root")}}
	locked, err := LockHeader(ctx, l, "agr-one", lockContext, header)
	if err != nil {
		t.Fatal(err)
	}
	other := lockContext
	other.Item = "itm-other"
	if _, err := UnlockHeader(ctx, l, "agr-one", other, locked); !errors.Is(err, ErrLock) {
		t.Fatalf("UnlockHeader = %v", err)
	}
}

type careless struct{ locker }

func (c careless) LockKey(ctx context.Context, id string, key, _ []byte) (string, error) {
	return c.locker.LockKey(ctx, id, key, nil)
}

func (c careless) UnlockKey(ctx context.Context, id, wrapped string, _ []byte) ([]byte, error) {
	return c.locker.UnlockKey(ctx, id, wrapped, nil)
}

func TestDamagedLockedHeaderIsRefused(t *testing.T) {
	ctx := context.Background()
	l := locker{root: []byte("root")}
	header := mustSeal(t, []byte("x"), newIdentity(t)).Header
	tests := map[string]func(*LockedHeader){
		"box":          func(h *LockedHeader) { h.Box[0] ^= 1 },
		"tag":          func(h *LockedHeader) { h.Box[len(h.Box)-1] ^= 1 },
		"box cut":      func(h *LockedHeader) { h.Box = h.Box[:8] },
		"nonce":        func(h *LockedHeader) { h.Nonce[0] ^= 1 },
		"nonce cut":    func(h *LockedHeader) { h.Nonce = h.Nonce[1:] },
		"format":       func(h *LockedHeader) { h.Format = "concordat-header-lock/v2" },
		"another lock": func(h *LockedHeader) { h.Key, _ = l.LockKey(ctx, "agr-one", make([]byte, 32), lockContext.AAD()) },
		"short key":    func(h *LockedHeader) { h.Key, _ = l.LockKey(ctx, "agr-one", make([]byte, 16), lockContext.AAD()) },
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			locked, err := LockHeader(ctx, l, "agr-one", lockContext, header)
			if err != nil {
				t.Fatal(err)
			}
			damage(&locked)
			if _, err := UnlockHeader(ctx, l, "agr-one", lockContext, locked); !errors.Is(err, ErrLock) {
				t.Fatalf("UnlockHeader = %v", err)
			}
		})
	}
}

func TestOnlyAWholeHybridHeaderIsLocked(t *testing.T) {
	ctx := context.Background()
	l := locker{root: []byte("root")}
	s := mustSeal(t, []byte("x"), newIdentity(t))
	if _, err := LockHeader(ctx, l, "agr-one", lockContext, Join(s.Header, s.Body)); !errors.Is(err, ErrHeader) {
		t.Errorf("a whole file was locked: %v", err)
	}
	if _, err := LockHeader(ctx, l, "", lockContext, s.Header); err == nil {
		t.Error("locked without an agreement")
	}
	if _, err := LockHeader(ctx, l, "agr-one", LockContext{}, s.Header); err == nil {
		t.Error("locked without a context")
	}
}
