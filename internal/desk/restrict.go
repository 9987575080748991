package desk

import (
	"context"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// acknowledgeWithin is how long receivers have for an answer where neither the
// request nor the agreement says so.
const acknowledgeWithin = 14 * 24 * time.Hour

// tightening is a later request while it is being made.
type tightening struct {
	set      restriction.Set
	releases []*ledger.Release
	version  int
	by       time.Time
	terms    restriction.Set // afterwards, of the newest release concerned
	readers  []string
}

// Restrict tightens the terms of an own item for the next decision, whoever has
// acknowledged it by then (Palermo Protocol, Article 10(3)). It only takes away:
// a request that is looser than what is in force is refused, and so is one that
// changes nothing. A request to several receivers is one act to each, so that
// none learns of the others.
func (d *Desk) Restrict(ctx context.Context, o *Officer, lang, itemID string, r deskapi.RestrictRequest) (deskapi.Restricted, error) {
	if err := o.need(RestrictItems); err != nil {
		return deskapi.Restricted{}, err
	}
	if err := d.refresh(ctx); err != nil {
		return deskapi.Restricted{}, err
	}
	var t tightening
	err := d.view(func(s *ledger.State, now time.Time) error {
		var err error
		t, err = d.tightening(s, itemID, r, now)
		return err
	})
	if err != nil {
		return deskapi.Restricted{}, err
	}
	out := deskapi.Restricted{Acts: []deskapi.Appended{}, Terms: readable(lang, t.terms), Readers: t.readers, AcknowledgeBy: t.by}
	if r.DryRun {
		return out, nil
	}
	var acts []string
	for _, receiver := range addressees(r.For) {
		jws, _, err := d.signFor(ctx, func(c act.Common) act.Payload {
			return &act.ItemRestrict{
				Common: c, Item: itemID, Version: t.version, Release: act.ID(r.Release), For: receiver, Restrictions: t.set,
				Acknowledge: canonical.At(t.by), Officer: o.Name, Reason: r.Reason,
			}
		})
		if err != nil {
			return out, err
		}
		acts = append(acts, jws)
	}
	out.Acts, err = d.commit(ctx, nil, acts...)
	return out, err
}

// addressee is whom one act is for: one receiver, or nobody by name, which means
// all of them.
type addressee []act.AgencyName

func (a addressee) first() act.AgencyName {
	if len(a) == 0 {
		return ""
	}
	return a[0]
}

// addressees are one for each act.
func addressees(named []string) []addressee {
	if len(named) == 0 {
		return []addressee{nil}
	}
	var out []addressee
	for _, name := range agencies(named) {
		out = append(out, addressee{name})
	}
	return out
}

func (d *Desk) tightening(s *ledger.State, itemID string, r deskapi.RestrictRequest, now time.Time) (tightening, error) {
	it := s.Item(itemID)
	if it == nil || it.Publisher != d.Agency {
		return tightening{}, notFound
	}
	t := tightening{set: restriction.Set{}, version: it.Version, by: r.AcknowledgeBy.UTC().Truncate(time.Second)}
	for _, release := range it.Releases {
		if r.Release == "" || r.Release == string(release.ID) {
			t.releases = append(t.releases, release)
		}
	}
	if len(t.releases) == 0 {
		return t, notFound
	}
	for axis, terms := range r.Restrictions {
		sorted := slices.Clone(terms)
		slices.Sort(sorted)
		t.set[axis] = slices.Compact(sorted)
	}
	if err := checkAsked(t.set); err != nil {
		return t, err
	}
	if slices.ContainsFunc(t.releases, func(r *ledger.Release) bool { return r.Revision.Document.Schema == agreement.SchemaV2 }) {
		t.set = t.set.Labelled() // a label is a word; its axes are what is held to
	}
	for _, name := range r.For {
		if !slices.ContainsFunc(t.releases, func(r *ledger.Release) bool { return r.Revision.Party(act.AgencyName(name)) != nil }) {
			return t, notFound
		}
	}
	if err := t.onlyTakesAway(r.For); err != nil {
		return t, err
	}
	newest := t.releases[len(t.releases)-1]
	if t.by.IsZero() {
		within := acknowledgeWithin
		if duties := newest.Revision.Document.Duties; duties != nil && duties.AcknowledgeWithinDays > 0 {
			within = time.Duration(duties.AcknowledgeWithinDays) * 24 * time.Hour
		}
		t.by = now.Add(within).Truncate(time.Second)
	}
	if !now.Before(t.by) {
		return t, &Error{Code: CodeMalformed, Reason: "desk_acknowledge_by_passed"}
	}
	t.terms = restriction.Meet(newest.Terms(addressees(r.For)[0].first()).Set, t.set)
	t.readers = d.readersOf(t.releases, r.For)
	return t, nil
}

// checkAsked is what a request may say at all: known axes and terms that do not
// exclude each other.
func checkAsked(set restriction.Set) error {
	if len(set) == 0 {
		return malformed("a request restricts something")
	}
	if err := set.Validate(); err != nil {
		return badTerms(err)
	}
	if pair := set.Contradiction(); pair != nil {
		return contradicts(pair)
	}
	return nil
}

func contradicts(pair *restriction.Contradiction) error {
	return &Error{
		Code: CodeRestrictions, Reason: pair.Code(), Evidence: []string{string(pair.A), string(pair.B)},
		Params: message.Params{"Axis": string(pair.A) + ", " + string(pair.B)}, cause: pair,
	}
}

// onlyTakesAway refuses an axis that would loosen every release it is meant for,
// and a request after which everything is as before.
func (t tightening) onlyTakesAway(named []string) error {
	changes := false
	for axis := range t.set {
		tightens, same := false, restriction.ShapeOf(restriction.Axis(axis)) == restriction.United
		for _, release := range t.releases {
			for _, receiver := range addressees(named) {
				now := release.Terms(receiver.first()).Set
				met := restriction.Meet(now, t.set)[axis]
				tightens = tightens || now[axis] == nil || !slices.Equal(met, now[axis])
				same = same || slices.Equal(t.set[axis], now[axis])
			}
		}
		if !tightens && !same {
			return &Error{Code: CodeLooser, Params: message.Params{"Axis": axis}}
		}
		changes = changes || tightens
	}
	if !changes {
		return refuse(CodeNotTighter)
	}
	return nil
}

// readersOf are the receivers concerned who opened it before.
func (d *Desk) readersOf(releases []*ledger.Release, named []string) []string {
	found := []string{}
	for _, release := range releases {
		release.Readers(func(name act.AgencyName, _ *ledger.Reader) {
			if name != d.Agency && (len(named) == 0 || slices.Contains(named, string(name))) {
				found = append(found, string(name))
			}
		})
	}
	slices.Sort(found)
	return slices.Compact(found)
}
