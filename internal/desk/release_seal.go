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
	hashes := make([]string, 0, len(sealed.descriptors))
	for _, descriptor := range sealed.descriptors {
		hashes = append(hashes, descriptor.Hash())
	}
	p.payload.Descriptors = seal.Pad(hashes)
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

// sealParts seals the cover to every target and the body to those who may open
// it, and describes each part to those who get it.
func (d *Desk) sealParts(draft deskstore.Draft, content item.Content, p plan) (sealedRelease, error) {
	cover := content.Cover()
	cover.Item = item.ID(draft.Item)
	coverBytes, err := cover.Canonical()
	if err != nil {
		return sealedRelease{}, err
	}
	coverSalt := seal.NewSalt()
	out := sealedRelease{bodies: map[string][]byte{}, coverBytes: coverBytes, coverSalt: coverSalt[:]}
	for _, part := range []struct {
		name    string
		salt    []byte
		content []byte
	}{{coverPart, coverSalt[:], coverBytes}, {bodyPart, draft.Secret.Salt, draft.Secret.Canonical}} {
		framed, commitment, err := seal.FrameWith(part.salt, part.content)
		if err != nil {
			return sealedRelease{}, err
		}
		var targets []target
		var recipients []string
		for _, t := range p.targets {
			if part.name == coverPart || t.opens {
				targets, recipients = append(targets, t), append(recipients, t.recipient)
			}
		}
		sealed, err := seal.Seal(recipients, framed)
		if err != nil {
			return sealedRelease{}, err
		}
		for _, t := range targets {
			descriptor, err := sealed.Describe(seal.Descriptor{
				Item: draft.Item, ItemVersion: p.payload.Version, Part: part.name, Agency: string(t.agency),
				Sealing: string(t.sealing), Content: commitment,
			})
			if err != nil {
				return sealedRelease{}, err
			}
			out.descriptors = append(out.descriptors, seal.NewSaltedDescriptor(descriptor))
		}
		out.parts = append(out.parts, ReleasePart{Part: part.name, Header: sealed.Header, BodyDigest: sealed.BodyDigest(), BodySize: int64(len(sealed.Body))})
		out.bodies[sealed.BodyDigest()] = sealed.Body
	}
	return out, nil
}
