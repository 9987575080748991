package hub

import (
	"context"
	"errors"
	"slices"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/seal"
)

// verify checks an act under the keys that are in force now.
func (s *Service) verify(raw []byte) (*act.Act, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return act.Verify(raw, s.ID, s.state)
}

// verifyOrSeen verifies an act, or recognises one that stands in the ledger: its
// key may have ended since, and a retry still gets its answer. The id covers the
// signed bytes, so what is recognised is what was verified then.
func (s *Service) verifyOrSeen(raw []byte) (*act.Act, error) {
	a, err := s.verify(raw)
	if err == nil {
		return a, nil
	}
	parsed, parseErr := act.Parse(raw)
	if parseErr != nil {
		return nil, err
	}
	known := false
	s.read(func(state *ledger.State) { _, known = state.Seen(parsed.ID) })
	var refused *act.Error
	if known && errors.As(err, &refused) && refused.Code == "sig_key_unknown" {
		return parsed, nil
	}
	return nil, err
}

// restrictive are the acts that a suspended agency may still do: each takes
// something away and gives nothing, or answers for what the agency holds already.
var restrictive = []act.Kind{
	act.AgreementSuspendKind, act.AgreementSuspendPartyKind, act.AgreementWithdrawKind, act.AgreementTerminateKind,
	act.AgreementDeclineKind, act.AgreementRetractKind, act.NoticeBreachKind,
	act.ItemRetractKind, act.ItemRestrictKind, act.ConsentRefuseKind, act.ConsentWithdrawKind,
	act.ItemAcknowledgeKind, act.ItemCannotComplyKind, act.ItemReportUseKind, act.ItemAttestKind,
	act.HoldPlaceKind, act.HoldLiftKind, act.NoticeDisclosureKind,
	act.KeyRetireKind, act.KeyRevokeKind,
}

// Submit appends an act of any kind but release and open, which need more than
// the act, and the registrar's, which only the registrar makes. The same act
// again gives the same answer.
func (s *Service) Submit(ctx context.Context, raw []byte) (Appended, error) {
	a, err := s.verifyOrSeen(raw)
	if err != nil {
		return Appended{}, err
	}
	switch p := a.Payload.(type) {
	case *act.ItemRelease, *act.ItemOpen, *act.AgencyEnrol, *act.AgencySuspend, *act.AgencyResume, *act.AgencyOffboard:
		return Appended{}, &Error{Code: CodeWrongEndpoint}
	case *act.KeyAdd:
		// One classic recipient would undo the post-quantum protection of every
		// file that is sealed to it and to others.
		if p.Purpose == act.Sealing && seal.ParseRecipient(p.Recipient) != nil {
			return Appended{}, &Error{Code: CodeNotHybrid}
		}
	}
	return s.admit(ctx, a, nil)
}

// admit appends a verified act. also runs in the same transaction.
func (s *Service) admit(ctx context.Context, a *act.Act, also func(b *batch) error) (Appended, error) {
	var done Appended
	write := s.write
	if slices.Contains(restrictive, a.Kind) {
		// A right must end also while Vault is away. If the clock is wrong, it ends
		// under a wrong date, and nothing was opened meanwhile.
		write = s.writeUntimed
		if err := s.timed(ctx); err != nil {
			s.Log.Warn("the clock was not held against Vault's", "error", err)
		}
	}
	err := write(ctx, func(b *batch) error {
		seen, ok, err := b.seen(a.ID)
		if ok || err != nil {
			done = seen
			return err
		}
		if err := signedNow(b.state, a); err != nil {
			return err
		}
		if err := standing(b.state, a); err != nil {
			return err
		}
		index, err := b.append(a, nil)
		if err != nil {
			return err
		}
		if err := b.publish(a, index); err != nil {
			return err
		}
		if also != nil {
			if err := also(b); err != nil {
				return err
			}
		}
		done = Appended{Index: index, Time: b.now, Act: a.ID, New: true}
		return nil
	})
	if err != nil {
		return Appended{}, err
	}
	failpoint.Hit("act.before_answer")
	if takesAway(a) {
		s.flights.settle(done.Index)
		s.disposeSoon()
	}
	return done, nil
}

// signedNow asks again, inside the transaction, whether the key of a verified act
// is in force: it may have ended since. The bytes and the key behind a thumbprint
// cannot have changed, so the signature is not computed again.
func signedNow(state *ledger.State, a *act.Act) error {
	if _, err := state.ResolveKey(a.KeyID); err != nil {
		return &act.Error{Code: "sig_key_unknown", Detail: "the key that signed is not in force at this hub"}
	}
	return nil
}

func standing(state *ledger.State, a *act.Act) error {
	agency := state.Agency(a.KeyID.Agency)
	if agency != nil && agency.Standing == ledger.Suspended && !slices.Contains(restrictive, a.Kind) {
		return &Error{Code: CodeAgencySuspended}
	}
	return nil
}

// takesAway reports whether an act can end a right to open that existed before.
func takesAway(a *act.Act) bool {
	switch a.Kind {
	case act.AgencySuspendKind, act.AgencyOffboardKind, act.KeyRevokeKind, act.KeyRetireKind, act.AgreementSuspendKind,
		act.AgreementSuspendPartyKind, act.AgreementWithdrawKind, act.AgreementTerminateKind, act.ItemRetractKind,
		act.ItemRestrictKind, act.ItemCannotComplyKind, act.ConsentWithdrawKind:
		return true
	}
	return false
}

// Bearer checks whom a desk's bearer speaks for. Where the clock is not trusted,
// one that looks too old or too young may be neither: its desk is told so.
func (s *Service) Bearer(token string) (act.AgencyName, error) {
	now, trusted := s.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	name, err := act.VerifyBearer([]byte(token), s.ID, s.state, now)
	var refused *act.Error
	switch {
	case err == nil:
		return name, nil
	case !errors.As(err, &refused) || refused.Code != "bearer_expired":
	case !trusted:
		return "", &Error{Code: CodeClockUntrusted}
	default:
		s.counters.BearersOutOfTime.Add(1)
	}
	return "", &Error{Code: CodeUnauthenticated, cause: err}
}
