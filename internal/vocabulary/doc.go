// Package vocabulary holds the controlled terms in which trafficking methods
// are described: facets, their terms with stable ids, labels in English, French
// and Indonesian, the source of each term and a definition that explains without
// instructing.
//
// Ids are kebab-case, stable for ever and never reused: a term that is given up
// becomes retired and names its successor. testdata/ids.txt pins them. No brand
// name and no slang is a term; types of platform and of payment are.
//
// The package is pure and may be imported by every other.
package vocabulary
