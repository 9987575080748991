package ledger

import (
	"errors"
	"time"
)

// FoldUntil is Fold of the entries that stood in the ledger at an instant: those
// whose time of admission is not after it. It leaves s as everybody who folded
// these entries saw it then, so that a past decision can be asked for again.
//
// A Partial state takes the entries in the order of their feed, in which one that
// was admitted early may come late; what an entry relies on was admitted before
// it, so that what is left out is never missed.
func FoldUntil(s *State, entries [][]byte, at time.Time) error {
	stood := make([][]byte, 0, len(entries))
	for _, b := range entries {
		e, err := ParseEntry(b)
		if err != nil && !errors.Is(err, ErrUnknownKind) {
			return err
		}
		if !e.Time.After(at) {
			stood = append(stood, b)
		}
	}
	return Fold(s, stood)
}
