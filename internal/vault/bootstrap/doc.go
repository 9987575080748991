// Package bootstrap prepares a Vault for Concordat: the hub's mount and keys, the policies, the
// kubernetes auth mount with its three static roles, and, for each agency, the login by which its
// officers sign.
//
// A Plan is data: numbered calls that people review as files before anybody makes them. Only Apply
// changes Vault. Applying twice changes nothing the second time, what drifted is put back, and a key
// that exists is never made anew or changed: where it is not what it should be, Apply stops.
//
// Only the command line and tests import this package; it needs a token with rights that no program
// of Concordat has.
package bootstrap
