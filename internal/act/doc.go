// Package act defines the signed acts: who did what, as a JWS (RFC 7515) that
// verifies for ever without asking anyone.
//
// An act is a compact JWS with alg EdDSA over canonical JSON (RFC 8785). Its
// header has exactly the members alg, kid and typ; its payload has a closed
// schema per kind and version. The package turns bytes into an Act and back, and
// refuses everything outside the profile. It knows nothing of who may do what:
// that is the ledger's and the policy's.
//
// golang-jwt does the Ed25519 arithmetic. The strict profile stands in front of
// it, because alone it accepts unknown crit, any typ, duplicate claims and
// newlines within base64.
//
// The package is pure: no clock, no network, no storage. Any package may import
// it; it imports canonical only.
package act
