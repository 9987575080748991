// Package interop lets judges from outside read what the product makes: public
// test vectors, the taxonomies of others, and implementations of the same
// standards by other hands (transparency-dev's tessera, merkle and formats,
// the stock age package, go-jose). It promises nothing by itself; each test
// names the promise that it holds the product to.
//
// The data are not part of this tree. INTEROP_DATA names the folder that holds
// them (wycheproof/ and misp-taxonomies/); without it the tests fail, because a
// judge that was not asked has not agreed. This is a module of its own, so that
// the judges stay out of the product's dependencies. Nothing imports it.
package interop
