// Package compose turns the YAML that people write into the agreement document
// that agencies sign: one line of RFC 8785 JSON.
//
// People leave out what a machine knows better: the schema, the constant list of
// what is excluded, the hub's keys and the parties' thumbprints. Everything else
// is taken as it stands, and what the document's schema does not know is refused
// with the line and the place: a misspelt clause must not vanish from what is
// signed.
//
// The package is pure. Only the command line imports it.
package compose
