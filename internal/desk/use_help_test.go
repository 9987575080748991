package desk_test

import (
	"errors"
	"slices"

	"github.com/concordat-hub/concordat/internal/client/deskclient"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
)

func problemOf(err error) deskapi.ProblemDetails {
	var refused *deskclient.Error
	if !errors.As(err, &refused) {
		return deskapi.ProblemDetails{}
	}
	return refused.ProblemDetails
}

func reasonOf(err error) string { return problemOf(err).Reason }
func detailOf(err error) string { return problemOf(err).Detail }

// kept reports whether the desk keeps content of a release.
func (s *site) kept(release string) (bool, error) {
	rows, err := s.store.KeptReleases(s.w.t.Context())
	return slices.ContainsFunc(rows, func(k deskstore.Kept) bool { return k.Release == release }), err
}

// approvedAgain is a next draft of an own item, with the same text.
func (s *site) approvedAgain(item string) deskapi.Draft {
	t := s.w.t
	t.Helper()
	draft, err := s.analyst().CreateDraft(t.Context(), deskapi.DraftRequest{Kind: "bulletin", Item: item, Source: sample(t)})
	if err != nil {
		t.Fatal(err)
	}
	approved, err := s.officer("reviewer-1", "reviewer").Approve(t.Context(), draft.ID, draft.ContentDigest)
	if err != nil {
		t.Fatal(err)
	}
	return approved
}
