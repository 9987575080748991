package deskstore

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Unlock(NewKey()); err != nil {
		t.Fatal(err)
	}
	return s
}

func draft(id string, version int, source string) Draft {
	return Draft{
		ID: id, Item: "itm-x", Kind: "bulletin", Version: version, Author: "ofc-a", Content: "sha256:" + source,
		Secret: DraftSecret{Source: []byte(source), Canonical: []byte("{}"), Salt: []byte("salt")}, Created: 1, Updated: int64(version),
	}
}

// Whoever can write the database moves a ciphertext to another row: it does not
// open there, and no older version passes for a newer one.
func TestARowOpensOnlyAtItsPlace(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	for _, d := range []Draft{draft("one", 1, "first"), draft("two", 1, "second")} {
		if err := s.AddDraft(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.ReplaceDraft(ctx, draft("one", 2, "third")); err != nil {
		t.Fatal(err)
	}
	for name, move := range map[string]string{
		"another draft":    "UPDATE draft_versions SET sealed = (SELECT sealed FROM draft_versions WHERE draft = 'one' AND version = 2) WHERE draft = 'two'",
		"an older version": "UPDATE draft_versions SET sealed = (SELECT sealed FROM draft_versions WHERE draft = 'one' AND version = 1) WHERE draft = 'one' AND version = 2",
	} {
		if _, err := s.db.ExecContext(ctx, move); err != nil {
			t.Fatal(err)
		}
		id := map[string]string{"another draft": "two", "an older version": "one"}[name]
		if _, err := s.Draft(ctx, id); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnotherKeyOpensNothing(t *testing.T) {
	s := open(t)
	if err := s.AddDraft(t.Context(), draft("one", 1, "first")); err != nil {
		t.Fatal(err)
	}
	if err := s.Unlock(NewKey()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Draft(t.Context(), "one"); !errors.Is(err, ErrDamaged) {
		t.Fatalf("%v", err)
	}
	if err := s.Unlock([]byte("short")); err == nil {
		t.Fatal("a short key was taken")
	}
}

func TestALockedStoreSaysSo(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"draft":    func() error { _, err := s.Draft(ctx, "x"); return err },
		"drafts":   func() error { _, err := s.Drafts(ctx); return err },
		"add":      func() error { return s.AddDraft(ctx, Draft{}) },
		"replace":  func() error { return s.ReplaceDraft(ctx, Draft{}) },
		"entries":  func() error { return s.AddEntries(ctx, nil, 1) },
		"read":     func() error { return s.Entries(ctx, nil) },
		"entry":    func() error { _, err := s.Entry(ctx, 1); return err },
		"session":  func() error { _, err := s.Session(ctx, nil); return err },
		"sessions": func() error { return s.AddSession(ctx, Session{}) },
		"officer":  func() error { return s.NoteOfficer(ctx, "x", "y") },
		"officers": func() error { _, err := s.Officers(ctx); return err },
		"outgoing": func() error { _, err := s.AddOutgoing(ctx, Outgoing{}, nil); return err },
		"outbox":   func() error { _, err := s.Outgoings(ctx, ""); return err },
		"by key":   func() error { _, err := s.OutgoingByKey(ctx, "x"); return err },
		"add acts": func() error { _, err := s.AddActs(ctx, SignedAct{}); return err },
		"act":      func() error { _, err := s.SignedAct(ctx, "x"); return err },
		"acts":     func() error { _, err := s.SignedActs(ctx); return err },
		"cover":    func() error { _, err := s.Cover(ctx, "x"); return err },
		"covers":   func() error { _, err := s.Covers(ctx); return err },
		"put":      func() error { return s.PutCover(ctx, Cover{}) },
		"opening":  func() error { return s.AddOpening(ctx, Opening{}) },
		"openings": func() error { _, err := s.Openings(ctx, "x"); return err },
		"keep":     func() error { return s.PutKept(ctx, Kept{}) },
		"kept":     func() error { _, err := s.Kept(ctx, "x", "y", "z", ""); return err },
		"content":  func() error { _, err := s.DraftContent(ctx, "x", "y"); return err },
	} {
		if err := call(); !errors.Is(err, ErrLocked) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An entry and the cursor behind it are one write: whatever fails, the next
// reading of the feed begins exactly after what is stored.
func TestEntriesAndCursorMoveTogether(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	first := []Entry{{Index: 3, Salt: [32]byte{1}, Bytes: []byte("three")}, {Index: 7, Salt: [32]byte{2}, Bytes: []byte("seven")}}
	if err := s.AddEntries(ctx, first, 2); err != nil {
		t.Fatal(err)
	}
	again := []Entry{{Index: 9, Bytes: []byte("nine")}, {Index: 7, Bytes: []byte("seven again")}}
	if err := s.AddEntries(ctx, again, 4); err == nil {
		t.Fatal("an index was stored twice")
	}
	cursor, err := s.Cursor(ctx)
	if err != nil || cursor != 2 {
		t.Fatalf("cursor %d, %v", cursor, err)
	}
	var got []Entry
	if err := s.Entries(ctx, func(e Entry) error { got = append(got, e); return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, got); diff != "" {
		t.Error(diff)
	}
	if e, err := s.Entry(ctx, 7); err != nil || string(e.Bytes) != "seven" {
		t.Fatalf("%+v, %v", e, err)
	}
}

func TestAnApprovalIsOfTheNewestVersionOnly(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	if err := s.AddDraft(ctx, draft("one", 1, "first")); err != nil {
		t.Fatal(err)
	}
	if err := s.ReplaceDraft(ctx, draft("one", 2, "second")); err != nil {
		t.Fatal(err)
	}
	if err := s.ReplaceDraft(ctx, draft("one", 2, "lost update")); !errors.Is(err, ErrChanged) {
		t.Fatalf("%v", err)
	}
	for _, stale := range []struct {
		version int
		content string
	}{{1, "sha256:first"}, {2, "sha256:first"}, {1, "sha256:second"}} {
		if err := s.AddApproval(ctx, "one", stale.version, Approval{Officer: "ofc-b", Content: stale.content}); !errors.Is(err, ErrChanged) {
			t.Errorf("%+v: %v", stale, err)
		}
	}
	if err := s.AddApproval(ctx, "one", 2, Approval{Officer: "ofc-b", Content: "sha256:second", At: 5}); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Approvals(ctx, "one", 2); err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
}

func TestASessionEndsWithItsTime(t *testing.T) {
	s := open(t)
	now := time.Unix(1_800_000_000, 0)
	s.now = func() time.Time { return now }
	session := Session{Hash: []byte("h"), Officer: "ofc-a", Secret: SessionSecret{Subject: "someone", Roles: []string{"reader"}}, Expires: now.Unix() + 10}
	if err := s.AddSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	got, err := s.Session(t.Context(), []byte("h"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(session, got); diff != "" {
		t.Error(diff)
	}
	now = now.Add(10 * time.Second)
	if _, err := s.Session(t.Context(), []byte("h")); !errors.Is(err, ErrNotFound) {
		t.Fatalf("after its time: %v", err)
	}
}

// The same release, asked for twice at once, is one row; one that was refused
// makes room for another attempt.
func TestOneReleasePerNaturalKey(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	first := Outgoing{ID: "a", NaturalKey: "k", State: Pending, Secret: OutgoingSecret{ActID: "one"}}
	if _, err := s.AddOutgoing(ctx, first, map[string][]byte{"d": []byte("body")}); err != nil {
		t.Fatal(err)
	}
	got, err := s.AddOutgoing(ctx, Outgoing{ID: "b", NaturalKey: "k", State: Pending}, nil)
	if err != nil || got.ID != "a" || got.Secret.ActID != "one" {
		t.Fatalf("%+v, %v", got, err)
	}
	if body, err := s.Body(ctx, "a", "d"); err != nil || string(body) != "body" {
		t.Fatalf("%q, %v", body, err)
	}
	first.State, first.Code = Refused, "policy_agreement_suspended"
	if err := s.EndOutgoing(ctx, first); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Body(ctx, "a", "d"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("the body of a refused release is kept: %v", err)
	}
	got, err = s.AddOutgoing(ctx, Outgoing{ID: "c", NaturalKey: "k", State: Pending}, nil)
	if err != nil || got.ID != "c" {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestANewerSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(dir); err == nil {
		_ = s.Close()
		t.Fatal("an older program opened a newer schema")
	}
}

// A transaction that fails leaves nothing, and the store goes on.
func TestAFailedWriteLeavesNothing(t *testing.T) {
	s := open(t)
	boom := errors.New("boom")
	err := s.inTx(t.Context(), func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(context.Background(), "INSERT INTO meta (name, value) VALUES ('half', x'00')"); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if _, err := s.Meta(t.Context(), "half"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("%v", err)
	}
}
