package hub_test

import (
	"sync"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
)

// The last signature, a withdrawal and a suspension come at the same moment. All
// parties see one order, and each act was taken or refused as that order asks.
func TestActsAtTheSameMomentHaveOneOrderForAll(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	const rounds = 50
	orders := map[string]int{}
	for range rounds {
		ref := proposedByAll(t, w)
		acts := map[*hubtest.Agency]string{
			w.a: w.a.SignAct(t, act.OfficerSign, &act.AgreementWithdraw{AgreementStep: w.a.Step(t, ref)}),
			w.b: w.b.SignAct(t, act.OfficerSign, &act.AgreementSign{AgreementStep: w.b.Step(t, ref)}),
			w.c: w.c.SignAct(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: w.c.Step(t, ref)}),
		}
		begin := make(chan struct{})
		var senders sync.WaitGroup
		for agency, raw := range acts {
			for range 2 { // a proxy delivers each act twice
				senders.Go(func() {
					<-begin
					if _, err := agency.Client.Submit(t.Context(), raw); err != nil {
						t.Errorf("%s: %v", agency.Name, err)
					}
				})
			}
		}
		close(begin)
		senders.Wait()
		orders[sameForAll(t, w, ref)]++
	}
	if len(orders) < 2 {
		t.Errorf("every round had the order %v: nothing raced", orders)
	}
	if report := w.Verify(t); report.Entries == 0 {
		t.Error("nothing was verified")
	}
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
