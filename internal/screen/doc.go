// Package screen is the guard that keeps data of victims, and of any other
// person, out of what agencies exchange: methods travel, people never do.
//
// A text is folded first (NFKC, look-alike letters, invisible characters), then
// every rule looks for one pattern. A finding names rule, class, field, line and
// length and carries a keyed HMAC for telling repeats apart; it never carries
// the matched text, which must not reach a log, a reply or a metric.
//
// Rules that find something in almost no honest bulletin block; rules that need
// a person's judgement hold. No rule set finds everything: a second officer's
// review stays mandatory, and receiving desks screen again.
//
// The package is pure. Desks and the command line import it; the hub has nothing
// to screen, because it cannot read.
package screen
