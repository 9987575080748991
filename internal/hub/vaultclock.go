package hub

import (
	"context"
	"time"

	"github.com/concordat-hub/concordat/internal/store"
)

// vaultTime is what Vault's clock last showed. A clock that was set while the hub
// was down has nothing else to be held against: what runs in the hub's own process
// begins with it, and the ledger only knows what was the least.
type vaultTime struct {
	heard   bool
	at      time.Time     // the middle of what it can have been
	running time.Duration // of the hub's clock, at that moment
	// accepted is how far the hub's clock is ahead of Vault's, as an administrator
	// has confirmed it.
	accepted time.Duration
}

// hear holds the clock against what an answer of Vault says of the time. A Date is
// a second coarse and as old as its way was long: only what is out of bounds for
// certain counts, so that a slow answer never does.
func (w *watch) hear(date time.Time, took time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	doubt := (took + time.Second) / 2
	w.vault.heard, w.vault.at, w.vault.running = true, date.Add(doubt), w.clock.Monotonic()
	offset := w.offset()
	if apart := (offset - w.vault.accepted).Abs(); apart <= maxJump+doubt {
		return
	}
	if offset < 0 {
		w.distrust("the clock is %v behind Vault's", -offset)
	} else {
		w.distrust("the clock is %v ahead of Vault's", offset)
	}
}

// offset is how far the clock is ahead of Vault's.
func (w *watch) offset() time.Duration {
	vault := w.vault.at.Add(w.clock.Monotonic() - w.vault.running)
	return w.clock.Now().Sub(vault)
}

func (w *watch) heardVault() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.vault.heard
}

// acceptable is the offset that a confirmation takes as it is. Within the bound
// that is none: small steps that are confirmed one by one must not add up.
func (w *watch) acceptable() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.vault.heard {
		return w.vault.accepted
	}
	if offset := w.offset(); offset.Abs() > maxJump {
		return offset
	}
	return 0
}

// timed has Vault asked for the time before the first decision of this process. It
// fails while Vault does not answer: until then nothing shows that the clock was
// set while the hub was down. Any answer will do, also a refusal.
func (s *Service) timed(ctx context.Context) error {
	if s.watch.heardVault() {
		return nil
	}
	err := s.Vault.Ready(ctx)
	switch {
	case s.watch.heardVault():
		return nil
	case err != nil:
		return err
	}
	return &Error{Code: CodeClockUntrusted, Detail: "Vault's answers do not say what time it is"}
}

// ClockView is what the hub tells of its clock.
type ClockView struct {
	Trusted bool
	Reason  string // why it is not
	// Ahead is how far it is ahead of Vault's; nil before Vault was heard.
	Ahead *time.Duration
}

// ClockView returns how the clock stands now.
func (s *Service) ClockView() ClockView {
	_, trusted := s.now()
	w := s.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	view := ClockView{Trusted: trusted, Reason: w.untrusted}
	if w.vault.heard {
		ahead := w.offset()
		view.Ahead = &ahead
	}
	return view
}

// ConfirmClock takes the machine's present time as right, and with it how far it is
// from Vault's. Another offset than that counts anew, also after a restart. Where
// Vault does not answer now, the offset that it told last is taken.
func (s *Service) ConfirmClock(ctx context.Context) error {
	if err := s.Vault.Ready(ctx); err != nil {
		s.Log.Warn("the clock is confirmed without a new answer of Vault", "error", err)
	}
	offset := s.watch.acceptable()
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		if err := tx.SetMeta(offsetKey, []byte(offset.String())); err != nil {
			return err
		}
		return tx.SetMeta(timeKey, timeText(s.Clock.Now()))
	})
	if err != nil {
		return err
	}
	s.watch.confirm(offset)
	s.Log.Info("the clock is confirmed", "aheadOfVault", offset.String())
	return nil
}
