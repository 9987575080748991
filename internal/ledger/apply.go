package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
)

// Error says why an entry cannot follow the state. Code is stable and goes to
// clients; Detail is for a person and names nothing that the signer may not know.
type Error struct {
	Code   string
	Detail string
}

func (e *Error) Error() string { return e.Code + ": " + e.Detail }

func refuse(code, format string, args ...any) error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Verify parses the canonical bytes of an entry and checks the signature of its
// act with the keys that are in force in s. The hub's records are unsigned: the
// checkpoint vouches for them.
func (s *State) Verify(b []byte) (Entry, error) {
	e, err := ParseEntry(b)
	if err != nil || e.Act == nil {
		return e, err
	}
	keys := act.KeyResolver(s)
	if s.Partial {
		keys = keysAt{s, e.Index}
	}
	e.Act, err = act.Verify([]byte(e.Act.Raw), s.Genesis.Hub, keys)
	return e, err
}

// Check returns the error with which Apply would refuse the entry, and changes
// nothing. The error is an *Error.
func Check(s *State, e Entry) error {
	_, err := s.transition(e)
	return err
}

// Apply appends one entry to the state, whole or not at all. The caller has
// verified the signature. The error is an *Error; the state is then unchanged.
func Apply(s *State, e Entry) error {
	change, err := s.transition(e)
	if err != nil {
		return err
	}
	change()
	if e.Act != nil {
		s.acts[e.Act.ID] = e.Index
		s.jtis[jtiKey(e.Act)] = e.Act.ID
	}
	s.Next = max(s.Next, e.Index+1)
	if e.Time.After(s.Time) {
		s.Time = e.Time
	}
	return nil
}

// Fold verifies and applies the canonical bytes of entries in order. An entry of
// a later version sets Unknown, stops deciding, and is otherwise passed over.
func Fold(s *State, entries [][]byte) error {
	for _, b := range entries {
		e, err := s.Verify(b)
		if errors.Is(err, ErrUnknownKind) {
			s.Unknown = true
			s.Next = max(s.Next, e.Index+1)
			continue
		}
		if err == nil {
			err = Apply(s, e)
		}
		if err != nil {
			return fmt.Errorf("entry %d: %w", e.Index, err)
		}
	}
	return nil
}

func jtiKey(a *act.Act) string { return string(a.KeyID.Agency) + "/" + a.Common().JTI }

// transition checks everything and returns the change to make.
func (s *State) transition(e Entry) (func(), error) {
	if e.Record != nil {
		return s.recorded(e), nil
	}
	if e.Act == nil {
		return nil, refuse("entry_empty", "an entry has an act or a record")
	}
	if _, seen := s.acts[e.Act.ID]; seen {
		return nil, refuse("act_seen", "the act stands in the ledger already")
	}
	if _, seen := s.jtis[jtiKey(e.Act)]; seen {
		return nil, refuse("act_replayed", "another act of the issuer has the same jti")
	}
	if e.Time.Before(s.Time) && !s.Partial {
		return nil, refuse("time_runs_backwards", "an entry is never older than the one before it")
	}
	c := &cursor{State: s, entry: e, step: Step{Act: e.Act.ID, Index: e.Index, Time: e.Time, Effective: e.Time}}
	if change, err, known := c.agency(); known {
		return change, err
	}
	if change, err, known := c.agreement(); known {
		return change, err
	}
	if change, err, known := c.item(); known {
		return change, err
	}
	return nil, refuse("act_kind_unknown", "this version does not know the kind of the act")
}

// cursor is one entry being checked against the state.
type cursor struct {
	*State
	entry Entry
	step  Step
}

// late reports whether a partial state is told of the entry out of its order. The
// hub admitted it under what held then; what holds now is no reason to refuse it.
func (c *cursor) late() bool { return c.Partial && c.entry.Index < c.Next }

func (c *cursor) issuer() act.AgencyName { return c.entry.Act.KeyID.Agency }

// signer returns the issuing agency if it takes part at all.
func (c *cursor) signer() (*Agency, error) {
	agency := c.agencyAt(c.issuer())
	if agency == nil || agency.Standing == Offboarded {
		return nil, refuse("agency_not_enrolled", "the issuer takes no part in this hub")
	}
	return agency, nil
}

func (c *cursor) now() time.Time { return c.entry.Time }
