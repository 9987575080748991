package desk

import (
	"context"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
)

// bearer caches the token with which the desk reads at the hub.
type bearer struct {
	mu      sync.Mutex
	token   string
	expires time.Time
}

// Bearer returns a token for a call to the hub, signed by desk-sign and cached
// for most of its life. It authorises reads and transport; every effect is an act.
func (d *Desk) Bearer(ctx context.Context) (string, error) {
	d.bearer.mu.Lock()
	defer d.bearer.mu.Unlock()
	now := d.Now()
	if d.bearer.token != "" && now.Before(d.bearer.expires) {
		return d.bearer.token, nil
	}
	hub, err := d.hubID(ctx)
	if err != nil {
		return "", err
	}
	id, err := d.signingKey(ctx)
	if err != nil {
		return "", err
	}
	signer, err := d.Keys.Signer(ctx, id.Thumbprint)
	if err != nil {
		return "", err
	}
	token, err := act.SignBearer(signer, id, hub, act.NewJTI(), now)
	if err != nil {
		return "", err
	}
	d.bearer.token, d.bearer.expires = token, now.Add(act.MaxBearerAge-time.Minute)
	return token, nil
}

// forgetBearer makes the next call sign a new token: the hub refused this one.
func (d *Desk) forgetBearer() {
	d.bearer.mu.Lock()
	defer d.bearer.mu.Unlock()
	d.bearer.token = ""
}

// signingKey names the desk-sign key that is in force in the ledger, or before
// enrolment the one that Vault holds.
func (d *Desk) signingKey(ctx context.Context) (act.KeyID, error) {
	d.mu.RLock()
	if d.state != nil {
		if agency := d.state.Agency(d.Agency); agency != nil {
			if keys := agency.CurrentKeys(act.DeskSign); len(keys) > 0 {
				d.mu.RUnlock()
				return act.KeyID{Agency: d.Agency, Purpose: act.DeskSign, Thumbprint: keys[0].Thumbprint}, nil
			}
		}
	}
	d.mu.RUnlock()
	public, err := d.Keys.Public(ctx, act.DeskSign)
	if err != nil {
		return act.KeyID{}, err
	}
	return act.KeyID{Agency: d.Agency, Purpose: act.DeskSign, Thumbprint: act.ThumbprintOf(public)}, nil
}

// signAct signs a payload with desk-sign and returns the compact JWS.
func (d *Desk) signAct(ctx context.Context, payload act.Payload) (string, error) {
	id, err := d.signingKey(ctx)
	if err != nil {
		return "", err
	}
	signer, err := d.Keys.Signer(ctx, id.Thumbprint)
	if err != nil {
		return "", err
	}
	return act.Sign(signer, id, payload)
}
