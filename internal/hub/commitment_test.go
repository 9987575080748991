package hub_test

import (
	"errors"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/policy"
)

// What the parties undertook is held by the hub, whoever asks it: a release of a kind
// that its publisher does not give, a recipient that does not receive it, and content
// for who has to give first and has not.
func TestWhatThePartiesUndertookIsHeld(t *testing.T) {
	t.Parallel()
	w := hubtest.Start(t, hubtest.Options{})
	a, b, c := w.Enrol(t, "agencya"), w.Enrol(t, "agencyb"), w.Enrol(t, "agencyc")
	document := w.WholeDocument(a, b, c)
	document.Reciprocity = "required"
	document.Commitments[0].Receive, document.Commitments[2].Give = []string{}, []string{}
	ref := w.Agree(t, document, a, b, c)
	refused := func(by *hubtest.Agency, reason string, to ...*hubtest.Agency) {
		t.Helper()
		item := by.Seal(t, ref, "content", to...)
		by.Upload(t, item)
		_, err := by.Client.Release(t.Context(), by.Request(t, item))
		var problem *hubclient.Error
		if !errors.As(err, &problem) || problem.Code != "release_denied" || problem.Reason != reason {
			t.Errorf("%s: got %v, want %s", by.Name, err, reason)
		}
	}
	refused(c, policy.KindNotCovered, b)
	refused(b, policy.KindNotCovered, a)
	alone := a.Seal(t, ref, "content")
	a.Upload(t, alone)
	_, err := a.Client.Release(t.Context(), a.Request(t, alone))
	wantCode(t, err, "release_malformed", 422)

	released := a.Release(t, ref, "content", b, c)
	if got := c.Read(t, released.Act); got != "content" {
		t.Errorf("who gives nothing reads %q", got)
	}
	_, err = b.Client.Open(t.Context(), b.OpenAct(t, released.Act))
	wantDenied(t, err, policy.ReciprocityOwed)
	given := b.Release(t, ref, "in return", c)
	if got := b.Read(t, released.Act); got != "content" {
		t.Errorf("after it gave it reads %q", got)
	}
	b.Sync(t)
	b.Submit(t, act.DeskSign, &act.ItemRetract{
		Common: b.Common(), Item: b.State.Release(given.Act).Item.ID, Officer: b.Officer(), Reason: "error",
	})
	_, err = b.Client.Open(t.Context(), b.OpenAct(t, released.Act))
	wantDenied(t, err, policy.ReciprocityOwed)
	w.Verify(t)
}
