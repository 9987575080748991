package desk_test

import (
	"testing"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

// The hub sees no facets, so the publishing desk keeps an item out of an agreement
// whose categories do not name it.
func TestAnItemOutsideTheCategoriesIsNotReleased(t *testing.T) {
	w := newWorld(t)
	a, b := w.agency("agencya"), w.agency("agencyb")
	draft := a.approved("bulletin", sample(t))
	releaser := a.officer("releaser-1", "releaser")
	for term, code := range map[string]string{"virtual-asset": "outside_categories", "": ""} {
		id := w.agree([]*site{a, b}, whole(func(d *agreement.Document) {
			d.Categories = []agreement.Category{{Kind: "bulletin"}}
			if term != "" {
				d.Categories[0].Facets = map[string][]string{"payment-channel": {term}}
			}
		}))
		_, err := releaser.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: id})
		if code == "" && err != nil {
			t.Fatal(err)
		}
		if code != "" {
			wantCode(t, err, code)
		}
	}
}
