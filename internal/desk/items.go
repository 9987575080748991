package desk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// The boxes.
const (
	Inbox = "inbox"
	Own   = "own"
)

const stateRetracted = "retracted"

// Items lists own and received items, newest release first. An item that the
// desk never got a cover of is not there.
func (d *Desk) Items(ctx context.Context, o *Officer, lang, box string) ([]deskapi.Item, error) {
	if err := o.need(ReadItems); err != nil {
		return nil, err
	}
	if box != "" && box != Inbox && box != Own {
		return nil, malformed("box is inbox or own")
	}
	shelf, err := d.shelf(ctx)
	if err != nil {
		return nil, err
	}
	items := []deskapi.Item{}
	err = d.view(func(s *ledger.State, now time.Time) error {
		s.Items(func(it *ledger.Item) {
			if shown, ok := d.describeItem(s, lang, it, shelf, now); ok && (box == "" || box == shown.Box) {
				items = append(items, shown)
			}
		})
		return nil
	})
	slices.SortFunc(items, func(a, b deskapi.Item) int {
		return cmp.Or(cmp.Compare(b.Releases[0].Index, a.Releases[0].Index), cmp.Compare(a.Item, b.Item))
	})
	return items, err
}

// Item returns one item, or not_found for one that this agency has nothing of.
func (d *Desk) Item(ctx context.Context, o *Officer, lang, id string) (deskapi.Item, error) {
	if err := o.need(ReadItems); err != nil {
		return deskapi.Item{}, err
	}
	shelf, err := d.shelf(ctx)
	if err != nil {
		return deskapi.Item{}, err
	}
	var out deskapi.Item
	err = d.view(func(s *ledger.State, now time.Time) error {
		it := s.Item(id)
		if it == nil {
			return notFound
		}
		shown, ok := d.describeItem(s, lang, it, shelf, now)
		if !ok {
			return notFound
		}
		out = shown
		return nil
	})
	return out, err
}

// shelf is what the desk's own store knows of releases.
type shelf struct {
	covers map[string]deskstore.Cover
	kept   map[string]bool
	sent   map[act.ID][]act.AgencyName // whom each own release was sealed to
}

func (d *Desk) shelf(ctx context.Context) (shelf, error) {
	covers, err := d.Store.Covers(ctx)
	if err != nil {
		return shelf{}, err
	}
	kept, err := d.Store.KeptReleases(ctx)
	if err != nil {
		return shelf{}, err
	}
	sent, err := d.addressed(ctx)
	if err != nil {
		return shelf{}, err
	}
	out := shelf{covers, map[string]bool{}, sent}
	for _, k := range kept {
		out.kept[k.Release] = true
	}
	return out, nil
}

// describeItem joins ledger and covers. The newest release with a cover gives
// title and facets.
func (d *Desk) describeItem(s *ledger.State, lang string, it *ledger.Item, shelf shelf, now time.Time) (deskapi.Item, bool) {
	out := deskapi.Item{Item: it.ID, Kind: it.Kind, Box: Inbox, Originator: string(it.Publisher), State: deskstore.Denied}
	if it.Publisher == d.Agency {
		out.Box = Own
	}
	titled := false
	for _, release := range slices.Backward(it.Releases) {
		row, known := shelf.covers[string(release.ID)]
		if !known || row.State != deskstore.Available {
			continue
		}
		cover, err := item.DecodeCover(row.Secret.Cover)
		if err != nil {
			continue
		}
		if !titled {
			out.Version, out.Title, out.Facets, out.Languages = release.Version, cover.Title, cover.Facets, cover.Languages
			titled = true
		}
		shown := d.describeRelease(s, lang, release, shelf.sent[release.ID], now)
		shown.Kept = shelf.kept[string(release.ID)]
		if shown.State == deskstore.Available {
			out.State = deskstore.Available
		}
		out.Releases = append(out.Releases, shown)
	}
	if it.Retracted != nil {
		out.State = stateRetracted
	}
	return out, titled
}

// describeRelease tells of one release; sent says whom it was sealed to, where
// this desk sealed it.
func (d *Desk) describeRelease(s *ledger.State, lang string, release *ledger.Release, sent []act.AgencyName, now time.Time) deskapi.Release {
	decision := policy.Decide(s, policy.Request{Action: policy.ToDeliver, Agency: d.Agency, Release: release.ID, Described: true}, now)
	out := deskapi.Release{
		Release: string(release.ID), Item: release.Item.ID, Version: release.Version, Index: release.Index, Time: release.Time,
		Agreement: release.Revision.Document.ID, Reference: release.Revision.Document.Reference, Restrictions: release.Terms(d.Agency).Set,
		State: deskstore.Available, Reason: decision.Reason,
		Message: sentence(lang, decision.Reason, release.Revision, d.Agency, decision.Evidence),
	}
	switch {
	case release.Item.Retracted != nil:
		out.State = stateRetracted
	case !decision.Allow:
		out.State = deskstore.Denied
	}
	out.Notes = d.notes(s, lang, release, sent, decision, now)
	return out
}

