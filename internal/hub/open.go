package hub

import (
	"context"
	"errors"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/store"
)

// Opened is what an allowed open hands out. The header opens only with the
// receiving agency's own sealing identity.
type Opened struct {
	Decision    Decided
	Descriptor  seal.SaltedDescriptor
	Header      []byte
	Obligations []policy.Obligation
	// Still is asked right before the first byte of the answer. If it returns an
	// error, the right to open has ended: nothing is written, and the error returned.
	Still func() error
}

// Decided says where the record of a decision stands.
type Decided struct {
	Index uint64 // of the record
	Act   uint64 // of the item.open act
}

// Open decides an item.open and, if it is allowed, calls answer with the header
// once act and record are durable. answer writes the response and must write
// nothing after its context ends: then the right to open has been taken away. If
// that happens before the first byte, the ledger gets a record that takes the open
// back; a hub that ends before it wrote that leaves the open as it was allowed.
// The same act again is decided anew, with a new record. Errors: not_found for a
// release that the caller may not know of, open_denied with the reason.
func (s *Service) Open(ctx context.Context, caller act.AgencyName, raw []byte, answer func(context.Context, Opened) error) error {
	a, err := s.verify(raw)
	if err != nil {
		return err
	}
	payload, ok := a.Payload.(*act.ItemOpen)
	if !ok {
		return &Error{Code: CodeWrongEndpoint}
	}
	if a.KeyID.Agency != caller {
		return &Error{Code: CodeNotTheIssuer}
	}
	o := &opening{s: s, act: a, payload: payload}
	if err := o.find(ctx); err != nil {
		return err
	}
	decision, err := o.decideFirst()
	if err != nil {
		return err
	}
	if decision.Allow && !o.deleted {
		if err := o.unlock(ctx); err != nil {
			return err
		}
	}
	failpoint.Hit("open.unlocked")
	defer func() { s.flights.end(o.flight) }()
	if err := o.record(ctx); err != nil {
		return err
	}
	failpoint.Hit("open.recorded")
	if !o.decision.Allow {
		s.counters.Denied.Add(1)
		return &Error{Code: CodeOpenDenied, Reason: o.decision.Reason, Index: o.index}
	}
	s.counters.Opened.Add(1)
	return o.hand(ctx, answer)
}

// opening is one item.open on its way.
type opening struct {
	s          *Service
	act        *act.Act
	payload    *act.ItemOpen
	part       store.Part
	deleted    bool // the hub has no copy of the part any more
	descriptor seal.SaltedDescriptor
	header     []byte
	decision   policy.Decision
	index      *uint64
	actIndex   uint64
	flight     *flight
}

// find looks the part up for this agency. Whatever is missing, the answer is the
// same: no such thing.
func (o *opening) find(ctx context.Context) error {
	return o.s.Store.View(ctx, func(r store.Reader) error {
		descriptors, err := r.Descriptors(o.payload.Release, o.act.KeyID.Agency)
		if err != nil {
			return err
		}
		for _, d := range descriptors {
			if d.Descriptor.Part == o.payload.Part && d.Descriptor.Ordinal == 0 {
				o.descriptor = d
				o.part, err = r.Part(o.payload.Release, d.Descriptor.Part, 0)
				if o.deleted = errors.Is(err, store.ErrNotFound); o.deleted {
					return nil // the decision says why
				}
				return err
			}
		}
		return errNotFound
	})
}

// request asks for what the act says. Whether a program asks without anybody
// looking the hub cannot see: that restriction is the desk's to keep, and its word
// for an officer is in the act.
func (o *opening) request() policy.Request {
	return policy.Request{
		Action: policy.ToOpen, Agency: o.act.KeyID.Agency, Release: o.payload.Release, Described: true,
		Purpose: o.payload.Purpose, Accepted: o.payload.Restrictions, Officer: o.payload.Officer, Form: o.payload.FormOf(),
		Part: o.payload.Part, Section: o.descriptor.Descriptor.Restrictions,
	}
}

func (o *opening) decideFirst() (policy.Decision, error) {
	now, trusted := o.s.now()
	if !trusted {
		return policy.Decision{}, &Error{Code: CodeClockUntrusted}
	}
	o.s.mu.RLock()
	defer o.s.mu.RUnlock()
	return policy.Decide(o.s.state, o.request(), now), nil
}

func (o *opening) unlock(ctx context.Context) error {
	var release *ledger.Release
	o.s.read(func(state *ledger.State) { release = state.Release(o.payload.Release) })
	if release == nil {
		return errNotFound
	}
	var err error
	o.header, err = o.s.unlock(ctx, release.Payload, o.part)
	return err
}

// unlock takes the second lock off a header, in memory.
func (s *Service) unlock(ctx context.Context, p *act.ItemRelease, part store.Part) ([]byte, error) {
	return seal.UnlockHeader(ctx, s.Vault, p.Agreement.ID, s.lockContext(p, part.Part, part.BodyDigest), part.Locked)
}

// record decides again on the ledger's head and appends act and record. If the
// answer has turned from deny to allow meanwhile it stays deny: no header was
// unlocked.
func (o *opening) record(ctx context.Context) error {
	err := o.s.write(ctx, func(b *batch) error {
		if err := signedNow(b.state, o.act); err != nil {
			return err
		}
		o.decision = policy.Decide(b.state, o.request(), b.now)
		if o.decision.Allow && o.header == nil {
			return &Error{Code: CodeStorageBusy, RetryAfter: retrySoon}
		}
		if !o.decision.Allow {
			if index, repeated := o.s.denials.repeated(o.denial()); repeated {
				o.index = &index
				return nil
			}
		}
		if err := o.append(b); err != nil {
			return err
		}
		failpoint.Hit("open.in_tx")
		if o.decision.Allow {
			o.flight = o.s.flights.begin(ctx, *o.index)
		}
		return nil
	})
	if err == nil && !o.decision.Allow {
		o.s.denials.recorded(o.denial(), *o.index)
	}
	return err
}

func (o *opening) denial() denial {
	return denial{
		agency: o.act.KeyID.Agency, action: string(policy.ToOpen), release: o.payload.Release, part: o.payload.Part,
		reason: o.decision.Reason,
	}
}

func (o *opening) append(b *batch) error {
	audience := o.audience(b)
	index, again := b.state.Seen(o.act.ID)
	if !again {
		var err error
		if index, err = b.append(o.act, nil); err != nil {
			return err
		}
		if err := b.show(index, audience...); err != nil {
			return err
		}
	}
	record, err := b.append(nil, &ledger.Record{
		Type: ledger.DecisionRecord, Agency: o.act.KeyID.Agency, Action: string(policy.ToOpen), Act: o.act.ID, Part: o.payload.Part,
		Results: []ledger.Result{result(o.payload.Release, o.decision)},
	})
	if err != nil {
		return err
	}
	o.index, o.actIndex = &record, index
	return b.show(record, audience...)
}

// audience are who asks, and the originator, who must know who reads.
func (o *opening) audience(b *batch) []act.AgencyName {
	return []act.AgencyName{o.act.KeyID.Agency, b.state.Release(o.payload.Release).Item.Publisher}
}

func result(release act.ID, decision policy.Decision) ledger.Result {
	return ledger.Result{Release: release, Allow: decision.Allow, Reason: decision.Reason, Evidence: decision.Evidence}
}
