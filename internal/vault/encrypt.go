package vault

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
)

// Encrypt encrypts plaintext under the AES key and binds it to aad, which Decrypt must be given
// again. The answer is Vault's own text form "vault:v<version>:…". A key that does not exist is
// ErrKeyMissing; it is never made by this call, since the mount has disable_upsert and the policy
// holds no create.
func (c *Client) Encrypt(ctx context.Context, mount, key string, plaintext, aad []byte) (string, error) {
	return c.encrypt(ctx, mount, key, plaintext, aad, "")
}

// Decrypt reverses Encrypt. Other aad, another key or a changed ciphertext are ErrRefused.
func (c *Client) Decrypt(ctx context.Context, mount, key, ciphertext string, aad []byte) ([]byte, error) {
	return c.decrypt(ctx, mount, key, ciphertext, aad, "")
}

// EncryptBatch encrypts all plaintexts in one call, each bound to the aad of the same index. It
// returns either all ciphertexts or an error.
func (c *Client) EncryptBatch(ctx context.Context, mount, key string, plaintexts, aads [][]byte) ([]string, error) {
	path := mount + "/encrypt/" + key
	if len(plaintexts) != len(aads) {
		return nil, errors.New("vault: as many plaintexts as associated data are needed")
	}
	items := make([]map[string]any, len(plaintexts))
	for i := range plaintexts {
		items[i] = encryption(plaintexts[i], aads[i], "")
	}
	secret, err := c.write(ctx, "encrypt", path, map[string]any{"batch_input": items})
	if err != nil {
		return nil, c.explainDenial(ctx, mount, key, err)
	}
	results, err := batchResults("encrypt", path, secret, len(plaintexts))
	if err != nil {
		return nil, err
	}
	ciphertexts := make([]string, len(results))
	for i, r := range results {
		if ciphertexts[i], err = checkCiphertext(path, r.Ciphertext); err != nil {
			return nil, err
		}
	}
	return ciphertexts, nil
}

// Locker locks short keys under the derived AES key "lock" of a mount.
type Locker struct {
	client *Client
	mount  string
}

// lockKey is the name of the key that Locker uses.
const lockKey = "lock"

// Locker returns the mount's locker; it calls nothing yet.
func (c *Client) Locker(mount string) *Locker { return &Locker{client: c, mount: mount} }

// LockKey encrypts key under the key derived for the agreement and binds it to aad.
func (l *Locker) LockKey(ctx context.Context, agreementID string, key, aad []byte) (string, error) {
	if agreementID == "" {
		return "", errNoAgreement
	}
	return l.client.encrypt(ctx, l.mount, lockKey, key, aad, agreementID)
}

// UnlockKey reverses LockKey. Another agreement or other aad are ErrRefused.
func (l *Locker) UnlockKey(ctx context.Context, agreementID, wrapped string, aad []byte) ([]byte, error) {
	if agreementID == "" {
		return nil, errNoAgreement
	}
	return l.client.decrypt(ctx, l.mount, lockKey, wrapped, aad, agreementID)
}

var errNoAgreement = errors.New("vault: a lock needs an agreement id")

func encryption(plaintext, aad []byte, context string) map[string]any {
	body := map[string]any{"plaintext": base64.StdEncoding.EncodeToString(plaintext)}
	if len(aad) > 0 {
		body["associated_data"] = base64.StdEncoding.EncodeToString(aad)
	}
	if context != "" {
		body["context"] = base64.StdEncoding.EncodeToString([]byte(context))
	}
	return body
}

func (c *Client) encrypt(ctx context.Context, mount, key string, plaintext, aad []byte, derivation string) (string, error) {
	path := mount + "/encrypt/" + key
	secret, err := c.write(ctx, "encrypt", path, encryption(plaintext, aad, derivation))
	if err != nil {
		return "", c.explainDenial(ctx, mount, key, err)
	}
	return checkCiphertext(path, field(secret, "ciphertext"))
}

func checkCiphertext(path, ciphertext string) (string, error) {
	if !strings.HasPrefix(ciphertext, "vault:v") {
		return "", unexpected("encrypt", path, "the answer holds no ciphertext")
	}
	return ciphertext, nil
}

func (c *Client) decrypt(ctx context.Context, mount, key, ciphertext string, aad []byte, derivation string) ([]byte, error) {
	path := mount + "/decrypt/" + key
	body := map[string]any{"ciphertext": ciphertext}
	if len(aad) > 0 {
		body["associated_data"] = base64.StdEncoding.EncodeToString(aad)
	}
	if derivation != "" {
		body["context"] = base64.StdEncoding.EncodeToString([]byte(derivation))
	}
	secret, err := c.write(ctx, "decrypt", path, body)
	if err != nil {
		return nil, err
	}
	encoded, ok := "", false
	if secret != nil {
		encoded, ok = secret.Data["plaintext"].(string)
	}
	plaintext, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		return nil, unexpected("decrypt", path, "the answer holds no plaintext")
	}
	return plaintext, nil
}

// explainDenial looks whether a denied encryption was denied for want of the key: for a missing key
// Vault asks for the create capability, which no policy of ours holds.
func (c *Client) explainDenial(ctx context.Context, mount, key string, err error) error {
	if !errors.Is(err, ErrDenied) {
		return err
	}
	if _, describeErr := c.describe(ctx, mount, key, TypeAES); errors.Is(describeErr, ErrKeyMissing) {
		return describeErr
	}
	return err
}
