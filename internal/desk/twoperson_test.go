package desk_test

import (
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/concordat-hub/concordat/internal/client/deskclient"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

// The author and whoever else wrote in the draft are never the second officer,
// whatever accounts, sessions and roles they have; and a word counts for exactly
// the content that was seen.
func secondOfficerApproves(t *testing.T, w *world, a, b *site) {
	agreementID := w.agree([]*site{a, b})
	author := a.officer("analyst-1", "analyst", "reviewer", "releaser")
	source := sample(t)
	draft, err := author.CreateDraft(t.Context(), deskapi.DraftRequest{Kind: "bulletin", Source: source})
	if err != nil {
		t.Fatal(err)
	}

	_, err = author.Approve(t.Context(), draft.ID, draft.ContentDigest)
	wantCode(t, err, "two_person_required")

	// Another account at the provider, under the same subject: the same person.
	other := a.otherAccount("analyst-1", "analyst-1-second-account")
	_, err = other.Approve(t.Context(), draft.ID, draft.ContentDigest)
	wantCode(t, err, "two_person_required")

	_, err = author.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	wantCode(t, err, "two_person_required")

	reviewer := a.officer("reviewer-1", "reviewer", "analyst")
	if _, err = reviewer.Approve(t.Context(), draft.ID, draft.ContentDigest); err != nil {
		t.Fatal(err)
	}
	// An edit voids the word that was given for the older version.
	edited, err := author.EditDraft(t.Context(), draft.ID, draft.Version, deskapi.DraftRequest{Source: source + "\n# changed\n"})
	if err != nil || edited.Version != 2 || len(edited.Approvals) != 0 || edited.ContentDigest == draft.ContentDigest {
		t.Fatalf("edited %+v, %v", edited, err)
	}
	_, err = author.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID})
	wantCode(t, err, "two_person_required")
	_, err = reviewer.Approve(t.Context(), draft.ID, draft.ContentDigest)
	wantCode(t, err, "draft_changed")
	_, err = author.EditDraft(t.Context(), draft.ID, draft.Version, deskapi.DraftRequest{Source: source})
	wantCode(t, err, "draft_changed")

	// Whoever wrote any version is an author from then on.
	third, err := reviewer.EditDraft(t.Context(), draft.ID, 2, deskapi.DraftRequest{Source: source})
	if err != nil {
		t.Fatal(err)
	}
	_, err = reviewer.Approve(t.Context(), draft.ID, third.ContentDigest)
	wantCode(t, err, "two_person_required")
	_, err = author.Approve(t.Context(), draft.ID, third.ContentDigest)
	wantCode(t, err, "two_person_required")
	if _, err = a.officer("reviewer-2", "reviewer").Approve(t.Context(), draft.ID, third.ContentDigest); err != nil {
		t.Fatal(err)
	}
	if _, err = author.Release(t.Context(), draft.ID, deskapi.ReleaseRequest{Agreement: agreementID}); err != nil {
		t.Fatal(err)
	}
}

// otherAccount logs in as the same subject with another name and other groups.
func (s *site) otherAccount(subject, label string) *deskclient.Client {
	s.w.t.Helper()
	c := deskclient.New(s.url, s.client)
	login, err := c.Login(s.w.t.Context())
	if err != nil {
		s.w.t.Fatal(err)
	}
	token := s.w.provider.token(string(s.name), jwt.MapClaims{
		"sub": subject, "nonce": login.Nonce, "groups": []string{"reviewer"}, "preferred_username": label,
	})
	session, err := c.StartSession(s.w.t.Context(), deskapi.SessionRequest{IDToken: token, Nonce: login.Nonce})
	if err != nil {
		s.w.t.Fatal(err)
	}
	return c.As(session.Token)
}
