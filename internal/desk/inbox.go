package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/screen"
	"github.com/concordat-hub/concordat/internal/seal"
)

const (
	deliveryBatch = 64
	// deniedAgain is how long the desk waits before it asks again for a cover that
	// the hub refused although the desk's own view allows it.
	deniedAgain = time.Minute
	// dutyAgain is how long the desk waits after a duty failed.
	dutyAgain = 2 * time.Second
)

// react does what the ledger asks of this desk, after each change, when a lease
// runs out, and every minute: erase what may no longer be kept, fetch covers,
// rotate identities. What failed is tried again soon.
func (d *Desk) react(ctx context.Context) {
	for ctx.Err() == nil {
		wait := time.Minute
		for _, duty := range []func(context.Context) error{d.erase, d.followParents, d.fetchCovers, d.ensureSealing} {
			if err := duty(ctx); err != nil && ctx.Err() == nil {
				d.Log.Warn("duty", "agency", d.Agency, "code", AsError(err).Code, "cause", err)
				wait = dutyAgain
			}
		}
		timer := time.NewTimer(min(wait, d.untilLeaseEnds(ctx)))
		select {
		case <-ctx.Done():
		case <-d.changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// untilLeaseEnds is how long the first of the kept contents may still be kept.
func (d *Desk) untilLeaseEnds(ctx context.Context) time.Duration {
	kept, err := d.Store.KeptReleases(ctx)
	if err != nil {
		return dutyAgain
	}
	next := time.Minute
	for _, k := range kept {
		next = min(next, time.Unix(k.Until, 0).Sub(d.Now()))
	}
	return max(next, 100*time.Millisecond)
}

// erase removes opened content that the ledger, or its lease, no longer lets the
// desk keep. The cover stays: the officer sees that the item was here, and why
// it is closed.
func (d *Desk) erase(ctx context.Context) error {
	kept, err := d.Store.KeptReleases(ctx)
	if err != nil {
		return err
	}
	var gone []string
	d.mu.RLock()
	now := d.now(d.state)
	for _, k := range kept {
		if k.Part != "" {
			continue // a section goes with its body, or for reasons of its own
		}
		// A gap is no reason to erase: it stops showing, and may close again.
		over := now.Unix() >= k.Until
		if over || d.gap == "" && !d.mayShow(d.state, act.ID(k.Release), showing{officer: k.Officer, purpose: k.Purpose, again: true}, now).Allow {
			gone = append(gone, k.Release)
		}
	}
	d.mu.RUnlock()
	outdated, err := d.outdated(ctx, kept)
	if err != nil {
		return err
	}
	gone = append(gone, outdated...)
	slices.Sort(gone)
	if err := d.Store.Erase(ctx, slices.Compact(gone)...); err != nil {
		return err
	}
	left := slices.DeleteFunc(kept, func(k deskstore.Kept) bool { return slices.Contains(gone, k.Release) })
	return d.eraseSections(ctx, left)
}

// outdated are the releases of which something is kept that was opened under
// other terms than those in force: they are to be accepted before it is shown.
func (d *Desk) outdated(ctx context.Context, kept []deskstore.Kept) ([]string, error) {
	inForce := map[string]string{}
	d.mu.RLock()
	for _, k := range kept {
		// Only a later request changes the terms of a release.
		if release := d.state.Release(act.ID(k.Release)); d.gap == "" && release != nil && len(release.Item.Restricts) > 0 {
			inForce[k.Release] = release.Terms(d.Agency).Digest
		}
	}
	d.mu.RUnlock()
	var gone []string
	for _, k := range kept {
		digest, asked := inForce[k.Release]
		if !asked || k.Part != "" {
			continue
		}
		whole, err := d.Store.Kept(ctx, k.Release, k.Officer, k.Purpose, k.Part)
		if err != nil && !errors.Is(err, deskstore.ErrNotFound) {
			return nil, err
		}
		if whole.Secret.Accepted != digest {
			gone = append(gone, k.Release)
		}
	}
	return gone, nil
}

// showing is how an officer looks at content.
type showing struct {
	officer string
	purpose string
	form    string // see act.Forms; empty means shown and no more
	again   bool   // kept from an earlier open
}

// mayShow asks whether content of a release may be shown, under the restrictions
// in force now.
func (d *Desk) mayShow(s *ledger.State, id act.ID, how showing, now time.Time) policy.Decision {
	accepted := ""
	if release := s.Release(id); release != nil {
		if said, sealed := d.sealedHere(s, release.Item); sealed {
			return cannotComply(said)
		}
		accepted = release.Terms(d.Agency).Digest
	}
	return policy.Decide(s, policy.Request{
		Action: policy.ToOpen, Agency: d.Agency, Release: id, Described: true, Purpose: how.purpose, Accepted: accepted,
		Officer: how.officer, Form: how.form, Again: how.again,
	}, now)
}

func cannotComply(said act.ID) policy.Decision {
	return policy.Decision{Reason: policy.CannotComply, Evidence: []string{string(said)}}
}

// fetchCovers asks for the covers of releases that the desk does not have yet and
// that its own view of the ledger lets it have.
func (d *Desk) fetchCovers(ctx context.Context) error {
	wanted, err := d.wantedCovers(ctx)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(wanted, deliveryBatch) {
		deliveries, err := d.hub.Deliveries(ctx, batch)
		if err != nil {
			return err
		}
		for _, delivery := range deliveries {
			if !slices.Contains(batch, delivery.Release) {
				continue
			}
			if err := d.takeCover(ctx, delivery); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Desk) wantedCovers(ctx context.Context) ([]act.ID, error) {
	have, err := d.Store.Covers(ctx)
	if err != nil {
		return nil, err
	}
	var wanted []act.ID
	err = d.view(func(s *ledger.State, now time.Time) error {
		s.Items(func(it *ledger.Item) {
			for _, release := range it.Releases {
				cover, known := have[string(release.ID)]
				again := known && cover.State == deskstore.Denied && now.Unix()-cover.Checked >= int64(deniedAgain.Seconds())
				decision := policy.Decide(s, policy.Request{Action: policy.ToDeliver, Agency: d.Agency, Release: release.ID, Described: true}, now)
				if decision.Allow && (!known || again) {
					wanted = append(wanted, release.ID)
				}
			}
		})
		return nil
	})
	slices.Sort(wanted)
	return wanted, err
}

// takeCover stores what the hub delivered, having checked that it is what the
// publisher released. What is damaged is noted and asked for no more.
func (d *Desk) takeCover(ctx context.Context, delivery Delivery) error {
	row := deskstore.Cover{Release: string(delivery.Release), State: deskstore.Denied, Reason: delivery.Reason, Checked: d.Now().Unix()}
	if !delivery.Allow {
		return d.Store.PutCover(ctx, row)
	}
	secret, err := d.openCover(ctx, delivery)
	switch {
	case err == nil:
		row.State, row.Reason, row.Secret = deskstore.Available, "", secret
	case errors.Is(err, errDamaged):
		d.Log.Error("a delivered cover is not what was released", "agency", d.Agency, "release", delivery.Release, "cause", err)
		row.State, row.Reason = deskstore.Damaged, CodeContentDamaged
	default:
		return err
	}
	return d.Store.PutCover(ctx, row)
}

// errDamaged: what came from the hub is not what the release act committed to.
var errDamaged = errors.New("not what was released")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errDamaged}, args...)...)
}

func (d *Desk) openCover(ctx context.Context, delivery Delivery) (deskstore.CoverSecret, error) {
	payload, err := d.releaseOf(delivery.Release)
	if err != nil {
		return deskstore.CoverSecret{}, err
	}
	var cover *seal.SaltedDescriptor
	for i, descriptor := range delivery.Descriptors {
		if err := d.checkDescriptor(payload, descriptor); err != nil {
			return deskstore.CoverSecret{}, err
		}
		if descriptor.Descriptor.Part == coverPart {
			cover = &delivery.Descriptors[i]
		}
	}
	if cover == nil {
		return deskstore.CoverSecret{}, damaged("no descriptor of the cover")
	}
	content, salt, err := d.openPart(ctx, *cover, delivery.Header)
	if err != nil {
		return deskstore.CoverSecret{}, err
	}
	decoded, err := item.DecodeCover(content)
	if err != nil || string(decoded.Item) != payload.Item || decoded.Kind != payload.ItemKind {
		return deskstore.CoverSecret{}, damaged("the cover is malformed or another item's")
	}
	if d.screenCover(decoded).Verdict != screen.Release {
		return deskstore.CoverSecret{}, damaged("the guard refuses the cover")
	}
	raw, err := json.Marshal(delivery.Descriptors)
	if err != nil {
		return deskstore.CoverSecret{}, err
	}
	return deskstore.CoverSecret{Cover: content, Salt: salt, Descriptors: raw}, nil
}

// screenCover looks at what an inbox shows before anybody chose to open.
func (d *Desk) screenCover(cover item.Cover) screen.Report {
	var texts []item.Text
	for _, lang := range cover.Languages {
		texts = append(texts, item.Text{Path: item.Pointer("/title", lang), Lang: lang, Value: cover.Title[lang]})
	}
	d.mu.RLock()
	guard := d.guard
	d.mu.RUnlock()
	return guard.Screen(texts)
}

func (d *Desk) releaseOf(id act.ID) (*act.ItemRelease, error) {
	var payload *act.ItemRelease
	err := d.view(func(s *ledger.State, _ time.Time) error {
		release := s.Release(id)
		if release == nil {
			return notFound
		}
		payload = release.Payload
		return nil
	})
	return payload, err
}

// checkDescriptor holds a descriptor against the signed act: it must be this
// agency's, of this item version, and among the hashes that were signed.
func (d *Desk) checkDescriptor(payload *act.ItemRelease, sd seal.SaltedDescriptor) error {
	descriptor := sd.Descriptor
	switch {
	case descriptor.Validate() != nil:
		return damaged("a descriptor is malformed")
	case descriptor.Agency != string(d.Agency) || descriptor.Item != payload.Item || descriptor.ItemVersion != payload.Version:
		return damaged("a descriptor is of another agency or item")
	case !slices.Contains(payload.Descriptors, sd.Hash()):
		return damaged("a descriptor is not in the signed act")
	}
	return nil
}

// openPart fetches the sealed body and opens the part as its descriptor says.
func (d *Desk) openPart(ctx context.Context, sd seal.SaltedDescriptor, header []byte) (content, salt []byte, err error) {
	descriptor := sd.Descriptor
	body, err := d.hub.Body(ctx, descriptor.BodyDigest, descriptor.Size-int64(descriptor.HeaderSize))
	if errors.Is(err, ErrBodyDiffers) {
		return nil, nil, damaged("%v", err)
	}
	if err != nil {
		return nil, nil, err
	}
	d.mu.RLock()
	identity, held := d.keys[descriptor.Sealing]
	d.mu.RUnlock()
	if !held {
		return nil, nil, damaged("sealed to an identity that is not here")
	}
	content, salt, err = seal.NewKeyring(identity).OpenPart(descriptor, header, body, seal.AnyStanzas)
	if err != nil {
		return nil, nil, damaged("%v", err)
	}
	return content, salt, nil
}
