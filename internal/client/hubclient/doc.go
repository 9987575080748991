// Package hubclient speaks the hub's HTTP API: for desks, for the operator as
// Registrar, and for anybody who reads the public log.
//
// It verifies what it can by itself: a downloaded body has the digest asked for,
// an answer has its schema. What the ledger's signatures and the log's checkpoints
// prove is for the caller to verify; the client takes the hub's word for nothing
// that matters.
//
// Desk, operator and command line import it.
package hubclient
