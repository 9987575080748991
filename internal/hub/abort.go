package hub

import (
	"context"
	"errors"

	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
)

// errCut ends a response whose right to open ended while it was on its way.
var errCut = &Error{Code: CodeStorageBusy, RetryAfter: retrySoon, cause: errors.New("a later act has cut the response")}

// hand gives the header to the transport unless the right to open was taken away
// between the record and now. If that was so before the first byte, the open is
// taken back.
func (o *opening) hand(ctx context.Context, answer func(context.Context, Opened) error) error {
	err := o.still()
	if err == nil {
		err = answer(o.flight.ctx, Opened{
			Decision: Decided{Index: *o.index, Act: o.actIndex}, Descriptor: o.descriptor, Header: o.header,
			Obligations: o.decision.Obligations, Still: o.still,
		})
	}
	if errors.Is(err, errCut) {
		o.abort(ctx)
	}
	return err
}

// still returns errCut if an act has ended the right to open since the record: one
// that has waited long enough for this answer, or one that is in the ledger and is
// about this very open. An asker who has gone away ends the answer too, but is no
// reason to say that there was none.
func (o *opening) still() error {
	if errors.Is(context.Cause(o.flight.ctx), errCut) || !o.stands() {
		return errCut
	}
	return o.flight.ctx.Err()
}

// stands decides once more, by the ledger as it is now, which holds this open.
func (o *opening) stands() bool {
	request := o.request()
	request.Again = true // this open is among those that are counted
	stands := false
	o.s.read(func(state *ledger.State) {
		now, trusted := o.s.watch.now(state.Time)
		stands = trusted && signedNow(state, o.act) == nil && policy.Decide(state, request, now).Allow
	})
	return stands
}

// abort takes the open back in the ledger. The flight is over before that: the act
// that ended the right waits for the answer, of which there is none, and not for
// this record of it.
func (o *opening) abort(ctx context.Context) {
	o.s.flights.end(o.flight)
	o.flight = nil
	err := o.s.write(ctx, func(b *batch) error {
		index, err := b.append(nil, &ledger.Record{
			Type: ledger.AbortRecord, Agency: o.act.KeyID.Agency, Action: string(policy.ToOpen), Act: o.act.ID, Part: o.payload.Part,
			Decision: *o.index, Results: []ledger.Result{{Release: o.payload.Release, Reason: ledger.AbortedEpochChanged}},
		})
		if err != nil {
			return err
		}
		return b.show(index, o.audience(b)...)
	})
	if err != nil {
		o.s.Log.Error("an aborted open stands as allowed", "decision", *o.index, "error", err)
		return
	}
	o.s.counters.Aborted.Add(1)
}
