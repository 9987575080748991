package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/ledger"
)

const (
	storeKeyName = "store-key"
	genesisName  = "genesis"
)

// Run starts the desk and works until ctx ends. What it cannot reach it waits for
// with growing pauses, and Ready says what that is; it returns an error only for
// what no waiting mends. When it has returned, nothing of the desk runs any more
// and its store may be closed.
func (d *Desk) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	defer loops.Wait()
	loops.Go(func() { d.watchHealth(ctx) })
	for wait := 250 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := d.start(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return nil
		}
		d.setWaiting(AsError(err).Code)
		d.Log.Warn("desk does not start yet", "agency", d.Agency, "code", AsError(err).Code, "cause", err)
		if !pause(ctx, wait) {
			return nil
		}
	}
	d.mu.Lock()
	d.started, d.lacking = true, ""
	d.mu.Unlock()
	d.Log.Info("desk has started", "agency", d.Agency)
	for _, loop := range []func(context.Context){d.follow, d.react, d.sendOutbox} {
		loops.Go(func() { loop(ctx) })
	}
	return nil
}

func (d *Desk) setWaiting(code string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lacking = code
}

// start is every step in order. Each is idempotent: after a failure or a crash
// all run again.
func (d *Desk) start(ctx context.Context) error {
	steps := []struct {
		name string
		run  func(context.Context) error
	}{
		{"unlock the store", d.unlock},
		{"pin the hub", d.pin},
		{"fold the stored entries", d.foldStored},
		{"find the acts that wait", d.recall},
		{"enrol", d.enrol},
		{"read the feed", d.catchUpOrKnown},
		{"find the desk's secret", d.findSecret},
		{"find the sealing identities", d.findIdentities},
		{"publish a sealing identity", d.ensureSealing},
	}
	for _, step := range steps {
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// aad binds a wrapped secret to the agency and to what it is.
func (d *Desk) aad(what, name string) []byte {
	b, err := canonical.Marshal(struct {
		Agency act.AgencyName `json:"agency"`
		Format string         `json:"format"`
		Name   string         `json:"name"`
	}{d.Agency, "concordat-desk-" + what + "/v1", name})
	if err != nil {
		panic(err) // a slug and constants always have a canonical form
	}
	return b
}

// unlock unwraps the store key, or makes one for an empty store.
func (d *Desk) unlock(ctx context.Context) error {
	if !d.Store.Locked() {
		return nil
	}
	wrapped, err := d.Store.Meta(ctx, storeKeyName)
	if errors.Is(err, deskstore.ErrNotFound) {
		var fresh string
		if fresh, err = d.Keys.Wrap(ctx, deskstore.NewKey(), d.aad("store-key", "")); err != nil {
			return err
		}
		wrapped = []byte(fresh)
		err = d.Store.AddMeta(ctx, storeKeyName, wrapped)
	}
	if err != nil {
		return err
	}
	// Also a fresh key is unwrapped: a key that cannot be unwrapped must show now,
	// not after a restart.
	key, err := d.Keys.Unwrap(ctx, string(wrapped), d.aad("store-key", ""))
	if err != nil {
		return err
	}
	defer clear(key)
	return d.Store.Unlock(key)
}

// pin remembers the hub's identity at the first contact. Later another identity
// is refused, whatever the address says.
func (d *Desk) pin(ctx context.Context) error {
	pinned, err := d.pinned(ctx)
	if err != nil && !errors.Is(err, deskstore.ErrNotFound) {
		return err
	}
	told, infoErr := d.hub.Info(ctx)
	switch {
	case pinned != nil && infoErr != nil:
		return nil // known; the hub may be away
	case infoErr != nil:
		return infoErr
	case pinned != nil && *pinned != told:
		return refuse(CodeHubChanged)
	case pinned != nil:
		return nil
	}
	raw, err := json.Marshal(told)
	if err != nil {
		return err
	}
	return d.Store.AddMeta(ctx, genesisName, raw)
}

func (d *Desk) pinned(ctx context.Context) (*HubInfo, error) {
	raw, err := d.Store.Meta(ctx, genesisName)
	if err != nil {
		return nil, err
	}
	var info HubInfo
	return &info, json.Unmarshal(raw, &info)
}

func (d *Desk) hubID(ctx context.Context) (string, error) {
	d.mu.RLock()
	if d.state != nil {
		defer d.mu.RUnlock()
		return d.state.Genesis.Hub, nil
	}
	d.mu.RUnlock()
	info, err := d.pinned(ctx)
	if err != nil {
		return "", err
	}
	return info.ID, nil
}

// foldStored makes the state from what an earlier run of the desk has stored.
func (d *Desk) foldStored(ctx context.Context) error {
	d.folding.Lock()
	defer d.folding.Unlock()
	return d.refold(ctx)
}

// refold makes the state anew from the stored entries; d.folding must be held.
func (d *Desk) refold(ctx context.Context) error {
	info, err := d.pinned(ctx)
	if err != nil {
		return err
	}
	state, err := ledger.New(ledger.Genesis{Hub: info.ID, LogKey: info.LogKey, Registrar: info.Registrar})
	if err != nil {
		return err
	}
	state.Partial = true
	err = d.Store.Entries(ctx, func(e deskstore.Entry) error { return ledger.Fold(state, [][]byte{e.Bytes}) })
	if err != nil {
		return err
	}
	cursor, err := d.Store.Cursor(ctx)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state, d.cursor = state, cursor
	return nil
}

// enrol submits the agency's public keys until the ledger has them. An enrolled
// agency whose Vault holds other keys is a person's case: never a new enrolment.
func (d *Desk) enrol(ctx context.Context) error {
	enrolled, err := d.enrolledWith(ctx)
	if enrolled || err != nil {
		return err
	}
	keys := act.EnrolledKeys{}
	for _, key := range []struct {
		purpose act.Purpose
		into    *act.JWK
	}{{act.OfficerSign, &keys.OfficerSign}, {act.DeskSign, &keys.DeskSign}, {act.WitnessSign, &keys.WitnessSign}} {
		public, err := d.Keys.Public(ctx, key.purpose)
		if err != nil {
			return err
		}
		*key.into = act.NewJWK(public)
	}
	hub, err := d.hubID(ctx)
	if err != nil {
		return err
	}
	signer, err := d.Keys.Signer(ctx, keys.DeskSign.Thumbprint())
	if err != nil {
		return err
	}
	proof, err := act.SignEnrolment(signer, act.Enrolment{
		Issuer: d.Agency, Audience: hub, JTI: act.NewJTI(), IssuedAt: canonical.At(d.Now()), Keys: keys,
	})
	if err != nil {
		return err
	}
	err = d.hub.Enrol(ctx, Enrolment{Agency: d.Agency, Keys: keys, Proof: proof})
	var refused *HubError
	if errors.As(err, &refused) && !errors.Is(err, ErrHubUnavailable) {
		return &Error{Code: CodeEnrolmentRefused, Reason: refused.Code, cause: err}
	}
	return err
}

// enrolledWith reports whether the ledger has this agency with the keys that
// Vault holds. Vault being away is no reason to doubt what the ledger says.
func (d *Desk) enrolledWith(ctx context.Context) (bool, error) {
	d.mu.RLock()
	agency := d.state.Agency(d.Agency)
	var current []ledger.Key
	if agency != nil {
		current = agency.CurrentKeys(act.DeskSign)
	}
	d.mu.RUnlock()
	if agency == nil {
		return false, nil
	}
	public, err := d.Keys.Public(ctx, act.DeskSign)
	if err != nil {
		return true, err
	}
	for _, key := range current {
		if key.Public.Equal(public) {
			return true, nil
		}
	}
	if len(current) > 0 {
		// A rotated key in Vault is not in force before an officer published it; the
		// older version may still be there.
		if _, err := d.Keys.Signer(ctx, current[0].Thumbprint); err == nil {
			return true, nil
		}
	}
	return true, refuse(CodeKeysDiffer)
}

// catchUpOrKnown reads the feed to its end. A desk that was enrolled before
// starts also while the hub is away.
func (d *Desk) catchUpOrKnown(ctx context.Context) error {
	err := d.catchUp(ctx)
	d.mu.RLock()
	agency := d.state.Agency(d.Agency)
	d.mu.RUnlock()
	switch {
	case agency != nil && errors.Is(err, ErrHubUnavailable):
		return nil
	case err == nil && agency == nil:
		return refuse(CodeNotEnrolled)
	}
	return err
}
