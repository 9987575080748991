// Package restriction holds the restrictions that an originator places on the
// use of what it shares, and their arithmetic.
//
// Palermo Protocol, Article 10(3): "A State Party that receives information
// shall comply with any request by the State Party that transmitted the
// information that places restrictions on its use." No reason has to be given
// and nothing may loosen a restriction on the way, so restrictions form a
// semilattice: Meet keeps the stricter of two values on every axis, and is
// associative, commutative and idempotent.
//
// A Set is data of one general shape, axis to list of terms. A new axis is one
// more entry in the table of axes; acts, envelopes and storage stay as they are.
// An axis or a term that this version does not know denies.
//
// The package is pure; of this module it imports canonical only.
package restriction
