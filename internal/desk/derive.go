package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// asItIs is the relation of an item that is passed on unchanged.
const asItIs = "copy"

// CopyItem takes opened content into a draft of a new item whose parent is the
// release, to pass it on as it is. What the desk does not hold it cannot pass on:
// the officer opens it first. Second approval, screening and release follow as for
// any draft; whom it may reach is the originator's to say.
func (d *Desk) CopyItem(ctx context.Context, o *Officer, lang, itemID string, r deskapi.CopyRequest) (deskapi.Draft, error) {
	if err := o.need(WriteDrafts); err != nil {
		return deskapi.Draft{}, err
	}
	if err := o.need(OpenItems); err != nil {
		return deskapi.Draft{}, err
	}
	var kind string
	id, err := d.received(ctx, itemID, r.Release, func(release *ledger.Release, _ time.Time) error {
		kind = release.Item.Kind
		return nil
	})
	if err != nil {
		return deskapi.Draft{}, err
	}
	content, err := d.heldContent(ctx, o, id, r.Purpose)
	if err != nil {
		return deskapi.Draft{}, err
	}
	return d.newDraft(ctx, o, lang, act.NewItemID(), kind, content, []deskapi.Parent{{Release: string(id), Relation: asItIs}})
}

// heldContent is what this officer opened and the desk may still show.
func (d *Desk) heldContent(ctx context.Context, o *Officer, id act.ID, purpose string) ([]byte, error) {
	for _, each := range restriction.KnownPurposes() {
		if purpose != "" && purpose != each {
			continue
		}
		kept, err := d.Store.Kept(ctx, string(id), o.Name, each, "")
		if errors.Is(err, deskstore.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		a, err := d.ask(id, showing{officer: o.Name, purpose: each, again: true})
		if err != nil {
			return nil, err
		}
		if a.decision.Allow && kept.Secret.Accepted == a.digest && d.Now().Unix() < kept.Until {
			return kept.Secret.Content, nil
		}
	}
	return nil, refuse(CodeNotHeld)
}

// checkParents asks of each release that a draft is to be made from that this
// agency has it, and has opened it if it is another's.
func (d *Desk) checkParents(parents []deskapi.Parent) error {
	if len(parents) > act.MaxParents {
		return refuse(CodeTooLarge)
	}
	return d.view(func(s *ledger.State, _ time.Time) error {
		for _, parent := range parents {
			release := s.Release(act.ID(parent.Release))
			switch {
			case release == nil:
				return notFound
			case !slices.Contains(act.Relations(), parent.Relation):
				return malformed("a relation is copy, derived, extract or translation")
			case release.Item.Publisher != d.Agency && release.Reader(d.Agency) == nil:
				return refuse(CodeNotHeld)
			}
		}
		return nil
	})
}

// withEarlierParents adds what the item's newest version was made from: its next
// version is made from that too. A copy has none: it is passed on as it is.
func (d *Desk) withEarlierParents(itemID string, parents []deskapi.Parent) ([]deskapi.Parent, error) {
	err := d.view(func(s *ledger.State, _ time.Time) error {
		it := s.Item(itemID)
		if it == nil || len(it.Releases) == 0 {
			return nil
		}
		for _, earlier := range it.Releases[len(it.Releases)-1].Payload.Parents {
			switch {
			case earlier.Relation == asItIs:
				return refuse(CodeCopyUnchanged)
			case !slices.ContainsFunc(parents, func(p deskapi.Parent) bool { return p.Release == string(earlier.Release) }):
				parents = append(parents, deskapi.Parent{Release: string(earlier.Release), Relation: earlier.Relation})
			}
		}
		return nil
	})
	return parents, err
}

func storedParents(parents []deskapi.Parent) []deskstore.Parent {
	var out []deskstore.Parent
	for _, parent := range parents {
		out = append(out, deskstore.Parent{Release: parent.Release, Relation: parent.Relation})
	}
	return out
}

func (d *Desk) describeParents(parents []deskstore.Parent) []deskapi.Parent {
	var out []deskapi.Parent
	for _, parent := range parents {
		out = append(out, deskapi.Parent{Release: parent.Release, Relation: parent.Relation})
	}
	_ = d.view(func(s *ledger.State, _ time.Time) error {
		for i := range out {
			if release := s.Release(act.ID(out[i].Release)); release != nil {
				out[i].Item = release.Item.ID
			}
		}
		return nil
	})
	return out
}

// isCopy reports whether the draft is another's item as it is: it is not edited.
func isCopy(draft deskstore.Draft) bool {
	return slices.ContainsFunc(draft.Secret.Parents, func(p deskstore.Parent) bool { return p.Relation == asItIs })
}

// inheritedFrom are the terms that bind what this agency makes from a release: all
// of its own but those that name the receivers, whom the rule on passing on
// decides instead.
func inheritedFrom(parent *ledger.Release, maker act.AgencyName) restriction.Set {
	return parent.Terms(maker).Set.Without(restriction.Audience, restriction.Officers, restriction.Recipients)
}

// inherit meets the terms of a release with those of all that it is made from.
func (d *Desk) inherit(s *ledger.State, draft deskstore.Draft, terms restriction.Set) restriction.Set {
	for _, named := range draft.Secret.Parents {
		if parent := s.Release(act.ID(named.Release)); parent != nil && parent.Item.Publisher != d.Agency {
			terms = restriction.Meet(terms, inheritedFrom(parent, d.Agency))
		}
	}
	return terms
}

// parentsOf names what a release is made from with every consent that this agency
// has for it now and for its one purpose. None is left out: one that is not named
// binds nobody.
func (d *Desk) parentsOf(s *ledger.State, draft deskstore.Draft, terms restriction.Set, now time.Time) ([]act.Parent, error) {
	var out []act.Parent
	for _, named := range draft.Secret.Parents {
		found := false
		for _, consent := range d.consentsFor(s, act.ID(named.Release), terms.Value(restriction.Purposes), now) {
			out, found = append(out, act.Parent{Release: act.ID(named.Release), Relation: named.Relation, Consent: consent}), true
		}
		if !found {
			out = append(out, act.Parent{Release: act.ID(named.Release), Relation: named.Relation})
		}
	}
	if len(out) > act.MaxParents {
		return nil, refuse(CodeTooLarge)
	}
	return out, nil
}

func (d *Desk) consentsFor(s *ledger.State, parent act.ID, purpose string, now time.Time) []act.ID {
	var found []*ledger.Consent
	s.Consents(func(c *ledger.Consent) {
		useful := c.Payload.Use == "onward" || c.Payload.Use == "derivation"
		if useful && c.By == d.Agency && c.Release.ID == parent && c.Payload.Purpose == purpose && consentState(c, now) == consentGranted {
			found = append(found, c)
		}
	})
	slices.SortFunc(found, func(a, b *ledger.Consent) int { return a.Payload.Until.Compare(b.Payload.Until.Time) })
	// For the same use and receiver the one that lasts longest is enough.
	last := map[string]act.ID{}
	for _, c := range found {
		last[c.Payload.Use+" "+string(c.Payload.For)] = c.Act
	}
	var ids []act.ID
	for _, c := range found {
		if last[c.Payload.Use+" "+string(c.Payload.For)] == c.Act {
			ids = append(ids, c.Act)
		}
	}
	slices.Sort(ids)
	return ids
}

// looserThan reports whether receivers of a release are bound by less than its
// maker is by what it was made from.
func looserThan(release, parent *ledger.Release, maker act.AgencyName) bool {
	_, looser := release.Terms("").Set.Looser(inheritedFrom(parent, maker))
	return looser
}

// takenBack reports whether something that a release was made from was retracted.
func takenBack(release *ledger.Release) bool {
	return slices.ContainsFunc(release.Parents, func(parent *ledger.Release) bool {
		return parent.Item.Retracted != nil || takenBack(parent)
	})
}

// catchingUp is one own release that is to be restricted as far as what it was
// made from.
type catchingUp struct {
	release act.ID
	item    string
	version int
	set     restriction.Set
	by      time.Time
}

// followParents restricts what this agency made from items of others as far as
// those are restricted now, and recalls what was made from a retracted one. Until it is done nobody opens it; the officers see it
// at the item.
func (d *Desk) followParents(ctx context.Context) error {
	var todo []catchingUp
	err := d.view(func(s *ledger.State, now time.Time) error {
		s.Items(func(it *ledger.Item) {
			if it.Publisher != d.Agency || it.Retracted != nil {
				return
			}
			for _, release := range it.Releases {
				if one, behind := d.behind(release, now); behind {
					todo = append(todo, one)
				}
			}
		})
		return nil
	})
	if err != nil {
		return err
	}
	for _, one := range todo {
		d.Log.Info("restricting what was made from a restricted item", "agency", d.Agency, "item", one.item, "release", one.release)
		_, err := d.say(ctx, func(c act.Common) act.Payload {
			return &act.ItemRestrict{
				Common: c, Item: one.item, Version: one.version, Release: one.release, Restrictions: one.set,
				Acknowledge: canonical.At(one.by), Officer: d.itself(), Reason: "parent-restricted",
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// itself is the pseudonym under which a desk acts that no officer asked to.
func (d *Desk) itself() string { return d.pseudonym("urn:concordat:desk", string(d.Agency)) }

func (d *Desk) behind(release *ledger.Release, now time.Time) (catchingUp, bool) {
	one := catchingUp{release: release.ID, item: release.Item.ID, version: release.Version, set: restriction.Set{}, by: now.Add(acknowledgeWithin)}
	terms := release.Terms("").Set
	if _, recalled := terms[string(restriction.Recall)]; !recalled && takenBack(release) {
		// Nobody opens it any more; what receivers keep of it has to go too.
		one.set = restriction.Set{string(restriction.Recall): {"recalled"}}
	}
	for _, parent := range release.Parents {
		if parent.Item.Publisher == d.Agency || !looserThan(release, parent, d.Agency) {
			continue
		}
		inherited := inheritedFrom(parent, d.Agency)
		for axis := range inherited {
			if met := restriction.Meet(terms, inherited)[axis]; terms[axis] == nil || !slices.Equal(met, terms[axis]) {
				one.set = restriction.Meet(one.set, restriction.Set{axis: inherited[axis]})
			}
		}
		if asked := newestAfter(parent, d.Agency, 0); asked != nil && asked.Acknowledge.After(now.Add(time.Minute)) && asked.Acknowledge.Before(one.by) {
			one.by = asked.Acknowledge
		}
	}
	if len(one.set) == 0 {
		return one, false
	}
	if one.set.Validate() != nil {
		// Nothing is left of what the parents allow together.
		one.set = restriction.Set{string(restriction.Recall): {"recalled"}}
	}
	one.by = one.by.UTC().Truncate(time.Second)
	return one, one.by.After(now)
}

func describePayloadParents(parents []act.Parent) []deskapi.Parent {
	var out []deskapi.Parent
	for _, parent := range parents {
		out = append(out, deskapi.Parent{Release: string(parent.Release), Relation: parent.Relation, Consent: string(parent.Consent)})
	}
	return out
}
