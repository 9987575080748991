package desk

import (
	"context"
	"errors"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/ledger"
)

const pollWait = 25 * time.Second

// follow reads the feed for as long as the desk lives.
func (d *Desk) follow(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		wait := pollWait
		if failures > 0 {
			wait = 0 // that the hub is back must show before something new comes
		}
		_, err := d.pull(ctx, wait)
		d.health.hubAnswered(d.Now(), err)
		if err == nil {
			failures = 0
			continue
		}
		if ctx.Err() != nil {
			return
		}
		failures++
		d.Log.Warn("feed", "agency", d.Agency, "code", AsError(err).Code, "cause", err)
		if !pause(ctx, min(time.Duration(failures)*250*time.Millisecond, 3*time.Second)) {
			return
		}
	}
}

// catchUp reads the feed to its present end.
func (d *Desk) catchUp(ctx context.Context) error {
	for {
		more, err := d.pull(ctx, 0)
		d.health.hubAnswered(d.Now(), err)
		if err != nil || !more {
			return err
		}
	}
}

// pull reads once. It reports whether there may be more at once.
func (d *Desk) pull(ctx context.Context, wait time.Duration) (bool, error) {
	d.mu.RLock()
	after := d.cursor
	d.mu.RUnlock()
	feed, err := d.hub.Feed(ctx, after, wait)
	if err != nil {
		var refused *HubError
		if errors.As(err, &refused) && refused.Status == 401 {
			d.forgetBearer()
		}
		return false, err
	}
	return d.fold(ctx, after, feed)
}

// fold verifies, stores and applies what was read, whole or not at all: after a
// crash the same stretch is read again. An entry that does not follow from those
// before it is a gap: the hub hides something or is broken, and the desk decides
// nothing until the feed makes sense again.
func (d *Desk) fold(ctx context.Context, after uint64, feed Feed) (bool, error) {
	d.folding.Lock()
	defer d.folding.Unlock()
	d.mu.Lock()
	if d.cursor != after {
		d.mu.Unlock()
		return true, nil // another call was faster; read on from there
	}
	if len(feed.Entries) == 0 {
		d.cursor = max(d.cursor, feed.Next)
		d.gap = ""
		d.mu.Unlock()
		return feed.More, nil
	}
	var rows []deskstore.Entry
	var refusal error
	for _, e := range feed.Entries {
		if refusal = d.applyOne(e); refusal != nil {
			break
		}
		rows = append(rows, deskstore.Entry{Index: e.Index, Salt: e.Salt, Bytes: e.Bytes})
	}
	err := refusal
	if err == nil {
		err = d.Store.AddEntries(ctx, rows, feed.Next)
	}
	if err == nil {
		failpoint.Hit("desk.feed.stored")
		d.cursor, d.gap = feed.Next, ""
		d.mu.Unlock()
		poke(d.changed)
		return feed.More, nil
	}
	if refusal != nil {
		d.gap = gapCode(refusal)
		err = &Error{Code: CodeLedgerGap, Reason: d.gap, cause: refusal}
	}
	d.mu.Unlock()
	return false, errors.Join(err, d.refold(context.WithoutCancel(ctx)))
}

// applyOne verifies and applies one entry; d.mu must be held for writing.
func (d *Desk) applyOne(e FeedEntry) error {
	entry, err := d.state.Verify(e.Bytes)
	if errors.Is(err, ledger.ErrUnknownKind) {
		d.state.Unknown = true
		return nil
	}
	if err != nil {
		return err
	}
	if entry.Index != e.Index {
		return &ledger.Error{Code: "index_differs"}
	}
	return ledger.Apply(d.state, entry)
}

func gapCode(err error) string {
	var refused *ledger.Error
	var bad *act.Error
	switch {
	case errors.As(err, &refused):
		return refused.Code
	case errors.As(err, &bad):
		return bad.Code
	}
	return "entry_malformed"
}

// await reads the feed until the act is folded, so that who caused it sees it.
func (d *Desk) await(ctx context.Context, id act.ID) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		if err := d.catchUp(ctx); err != nil {
			return err
		}
		d.mu.RLock()
		_, seen := d.state.Seen(id)
		d.mu.RUnlock()
		if seen {
			return nil
		}
		if !pause(ctx, 50*time.Millisecond) {
			return ErrHubUnavailable
		}
	}
}
