package hub

import (
	"context"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/store"
)

const (
	disposalChunk = 256             // releases that are looked at under one lock, bodies that are listed at once
	disposalPause = 2 * time.Second // for acts that come together
)

// Dispose deletes what the hub has of releases that nobody may ever open again. The
// record of it, the end of the locked headers, and which bodies have to go are
// committed together; then the bodies' files go. A hub that is killed between the
// two finishes at its next sweep.
func (s *Service) Dispose(ctx context.Context) error {
	if err := s.finishDisposals(ctx); err != nil { // of a process before this one
		return err
	}
	for _, id := range s.perhapsOver() {
		if err := s.dispose(ctx, id); err != nil {
			return err
		}
	}
	return s.finishDisposals(ctx)
}

// perhapsOver lists the releases to look at. It asks memory alone, and lets others
// have it between.
func (s *Service) perhapsOver() []act.ID {
	now, trusted := s.now()
	if !trusted {
		return nil
	}
	var all, found []act.ID
	s.read(func(state *ledger.State) { all = state.ReleaseIDs() })
	for chunk := range slices.Chunk(all, disposalChunk) {
		s.read(func(state *ledger.State) {
			for _, id := range chunk {
				release := state.Release(id)
				if release.Disposed(CoverPart) == nil && policy.MayBeOver(state, release, now) {
					found = append(found, id)
				}
			}
		})
	}
	slices.Sort(found)
	return found
}

// dispose looks at one release without the writer's lock first: most stay.
func (s *Service) dispose(ctx context.Context, id act.ID) error {
	now, _ := s.now()
	var holders []act.AgencyName
	err := s.Store.View(ctx, func(r store.Reader) error {
		var err error
		holders, err = r.Holders(id)
		return err
	})
	if err != nil {
		return err
	}
	due := false
	s.read(func(state *ledger.State) { _, due = disposable(state, id, holders, now) })
	if !due {
		return nil
	}
	return s.write(ctx, func(b *batch) error { return b.dispose(id, holders) })
}

// disposable says whether anything is to be deleted that is still there.
func disposable(state *ledger.State, id act.ID, holders []act.AgencyName, now time.Time) (policy.Gone, bool) {
	release := state.Release(id)
	gone, never := policy.NeverAgain(state, release, holders, now)
	return gone, never && (release.Disposed(BodyPart) == nil || gone.Cover && release.Disposed(CoverPart) == nil)
}

// dispose appends one record per part, so that a section shows to nobody whom it
// excludes, and forgets the part.
func (b *batch) dispose(id act.ID, holders []act.AgencyName) error {
	gone, due := disposable(b.state, id, holders, b.now)
	if !due {
		return nil // a later act came before this
	}
	release := b.state.Release(id)
	readers, err := b.readers(id, holders)
	if err != nil {
		return err
	}
	parts, err := b.Parts(id)
	if err != nil {
		return err
	}
	bodies := map[string][]string{}
	for _, part := range parts {
		if part.Part == CoverPart && !gone.Cover {
			continue
		}
		if err := b.dropPart(release, part); err != nil {
			return err
		}
		bodies[part.Part] = append(bodies[part.Part], part.BodyDigest)
	}
	for _, part := range parts {
		digests := bodies[part.Part]
		if len(digests) == 0 {
			continue // kept, or told with another of the same name
		}
		delete(bodies, part.Part)
		if err := b.recordDisposal(release, part.Part, gone.Reason, digests, readers[part.Part]); err != nil {
			return err
		}
	}
	return nil
}

// readers are, for each part, those who have a descriptor of it.
func (b *batch) readers(id act.ID, holders []act.AgencyName) (map[string][]act.AgencyName, error) {
	readers := map[string][]act.AgencyName{}
	for _, holder := range holders {
		descriptors, err := b.Descriptors(id, holder)
		if err != nil {
			return nil, err
		}
		for _, d := range descriptors {
			readers[d.Descriptor.Part] = append(readers[d.Descriptor.Part], holder)
		}
	}
	return readers, nil
}

func (b *batch) dropPart(release *ledger.Release, part store.Part) error {
	if err := b.DropPart(release.ID, part.Part, part.Ordinal); err != nil {
		return err
	}
	return b.DropUpload(release.Item.Publisher, part.BodyDigest)
}

// recordDisposal names the bodies that nothing else has, and puts them on the list
// of those to remove. All parts of the release are dropped before.
func (b *batch) recordDisposal(release *ledger.Release, part, reason string, digests []string, readers []act.AgencyName) error {
	var deleted []string
	for _, digest := range digests {
		used, err := b.BodyInUse(digest)
		if err != nil {
			return err
		}
		if used {
			continue // another release or upload has the same bytes
		}
		if err := b.RemoveLater(digest); err != nil {
			return err
		}
		deleted = append(deleted, digest)
	}
	index, err := b.append(nil, ledger.NewDisposal(release, part, reason, deleted))
	if err != nil {
		return err
	}
	return b.show(index, readers...) // the publisher is among them, see checkRelease
}

// finishDisposals removes the files of bodies that nothing names any more.
func (s *Service) finishDisposals(ctx context.Context) error {
	for {
		var waiting []string
		err := s.Store.View(ctx, func(r store.Reader) error {
			var err error
			waiting, err = r.Removals(disposalChunk)
			return err
		})
		if err != nil || len(waiting) == 0 {
			return err
		}
		failpoint.Hit("disposal.recorded")
		for _, digest := range waiting {
			if err := s.removeBody(ctx, digest); err != nil {
				return err
			}
		}
	}
}

// removeBody holds the writer's lock like dropUpload. The note that it has to be
// removed goes last: whoever is killed before that removes it twice.
func (s *Service) removeBody(ctx context.Context, digest string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	used := true
	err := s.Store.View(ctx, func(r store.Reader) error {
		var err error
		used, err = r.BodyInUse(digest) // the same bytes may have come anew
		return err
	})
	if err != nil {
		return err
	}
	if !used {
		if err := s.Blobs.Remove(digest); err != nil {
			return err
		}
	}
	failpoint.Hit("disposal.removed")
	return s.Store.Update(ctx, func(tx store.Tx) error { return tx.Removed(digest) })
}

// disposeSoon has the next disposal come before the hour is over.
func (s *Service) disposeSoon() {
	select {
	case s.ending <- struct{}{}:
	default: // one is on its way
	}
}
