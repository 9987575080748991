package desk

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/screen"
	"github.com/concordat-hub/concordat/internal/seal"
)

// Options are what a desk is wired with. All but Roles, Now, Log and Rotation
// are required.
type Options struct {
	Agency   act.AgencyName
	Store    *deskstore.Store // owned by the desk from now on
	Keys     Keys
	Provider Provider
	// ConnectHub makes the hub's client; bearer gives a fresh token for a call.
	ConnectHub func(bearer func(context.Context) (string, error)) (Hub, error)
	Kinds      item.Kinds
	Roles      RoleMap // nil: a group gives the role of its own name
	// Login is what GET /api/v1/login answers, without the nonce.
	Login deskapi.Login
	Now   func() time.Time // nil: time.Now
	Log   *slog.Logger     // nil: slog.Default
	// Rotation is the age at which a sealing identity is replaced; 0 means 30 days.
	Rotation time.Duration
}

// Desk is one agency's desk. Its methods are safe for concurrent use. Those that
// answer officers return errors that AsError places in the table of codes.
type Desk struct {
	Options
	hub     Hub
	nonces  nonces
	bearer  bearer
	reports reports

	// releasing serialises the choice of an item's next version; sending the
	// releases, and delivering the acts that wait, so that one act is not sent by
	// two at once. Who sends may deliver, and never the other way round.
	releasing, sending, delivering gate

	// folding is held while entries are stored and folded, and while the state is
	// made anew: an entry that was stored between the two readings of the store would
	// be missing in the state until the next start, and with it perhaps the end of an
	// agreement. It is taken before mu.
	folding sync.Mutex

	mu      sync.RWMutex
	state   *ledger.State // the agency's part of the ledger; nil until the hub is pinned
	cursor  uint64        // of the feed, as far as state is folded
	gap     string        // code of what keeps the desk from deciding, "" if nothing does
	started bool
	lacking string // code of what start waits for
	// promised are the signed acts that the ledger does not tell of yet.
	promised []promised

	keys    seal.Keyring
	secret  []byte // of the desk: pseudonyms and the guard's marks are keyed with it
	guard   *screen.Guard
	health  health
	changed chan struct{} // the fold has new entries
	outbox  chan struct{} // a release or an act waits
}

const rotation = 30 * 24 * time.Hour

// New wires a desk and starts nothing.
func New(o Options) (*Desk, error) {
	if err := act.CheckAgencyName(o.Agency); err != nil {
		return nil, err
	}
	if o.Store == nil || o.Keys == nil || o.Provider == nil || o.ConnectHub == nil || len(o.Kinds) == 0 {
		return nil, errors.New("desk: not fully wired")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Rotation == 0 {
		o.Rotation = rotation
	}
	d := &Desk{
		Options: o, lacking: CodeNotReady, keys: seal.Keyring{}, releasing: make(gate, 1), sending: make(gate, 1), delivering: make(gate, 1),
		changed: make(chan struct{}, 1), outbox: make(chan struct{}, 1),
	}
	var err error
	d.hub, err = o.ConnectHub(d.Bearer)
	return d, err
}

// now is never before what the ledger has seen: a desk whose clock went back must
// not show what has expired.
func (d *Desk) now(s *ledger.State) time.Time {
	now := d.Now().UTC()
	if s != nil && s.Time.After(now) {
		return s.Time
	}
	return now
}

// view runs f on the folded ledger, which f must not keep or change. It refuses
// while the desk has not started or its view has a gap.
func (d *Desk) view(f func(s *ledger.State, now time.Time) error) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if err := d.usable(); err != nil {
		return err
	}
	return f(d.state, d.now(d.state))
}

// usable says why nothing may be decided; d.mu must be held.
func (d *Desk) usable() error {
	switch {
	case !d.started:
		return &Error{Code: CodeNotReady, Reason: d.lacking}
	case d.gap != "":
		return &Error{Code: CodeLedgerGap, Reason: d.gap}
	}
	return nil
}

// begun refuses while the desk has not started; a gap does not matter to what
// happens inside the agency only.
func (d *Desk) begun() error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if !d.started {
		return &Error{Code: CodeNotReady, Reason: d.lacking}
	}
	return nil
}

// gate lets one through at a time; waiting for it ends with the context, which a
// mutex does not.
type gate chan struct{}

// enter returns what leaves the gate again.
func (g gate) enter(ctx context.Context) (leave func(), err error) {
	select {
	case g <- struct{}{}:
		return func() { <-g }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// poke wakes whoever listens, without waiting.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// pause waits, and reports whether the context still lives.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
