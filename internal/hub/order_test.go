package hub_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
)

// The last signature, a withdrawal and a suspension come at the same moment, each
// twice, while two others look on. All parties see one order, a judge from outside
// finds one that explains every answer, and each act was taken as that order asks.
func TestActsAtTheSameMomentHaveOneOrderForAll(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	orders := map[string]int{}
	rounds := racesWanted(t, 30)
	for range rounds {
		ref := proposedByAll(t, w)
		acts := map[string]string{
			"withdraw": w.a.SignAct(t, act.OfficerSign, &act.AgreementWithdraw{AgreementStep: w.a.Step(t, ref)}),
			"sign":     w.b.SignAct(t, act.OfficerSign, &act.AgreementSign{AgreementStep: w.b.Step(t, ref)}),
			"suspend":  w.c.SignAct(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: w.c.Step(t, ref)}),
		}
		by := map[string]*hubtest.Agency{"withdraw": w.a, "sign": w.b, "suspend": w.c}
		begin := make(chan struct{})
		r := &records{begin: time.Now()}
		var all sync.WaitGroup
		client := 0
		for name, raw := range acts {
			for range 2 { // a proxy delivers each act twice
				all.Go(func() {
					<-begin
					r.do(client, name, func() any { return appendedAt(t, by[name], raw) })
				})
				client++
			}
		}
		for range 2 {
			all.Go(func() {
				<-begin
				for range 2 {
					r.do(client, "look", func() any { return standsAt(t, w, ref) })
				}
			})
			client++
		}
		close(begin)
		all.Wait()
		r.linear(t, oneLife)
		if t.Failed() {
			return
		}
		orders[sameForAll(t, w, ref)]++
	}
	if len(orders) < 2 {
		t.Errorf("every round had the order %v: nothing raced", orders)
	}
	if report := w.Verify(t); report.Entries == 0 {
		t.Error("nothing was verified")
	}
	t.Logf("%d races, each explained by one order; those in the ledger: %v", rounds, orders)
}

// appendedAt hands an act in until there is an answer, and returns its index.
func appendedAt(t *testing.T, by *hubtest.Agency, raw string) (index uint64) {
	err := retried(t, func() error {
		done, err := by.Client.Submit(t.Context(), raw)
		index = done.Index
		return err
	})
	if err != nil {
		t.Errorf("%s: %v", by.Name, err)
	}
	return index
}

// taken is what of a life has happened, and what an onlooker sees of it.
type taken struct{ sign, withdraw, suspend bool }

// standsAt asks the hub how an agreement stands.
func standsAt(t *testing.T, w *trio, ref act.AgreementRef) (seen taken) {
	err := retried(t, func() error {
		view, err := w.Operator.Agreement(t.Context(), ref.Digest)
		if err != nil {
			return err
		}
		seen = taken{}
		for _, part := range view.Parts {
			switch part.Agency {
			case "agencya":
				seen.withdraw = part.Withdrawn
			case "agencyb":
				seen.sign = part.Signed
			}
		}
		seen.suspend = slices.Contains(view.By, "agencyc") && view.State == string(ledger.Halted)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return seen
}

// oneLife is an agreement that waits for one signature, to which each thing happens
// once: the first delivery of an act takes the next place in the ledger, a second
// one has the same answer, and whoever looks sees what has happened until then.
var oneLife = porcupine.Model{
	Init: func() any { return lived{} },
	Step: func(state, input, output any) (bool, any) {
		now := state.(lived)
		if input == "look" {
			return now.seen() == output.(taken), now
		}
		place := map[any]*uint64{"sign": &now.sign, "withdraw": &now.withdraw, "suspend": &now.suspend}[input]
		index := output.(uint64)
		if *place != 0 {
			return *place == index, now
		}
		if index <= now.last {
			return false, now
		}
		*place, now.last = index, index
		return true, now
	},
}

// lived is where each act stands in the ledger, 0 if it does not yet.
type lived struct{ sign, withdraw, suspend, last uint64 }

// seen: what is not complete is neither in force nor suspended, whoever has said so.
func (l lived) seen() taken {
	return taken{l.sign != 0, l.withdraw != 0, l.suspend != 0 && l.sign != 0}
}

// proposedByAll makes an agreement of three that only b has yet to sign.
func proposedByAll(t *testing.T, w *trio) act.AgreementRef {
	t.Helper()
	document := w.Document(w.a, w.b, w.c)
	bytes, digest, err := document.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	w.a.Submit(t, act.OfficerSign, &act.AgreementPropose{Common: w.a.Common(), Document: string(bytes)})
	ref := act.AgreementRef{ID: document.ID, Digest: digest}
	for _, party := range []*hubtest.Agency{w.a, w.c} {
		party.Submit(t, act.OfficerSign, &act.AgreementSign{AgreementStep: party.Step(t, ref)})
	}
	return ref
}

// sameForAll folds every party's feed and returns the order of the three acts, in
// which all must agree; b and c are left, so the agreement is suspended by c.
func sameForAll(t *testing.T, w *trio, ref act.AgreementRef) string {
	t.Helper()
	var order string
	for _, party := range []*hubtest.Agency{w.a, w.b, w.c} {
		party.Sync(t)
		revision := party.State.Revision(ref.Digest)
		signed, withdrawn, suspended := revision.Signatures["agencyb"].Index, revision.Withdrawn["agencya"].Index, revision.Suspended["agencyc"].Index
		if signed == 0 || withdrawn == 0 || suspended == 0 {
			t.Fatalf("at %s an act is missing: %d, %d, %d", party.Name, signed, withdrawn, suspended)
		}
		if at := revision.At(party.State.Time); at.State != ledger.Halted {
			t.Errorf("at %s the agreement is %s", party.Name, at.State)
		}
		seen := inOrder(map[string]uint64{"sign": signed, "withdraw": withdrawn, "suspend": suspended})
		if order != "" && seen != order {
			t.Errorf("%s sees %s and another party %s", party.Name, seen, order)
		}
		order = seen
	}
	return order
}

func inOrder(indexes map[string]uint64) string {
	order := ""
	for len(indexes) > 0 {
		first := ""
		for name, index := range indexes {
			if first == "" || index < indexes[first] {
				first = name
			}
		}
		order += first + " "
		delete(indexes, first)
	}
	return order
}
