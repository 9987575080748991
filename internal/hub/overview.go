package hub

import (
	"context"
	"errors"

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
	Agreements  int // revisions that bind it and are in force now, or can be again
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
	now := s.shown()
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
			// One that is suspended or overdue for review can be in force again.
			switch revision.Stands(now).State {
			case ledger.InForce, ledger.ReviewOverdue, ledger.Halted:
				if revision.Binds(name, now) {
					view.Agreements++
				}
			}
		})
	})
	return view, nil
}
