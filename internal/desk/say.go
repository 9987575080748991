package desk

import (
	"context"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// say signs an act with desk-sign, sends it, and waits until the desk's own view
// has it, or, if the act may wait, until it is stored for a hub that is away.
func (d *Desk) say(ctx context.Context, payload func(act.Common) act.Payload) (deskapi.Appended, error) {
	jws, kind, err := d.signFor(ctx, payload)
	if err != nil {
		return deskapi.Appended{}, err
	}
	return d.pass(ctx, jws, kind)
}

// pass sends a signed act, and keeps it until the hub has it if it is of a kind
// that waits.
func (d *Desk) pass(ctx context.Context, jws string, kind act.Kind) (deskapi.Appended, error) {
	if !waits[kind] {
		return d.append(ctx, jws)
	}
	return only(d.commit(ctx, nil, jws))
}

func only(all []deskapi.Appended, err error) (deskapi.Appended, error) {
	if err != nil || len(all) == 0 {
		return deskapi.Appended{}, err
	}
	return all[0], nil
}

// about finds the release that an act after the release speaks of, and runs f on
// it. It reads the feed first: an answer is to the newest terms that there are to
// know. If others came while the hub was away, it refuses the answer for good.
func (d *Desk) about(ctx context.Context, itemID, named string, f func(s *ledger.State, release *ledger.Release, now time.Time) error) (act.ID, error) {
	if err := d.refresh(ctx); err != nil {
		return "", err
	}
	id, err := d.pickRelease(ctx, itemID, named)
	if err != nil {
		return "", err
	}
	return id, d.view(func(s *ledger.State, now time.Time) error {
		release := s.Release(id)
		if release == nil {
			return notFound
		}
		return f(s, release, now)
	})
}

// received is about for what another agency released.
func (d *Desk) received(ctx context.Context, itemID, named string, f func(release *ledger.Release, now time.Time) error) (act.ID, error) {
	return d.about(ctx, itemID, named, func(_ *ledger.State, release *ledger.Release, now time.Time) error {
		if release.Item.Publisher == d.Agency {
			return refuse(CodeOwnRelease)
		}
		return f(release, now)
	})
}

// readable says restrictions axis by axis, with what stands behind each.
func readable(lang string, set restriction.Set) []deskapi.Term {
	say := func(s restriction.Sentence) string {
		return message.Render(lang, message.New(s.Code, message.Params{"Terms": s.Terms}))
	}
	out := []deskapi.Term{}
	for _, line := range set.Lines() {
		term := deskapi.Term{
			Axis: string(line.Axis), Terms: append([]string{}, set[string(line.Axis)]...), Name: say(line.Name), Says: []string{},
			Enforcement: string(line.Enforcement), How: say(line.How), Outside: say(line.AfterExport),
		}
		for _, said := range line.Says {
			term.Says = append(term.Says, say(said))
		}
		out = append(out, term)
	}
	return out
}
