package hub

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// The hub's keys in Vault.
const (
	LogSign       = "log-sign"
	RegistrarSign = "registrar-sign"
)

// Vault is what the hub asks of Vault, on its own mount only.
type Vault interface {
	seal.KeyLocker
	// Signer signs with the version of the key that has the thumbprint; with an
	// empty thumbprint, with the latest.
	Signer(ctx context.Context, key, thumbprint string) (crypto.Signer, error)
	// Ready signs a canary.
	Ready(ctx context.Context) error
	// OnTime has f called with the Date of each answer and how long the exchange
	// took, before the caller sees the answer.
	OnTime(f func(date time.Time, took time.Duration))
}

// Config is what a hub is made of.
type Config struct {
	ID    string // hub id and log origin
	Store store.Store
	Blobs store.Blobs
	Vault Vault
	Clock Clock
	Log   *slog.Logger
	// CheckpointEvery is the pause between checkpoints when there is something
	// new; 0 means a second.
	CheckpointEvery time.Duration
}

// Service is a running hub. Its methods are safe for concurrent use.
type Service struct {
	Config
	genesis  ledger.Genesis
	verifier note.Verifier
	// logThumbprint names the pinned log key among the versions that Vault has.
	logThumbprint string
	watch         *watch

	// writing is held by whoever is in the one write transaction; state and tree
	// change only under both writing and mu, so that the writer reads without mu.
	writing sync.Mutex
	mu      sync.RWMutex
	state   *ledger.State
	tree    frontier
	broken  error // a stored entry that this program cannot follow: nothing is written any more

	flights   flights
	denials   denials
	feeds     bell[act.AgencyName]
	overview  overview
	signed    checkpointState
	enrolling sync.Mutex
	counters  Counters
	closing   chan struct{}
	ending    chan struct{} // an act may have ended somebody's last right to open something
	endPolls  sync.Once
}

// ErrOtherHub says that the data belong to a hub with another id or other keys.
var ErrOtherHub = errors.New("the data belong to another hub")

// Open folds the stored ledger, verifying every signature, and checks that it is
// the tree of which the last checkpoint was signed. Only a hub that has never
// run needs Vault for this. Call Run next.
func Open(ctx context.Context, config Config) (*Service, error) {
	if config.CheckpointEvery == 0 {
		config.CheckpointEvery = time.Second
	}
	s := &Service{Config: config, watch: newWatch(config.Clock, config.Log), closing: make(chan struct{}), ending: make(chan struct{}, 1)}
	s.signed.set(head{}) // makes its channels
	if err := s.recallTime(ctx); err != nil {
		return nil, err
	}
	s.Vault.OnTime(s.watch.hear)
	if err := s.findGenesis(ctx); err != nil {
		return nil, err
	}
	var err error
	if s.verifier, err = tlog.NewVerifier(s.genesis.LogKey); err != nil {
		return nil, fmt.Errorf("log key: %w", err)
	}
	if s.state, err = ledger.New(s.genesis); err != nil {
		return nil, err
	}
	return s, s.restore(ctx)
}

// storedGenesis is written once, at the first start.
type storedGenesis struct {
	Hub       string  `json:"hub"`
	LogKey    string  `json:"logKey"`
	Registrar act.JWK `json:"registrar"`
	// LogThumbprint names the log key among the versions that Vault has.
	LogThumbprint act.Thumbprint `json:"logThumbprint"`
}

const genesisKey = "genesis"

