package hub_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
)

// early is a trio with a second agreement, signed by all, that begins in an hour.
type early struct {
	*trio
	later    act.AgreementRef
	released act.ID
	open     string // signed already
}

func newEarly(t *testing.T, options hubtest.Options) *early {
	t.Helper()
	w := &early{trio: newTrio(t, options)}
	document := w.Document(w.a, w.b)
	document.EntryIntoForce.NotBefore = canonical.At(w.Now().Add(time.Hour))
	w.later = w.Agree(t, document, w.a, w.b)
	w.released = w.a.Release(t, w.ref, "content", w.b).Act
	w.open = w.b.OpenAct(t, w.released)
	return w
}

func (w *early) restart(t *testing.T, options hubtest.Options) {
	t.Helper()
	w.Hub = w.Restart(t, options)
	w.a.Move(t, w.World)
	w.b.Move(t, w.World)
}

// tryRelease seals under the agreement, whose state the agency knows already.
func (w *early) tryRelease(t *testing.T, ref act.AgreementRef) error {
	t.Helper()
	item := w.a.Seal(t, ref, "content", w.b)
	w.a.Upload(t, item)
	_, err := w.a.Client.Release(t.Context(), w.a.Request(t, item))
	return err
}

func (w *early) wantStarted(t *testing.T, want bool) {
	t.Helper()
	view, err := w.Operator.Agreement(t.Context(), w.later.Digest)
	if err != nil || (view.State == string(ledger.InForce)) != want {
		t.Errorf("what begins in an hour is %q, %v", view.State, err)
	}
}

// The clock is set two hours forward while the hub is down: neither the ledger nor
// the running clock shows it. What begins in an hour has not begun.
func TestAClockThatIsSetForwardWhileTheHubIsDownStartsNothing(t *testing.T) {
	t.Parallel()
	w := newEarly(t, hubtest.Options{Clock: hubtest.NewClock()})
	w.wantStarted(t, false)
	entries, _ := w.Service.Sizes()
	w.Stop()
	ahead := hubtest.NewClock()
	ahead.Jump(2 * time.Hour)
	w.restart(t, hubtest.Options{Clock: ahead, VaultOff: -2 * time.Hour})

	wantUntrusted(t, "readiness", w.Public.Ready(t.Context()))
	// Whether a desk's clock is wrong with the hub's or right, nothing is decided.
	for name, now := range map[string]func() time.Time{"the hub's": ahead.Now, "the right one": time.Now} {
		w.Now = now
		wantUntrusted(t, "open, by "+name, tryOpenKnown(t, w))
		_, err := w.b.Deliver(t.Context(), []act.ID{w.released})
		wantUntrusted(t, "delivery, by "+name, err)
	}
	w.Now = ahead.Now
	wantUntrusted(t, "release", w.tryRelease(t, w.ref))
	wantUntrusted(t, "release under what begins in an hour", w.tryRelease(t, w.later))
	_, _, body := w.Do(t, http.MethodGet, "/readyz", "", nil, nil)
	if !strings.Contains(body, "the clock is 2h0m0s ahead of Vault's") && !strings.Contains(body, "the clock is 1h59m59s ahead of Vault's") {
		t.Errorf("readiness says %s", body)
	}
	_, _, body = w.Do(t, http.MethodGet, "/metrics", "", nil, nil)
	if !strings.Contains(body, "concordat_hub_clock_trusted 0\n") || !strings.Contains(body, "concordat_hub_clock_ahead_of_vault_seconds 7") {
		t.Errorf("the metrics are %s", body)
	}
	w.wantStarted(t, false)
	if now, _ := w.Service.Sizes(); now != entries {
		t.Errorf("%d entries, want %d", now, entries)
	}

	// A clock that is set right is still to be looked at by somebody.
	ahead.Jump(-2 * time.Hour)
	wantUntrusted(t, "open before the confirmation", tryOpenKnown(t, w))
	if err := w.Operator.ConfirmClock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := tryOpenKnown(t, w); err != nil {
		t.Errorf("confirmed: %v", err)
	}
	wantCode(t, w.tryRelease(t, w.later), "release_denied", 403)
	w.wantStarted(t, false)
	if err := w.Public.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	w.Verify(t)
}

func wantUntrusted(t *testing.T, what string, err error) {
	t.Helper()
	if hubclient.CodeOf(err) != "clock_untrusted" {
		t.Errorf("%s: %v", what, err)
	}
}

