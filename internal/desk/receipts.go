package desk

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// Receipt returns a C2SP tlog-proof that a release, or this agency's newest open
// of it, stands in the ledger. A release's receipt opens this agency's
// descriptors, and the content commitment too for an officer who may read it. It
// is about the body, or about one section if its part is named; sections that are
// not for the officer leave no trace in it.
func (d *Desk) Receipt(ctx context.Context, o *Officer, itemID, named, of, part string) ([]byte, error) {
	if err := o.need(ReadReceipts); err != nil {
		return nil, err
	}
	id, err := d.pickRelease(ctx, itemID, named)
	if err != nil {
		return nil, err
	}
	descriptors, err := d.shownDescriptors(ctx, o, id)
	if err != nil {
		return nil, err
	}
	if part == bodyPart {
		part = ""
	}
	commitment := ""
	for _, sd := range descriptors {
		if sd.Descriptor.Part == part {
			commitment = sd.Descriptor.Content
		}
	}
	if part != "" && (commitment == "" || !seal.IsSection(part)) {
		return nil, notFound
	}
	switch of {
	case "", "release":
		return d.releaseReceipt(ctx, o, itemID, id, descriptors, part, commitment)
	case "open":
		return d.openReceipt(ctx, id, part)
	}
	return nil, malformed("of is release or open")
}

// shownDescriptors are those of this agency that its officer may know of, in the
// order in which a receipt has them.
func (d *Desk) shownDescriptors(ctx context.Context, o *Officer, id act.ID) ([]seal.SaltedDescriptor, error) {
	all, err := d.descriptors(ctx, id)
	if err != nil {
		return nil, err
	}
	err = d.view(func(s *ledger.State, now time.Time) error {
		release := s.Release(id)
		if release == nil {
			return notFound
		}
		all = slices.DeleteFunc(all, func(sd seal.SaltedDescriptor) bool {
			return seal.IsSection(sd.Descriptor.Part) && !d.concerns(release, sd.Descriptor.Restrictions, o, now)
		})
		return nil
	})
	slices.SortFunc(all, func(a, b seal.SaltedDescriptor) int {
		return bytes.Compare(a.Descriptor.Canonical(), b.Descriptor.Canonical())
	})
	return all, err
}

func (d *Desk) releaseReceipt(
	ctx context.Context, o *Officer, itemID string, id act.ID, descriptors []seal.SaltedDescriptor, part, commitment string,
) ([]byte, error) {
	var index uint64
	var content string
	err := d.view(func(s *ledger.State, _ time.Time) error {
		release := s.Release(id)
		if release == nil {
			return notFound
		}
		index, content = release.Index, release.Payload.Content
		return nil
	})
	if err != nil {
		return nil, err
	}
	receipt, err := d.fetchReceipt(ctx, index)
	if err != nil {
		return nil, err
	}
	receipt.Descriptors = descriptors
	if receipt.ContentSalt, err = d.contentSalt(ctx, o, itemID, id, content, part, commitment); err != nil {
		return nil, err
	}
	return receipt.Marshal()
}

// contentSalt finds the salt of the body, or of the section of this part and
// commitment, for those who may read it: from the agency's own draft, or from an
// open.
func (d *Desk) contentSalt(ctx context.Context, o *Officer, itemID string, id act.ID, content, part, commitment string) ([]byte, error) {
	if draft, err := d.Store.DraftContent(ctx, itemID, content); err == nil && (o.need(ReadDrafts) == nil || o.need(OpenItems) == nil) {
		if part == "" {
			return draft.Salt, nil
		}
		for _, section := range draft.Sections {
			if seal.Commitment(section.Salt, section.Content) == commitment {
				return section.Salt, nil
			}
		}
	} else if err != nil && !errors.Is(err, deskstore.ErrNotFound) {
		return nil, err
	}
	openings, err := d.Store.Openings(ctx, string(id))
	if err != nil || o.need(OpenItems) != nil {
		return nil, err
	}
	for _, opening := range openings {
		if opening.Secret.Part == part && len(opening.Secret.Salt) > 0 {
			return opening.Secret.Salt, nil
		}
	}
	return nil, nil
}

func (d *Desk) openReceipt(ctx context.Context, id act.ID, part string) ([]byte, error) {
	openings, err := d.Store.Openings(ctx, string(id))
	if err != nil {
		return nil, err
	}
	for _, opening := range openings {
		if opening.Secret.Part != part {
			continue
		}
		var index uint64
		var seen bool
		err := d.view(func(s *ledger.State, _ time.Time) error {
			index, seen = s.Seen(act.ID(opening.Act))
			return nil
		})
		if err != nil {
			return nil, err
		}
		if !seen {
			continue // denied before it became an entry, or its answer was lost
		}
		receipt, err := d.fetchReceipt(ctx, index)
		if err != nil {
			return nil, err
		}
		return receipt.Marshal()
	}
	return nil, notFound
}

// fetchReceipt brings a proof and checks it against the pinned log key and the
// entry that the desk has folded, before anybody relies on it.
func (d *Desk) fetchReceipt(ctx context.Context, index uint64) (tlog.Receipt, error) {
	stored, err := d.Store.Entry(ctx, index)
	if err != nil {
		return tlog.Receipt{}, err
	}
	raw, err := d.hub.Receipt(ctx, index)
	var refused *HubError
	if errors.As(err, &refused) && refused.Status == 404 {
		// Known to this desk and not proved yet: the checkpoint comes within a second.
		return tlog.Receipt{}, refuseFor(CodeReceiptNotYet, err)
	}
	if err != nil {
		return tlog.Receipt{}, err
	}
	receipt, err := tlog.ParseReceipt(raw)
	if err != nil {
		return receipt, refuseFor(CodeContentDamaged, err)
	}
	info, err := d.pinned(ctx)
	if err != nil {
		return receipt, err
	}
	verifier, err := tlog.NewVerifier(info.LogKey)
	if err != nil {
		return receipt, err
	}
	entry, at, err := receipt.Verify(verifier)
	if err != nil || uint64(at) != index || !bytes.Equal(entry, stored.Bytes) {
		return receipt, refuseFor(CodeContentDamaged, errors.Join(err, errors.New("the proof is not of the entry that the feed delivered")))
	}
	return receipt, nil
}
