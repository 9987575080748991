package hub

import (
	"context"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
)

const (
	denialWindow = time.Minute
	retrySoon    = time.Second
)

// denial is one kind of refusal. The first of a kind is recorded at once; repeats
// within a minute are counted and become one record, so that whoever knocks on a
// closed door cannot fill the ledger.
type denial struct {
	agency  act.AgencyName
	action  string
	release act.ID
	part    string
	reason  string
}

type denials struct {
	mu  sync.Mutex
	all map[denial]*counted
}

type counted struct {
	index uint64 // of the record of the first
	count int    // of the repeats since
}

// repeated counts a repeat and returns the index of the record of the first, or
// false if this one has to be recorded itself.
func (d *denials) repeated(kind denial) (uint64, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.all[kind]
	if known == nil {
		return 0, false
	}
	known.count++
	return known.index, true
}

// recorded remembers that a denial of this kind stands in the ledger.
func (d *denials) recorded(kind denial, index uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all == nil {
		d.all = map[denial]*counted{}
	}
	if d.all[kind] == nil {
		d.all[kind] = &counted{index: index}
	}
}

// take ends the window and returns what had repeats in it.
func (d *denials) take() map[denial]*counted {
	d.mu.Lock()
	defer d.mu.Unlock()
	due := map[denial]*counted{}
	for kind, known := range d.all {
		if known.count > 0 {
			due[kind] = known
		}
	}
	d.all = nil
	return due
}

// giveBack puts counts back that could not be written.
func (d *denials) giveBack(due map[denial]*counted) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all == nil {
		d.all = map[denial]*counted{}
	}
	for kind, old := range due {
		if known := d.all[kind]; known != nil {
			known.count += old.count
		} else {
			d.all[kind] = old
		}
	}
}

func (s *Service) runDenials(ctx context.Context) {
	tick := time.NewTicker(denialWindow)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.rollUp(context.WithoutCancel(ctx))
			return
		case <-tick.C:
			s.rollUp(ctx)
		}
	}
}

// rollUp writes one record per agency and kind. Counts that a crash loses are of
// repeats only: the first denial of the kind is in the ledger.
func (s *Service) rollUp(ctx context.Context) {
	due := s.denials.take()
	if len(due) == 0 {
		return
	}
	err := s.write(ctx, func(b *batch) error {
		for kind, known := range due {
			index, err := b.append(nil, &ledger.Record{
				Type: ledger.DenialsRecord, Agency: kind.agency, Action: kind.action, Part: kind.part, Count: known.count,
				Results: []ledger.Result{{Release: kind.release, Reason: kind.reason}},
			})
			if err != nil {
				return err
			}
			if err := b.show(index, kind.agency); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.denials.giveBack(due)
		s.Log.Warn("denials not recorded yet", "error", err)
	}
}
