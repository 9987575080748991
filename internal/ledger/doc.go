// Package ledger folds the totally ordered entries into the state from which
// everything is decided. The entries are the truth; custom resources, caches and
// indexes are projections of them and are never read here.
//
// Apply is a pure function of state and entry. An entry is checked whole before
// anything changes, so a refused entry leaves the state as it was. Catching up,
// starting and deciding use the same code.
//
// A hub folds every entry. A desk folds the entries that concern its agency, in
// the order in which its feed delivers them: such a state is Partial.
//
// The package is pure. It imports act, agreement, canonical and restriction.
package ledger
