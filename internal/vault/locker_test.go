package vault_test

import (
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/vault"
)

// The hub hands a Locker to seal as it is.
var _ seal.KeyLocker = (*vault.Locker)(nil)