// Vault's clock alone is wrong. The hub cannot know which of both is, and asks. What
// an administrator confirmed holds, also over a restart, until the two move apart
// again, or together.
func TestAConfirmedDifferenceToVaultHoldsUntilItChanges(t *testing.T) {
	t.Parallel()
	clock := hubtest.NewClock()
	w := newEarly(t, hubtest.Options{Clock: clock})
	tryOpen := func() error { _, err := w.b.Open(t, w.released); return err }
	confirm := func() {
		t.Helper()
		if err := w.Operator.ConfirmClock(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := tryOpen(); err != nil {
			t.Errorf("confirmed: %v", err)
		}
	}
	if err := tryOpen(); err != nil {
		t.Fatal(err)
	}
	w.SetVaultClock(10 * time.Minute)
	wantUntrusted(t, "open", tryOpenKnown(t, w))
	wantUntrusted(t, "readiness", w.Public.Ready(t.Context()))
	confirm()

	w.SetVaultClock(14 * time.Minute)
	if err := tryOpen(); err != nil {
		t.Errorf("four minutes more: %v", err)
	}
	w.restart(t, hubtest.Options{Clock: clock, VaultOff: 10 * time.Minute})
	if err := tryOpen(); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	w.restart(t, hubtest.Options{Clock: clock, VaultOff: 16 * time.Minute})
	wantUntrusted(t, "six minutes more while the hub was down", tryOpenKnown(t, w))
	confirm()
	w.SetVaultClock(0)
	wantUntrusted(t, "open when Vault's clock was set right", tryOpenKnown(t, w))
	confirm()
	w.Verify(t)
}

// tryOpenKnown opens with an act that was signed before: nothing is read from the hub.
func tryOpenKnown(t *testing.T, w *early) error {
	t.Helper()
	_, err := w.b.Client.Open(t.Context(), w.open)
	return err
}

// Vault is away when the hub starts again. Until it has said what time it is, nothing
// is decided that gives; what takes away is taken.
func TestUntilVaultSaysTheTimeOnlyRightsEnd(t *testing.T) {
	t.Parallel()
	w := newEarly(t, hubtest.Options{Vault: hubtest.StartVault(t), Clock: hubtest.NewClock()})
	suspension := w.b.SignAct(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: w.b.Step(t, w.ref)})
	key := w.a.SignAct(t, act.DeskSign, keyAddAfter(t, w.a))
	w.Stop()
	w.Vault.Kill()
	ahead := hubtest.NewClock()
	ahead.Jump(2 * time.Hour)
	w.restart(t, hubtest.Options{Clock: ahead, VaultOff: -2 * time.Hour})

	_, err := w.a.Client.Submit(t.Context(), key)
	wantUnavailable(t, err)
	wantUnavailable(t, tryOpenKnown(t, w))
	// It is denied by the wrong clock's time, and not even that is said.
	wantUnavailable(t, w.tryRelease(t, w.later))
	wantUnavailable(t, w.Public.Ready(t.Context()))
	w.wantStarted(t, false)
	if _, err := w.b.Client.Submit(t.Context(), suspension); err != nil {
		t.Errorf("a suspension while Vault is away: %v", err)
	}

	w.Vault.Restart()
	await(t, "the time", func() bool { return hubclient.CodeOf(w.Public.Ready(t.Context())) == "clock_untrusted" })
	wantUntrusted(t, "open", tryOpenKnown(t, w))
	w.Verify(t)
}

// A sealed Vault opens nothing and still has a clock: a hub that it disagrees with
// stops, and one that it agrees with takes what needs no key.
func TestASealedVaultStillSaysTheTime(t *testing.T) {
	t.Parallel()
	w := newEarly(t, hubtest.Options{Vault: hubtest.StartVault(t), Clock: hubtest.NewClock()})
	key := w.a.SignAct(t, act.DeskSign, keyAddAfter(t, w.a))
	w.Vault.Seal()
	ahead := hubtest.NewClock()
	ahead.Jump(2 * time.Hour)
	w.restart(t, hubtest.Options{Clock: ahead, VaultOff: -2 * time.Hour})
	_, err := w.a.Client.Submit(t.Context(), key)
	wantUntrusted(t, "an act", err)
	w.restart(t, hubtest.Options{Clock: hubtest.NewClock()})
	if _, err := w.a.Client.Submit(t.Context(), key); err != nil {
		t.Errorf("with the right clock: %v", err)
	}
}

// silentClock is a Vault whose answers do not say what time it is.
type silentClock struct{ hub.Vault }

func (silentClock) OnTime(func(time.Time, time.Duration)) {}

func TestAVaultThatDoesNotSayTheTimeIsNotReliedOn(t *testing.T) {
	t.Parallel()
	w := newEarly(t, hubtest.Options{})
	w.restart(t, hubtest.Options{Keys: func(v hub.Vault) hub.Vault { return silentClock{v} }})
	wantUntrusted(t, "open", tryOpenKnown(t, w))
}

// A desk whose bearer is out of time is told that it may be the hub's fault only
// where it may: else it is nobody. One desk's clock stops nothing.
func TestADeskWithAWrongClockStopsOnlyItself(t *testing.T) {
	t.Parallel()
	w := newEarly(t, hubtest.Options{Clock: hubtest.NewClock()})
	right := w.Now
	w.Now = func() time.Time { return right().Add(-time.Hour) }
	for range 3 {
		wantCode(t, tryOpenKnown(t, w), "unauthenticated", 401)
	}
	w.Now = right
	if err := tryOpenKnown(t, w); err != nil {
		t.Error(err)
	}
	_, _, body := w.Do(t, http.MethodGet, "/metrics", "", nil, nil)
	if !strings.Contains(body, "concordat_hub_bearers_out_of_time_total 3\n") || !strings.Contains(body, "concordat_hub_clock_trusted 1\n") {
		t.Errorf("the metrics are %s", body)
	}
}

// A time that Vault's clock was not held against is no time to go by after a restart:
// a clock that was wrong while Vault was away stops nobody when it is right again.
func TestATimeThatVaultDidNotSeeIsNotWrittenDown(t *testing.T) {
	t.Parallel()
	w := newEarly(t, hubtest.Options{Vault: hubtest.StartVault(t), Clock: hubtest.NewClock()})
	w.Vault.Kill()
	ahead := hubtest.NewClock()
	ahead.Jump(2 * time.Hour)
	w.restart(t, hubtest.Options{Clock: ahead, VaultOff: -2 * time.Hour})
	wantUnavailable(t, tryOpenKnown(t, w))
	w.Stop() // writes the time down, if it may
	w.Vault.Restart()
	w.restart(t, hubtest.Options{Clock: hubtest.NewClock()})
	await(t, "readiness", func() bool { return w.Public.Ready(context.Background()) == nil })
	if err := tryOpenKnown(t, w); err != nil {
		t.Error(err)
	}
}