// pickRelease returns the release that an open relies on: the one that is named,
// or else the newest that may be opened, or else the newest.
func (d *Desk) pickRelease(ctx context.Context, itemID, named string) (act.ID, error) {
	shelf, err := d.shelf(ctx)
	if err != nil {
		return "", err
	}
	var picked act.ID
	err = d.view(func(s *ledger.State, now time.Time) error {
		it := s.Item(itemID)
		if it == nil {
			return notFound
		}
		for _, release := range slices.Backward(it.Releases) {
			row, known := shelf.covers[string(release.ID)]
			if !known || row.State != deskstore.Available || named != "" && named != string(release.ID) {
				continue
			}
			allowed := policy.Decide(s, policy.Request{Action: policy.ToDeliver, Agency: d.Agency, Release: release.ID, Described: true}, now).Allow
			if allowed || picked == "" {
				picked = release.ID
			}
			if allowed {
				return nil
			}
		}
		if picked == "" {
			return notFound
		}
		return nil
	})
	return picked, err
}

// Conditions are what an officer reads before the content: who shares, under
// which agreement, and what may be done with it.
func (d *Desk) Conditions(ctx context.Context, o *Officer, lang, itemID, named, purpose string) (deskapi.Conditions, error) {
	if err := o.need(ReadItems); err != nil {
		return deskapi.Conditions{}, err
	}
	id, err := d.pickRelease(ctx, itemID, named)
	if err != nil {
		return deskapi.Conditions{}, err
	}
	asked, err := d.askSections(ctx, o, id, showing{officer: o.Name, purpose: purpose}, nil)
	if err != nil {
		return deskapi.Conditions{}, err
	}
	var out deskapi.Conditions
	err = d.view(func(s *ledger.State, now time.Time) error {
		release := s.Release(id)
		if release == nil {
			return notFound
		}
		out = d.conditions(s, lang, release, now)
		out.Sections = d.sectionConditions(lang, release, asked)
		if purposes := out.Restrictions[string(restriction.Purposes)]; purpose == "" && len(purposes) > 0 {
			purpose = purposes[0]
		}
		decision := d.mayShow(s, id, showing{officer: o.Name, purpose: purpose}, now)
		out.Allow, out.Reason = decision.Allow, decision.Reason
		out.Message = sentence(lang, decision.Reason, release.Revision, d.Agency, decision.Evidence)
		return nil
	})
	return out, err
}

// anyPurpose is one for which the terms let an item be opened, or "".
func anyPurpose(terms restriction.Set) string {
	if purposes := terms[string(restriction.Purposes)]; len(purposes) > 0 {
		return purposes[0]
	}
	return ""
}

func (d *Desk) conditions(s *ledger.State, lang string, release *ledger.Release, now time.Time) deskapi.Conditions {
	document := release.Revision.Document
	terms := release.Terms(d.Agency)
	label := terms.Set.Value(restriction.TLP)
	out := deskapi.Conditions{
		Item: release.Item.ID, Kind: release.Item.Kind, Version: release.Version, Release: string(release.ID), Released: release.Time,
		Originator: deskapi.Party{Agency: string(release.Item.Publisher)}, Agreement: d.summarise(release.Revision, now),
		Restrictions: terms.Set, RestrictionsDigest: terms.Digest, Marking: label, MarkingText: marking(lang, label),
		LeaseSeconds: int64(document.Lease(label).Seconds()), Terms: readable(lang, terms.Set), Prerequisites: d.unmetPrerequisites(release),
	}
	if said := release.Acknowledged(d.Agency); said != nil && said.Accepted != "" && said.Accepted != terms.Digest {
		out.Changed = true
	}
	out.Retention = d.retention(lang, release, now)
	if party := document.Party(release.Item.Publisher); party != nil {
		out.Originator = describeParty(s, party)
	}
	switch label {
	case "TLP:GREEN":
		out.Community = document.Definitions.Community
	case "TLP:AMBER":
		out.Clients = document.Definitions.Clients
	}
	return out
}

// Retract takes every release of an own item back.
func (d *Desk) Retract(ctx context.Context, o *Officer, itemID string, r deskapi.RetractionRequest) (deskapi.Appended, error) {
	if err := o.need(RetractItems); err != nil {
		return deskapi.Appended{}, err
	}
	if !slices.Contains([]string{"error", "correction", "safety", "rights", "other"}, r.Reason) {
		return deskapi.Appended{}, refuse(CodeReasonUnknown)
	}
	err := d.view(func(s *ledger.State, _ time.Time) error {
		it := s.Item(itemID)
		if it == nil || it.Publisher != d.Agency {
			return notFound
		}
		return nil
	})
	if err != nil {
		return deskapi.Appended{}, err
	}
	return d.say(ctx, func(c act.Common) act.Payload {
		return &act.ItemRetract{Common: c, Item: itemID, Officer: o.Name, Reason: r.Reason}
	})
}

// append sends an act after those that wait, once, and waits until the desk's own
// view has it.
func (d *Desk) append(ctx context.Context, jws string) (deskapi.Appended, error) {
	if _, err := d.deliver(ctx); err != nil {
		return deskapi.Appended{}, err
	}
	appended, err := d.hub.Append(ctx, jws)
	if err != nil {
		var refused *HubError
		if errors.As(err, &refused) && refused.Status == 401 {
			d.forgetBearer()
			return deskapi.Appended{}, errors.Join(ErrHubUnavailable, err)
		}
		return deskapi.Appended{}, err
	}
	if err := d.await(ctx, appended.Act); err != nil {
		d.Log.Warn("an act was appended and has not come back yet", "agency", d.Agency, "cause", err)
	}
	return deskapi.Appended{Act: string(appended.Act), Index: appended.Index, Time: appended.Time}, nil
}
