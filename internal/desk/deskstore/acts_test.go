package deskstore

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func signedAct(id, subject, says string) SignedAct {
	return SignedAct{Act: id, Kind: "item.retract", Subject: subject, Says: says, Created: 1, Secret: SignedActSecret{Act: "jws of " + id}}
}

// said returns the ids of what is stored, in its order.
func said(t *testing.T, s *Store) []string {
	t.Helper()
	all, err := s.SignedActs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, a := range all {
		ids = append(ids, a.Act)
	}
	return ids
}

func addActs(t *testing.T, s *Store, acts ...SignedAct) []SignedAct {
	t.Helper()
	stored, err := s.AddActs(t.Context(), acts...)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestActsKeepTheirOrderAndSayNothingTwiceInARow(t *testing.T) {
	s := open(t)
	addActs(t, s, signedAct("1", "item", "retract"), signedAct("2", "other", "retract"))
	if again := addActs(t, s, signedAct("3", "item", "retract")); again[0].Act != "1" || again[0].Secret.Act != "jws of 1" {
		t.Errorf("the same said again is %+v", again[0])
	}
	if same := addActs(t, s, signedAct("2", "other", "retract")); same[0].Seq != 2 {
		t.Errorf("the same act again is %+v", same[0])
	}
	addActs(t, s, signedAct("4", "hold", "place"), signedAct("5", "hold", "lift"), signedAct("6", "hold", "place"))
	if diff := cmp.Diff([]string{"1", "2", "4", "5", "6"}, said(t, s)); diff != "" {
		t.Error(diff)
	}
}

func TestAnActEndsOnceAndIsForgottenOnlyThen(t *testing.T) {
	s := open(t)
	a := addActs(t, s, signedAct("1", "item", "retract"))[0]
	if err := s.ForgetAct(t.Context(), "1"); err != nil || len(said(t, s)) != 1 {
		t.Fatalf("an act that waits was forgotten: %v", err)
	}
	if err := s.WaitAct(t.Context(), "1", "hub_unavailable"); err != nil {
		t.Fatal(err)
	}
	a.State, a.Code, a.Secret.Evidence = Refused, "item_retracted", []string{"x"}
	if err := s.EndAct(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	done := a
	done.State, done.Index, done.Secret.Time = Done, 7, time.Unix(9, 0).UTC()
	if err := s.EndAct(t.Context(), done); err != nil {
		t.Fatal(err)
	}
	if got, err := s.SignedAct(t.Context(), "1"); err != nil || !cmp.Equal(got, a) {
		t.Errorf("what has ended changed: %+v, %v", got, err)
	}
	// One that was refused is tried again when it comes again.
	if again := addActs(t, s, signedAct("1", "item", "retract")); again[0].State != Pending || again[0].Seq == a.Seq {
		t.Errorf("%+v", again)
	}
	if err := s.EndAct(t.Context(), done); err != nil {
		t.Fatal(err)
	}
	if err := s.ForgetAct(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SignedAct(t.Context(), "1"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestAReplacedActKeepsItsPlace(t *testing.T) {
	s := open(t)
	addActs(t, s, signedAct("1", "a", "x"), signedAct("2", "b", "x"))
	if err := s.ReplaceAct(t.Context(), "1", signedAct("3", "a", "x")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"3", "2"}, said(t, s)); diff != "" {
		t.Error(diff)
	}
	if got, err := s.SignedAct(t.Context(), "3"); err != nil || got.Secret.Act != "jws of 3" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestActsAreStoredAllOrNone(t *testing.T) {
	s := open(t)
	if _, err := s.db.ExecContext(t.Context(), "CREATE TRIGGER fails BEFORE INSERT ON acts WHEN new.act = '2' BEGIN SELECT RAISE(ABORT, 'no'); END"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddActs(t.Context(), signedAct("1", "a", "x"), signedAct("2", "b", "x")); err == nil {
		t.Fatal("a failed write passed")
	}
	if ids := said(t, s); len(ids) != 0 {
		t.Errorf("%v was left", ids)
	}
}
