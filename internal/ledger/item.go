package ledger

import (
	"maps"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// release adds one version of an item under one agreement. Whether the agreement
// lets it happen now is policy's to decide before the entry is made; what is
// checked here must hold at any time for the state to make sense.
func (c *cursor) release(p *act.ItemRelease) (func(), error) {
	if _, err := c.signer(); err != nil {
		return nil, err
	}
	revision := c.revisions[p.Agreement.Digest]
	if revision == nil || revision.Document.ID != p.Agreement.ID || revision.Party(c.issuer()) == nil {
		return nil, refuse("agreement_unknown", "the signer has no such agreement")
	}
	if err := restriction.Set(p.Restrictions).Validate(); err != nil {
		return nil, refuse("restriction_invalid", "%v", err)
	}
	item := c.items[p.Item]
	switch {
	case item == nil && p.Version != 1 && !c.Partial:
		return nil, refuse("version_out_of_order", "the first version of an item is 1")
	case item != nil && item.Publisher != c.issuer():
		return nil, refuse("item_unknown", "the signer has published no such item")
	case item != nil && (item.Kind != p.ItemKind || item.Retracted != nil):
		return nil, refuse("item_retracted", "a retracted item is not released again")
	case item != nil && p.Version != item.Version && (p.Version < item.Version || p.Version != item.Version+1 && !c.Partial):
		return nil, refuse("version_out_of_order", "a version is the newest one or the next")
	}
	parents, err := c.parents(p)
	if err != nil {
		return nil, err
	}
	effective := Effective(revision, p.Restrictions)
	digest, err := effective.Digest()
	if err != nil {
		return nil, refuse("restriction_invalid", "the restrictions have no canonical form")
	}
	return func() {
		if item == nil {
			item = &Item{ID: p.Item, Kind: p.ItemKind, Publisher: c.issuer()}
			c.items[p.Item] = item
		}
		item.Version = p.Version
		release := &Release{
			ID: c.entry.Act.ID, Index: c.entry.Index, Time: c.entry.Time, Item: item, Version: p.Version,
			Revision: revision, Payload: p, Effective: effective, EffectiveDigest: digest, Parents: parents,
		}
		if len(item.Restricts) > 0 {
			release.tighten()
		}
		item.Releases = append(item.Releases, release)
		c.releases[release.ID] = release
		c.agreements[revision.Document.ID].give(c.issuer(), item.ID)
	}, nil
}

// give notes that an agency has released an item under a revision of the agreement.
func (a *Agreement) give(name act.AgencyName, item string) {
	if a.given[name] == nil {
		a.given[name] = map[string]bool{}
	}
	a.given[name][item] = true
}

// HasGiven reports whether the agency has released an item under any revision of the
// agreement that it has not taken back.
func (a *Agreement) HasGiven(name act.AgencyName) bool { return len(a.given[name]) > 0 }

// Effective returns what binds the receivers of a release: the agreement's floor
// and purposes, met with what the originator asked for.
func Effective(revision *Revision, asked map[string][]string) restriction.Set {
	terms := maps.Clone(revision.Document.Floor)
	purposes := restriction.Set{string(restriction.Purposes): revision.Document.Purposes}
	return restriction.Meet(restriction.Meet(terms, purposes), restriction.Set(asked))
}

func (c *cursor) retract(p *act.ItemRetract) (func(), error) {
	if _, err := c.signer(); err != nil {
		return nil, err
	}
	item := c.items[p.Item]
	if item == nil || item.Publisher != c.issuer() {
		return nil, refuse("item_unknown", "the signer has published no such item")
	}
	if item.Retracted != nil {
		return nil, refuse("item_retracted", "the item is retracted already")
	}
	return func() {
		step := c.step
		item.Retracted = &step
		for _, release := range item.Releases {
			delete(c.agreements[release.Revision.Document.ID].given[item.Publisher], item.ID)
		}
	}, nil
}

// parents finds the releases from which an item was made. A desk may hear of an
// item and not of what it was made from.
func (c *cursor) parents(p *act.ItemRelease) ([]*Release, error) {
	var parents []*Release
	for _, named := range p.Parents {
		parent := c.releases[named.Release]
		switch {
		case parent != nil:
			parents = append(parents, parent)
		case !c.Partial:
			return nil, refuse("release_unknown", "the item names a release as its parent that is not there")
		}
	}
	return parents, nil
}

// open is evidence that somebody asked; the record after it says what was decided.
func (c *cursor) open(p *act.ItemOpen) (func(), error) {
	if _, err := c.signer(); err != nil {
		return nil, err
	}
	if c.releases[p.Release] == nil {
		return nil, refuse("release_unknown", "there is no such release")
	}
	return func() {}, nil
}
