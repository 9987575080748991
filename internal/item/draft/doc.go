// Package draft reads what people write, YAML or JSON, into a tree that knows
// the place of every value, and binds the tree to typed fields.
//
// Reading is strict, because a draft is signed for later and must mean one thing
// to everybody: unknown and duplicate fields, a byte order mark, anchors,
// aliases, tags, several documents, invalid UTF-8, nesting and size beyond the
// limits are refused with line and column. No value and no unknown field name is
// ever repeated in a problem: either may be what the guard exists to stop.
//
// The package is pure. Kinds of item import it.
package draft
