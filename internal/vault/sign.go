package vault

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/hashicorp/vault/api"
)

// Signer signs with one version of one ed25519 key in Vault. It is made per request and bound to the
// request's context, since crypto.Signer has no context of its own.
type Signer struct {
	client     *Client
	ctx        context.Context
	mount, key string
	version    int
	public     ed25519.PublicKey
	thumbprint string
}

var _ crypto.Signer = (*Signer)(nil)

// Signer returns a signer of the key's latest version. Errors: ErrKeyMissing, ErrKeyTampered,
// ErrDenied, ErrUnavailable.
func (c *Client) Signer(ctx context.Context, mount, key string) (*Signer, error) {
	k, err := c.signingKey(ctx, mount, key)
	if err != nil {
		return nil, err
	}
	return c.signer(ctx, mount, key, k.Latest, k.Public[k.Latest]), nil
}

// SignerFor returns a signer of the version that has the thumbprint, which the caller knows from the
// ledger; ErrKeyTampered where no version has it.
func (c *Client) SignerFor(ctx context.Context, mount, key, thumbprint string) (*Signer, error) {
	k, err := c.signingKey(ctx, mount, key)
	if err != nil {
		return nil, err
	}
	version, public, ok := k.version(thumbprint)
	if !ok {
		c.forget(mount, key) // the key may have been rotated a moment ago
		return nil, failure(ErrKeyTampered, "sign", mount+"/keys/"+key, "no version has the thumbprint "+thumbprint)
	}
	return c.signer(ctx, mount, key, version, public), nil
}

func (c *Client) signer(ctx context.Context, mount, key string, version int, public ed25519.PublicKey) *Signer {
	return &Signer{client: c, ctx: ctx, mount: mount, key: key, version: version, public: public, thumbprint: Thumbprint(public)}
}

// Public returns an ed25519.PublicKey.
func (s *Signer) Public() crypto.PublicKey { return s.public }

// Thumbprint is that of Public (RFC 7638, 43 characters).
func (s *Signer) Thumbprint() string { return s.thumbprint }

// Version is the key's version in Vault, from 1.
func (s *Signer) Version() int { return s.version }

// Sign returns the 64-byte pure Ed25519 signature (RFC 8032) of message. It refuses options that ask
// for a hash or a context, and returns no signature that does not verify under Public.
func (s *Signer) Sign(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts != nil && opts.HashFunc() != 0 {
		return nil, fmt.Errorf("vault signs pure ed25519 only, not %s", opts.HashFunc())
	}
	if o, ok := opts.(*ed25519.Options); ok && o.Context != "" {
		return nil, errors.New("vault signs pure ed25519 only, without a context")
	}
	secret, err := s.client.write(s.ctx, "sign", s.path(), map[string]any{
		"input": base64.StdEncoding.EncodeToString(message), "key_version": s.version,
	})
	if err != nil {
		return nil, s.failed(err)
	}
	return s.accept(message, field(secret, "signature"))
}

// SignBatch signs all messages in one call and returns the signatures in the same order. Vault
// answers 200 with an error per item where some fail; then this returns an error and no signature.
func (s *Signer) SignBatch(messages [][]byte) ([][]byte, error) {
	items := make([]map[string]any, len(messages))
	for i, m := range messages {
		items[i] = map[string]any{"input": base64.StdEncoding.EncodeToString(m)}
	}
	secret, err := s.client.write(s.ctx, "sign", s.path(), map[string]any{"batch_input": items, "key_version": s.version})
	if err != nil {
		return nil, s.failed(err)
	}
	results, err := batchResults("sign", s.path(), secret, len(messages))
	if err != nil {
		return nil, err
	}
	signatures := make([][]byte, len(messages))
	for i, r := range results {
		if signatures[i], err = s.accept(messages[i], r.Signature); err != nil {
			return nil, fmt.Errorf("item %d of the batch: %w", i, err)
		}
	}
	return signatures, nil
}

func (s *Signer) path() string { return s.mount + "/sign/" + s.key }

// failed drops the remembered key: a missing or withdrawn version must not be tried for a minute.
func (s *Signer) failed(err error) error {
	if !errors.Is(err, ErrUnavailable) {
		s.client.forget(s.mount, s.key)
	}
	return err
}

func (s *Signer) accept(message []byte, told string) ([]byte, error) {
	signature, version, err := parseSignature(told)
	if err != nil {
		return nil, unexpected("sign", s.path(), "%v", err)
	}
	if version != s.version || !ed25519.Verify(s.public, message, signature) {
		s.client.forget(s.mount, s.key)
		return nil, failure(ErrKeyTampered, "sign", s.path(), "the signature is not that of version "+strconv.Itoa(s.version))
	}
	return signature, nil
}

// parseSignature reads "vault:v<version>:<standard base64>".
func parseSignature(told string) ([]byte, int, error) {
	parts := strings.Split(told, ":")
	if len(parts) != 3 || parts[0] != "vault" || !strings.HasPrefix(parts[1], "v") {
		return nil, 0, errors.New("the answer holds no signature")
	}
	version, err := strconv.Atoi(parts[1][1:])
	if err != nil {
		return nil, 0, errors.New("the signature names no version")
	}
	signature, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != ed25519.SignatureSize {
		return nil, 0, errors.New("the signature is not 64 bytes of base64")
	}
	return signature, version, nil
}

// canaryPrefix begins what Ready signs. It starts with a zero byte, so that a canary's signature can
// be neither a JWS (base64url text) nor a checkpoint note (a line of text).
const canaryPrefix = "\x00concordat-canary/v1\x00"

// Ready signs a random canary and so proves the whole way: connection, login, policy, audit devices
// and key. Vault's own health page says 200 while a full audit disk fails every call.
func (c *Client) Ready(ctx context.Context, mount, key string) error {
	signer, err := c.Signer(ctx, mount, key)
	if err != nil {
		return err
	}
	canary := append([]byte(canaryPrefix), rand.Text()...)
	_, err = signer.Sign(nil, canary, crypto.Hash(0))
	return err
}

// batchResult is one item of a batch answer of sign or encrypt.
type batchResult struct {
	Signature  string `json:"signature"`
	Ciphertext string `json:"ciphertext"`
	Error      string `json:"error"`
}

// batchResults returns exactly n results without an error among them, or an error.
func batchResults(op, path string, secret *api.Secret, n int) ([]batchResult, error) {
	var results []batchResult
	if secret != nil {
		raw, err := json.Marshal(secret.Data["batch_results"])
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, &results); err != nil {
			return nil, unexpected(op, path, "the answer is not a batch: %v", err)
		}
	}
	if len(results) != n {
		return nil, unexpected(op, path, "%d results for %d items", len(results), n)
	}
	for i, r := range results {
		if r.Error != "" {
			return nil, failure(kindOf(op, 400, r.Error), op, path, fmt.Sprintf("item %d of the batch: %s", i, r.Error))
		}
	}
	return results, nil
}

// field returns a string of the answer's data, or the empty string.
func field(secret *api.Secret, name string) string {
	if secret == nil {
		return ""
	}
	value, _ := secret.Data[name].(string)
	return value
}
