package desk

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/vault"
)

// wrapKey is the agency's AES key for sealing identities and the store key.
const wrapKey = "wrap"

// VaultKeys is Keys on a real Vault.
type VaultKeys struct {
	Client *vault.Client
	Config vault.Config
	Mount  string // concordat/agency-<slug>
	// OfficerMount and OfficerRole are the agency's own signing login.
	OfficerMount, OfficerRole string
}

// Public implements Keys.
func (v *VaultKeys) Public(ctx context.Context, purpose act.Purpose) (ed25519.PublicKey, error) {
	keys, latest, err := v.Client.PublicKeys(ctx, v.Mount, string(purpose))
	if err != nil {
		return nil, err
	}
	return keys[latest], nil
}

// Signer implements Keys.
func (v *VaultKeys) Signer(ctx context.Context, thumbprint act.Thumbprint) (crypto.Signer, error) {
	if thumbprint == "" {
		return v.Client.Signer(ctx, v.Mount, string(act.DeskSign))
	}
	return v.Client.SignerFor(ctx, v.Mount, string(act.DeskSign), string(thumbprint))
}

// Wrap implements Keys.
func (v *VaultKeys) Wrap(ctx context.Context, plaintext, aad []byte) (string, error) {
	return v.Client.Encrypt(ctx, v.Mount, wrapKey, plaintext, aad)
}

// Unwrap implements Keys.
func (v *VaultKeys) Unwrap(ctx context.Context, wrapped string, aad []byte) ([]byte, error) {
	return v.Client.Decrypt(ctx, v.Mount, wrapKey, wrapped, aad)
}

// Ready implements Keys.
func (v *VaultKeys) Ready(ctx context.Context) error {
	return v.Client.Ready(ctx, v.Mount, string(act.DeskSign))
}

// OfficersCanLogIn implements Keys.
func (v *VaultKeys) OfficersCanLogIn(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return vault.OfficerLoginReady(ctx, v.Config, v.OfficerMount, v.OfficerRole) == nil
}
