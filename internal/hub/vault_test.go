package hub_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
)

// Vault away, in each way in which it can be: what needs a key is refused with a
// promise to try again, what does not goes on, and afterwards nothing is missing.
func TestWithoutVaultNothingIsLostAndAllResumes(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct{ away, back func(*hubtest.Vault) }{
		"sealed":  {func(v *hubtest.Vault) { v.Seal() }, func(v *hubtest.Vault) { v.Unseal() }},
		"killed":  {func(v *hubtest.Vault) { v.Kill() }, func(v *hubtest.Vault) { v.Restart() }},
		"stalled": {func(v *hubtest.Vault) { v.Pause() }, func(v *hubtest.Vault) { v.Resume() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTrio(t, hubtest.Options{Vault: hubtest.StartVault(t)})
			released := w.a.Release(t, w.ref, "before", w.b)
			item := w.a.Seal(t, w.ref, "meanwhile", w.b)
			w.a.Upload(t, item)
			request, open := w.a.Request(t, item), w.b.OpenAct(t, released.Act)

			fault.away(w.Vault)
			entries, _ := w.Service.Sizes()
			_, err := w.a.Client.Release(t.Context(), request)
			wantUnavailable(t, err)
			_, err = w.b.Client.Open(t.Context(), open)
			wantUnavailable(t, err)
			_, err = w.b.Deliver(t.Context(), []act.ID{released.Act})
			wantUnavailable(t, err)
			_, err = w.Operator.Request(t.Context(), "agencyc", hubclient.RequestSuspend)
			wantUnavailable(t, err)
			wantUnavailable(t, w.Public.Ready(t.Context()))
			if now, _ := w.Service.Sizes(); now != entries {
				t.Errorf("%d entries, want %d", now, entries)
			}
			// Acts that need no key of the hub go on, and the feed with them.
			suspended := w.a.Submit(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: w.a.Step(t, w.ref)})
			w.a.Submit(t, act.OfficerSign, &act.AgreementResume{AgreementStep: w.a.Step(t, w.ref)})
			w.b.Sync(t)
			_, err = w.a.Receipt(t.Context(), suspended.Index)
			wantCode(t, err, "checkpoint_pending", 503)

			fault.back(w.Vault)
			await(t, "readiness", func() bool { return w.Public.Ready(t.Context()) == nil })
			if _, err := w.a.Client.Release(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			if got := w.b.Read(t, released.Act); got != "before" {
				t.Errorf("read %q", got)
			}
			await(t, "checkpoint", func() bool { _, err := w.a.Receipt(t.Context(), suspended.Index); return err == nil })
			w.Verify(t)
		})
	}
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	wantCode(t, err, "vault_unavailable", 503)
	var refused *hubclient.Error
	if errors.As(err, &refused) && (!refused.Retryable || refused.RetryAfter <= 0) {
		t.Errorf("%v says nothing of trying again", err)
	}
}

// A key that somebody put behind the same name signs nothing that is believed.
func TestAReplacedKeyInVaultSignsNothing(t *testing.T) {
	t.Parallel()
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	swap := &swapped{}
	w := newTrio(t, hubtest.Options{Keys: func(v hub.Vault) hub.Vault { swap.Vault = v; return swap }})
	swap.key = stranger
	w.a.Submit(t, act.DeskSign, keyAdd(t, w.a))
	if err := w.Service.Checkpoint(t.Context()); err == nil {
		t.Error("a checkpoint was signed")
	}
	if now, err := w.Public.Checkpoint(t.Context()); err != nil || !verifies(t, w.World.Hub.LogKey, now) {
		t.Errorf("served checkpoint: %q, %v", now, err)
	}
	if _, err := w.Operator.Request(t.Context(), "agencyc", hubclient.RequestSuspend); err == nil {
		t.Error("the registrar's act was accepted")
	}
}

type swapped struct {
	hub.Vault
	key crypto.Signer
}

func (s *swapped) Signer(ctx context.Context, key, thumbprint string) (crypto.Signer, error) {
	if s.key != nil {
		return s.key, nil
	}
	return s.Vault.Signer(ctx, key, thumbprint)
}

func TestReadinessAsksVaultToSignAndHealthDoesNot(t *testing.T) {
	t.Parallel()
	h := hubtest.Start(t, hubtest.Options{Vault: hubtest.StartVault(t)})
	if status, _, _ := h.Do(t, http.MethodGet, "/readyz", "", nil, nil); status != 200 {
		t.Errorf("readyz %d", status)
	}
	h.Vault.Seal()
	if status, _, body := h.Do(t, http.MethodGet, "/readyz", "", nil, nil); status != 503 || !strings.Contains(body, "vault_unavailable") {
		t.Errorf("readyz %d %s", status, body)
	}
	if status, _, _ := h.Do(t, http.MethodGet, "/healthz", "", nil, nil); status != 200 {
		t.Errorf("healthz %d", status)
	}
}

// While Vault is slow to unlock, the agreement is suspended: the second decision
// in the transaction denies, whatever the first one said.
func TestASuspensionBetweenTheTwoDecisionsDenies(t *testing.T) {
	t.Parallel()
	slow := &slowUnlock{entered: make(chan struct{}), goOn: make(chan struct{})}
	w := newTrio(t, hubtest.Options{Keys: func(v hub.Vault) hub.Vault { slow.Vault = v; return slow }})
	released := w.a.Release(t, w.ref, "content", w.b)
	raw := w.b.OpenAct(t, released.Act)
	suspension := w.a.SignAct(t, act.OfficerSign, &act.AgreementSuspend{AgreementStep: w.a.Step(t, w.ref)})
	failed := make(chan error, 1)
	go func() { _, err := w.b.Client.Open(context.Background(), raw); failed <- err }()
	select {
	case <-slow.entered:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing is unlocked")
	}
	if _, err := w.a.Client.Submit(t.Context(), suspension); err != nil {
		t.Fatal(err)
	}
	close(slow.goOn)
	wantDenied(t, <-failed, "policy_agreement_suspended")
	if report := w.Verify(t); report.Allows != 0 {
		t.Errorf("%d allows are stored", report.Allows)
	}
}

type slowUnlock struct {
	hub.Vault
	entered, goOn chan struct{}
}

func (s *slowUnlock) UnlockKey(ctx context.Context, agreement, wrapped string, aad []byte) ([]byte, error) {
	close(s.entered)
	<-s.goOn
	return s.Vault.UnlockKey(ctx, agreement, wrapped, aad)
}
