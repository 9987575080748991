package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
)

// Many work at once while the hub is killed at moments that nobody chose. After
// each kill everything that was acknowledged is there, once, at its place; every
// header that was handed out has its allow; and the log extends what was signed.
func TestAHubThatIsKilledInTheMiddleOfTheDayKeepsItsWord(t *testing.T) {
	c := &cycle{house: newHouse(t)}
	running := c.start(t, "")
	c.a, c.b = running.Enrol(t, "agencya"), running.Enrol(t, "agencyb")
	c.ref = running.Agree(t, running.Document(c.a, c.b), c.a, c.b)
	c.first = c.a.Release(t, c.ref, "released before any kill", c.b).Act
	c.b.Sync(t)
	accepted := c.b.State.Release(c.first).EffectiveDigest
	before, err := running.Public.Checkpoint(t.Context())
	if err != nil {
		t.Log("no checkpoint yet")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 1))
	const rounds = 8
	for range rounds {
		c.round(t, accepted, time.Duration(dice.IntN(400)+20)*time.Millisecond, running)
		running = c.start(t, "")
		c.move(t, running.World)
		if before != nil {
			await(t, "a checkpoint", func() bool { _, err := running.Public.Checkpoint(t.Context()); return err == nil })
			extends(t, running.World, before)
		}
		before, _ = running.Public.Checkpoint(t.Context())
	}
	if got := c.b.Read(t, c.first); got != "released before any kill" {
		t.Errorf("read %q", got)
	}
	running.stop(t)
	report := c.stored(t, c.check(t))
	if report.Allows < len(c.handed) {
		t.Errorf("%d headers were handed out, %d allows are stored", len(c.handed), report.Allows)
	}
	t.Logf("%d kills: %d acts acknowledged, %d headers handed out, %d entries", rounds, len(c.acknowledged), len(c.handed), report.Entries)
}

// round lets workers submit, release and open until the hub is killed.
func (c *cycle) round(t *testing.T, accepted string, life time.Duration, running *child) {
	t.Helper()
	c.a.Sync(t)
	prev := c.a.State.Agency("agencya").Last
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var workers sync.WaitGroup
	loop := func(work func() (any, error)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				done, err := work()
				if err != nil {
					return // the hub is gone
				}
				mu.Lock()
				switch done := done.(type) {
				case hubclient.Appended:
					c.acknowledged = append(c.acknowledged, done)
				case hubclient.Opened:
					c.handed = append(c.handed, done.Decision.Index)
				}
				mu.Unlock()
			}
		})
	}
	for range 2 {
		loop(func() (any, error) {
			return c.a.Client.Submit(ctx, c.a.SignAct(t, act.DeskSign, &act.KeyAdd{
				Common: c.a.Common(), Purpose: act.Sealing, Recipient: hubtest.NewRecipient(t), Prev: prev,
			}))
		})
		loop(func() (any, error) {
			return c.b.Client.Open(ctx, c.b.SignAct(t, act.DeskSign, &act.ItemOpen{
				Common: c.b.Common(), Release: c.first, Part: "body", Purpose: "detection", Restrictions: accepted, Officer: c.b.Officer(),
			}))
		})
		loop(func() (any, error) {
			item := c.a.Seal(t, c.ref, canonical.Digest([]byte(act.NewJTI())), c.b)
			for _, body := range item.Bodies {
				if _, err := c.a.Client.Upload(ctx, body); err != nil {
					return nil, err
				}
			}
			return c.a.Client.Release(ctx, c.a.Request(t, item))
		})
	}
	timer := time.NewTimer(life)
	<-timer.C
	if err := running.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	running.awaitKill(t)
	cancel()
	workers.Wait()
	c.stored(t, c.check(t))
}

func await(t *testing.T, what string, ready func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ready() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("no %s in 20 s", what)
		}
	}
}
