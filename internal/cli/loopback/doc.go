// Package loopback logs a person in at an OpenID provider from a terminal: the
// authorisation code flow with PKCE (RFC 7636, S256), whose redirect comes back
// to a free port of this machine (RFC 8252 section 7.3).
//
// It keeps no secret beyond one login and writes none anywhere. Only the command
// line imports it.
package loopback
