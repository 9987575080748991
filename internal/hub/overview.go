package hub

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/store"
)

// AgencyView is what the operator projects of an agency.
type AgencyView struct {
	Admitted    bool
	Enrolled    *uint64
	Standing    ledger.Standing // "" before the enrolment
	Thumbprints map[act.Purpose]act.Thumbprint
	Agreements  int // revisions in force now in which it is bound
}

// Agency returns the view of one agency; of a slug that nobody admitted it is
// the empty one.
func (s *Service) Agency(ctx context.Context, name act.AgencyName) (AgencyView, error) {
	view := AgencyView{Thumbprints: map[act.Purpose]act.Thumbprint{}}
	err := s.Store.View(ctx, func(r store.Reader) error {
		_, err := r.Admission(name)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		view.Admitted = err == nil
		return err
	})
	if err != nil {
		return view, err
	}
	now, _ := s.now()
	s.read(func(state *ledger.State) {
		agency := state.Agency(name)
		if agency == nil {
			return
		}
		enrolled := agency.Enrolled
		view.Enrolled, view.Standing = &enrolled, agency.Standing
		for _, purpose := range []act.Purpose{act.OfficerSign, act.DeskSign, act.WitnessSign, act.Sealing} {
			if keys := agency.CurrentKeys(purpose); len(keys) > 0 {
				view.Thumbprints[purpose] = keys[0].Thumbprint
			}
		}
		state.Revisions(func(revision *ledger.Revision) {
			if revision.Binds(name, now) && revision.At(now).State == ledger.InForce {
				view.Agreements++
			}
		})
	})
	return view, nil
}

// AgreementView is what the operator projects of a revision.
type AgreementView struct {
	ID         string
	Revision   int
	Digest     string
	Reference  string
	State      ledger.StateName
	Parties    []act.AgencyName
	Signed     []act.AgencyName
	Pending    []act.AgencyName // parties whose signature is missing
	NextState  ledger.StateName
	NextChange time.Time // zero: none by time alone
	Index      uint64    // of the proposal
}

// Agreements lists all revisions, by proposal.
func (s *Service) Agreements() []AgreementView {
	now, _ := s.now()
	var views []AgreementView
	s.read(func(state *ledger.State) {
		state.Revisions(func(revision *ledger.Revision) { views = append(views, viewOf(revision, now)) })
	})
	slices.SortFunc(views, func(a, b AgreementView) int { return cmp.Compare(a.Index, b.Index) })
	return views
}

// Agreement returns one revision by its digest.
func (s *Service) Agreement(digest string) (view AgreementView, err error) {
	now, _ := s.now()
	err = errNotFound
	s.read(func(state *ledger.State) {
		if revision := state.Revision(digest); revision != nil {
			view, err = viewOf(revision, now), nil
		}
	})
	return view, err
}

func viewOf(revision *ledger.Revision, now time.Time) AgreementView {
	standing := revision.At(now)
	view := AgreementView{
		ID: revision.Document.ID, Revision: revision.Document.Revision, Digest: revision.Digest, Reference: revision.Document.Reference,
		State: standing.State, NextState: standing.NextState, NextChange: standing.NextChange, Index: revision.Proposed.Index,
		Parties: partiesOf(revision.Document),
	}
	for _, party := range view.Parties {
		if _, signed := revision.Signatures[party]; signed {
			view.Signed = append(view.Signed, party)
		} else {
			view.Pending = append(view.Pending, party)
		}
	}
	return view
}
