package desk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
)

// Access says who could open an item at an instant, and why, from the entries that
// stood in this agency's ledger then and from nothing that came later. The zero
// time is now; one after now is refused. It may be asked about one release only.
//
// The originator's auditor is told of every party; a receiver's of its own agency
// and of the originator, because whom else a release was addressed to is the
// originator's to know. The originator's releaser is told the same of own items, of
// now only. An agency that could open any of the releases asked about
// could open the item.
func (d *Desk) Access(ctx context.Context, o *Officer, lang, itemID, named string, at time.Time) (deskapi.Access, error) {
	if o.need(ReadAccess) != nil {
		// Who releases may ask who can open what they released, now. About anything
		// else the answer is the same as about nothing.
		if o.need(ReadOwnAccess) != nil || !at.IsZero() || !d.isOwn(itemID) {
			return deskapi.Access{}, o.need(ReadAccess)
		}
	}
	shelf, err := d.shelf(ctx)
	if err != nil {
		return deskapi.Access{}, err
	}
	out := deskapi.Access{Item: itemID, At: at.UTC(), Agencies: []deskapi.AgencyAccess{}}
	err = d.view(func(s *ledger.State, now time.Time) error {
		if len(d.auditable(s, itemID, named, shelf)) == 0 {
			return notFound
		}
		if at.After(now) {
			return malformed("the instant has not come yet")
		}
		if at.IsZero() {
			out.At = now
		}
		return nil
	})
	if err != nil {
		return deskapi.Access{}, err
	}
	past, err := d.asOf(ctx, out.At)
	if err != nil {
		return deskapi.Access{}, err
	}
	addressed, err := d.addressed(ctx)
	if err != nil {
		return deskapi.Access{}, err
	}
	err = d.view(func(s *ledger.State, _ time.Time) error {
		best := map[act.AgencyName]deskapi.AgencyAccess{}
		for _, release := range d.auditable(s, itemID, named, shelf) {
			d.explain(lang, past, release, addressed, &out, best)
			if then := past.Release(release.ID); then != nil {
				out.Disposals = append(out.Disposals, disposals(lang, then)...)
			}
		}
		for _, answer := range best {
			out.Agencies = append(out.Agencies, answer)
		}
		return nil
	})
	slices.SortFunc(out.Agencies, func(a, b deskapi.AgencyAccess) int { return cmp.Compare(a.Agency, b.Agency) })
	return out, err
}

// isOwn reports whether this agency published the item.
func (d *Desk) isOwn(itemID string) bool {
	own := false
	_ = d.view(func(s *ledger.State, _ time.Time) error {
		it := s.Item(itemID)
		own = it != nil && it.Publisher == d.Agency
		return nil
	})
	return own
}

// auditable returns the releases of an item that this agency made or has a cover
// of, newest first. What it has nothing of does not exist for it.
func (d *Desk) auditable(s *ledger.State, itemID, named string, shelf shelf) []*ledger.Release {
	it := s.Item(itemID)
	if it == nil {
		return nil
	}
	var releases []*ledger.Release
	for _, release := range slices.Backward(it.Releases) {
		mine := it.Publisher == d.Agency || shelf.covers[string(release.ID)].State == deskstore.Available
		if mine && (named == "" || named == string(release.ID)) {
			releases = append(releases, release)
		}
	}
	return releases
}

// asOf folds what stood in this agency's ledger at an instant, verified anew.
func (d *Desk) asOf(ctx context.Context, at time.Time) (*ledger.State, error) {
	info, err := d.pinned(ctx)
	if err != nil {
		return nil, err
	}
	past, err := ledger.New(ledger.Genesis{Hub: info.ID, LogKey: info.LogKey, Registrar: info.Registrar})
	if err != nil {
		return nil, err
	}
	past.Partial = true
	var entries [][]byte
	err = d.Store.Entries(ctx, func(e deskstore.Entry) error {
		entries = append(entries, e.Bytes)
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	return past, ledger.FoldUntil(past, entries, at)
}

// addressed says whom each own release was sealed to: the ledger carries salted
// hashes of that only.
func (d *Desk) addressed(ctx context.Context) (map[act.ID][]act.AgencyName, error) {
	sent, err := d.Store.Outgoings(ctx, "")
	if err != nil {
		return nil, err
	}
	out := map[act.ID][]act.AgencyName{}
	for _, o := range sent {
		out[act.ID(o.Secret.ActID)] = agencies(o.Secret.Recipients)
	}
	return out, nil
}

// explain adds the answers about one release, and keeps of each agency the one
// that says most: a yes, or else what stood in the way of a release that it had.
func (d *Desk) explain(
	lang string, past *ledger.State, release *ledger.Release, addressed map[act.ID][]act.AgencyName,
	out *deskapi.Access, best map[act.AgencyName]deskapi.AgencyAccess,
) {
	own := release.Item.Publisher == d.Agency
	described, known := addressed[release.ID]
	if !own {
		described = []act.AgencyName{d.Agency}
	}
	for _, answer := range policy.Explain(past, release, described, out.At) {
		self := answer.Agency == d.Agency || answer.Agency == release.Item.Publisher
		if !self && !own {
			continue
		}
		if !self && !known {
			// A desk that lost its disk no longer knows whom it sealed this to, and
			// must say neither yes nor no.
			out.Incomplete = true
			continue
		}
		before, told := best[answer.Agency]
		if told && weight(before.Allow, before.Reason) >= weight(answer.Allow, answer.Reason) {
			continue
		}
		best[answer.Agency] = deskapi.AgencyAccess{
			Agency: string(answer.Agency), Allow: answer.Allow, Reason: answer.Reason, Evidence: answer.Evidence,
			Message: accessSentence(lang, past, release, answer, out.At),
			Release: string(release.ID), Version: release.Version, Reference: release.Revision.Document.Reference,
		}
	}
}

// weight orders what can be said of one agency by several releases.
func weight(allow bool, reason string) int {
	switch {
	case allow:
		return 2
	case reason == policy.NotARecipient, reason == policy.UnknownRelease:
		return 0
	}
	return 1
}
