// Package item is the only contract between the house and the kinds of thing
// that agencies exchange.
//
// A kind (a bulletin, later a curriculum) implements Kind and Content; desks,
// the guard, acts, envelopes and transports know only this package. A new kind
// is a new package and one line where a program is wired; nothing else changes.
//
// The package is pure: no clock, no network, no registry of its own. Any package
// may import it.
package item