// findGenesis reads the pinned keys, or pins Vault's at the first start. Later a
// key that was replaced in Vault signs nothing: its thumbprint is not the pinned.
func (s *Service) findGenesis(ctx context.Context) error {
	var stored storedGenesis
	err := s.Store.View(ctx, func(r store.Reader) error {
		raw, err := r.Meta(genesisKey)
		if err != nil {
			return err
		}
		return json.Unmarshal(raw, &stored)
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		if stored, err = s.firstGenesis(ctx); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	if stored.Hub != s.ID {
		return fmt.Errorf("%w: %s", ErrOtherHub, stored.Hub)
	}
	s.logThumbprint = string(stored.LogThumbprint)
	s.genesis = ledger.Genesis{Hub: stored.Hub, LogKey: stored.LogKey, Registrar: stored.Registrar}
	return nil
}

func (s *Service) firstGenesis(ctx context.Context) (storedGenesis, error) {
	none := storedGenesis{}
	if !tlog.ValidName(s.ID) {
		return none, fmt.Errorf("hub id %q cannot be the name of a log", s.ID)
	}
	keys := map[string]ed25519.PublicKey{}
	for _, name := range []string{LogSign, RegistrarSign} {
		signer, err := s.Vault.Signer(ctx, name, "")
		if err != nil {
			return none, err
		}
		public, ok := signer.Public().(ed25519.PublicKey)
		if !ok {
			return none, fmt.Errorf("%s is not an Ed25519 key", name)
		}
		keys[name] = public
	}
	stored := storedGenesis{s.ID, tlog.VKey(s.ID, keys[LogSign]), act.NewJWK(keys[RegistrarSign]), act.ThumbprintOf(keys[LogSign])}
	raw, err := json.Marshal(stored)
	if err != nil {
		return none, err
	}
	return stored, s.Store.Update(ctx, func(tx store.Tx) error { return tx.SetMeta(genesisKey, raw) })
}

// Genesis returns the hub's id and public keys.
func (s *Service) Genesis() ledger.Genesis { return s.genesis }

const foldChunk = 1000

// restore folds what is stored.
func (s *Service) restore(ctx context.Context) error {
	return s.Store.View(ctx, func(r store.Reader) error {
		last, err := s.lastCheckpoint(r)
		if err != nil {
			return err
		}
		if err := s.catchUp(r); err != nil {
			return err
		}
		if err := s.checkPrefix(r, last); err != nil {
			return err
		}
		s.signed.set(last)
		return nil
	})
}

// catchUp folds the stored entries that the state does not have. The caller
// holds writing, or is alone.
func (s *Service) catchUp(r store.Reader) error {
	size, err := r.Size()
	if err != nil {
		return err
	}
	if size < s.tree.size {
		return fmt.Errorf("the stored ledger has %d entries and had %d", size, s.tree.size)
	}
	for s.tree.size < size {
		entries, err := r.Entries(s.tree.size, foldChunk)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return fmt.Errorf("entry %d is missing", s.tree.size)
		}
		for _, stored := range entries {
			if err := s.follow(stored); err != nil {
				return fmt.Errorf("stored entry %d: %w", stored.Index, err)
			}
		}
	}
	return nil
}

// follow applies one stored entry, with its signature verified again.
func (s *Service) follow(stored store.Entry) error {
	if stored.Index != s.tree.size {
		return fmt.Errorf("comes where %d is due", s.tree.size)
	}
	entry, err := s.state.Verify(stored.Bytes)
	later := errors.Is(err, ledger.ErrUnknownKind)
	if err != nil && !later {
		return err
	}
	if entry.Index != stored.Index {
		return fmt.Errorf("calls itself %d", entry.Index)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if later {
		// Nothing is decided any more, but the log goes on.
		s.state.Unknown = true
		s.state.Next = entry.Index + 1
	} else if err := ledger.Apply(s.state, entry); err != nil {
		return err
	}
	s.tree.add(tlog.Commit(stored.Salt, stored.Bytes))
	s.overview.heed(entry)
	return nil
}

// read runs f on the state; f must not keep it.
func (s *Service) read(f func(state *ledger.State)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f(s.state)
}

// Run signs checkpoints, writes rolled-up denials and the time down, and sweeps,
// until ctx ends.
func (s *Service) Run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { s.runCheckpoints(ctx) })
	group.Go(func() { s.runDenials(ctx) })
	group.Go(func() { s.runSweeps(ctx) })
	group.Go(func() { s.runTime(ctx) })
	group.Wait()
}

// Ready reports whether the hub can do its work: it can write, Vault signs, and
// the clock is trusted when Vault has said what time it is.
func (s *Service) Ready(ctx context.Context) error {
	s.mu.RLock()
	broken := s.broken
	s.mu.RUnlock()
	if broken != nil {
		return broken
	}
	if err := s.clockReady(); err != nil {
		return err
	}
	if err := s.Store.View(ctx, func(r store.Reader) error { _, err := r.Size(); return err }); err != nil {
		return err
	}
	if err := s.Vault.Ready(ctx); err != nil {
		return err
	}
	return s.clockReady()
}

func (s *Service) clockReady() error {
	if view := s.ClockView(); !view.Trusted {
		return &Error{Code: CodeClockUntrusted, Detail: view.Reason}
	}
	return nil
}

func (s *Service) now() (time.Time, bool) {
	s.mu.RLock()
	last := s.state.Time
	s.mu.RUnlock()
	return s.watch.now(last)
}

// shown is the time for views, from which nothing is decided.
func (s *Service) shown() time.Time {
	s.mu.RLock()
	last := s.state.Time
	s.mu.RUnlock()
	return s.watch.shown(last)
}
