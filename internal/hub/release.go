package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/store"
)

// MaxParts bounds the parts of one item version.
const MaxParts = 16

// The parts that every item version has, once each.
const (
	CoverPart = "cover"
	BodyPart  = "body"
)

// ReleasedPart is one sealed part as the publisher hands it in: the header here,
// the body uploaded before.
type ReleasedPart struct {
	Part       string
	Ordinal    int
	Header     []byte
	BodyDigest string
	BodySize   int64
}

type partKey struct {
	part    string
	ordinal int
}

// Release admits one item version under one agreement. Everything is checked and
// the headers are locked before the transaction; in it the decision is made once
// more, and act, descriptors and locked headers become visible together.
func (s *Service) Release(ctx context.Context, caller act.AgencyName, raw []byte, parts []ReleasedPart, descriptors []seal.SaltedDescriptor) (Appended, error) {
	a, err := s.verifyOrSeen(raw)
	if err != nil {
		return Appended{}, err
	}
	payload, ok := a.Payload.(*act.ItemRelease)
	if !ok {
		return Appended{}, &Error{Code: CodeWrongEndpoint}
	}
	if a.KeyID.Agency != caller {
		return Appended{}, &Error{Code: CodeNotTheIssuer}
	}
	if done, ok, err := s.answered(ctx, a.ID); ok || err != nil {
		return done, err
	}
	if err := s.checkRelease(ctx, a, payload, parts, descriptors); err != nil {
		return Appended{}, err
	}
	request := policy.Request{Action: policy.ToRelease, Agency: caller, Payload: payload, Recipients: recipientsOf(descriptors)}
	if err := s.mayRelease(ctx, request); err != nil {
		return Appended{}, err
	}
	failpoint.Hit("release.verified")
	release := store.Release{ID: a.ID, Descriptors: descriptors}
	if release.Parts, err = s.lock(ctx, payload, parts); err != nil {
		return Appended{}, err
	}
	failpoint.Hit("release.locked")
	return s.appendRelease(ctx, a, request, release)
}

// answered returns the place of an act that stands in the ledger already.
func (s *Service) answered(ctx context.Context, id act.ID) (Appended, bool, error) {
	var index uint64
	var ok bool
	s.read(func(state *ledger.State) { index, ok = state.Seen(id) })
	if !ok {
		return Appended{}, false, nil
	}
	done := Appended{Index: index, Act: id}
	err := s.Store.View(ctx, func(r store.Reader) error {
		var err error
		done.Time, err = entryTime(r, index)
		return err
	})
	return done, true, err
}

