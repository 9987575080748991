package hub

import (
	"errors"
	"fmt"
	"slices"

	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/store"
)

// copies checks what is stored of every release, once the ledger is read to its
// end: what it does not call deleted is there, and what it does is not.
func (v *verifier) copies() error {
	for _, id := range v.released {
		release := v.state.Release(id)
		if err := v.copy(release); err != nil {
			return fmt.Errorf("entry %d: %w", release.Index, err)
		}
	}
	return v.removed()
}

func (v *verifier) copy(release *ledger.Release) error {
	parts, err := v.r.Parts(release.ID)
	if err != nil {
		return err
	}
	for _, name := range []string{CoverPart, BodyPart} {
		there := slices.ContainsFunc(parts, func(p store.Part) bool { return p.Part == name })
		switch disposal := release.Disposed(name); {
		case disposal == nil && !there:
			return errors.New("the release lacks parts")
		case disposal != nil && there:
			return errors.New("the ledger says that a part was deleted, and it is there")
		}
	}
	for _, part := range parts {
		if seal.IsSection(part.Part) && release.Disposed(part.Part) != nil {
			return errors.New("a section is there whose body was deleted")
		}
		body, err := v.blobs.Open(part.BodyDigest)
		if err != nil {
			return fmt.Errorf("body of %s: %w", part.Part, err)
		}
		_ = body.Close()
	}
	return nil
}

// removed: a file that the ledger calls deleted is gone, or waits for the next
// sweep, or came anew.
func (v *verifier) removed() error {
	waiting, err := v.r.Removals(len(v.disposed) + 1)
	if err != nil {
		return err
	}
	for _, digest := range v.disposed {
		if slices.Contains(waiting, digest) {
			continue
		}
		used, err := v.r.BodyInUse(digest)
		if err != nil {
			return err
		}
		there, err := v.blobs.Has(digest)
		if err != nil {
			return err
		}
		if there && !used {
			return fmt.Errorf("the ledger says that a body was deleted, and it is there: %s", digest)
		}
	}
	return nil
}

// disposal: the hub's word is about what somebody released, and is given once for
// each part.
func (v *verifier) disposal(record *ledger.Record) error {
	v.report.Disposals++
	if len(record.Results) != 1 || record.Results[0].Allow || record.Action != ledger.DisposeAction {
		return errors.New("the record does not say what was deleted")
	}
	release := v.state.Release(record.Results[0].Release)
	if release.Item.Publisher != record.Agency {
		return errors.New("the record names another publisher")
	}
	if !seal.IsSection(record.Part) && release.Disposed(record.Part) != nil {
		return errors.New("the record says again what was deleted")
	}
	v.disposed = append(v.disposed, record.Results[0].Evidence...)
	return nil
}
