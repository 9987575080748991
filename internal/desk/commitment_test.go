package desk_test

import (
	"slices"
	"testing"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

func TestCommitments(t *testing.T) {
	w := newWorld(t)
	a, b := w.agency("agencya"), w.agency("agencyb")
	w.agency("agencyc")
	keepAll(t, w, a, b, []promise{
		{"who does not receive a kind is left out of its releases, and the officer is told", leavesOutWhoDoesNotReceive},
		{"under required reciprocity who gives opens once it has given", opensOnceItHasGiven},
	})
}

func leavesOutWhoDoesNotReceive(t *testing.T, w *world, a, b *site) {
	c := w.desks["agencyc"]
	id := w.agree([]*site{a, b, c}, whole(func(d *agreement.Document) {
		d.Commitments[1].Receive, d.Commitments[2].Give = []string{}, []string{}
	}))
	draft := a.approved("bulletin", sample(t))
	dry, err := a.releaser().DryRun(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: id})
	if err != nil {
		t.Fatal(err)
	}
	out := dry.Recipients[0]
	if out.Agency != "agencyb" || out.Allow || out.Reason != "policy_kind_not_covered" || out.Message == "" || !slices.Contains(out.Evidence, "/commitments/receive") {
		t.Errorf("what is said of agencyb: %+v", out)
	}
	release, err := a.releaser().Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: id})
	if err != nil || !slices.Equal(release.Recipients, []string{"agencyc"}) {
		t.Errorf("released to %v, %v", release.Recipients, err)
	}
	c.received(release.Item)
	mustRead(t, c, release.Item)
	_, err = c.releaser().Release(t.Context(), c.approved("bulletin", sample(t)).ID, deskapi.ReleaseRequest{Agreement: id})
	wantReason(t, err, "release_denied", "policy_kind_not_covered")
}

func opensOnceItHasGiven(t *testing.T, w *world, a, b *site) {
	id := w.agree([]*site{a, b}, whole(func(d *agreement.Document) { d.Reciprocity = "required" }))
	release := shared(t, id, a, nil, b) // the cover is there
	if shown := b.conditions(release.Item); shown.Allow || shown.Reason != "policy_reciprocity_owed" || shown.Message == "" {
		t.Errorf("the conditions say %v, %s: %s", shown.Allow, shown.Reason, shown.Message)
	}
	_, err := b.reads(release.Item, "detection")
	wantReason(t, err, "open_denied", "policy_reciprocity_owed")
	shared(t, id, b, nil, a)
	mustRead(t, b, release.Item)
}
