package main

import (
	"slices"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/store/sqlite"
)

// The hub is killed around the last signature of an agreement: before it is there,
// after it is there and nobody was told, and when the answer was on its way. After
// the restart the agreement is in force exactly once, from the signature's own time
// and not from the restart's.
func TestAnAgreementComesIntoForceOnceWhateverKillsTheHub(t *testing.T) {
	h := newHouse(t)
	for n, point := range []string{"append.in_tx", "append.after_commit", "act.before_answer"} {
		t.Run(point, func(t *testing.T) {
			calm := h.start(t, "")
			a, b := calm.Enrol(t, act.AgencyName("agencya"+string(rune('a'+n)))), calm.Enrol(t, act.AgencyName("agencyb"+string(rune('a'+n))))
			ref := a.Propose(t, calm.WholeDocument(a, b))
			a.Sign(t, ref)
			last := b.SignAct(t, act.OfficerSign, &act.AgreementSign{AgreementStep: b.Step(t, ref)})
			calm.stop(t)

			armed := h.start(t, point)
			b.Move(t, armed.World)
			_, firstErr := b.Client.Submit(t.Context(), last)
			armed.awaitKill(t)
			appended := signatureOf(t, h, ref)
			if before := point == "append.in_tx"; before != (len(appended) == 0) {
				t.Errorf("%d signatures of b are stored (answer: %v)", len(appended), firstErr)
			}

			again := h.start(t, "")
			a.Move(t, again.World)
			b.Move(t, again.World)
			started := time.Now()
			if len(appended) == 1 { // in force by itself, before anybody asks
				inForceSince(t, again.World, ref, appended[0].Time)
				if !appended[0].Time.Before(started) {
					t.Errorf("the signature is of %v, after the restart", appended[0].Time)
				}
			}
			done, err := b.Client.Submit(t.Context(), last)
			if err != nil {
				t.Fatalf("handed in again: %v", err)
			}
			b.Sync(t)
			a.Sync(t)
			for _, party := range []*hubtest.Agency{a, b} {
				complete := party.State.Revision(ref.Digest).Complete
				if complete == nil || complete.Index != done.Index {
					t.Errorf("%s has it complete at %+v, want entry %d", party.Name, complete, done.Index)
				}
			}
			again.stop(t)
			if all := signatureOf(t, h, ref); len(all) != 1 || all[0].Index != done.Index || len(appended) == 1 && all[0].Index != appended[0].Index {
				t.Errorf("signatures of b at %+v, acknowledged at %d", all, done.Index)
			}
		})
	}
}

func inForceSince(t *testing.T, w *hubtest.World, ref act.AgreementRef, at time.Time) {
	t.Helper()
	view, err := w.Operator.Agreement(t.Context(), ref.Digest)
	if err != nil || view.State != string(ledger.InForce) || !view.Since.Equal(at.Truncate(time.Second)) {
		t.Errorf("%+v, %v; want in force since %v", view, err, at)
	}
}

// signatureOf reads from a stopped hub's store where the second party's signature
// stands.
func signatureOf(t *testing.T, h *house, ref act.AgreementRef) []ledger.Entry {
	t.Helper()
	var found []ledger.Entry
	h.stored(t, func(database *sqlite.Store) {
		err := database.View(t.Context(), func(r store.Reader) error {
			size, err := r.Size()
			if err != nil {
				return err
			}
			stored, err := r.Entries(0, int(size))
			for _, one := range stored {
				e, err := ledger.ParseEntry(one.Bytes)
				if err != nil {
					return err
				}
				if e.Act == nil || e.Act.Kind != act.AgreementSignKind {
					continue
				}
				if step, _ := act.StepOf(e.Act.Payload); step.Agreement == ref {
					found = append(found, e)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	// The first is the proposer's own.
	return slices.Clone(found[1:])
}
