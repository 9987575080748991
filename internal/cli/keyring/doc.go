// Package keyring holds the public keys that a person trusts when composing an
// agreement or verifying a receipt: the hub's, and each agency's.
//
// A ring is a small YAML file that two people can read to each other, or what
// the cluster's Agency objects and the hub tell. Public keys in it are checked
// against their thumbprints, so that only the thumbprints need comparing.
//
// Only the command line imports it.
package keyring
