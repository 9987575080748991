// Package bulletin is the kind of item that describes methods of trafficking:
// what is done, by which means, how it can be noticed and what to do then; never
// who it was done to or by (Palermo Protocol article 10(1)).
//
// There is no field for a person, a case, a date finer than a quarter or a place
// finer than a State. Facets come from internal/vocabulary; free text goes
// through the guard. The package is pure. Programs are wired with New; every
// other package knows only internal/item.
package bulletin
