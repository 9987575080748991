package hub

import (
	"context"
	"errors"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/store"
)

// MaxDeliveries bounds the releases of one batch.
const MaxDeliveries = 64

// Delivery is the answer for one release of a batch. A release that the caller
// may not know of has Reason not_found, as has one that does not exist.
type Delivery struct {
	Release     act.ID
	Allow       bool
	Reason      string
	Descriptors []seal.SaltedDescriptor // the caller's own
	Header      []byte                  // of the cover, if the caller has a descriptor for it
	BodyDigest  string                  // of the cover
}

// Deliver decides the handing out of covers, one record for the batch, and calls
// answer as Open does.
func (s *Service) Deliver(ctx context.Context, caller act.AgencyName, releases []act.ID, answer func(context.Context, []Delivery) error) error {
	if len(releases) == 0 || len(releases) > MaxDeliveries {
		return refuse(CodeMalformed, "a batch has 1 to %d releases", MaxDeliveries)
	}
	d := &delivering{s: s, caller: caller}
	if err := d.find(ctx, releases); err != nil {
		return err
	}
	if err := d.unlock(ctx); err != nil {
		return err
	}
	failpoint.Hit("deliver.unlocked")
	defer func() { s.flights.end(d.flight) }()
	if err := d.record(ctx); err != nil {
		return err
	}
	failpoint.Hit("deliver.recorded")
	if d.flight == nil {
		return answer(ctx, d.answers)
	}
	if d.flight.ctx.Err() != nil {
		return errCut
	}
	return answer(d.flight.ctx, d.answers)
}

type delivering struct {
	s       *Service
	caller  act.AgencyName
	answers []Delivery
	covers  []*store.Part // beside answers
	headers [][]byte
	flight  *flight
}

func (d *delivering) find(ctx context.Context, releases []act.ID) error {
	return d.s.Store.View(ctx, func(r store.Reader) error {
		asked := map[act.ID]bool{}
		for _, release := range releases {
			if asked[release] {
				continue
			}
			asked[release] = true
			descriptors, err := r.Descriptors(release, d.caller)
			if err != nil {
				return err
			}
			var cover *store.Part
			for _, one := range descriptors {
				if one.Descriptor.Part != CoverPart {
					continue
				}
				part, err := r.Part(release, CoverPart, one.Descriptor.Ordinal)
				if errors.Is(err, store.ErrNotFound) {
					continue // deleted: the decision says why
				}
				if err != nil {
					return err
				}
				cover = &part
			}
			d.answers = append(d.answers, Delivery{Release: release, Descriptors: descriptors})
			d.covers = append(d.covers, cover)
		}
		d.headers = make([][]byte, len(d.answers))
		return nil
	})
}

func (d *delivering) decide(state *ledger.State, n int, at time.Time) policy.Decision {
	return policy.Decide(state, policy.Request{
		Action: policy.ToDeliver, Agency: d.caller, Release: d.answers[n].Release, Described: len(d.answers[n].Descriptors) > 0,
	}, at)
}

// unlock takes the lock off the covers that look deliverable; the transaction
// decides.
func (d *delivering) unlock(ctx context.Context) error {
	now, trusted := d.s.now()
	if !trusted {
		return &Error{Code: CodeClockUntrusted}
	}
	for n := range d.answers {
		var release *ledger.Release
		var allow bool
		d.s.read(func(state *ledger.State) {
			release = state.Release(d.answers[n].Release)
			allow = d.decide(state, n, now).Allow
		})
		if !allow || d.covers[n] == nil {
			continue
		}
		header, err := d.s.unlock(ctx, release.Payload, *d.covers[n])
		if err != nil {
			return err
		}
		d.headers[n] = header
	}
	return nil
}

func (d *delivering) record(ctx context.Context) error {
	return d.s.write(ctx, func(b *batch) error {
		record := &ledger.Record{Type: ledger.DecisionRecord, Agency: d.caller, Action: string(policy.ToDeliver)}
		anyAllowed := false
		for n := range d.answers {
			decision := d.decide(b.state, n, b.now)
			one := &d.answers[n]
			if decision.Reason == policy.UnknownRelease || decision.Reason == policy.NotARecipient {
				one.Reason, one.Descriptors = CodeNotFound, nil
				continue
			}
			if decision.Allow && d.covers[n] != nil && d.headers[n] == nil {
				return &Error{Code: CodeStorageBusy, RetryAfter: retrySoon}
			}
			one.Allow, one.Reason = decision.Allow, decision.Reason
			if decision.Allow {
				anyAllowed = true
				d.fill(n)
			} else if one.Descriptors = nil; d.rolledUp(n) {
				continue
			}
			record.Results = append(record.Results, result(one.Release, decision))
		}
		if len(record.Results) == 0 {
			return nil
		}
		index, err := b.append(nil, record)
		if err != nil {
			return err
		}
		for _, r := range record.Results {
			if !r.Allow {
				d.s.denials.recorded(d.denial(r.Release, r.Reason), index)
			}
		}
		if anyAllowed {
			d.flight = d.s.flights.begin(ctx, index)
		}
		return b.show(index, d.caller)
	})
}

func (d *delivering) fill(n int) {
	if d.covers[n] != nil {
		d.answers[n].Header, d.answers[n].BodyDigest = d.headers[n], d.covers[n].BodyDigest
	}
}

func (d *delivering) rolledUp(n int) bool {
	_, repeated := d.s.denials.repeated(d.denial(d.answers[n].Release, d.answers[n].Reason))
	return repeated
}

func (d *delivering) denial(release act.ID, reason string) denial {
	return denial{agency: d.caller, action: string(policy.ToDeliver), release: release, part: CoverPart, reason: reason}
}
