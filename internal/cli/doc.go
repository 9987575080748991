// Package cli is the command line of Concordat: for officers at their desk, for
// admins of the cluster and of Vault, and for anyone who holds a receipt.
//
// Data goes to stdout and talk to stderr; -o json and -o yaml are contracts. The
// exit code says what kind of thing went wrong (see Exit). Every sentence comes
// from internal/message in the reader's language. Nothing is asked without a
// terminal, no secret is taken from the command line, and what other agencies
// wrote reaches a terminal without control characters.
//
// One file holds one noun, or one verb where a verb is long. cmd/concordat alone
// imports it.
package cli
