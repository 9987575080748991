package vault

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/concordat-hub/concordat/internal/act"
)

// The key types that Concordat uses.
const (
	TypeEd25519 = "ed25519"
	TypeAES     = "aes256-gcm96"
)

// Key is what Vault tells about a key. It never holds private material.
type Key struct {
	Name string
	// Type is TypeEd25519 or TypeAES.
	Type string
	// Latest is the version that new signatures and ciphertexts get, from 1.
	Latest int
	// Public are the public keys by version, of ed25519 keys only; versions below
	// min_decryption_version are not told by Vault.
	Public map[int]ed25519.PublicKey
	// Thumbprint is that of the latest public key (RFC 7638, 43 characters); empty for AES keys.
	Thumbprint string
	// Derived says that each call needs a context.
	Derived bool
	// Created says that this call made the key.
	Created bool
}

// PublicKeys returns the public keys by version and the number of the latest.
func (c *Client) PublicKeys(ctx context.Context, mount, key string) (map[int]ed25519.PublicKey, int, error) {
	k, err := c.describe(ctx, mount, key, TypeEd25519)
	if err != nil {
		return nil, 0, err
	}
	return k.Public, k.Latest, nil
}

// CheckKey reads a key that must exist. It returns ErrKeyMissing where it does not, and
// ErrKeyTampered where it is not of this type, was ever exportable, imported or backed up, or where
// thumbprint is not empty and belongs to none of its versions. It never makes a key: whoever
// knows from the ledger that a key exists calls this and not EnsureKey.
func (c *Client) CheckKey(ctx context.Context, mount, key, typ, thumbprint string) (Key, error) {
	k, err := c.describe(ctx, mount, key, typ)
	if err != nil || thumbprint == "" {
		return k, err
	}
	if _, _, ok := k.version(thumbprint); !ok {
		return Key{}, failure(ErrKeyTampered, "read key", mount+"/keys/"+key, "no version has the thumbprint "+thumbprint)
	}
	return k, nil
}

// describe reads the key and checks how it was made.
func (c *Client) describe(ctx context.Context, mount, key, typ string) (Key, error) {
	path := mount + "/keys/" + key
	// The operator's policy has required_parameters, which hold for reads too.
	secret, err := c.read(ctx, "read key", path, url.Values{"type": {typ}})
	if err != nil {
		return Key{}, err
	}
	return parseKey(path, key, typ, secret)
}

func parseKey(path, name, typ string, secret *api.Secret) (Key, error) {
	if secret == nil || secret.Data == nil {
		return Key{}, failure(ErrKeyMissing, "read key", path, "")
	}
	raw, err := json.Marshal(secret.Data)
	if err != nil {
		return Key{}, err
	}
	var told keyData
	if err := json.Unmarshal(raw, &told); err != nil {
		return Key{}, unexpected("read key", path, "the answer is not a key: %v", err)
	}
	if flaw := told.flaw(typ); flaw != "" {
		return Key{}, failure(ErrKeyTampered, "read key", path, flaw)
	}
	k := Key{Name: name, Type: told.Type, Latest: told.Latest, Derived: told.Derived}
	if told.Type != TypeEd25519 {
		return k, nil
	}
	if k.Public, err = told.public(); err != nil {
		return Key{}, unexpected("read key", path, "%v", err)
	}
	if k.Public[k.Latest] == nil {
		return Key{}, unexpected("read key", path, "version %d has no public key", k.Latest)
	}
	k.Thumbprint = Thumbprint(k.Public[k.Latest])
	return k, nil
}

// keyData is the answer to transit's "read key", as far as it says how the key was made.
type keyData struct {
	Type        string                     `json:"type"`
	Latest      int                        `json:"latest_version"`
	Derived     bool                       `json:"derived"`
	Convergent  bool                       `json:"convergent_encryption"`
	Exportable  bool                       `json:"exportable"`
	Backup      bool                       `json:"allow_plaintext_backup"`
	Imported    bool                       `json:"imported_key"`
	BackupInfo  json.RawMessage            `json:"backup_info"`
	RestoreInfo json.RawMessage            `json:"restore_info"`
	Keys        map[string]json.RawMessage `json:"keys"`
}

// flaw says in what the key differs from one that was made in Vault and never left it. An attacker
// with more rights than the operator's could flip exportable, take a backup, or restore another key
// over this one; each leaves one of these traces.
func (d keyData) flaw(typ string) string {
	switch {
	case d.Type != typ:
		return fmt.Sprintf("its type is %s, not %s", d.Type, typ)
	case d.Exportable:
		return "it is exportable"
	case d.Backup, len(d.BackupInfo) > 0:
		return "it can be or was backed up in plain text"
	case d.Imported:
		return "it was imported"
	case len(d.RestoreInfo) > 0:
		return "it was restored from a backup"
	case d.Convergent:
		return "it encrypts convergently"
	case typ == TypeEd25519 && d.Derived:
		return "it is derived"
	}
	return ""
}

func (d keyData) public() (map[int]ed25519.PublicKey, error) {
	keys := make(map[int]ed25519.PublicKey, len(d.Keys))
	for number, raw := range d.Keys {
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("key version %q", number)
		}
		var entry struct {
			PublicKey []byte `json:"public_key"` // standard base64, which encoding/json decodes
		}
		if err := json.Unmarshal(raw, &entry); err != nil || len(entry.PublicKey) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("version %d holds no ed25519 public key", version)
		}
		keys[version] = entry.PublicKey
	}
	return keys, nil
}

// version finds the version whose public key has the thumbprint.
func (k Key) version(thumbprint string) (int, ed25519.PublicKey, bool) {
	for version, public := range k.Public {
		if Thumbprint(public) == thumbprint {
			return version, public, true
		}
	}
	return 0, nil, false
}

// Thumbprint is the JWK thumbprint (RFC 7638 over the required members of RFC 8037) of an ed25519
// public key: 43 characters of base64url.
func Thumbprint(public ed25519.PublicKey) string { return string(act.ThumbprintOf(public)) }

// keyCache remembers public keys for a minute, so that a signature costs one call. A stale entry does
// no harm: signatures name the version and are verified under the remembered key.
type keyCache struct {
	mu      sync.Mutex
	entries map[string]cachedKey
}

type cachedKey struct {
	key  Key
	read time.Time
}

const keyCacheLife = time.Minute

func (c *Client) signingKey(ctx context.Context, mount, key string) (Key, error) {
	path := mount + "/keys/" + key
	c.keys.mu.Lock()
	entry, ok := c.keys.entries[path]
	c.keys.mu.Unlock()
	if ok && time.Since(entry.read) < keyCacheLife {
		return entry.key, nil
	}
	k, err := c.describe(ctx, mount, key, TypeEd25519)
	if err != nil {
		c.forget(mount, key)
		return Key{}, err
	}
	c.keys.mu.Lock()
	defer c.keys.mu.Unlock()
	if c.keys.entries == nil {
		c.keys.entries = map[string]cachedKey{}
	}
	c.keys.entries[path] = cachedKey{k, time.Now()}
	return k, nil
}

func (c *Client) forget(mount, key string) {
	c.keys.mu.Lock()
	defer c.keys.mu.Unlock()
	delete(c.keys.entries, mount+"/keys/"+key)
}
