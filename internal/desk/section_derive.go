package desk

import (
	"context"
	"errors"
	"slices"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/seal"
)

// readSections are the terms of the sections that an author of the draft has read,
// by the release that the draft is made from: what he read may be in what he wrote.
// A copy has the body only. The ledger does not say which terms a section has, so
// this is the desk's own discipline; the hub holds a release to its parents' terms.
func (d *Desk) readSections(ctx context.Context, draft deskstore.Draft) (map[act.ID]restriction.Set, error) {
	read := map[act.ID]restriction.Set{}
	if len(draft.Secret.Parents) == 0 {
		return read, nil
	}
	authors, err := d.Store.Authors(ctx, draft.ID)
	if err != nil {
		return nil, err
	}
	for _, parent := range draft.Secret.Parents {
		if parent.Relation == asItIs {
			continue
		}
		openings, err := d.Store.Openings(ctx, parent.Release)
		if err != nil {
			return nil, err
		}
		all, err := d.descriptors(ctx, act.ID(parent.Release))
		if err != nil && !errors.Is(err, deskstore.ErrNotFound) {
			return nil, err
		}
		for _, opening := range openings {
			at := slices.IndexFunc(all, func(sd seal.SaltedDescriptor) bool { return sd.Descriptor.Part == opening.Secret.Part })
			if at < 0 || len(opening.Secret.Salt) == 0 || !slices.Contains(authors, opening.Officer) {
				continue
			}
			id, terms := act.ID(parent.Release), restriction.Set(all[at].Descriptor.Restrictions)
			read[id] = restriction.Meet(read[id], terms)
		}
	}
	return read, nil
}

// inheritSections meets the terms of a release with those of the sections of others
// that its authors read, but for the axes that name the receivers, as inherit does.
func (d *Desk) inheritSections(s *ledger.State, terms restriction.Set, read map[act.ID]restriction.Set) restriction.Set {
	for id, set := range read {
		if parent := s.Release(id); parent != nil && parent.Item.Publisher != d.Agency {
			terms = restriction.Meet(terms, set.Without(restriction.Audience, restriction.Officers, restriction.Recipients))
		}
	}
	return terms
}
