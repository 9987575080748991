package hub_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
)

// records keeps who asked what and when, for a judge from outside: porcupine
// looks for one order of all that explains every answer.
type records struct {
	sync.Mutex
	begin time.Time
	all   []porcupine.Operation
}

// do asks, and keeps the answer with the moments of asking and of being answered.
func (r *records) do(client int, what string, ask func() any) {
	call := time.Since(r.begin).Nanoseconds()
	done := ask()
	back := time.Since(r.begin).Nanoseconds()
	r.Lock()
	defer r.Unlock()
	r.all = append(r.all, porcupine.Operation{ClientId: client, Input: what, Call: call, Output: done, Return: back})
}

// linear fails the test unless one order explains everything.
func (r *records) linear(t *testing.T, model porcupine.Model) {
	t.Helper()
	model.DescribeOperation = func(input, output any) string { return fmt.Sprintf("%v: %v", input, output) }
	if result := porcupine.CheckOperationsTimeout(model, r.all, time.Minute); result != porcupine.Ok {
		for _, one := range r.all {
			t.Logf("%d to %d: client %d %v: %v", one.Call, one.Return, one.ClientId, one.Input, one.Output)
		}
		t.Errorf("no order explains the history: %v", result)
	}
}

// allowed asks until there is an answer and says whether the hub did it. A hub
// whose answer turned under way, or was cut by a later act, says to ask again;
// every other refusal but the policy's is a fault.
func allowed(t *testing.T, denial string, ask func() error) bool {
	for {
		err := ask()
		var refused *hubclient.Error
		switch {
		case err == nil:
			return true
		case !errors.As(err, &refused):
			t.Error(err)
			return false
		case refused.Code == denial:
			return false
		case !refused.Retryable || t.Context().Err() != nil:
			t.Error(err)
			return false
		}
	}
}

// While one party suspends and resumes, others open: whoever is answered after a
// suspension was acknowledged is denied, and after it was lifted is not.
func TestSuspendingAndOpeningHaveOneOrder(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	release := w.a.Release(t, w.ref, "content", w.b).Act
	w.b.Sync(t)
	var steps []string
	for n := range 8 {
		step := w.a.Step(t, w.ref)
		if n%2 == 0 {
			steps = append(steps, w.a.SignAct(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: step}))
		} else {
			steps = append(steps, w.a.SignAct(t, act.OfficerSign, &act.AgreementResume{AgreementStep: step}))
		}
	}
	opens := make([][]string, 3)
	for i := range opens {
		for range 12 {
			opens[i] = append(opens[i], w.b.OpenAct(t, release))
		}
	}
	r := &records{begin: time.Now()}
	var all sync.WaitGroup
	all.Go(func() {
		for n, raw := range steps {
			r.do(0, []string{"suspend", "resume"}[n%2], func() any {
				return allowed(t, "", func() error { _, err := w.a.Client.Submit(t.Context(), raw); return err })
			})
		}
	})
	for i, acts := range opens {
		all.Go(func() {
			for _, raw := range acts {
				r.do(i+1, "open", func() any {
					return allowed(t, "open_denied", func() error { _, err := w.b.Client.Open(t.Context(), raw); return err })
				})
			}
		})
	}
	all.Wait()
	r.linear(t, porcupine.Model{
		Init: func() any { return false },
		Step: func(state, input, output any) (bool, any) {
			suspended := state.(bool)
			switch input {
			case "suspend":
				return output.(bool), true
			case "resume":
				return output.(bool), false
			}
			return output.(bool) == !suspended, state
		},
	})
}

// The last signature, a withdrawal and releases come at once: something is
// released only after the one and before the other, in the order of all.
func TestTheLastSignatureAWithdrawalAndReleasesHaveOneOrder(t *testing.T) {
	t.Parallel()
	w := newTrio(t, hubtest.Options{})
	for range racesWanted(t, 4) {
		ref := proposedByAll(t, w)
		w.a.Sync(t)
		var requests []hubclient.Release
		for n := range 6 {
			item := w.a.Seal(t, ref, fmt.Sprintf("content %d of %s", n, ref.Digest), w.c)
			w.a.Upload(t, item)
			requests = append(requests, w.a.Request(t, item))
		}
		sign := w.b.SignAct(t, act.OfficerSign, &act.AgreementSign{AgreementStep: w.b.Step(t, ref)})
		withdraw := w.a.SignAct(t, act.OfficerSign, &act.AgreementWithdraw{AgreementStep: w.a.Step(t, ref)})
		r := &records{begin: time.Now()}
		var all sync.WaitGroup
		for client, raw := range []string{sign, withdraw} {
			all.Go(func() {
				sender := []*hubtest.Agency{w.b, w.a}[client]
				r.do(client, []string{"sign", "withdraw"}[client], func() any {
					return allowed(t, "", func() error { _, err := sender.Client.Submit(t.Context(), raw); return err })
				})
			})
		}
		all.Go(func() {
			for _, request := range requests {
				r.do(2, "release", func() any {
					return allowed(t, "release_denied", func() error { _, err := w.a.Client.Release(t.Context(), request); return err })
				})
			}
		})
		all.Wait()
		type stands struct{ signed, left bool }
		r.linear(t, porcupine.Model{
			Init: func() any { return stands{} },
			Step: func(state, input, output any) (bool, any) {
				now := state.(stands)
				switch input {
				case "sign":
					return output.(bool), stands{true, now.left}
				case "withdraw":
					return output.(bool), stands{now.signed, true}
				}
				return output.(bool) == (now.signed && !now.left), state
			},
		})
	}
}
