package desk

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/seal"
)

// sealedRelease is what makeOutgoing assembles.
type sealedRelease struct {
	parts       []ReleasePart
	descriptors []seal.SaltedDescriptor
	bodies      map[string][]byte
	coverBytes  []byte
	coverSalt   []byte
}

func (d *Desk) makeOutgoing(ctx context.Context, draft deskstore.Draft, content item.Content, p plan, key string) (deskstore.Outgoing, error) {
	sealed, err := d.sealParts(draft, content, p)
	if err != nil {
		return deskstore.Outgoing{}, err
	}
	if p.payload.Descriptors, err = sealed.padded(len(p.revision.AllParties())); err != nil {
		return deskstore.Outgoing{}, err
	}
	id, err := d.signingKey(ctx)
	if err != nil {
		return deskstore.Outgoing{}, err
	}
	input, err := act.SigningInput(id, p.payload)
	if err != nil {
		return deskstore.Outgoing{}, err
	}
	parts, err := json.Marshal(sealed.parts)
	if err != nil {
		return deskstore.Outgoing{}, err
	}
	descriptors, err := json.Marshal(sealed.descriptors)
	if err != nil {
		return deskstore.Outgoing{}, err
	}
	sum := sha256.Sum256(input)
	outgoing := deskstore.Outgoing{
		ID: act.NewJTI(), NaturalKey: key, Draft: draft.ID, Item: draft.Item, Version: p.payload.Version, Content: draft.Content,
		State: deskstore.Pending, Created: d.Now().Unix(),
		Secret: deskstore.OutgoingSecret{
			SigningInput: input, ActID: base64.RawURLEncoding.EncodeToString(sum[:]), Parts: parts, Descriptors: descriptors,
			Recipients: recipientNames(p.targets[1:]),
		},
	}
	if err := d.keepOwnCover(ctx, outgoing.Secret.ActID, sealed); err != nil {
		return deskstore.Outgoing{}, err
	}
	return d.Store.AddOutgoing(ctx, outgoing, sealed.bodies)
}

func recipientNames(targets []target) []string {
	out := make([]string, 0, len(targets))
	for _, t := range targets {
		out = append(out, string(t.agency))
	}
	slices.Sort(out)
	return out
}

// keepOwnCover spares asking the hub for what this desk made itself.
func (d *Desk) keepOwnCover(ctx context.Context, release string, sealed sealedRelease) error {
	var own []seal.SaltedDescriptor
	for _, descriptor := range sealed.descriptors {
		if descriptor.Descriptor.Agency == string(d.Agency) {
			own = append(own, descriptor)
		}
	}
	raw, err := json.Marshal(own)
	if err != nil {
		return err
	}
	return d.Store.PutCover(ctx, deskstore.Cover{
		Release: release, State: deskstore.Available, Checked: d.Now().Unix(),
		Secret: deskstore.CoverSecret{Cover: sealed.coverBytes, Salt: sealed.coverSalt, Descriptors: raw},
	})
}

// sealedPart is one part on its way into a release.
type sealedPart struct {
	name         string
	salt         []byte
	content      []byte
	restrictions restriction.Set // of a section
	targets      []target
}

// partsOf lists what a release is made of: the cover for every target, the body for
// those who may open it, and each section for those whom it does not exclude.
func partsOf(draft deskstore.Draft, cover, coverSalt []byte, p plan) []sealedPart {
	var readers []target
	for _, t := range p.targets {
		if t.opens {
			readers = append(readers, t)
		}
	}
	parts := []sealedPart{
		{name: coverPart, salt: coverSalt, content: cover, targets: p.targets},
		{name: bodyPart, salt: draft.Secret.Salt, content: draft.Secret.Canonical, targets: readers},
	}
	for _, section := range p.sections {
		parts = append(parts, sealedPart{
			name: seal.NewSectionPart(), salt: section.secret.Salt, content: section.secret.Content,
			restrictions: section.section.Restrictions, targets: section.targets,
		})
	}
	return parts
}

// sealParts seals every part and describes it to those who get it.
func (d *Desk) sealParts(draft deskstore.Draft, content item.Content, p plan) (sealedRelease, error) {
	cover := content.Cover()
	cover.Item = item.ID(draft.Item)
	coverBytes, err := cover.Canonical()
	if err != nil {
		return sealedRelease{}, err
	}
	coverSalt := seal.NewSalt()
	out := sealedRelease{bodies: map[string][]byte{}, coverBytes: coverBytes, coverSalt: coverSalt[:]}
	for _, part := range partsOf(draft, coverBytes, coverSalt[:], p) {
		if err := out.add(draft.Item, p.payload.Version, part); err != nil {
			return sealedRelease{}, err
		}
	}
	return out, nil
}

func (r *sealedRelease) add(itemID string, version int, part sealedPart) error {
	framed, commitment, err := seal.FrameWith(part.salt, part.content)
	if err != nil {
		return err
	}
	recipients := make([]string, 0, len(part.targets))
	for _, t := range part.targets {
		recipients = append(recipients, t.recipient)
	}
	sealed, err := seal.Seal(recipients, framed)
	if err != nil {
		return err
	}
	for _, t := range part.targets {
		descriptor, err := sealed.Describe(seal.Descriptor{
			Item: itemID, ItemVersion: version, Part: part.name, Agency: string(t.agency),
			Sealing: string(t.sealing), Content: commitment, Restrictions: part.restrictions,
		})
		if err != nil {
			return err
		}
		r.descriptors = append(r.descriptors, seal.NewSaltedDescriptor(descriptor))
	}
	r.parts = append(r.parts, ReleasePart{Part: part.name, Header: sealed.Header, BodyDigest: sealed.BodyDigest(), BodySize: int64(len(sealed.Body))})
	r.bodies[sealed.BodyDigest()] = sealed.Body
	return nil
}

// padded lists the descriptors' hashes at the length that the agreement gives: a
// place for each part that each of its parties could have. Whoever is in the
// agreement could have worked that length out before the release.
func (r *sealedRelease) padded(parties int) ([]string, error) {
	if len(r.descriptors) > act.MaxDescriptors {
		return nil, refuse(CodeTooLarge)
	}
	hashes := make([]string, 0, len(r.descriptors))
	for _, descriptor := range r.descriptors {
		hashes = append(hashes, descriptor.Hash())
	}
	return seal.PadTo(hashes, min(act.MaxDescriptors, seal.PlacesPerParty*parties)), nil
}
