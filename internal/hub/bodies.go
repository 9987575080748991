package hub

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/store"
)

// UploadOffset returns how many bytes of the agency's own upload are stored, and
// whether it is complete. Another agency's upload of the same bytes does not show.
func (s *Service) UploadOffset(ctx context.Context, caller act.AgencyName, digest string) (int64, bool, error) {
	var upload store.Upload
	err := s.Store.View(ctx, func(r store.Reader) error {
		var err error
		upload, err = r.Upload(caller, digest)
		return err
	})
	if err == nil {
		return upload.Size, true, nil
	} else if !errors.Is(err, store.ErrNotFound) {
		return 0, false, err
	}
	offset, err := s.Blobs.Offset(caller, digest)
	return offset, false, err
}

// Upload stores a piece of a sealed body. It is complete, and named by the
// caller's upload, when as many bytes as length are there with this digest.
func (s *Service) Upload(ctx context.Context, caller act.AgencyName, digest string, offset, length int64, r io.Reader) (int64, bool, error) {
	if length < 1 || length > seal.MaxBody {
		return 0, false, &Error{Code: CodeUploadTooLarge}
	}
	if stored, complete, err := s.UploadOffset(ctx, caller, digest); err != nil || complete {
		return stored, complete, err
	}
	if err := s.mayUpload(ctx, caller, length); err != nil {
		return 0, false, err
	}
	stored, err := s.Blobs.Append(ctx, caller, digest, offset, length, r)
	switch {
	case errors.Is(err, store.ErrOffset):
		return stored, false, &Error{Code: CodeUploadOffset, cause: err}
	case errors.Is(err, store.ErrDigest):
		return 0, false, &Error{Code: CodeUploadDigest, cause: err}
	case errors.Is(err, store.ErrBusy):
		return stored, false, &Error{Code: CodeUploadBusy, RetryAfter: retrySoon, cause: err}
	case err != nil || stored < length:
		return stored, false, err
	}
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		return tx.PutUpload(store.Upload{Agency: caller, Digest: digest, Size: length, Uploaded: s.Clock.Now()})
	})
	return stored, err == nil, err
}

// What one agency may have uploaded without releasing it: an agency that only
// uploads must not use up the disk of all.
const (
	maxPendingUploads = 256
	maxPendingBytes   = 1 << 30
)

func (s *Service) mayUpload(ctx context.Context, caller act.AgencyName, more int64) error {
	enrolled := false
	s.read(func(state *ledger.State) {
		agency := state.Agency(caller)
		enrolled = agency != nil && agency.Standing == ledger.Enrolled
	})
	if !enrolled {
		return &Error{Code: CodeAgencySuspended}
	}
	return s.Store.View(ctx, func(r store.Reader) error {
		count, bytes, err := r.PendingUploads(caller)
		if err == nil && (count >= maxPendingUploads || bytes+more > maxPendingBytes) {
			return &Error{Code: CodeUploadQuota, RetryAfter: time.Minute}
		}
		return err
	})
}

// Body returns a sealed body to an agency that has a descriptor for it in a
// release that may be delivered to it now. Without an opened header the bytes
// are useless; still nothing flows under an agreement that is not in force.
func (s *Service) Body(ctx context.Context, caller act.AgencyName, digest string) (io.ReadSeekCloser, error) {
	var releases []act.ID
	err := s.Store.View(ctx, func(r store.Reader) error {
		var err error
		releases, err = r.ReleasesOfBody(caller, digest)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := s.timed(ctx); err != nil {
		return nil, err
	}
	now, trusted := s.now()
	if !trusted {
		return nil, &Error{Code: CodeClockUntrusted}
	}
	allowed := false
	s.read(func(state *ledger.State) {
		for _, release := range releases {
			request := policy.Request{Action: policy.ToDeliver, Agency: caller, Release: release, Described: true}
			allowed = allowed || policy.Decide(state, request, now).Allow
		}
	})
	if !allowed {
		return nil, errNotFound
	}
	return s.Blobs.Open(digest)
}

const (
	sweepEvery   = time.Hour
	unusedUpload = 24 * time.Hour
)

func (s *Service) runSweeps(ctx context.Context) {
	every := time.NewTicker(sweepEvery)
	defer every.Stop()
	for {
		if err := s.Sweep(ctx, s.Clock.Now().Add(-unusedUpload)); err != nil && ctx.Err() == nil {
			s.Log.Warn("sweep not finished", "error", err)
		}
		if !s.runDisposals(ctx, every.C) {
			return
		}
	}
}

// runDisposals disposes at once, and after each act that may have ended something,
// until the next sweep is due. False means that the hub ends.
func (s *Service) runDisposals(ctx context.Context, due <-chan time.Time) bool {
	for {
		if err := s.Dispose(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("disposal not finished", "error", err)
		}
		select {
		case <-ctx.Done():
			return false
		case <-due:
			return true
		case <-s.ending:
			if !sleep(ctx, disposalPause) {
				return false
			}
		}
	}
}

// Sweep forgets uploads from before the moment that no release names: of desks
// that broke off, and of those that crashed between upload and release.
func (s *Service) Sweep(ctx context.Context, before time.Time) error {
	if err := s.Blobs.Sweep(before); err != nil {
		return err
	}
	var unused []store.Upload
	err := s.Store.View(ctx, func(r store.Reader) error {
		var err error
		unused, err = r.UnusedUploads(before)
		return err
	})
	if err != nil {
		return err
	}
	for _, upload := range unused {
		if err := s.dropUpload(ctx, upload); err != nil {
			return err
		}
	}
	return nil
}

// dropUpload holds the writer's lock, so that no release begins to name the body
// between the row's end and the file's. A crash between the two leaves a file
// that nobody names.
func (s *Service) dropUpload(ctx context.Context, upload store.Upload) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	used := true
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		if err := tx.DropUpload(upload.Agency, upload.Digest); err != nil {
			return err
		}
		var err error
		used, err = tx.BodyInUse(upload.Digest)
		return err
	})
	if err != nil || used {
		return err
	}
	return s.Blobs.Remove(upload.Digest)
}

// MaxDeposit bounds a wrapped sealing identity, in bytes.
const MaxDeposit = 16 << 10

// PutDeposit keeps an agency's wrapped sealing identity, the first one for ever:
// a desk that was taken over must not replace what the agency recovers from.
func (s *Service) PutDeposit(ctx context.Context, caller act.AgencyName, thumbprint act.Thumbprint, wrapped []byte) error {
	if !thumbprint.Valid() || len(wrapped) == 0 || len(wrapped) > MaxDeposit {
		return &Error{Code: CodeMalformed}
	}
	err := s.Store.Update(ctx, func(tx store.Tx) error { return tx.PutDeposit(caller, thumbprint, wrapped) })
	if errors.Is(err, store.ErrConflict) {
		return &Error{Code: CodeDepositExists, cause: err}
	}
	return err
}

// Deposit returns the caller's own.
func (s *Service) Deposit(ctx context.Context, caller act.AgencyName, thumbprint act.Thumbprint) (wrapped []byte, err error) {
	err = s.Store.View(ctx, func(r store.Reader) error {
		wrapped, err = r.Deposit(caller, thumbprint)
		return err
	})
	return wrapped, err
}

// Deposits lists the thumbprints of the caller's own.
func (s *Service) Deposits(ctx context.Context, caller act.AgencyName) (list []act.Thumbprint, err error) {
	err = s.Store.View(ctx, func(r store.Reader) error {
		list, err = r.Deposits(caller)
		return err
	})
	return list, err
}
