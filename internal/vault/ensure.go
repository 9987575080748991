package vault

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// EnsureMount makes the transit mount if it does not exist and turns off that encrypting makes keys.
// It writes nothing where all is as it should be. A mount of another type under this name is
// ErrRefused. An agency that the ledger already knows must have its mount: call CheckMount for it.
func (c *Client) EnsureMount(ctx context.Context, mount string) error {
	err := c.CheckMount(ctx, mount)
	if errors.Is(err, ErrKeyMissing) {
		_, err = c.write(ctx, "make mount", "sys/mounts/"+mount, map[string]any{
			"type": "transit", "description": "Concordat keys of one agency",
		})
	}
	if err != nil {
		return err
	}
	return c.ensureNoUpsert(ctx, mount)
}

// CheckMount reads that the transit mount exists: ErrKeyMissing where it does not (its keys are gone
// with it), ErrRefused where it is of another type.
func (c *Client) CheckMount(ctx context.Context, mount string) error {
	path := "sys/mounts/" + mount
	secret, err := c.read(ctx, "read mount", path, url.Values{"type": {"transit"}})
	var e *Error
	if errors.As(err, &e) && e.Status == http.StatusBadRequest { // "No secret engine mount at …"
		return failure(ErrKeyMissing, "read mount", path, "no such mount")
	}
	if err != nil {
		return err
	}
	if typ := field(secret, "type"); typ != "transit" {
		return failure(ErrRefused, "read mount", path, "it is a mount of type "+typ)
	}
	return nil
}

func (c *Client) ensureNoUpsert(ctx context.Context, mount string) error {
	path := mount + "/config/keys"
	secret, err := c.read(ctx, "read mount settings", path, url.Values{"disable_upsert": {"true"}})
	if err != nil {
		return err
	}
	if secret != nil {
		if disabled, _ := secret.Data["disable_upsert"].(bool); disabled {
			return nil
		}
	}
	_, err = c.write(ctx, "set mount settings", path, map[string]any{"disable_upsert": true})
	return err
}

// EnsureKey makes the key of this type if it does not exist, and reads back what it is: Vault answers
// 200 to making a key that exists with another type. It never changes an existing key;
// ErrKeyTampered says in what that is not as it was made. Where the ledger already knows a thumbprint
// for the purpose, call CheckKey instead: a lost key is made good by enrolment, not by another key.
func (c *Client) EnsureKey(ctx context.Context, mount, key, typ string) (Key, error) {
	k, err := c.describe(ctx, mount, key, typ)
	if !errors.Is(err, ErrKeyMissing) {
		return k, err
	}
	if _, err := c.write(ctx, "make key", mount+"/keys/"+key, map[string]any{"type": typ}); err != nil {
		return Key{}, err
	}
	if k, err = c.describe(ctx, mount, key, typ); err != nil {
		return Key{}, err
	}
	k.Created = true
	return k, nil
}