func recipientsOf(descriptors []seal.SaltedDescriptor) []act.AgencyName {
	var names []act.AgencyName
	for _, d := range descriptors {
		names = append(names, act.AgencyName(d.Descriptor.Agency))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (s *Service) mayRelease(ctx context.Context, request policy.Request) error {
	if err := s.timed(ctx); err != nil {
		return err
	}
	now, trusted := s.now()
	if !trusted {
		return &Error{Code: CodeClockUntrusted}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return releaseDecision(s.state, request, policy.Decide(s.state, request, now))
}

// releaseDecision turns a denial into its error. What the publisher cannot see,
// an agreement of others or none at all, is not there.
func releaseDecision(state *ledger.State, request policy.Request, decision policy.Decision) error {
	switch {
	case decision.Allow:
		return nil
	case decision.Reason == policy.AgreementUnknown:
		return errNotFound
	}
	return &Error{Code: CodeReleaseDenied, Reason: decision.Reason}
}

func malformedRelease(format string, args ...any) error {
	return refuse(CodeReleaseMalformed, format, args...)
}

// checkRelease holds what was handed in against the signed act and against
// itself: each descriptor opens a listed hash, each stanza has its descriptor,
// each byte has its digest.
func (s *Service) checkRelease(ctx context.Context, a *act.Act, p *act.ItemRelease, parts []ReleasedPart, descriptors []seal.SaltedDescriptor) error {
	if seal.CheckPadded(p.Descriptors) != nil {
		return malformedRelease("the descriptor hashes are not padded and in ascending order")
	}
	byPart, err := indexParts(parts)
	if err != nil {
		return err
	}
	recipients := map[partKey]map[string]bool{}
	for key := range byPart {
		recipients[key] = map[string]bool{}
	}
	for _, d := range descriptors {
		if err := s.checkDescriptor(p, byPart, recipients, d); err != nil {
			return err
		}
	}
	// What is released to nobody gives nothing, and must not count as having given.
	if len(recipientsOf(descriptors)) < 2 {
		return malformedRelease("a release has no recipient beside its publisher")
	}
	for key, part := range byPart {
		if !recipients[key][string(a.KeyID.Agency)] {
			return malformedRelease("a part is not sealed to its publisher too")
		}
		// Stanzas carry no recipient: one more than there are descriptors would be
		// a reader whom nobody was told of.
		if seal.CheckHeader(part.Header, len(recipients[key])) != nil {
			return malformedRelease("a header does not have one hybrid stanza for each descriptor")
		}
	}
	if err := checkSections(recipients, descriptors); err != nil {
		return err
	}
	return s.checkBodies(ctx, a.KeyID.Agency, byPart, descriptors)
}

func indexParts(parts []ReleasedPart) (map[partKey]ReleasedPart, error) {
	if len(parts) > MaxParts {
		return nil, malformedRelease("an item version has at most %d parts", MaxParts)
	}
	byPart := map[partKey]ReleasedPart{}
	covers, bodies, sections := 0, 0, 0
	for _, part := range parts {
		key := partKey{part.Part, part.Ordinal}
		if _, twice := byPart[key]; twice || part.Ordinal < 0 {
			return nil, malformedRelease("a part is there twice")
		}
		byPart[key] = part
		switch part.Part {
		case CoverPart:
			covers++
		case BodyPart:
			bodies++
		default:
			if seal.IsSection(part.Part) {
				sections++
			}
		}
	}
	if covers != 1 || bodies != 1 {
		return nil, malformedRelease("an item version has exactly one cover and one body")
	}
	if sections > seal.MaxSections {
		return nil, malformedRelease("an item version has at most %d restricted sections", seal.MaxSections)
	}
	return byPart, nil
}

func (s *Service) checkDescriptor(p *act.ItemRelease, parts map[partKey]ReleasedPart, recipients map[partKey]map[string]bool, salted seal.SaltedDescriptor) error {
	d := salted.Descriptor
	if d.Validate() != nil {
		return malformedRelease("a descriptor does not have its form")
	}
	if !slices.Contains(p.Descriptors, salted.Hash()) {
		return malformedRelease("a descriptor opens no hash of the act")
	}
	key := partKey{d.Part, d.Ordinal}
	part, known := parts[key]
	switch {
	case !known:
		return malformedRelease("a descriptor names a part that is not there")
	case d.Item != p.Item || d.ItemVersion != p.Version:
		return malformedRelease("a descriptor names another item version")
	case recipients[key][d.Agency]:
		return malformedRelease("a part has two descriptors for one agency")
	case d.HeaderSize != len(part.Header) || d.Size != int64(len(part.Header))+part.BodySize || d.BodyDigest != part.BodyDigest:
		return malformedRelease("a descriptor does not have the sizes and digests of its part")
	case d.Part == BodyPart && d.Content != p.Content:
		return malformedRelease("a descriptor commits to another content than the act")
	}
	recipients[key][d.Agency] = true
	return s.checkSealing(d)
}

// checkSealing asks that the descriptor names a sealing identity which its agency
// has published and not ended. That the publisher truly sealed to it only the
// reader can find out.
func (s *Service) checkSealing(d seal.Descriptor) error {
	current := false
	s.read(func(state *ledger.State) {
		agency := state.Agency(act.AgencyName(d.Agency))
		if agency == nil {
			return
		}
		current = slices.ContainsFunc(agency.CurrentKeys(act.Sealing), func(key ledger.Key) bool { return string(key.Thumbprint) == d.Sealing })
	})
	if !current {
		return malformedRelease("a descriptor names a sealing identity that is not in force")
	}
	return nil
}

// checkBodies compares the digest of every sealed file, header and body joined,
// with its descriptors.
func (s *Service) checkBodies(ctx context.Context, publisher act.AgencyName, parts map[partKey]ReleasedPart, descriptors []seal.SaltedDescriptor) error {
	digests := map[partKey]string{}
	for key, part := range parts {
		digest, err := s.fileDigest(ctx, publisher, part)
		if err != nil {
			return err
		}
		digests[key] = digest
	}
	for _, d := range descriptors {
		if digests[partKey{d.Descriptor.Part, d.Descriptor.Ordinal}] != d.Descriptor.Digest {
			return malformedRelease("a descriptor has another digest than the sealed file")
		}
	}
	return nil
}

func (s *Service) fileDigest(ctx context.Context, publisher act.AgencyName, part ReleasedPart) (string, error) {
	var upload store.Upload
	err := s.Store.View(ctx, func(r store.Reader) error {
		var err error
		upload, err = r.Upload(publisher, part.BodyDigest)
		return err
	})
	if Typed(err).Code == CodeNotFound && err != nil {
		return "", &Error{Code: CodeUploadMissing}
	} else if err != nil {
		return "", err
	}
	if upload.Size != part.BodySize {
		return "", malformedRelease("a body has another size than the upload")
	}
	body, err := s.Blobs.Open(part.BodyDigest)
	if err != nil {
		return "", err
	}
	defer func() { _ = body.Close() }()
	h := sha256.New()
	h.Write(part.Header)
	if _, err := io.Copy(h, body); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// lockContext binds a header to where it may be released.
func (s *Service) lockContext(p *act.ItemRelease, part, bodyDigest string) seal.LockContext {
	return seal.LockContext{
		Hub: s.ID, Item: p.Item, Version: p.Version, Part: part,
		AgreementDigest: p.Agreement.Digest, BodyDigest: bodyDigest,
	}
}

// lock puts the second lock on every header, with one Vault call each at the same
// time: they are what a release waits for longest.
func (s *Service) lock(ctx context.Context, p *act.ItemRelease, parts []ReleasedPart) ([]store.Part, error) {
	locked, errs := make([]store.Part, len(parts)), make([]error, len(parts))
	var calls sync.WaitGroup
	for i, part := range parts {
		calls.Go(func() {
			header, err := seal.LockHeader(ctx, s.Vault, p.Agreement.ID, s.lockContext(p, part.Part, part.BodyDigest), part.Header)
			locked[i], errs[i] = store.Part{
				Part: part.Part, Ordinal: part.Ordinal, BodyDigest: part.BodyDigest, BodySize: part.BodySize, Locked: header,
			}, err
		})
	}
	calls.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return locked, nil
}

func (s *Service) appendRelease(ctx context.Context, a *act.Act, request policy.Request, release store.Release) (Appended, error) {
	var done Appended
	err := s.write(ctx, func(b *batch) error {
		seen, ok, err := b.seen(a.ID)
		if ok || err != nil {
			done = seen
			return err
		}
		if err := signedNow(b.state, a); err != nil {
			return err
		}
		if err := releaseDecision(b.state, request, policy.Decide(b.state, request, b.now)); err != nil {
			return err
		}
		if err := b.uploaded(a.KeyID.Agency, release.Parts); err != nil {
			return err
		}
		index, err := b.append(a, nil)
		if err != nil {
			return err
		}
		release.Index = index
		if err := b.AddRelease(release); err != nil {
			return err
		}
		if err := b.show(index, request.Recipients...); err != nil {
			return err
		}
		if err := b.showRequests(request.Payload, request.Recipients); err != nil {
			return err
		}
		failpoint.Hit("release.in_tx")
		done = Appended{Index: index, Time: b.now, Act: a.ID, New: true}
		return nil
	})
	failpoint.Hit("release.before_answer")
	return done, err
}

// uploaded asks once more whether the bodies are there: a sweep may have removed one
// since they were compared.
func (b *batch) uploaded(publisher act.AgencyName, parts []store.Part) error {
	for _, part := range parts {
		_, err := b.Upload(publisher, part.BodyDigest)
		if errors.Is(err, store.ErrNotFound) {
			return &Error{Code: CodeUploadMissing}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
