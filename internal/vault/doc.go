// Package vault is the only package that speaks to Vault (or OpenBao, which answers the same API).
//
// It promises narrow verbs instead of a general client: make a crypto.Signer for one named ed25519
// key, encrypt and decrypt with one named AES key, lock a key under an agreement, make a mount and
// its keys as the operator's policy allows, and let an officer sign once. What it never offers:
// export, backup, rotation, deletion, policies or roles. Those need an Admin, which only
// internal/vault/bootstrap and tests construct.
//
// Every call ends within five seconds, whatever Vault does, and every failure is an *Error that
// matches one of the sentinels by errors.Is. A signature is verified here against the public key
// before a caller sees it. Nothing is retried beyond one lost connection: callers know what their
// act means when it is late.
//
// No environment variable changes where a call goes or whose token it carries.
//
// Desk, hub, operator, the command line and their wiring import this package; pure packages never
// do, since verification uses the keys in the ledger and never asks Vault.
package vault
