package hub

import (
	"context"
	"crypto"
	"time"

	"github.com/concordat-hub/concordat/internal/vault"
)

// Keys is the hub's mount in a real Vault.
type Keys struct {
	*vault.Locker
	client *vault.Client
	mount  string
}

var _ Vault = (*Keys)(nil)

// NewKeys uses the keys log-sign, registrar-sign and lock of the mount.
func NewKeys(client *vault.Client, mount string) *Keys {
	return &Keys{Locker: client.Locker(mount), client: client, mount: mount}
}

// Signer implements Vault.
func (k *Keys) Signer(ctx context.Context, key, thumbprint string) (crypto.Signer, error) {
	if thumbprint == "" {
		return k.client.Signer(ctx, k.mount, key)
	}
	return k.client.SignerFor(ctx, k.mount, key, thumbprint)
}

// Ready implements Vault. It signs with the key without which no act can ever be
// proven.
func (k *Keys) Ready(ctx context.Context) error { return k.client.Ready(ctx, k.mount, LogSign) }

// OnTime implements Vault.
func (k *Keys) OnTime(f func(date time.Time, took time.Duration)) { k.client.OnTime(f) }
