package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/store/sqlite"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// The steps of publishing and opening, each of which a test kills at its points.
type cycle struct {
	*house
	a, b  *hubtest.Agency
	ref   act.AgreementRef
	first act.ID // a release that was acknowledged before any kill

	acknowledged []hubclient.Appended
	handed       []uint64 // records that responses with a header named
}

func (c *cycle) move(t *testing.T, w *hubtest.World) {
	c.a.Move(t, w)
	c.b.Move(t, w)
}

// attempt does one step twice: once with the point armed, when it fails or not,
// and once after the restart, when it must succeed.
type attempt struct {
	name   string
	points []string
	step   func(c *cycle, t *testing.T) func() error
}

func attempts() []attempt {
	return []attempt{
		{"submit an act", []string{"append.in_tx", "append.after_commit", "act.before_answer"}, stepSubmit},
		{"release an item", []string{
			"upload.after_write", "upload.before_rename", "upload.after_rename", "release.verified", "release.locked",
			"release.in_tx", "append.in_tx", "append.after_commit", "release.before_answer",
		}, stepRelease},
		{"open an item", []string{"open.unlocked", "open.in_tx", "append.in_tx", "append.after_commit", "open.recorded"}, stepOpen},
		{"deliver covers", []string{"deliver.unlocked", "append.in_tx", "append.after_commit", "deliver.recorded"}, stepDeliver},
		{"sign a checkpoint", []string{"checkpoint.before_sign", "checkpoint.signed", "checkpoint.stored"}, stepCheckpoint},
	}
}

func stepSubmit(c *cycle, t *testing.T) func() error {
	c.a.Sync(t)
	other := c.NewIdentityAct(t)
	return func() error {
		done, err := c.a.Client.Submit(t.Context(), other)
		if err == nil {
			c.acknowledged = append(c.acknowledged, done)
		}
		return err
	}
}

// NewIdentityAct is a signed key.add of a fresh sealing identity of agency a.
func (c *cycle) NewIdentityAct(t *testing.T) string {
	t.Helper()
	return c.a.SignAct(t, act.DeskSign, &act.KeyAdd{
		Common: c.a.Common(), Purpose: act.Sealing, Recipient: hubtest.NewRecipient(t), Prev: c.a.State.Agency(c.a.Name).Last,
	})
}

func stepRelease(c *cycle, t *testing.T) func() error {
	item := c.a.Seal(t, c.ref, "sealed before the kill", c.b)
	request := c.a.Request(t, item)
	return func() error {
		for _, body := range item.Bodies {
			if _, err := c.a.Client.Upload(t.Context(), body); err != nil {
				return err
			}
		}
		done, err := c.a.Client.Release(t.Context(), request)
		if err == nil {
			c.acknowledged = append(c.acknowledged, done)
		}
		return err
	}
}

func stepOpen(c *cycle, t *testing.T) func() error {
	signed := c.b.OpenAct(t, c.first)
	return func() error {
		opened, err := c.b.Client.Open(t.Context(), signed)
		if err == nil {
			c.handed = append(c.handed, opened.Decision.Index)
		}
		return err
	}
}

func stepDeliver(c *cycle, t *testing.T) func() error {
	return func() error {
		answers, err := c.b.Deliver(t.Context(), []act.ID{c.first})
		if err == nil && (len(answers) != 1 || !answers[0].Allow) {
			t.Fatalf("delivery refused: %+v", answers)
		}
		return err
	}
}

// The checkpoint after an act is signed by itself; the point is in its way.
func stepCheckpoint(c *cycle, t *testing.T) func() error {
	submit := stepSubmit(c, t)
	return func() error {
		if err := submit(); err != nil {
			return err
		}
		index := c.acknowledged[len(c.acknowledged)-1].Index
		_, err := c.a.Receipt(t.Context(), index)
		return err
	}
}

func TestAHubThatIsKilledAnywhereLosesNothingAndInventsNothing(t *testing.T) {
	c := &cycle{house: newHouse(t)}
	running := c.start(t, "")
	c.a, c.b = running.Enrol(t, "agencya"), running.Enrol(t, "agencyb")
	c.ref = running.Agree(t, running.Document(c.a, c.b), c.a, c.b)
	c.first = c.a.Release(t, c.ref, "released before any kill", c.b).Act
	running.stop(t)
	for _, one := range attempts() {
		for _, point := range one.points {
			t.Run(fmt.Sprintf("%s, killed at %s", one.name, point), func(t *testing.T) { c.kill(t, one, point) })
		}
	}
}

func (c *cycle) kill(t *testing.T, one attempt, point string) {
	// The step is prepared on a hub without the point: preparing reads and writes.
	calm := c.start(t, "")
	c.move(t, calm.World)
	step := one.step(c, t)
	before, err := calm.Public.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	calm.stop(t)
	c.stored(t, nil)

	armed := c.start(t, point)
	c.move(t, armed.World)
	firstErr := step()
	armed.awaitKill(t)
	c.stored(t, c.check(t))

	again := c.start(t, "")
	c.move(t, again.World)
	if err := step(); err != nil {
		t.Fatalf("after the restart (before: %v): %v", firstErr, err)
	}
	c.b.Sync(t)
	if got := c.b.Read(t, c.first); got != "released before any kill" {
		t.Fatalf("read %q", got)
	}
	extends(t, again.World, before)
	again.stop(t)
	c.stored(t, c.check(t))
}

// check returns the look at a stopped hub's store: everything acknowledged is
// there once, at the place that was acknowledged, and every header that was
// handed out has its allow.
func (c *cycle) check(t *testing.T) func(*sqlite.Store) {
	return func(database *sqlite.Store) {
		err := database.View(t.Context(), func(r store.Reader) error {
			for _, done := range c.acknowledged {
				if index, err := r.IndexOf(done.Act); err != nil || index != done.Index {
					t.Errorf("act acknowledged at %d is at %d: %v", done.Index, index, err)
				}
			}
			for _, index := range c.handed {
				stored, err := r.Entry(index)
				if err != nil {
					return err
				}
				entry, err := ledger.ParseEntry(stored.Bytes)
				if err != nil {
					return err
				}
				allows := entry.Record != nil && slices.ContainsFunc(entry.Record.Results, func(one ledger.Result) bool { return one.Allow })
				if !allows {
					t.Errorf("a header was handed out under entry %d, which allows nothing", index)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// extends checks that the present log is a continuation of the one of which an
// earlier checkpoint was signed.
func extends(t *testing.T, w *hubtest.World, before []byte) {
	t.Helper()
	log, err := tlog.NewVerifier(w.Hub.LogKey)
	if err != nil {
		t.Fatal(err)
	}
	old, err := tlog.OpenCheckpoint(before, log)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := w.Public.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now, err := tlog.OpenCheckpoint(raw, log)
	if err != nil {
		t.Fatal(err)
	}
	proof, size, err := w.Public.Consistency(t.Context(), old.Size, now.Size)
	if err != nil || size != now.Size {
		t.Fatalf("Consistency of %d: %v", size, err)
	}
	if err := tlog.CheckConsistency(proof, old.Size, old.Root, now.Size, now.Root); err != nil {
		t.Error(err)
	}
}
